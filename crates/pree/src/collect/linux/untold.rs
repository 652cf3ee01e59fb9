//! What was asked for about sockets and their source does not tell: counted row by row as they pass, a gap for each reason.

use super::has_stats;
use crate::coverage::{Gap, Missing};
use crate::error::ErrorKind;
use crate::model::{Address, Detail, Family, Protocol, Protocols, Socket, State};
use crate::needs::Needs;

/// One thing that some source tells and another does not.
struct Thing {
    /// What asks for it: any of these.
    needs: Needs,
    what: Missing,
    /// How a gap names it.
    name: &'static str,
    /// True for a row that lacks it, and would have it from a source that tells it to everybody.
    lacks: fn(&Socket) -> bool,
}

/// A [`Thing`] among the fields.
const fn field(needs: Needs, name: &'static str, lacks: fn(&Socket) -> bool) -> Thing {
    Thing { needs, what: Missing::Fields, name, lacks }
}

static THINGS: [Thing; 15] = [
    Thing {
        needs: Needs::STATS,
        what: Missing::Stats,
        name: "statistics",
        lacks: |s| has_stats(s) && s.tcp.is_none(),
    },
    field(Needs::MEMORY, "memory", |s| is_whole(s) && s.memory.is_none()),
    field(Needs::ID, "cookies", |s| s.id.is_none()),
    field(Needs::UID, "users of Unix sockets", |s| s.protocol == Protocol::Unix && s.uid.is_none()),
    field(Needs::RECV_QUEUE, "receive queues", |s| is_whole(s) && s.recv_queue.is_none()),
    field(Needs::SEND_QUEUE, "send queues", |s| {
        is_whole(s) && s.state != State::Listen && s.send_queue.is_none()
    }),
    field(Needs::SEND_QUEUE, "accept-queue limits", |s| s.state == State::Listen && s.listen.is_none()),
    field(Needs::PEERS.union(Needs::REMOTE_NAMES), "peers of Unix sockets", |s| {
        s.protocol == Protocol::Unix && s.state == State::Established && s.peer.is_none()
    }),
    field(Needs::TRAFFIC_CLASS, "traffic classes", |s| {
        is_whole_inet(s) && s.tos.is_none() && s.tclass.is_none() && s.class_id.is_none()
    }),
    field(Needs::INTERFACE, "interfaces", |s| is_inet(s) && s.interface.is_none()),
    field(Needs::V6ONLY, "v6only", |s| {
        let binds = matches!(s.state, State::Listen | State::Unconnected | State::BoundInactive);
        is_inet(s) && s.family == Family::Ipv6 && binds && s.v6only.is_none()
    }),
    field(Needs::OPTIONS, "options", |s| {
        (is_whole_inet(s) && s.options.is_none()) || (s.protocol == Protocol::Unix && s.shutdown.is_none())
    }),
    field(Needs::CGROUP, "cgroups", |s| is_whole_inet(s) && s.cgroup_id.is_none()),
    field(Needs::DETAIL, "files, rings and filters", lacks_detail),
    // sock_diag keeps them from those without CAP_NET_ADMIN.
    field(Needs::MARK, "marks", |s| is_whole_inet(s) && s.mark.is_none()),
];

/// Things from one source that are missing for one reason.
#[derive(Clone, Copy)]
struct Lacking {
    from_proc: bool,
    what: Missing,
    why: ErrorKind,
    /// Bits of the places in [`THINGS`].
    things: u32,
    /// Rows that lack any of them.
    count: u64,
}

pub(super) struct Untold {
    needs: Needs,
    /// Protocols some of whose rows come from /proc, and why.
    from_proc: Vec<(Protocol, ErrorKind)>,
    lacking: Vec<Lacking>,
}

impl Untold {
    pub(super) fn new(needs: Needs) -> Self {
        Self { needs, from_proc: Vec::new(), lacking: Vec::new() }
    }

    /// Rows of this protocol without an identity come from /proc, for this reason.
    pub(super) fn comes_from_proc(&mut self, protocol: Protocol, why: ErrorKind) {
        // Of these there is no other source, which could tell more.
        if protocol != Protocol::Icmp && !self.from_proc.iter().any(|(known, _)| *known == protocol) {
            self.from_proc.push((protocol, why));
        }
    }

