//! The parts of the schema that no field stands for: gaps, judgements, groups, numbers.

use pree::field;
use pree::quality::About;

use super::node::{Node, object, text, words};
use super::parts::{closed, completeness_members, count, list, named, of_type, of_types, or_null, reference};

pub(super) fn gap() -> Node {
    closed(named([
        ("what", object([("enum", words(&["rows", "owners", "stats", "fields", "looks", "events"]))])),
        ("why", of_type("string")),
        (
            "object",
            of_type("string").with("description", text("In what: tcp, /proc/net/tcp6; may be empty.")),
        ),
        (
            "count",
            or_null("integer")
                .with("description", text("Of how many sockets, where that is known; of how many looks.")),
        ),
        ("hint", of_type("string").with("description", text("How to get it."))),
    ]))
}

pub(super) fn quality() -> Node {
    let number = || or_null("number");
    let share = || of_type("number");
    let loss = named([("value", share()), ("low", share()), ("high", share()), ("samples", count())]);
    let shares = [("network", share()), ("receiver", share()), ("send_buffer", share()), ("app", share())];
    let members = named([
        (
            field::SCORE.key,
            number().with("description", text("1: nothing holds it back, 0: nothing gets through.")),
        ),
        (
            field::LOSS.key,
            or_null("object")
                .with("description", text("Share of segments sent again, with its 95 % interval."))
                .with("properties", Node::Object(loss)),
        ),
        (field::BLOAT.key, object([("enum", words_or_null(field::BLOAT.choices))])),
        (field::EFFICIENCY.key, number()),
        (field::UTILISATION.key, number()),
        (
            "limited_by",
            of_type("object").with("properties", Node::Object(named(shares))).with(
                "description",
                text("Share of the busy time, or with `app` of the interval; empty when it is not known."),
            ),
        ),
        ("basis", basis()),
        ("findings", list(reference("finding"))),
    ]);
    or_null("object").with("properties", Node::Object(members))
}

/// Which part of its life is judged.
pub(super) fn basis() -> Node {
    of_types(&["string", "object", "null"])
        .with("properties", Node::Object(named([("seconds", of_type("number"))])))
        .with("description", text("lifetime, or how many seconds were looked at."))
}

/// Words, or nothing.
fn words_or_null(all: &[&str]) -> Node {
    let mut list: Vec<Node> = all.iter().map(|word| text(word)).collect();
    list.push(Node::Null);
    Node::List(list)
}

pub(super) fn finding() -> Node {
    let mut members = named([("name", of_type("string")), ("severity", severity())]);
    members.extend(grounds());
    closed(members)
}

fn severity() -> Node {
    object([("enum", words(&["info", "warning", "critical"]))])
}

/// What every finding rests on and leads to.
fn grounds() -> Vec<(String, Node)> {
    named([
        (
            "evidence",
            of_type("object").with("description", text("The numbers behind it, the unit last in the key.")),
        ),
        ("advice", of_type("string")),
        ("more", of_type("string").with("description", text("Where to read more."))),
    ])
}

pub(super) fn host_finding() -> Node {
    let kinds = words(&About::KINDS);
    let about = of_type("object").with("required", words(&["kind"])).with(
        "properties",
        Node::Object(named([
            ("kind", object([("enum", kinds)])),
            (field::PID.key, count()),
            ("name", of_type("string")),
            ("name_bytes", of_type("string")),
            ("ip", of_type("string")),
            ("port", count()),
            ("interface", count().with("description", text("Index of the one that all are bound to."))),
            (field::DEV_NAME.key, of_type("string")),
            ("interface_name_bytes", of_type("string")),
            (field::NETNS.name, count().with("description", text("Inode, where several were looked at."))),
            (field::NETNS_NAME.name, of_type("string")),
            ("netns_name_bytes", of_type("string")),
        ])),
    );
    let mut members = named([
        ("name", of_type("string")),
        ("severity", severity()),
        ("basis", basis()),
        ("about", about.with("description", text("Whose it is."))),
        ("count", count().with("description", text("Sockets that it rests on."))),
        ("cookies", list(of_type("string")).with("description", text("Of these, at most 100."))),
    ]);
    members.extend(grounds());
    closed(members)
}

pub(super) fn diagnosis() -> Node {
    let looked_at = named([("sockets", count()), ("connections", count()), ("scored", count())]);
    let not_looked_for = named([("name", of_type("string")), ("why", of_type("string"))]);
    let mut members = completeness_members();
    members.extend(named([
        (
            "findings",
            list(reference("host_finding")).with("description", text("What shows only across sockets.")),
        ),
        ("sockets", list(reference("socket")).with("description", text("Those with a warning or worse."))),
        ("basis", basis()),
        ("looked_at", closed(looked_at)),
        ("local_ports", local_ports()),
        ("looked_for", list(of_type("string"))),
        ("not_looked_for", list(closed(not_looked_for))),
    ]));
    closed(members)
}

/// What names a group.
pub(super) fn group_key() -> Node {
    of_types(&["string", "null", "array"])
        .with("items", or_null("string"))
        .with("description", text("What they have in common; of several fields a list."))
}

pub(super) fn group() -> Node {
    let members = object([
        ("key", group_key()),
        ("count", count()),
        ("recv_queue", or_null("integer")),
        ("send_queue", or_null("integer")),
    ]);
    of_type("object").with("required", words(&["key", "count"])).with("properties", members)
}

pub(super) fn numbers() -> Node {
    closed(named([("sockets", count()), ("ipv4", count()), ("ipv6", count())]))
}

pub(super) fn summary() -> Node {
    let map = |of: Node| of_type("object").with("additionalProperties", of);
    let protocol = closed(named([
        ("sockets", count()),
        ("ipv4", count()),
        ("ipv6", count()),
        ("states", map(reference("numbers"))),
    ]));
    let unowned = or_null("object").with("additionalProperties", count());
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
        ("local_ports", local_ports()),
    ]))
}

fn local_ports() -> Node {
    let doc = "TCP ports that the system chooses from; null: not known, or not every TCP socket was counted.";
    let used = or_null("integer")
        .with("description", text("Null where sockets that are only bound are not reported."));
    let members = Node::Object(named([("used", used), ("at_least", count()), ("all", count())]));
    or_null("object").with("description", text(doc)).with("properties", members)
}
