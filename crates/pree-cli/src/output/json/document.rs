//! `--json`: one document. `--jsonl`: a socket a line, and a last line that says how complete it is.
//!
//! The members come from the field registry, section by section. A list has an order of its own: owners, options.

use std::io::{self, Write};
use std::sync::LazyLock;

use pree::field::{self, Field, Section, Unit, Value, View};
use pree::{Address, Coverage, Detail, Event, EventKind, Owner, State};

use super::quality::quality;
use super::repeated::Repeated;
use super::writer::{Json, Key};
use crate::output::Output;

/// Version of the schema: members are only ever added to it.
const SCHEMA: &str = "pree/1";

/// One document. The sockets wait for the end unless it is known before what is missing, because that stands before
/// them.
pub(crate) struct Document<W> {
    writer: W,
    /// What is not written yet.
    sockets: Json,
    before: Repeated,
    begun: bool,
    quality: bool,
}

impl<W: Write> Document<W> {
    pub(crate) fn new(quality: bool, writer: W) -> Self {
        let mut sockets = Json::default();
        sockets.open(b'[');
        Self { writer, sockets, before: Repeated::new(), begun: false, quality }
    }
}

impl<W: Write> Output for Document<W> {
    fn begin(&mut self, coverage: &Coverage) -> io::Result<()> {
        let mut head = Json::default();
        head.open(b'{');
        completeness(&mut head, coverage);
        head.key("sockets");
        self.begun = true;
        self.writer.write_all(head.as_bytes())
    }

    fn row(&mut self, view: &View<'_>) -> io::Result<()> {
        socket(&mut self.sockets, view, self.quality, &mut self.before);
        if self.begun { self.sockets.pass_on(&mut self.writer) } else { Ok(()) }
    }

    fn end(&mut self, coverage: &Coverage) -> io::Result<()> {
        if !self.begun {
            self.begin(coverage)?;
        }
        self.sockets.close(b']');
        self.writer.write_all(self.sockets.as_bytes())?;
        self.writer.write_all(b"}\n")?;
        self.writer.flush()
    }
}

/// A socket a line, as they come.
pub(crate) struct Lines<W> {
    writer: W,
    line: Json,
    before: Repeated,
    quality: bool,
}

impl<W: Write> Lines<W> {
    pub(crate) fn new(quality: bool, writer: W) -> Self {
        Self { writer, line: Json::default(), before: Repeated::new(), quality }
    }
}

impl<W: Write> Output for Lines<W> {
    fn row(&mut self, view: &View<'_>) -> io::Result<()> {
        self.line.clear();
        socket(&mut self.line, view, self.quality, &mut self.before);
        self.line.raw(b"\n");
        self.writer.write_all(self.line.as_bytes())
    }

    fn end(&mut self, coverage: &Coverage) -> io::Result<()> {
        self.line.clear();
        self.line.open(b'{');
        completeness(&mut self.line, coverage);
        self.line.close(b'}');
        self.line.raw(b"\n");
        self.writer.write_all(self.line.as_bytes())?;
        self.writer.flush()
    }
}

/// `pree watch --jsonl`: an event a line.
pub(crate) struct Events<W>(Lines<W>);

impl<W: Write> Events<W> {
    pub(crate) fn new(quality: bool, writer: W) -> Self {
        Self(Lines::new(quality, writer))
    }

    pub(crate) fn event(&mut self, event: &Event) -> io::Result<()> {
        let Lines { writer, line, before, quality } = &mut self.0;
        line.clear();
        match &event.socket {
            Some(socket) => {
                // Of other events there are no statistics, or old ones.
                let is_judged = *quality && matches!(event.kind, EventKind::Closed(_) | EventKind::Stats);
                self::socket(line, &View::new(socket).during(event), is_judged, before);
            }
            None => bare(line, event),
        }
        line.raw(b"\n");
        writer.write_all(line.as_bytes())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.0.writer.flush()
    }

    /// The last line.
    pub(crate) fn end(&mut self, coverage: &Coverage, watched: &Watched) -> io::Result<()> {
        let Lines { writer, line, .. } = &mut self.0;
        line.clear();
        ended(line, coverage, watched);
        writer.write_all(line.as_bytes())?;
        writer.flush()
    }
}

/// The last line of a watch.
pub(crate) fn ended(line: &mut Json, coverage: &Coverage, watched: &Watched) {
    line.open(b'{');
    completeness(line, coverage);
    line.key("seen");
    line.number(watched.seen);
    line.value(LOST, Unit::Count, watched.lost.into());
    line.key("source");
    line.string(watched.source);
    line.close(b'}');
    line.raw(b"\n");
}

/// How many records were lost.
pub(crate) const LOST: &str = EventKind::Lost { count: None }.name();

/// What a watch says of itself at its end.
pub(crate) struct Watched {
    pub(crate) seen: u64,
    pub(crate) lost: Option<u64>,
    pub(crate) source: &'static str,
}

