//! From a query to what the kernel is asked for, and nothing beyond it.

use std::time::Duration;

use pree_wire::inet_diag::Extensions;

use crate::error::{Error, ErrorKind, Result};
use crate::filter::{Filter, Holders};
use crate::model::{Family, Protocol, Protocols, Socket, State, States};
use crate::needs::{Needs, OwnerLookup, OwnerSource, SourceChoice};
use crate::query::Query;
use crate::source::{Namespaces, possible_states, state_bits};

/// Protocols whose diag module may be missing although sockets exist.
pub(crate) const MAY_BE_HELD: Protocols =
    Protocols::MPTCP.union(Protocols::PACKET).union(Protocols::VSOCK).union(Protocols::SCTP);

/// What a collection does.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Plan {
    /// Tables to read, in this order.
    pub(crate) tables: Vec<Table>,
    pub(crate) states: States,
    /// Whether sockets that are only bound were asked for by name, or by a filter that they may match: a source that does not report
    /// them leaves a gap then.
    pub(crate) asks_for_bound: bool,
    /// Empty: every family.
    families: Vec<Family>,
    pub(crate) needs: Needs,
    /// The part of it that the caller asked for explicitly: what is missing of that is a gap.
    pub(crate) asked: Needs,
    pub(crate) owners: OwnerLookup,
    /// Whether the first owner alone is to be told, though the filter is asked of all.
    tells_first_owner: bool,
    pub(crate) owner_source: OwnerSource,
    pub(crate) source: SourceChoice,
    /// Tested on every row. Names in it are resolved before the first.
    pub(crate) filter: Option<Filter>,
    /// The only local ports at which rows can match, where known. Used by the kernel's program only.
    pub(crate) local_ports: Option<Vec<u16>>,
    /// Whether sockets that no table reports are asked for.
    pub(crate) others: bool,
    /// Whether the kernel is asked too.
    push_down: bool,
    pub(crate) namespaces: Namespaces,
    /// Windows: how long statistics are collected before they are read.
    pub(crate) estats: Option<Duration>,
}

/// One table of sockets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Table {
    pub(crate) protocol: Protocol,
    /// `None`: both families in one pass.
    pub(crate) family: Option<Family>,
}

impl Table {
    /// What it is called in an answer.
    pub(crate) fn name(self) -> &'static str {
        self.protocol.table_name()
    }
}

