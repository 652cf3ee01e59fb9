//! What `pree kill` and `pree close` write.

use pree::act::Signal;
use pree::field;

use super::node::{Node, object, text, words};
use super::parts::{closed, list, named, of_type, or_null, reference};

fn outcome(done: &[&str]) -> [(&'static str, Node); 2] {
    let all: Vec<&str> = ["planned", "gone", "failed"].into_iter().chain(done.iter().copied()).collect();
    let doc = "planned: nothing was tried. gone: there was nothing left to do.";
    [
        ("outcome", object([("enum", words(&all))]).with("description", text(doc))),
        ("why", or_null("string").with("description", text("Why it failed."))),
    ]
}

fn dry_run() -> Node {
    of_type("boolean").with("description", text("Nothing was to be done."))
}

/// `process` has the members of an owner.
pub(super) fn killed(mut process: Vec<(String, Node)>) -> Node {
    process.extend(named(outcome(&["ended", "killed", "signalled"])));
    let instead = "The command that stops its unit or container.";
    process.extend(named([("instead", or_null("string").with("description", text(instead)))]));
    let required = words(&[field::PID.key, field::PROCESS.key, "outcome", "why"]);
    let signals: Vec<&str> = Signal::ALL.iter().map(|signal| signal.name()).collect();
    let rows = |doc: &str| list(reference("socket")).with("description", text(doc));
    let process = of_type("object").with("required", required).with("properties", Node::Object(process));
    closed(named([
        ("dry_run", dry_run()),
        ("signal", object([("enum", words(&signals))])),
        ("processes", list(process)),
        ("sockets", rows("What was asked for.")),
        ("free", rows("Of these, what does not wait any more.")),
        ("held", rows("What waits there still, or again.")),
    ]))
}

pub(super) fn closed_sockets() -> Node {
    let mut members = named([("socket", reference("socket"))]);
    members.extend(named(outcome(&["closed"])));
    closed(named([("dry_run", dry_run()), ("sockets", list(closed(members)))]))
}