/// The members that say how complete the answer is.
pub(crate) fn completeness(json: &mut Json, coverage: &Coverage) {
    json.key("schema");
    json.string(SCHEMA);
    json.key("complete");
    json.bool(coverage.is_complete());
    json.key("missing");
    json.open(b'[');
    for gap in coverage.gaps() {
        json.open(b'{');
        json.key("what");
        json.string(gap.what.name());
        json.key("why");
        json.string(gap.why.name());
        json.key("object");
        json.string(&gap.object);
        json.key("count");
        match gap.count {
            Some(count) => json.number(count),
            None => json.null(),
        }
        json.key("hint");
        json.string(gap.hint);
        json.close(b'}');
    }
    json.close(b']');
    json.key("notes");
    json.open(b'[');
    coverage.notes().iter().for_each(|note| json.string(note));
    json.close(b']');
}

/// One of `sockets`, with or without its `quality`. `before` remembers the one before.
pub(crate) fn socket(json: &mut Json, view: &View<'_>, judge: bool, before: &mut Repeated) {
    let socket = view.socket();
    json.open(b'{');
    if let Some(event) = view.event() {
        self::event(json, view, event);
    }
    members(json, Section::Socket, view);
    end(json, Section::Local, view, Some(&socket.local));
    end(json, Section::Remote, view, socket.remote.as_ref());
    if let Some(peer) = &socket.peer {
        json.key(Section::Peer.key());
        json.open(b'{');
        json.value(field::PEER_INODE.key, Unit::Id, peer.inode.into());
        owners(json, &peer.owners);
        json.close(b'}');
    }
    let namespace =
        socket.network_namespace.is_some() || socket.kernel_id.is_some_and(|id| id.network_namespace != 0);
    section(json, Section::Netns, view, namespace);
    if socket.listen.is_some() {
        section(json, Section::Listen, view, true);
    }
    section(json, Section::Timer, view, socket.timer.is_some());
    if let Some(shutdown) = socket.shutdown {
        json.key("shutdown");
        json.open(b'[');
        for (down, name) in [(shutdown.receive, "receive"), (shutdown.send, "send")] {
            if down {
                json.string(name);
            }
        }
        json.close(b']');
    }
    if let Some(options) = socket.options {
        json.key(field::OPTIONS.key);
        json.open(b'[');
        options.names().for_each(|name| json.string(name));
        json.close(b']');
    }
    owners(json, &socket.owners);
    json.key("unowned");
    match socket.unowned {
        Some(reason) => json.string(reason.name()),
        None => json.null(),
    }
    section(json, Section::Memory, view, socket.memory.is_some());
    json.key(Section::Tcp.key());
    if socket.tcp.is_some() {
        statistics(json, view, before);
    } else {
        json.null();
    }
    if let Some(detail) = &socket.detail {
        self::detail(json, view, detail);
    }
    if view.elapsed().is_some() {
        section(json, Section::Rates, view, true);
    }
    if judge {
        json.key(Section::Quality.key());
        match view.assessment() {
            Some(assessment) => quality(json, assessment),
            None => json.null(),
        }
    }
    json.close(b'}');
}

/// What happened; of what is not about an end, only what is known.
fn event(json: &mut Json, view: &View<'_>, event: &Event) {
    let is_end = matches!(event.kind, EventKind::Closed(_));
    for (field, key) in fields(Section::Event) {
        let value = (field.get)(view);
        if !matches!(value, Value::Unknown) || (is_end && **field != *field::PROVISIONAL) {
            json.member(key, field.unit, value);
        }
    }
}

/// An event that is about no socket.
fn bare(json: &mut Json, event: &Event) {
    json.open(b'{');
    json.key(field::EVENT.key);
    json.string(event.kind.name());
    json.value(field::TIME.key, field::TIME.unit, event.at.wall.into());
    json.value(field::MONOTONIC.key, field::MONOTONIC.unit, event.at.monotonic.into());
    if let EventKind::Lost { count } = event.kind {
        json.value("count", Unit::Count, count.into());
    }
    json.close(b'}');
}

fn owners(json: &mut Json, owners: &[Owner]) {
    json.key(Section::Owner.key());
    json.open(b'[');
    for owner in owners {
        json.open(b'{');
        for field in field::of_owner() {
            // What was not asked for is left out: an owner's details are many.
            let value = (field.get)(owner);
            if !matches!(value, Value::Unknown) {
                json.value(field.key, field.unit, value);
            }
        }
        json.close(b'}');
    }
    json.close(b']');
}

