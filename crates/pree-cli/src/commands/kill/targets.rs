//! Who is to be ended: holders of listeners of a port, or of what a filter matches.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::ops::ControlFlow;

use pree::act::Held;
use pree::field::{self, Value, View};
use pree::model::StartTime;
use pree::{Address, Coverage, Filter, Needs, Owner, Protocol, Socket, States, Unowned};

use crate::commands::act::{self, Outcome};
use crate::commands::phrases::state;
use crate::commands::port::{Asked, is_asked_for};
use crate::exit::Failure;
use crate::session::{self, Session};

pub(super) const NEEDS: Needs = Needs::OWNERS
    .union(Needs::PROCESS_USER)
    .union(Needs::PROCESS_START)
    .union(Needs::PROCESS_COMMAND_LINE)
    .union(Needs::PROCESS_CGROUP)
    .union(Needs::V6ONLY)
    .union(Needs::INTERFACE)
    .union(Needs::INTERFACE_NAME);

/// What was asked for.
pub(super) struct What<'w> {
    /// Its listeners, if it is a port.
    pub(super) port: Option<Asked<'w>>,
    pub(super) filter: Option<Filter>,
}

/// A process that is to be ended.
pub(super) struct Target {
    pub(super) owner: Owner,
    /// Why: the sockets, in words.
    pub(super) sockets: Vec<String>,
    pub(super) outcome: Outcome,
    pub(super) held: Option<Held>,
    /// It was found out only when it was to be ended.
    pub(super) is_late: bool,
}

impl Target {
    /// Whether this is the same process.
    pub(super) fn is(&self, other: &Self) -> bool {
        // Where the time of boot is computed, two looks have another one.
        let born = |target: &Self| {
            let start = target.owner.process.start_time;
            start.and_then(|start| start.since_boot().or(start.since_unix_epoch()))
        };
        self.owner.pid() == other.owner.pid() && born(self) == born(other)
    }
}

/// What was found.
pub(super) struct Targets {
    /// The oldest first: who starts others again ends before them.
    pub(super) processes: Vec<Target>,
    pub(super) sockets: Vec<Socket>,
    /// Sockets of which it is not known who holds them.
    pub(super) unknown: usize,
    pub(super) coverage: Coverage,
}

/// Where a socket waits: namespace, protocol, address.
type End = (Option<u64>, Protocol, Address);

pub(super) fn end_of(socket: &Socket) -> End {
    let namespace = match (field::NETNS.get)(&View::new(socket)) {
        Value::Number(inode) => Some(inode),
        _ => None,
    };
    (namespace, socket.protocol, socket.local.clone())
}

pub(super) fn ends(sockets: &[Socket]) -> HashSet<End> {
    sockets.iter().map(end_of).collect()
}

/// Whether others can reach it there.
pub(super) fn waits(socket: &Socket) -> bool {
    States::LISTENING.contains(socket.state.set()) && socket.remote.is_none()
}

impl What<'_> {
    fn wants(&self, session: &Session, socket: &Socket) -> bool {
        self.port.is_none_or(|port| waits(socket) && is_asked_for(session, port, socket))
    }

    /// Whether it is this holder of a socket that matches, where several hold it.
    fn means(&self, socket: &mut Socket, owner: &Owner) -> bool {
        socket.owners = vec![owner.clone()];
        self.filter.as_ref().is_none_or(|filter| filter.decide(&View::new(socket)) != Some(false))
    }

    /// Looks for them.
    pub(super) fn look(&self, session: &Session) -> Result<Targets, Failure> {
        let query = match self.port {
            Some(_) => session.query_in(States::LISTENING, NEEDS),
            None => session.query(NEEDS),
        };
        let mut found: BTreeMap<(Option<StartTime>, u32), Target> = BTreeMap::new();
        let (mut sockets, mut unknown) = (Vec::new(), 0);
        let coverage = session.visit(&query, |socket| {
            if !self.wants(session, socket) {
                return ControlFlow::Continue(());
            }
            unknown += usize::from(socket.unowned.is_some_and(Unowned::is_unknown));
            let mut alone = socket.clone();
            for owner in &socket.owners {
                if !self.means(&mut alone, owner) {
                    continue;
                }
                let target = found.entry((owner.process.start_time, owner.pid())).or_insert_with(|| Target {
                    owner: owner.clone(),
                    sockets: Vec::new(),
                    outcome: Outcome::Planned,
                    held: None,
                    is_late: false,
                });
                let shown = shown(socket);
                if target.sockets.last() != Some(&shown) {
                    target.sockets.push(shown);
                }
            }
            sockets.push(socket.clone());
            ControlFlow::Continue(())
        })?;
        Ok(Targets { processes: found.into_values().collect(), sockets, unknown, coverage })
    }

    /// Looks again at what waits where these did, with the user's own rights.
    pub(super) fn after(&self, mut options: session::Options, before: &[Socket]) -> Result<Targets, Failure> {
        if self.port.is_none() {
            options.filter = None;
        }
        let ends: HashSet<End> = before.iter().filter(|socket| waits(socket)).map(end_of).collect();
        let session = Session::open(options, act::own_rights()?)?;
        let (mut sockets, mut unknown) = (Vec::new(), 0);
        let coverage = session.visit(&session.query_in(States::LISTENING, NEEDS), |socket| {
            let is_meant = match self.port {
                Some(_) => self.wants(&session, socket),
                None => waits(socket) && ends.contains(&end_of(socket)),
            };
            if is_meant {
                unknown += usize::from(socket.owners.is_empty());
                sockets.push(socket.clone());
            }
            ControlFlow::Continue(())
        })?;
        Ok(Targets { processes: Vec::new(), sockets, unknown, coverage })
    }
}

/// A socket in words, without its owners.
fn shown(socket: &Socket) -> String {
    let mut text = format!("{} {} {}", socket.protocol, state(socket.state), socket.shown_local());
    if let Some(remote) = socket.shown_remote() {
        let _ = write!(text, " -> {remote}");
    }
    text
}
