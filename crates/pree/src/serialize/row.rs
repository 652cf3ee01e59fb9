//! One of `sockets`: its fields, section by section, and the lists that have an order of their own.

use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::value::{List, Members, Object, member};
use crate::field::{self, Section, Unit, Value, View};
use crate::model::{
    Address, Detail, Event, EventKind, Family, Owner, Peer, Protocol, Socket, State, TcpStats, Unowned,
};

/// As `pree -c -quality --jsonl` writes it: without a judgement. [`View`] has one.
impl Serialize for Socket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object(Row { view: &View::new(self), is_judged: false }).serialize(serializer)
    }
}

/// As `pree --jsonl` writes it: a row with its `quality`, and with `rates` where an earlier look is known.
impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object(Row { view: self, is_judged: true }).serialize(serializer)
    }
}

/// One of `owners`; what was not asked for is left out.
impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object(self).serialize(serializer)
    }
}

/// `tcp` of a row.
impl Serialize for TcpStats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Fields are read from sockets.
        let mut socket = Socket::new(Protocol::Tcp, Family::Ipv4, State::Established, Address::Unknown);
        socket.tcp = Some(Box::new(self.clone()));
        Object(Part(Section::Tcp, &View::new(&socket))).serialize(serializer)
    }
}

struct Row<'v, 's> {
    view: &'v View<'s>,
    is_judged: bool,
}

impl Members for Row<'_, '_> {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let (view, socket) = (self.view, self.view.socket());
        let part = |section, there: bool| there.then_some(Object(Part(section, view)));
        if let Some(event) = view.event() {
            OfEvent(view, event).add(map)?;
        }
        Part(Section::Socket, view).add(map)?;
        let local = Some(&socket.local);
        for (section, address) in [(Section::Local, local), (Section::Remote, socket.remote.as_ref())] {
            let known = address.filter(|address| **address != Address::Unknown);
            map.serialize_entry(section.key(), &known.map(|address| Object(End(section, view, address))))?;
        }
        if let Some(peer) = &socket.peer {
            map.serialize_entry(Section::Peer.key(), &Object(&**peer))?;
        }
        let namespace = socket.network_namespace.is_some()
            || socket.kernel_id.is_some_and(|id| id.network_namespace != 0);
        map.serialize_entry(Section::Netns.key(), &part(Section::Netns, namespace))?;
        if socket.listen.is_some() {
            map.serialize_entry(Section::Listen.key(), &part(Section::Listen, true))?;
        }
        map.serialize_entry(Section::Timer.key(), &part(Section::Timer, socket.timer.is_some()))?;
        if let Some(shutdown) = socket.shutdown {
            let ways = [(shutdown.receive, "receive"), (shutdown.send, "send")].into_iter();
            map.serialize_entry("shutdown", &List(ways.filter_map(|(down, name)| down.then_some(name))))?;
        }
        if let Some(options) = socket.options {
            map.serialize_entry(field::OPTIONS.key, &options.names().collect::<Vec<_>>())?;
        }
        map.serialize_entry(Section::Owner.key(), &socket.owners)?;
        map.serialize_entry("unowned", &socket.unowned.map(Unowned::name))?;
        map.serialize_entry(Section::Memory.key(), &part(Section::Memory, socket.memory.is_some()))?;
        map.serialize_entry(Section::Tcp.key(), &part(Section::Tcp, socket.tcp.is_some()))?;
        if let Some(detail) = &socket.detail {
            let section = section_of(detail);
            map.serialize_entry(section.key(), &Object(OfFamily(section, view, detail)))?;
        }
        if view.elapsed().is_some() {
            map.serialize_entry(Section::Rates.key(), &part(Section::Rates, true))?;
        }
        if self.is_judged {
            map.serialize_entry(Section::Quality.key(), &view.assessment())?;
        }
        Ok(())
    }
}

/// As `pree watch --jsonl` writes it; ends with their `quality`.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.socket {
            Some(socket) => {
                let is_judged = matches!(self.kind, EventKind::Closed(_));
                Object(Row { view: &View::new(socket).during(self), is_judged }).serialize(serializer)
            }
            None => Object(Bare(self)).serialize(serializer),
        }
    }
}

/// What happened; of what is not about an end, only what is known.
struct OfEvent<'v, 's>(&'v View<'s>, &'v Event);

impl Members for OfEvent<'_, '_> {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let is_end = matches!(self.1.kind, EventKind::Closed(_));
        field::of(Section::Event).try_for_each(|field| match (field.get)(self.0) {
            Value::Unknown if !is_end || field == field::PROVISIONAL => Ok(()),
            value => member(map, field.key, field.unit, value),
        })
    }
}

