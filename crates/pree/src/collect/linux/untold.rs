//! What was asked for about sockets and not reported: counted row by row as they pass, a gap for each reason. And the rows that a filter
//! cannot decide for it: a gap of rows.

use super::owners::OwnerSearch;
use crate::collect::delivery::FILTER_BY_OWNER;
use crate::coverage::{Coverage, Gap, Missing};
use crate::decode::linux::has_stats;
use crate::error::{ErrorKind, NOT_RECORDED};
use crate::field::{self, View};
use crate::filter::Verdicts;
use crate::model::{Address, Detail, Family, Protocol, Protocols, Socket, State, UnixDetail, Unowned};
use crate::needs::Needs;
use crate::plan::Plan;

/// One thing that some source reports and another does not.
#[derive(Clone, Copy)]
struct Thing {
    /// What asks for it: any of these.
    needs: Needs,
    what: Missing,
    /// How a gap names it.
    name: &'static str,
    /// True for a row that lacks it, and would have it from a source that reports it to everybody.
    lacks: fn(&Socket) -> bool,
    /// Why `sock_diag` does not report it to everybody, and what helps; `None` where it does. /proc/net reports none of them.
    diag: Option<(ErrorKind, &'static str)>,
}

/// A [`Thing`] among the fields, which every `sock_diag` reports.
const fn field(needs: Needs, name: &'static str, lacks: fn(&Socket) -> bool) -> Thing {
    Thing { needs, what: Missing::Fields, name, lacks, diag: None }
}

/// One that `sock_diag` reports whenever it is asked: without it, it was not asked for when a recording was made.
const fn on_request(thing: Thing) -> Thing {
    Thing { diag: Some((ErrorKind::NotRecorded, NOT_RECORDED)), ..thing }
}

/// One that no source reports for such sockets, though they have it: a filter cannot decide by it.
const fn never(needs: Needs, name: &'static str, lacks: fn(&Socket) -> bool) -> Thing {
    let diag = Some((ErrorKind::Unsupported, NEVER));
    Thing { what: Missing::Rows, diag, ..field(needs, name, lacks) }
}

/// One that `sock_diag` reports since some version, for every full socket.
const fn since(hint: &'static str, thing: Thing) -> Thing {
    Thing { diag: Some((ErrorKind::Unsupported, hint)), ..thing }
}

const TO_ADMINS: (ErrorKind, &str) =
    (ErrorKind::NotPermitted, "shown only to holders of CAP_NET_ADMIN: run as root");
const NO_SEQUENCES: &str =
    "known only of connections that a process of this pid namespace has a descriptor of";
const NOT_IN_FDINFO: &str =
    "read from /proc of a process that holds the socket, since Linux 5.6: mount one's own /proc";
const NEVER: &str = "no kernel reports it for every kind of socket: PLATFORM.md says for which";
const NO_LATER_STATS: &str = "later kernels report more of a connection: PLATFORM.md says which";
const NO_STATS: &str = "/proc has no statistics: sock_diag must be permitted and its modules loaded";
pub(super) const NO_NAMESPACE: &str = "it is read from /proc/thread-self/ns/net: mount one's own /proc";
const NO_TABLE: &str =
    "found through their processes alone: the kernel module that reports them must be loaded";
pub(super) const NOT_IN_PROC: &str =
    "/proc does not have them: sock_diag must be permitted and its modules loaded";

static THINGS: [Thing; 27] = [
    on_request(Thing {
        what: Missing::Stats,
        ..field(Needs::STATS.union(Needs::SEQUENCES), "statistics", |s| has_stats(s) && s.tcp.is_none())
    }),
    // A program reports them, unless it is refused.
    Thing {
        what: Missing::Stats,
        ..since(
            NO_SEQUENCES,
            field(Needs::SEQUENCES, "sequence numbers", |s| {
                s.tcp.as_ref().is_some_and(|tcp| tcp.snd_una.is_none())
            }),
        )
    },
    // vsock_diag has none.
    on_request(field(Needs::MEMORY, "memory", |s| {
        is_whole(s) && s.protocol != Protocol::Vsock && s.memory.is_none()
    })),
    field(Needs::ID, "cookies", |s| s.kernel_id.is_none()),
    since(
        "sock_diag reports them since Linux 5.3",
        field(Needs::UID, "users of Unix sockets", |s| s.protocol == Protocol::Unix && s.uid.is_none()),
    ),
    field(Needs::SOCKET_TYPE, "types of netlink sockets", |s| {
        s.protocol == Protocol::Netlink && s.socket_type.is_none()
    }),
    field(Needs::RECV_QUEUE, "receive queues", |s| is_whole(s) && s.recv_queue.is_none()),
    field(Needs::SEND_QUEUE, "send queues", |s| {
        is_whole(s) && s.state != State::Listen && s.send_queue.is_none()
    }),
    field(Needs::SEND_QUEUE, "accept-queue limits", |s| s.state == State::Listen && s.listen.is_none()),
    field(Needs::PEERS.union(Needs::REMOTE_NAMES), "peers of Unix sockets", |s| {
        s.protocol == Protocol::Unix && s.state == State::Established && s.peer.is_none()
    }),
    on_request(field(Needs::TRAFFIC_CLASS, "traffic classes", |s| {
        is_whole_inet(s) && s.tos.is_none() && s.tclass.is_none() && s.class_id.is_none()
    })),
    field(Needs::INTERFACE, "interfaces", |s| is_inet(s) && s.interface.is_none()),
    field(Needs::V6ONLY, field::V6ONLY.name, |s| {
        let binds = matches!(s.state, State::Listen | State::Unconnected | State::BoundInactive);
        is_inet(s) && s.family == Family::Ipv6 && binds && s.v6only.is_none()
    }),
    since(
        "sock_diag reports them since Linux 5.10",
        field(Needs::OPTIONS, field::OPTIONS.name, |s| {
            (is_whole_inet(s) && s.options.is_none())
                || (s.protocol == Protocol::Unix && s.shutdown.is_none())
        }),
    ),
    since(
        "sock_diag reports them since Linux 5.8, in kernels with cgroups",
        field(Needs::CGROUP, "cgroups", |s| is_whole_inet(s) && s.cgroup_id.is_none()),
    ),
    field(Needs::DETAIL, "files and rings", lacks_detail),
    Thing {
        diag: Some(TO_ADMINS),
        ..field(Needs::PACKET_FILTER, "packet filters", |s| match s.detail.as_deref() {
            Some(Detail::Packet(packet)) => packet.filter_instructions.is_none(),
            _ => false,
        })
    },
    Thing {
        diag: Some(TO_ADMINS),
        // A handshake has one already.
        ..field(Needs::MARK, "marks", |s| {
            (is_whole_inet(s) || s.state == State::SynReceived) && s.mark.is_none()
        })
    },
    Thing {
        diag: Some(TO_ADMINS),
        // Without a key nothing is reported; to whom marks are, keys would be.
        ..field(Needs::MD5, field::MD5.name, |s| {
            s.protocol == Protocol::Tcp && is_whole(s) && s.mark.is_none()
        })
    },
    since(
        NOT_IN_FDINFO,
        field(Needs::FDS_IN_FLIGHT, "descriptors in flight", |s| {
            let known = |detail: &UnixDetail| detail.fds_in_flight.is_some();
            let is_known = matches!(s.detail.as_deref(), Some(Detail::Unix(detail)) if known(detail));
            s.protocol == Protocol::Unix && s.inode.is_some() && !is_known
        }),
    ),
    since(NO_NAMESPACE, field(Needs::NAMESPACE, "network namespaces", |s| s.namespace_inode().is_none())),
    never(Needs::CGROUP, "cgroups", |s| !is_inet(s) && s.cgroup_id.is_none()),
    never(Needs::MARK, "marks", |s| !is_inet(s) && s.mark.is_none()),
    never(Needs::UID, "users", |s| !is_inet(s) && s.protocol != Protocol::Unix && s.uid.is_none()),
    never(Needs::RECV_QUEUE, "receive queues", |s| !is_inet(s) && s.recv_queue.is_none()),
    never(Needs::MEMORY, "memory", |s| s.protocol == Protocol::Vsock && s.memory.is_none()),
    field(Needs::STATE_AND_ENDS, "state and addresses", |s| {
        s.state == State::Unknown || s.local == Address::Unknown
    }),
];

/// The place of statistics.
const STATS: Things = 1;

/// Some [`THINGS`], a bit for the place of each.
type Things = u32;

fn places(mut things: Things) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (things != 0).then_some(things.trailing_zeros() as usize);
        things &= things.wrapping_sub(1);
        place
    })
}

