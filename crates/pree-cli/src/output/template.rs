//! `--format '{pid} {local}'`: a line a socket, with the values of CSV; the unknown is `-`.

use std::io::{self, Write};

use pree::field::View;
use pree::{Coverage, Needs};

use super::Output;
use crate::columns::{Column, find, unknown};
use crate::text::value::Form;

/// A template, read.
#[derive(Default)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

enum Piece {
    Text(String),
    Column(Column),
}

impl Template {
    pub(super) fn needs(&self) -> Needs {
        self.columns().fold(Needs::empty(), |needs, column| needs | column.needs())
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = Column> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Column(column) => Some(*column),
            Piece::Text(_) => None,
        })
    }
}

/// Reads a template: `{name}` is a field, `{{` and `}}` are braces.
pub(super) fn parse(text: &str) -> Result<Template, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, braced) = rest.split_at(at);
        plain.push_str(before);
        if let Some(after) = braced.strip_prefix("{{").or_else(|| braced.strip_prefix("}}")) {
            plain.extend(braced.chars().take(1));
            rest = after;
            continue;
        }
        let Some(name) = braced.strip_prefix('{') else {
            return Err("--format: a } without {: write }} for a brace".to_owned());
        };
        let Some((name, after)) = name.split_once('}') else {
            return Err("--format: a { without }: write {{ for a brace".to_owned());
        };
        let column = find(name.trim()).ok_or_else(|| format!("--format: {}", unknown(name.trim())))?;
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(Piece::Column(column));
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(Template { pieces })
}

pub(super) struct Filled<'t, W> {
    template: &'t Template,
    writer: W,
    line: Vec<u8>,
}

impl<'t, W> Filled<'t, W> {
    pub(super) fn new(template: &'t Template, writer: W) -> Self {
        Self { template, writer, line: Vec::new() }
    }
}

impl<W: Write> Output for Filled<'_, W> {
    fn row(&mut self, view: &View<'_>) -> io::Result<()> {
        let line = &mut self.line;
        line.clear();
        for piece in &self.template.pieces {
            match piece {
                Piece::Text(text) => line.extend_from_slice(text.as_bytes()),
                Piece::Column(column) => {
                    let start = line.len();
                    column.write(view, Form::Machine, line);
                    match line.get(start..) {
                        Some([]) => line.push(b'-'),
                        // A name that looks like the unknown is none.
                        Some(b"-") => {
                            line.truncate(start);
                            line.extend_from_slice(b"\\x2d");
                        }
                        _ => {}
                    }
                }
            }
        }
        line.push(b'\n');
        self.writer.write_all(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    fn end(&mut self, _: &Coverage) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces() {
        for (text, expected) in [
            ("", ""),
            ("{pid} {local}", "<pid> <local>"),
            ("{{{pid}}}", "{<pid>}"),
            ("a{{b}}c", "a{b}c"),
            ("{ rtt_us }\t", "<rtt>\t"),
        ] {
            let template = parse(text).unwrap();
            let shown: String = template
                .pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.clone(),
                    Piece::Column(column) => format!("<{}>", column.name()),
                })
                .collect();
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn mistakes() {
        for (text, says) in [
            ("{pid", "a { without }"),
            ("pid}", "a } without {"),
            ("{}", "no field \"\""),
            ("{rttt}", "did you mean rtt?"),
            ("{age}", "age is not implemented yet"),
        ] {
            let error = parse(text).err().unwrap_or_default();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