/// An event that is about no socket.
struct Bare<'e>(&'e Event);

impl Members for Bare<'_> {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Event { kind, at, .. } = self.0;
        map.serialize_entry(field::EVENT.key, kind.name())?;
        member(map, field::TIME.key, field::TIME.unit, at.wall.into())?;
        member(map, field::MONOTONIC.key, field::MONOTONIC.unit, at.monotonic.into())?;
        match kind {
            EventKind::Lost { count } => map.serialize_entry("count", count),
            _ => Ok(()),
        }
    }
}

/// The fields of a section.
struct Part<'v, 's>(Section, &'v View<'s>);

impl Members for Part<'_, '_> {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        field::of(self.0).try_for_each(|field| member(map, field.key, field.unit, (field.get)(self.1)))
    }
}

impl Members for &Owner {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        for field in field::of_owner() {
            known(map, field.key, field.unit, (field.get)(self))?;
        }
        Ok(())
    }
}

impl Members for &Peer {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(field::PEER_INODE.key, &self.inode)?;
        map.serialize_entry(Section::Owner.key(), &self.owners)
    }
}

/// Adds a member unless it is unknown.
fn known<M: SerializeMap>(map: &mut M, key: &str, unit: Unit, value: Value<'_>) -> Result<(), M::Error> {
    if value == Value::Unknown { Ok(()) } else { member(map, key, unit, value) }
}

/// An end, with what its family has.
struct End<'v, 's>(Section, &'v View<'s>, &'v Address);

/// The number of an address that is one of a protocol: `ETH_P_IP`, `NETLINK_ROUTE`.
const PROTOCOL_NUMBER: &str = field::PROTOCOL.key;

impl Members for End<'_, '_> {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Self(section, view, address) = *self;
        let unless = |number: u32, any: u32| (number != any).then_some(number);
        match address {
            Address::Unix(_) => {
                member(map, field::PATH.key, Unit::Text, address.path().into())?;
                map.serialize_entry(field::ABSTRACT.key, &(address.is_abstract() == Some(true)))
            }
            Address::Packet { protocol, interface } => {
                map.serialize_entry(PROTOCOL_NUMBER, protocol)?;
                map.serialize_entry("interface", &interface.and_then(|index| unless(index, 0)))
            }
            Address::Raw { ip, protocol, .. } => {
                member(map, "ip", Unit::Address, Value::Ip(*ip))?;
                map.serialize_entry("port", &None::<u16>)?;
                map.serialize_entry(PROTOCOL_NUMBER, protocol)
            }
            Address::Netlink { protocol, port_id } => {
                map.serialize_entry(PROTOCOL_NUMBER, protocol)?;
                map.serialize_entry(field::PORT_ID.key, port_id)
            }
            Address::Vsock { cid, port } => {
                map.serialize_entry(field::CID.key, &unless(*cid, u32::MAX))?;
                map.serialize_entry("port", &unless(*port, u32::MAX))
            }
            _ => field::of(section)
                .filter(|field| matches!(field.key, "ip" | "port"))
                .try_for_each(|field| member(map, field.key, field.unit, (field.get)(view))),
        }
    }
}

fn section_of(detail: &Detail) -> Section {
    match detail {
        Detail::Unix(_) => Section::Unix,
        Detail::Packet(_) => Section::Packet,
        Detail::Netlink(_) => Section::Netlink,
        Detail::Sctp(_) => Section::Sctp,
        Detail::Mptcp(_) | Detail::Subflow(_) => Section::Mptcp,
        Detail::Datagrams(_) => Section::Udp,
    }
}

/// What only its family has; what is not known is left out.
struct OfFamily<'v, 's>(Section, &'v View<'s>, &'v Detail);

impl Members for OfFamily<'_, '_> {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Self(section, view, detail) = *self;
        for field in field::of(section) {
            known(map, field.key, field.unit, (field.get)(view))?;
        }
        match detail {
            // Nobody waits at a socket that does not listen.
            Detail::Unix(unix) if view.socket().state == State::Listen => {
                map.serialize_entry("pending", &unix.pending)
            }
            Detail::Sctp(sctp) => {
                let texts =
                    |ips: &[std::net::IpAddr]| ips.iter().map(ToString::to_string).collect::<Vec<_>>();
                map.serialize_entry("local_addresses", &texts(&sctp.local_addresses))?;
                map.serialize_entry("remote_addresses", &texts(&sctp.remote_addresses))
            }
            Detail::Netlink(netlink) => map.serialize_entry("groups", &netlink.groups),
            _ => Ok(()),
        }
    }
}
