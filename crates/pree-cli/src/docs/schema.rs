//! `pree schema`: the JSON Schema (draft 2020-12) of `--json`, `--jsonl` and `-s --json`.
//!
//! What comes from the registry of fields is made from it, so a new field is in the schema by itself; only what has an
//! order of its own (owners, gaps, judgements) is written down here.

mod acts;
mod fixed;
mod node;
mod parts;

use std::process::ExitCode;

use pree::field::{self, Field, Section, Unit};
use pree::{Filter, WatchSource};

use crate::exit::Failure;
use crate::output;
use crate::output::json::document::{LOST, PROTOCOL_NUMBER};
use acts::{closed_sockets, killed};
use fixed::{diagnosis, finding, gap, group, group_key, host_finding, numbers, quality, summary};
use node::{Node, object, text, words};
use parts::{
    closed, completeness_members, count, list, named, of_type, or_null, reference, time, with_maybe,
};

pub(crate) fn run() -> Result<ExitCode, Failure> {
    let mut out = String::new();
    schema().write(0, &mut out);
    out.push('\n');
    output::print(&out)
}

/// The values that are written as such, each a definition.
const WRITTEN: [&str; 14] = [
    "document",
    "groups",
    "count",
    "summary",
    "diagnosis",
    "killed",
    "closed",
    "difference",
    "socket",
    "group",
    "end",
    field::EVENT.key,
    "watched",
    "window",
];

fn schema() -> Node {
    object([
        ("$schema", text("https://json-schema.org/draft/2020-12/schema")),
        ("$id", text("urn:pree:schema:1")),
        ("title", text("pree/1: what pree writes as JSON")),
        (
            "description",
            text(
                "Members are only ever added. null means: not known, or there is none. --json writes one value: \
                 #/$defs/document for sockets and pree explain, #/$defs/groups with -g, #/$defs/count with --count, \
                 #/$defs/summary with -s, #/$defs/diagnosis for pree doctor. --jsonl writes a value a line: #/$defs/socket, \
                 with -g #/$defs/group, and as the last line #/$defs/end; with --count and -s one line as --json does. \
                 pree watch --jsonl writes #/$defs/event a line, and as the last line #/$defs/watched; with -g or \
                 --every #/$defs/window instead of events. With --watch each look is a line. pree kill writes \
                 #/$defs/killed, pree close #/$defs/closed, pree diff #/$defs/difference.",
            ),
        ),
        ("anyOf", Node::List(WRITTEN.iter().map(|name| reference(name)).collect())),
        (
            "$defs",
            object([
                ("document", document("sockets", list(reference("socket")))),
                ("end", completeness()),
                ("groups", document("groups", list(reference("group")))),
                ("group", group()),
                ("count", document("count", count())),
                ("summary", document("summary", summary())),
                ("diagnosis", diagnosis()),
                ("killed", document("kill", killed(fields(Section::Owner)))),
                ("closed", document("close", closed_sockets())),
                ("difference", document("changes", list(change()))),
                ("gap", gap()),
                ("socket", socket()),
                (field::EVENT.key, event()),
                ("watched", watched()),
                ("window", window()),
                ("owner", owner()),
                ("quality", quality()),
                ("finding", finding()),
                ("host_finding", host_finding()),
                ("numbers", numbers()),
            ]),
        ),
    ])
}

/// A line of `pree diff`.
fn change() -> Node {
    let side = || {
        let owners = list(of_type("string")).with("description", text("Containers, units or programs."));
        let members = named([
            (field::PROTOCOL.key, of_type("string")),
            ("local", of_type("string")),
            ("owners", owners),
        ]);
        object([("anyOf", Node::List(vec![closed(members), of_type("null")]))])
    };
    let kinds = words(&["appeared", "vanished", "owner", "exposure"]);
    let doc = "exposure: the same owner at another address of the same port.";
    let kind = object([("enum", kinds)]).with("description", text(doc));
    closed(named([("change", kind), ("before", side()), ("after", side())]))
}

fn completeness() -> Node {
    with_maybe(completeness_members(), [time()])
}

fn document(name: &str, node: Node) -> Node {
    let mut members = completeness_members();
    members.push((name.to_owned(), node));
    with_maybe(members, [time()])
}