impl Plan {
    /// Unites what the query asks for with what its filter needs: the only place where that is decided.
    ///
    /// # Errors
    /// The filter asks about owners, and the query says that none are looked for; or about what takes several looks.
    pub(crate) fn new(query: &Query) -> Result<Self> {
        let filter = query.filter.clone();
        if let Some(field) = filter.as_ref().and_then(Filter::takes_time) {
            let what = format!("by {} in a single look", field.name);
            return Err(Error::new(ErrorKind::Contradictory, "filter", what).because("it takes several"));
        }
        if let Some(field) = filter.as_ref().and_then(Filter::of_events) {
            let what = format!("by {} in a list", field.name);
            return Err(Error::new(ErrorKind::Contradictory, "filter", what)
                .because("only events of a watch tell it"));
        }
        let of_filter = filter.as_ref().map_or(Needs::empty(), Filter::needs);
        let asked = asked_owners(query);
        let owners = owner_lookup(query, asked, of_filter)?;
        let mut needs = query.needs | of_filter;
        needs.set(Needs::OWNERS, owners != OwnerLookup::None);
        if needs.intersects(Needs::SEQUENCES | Needs::MD5) {
            needs |= Needs::STATS;
        }
        let of_query = query.states.unwrap_or(States::all()) - query.without_states;
        let states = of_query & filter.as_ref().map_or(States::all(), Filter::states);
        let asks_for_bound = states.contains(States::BOUND_INACTIVE)
            && filter.as_ref().map_or(query.states.is_some(), Filter::may_match_bound);
        let allowed = filter.as_ref().map_or(Protocols::all(), Filter::protocols);
        let protocols = match query.protocols {
            // Who names no protocol but a filter that only others can match means those.
            none if none.is_empty() && allowed.intersects(Protocols::USUAL) => Protocols::USUAL & allowed,
            none if none.is_empty() => allowed,
            named => named & allowed,
        };
        let wants = |family: &Family| query.families.is_empty() || query.families.contains(family);
        let mut tables = Vec::new();
        for protocol in Protocol::ALL {
            // A table none of whose states is asked for is not read.
            if !protocols.contains(protocol.set()) || (states & possible_states(protocol)).is_empty() {
                continue;
            }
            let families: Vec<Family> =
                protocol.families().iter().copied().filter(|family| wants(family)).collect();
            if protocol == Protocol::Tcp && families.len() == 2 {
                // The v1-compat request walks both families at once for .82 of the cost of two passes; the
                // kernel has it for TCP only.
                tables.push(Table { protocol, family: None });
            } else {
                tables.extend(families.into_iter().map(|family| Table { protocol, family: Some(family) }));
            }
        }
        let others = protocols.contains(Protocols::OTHER)
            && (query.families.is_empty()
                || query.families.iter().any(|family| matches!(family, Family::Other(_) | Family::Unknown)));
        // Only Unix sockets have names at the other end.
        let unix = tables.iter().any(|table: &Table| table.protocol == Protocol::Unix);
        let needless = if unix { Needs::empty() } else { Needs::REMOTE_NAMES };
        Ok(Self {
            tables,
            states,
            asks_for_bound,
            families: query.families.clone(),
            needs: needs - needless,
            asked: query.needs,
            owners,
            tells_first_owner: asked == OwnerLookup::First,
            owner_source: query.owner_source,
            source: query.source,
            filter,
            local_ports: None,
            others,
            push_down: query.push_down,
            namespaces: query.namespaces.clone(),
            estats: query.estats,
        })
    }

