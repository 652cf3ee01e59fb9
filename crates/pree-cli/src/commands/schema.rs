//! `pree schema`: the JSON Schema (draft 2020-12) of `--json`, `--jsonl` and `-s --json`.
//!
//! What comes from the registry of fields is made from it, so a new field is in the schema by itself; only what has an
//! order of its own (owners, gaps, judgements) is written down here.

mod node;

use std::process::ExitCode;

use pree::field::{self, Section, Unit};

use crate::exit::Failure;
use node::{Node, object, text, words};

pub(crate) fn run() -> Result<ExitCode, Failure> {
    let mut out = String::new();
    schema().write(0, &mut out);
    out.push('\n');
    super::help::print(&out)
}

/// Texts that are words of ours, never bytes from outside.
const WORDS: [&str; 5] = ["protocol", "family", "type", "state", "kind"];

/// Numbers of 64 bits, which not every reader of JSON can hold: they come as strings.
const LONG_IDS: [&str; 2] = ["cookie", "cgroup_id"];

fn schema() -> Node {
    object([
        ("$schema", text("https://json-schema.org/draft/2020-12/schema")),
        ("$id", text("urn:pree:schema:1")),
        ("title", text("pree/1: what pree --json writes")),
        (
            "description",
            text(
                "Members are only ever added. null is: not known, or there is no such thing. Of --jsonl every line is \
                 #/$defs/socket, but the last, which is #/$defs/end. pree -s --json is #/$defs/summary.",
            ),
        ),
        ("$ref", text("#/$defs/document")),
        (
            "$defs",
            object([
                ("document", document("sockets", list(reference("socket")))),
                ("end", completeness()),
                ("groups", document("groups", list(group()))),
                ("count", document("count", count())),
                ("summary", document("summary", summary())),
                ("gap", gap()),
                ("socket", socket()),
                ("owner", owner()),
                ("quality", quality()),
                ("finding", finding()),
                ("numbers", numbers()),
            ]),
        ),
    ])
}

fn reference(name: &str) -> Node {
    object([("$ref", text(&format!("#/$defs/{name}")))])
}

fn of_type(name: &str) -> Node {
    object([("type", text(name))])
}

fn or_null(name: &str) -> Node {
    object([("type", words(&[name, "null"]))])
}

fn list(items: Node) -> Node {
    object([("type", text("array")), ("items", items)])
}

fn count() -> Node {
    of_type("integer")
}

/// An object with these members; all of them are there.
fn closed(members: Vec<(String, Node)>) -> Node {
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    let required = words(&names);
    object([("type", text("object")), ("required", required), ("properties", Node::Object(members))])
}

fn named<const N: usize>(members: [(&str, Node); N]) -> Vec<(String, Node)> {
    members.map(|(name, node)| (name.to_owned(), node)).into()
}

/// What says how complete an answer is.
fn completeness_members() -> Vec<(String, Node)> {
    named([
        ("schema", object([("const", text("pree/1"))])),
        ("complete", of_type("boolean").with("description", text("Nothing that was asked for is missing."))),
        ("missing", list(reference("gap"))),
    ])
}

fn completeness() -> Node {
    closed(completeness_members())
}

fn document(name: &str, node: Node) -> Node {
    let mut members = completeness_members();
    members.push((name.to_owned(), node));
    closed(members)
}

fn gap() -> Node {
    closed(named([
        ("what", object([("enum", words(&["rows", "owners", "stats"]))])),
        ("why", of_type("string")),
        (
            "object",
            of_type("string").with("description", text("In what: tcp, /proc/net/tcp6; may be empty.")),
        ),
        ("count", or_null("integer").with("description", text("Of how many sockets, where that is known."))),
        ("hint", of_type("string").with("description", text("How to get it."))),
    ]))
}

/// The type of a field's values.
fn value(key: &str, unit: Unit) -> Node {
    or_null(match unit {
        Unit::Text | Unit::Address => "string",
        Unit::Bool => "boolean",
        Unit::UnixTime => "number",
        Unit::Id if LONG_IDS.contains(&key) => "string",
        _ => "integer",
    })
}

/// What the numbers count, in words.
fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Segments => " Unit: segments.",
        Unit::Bytes => " Unit: bytes.",
        Unit::BytesPerSecond => " Unit: bytes per second.",
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
        let doc = format!("{}{} Source: {}.", field.doc, unit(field.unit), field.source);
        members.push((field.key.to_owned(), value(field.key, field.unit).with("description", text(&doc))));
        if field.unit == Unit::Text && !WORDS.contains(&field.key) {
            let doc = format!("The exact bytes of {} in hex, when they are not UTF-8.", field.key);
            members.push((format!("{}_bytes", field.key), of_type("string").with("description", text(&doc))));
        }
    }
    members
}

