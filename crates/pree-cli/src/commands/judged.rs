//! Sockets judged with what the rest of the machine knows of their paths.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;
use std::net::IpAddr;
use std::ops::ControlFlow;

use pree::field::View;
use pree::quality::Peers;
use pree::{Coverage, Needs, Protocols, Query, Socket, States};

use crate::args::Args;
use crate::exit::Failure;
use crate::output::{self, Request};
use crate::session::Place;

/// Remote addresses that are asked for one by one; for more, every connection is looked at.
const REMOTES: usize = 32;

/// `--json`: every socket is there before the first is judged.
pub(super) fn document(
    place: &Place,
    query: &Query,
    request: &mut Request<'_>,
    writer: impl Write,
    wanted: impl Fn(&Socket) -> bool,
) -> Result<(Vec<Socket>, Coverage), Failure> {
    let most = request.args.limit.filter(|_| request.may_stop_early()).unwrap_or(usize::MAX);
    let mut sockets = Vec::new();
    let coverage = place.visit(query, |socket| {
        if !wanted(socket) {
            return ControlFlow::Continue(());
        }
        if sockets.len() == most {
            return ControlFlow::Break(());
        }
        sockets.push(socket.clone());
        ControlFlow::Continue(())
    })?;
    request.peers = peers(place, request.args, &sockets);
    let mut output = output::of(request, writer);
    output.begin(&coverage)?;
    for socket in &sockets {
        output.row(&View::new(socket).among(&request.peers))?;
    }
    output.end(&coverage)?;
    drop(output);
    Ok((sockets, coverage))
}

/// What all connections of the machine to the remote ends of these know, whether they were asked for or not. Where they
/// cannot be read, what these know.
pub(super) fn peers(place: &Place, args: &Args, sockets: &[Socket]) -> Peers {
    if is_everything(args) {
        return Peers::of(sockets);
    }
    let remotes: BTreeSet<IpAddr> = sockets
        .iter()
        .filter(|socket| socket.tcp.is_some())
        .filter_map(|socket| Some(socket.remote.as_ref()?.ip()?.to_canonical()))
        .collect();
    if remotes.is_empty() {
        return Peers::default();
    }
    let query = Query::new().tcp().without_states(States::LISTEN | States::TIME_WAIT);
    let query = query.network_namespaces(args.namespaces.clone());
    let mut query = query.source(args.source).needs(Needs::STATS);
    if remotes.len() <= REMOTES
        && let Ok(filter) = to(&remotes).parse()
    {
        query = query.filter(filter);
    }
    let mut others = Vec::new();
    let answer = place.visit(&query, |socket| {
        others.push(socket.clone());
        ControlFlow::Continue(())
    });
    match answer {
        Ok(_) => Peers::of(&others),
        Err(_) => Peers::of(sockets),
    }
}

/// True when the question was about every connection.
fn is_everything(args: &Args) -> bool {
    args.filter.is_none()
        && args.families.is_empty()
        && args.which.is_none()
        && args.limit.is_none()
        && args.protocols.is_none_or(|protocols| protocols.contains(Protocols::TCP))
        && args.words.is_empty()
}

/// The filter for connections to these; a v4-mapped address is found by its IPv4 one.
fn to(remotes: &BTreeSet<IpAddr>) -> String {
    let mut text = String::from("dst = ");
    for (index, ip) in remotes.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = match ip {
            IpAddr::V4(ip) => write!(text, "{comma}{ip}"),
            IpAddr::V6(ip) => write!(text, "{comma}[{ip}]"),
        };
    }
    text
}