    /// True when this protocol or family is asked for by its name.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.families.iter().any(|family| family.name() == Some(name))
            || self.filter.as_ref().is_some_and(|filter| filter.names_kind(name))
    }

    /// True when the row's state, where known, and its family are asked for. Its protocol follows from its table.
    pub(crate) fn wants(&self, socket: &Socket) -> bool {
        (self.is_undecided(socket) || self.states.contains(socket.state.set()))
            && (self.families.is_empty() || self.families.contains(&socket.family))
    }

    /// Leaves of the owners as many as are to be told.
    pub(crate) fn shorten_owners(&self, socket: &mut Socket) {
        if self.tells_first_owner {
            socket.owners.truncate(1);
            if let Some(peer) = &mut socket.peer {
                peer.owners.truncate(1);
            }
        }
    }

    /// True when only some states are asked for, and that of this socket is not known.
    pub(crate) fn is_undecided(&self, socket: &Socket) -> bool {
        socket.state == State::Unknown && !self.states.contains(States::OTHER)
    }

    /// True when sockets may have to be found through the processes that hold them: those in no table, or whose table's kernel
    /// module may be missing.
    pub(crate) fn searches_holders(&self) -> bool {
        let may_lack = |table: &Table| MAY_BE_HELD.contains(table.protocol.set());
        self.others || self.tables.iter().any(may_lack)
    }

    /// True where few rows are expected: no connections, or only those that pass the kernel's filter.
    pub(crate) fn is_narrow(&self) -> bool {
        self.program(true).is_some() || !self.states.intersects(States::CONNECTED)
    }

    /// The only processes that need to be examined, where the filter names them. Other ends (always included for Unix sockets), and
    /// sockets found through descriptors alone, take all processes.
    pub(crate) fn holders(&self) -> Option<Holders> {
        let unix = self.tables.iter().any(|table| table.protocol == Protocol::Unix);
        let needs_all = unix || self.needs.contains(Needs::PEERS) || self.searches_holders();
        self.filter.as_ref().filter(|_| !needs_all)?.holders()
    }

    /// True when TCP sockets are read.
    pub(crate) fn reads_tcp(&self) -> bool {
        self.tables.iter().any(|table| table.protocol == Protocol::Tcp)
    }

    /// The kernel's filter program, when there is one; see [`Filter::program`].
    pub(crate) fn program(&self, marks: bool) -> Option<Vec<u8>> {
        // The other end of a row that matches, and the listener that it came through, may not match.
        let may = self.push_down && !self.needs.intersects(Needs::PEERS | Needs::DIRECTION);
        let filter = self.filter.as_ref().filter(|_| may || self.needs_the_kernel())?;
        match &self.local_ports {
            Some(ports) => filter.at_local_ports(ports).program(marks),
            None => filter.program(marks),
        }
    }

    /// True when the filter cannot be decided without the kernel's own program.
    pub(crate) fn needs_the_kernel(&self) -> bool {
        self.filter.as_ref().is_some_and(Filter::needs_the_kernel)
    }

    /// The extensions a `sock_diag` request names for this protocol.
    pub(crate) fn extensions(&self, protocol: Protocol) -> Extensions {
        let mut extensions = Extensions::NONE;
        match protocol {
            Protocol::Tcp if self.needs.contains(Needs::STATS) => {
                extensions = extensions | Extensions::INFO | Extensions::CONG | Extensions::VEGAS_INFO;
            }
            // The token, which joins it to its subflows, is among the statistics.
            Protocol::Mptcp => extensions = extensions | Extensions::INFO,
            _ => {}
        }
        if self.needs.contains(Needs::MEMORY) {
            extensions = extensions | Extensions::SKMEMINFO;
        }
        if self.needs.contains(Needs::TRAFFIC_CLASS) {
            extensions = extensions | Extensions::TOS | Extensions::TCLASS;
        }
        extensions
    }

    /// The states a `sock_diag` request names: kernel state numbers as bits.
    pub(crate) fn state_bits(&self, protocol: Protocol) -> u32 {
        let mut named = self.states;
        // What has another end is connected; that end may be in another state, of Unix sockets in any.
        if protocol == Protocol::Unix
            && self.needs.contains(Needs::REMOTE_NAMES)
            && named.contains(States::ESTABLISHED)
        {
            named = States::all();
        }
        if protocol == Protocol::Tcp && named.intersects(States::CONNECTED) {
            if self.needs.contains(Needs::PEERS) {
                named |= States::CONNECTED;
            }
            if self.needs.contains(Needs::DIRECTION) {
                named |= States::LISTEN;
            }
        }
        state_bits(protocol, named)
    }
}

/// The furthest that owners are asked for in so many words.
fn asked_owners(query: &Query) -> OwnerLookup {
    let asked = match query.needs {
        needs if needs.contains(Needs::OWNERS) => OwnerLookup::All,
        needs if needs.intersects(Needs::FROM_OWNERS) => OwnerLookup::First,
        _ => OwnerLookup::None,
    };
    asked.max(query.owners.unwrap_or_default())
}

