//! A JSON value that is written for people to read: indented, members in the order they were given.

use std::fmt::Write as _;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
    Text(String),
    Null,
}

/// An object of these members.
pub(super) fn object<const N: usize>(members: [(&str, Node); N]) -> Node {
    Node::Object(members.map(|(key, value)| (key.to_owned(), value)).into())
}

/// A list of these words.
pub(super) fn words(words: &[&str]) -> Node {
    Node::List(words.iter().map(|word| text(word)).collect())
}

pub(super) fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

impl Node {
    /// Adds a member to an object.
    pub(super) fn with(mut self, key: &str, value: Node) -> Self {
        if let Self::Object(members) = &mut self {
            members.push((key.to_owned(), value));
        }
        self
    }

    pub(super) fn write(&self, indent: usize, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Text(text) => quoted(text, out),
            Self::List(list) if list.iter().all(|node| matches!(node, Self::Text(_) | Self::Null)) => {
                out.push('[');
                for (index, node) in list.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    node.write(indent, out);
                }
                out.push(']');
            }
            Self::List(list) => {
                lines(list.iter(), ['[', ']'], indent, out, |node, out| node.write(indent + 2, out));
            }
            Self::Object(members) => lines(members.iter(), ['{', '}'], indent, out, |(key, value), out| {
                quoted(key, out);
                out.push_str(": ");
                value.write(indent + 2, out);
            }),
        }
    }
}

fn lines<T>(
    parts: impl ExactSizeIterator<Item = T>,
    [open, close]: [char; 2],
    indent: usize,
    out: &mut String,
    write: impl Fn(T, &mut String),
) {
    if parts.len() == 0 {
        out.extend([open, close]);
        return;
    }
    out.push(open);
    for (index, part) in parts.enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        // Writing to a String cannot fail.
        let _ = write!(out, "{:1$}", "", indent + 2);
        write(part, out);
    }
    let _ = write!(out, "\n{:indent$}{close}", "");
}

/// Our own words: nothing in them is a control character.
fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