    /// Counts what a row of the answer lacks.
    pub(super) fn count(&mut self, socket: &Socket) {
        let Some(why) = self.why(socket) else { return };
        for what in [Missing::Stats, Missing::Fields] {
            let lacking = lacking(self.needs, socket).filter(|place| THINGS[*place].what == what);
            let bits = lacking.fold(0, |bits, place| bits | 1 << place);
            if bits != 0 {
                self.add(socket.id.is_none(), what, why, bits);
            }
        }
    }

    /// Something that a row lacks of what a filter must know, and why.
    pub(super) fn lacks(&self, needs: Needs, socket: &Socket) -> Option<(&'static str, ErrorKind)> {
        let why = self.why(socket)?;
        lacking(needs, socket).next().map(|place| (THINGS[place].name, why))
    }

    /// Why what this row lacks was not told; `None` where no source tells more.
    fn why(&self, socket: &Socket) -> Option<ErrorKind> {
        if socket.id.is_some() {
            // sock_diag, which gives an identity, keeps to itself only what is not everybody's business.
            return Some(ErrorKind::NotPermitted);
        }
        // What was found through its holders alone has no table that could tell more.
        self.from_proc.iter().find(|(protocol, _)| *protocol == socket.protocol).map(|(_, why)| *why)
    }

    fn add(&mut self, from_proc: bool, what: Missing, why: ErrorKind, things: u32) {
        let same = |l: &&mut Lacking| (l.from_proc, l.what, l.why) == (from_proc, what, why);
        match self.lacking.iter_mut().find(same) {
            Some(lacking) => {
                lacking.things |= things;
                lacking.count += 1;
            }
            None => self.lacking.push(Lacking { from_proc, what, why, things, count: 1 }),
        }
    }

    pub(super) fn gaps(&self) -> impl Iterator<Item = Gap> + use<> {
        let mut lacking = self.lacking.clone();
        lacking.sort_by_key(|lacking| lacking.what);
        lacking.into_iter().map(|lacking| {
            let Lacking { from_proc, what, why, things: bits, count } = lacking;
            let is_lacking = |place: &usize| bits & 1 << place != 0;
            let names: Vec<_> =
                (0..THINGS.len()).filter(is_lacking).map(|place| THINGS[place].name).collect();
            let (object, hint) = match (from_proc, what) {
                (false, _) => (names.join(", "), "only those with CAP_NET_ADMIN are told marks: run as root"),
                (true, Missing::Stats) => (
                    "/proc/net".to_owned(),
                    "/proc has no statistics: sock_diag must be permitted and its modules loaded",
                ),
                (true, _) => (
                    format!("/proc/net: {}", names.join(", ")),
                    "/proc does not tell them: sock_diag must be permitted and its modules loaded",
                ),
            };
            Gap { what, why, count: Some(count), object, hint }
        })
    }
}

/// Places in [`THINGS`] of what is needed and this row lacks.
fn lacking(needs: Needs, socket: &Socket) -> impl Iterator<Item = usize> + '_ {
    let needs = if socket.id.is_some() { needs & Needs::MARK } else { needs };
    let lacks = move |thing: &Thing| needs.intersects(thing.needs) && (thing.lacks)(socket);
    let things = if needs.is_empty() { &[] } else { &THINGS[..] };
    things.iter().enumerate().filter(move |(_, thing)| lacks(thing)).map(|(place, _)| place)
}

fn is_inet(socket: &Socket) -> bool {
    Protocols::INET.contains(socket.protocol.set())
}

/// True for a socket that is more than a memory or a handshake, which the kernel keeps little of.
fn is_whole(socket: &Socket) -> bool {
    match socket.state {
        State::TimeWait | State::SynReceived => false,
        // Without a file it may be as small as TIME_WAIT.
        State::FinWait2 => socket.inode.is_some(),
        _ => true,
    }
}

fn is_whole_inet(socket: &Socket) -> bool {
    is_inet(socket) && is_whole(socket)
}

/// True for a Unix socket that is bound to a file or takes connections, and for a packet socket.
fn lacks_detail(socket: &Socket) -> bool {
    match (&socket.local, socket.detail.as_deref()) {
        (_, Some(Detail::Packet(packet))) => packet.receive_ring_bytes.is_none(),
        (local @ Address::Unix(_), None) => {
            let has_path = local.path().is_some_and(|path| !path.is_empty());
            socket.state == State::Listen || (has_path && local.is_abstract() == Some(false))
        }
        _ => false,
    }
}
