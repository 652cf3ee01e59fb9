//! Rows for people: on a terminal columns fit what is in them, in a pipe they are fixed and rows go out as they come.

use std::fmt::Write as _;
use std::io::{self, Write};

use pree::field::{self, Section};
use pree::{Coverage, Socket};

use super::{Output, words};
use crate::args::Args;

/// A column: its heading, its width in a pipe, whether it stands right.
struct Column {
    title: &'static str,
    width: usize,
    right: bool,
    cell: fn(&Socket) -> String,
}

const COLUMNS: [Column; 6] = [
    Column { title: "PROTO", width: 7, right: false, cell: |s| s.protocol.name().to_owned() },
    Column { title: "STATE", width: 10, right: false, cell: |s| words::state(s.state) },
    Column { title: "RECVQ", width: 6, right: true, cell: |s| words::count(s.recv_queue) },
    Column { title: "SENDQ", width: 6, right: true, cell: |s| words::count(s.send_queue) },
    Column { title: "LOCAL", width: 25, right: false, cell: |s| words::address(Some(s.local)) },
    Column { title: "REMOTE", width: 25, right: false, cell: |s| words::address(s.remote) },
];

pub(super) struct Table<W> {
    writer: W,
    header: bool,
    owners: bool,
    /// Sections of which every known field is added to the row as `name:value`.
    details: Vec<Section>,
    extended: bool,
    memory: bool,
    /// On a terminal rows wait for the end, to know the widths.
    waiting: Option<Vec<Row>>,
}

struct Row {
    cells: Vec<String>,
    rest: String,
}

impl<W: Write> Table<W> {
    pub(super) fn new(args: &Args, terminal: bool, writer: W) -> Self {
        let mut details = Vec::new();
        for (asked, section) in
            [(args.timers, Section::Timer), (args.memory, Section::Memory), (args.tcp_info, Section::Tcp)]
        {
            if asked {
                details.push(section);
            }
        }
        Self {
            writer,
            header: !args.no_header,
            owners: args.owners != pree::OwnerLookup::None,
            details,
            extended: args.extended,
            memory: args.memory,
            waiting: terminal.then(Vec::new),
        }
    }

    fn cells(&self, socket: &Socket) -> Row {
        let cells = COLUMNS.iter().map(|column| (column.cell)(socket)).collect();
        let mut rest = Vec::new();
        if self.owners {
            rest.push(words::owners(socket));
        }
        let mut add = |field: &field::Field| {
            if let Some(value) = words::value(field, socket) {
                rest.push(format!("{}:{value}", field.name));
            }
        };
        if self.extended {
            field::of(Section::Socket).filter(|field| is_detail(field)).for_each(&mut add);
        }
        for section in &self.details {
            field::of(*section).for_each(&mut add);
        }
        if self.memory {
            // A member of the socket, since it is no memory; known with it.
            field::named("drops").into_iter().for_each(&mut add);
        }
        if let Some(options) = socket.options.filter(|_| self.extended) {
            let names: Vec<_> = options.names().collect();
            // Not `options`: that is a field of tcp_info.
            rest.push(format!("sockopt:{}", names.join(",")));
        }
        Row { cells, rest: rest.join(" ") }
    }

    fn write_header(&mut self, widths: &[usize]) -> io::Result<()> {
        if !std::mem::take(&mut self.header) {
            return Ok(());
        }
        let cells = COLUMNS.iter().map(|column| column.title.to_owned()).collect();
        let rest = if self.owners { "OWNER".to_owned() } else { String::new() };
        write_row(&mut self.writer, &Row { cells, rest }, widths)
    }
}

/// What `-e` adds: everything about the socket itself that has no column.
fn is_detail(field: &field::Field) -> bool {
    !matches!(field.name, "protocol" | "family" | "type" | "state" | "recvq" | "sendq" | "drops")
}

fn write_row(writer: &mut impl Write, row: &Row, widths: &[usize]) -> io::Result<()> {
    let mut line = String::new();
    for ((cell, column), width) in row.cells.iter().zip(&COLUMNS).zip(widths) {
        // An address that is wider than its column pushes the rest: it is never cut.
        // Writing to a String cannot fail.
        let _ = if column.right { write!(line, "{cell:>width$} ") } else { write!(line, "{cell:<width$} ") };
    }
    line.push_str(&row.rest);
    line.truncate(line.trim_end().len());
    line.push('\n');
    writer.write_all(line.as_bytes())
}

impl<W: Write> Output for Table<W> {
    fn row(&mut self, socket: &Socket) -> io::Result<()> {
        let row = self.cells(socket);
        if let Some(waiting) = &mut self.waiting {
            waiting.push(row);
            return Ok(());
        }
        let widths = COLUMNS.map(|column| column.width);
        self.write_header(&widths)?;
        write_row(&mut self.writer, &row, &widths)
    }

    fn end(&mut self, _: &Coverage) -> io::Result<()> {
        let rows = self.waiting.take();
        let mut widths = COLUMNS.map(|column| if rows.is_some() { column.title.len() } else { column.width });
        for row in rows.iter().flatten() {
            for (width, cell) in widths.iter_mut().zip(&row.cells) {
                *width = (*width).max(cell.len());
            }
        }
        self.write_header(&widths)?;
        for row in rows.iter().flatten() {
            write_row(&mut self.writer, row, &widths)?;
        }
        self.writer.flush()
    }
}