/// What is needed and a row can lack. Each row is asked, so what none of them can lack is left out before.
#[derive(Clone, Copy, Default)]
struct CanLack {
    needs: Needs,
    /// Of all that is not reported to everybody, by where the row is from.
    diag: Things,
    proc: Things,
}

impl CanLack {
    fn of(needs: Needs) -> Self {
        let that = |wanted: fn(&Thing) -> bool| {
            let wanted = |(_, thing): &(usize, &Thing)| needs.intersects(thing.needs) && wanted(thing);
            THINGS.iter().enumerate().filter(wanted).fold(0, |things, (place, _)| things | 1 << place)
        };
        Self { needs, diag: that(|thing| thing.diag.is_some()), proc: that(|_| true) }
    }

    /// What this row lacks.
    fn lacking(self, socket: &Socket) -> Things {
        let can = if socket.kernel_id.is_some() { self.diag } else { self.proc };
        places(can)
            .filter(|place| (THINGS[*place].lacks)(socket))
            .fold(0, |things, place| things | 1 << place)
    }
}

/// What is missing of rows from one source, for one reason.
#[derive(Clone, Copy)]
struct Lacking {
    from_proc: bool,
    /// Things of rows that were reported, or the rows themselves, because a filter asks for the things.
    what: Missing,
    why: ErrorKind,
    hint: &'static str,
    things: Things,
    /// Rows that lack any of them.
    count: u64,
}

