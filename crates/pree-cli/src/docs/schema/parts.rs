//! Pieces that schemas are made of.

use super::node::{Node, object, text, words};

pub(super) fn reference(name: &str) -> Node {
    object([("$ref", text(&format!("#/$defs/{name}")))])
}

pub(super) fn of_type(name: &str) -> Node {
    object([("type", text(name))])
}

pub(super) fn or_null(name: &str) -> Node {
    object([("type", words(&[name, "null"]))])
}

pub(super) fn list(items: Node) -> Node {
    object([("type", text("array")), ("items", items)])
}

pub(super) fn count() -> Node {
    of_type("integer")
}

/// An object with these members; all of them are there.
pub(super) fn closed(members: Vec<(String, Node)>) -> Node {
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    let required = words(&names);
    object([("type", text("object")), ("required", required), ("properties", Node::Object(members))])
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