/// The type of a field's values.
fn value(unit: Unit) -> Node {
    or_null(match unit {
        Unit::Text | Unit::Word | Unit::LongId | Unit::Address | Unit::Timestamp => "string",
        Unit::Bool => "boolean",
        Unit::UnixTime | Unit::Share | Unit::Score => "number",
        _ => "integer",
    })
}

/// What the numbers count, in words.
fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Segments => " Unit: segments.",
        Unit::Bytes => " Unit: bytes.",
        Unit::BytesPerSecond => " Unit: bytes per second.",
        Unit::PacketsPerSecond => " Unit: packets per second.",
        Unit::Microseconds => " Unit: microseconds.",
        Unit::Milliseconds => " Unit: milliseconds.",
        Unit::UnixTime => " Unit: seconds since the Unix epoch.",
        _ => "",
    }
}

/// The fields of a section as members.
fn fields(section: Section) -> Vec<(String, Node)> {
    let mut members = Vec::new();
    for field in field::of(section) {
        let time = if field.takes_time { " Takes several looks." } else { "" };
        let doc = format!("{}{time}{} Source: {}.", field.doc, unit(field.unit), field.source);
        members.push((field.key.to_owned(), value(field.unit).with("description", text(&doc))));
        if field.unit == Unit::Text {
            let doc = format!("The exact bytes of {} in hex, when they are not UTF-8.", field.key);
            members.push((format!("{}_bytes", field.key), of_type("string").with("description", text(&doc))));
        }
    }
    members
}

/// A section as an object.
fn section(section: Section) -> Node {
    of_type("object").with("properties", Node::Object(fields(section)))
}

/// A section as an object that may be null.
fn section_or_null(of: Section) -> Node {
    or_null("object").with("properties", Node::Object(fields(of)))
}

fn socket() -> Node {
    let required = [field::PROTOCOL.key, field::STATE.key, Section::Local.key(), Section::Owner.key()];
    of_type("object").with("required", words(&required)).with("properties", Node::Object(socket_members()))
}

fn socket_members() -> Vec<(String, Node)> {
    let mut members = fields(Section::Socket);
    members.extend(named([
        (Section::Local.key(), end(Section::Local).with("description", text("What its family has of this."))),
        (Section::Remote.key(), end(Section::Remote).with("description", text("null: no peer."))),
        (Section::Peer.key(), peer()),
        (Section::Netns.key(), section_or_null(Section::Netns)),
        (Section::Listen.key(), section(Section::Listen).with("description", text("Listeners only."))),
        (Section::Timer.key(), section_or_null(Section::Timer).with("description", text("null: none runs."))),
        ("shutdown", list(object([("enum", words(&["receive", "send"]))]))),
        (field::OPTIONS.key, list(of_type("string")).with("description", text("Flags set on the socket."))),
        (Section::Owner.key(), list(reference("owner"))),
        (
            "unowned",
            or_null("string").with(
                "description",
                text(&format!("Why there is no owner: {}.", Filter::choices("unowned").join(", "))),
            ),
        ),
        (Section::Memory.key(), section_or_null(Section::Memory)),
        (
            Section::Unix.key(),
            detail(Section::Unix, &[("pending", "Inodes of the clients that wait; 0: closed already.")]),
        ),
        (Section::Packet.key(), detail(Section::Packet, &[])),
        (Section::Netlink.key(), detail(Section::Netlink, &[("groups", "Multicast groups, from 1 on.")])),
        (Section::Sctp.key(), sctp()),
        (Section::Mptcp.key(), detail(Section::Mptcp, &[])),
        (Section::Udp.key(), detail(Section::Udp, &[])),
        (
            Section::Tcp.key(),
            section_or_null(Section::Tcp).with("description", text("Statistics of TCP connections.")),
        ),
        (
            Section::Rates.key(),
            section(Section::Rates).with("description", text("Between the looks; absent in a single one.")),
        ),
        (
            Section::Quality.key(),
            reference("quality")
                .with("description", text("Left out with -c. --jsonl judges each socket by itself.")),
        ),
    ]));
    members
}