/// A section as an object.
fn section(section: Section) -> Node {
    object([("type", text("object")), ("properties", Node::Object(fields(section)))])
}

/// A section as an object that may be null.
fn section_or_null(of: Section) -> Node {
    object([("type", words(&["object", "null"])), ("properties", Node::Object(fields(of)))])
}

fn socket() -> Node {
    let mut members = fields(Section::Socket);
    members.extend(named([
        ("local", section(Section::Local)),
        ("remote", section_or_null(Section::Remote).with("description", text("null: no peer."))),
        ("netns", section_or_null(Section::Netns)),
        ("listen", section(Section::Listen).with("description", text("Listeners only."))),
        ("timer", section_or_null(Section::Timer).with("description", text("null: none runs."))),
        ("shutdown", list(object([("enum", words(&["receive", "send"]))]))),
        ("options", list(of_type("string")).with("description", text("Flags set on the socket."))),
        ("owners", list(reference("owner"))),
        (
            "unowned",
            or_null("string").with(
                "description",
                text(
                    "Why there is no owner: time_wait, handshake, accept_queue, orphaned, not_permitted or \
                     no_visible_holder.",
                ),
            ),
        ),
        ("memory", section_or_null(Section::Memory)),
        ("tcp", section_or_null(Section::Tcp).with("description", text("Statistics of TCP connections."))),
        (
            "quality",
            reference("quality")
                .with("description", text("Left out with -c. Each socket is judged by itself.")),
        ),
    ]));
    object([
        ("type", text("object")),
        ("required", words(&["protocol", "state", "local", "owners"])),
        ("properties", Node::Object(members)),
    ])
}

fn owner() -> Node {
    object([
        ("type", text("object")),
        ("description", text("A process that holds the socket. What is not known is left out.")),
        ("required", words(&["pid", "name"])),
        ("properties", Node::Object(fields(Section::Owner))),
    ])
}

fn quality() -> Node {
    let number = || or_null("number");
    let share = || of_type("number");
    let loss = named([("value", share()), ("low", share()), ("high", share()), ("samples", count())]);
    let shares = [("network", share()), ("receiver", share()), ("send_buffer", share())];
    let members = named([
        ("score", number().with("description", text("1: nothing holds it back, 0: nothing gets through."))),
        (
            "loss",
            object([
                ("type", words(&["object", "null"])),
                ("description", text("Share of segments sent again, with its 95 % interval.")),
                ("properties", Node::Object(loss)),
            ]),
        ),
        ("bloat", object([("enum", words_or_null(&["severe", "yes", "mild", "no"]))])),
        ("efficiency", number()),
        ("utilisation", number()),
        (
            "limited_by",
            object([("type", text("object")), ("properties", Node::Object(named(shares)))])
                .with("description", text("Share of the busy time; empty when it is not known.")),
        ),
        ("basis", or_null("string").with("description", text("Over which time: lifetime."))),
        ("findings", list(reference("finding"))),
    ]);
    object([("type", words(&["object", "null"])), ("properties", Node::Object(members))])
}

/// Words, or nothing.
fn words_or_null(all: &[&str]) -> Node {
    let mut list: Vec<Node> = all.iter().map(|word| text(word)).collect();
    list.push(Node::Null);
    Node::List(list)
}

fn finding() -> Node {
    closed(named([
        ("name", of_type("string")),
        ("severity", object([("enum", words(&["info", "warning", "critical"]))])),
        (
            "evidence",
            of_type("object").with("description", text("The numbers behind it, the unit last in the key.")),
        ),
        ("advice", of_type("string")),
    ]))
}

fn group() -> Node {
    object([
        ("type", text("object")),
        ("required", words(&["key", "count"])),
        (
            "properties",
            object([
                ("key", or_null("string")),
                ("count", count()),
                ("recv_queue", count()),
                ("send_queue", count()),
            ]),
        ),
    ])
}

fn numbers() -> Node {
    closed(named([("sockets", count()), ("ipv4", count()), ("ipv6", count())]))
}

fn summary() -> Node {
    let map = |of: Node| object([("type", text("object")), ("additionalProperties", of)]);
    let protocol = closed(named([
        ("sockets", count()),
        ("ipv4", count()),
        ("ipv6", count()),
        ("states", map(reference("numbers"))),
    ]));
    let unowned = object([("type", words(&["object", "null"])), ("additionalProperties", count())]);
    closed(named([
        ("sockets", count()),
        ("ipv4", count()),
        ("ipv6", count()),
        ("listening", count()),
        ("time_wait", count()),
        ("protocols", map(protocol)),
        (
            "owned",
            or_null("integer").with("description", text("Sockets with an owner; null: nobody looked.")),
        ),
        ("processes", or_null("integer")),
        ("unowned", unowned.with("description", text("Sockets without an owner, by reason."))),
    ]))
}

#[cfg(test)]
mod check;
#[cfg(test)]
mod tests;
