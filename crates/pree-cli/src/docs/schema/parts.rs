//! Pieces that schemas are made of.

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
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    of_type("object").with("required", words(&names)).with("properties", Node::Object(members))
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