/// The furthest that anything takes owners to be looked for.
fn owner_lookup(query: &Query, asked: OwnerLookup, of_filter: Needs) -> Result<OwnerLookup> {
    if !of_filter.intersects(Needs::FROM_OWNERS) {
        return Ok(asked);
    }
    if asked == OwnerLookup::None && query.owners.is_some() {
        let what = "by owners without looking for them";
        return Err(Error::new(ErrorKind::Contradictory, "filter", what));
    }
    // The first that is found may not be the one that matches.
    Ok(OwnerLookup::All)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Call = (&'static str, fn(Query) -> Query);

    fn plan_of(query: &Query) -> Plan {
        Plan::new(query).unwrap()
    }

    #[track_caller]
    fn check(query: &Query, expected: &[(Protocol, Option<Family>)]) {
        let plan = plan_of(query);
        let tables: Vec<_> = plan.tables.iter().map(|t| (t.protocol, t.family)).collect();
        assert_eq!(tables, expected);
    }

    #[test]
    fn tables() {
        let (v4, v6) = (Some(Family::Ipv4), Some(Family::Ipv6));
        check(&Query::new().tcp(), &[(Protocol::Tcp, None)]);
        check(&Query::new().tcp().family(Family::Ipv6), &[(Protocol::Tcp, v6)]);
        check(&Query::new().udp(), &[(Protocol::Udp, v4), (Protocol::Udp, v6)]);
        check(&Query::new().states(States::LISTEN), &[(Protocol::Tcp, None)]);
        check(&Query::new().udp().states(States::TIME_WAIT), &[]);
        check(
            &Query::new().family(Family::Ipv4),
            &[(Protocol::Tcp, v4), (Protocol::Udp, v4), (Protocol::UdpLite, v4)],
        );
        let (unix, netlink) = (Some(Family::Unix), Some(Family::Netlink));
        check(&Query::new().protocols(Protocols::UNIX), &[(Protocol::Unix, unix)]);
        check(&Query::new().protocols(Protocols::UNIX).family(Family::Ipv4), &[]);
        check(&Query::new().protocols(Protocols::PACKET).states(States::LISTEN), &[]);
        check(
            &Query::new().protocols(Protocols::MPTCP | Protocols::NETLINK),
            &[(Protocol::Mptcp, v4), (Protocol::Mptcp, v6), (Protocol::Netlink, netlink)],
        );
        let filter = |text: &str| Query::new().filter(text.parse().unwrap());
        check(&filter("proto = unix"), &[(Protocol::Unix, unix)]);
        check(&filter("proto = unix or proto = tcp"), &[(Protocol::Tcp, None)]);
        check(&filter("family = netlink"), &[(Protocol::Netlink, netlink)]);
        check(&filter("proto = unix").tcp(), &[]);
    }

    #[test]
    fn listeners_are_asked_for_alone() {
        let plan = plan_of(&Query::new().states(States::LISTENING));
        assert_eq!(plan.state_bits(Protocol::Tcp), 1 << 10);
        assert_eq!(plan.state_bits(Protocol::Udp), 1 << 7);
        assert_eq!(plan_of(&Query::new()).state_bits(Protocol::Tcp), 0x2f7e);
        assert_eq!(plan.state_bits(Protocol::Unix), 1 << 7 | 1 << 10);
        assert_eq!(plan_of(&Query::new()).state_bits(Protocol::Unix), 1 << 1 | 1 << 7 | 1 << 10);
        let names = Query::new().protocols(Protocols::UNIX).needs(Needs::REMOTE_NAMES);
        assert_eq!(plan_of(&names.clone().states(States::LISTEN)).state_bits(Protocol::Unix), 1 << 10);
        let connected = plan_of(&names.states(States::ESTABLISHED));
        assert_eq!(connected.state_bits(Protocol::Unix), 1 << 1 | 1 << 7 | 1 << 10);
    }

    #[test]
    fn nothing_is_asked_for_that_nobody_wants() {
        assert_eq!(plan_of(&Query::new()).extensions(Protocol::Tcp), Extensions::NONE);
        let stats = plan_of(&Query::new().stats());
        assert_eq!(stats.extensions(Protocol::Udp), Extensions::SKMEMINFO);
    }

    /// What asks for something, or narrows the question down.
    const CALLS: &[Call] = &[
        ("tcp", Query::tcp),
        ("unix", |q| q.protocols(Protocols::UNIX)),
        ("ipv4", |q| q.family(Family::Ipv4)),
        ("ipv6", |q| q.family(Family::Ipv6)),
        ("listening", |q| q.states(States::LISTENING)),
        ("connected", |q| q.states(States::CONNECTED)),
        ("stats", Query::stats),
        ("owners", Query::owners),
        ("first owner", |q| q.owner_lookup(OwnerLookup::First)),
        ("no owner", |q| q.owner_lookup(OwnerLookup::None)),
        ("needs owners", |q| q.needs(Needs::OWNERS)),
        ("command lines", |q| q.needs(Needs::PROCESS_COMMAND_LINE)),
        ("sequences", |q| q.needs(Needs::SEQUENCES)),
        ("nothing", |q| q.needs(Needs::empty())),
        ("a filter by process", |q| q.filter("pid = 7".parse().unwrap())),
        ("a filter by peer and loss", |q| q.filter("peer = x or loss > 1%".parse().unwrap())),
        ("a filter by state", |q| q.filter("state listen".parse().unwrap())),
        ("estats", |q| q.collect_estats(Duration::from_secs(1))),
    ];

    /// What does not depend on the order in which things are named: the plan, or that it contradicts itself.
    fn outcome(calls: &[usize]) -> Option<Plan> {
        let query = calls.iter().fold(Query::new(), |query, call| CALLS[*call].1(query));
        let mut plan = Plan::new(&query).ok()?;
        plan.families.sort_by_key(|family| family.name());
        // Conditions of several filters stand one behind another.
        plan.filter = None;
        Some(plan)
    }

    /// Every order of every choice of three calls, of which two may be the same.
    #[test]
    fn calls_add_up_in_any_order() {
        let mut contradictions = 0;
        for a in 0..CALLS.len() {
            for b in a..CALLS.len() {
                for c in b..CALLS.len() {
                    let names = [a, b, c].map(|call| CALLS[call].0);
                    let plan = outcome(&[a, b, c]);
                    for order in [[a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]] {
                        assert_eq!(outcome(&order), plan, "{names:?}");
                    }
                    let Some(plan) = plan else {
                        contradictions += 1;
                        assert!(names.contains(&"no owner"), "{names:?}");
                        continue;
                    };
                    for call in [a, b, c] {
                        let alone = outcome(&[call]).unwrap();
                        // Without Unix sockets nobody has names.
                        assert!(plan.needs.contains(alone.needs - Needs::REMOTE_NAMES), "{names:?}");
                        assert!(plan.owners >= alone.owners, "{names:?}");
                        assert_eq!(plan.needs.contains(Needs::OWNERS), plan.owners != OwnerLookup::None);
                    }
                }
            }
        }
        assert!(contradictions > 0);
    }

    #[test]
    fn what_takes_several_looks_is_decided_by_no_single_one() {
        for text in ["tx > 1MiB", "sport = 80 or not rx < 1k", "has retrans_rate", "utilisation > 50%"] {
            let error = Plan::new(&Query::new().filter(text.parse().unwrap())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Contradictory, "{text}");
        }
        assert!(Plan::new(&Query::new().filter("bytes_sent > 1MiB".parse().unwrap())).is_ok());
    }

    #[test]
    fn a_filter_about_owners_needs_every_owner() {
        let filter = |text: &str| Query::new().filter(text.parse().unwrap());
        let no_owner = |query: Query| Plan::new(&query.owner_lookup(OwnerLookup::None));
        let mut of_owners = 0;
        for key in Filter::keys() {
            let Ok(has) = format!("has {key}").parse::<Filter>() else { continue };
            let asks = has.needs().intersects(Needs::FROM_OWNERS);
            of_owners += usize::from(asks);
            let query = Query::new().filter(has);
            assert_eq!(plan_of(&query).owners == OwnerLookup::All, asks, "{key}");
            assert_eq!(no_owner(query.clone()).is_err(), asks, "{key}");
            let first = plan_of(&query.owner_lookup(OwnerLookup::First)).owners;
            assert_eq!(first == OwnerLookup::All, asks, "{key}");
        }
        assert!(of_owners >= 10, "{of_owners}");
        assert_eq!(no_owner(filter("pid = 7")).unwrap_err().kind(), ErrorKind::Contradictory);
        assert_eq!(no_owner(filter("nginx")).unwrap_err().kind(), ErrorKind::Contradictory);
        assert_eq!(no_owner(filter("pid = 7").owners()).unwrap().owners, OwnerLookup::All);
    }
}