#[derive(Default)]
pub(super) struct Untold {
    /// What was asked for in so many words; a filter asks for more.
    asked: CanLack,
    needed: CanLack,
    /// Protocols some of whose rows come from /proc, and why.
    from_proc: Vec<(Protocol, ErrorKind)>,
    lacking: Vec<Lacking>,
    /// What joins cannot give and what could not be read once for all rows, why, and what helps.
    pub(super) refused: Vec<(Needs, (ErrorKind, &'static str))>,
    /// A row of a TCP socket that is only bound came by, so this kernel reports them.
    pub(super) saw_bound: bool,
    /// Rows that were reported and whose owners could not be found out.
    unowned: u64,
    /// Rows that might match if more were known of their owners; why that is not, and what helps.
    by_owner: Option<(u64, (ErrorKind, &'static str))>,
    /// What tests of texts came to.
    verdicts: Verdicts,
}

impl Untold {
    /// `needed`: what the filter must know.
    pub(super) fn new(asked: Needs, needed: Needs) -> Self {
        // A local end is shown with its interface, and as * where IPv4 comes to it too.
        let shows_ends = asked.contains(Needs::INTERFACE_NAME);
        let of_ends = if shows_ends { Needs::INTERFACE | Needs::V6ONLY } else { Needs::empty() };
        Self { asked: CanLack::of(asked | of_ends), needed: CanLack::of(needed), ..Self::default() }
    }

    /// Rows of this protocol without an identity come from /proc, for this reason.
    pub(super) fn comes_from_proc(&mut self, protocol: Protocol, why: ErrorKind) {
        if !self.from_proc.iter().any(|(known, _)| *known == protocol) {
            self.from_proc.push((protocol, why));
        }
    }

    /// Counts what a row of the answer lacks.
    pub(super) fn count(&mut self, socket: &Socket) {
        self.unowned += u64::from(socket.unowned.is_some_and(Unowned::is_unknown));
        // Of these there is no other source, which could report more.
        if socket.protocol == Protocol::Icmp {
            return;
        }
        let things = self.asked.lacking(socket);
        if things == 0 {
            return;
        }
        for what in [Missing::Stats, Missing::Fields] {
            let of_these = places(things).filter(|place| THINGS[*place].what == what);
            self.add(socket, what, of_these.fold(0, |things, place| things | 1 << place));
        }
    }

    /// Whether filter and states let the row through. Counts the row if that is not known.
    pub(super) fn lets_through(&mut self, plan: &Plan, socket: &Socket, owners: &OwnerSearch) -> bool {
        if let Some(filter) = &plan.filter {
            let things = self.needed.lacking(socket);
            let untold = places(things).fold(Needs::empty(), |untold, place| untold | THINGS[place].needs);
            let unread = owners.unread_of(socket) & self.needed.needs;
            let view = View::new(socket);
            if !filter.matches_without(&view, untold | unread, &owners.unmet, &self.verdicts) {
                if filter.may_match_without(&view, untold | unread, &owners.unmet, &self.verdicts) {
                    self.add(socket, Missing::Rows, things);
                    if things == 0 && unread.is_empty() {
                        // The statistics are there, and what the filter asks for is not among them.
                        self.add_from(false, Missing::Rows, (ErrorKind::Unsupported, NO_LATER_STATS), STATS);
                    }
                    if !unread.is_empty() {
                        self.by_owner.get_or_insert_with(|| (0, owners.why_unread(socket))).0 += 1;
                    }
                }
                return false;
            }
        }
        let is_undecided = plan.is_undecided(socket);
        if is_undecided {
            self.add(socket, Missing::Rows, CanLack::of(Needs::STATE_AND_ENDS).lacking(socket));
        }
        !is_undecided
    }

    /// Adds these things of a row, if any, to what is missing. What was found through its holders alone has no table that could
    /// report more; only whether it was asked for at all is worth saying.
    fn add(&mut self, socket: &Socket, what: Missing, things: Things) {
        let mut left = things;
        // A row is counted once for each reason.
        while let Some((reason, of_it)) = places(left).find_map(|place| {
            let reason = self.reason(socket, place)?;
            let same = places(left).filter(|other| self.reason(socket, *other) == Some(reason));
            Some((reason, same.fold(0, |things, place| things | 1 << place)))
        }) {
            self.add_from(false, what, reason, of_it);
            left &= !of_it;
        }
        if left == 0 || socket.kernel_id.is_some() {
            return;
        }
        if let Some((_, why)) = self.from_proc.iter().find(|(known, _)| *known == socket.protocol) {
            let hint = if what == Missing::Stats { NO_STATS } else { NOT_IN_PROC };
            self.add_from(true, what, (*why, hint), left);
        } else if what == Missing::Rows {
            self.add_from(false, what, (ErrorKind::Unsupported, NO_TABLE), left);
        }
    }

    /// Why this thing is not reported of a row, where that is not because of where the row is from.
    fn reason(&self, socket: &Socket, place: usize) -> Option<(ErrorKind, &'static str)> {
        let refused = self.refused.iter().find(|(needs, _)| *needs == THINGS[place].needs);
        let of_diag = THINGS[place].diag.filter(|_| socket.kernel_id.is_some());
        refused.map(|(_, reason)| *reason).or(of_diag)
    }

    fn add_from(
        &mut self,
        from_proc: bool,
        what: Missing,
        (why, hint): (ErrorKind, &'static str),
        things: Things,
    ) {
        let same = |l: &&mut Lacking| (l.from_proc, l.what, l.why, l.hint) == (from_proc, what, why, hint);
        match self.lacking.iter_mut().find(same) {
            Some(lacking) => {
                lacking.things |= things;
                lacking.count += 1;
            }
            None => self.lacking.push(Lacking { from_proc, what, why, hint, things, count: 1 }),
        }
    }

    /// The gaps that unknown owners are.
    pub(super) fn tell_owners(&self, owners: &OwnerSearch, coverage: &mut Coverage) {
        if self.unowned > 0 {
            coverage.add(owners.gap(self.unowned));
        }
        if let Some(gap) = owners.details.gap() {
            coverage.add(gap);
        }
        if let Some((count, (why, hint))) = self.by_owner {
            let object = FILTER_BY_OWNER.to_owned();
            coverage.add(Gap { what: Missing::Rows, why, count: Some(count), object, hint });
        }
    }

    pub(super) fn gaps(&self) -> impl Iterator<Item = Gap> + use<> {
        let mut lacking = self.lacking.clone();
        lacking.sort_by_key(|lacking| lacking.what);
        lacking.into_iter().map(|Lacking { from_proc, what, why, hint, things, count }| {
            let names: Vec<_> = places(things).map(|place| THINGS[place].name).collect();
            let names = names.join(", ");
            let is_all_stats = names == "statistics";
            let object = match (what, from_proc) {
                (Missing::Rows, _) => format!("filter by {names}"),
                (Missing::Stats, true) => "/proc/net".to_owned(),
                (Missing::Stats, false) if is_all_stats => String::new(),
                (_, true) => format!("/proc/net: {names}"),
                (_, false) => names,
            };
            Gap { what, why, count: Some(count), object, hint }
        })
    }
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