/// What only its family has; what is not known is left out.
fn detail(json: &mut Json, view: &View<'_>, detail: &Detail) {
    let section = match detail {
        Detail::Unix(_) => Section::Unix,
        Detail::Packet(_) => Section::Packet,
        Detail::Netlink(_) => Section::Netlink,
        Detail::Sctp(_) => Section::Sctp,
        Detail::Mptcp(_) | Detail::Subflow(_) => Section::Mptcp,
        Detail::Datagrams(_) => Section::Udp,
        _ => return,
    };
    json.key(section.key());
    json.open(b'{');
    for (field, key) in fields(section) {
        let value = (field.get)(view);
        if !matches!(value, Value::Unknown) {
            json.member(key, field.unit, value);
        }
    }
    match detail {
        // Nobody waits at a socket that does not listen.
        Detail::Unix(unix) if view.socket().state == State::Listen => {
            numbers(json, "pending", unix.pending.iter().copied());
        }
        Detail::Sctp(sctp) => {
            for (key, addresses) in
                [("local_addresses", &sctp.local_addresses), ("remote_addresses", &sctp.remote_addresses)]
            {
                json.key(key);
                json.open(b'[');
                for ip in addresses {
                    json.string(&ip.to_string());
                }
                json.close(b']');
            }
        }
        Detail::Netlink(netlink) => numbers(json, "groups", netlink.groups.iter().copied().map(u64::from)),
        _ => {}
    }
    json.close(b'}');
}

fn numbers(json: &mut Json, key: &str, numbers: impl Iterator<Item = u64>) {
    json.key(key);
    json.open(b'[');
    numbers.for_each(|number| json.number(number));
    json.close(b']');
}

/// The number of an address that is one of a protocol: `ETH_P_IP`, `NETLINK_ROUTE`.
pub(crate) const PROTOCOL_NUMBER: &str = "protocol";

/// An end, with what its family has.
fn end(json: &mut Json, of: Section, view: &View<'_>, address: Option<&Address>) {
    let known =
        |number: u32, any: u32| if number == any { Value::Unknown } else { Value::Number(number.into()) };
    json.key(of.key());
    let Some(address) = address.filter(|address| **address != Address::Unknown) else { return json.null() };
    json.open(b'{');
    match address {
        Address::Unix(_) => {
            json.value(field::PATH.key, Unit::Text, address.path().into());
            json.value(field::ABSTRACT.key, Unit::Bool, Value::Bool(address.is_abstract() == Some(true)));
        }
        Address::Packet { protocol, interface } => {
            json.value(PROTOCOL_NUMBER, Unit::Id, Value::Number((*protocol).into()));
            json.value("interface", Unit::Id, interface.map_or(Value::Unknown, |index| known(index, 0)));
        }
        Address::Raw { ip, protocol, .. } => {
            json.value("ip", Unit::Address, Value::Ip(*ip));
            json.value("port", Unit::Id, Value::Unknown);
            json.value(PROTOCOL_NUMBER, Unit::Id, Value::Number((*protocol).into()));
        }
        Address::Netlink { protocol, port_id } => {
            json.value(PROTOCOL_NUMBER, Unit::Id, Value::Number((*protocol).into()));
            json.value(field::PORT_ID.key, Unit::Id, Value::Number((*port_id).into()));
        }
        Address::Vsock { cid, port } => {
            json.value(field::CID.key, Unit::Id, known(*cid, u32::MAX));
            json.value("port", Unit::Id, known(*port, u32::MAX));
        }
        _ => {
            for (field, key) in fields(of).filter(|(field, _)| matches!(field.key, "ip" | "port")) {
                json.member(key, field.unit, (field.get)(view));
            }
        }
    }
    json.close(b'}');
}

/// The fields of each section, found once: a row has ten sections, and the registry more than a hundred fields.
static SECTIONS: LazyLock<Vec<Vec<(&Field, Key)>>> = LazyLock::new(|| {
    let mut sections = Vec::new();
    for field in field::all() {
        let index = field.section as usize;
        if sections.len() <= index {
            sections.resize_with(index + 1, Vec::new);
        }
        if let Some(fields) = sections.get_mut(index) {
            fields.push((field, Key::new(field.key)));
        }
    }
    sections
});

fn fields(section: Section) -> impl Iterator<Item = &'static (&'static Field, Key)> {
    SECTIONS.get(section as usize).into_iter().flatten()
}

fn section(json: &mut Json, section: Section, view: &View<'_>, there: bool) {
    json.key(section.key());
    if !there {
        return json.null();
    }
    json.open(b'{');
    members(json, section, view);
    json.close(b'}');
}

/// The fields of `tcp`, as far as they can be taken from the row before.
fn statistics(json: &mut Json, view: &View<'_>, before: &mut Repeated) {
    let Some(fields) = SECTIONS.get(Section::Tcp as usize) else { return json.null() };
    json.open(b'{');
    before.write(view.socket(), json.text_mut(), |place, text| {
        if let Some((field, key)) = fields.get(place) {
            let mut json = Json::from(std::mem::take(text));
            json.member(key, field.unit, (field.get)(view));
            *text = json.into_text();
        }
    });
    json.close(b'}');
}

fn members(json: &mut Json, section: Section, view: &View<'_>) {
    for (field, key) in fields(section) {
        json.member(key, field.unit, (field.get)(view));
    }
}
