//! Pieces that schemas are made of.

use pree::field;

use super::node::{Node, object, text, words};

pub(super) fn reference(name: &str) -> Node {
    object([("$ref", text(&format!("#/$defs/{name}")))])
}

/// JSON Schema's word for the type of a value.
const TYPE: &str = "type";

pub(super) fn of_type(name: &str) -> Node {
    object([(TYPE, text(name))])
}

pub(super) fn of_types(names: &[&str]) -> Node {
    object([(TYPE, words(names))])
}

pub(super) fn or_null(name: &str) -> Node {
    of_types(&[name, "null"])
}

pub(super) fn list(items: Node) -> Node {
    of_type("array").with("items", items)
}

pub(super) fn count() -> Node {
    of_type("integer")
}

/// An object with these members; all of them are there.
pub(super) fn closed(members: Vec<(String, Node)>) -> Node {
    with_maybe(members, [])
}

/// The same with some that may be there.
pub(super) fn with_maybe<const N: usize>(members: Vec<(String, Node)>, maybe: [(&str, Node); N]) -> Node {
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    let required = words(&names);
    let all = members.into_iter().chain(named(maybe)).collect();
    of_type("object").with("required", required).with("properties", Node::Object(all))
}

/// The member that a look has where there are many.
pub(super) fn time() -> (&'static str, Node) {
    (
        field::TIME.key,
        of_type("string").with("description", text("With --watch: when it was. RFC 3339, UTC.")),
    )
}

pub(super) fn named<const N: usize>(members: [(&str, Node); N]) -> Vec<(String, Node)> {
    members.map(|(name, node)| (name.to_owned(), node)).into()
}

/// What says how complete an answer is.
pub(super) fn completeness_members() -> Vec<(String, Node)> {
    named([
        ("schema", object([("const", text("pree/1"))])),
        ("complete", of_type("boolean").with("description", text("Nothing that was asked for is missing."))),
        ("missing", list(reference("gap"))),
        (
            "notes",
            list(of_type("string"))
                .with("description", text("What is good to know of this answer and leaves no gap in it.")),
        ),
    ])
}