/// An end: what each family has.
fn end(of: Section) -> Node {
    let mut members = fields(of);
    members.extend(named([
        (
            PROTOCOL_NUMBER,
            of_type("integer")
                .with("description", text("Packet: ETH_P_*, 3 is all. Netlink: NETLINK_*. Raw: IPPROTO_*.")),
        ),
        (
            "interface",
            or_null("integer")
                .with("description", text("Packet: its index. null: all, or one that is gone.")),
        ),
    ]));
    or_null("object").with("properties", Node::Object(members))
}

/// What only one family has, and its lists of numbers.
fn detail(of: Section, lists: &[(&str, &str)]) -> Node {
    let mut members = fields(of);
    let numbers = |doc: &str| list(of_type("integer")).with("description", text(doc));
    members.extend(lists.iter().map(|(name, doc)| ((*name).to_owned(), numbers(doc))));
    of_type("object")
        .with("description", text("Only of sockets of this family. What is not known is left out."))
        .with("properties", Node::Object(members))
}

fn sctp() -> Node {
    let addresses = |doc: &str| list(of_type("string")).with("description", text(doc));
    let members = named([
        ("local_addresses", addresses("Every address of this end.")),
        ("remote_addresses", addresses("Every address of the other end; empty: no association.")),
    ]);
    of_type("object")
        .with("description", text("Only of SCTP, whose ends may have several addresses."))
        .with("properties", Node::Object(members))
}

fn peer() -> Node {
    let members = named([
        (
            field::PEER_INODE.key,
            or_null("integer").with("description", text("null: it is not accepted yet, or closed.")),
        ),
        (Section::Owner.key(), list(reference("owner"))),
    ]);
    of_type("object")
        .with("description", text("The socket at the other end, where it is reported: for Unix sockets."))
        .with("properties", Node::Object(members))
}

/// An event, with the socket that it is about.
fn event() -> Node {
    let mut members = fields(Section::Event);
    members.extend(named([(
        "count",
        or_null("integer")
            .with("description", text("Of lost: records of the kernel; null where that is not known.")),
    )]));
    members.extend(socket_members());
    of_type("object")
        .with(
            "description",
            text("What happened, and the socket as it was then. current, connecting, opened, state and closed are about a socket."),
        )
        .with("required", words(&[field::EVENT.key, field::TIME.key, field::MONOTONIC.key]))
        .with("properties", Node::Object(members))
}

/// What a group, or everything, moved in a window.
fn window() -> Node {
    let member = |field: &'static Field| {
        let doc = format!("{}{}", field.doc, unit(field.unit));
        (field.key.to_owned(), value(field.unit).with("description", text(&doc)))
    };
    let number = |name: &str, doc: &str| (name.to_owned(), count().with("description", text(doc)));
    let mut members: Vec<_> = [field::TIME, field::MONOTONIC, field::OVER].into_iter().map(member).collect();
    members.push(number("opened", "Connections that were established."));
    members.push(number("closed", "Connections that ended."));
    members.push(number("failed", "Connections that could not be opened."));
    let moved = [field::TX_BYTES, field::RX_BYTES, field::BYTES_RETRANS, field::SEGS_OUT, field::SEGS_IN];
    let rates = [field::TX, field::RX, field::RETRANS_RATE, field::PROVENANCE];
    let did = [field::RTT, field::RTT_BEFORE, field::LIMITED, field::WORST];
    members.extend(moved.into_iter().chain(rates).chain(did).map(member));
    with_maybe(members, [("key", group_key())])
}

/// The last line of a watch.
fn watched() -> Node {
    let mut members = completeness_members();
    members.extend(named([
        ("seen", count().with("description", text("Events about sockets."))),
        (
            LOST,
            or_null("integer")
                .with("description", text("Records of the kernel that were lost; null: not counted.")),
        ),
        (
            "source",
            object([(
                "enum",
                words(&WatchSource::ALL.iter().map(|source| source.name()).collect::<Vec<_>>()),
            )]),
        ),
    ]));
    closed(members)
}

fn owner() -> Node {
    of_type("object")
        .with("description", text("A process that holds the socket. What is not known is left out."))
        .with("required", words(&[field::PID.key, field::PROCESS.key]))
        .with("properties", Node::Object(fields(Section::Owner)))
}

#[cfg(test)]
mod check;
#[cfg(test)]
mod tests;
