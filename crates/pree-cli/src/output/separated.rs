//! `--csv` (RFC 4180) and `--tsv`: values for programs, a socket a line.
//!
//! Values are those of JSON: whole numbers in the unit that the heading names, the unknown is empty. Control characters,
//! line ends among them, are escaped before quoting, so that a line is a row for every reader. A cell of CSV that a
//! spreadsheet would take for a formula has an apostrophe before it; so has one that begins with an apostrophe, and
//! taking one apostrophe away always gives the text back.

use std::io::{self, Write};

use pree::Coverage;
use pree::field::View;

use super::{Output, Request};
use crate::columns::Column;
use crate::text::value::Form;

pub(super) struct Separated<W> {
    writer: W,
    columns: Vec<Column>,
    header: bool,
    csv: bool,
    line: Vec<u8>,
    cell: Vec<u8>,
}

impl<W: Write> Separated<W> {
    pub(super) fn csv(request: &Request, writer: W) -> Self {
        Self::new(request, true, writer)
    }

    pub(super) fn tsv(request: &Request, writer: W) -> Self {
        Self::new(request, false, writer)
    }

    fn new(request: &Request, csv: bool, writer: W) -> Self {
        let columns = request.columns.clone();
        Self { writer, columns, header: !request.options.no_header, csv, line: Vec::new(), cell: Vec::new() }
    }

    fn header(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.header) {
            return Ok(());
        }
        let names: Vec<String> = self.columns.iter().map(|column| column.machine_name()).collect();
        self.line.clear();
        record(names.iter().map(String::as_bytes), self.csv, &mut self.line);
        self.writer.write_all(&self.line)
    }
}

/// Adds a whole line.
pub(super) fn record<'c>(cells: impl Iterator<Item = &'c [u8]>, csv: bool, line: &mut Vec<u8>) {
    for (index, cell) in cells.enumerate() {
        add(cell, index == 0, csv, line);
    }
    end(csv, line);
}

fn add(cell: &[u8], first: bool, csv: bool, line: &mut Vec<u8>) {
    if !first {
        line.push(if csv { b',' } else { b'\t' });
    }
    if csv {
        quote(cell, line);
    } else {
        line.extend_from_slice(cell);
    }
}

fn end(csv: bool, line: &mut Vec<u8>) {
    line.extend_from_slice(if csv { b"\r\n" } else { b"\n" });
}

/// A cell as RFC 4180 has it, harmless for spreadsheets.
fn quote(cell: &[u8], line: &mut Vec<u8>) {
    let guard = matches!(cell.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\''));
    if !cell.iter().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n')) {
        if guard {
            line.push(b'\'');
        }
        return line.extend_from_slice(cell);
    }
    line.push(b'"');
    if guard {
        line.push(b'\'');
    }
    for byte in cell {
        if *byte == b'"' {
            line.push(b'"');
        }
        line.push(*byte);
    }
    line.push(b'"');
}

impl<W: Write> Output for Separated<W> {
    fn row(&mut self, view: &View<'_>) -> io::Result<()> {
        self.header()?;
        let Self { writer, columns, line, cell, csv, .. } = self;
        line.clear();
        for (index, column) in columns.iter().enumerate() {
            cell.clear();
            column.write(view, Form::Machine, cell);
            add(cell, index == 0, *csv, line);
        }
        end(*csv, line);
        writer.write_all(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.header()?;
        self.writer.flush()
    }

    fn end(&mut self, _: &Coverage) -> io::Result<()> {
        self.header()?;
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        for (cell, csv) in [
            ("plain", "plain"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-", "'-"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("'quoted'", "''quoted'"),
            ("=\"a\",b", "\"'=\"\"a\"\",b\""),
            ("\u{b5}s", "\u{b5}s"),
        ] {
            let mut line = Vec::new();
            quote(cell.as_bytes(), &mut line);
            assert_eq!(String::from_utf8_lossy(&line), csv);
        }
    }

    #[test]
    fn records() {
        let cells = || ["a", "b,c", ""].into_iter().map(str::as_bytes);
        let (mut csv, mut tsv) = (Vec::new(), Vec::new());
        record(cells(), true, &mut csv);
        record(cells(), false, &mut tsv);
        assert_eq!((csv.as_slice(), tsv.as_slice()), (&b"a,\"b,c\",\r\n"[..], &b"a\tb,c\t\n"[..]));
    }
}
