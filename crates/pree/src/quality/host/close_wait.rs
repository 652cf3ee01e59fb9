//! Connections that the peer has closed and the program has not.

use std::sync::Arc;
use std::time::Duration;

use super::detector::{Found, Hit, HostDetector, count, told};
use super::finding::About;
use super::group::group;
use super::overview::Overview;
use crate::model::{Protocol, Socket, Unowned};
use crate::quality::limits::{CLOSE_WAIT_LEAST, CLOSE_WAIT_OLD};
use crate::quality::{Severity, Value};

pub(super) const CLOSE_WAIT_LEAK: HostDetector = HostDetector {
    name: "close_wait_leak",
    advice: "look in the program for connections that it does not close after the peer has: each keeps a descriptor \
             and memory until then",
    more: "RFC 9293 section 3.6; man 2 close",
    check,
};

fn check(view: &Overview<'_>) -> Found {
    let (mut owned, mut unknown) = (Vec::new(), 0);
    for (place, socket) in view.each(&view.places.close_wait) {
        match socket.owners.first() {
            // The first of several, which is the parent's where a process has forked: the leak is reported once.
            Some(owner) => owned.push(((owner.process.pid, owner.process.start_time), place)),
            // Nobody can close what nobody has accepted yet: the listener's queue shows it.
            None if socket.unowned == Some(Unowned::AcceptQueue) => {}
            None => unknown += 1,
        }
    }
    let many = group(owned).into_iter().filter(|(_, places)| places.len() >= CLOSE_WAIT_LEAST);
    let hits = many.filter_map(|(_, places)| hit(view, places)).collect();
    let tells_ages = view.intervals.is_some() || !view.snapshot.coverage().is_from_proc(Protocol::Tcp);
    let unchecked = match unknown {
        CLOSE_WAIT_LEAST.. => Some("it is not known who holds many of the connections in CLOSE_WAIT"),
        _ if !tells_ages => Some("how long connections have been in CLOSE_WAIT is not reported"),
        _ => None,
    };
    Found { hits, unchecked }
}

fn hit(view: &Overview<'_>, places: Vec<usize>) -> Option<Hit> {
    let process = &view.at(&places).next()?.owners.first()?.process;
    let idle = |socket: &Socket| socket.tcp.as_deref()?.last_ack_recv;
    let times: Option<Vec<Duration>> = view.at(&places).map(idle).collect();
    // Only when it is known of all of them.
    let newest = times.as_ref().and_then(|times| times.iter().min().copied());
    let old = newest.is_some_and(|newest| newest > CLOSE_WAIT_OLD);
    let new = view.new_since_first_look(&places);
    // More come while those that were there stay: on a busy server they come and go.
    let grows = new.is_some_and(|new| new > 0 && places.len() - new >= CLOSE_WAIT_LEAST);
    Some(Hit {
        severity: if old || grows { Severity::Warning } else { Severity::Info },
        about: About::Process(Arc::clone(process)),
        evidence: told([
            ("close_wait", count(places.len())),
            ("oldest", view.at(&places).filter_map(idle).max().map(Value::Time)),
            ("newest", newest.map(Value::Time)),
            ("new", new.and_then(count)),
        ]),
        sockets: places,
    })
}
