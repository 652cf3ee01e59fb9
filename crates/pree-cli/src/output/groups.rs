//! `--count` and `-g`: how many, not which.
//!
//! A group is all sockets with the same text in one column, or in several. The remote end counts without its port, which for a client
//! is a different one each time; the process by its name, with the reason for those that have none: `(accept_queue)`, where a process
//! of that name is `"(accept_queue)"`.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use pree::field::{self, View};
use pree::{Coverage, Process, State};

use super::group_order::{Order, Sums};
use super::json::document::completeness;
use super::json::writer::Json;
use super::options::{Format, Options};
use super::{Output, separated};
use crate::columns::{Column, Key, LONG};
use crate::text::value::Form;
use crate::text::{escape, figures, words};

/// The number of sockets.
pub(super) struct Count<W> {
    format: Format,
    writer: W,
    sockets: u64,
}

impl<W: Write> Count<W> {
    pub(super) fn new(format: Format, writer: W) -> Self {
        Self { format, writer, sockets: 0 }
    }
}

impl<W: Write> Output for Count<W> {
    fn row(&mut self, _: &View<'_>) -> io::Result<()> {
        self.sockets += 1;
        Ok(())
    }

    fn end(&mut self, coverage: &Coverage) -> io::Result<()> {
        let mut out = Vec::new();
        if matches!(self.format, Format::Json | Format::Jsonl) {
            let mut json = Json::default();
            json.open(b'{');
            completeness(&mut json, coverage);
            json.key("count");
            json.number(self.sockets);
            json.close(b'}');
            out.extend_from_slice(json.as_bytes());
        } else {
            figures::number(self.sockets, &mut out);
        }
        out.push(b'\n');
        self.writer.write_all(&out)?;
        self.writer.flush()
    }
}

/// What stands between the cells of a group's key, and before the number of a long text: no cell has either, for it is escaped.
const BETWEEN: u8 = 0;
const LONG_TEXT: u8 = 1;

/// A number of sockets for each value of a column, or of several.
pub(super) struct Groups<W> {
    by: Vec<Column>,
    orders: Vec<Order>,
    form: Form,
    format: Format,
    header: bool,
    /// Only group and count.
    brief: bool,
    limit: usize,
    writer: W,
    /// What each group has in common, and its sums.
    all: Vec<(Vec<u8>, Sums)>,
    /// Their places in the list.
    places: HashMap<Vec<u8>, usize>,
    /// Cells that are long, each once, and their places in the list.
    texts: Vec<Vec<u8>>,
    text_places: HashMap<Vec<u8>, usize>,
    /// The same by where in memory they are: a command line is written once for each process. Of a process that is kept, no
    /// other's is there.
    long: HashMap<(usize, *const u8), (usize, Arc<Process>)>,
    key: Vec<u8>,
}

impl Sums {
    const NONE: Self = Self { count: 0, recv_queue: Some(0), send_queue: Some(0) };
}

fn add(sum: &mut Option<u64>, bytes: Option<u32>) {
    *sum = sum.zip(bytes).map(|(sum, bytes)| sum.saturating_add(bytes.into()));
}

impl<W: Write> Groups<W> {
    pub(super) fn new(by: Vec<Column>, orders: Vec<Order>, options: &Options, writer: W) -> Self {
        let form = match (options.format, options.raw_units) {
            (Format::Table, false) => Form::Human,
            (Format::Table, true) => Form::Raw,
            _ => Form::Machine,
        };
        Self {
            by,
            orders,
            form,
            format: options.format,
            header: !options.no_header,
            brief: options.count,
            limit: options.limit.unwrap_or(usize::MAX),
            writer,
            all: Vec::new(),
            places: HashMap::new(),
            texts: Vec::new(),
            text_places: HashMap::new(),
            long: HashMap::new(),
            key: Vec::new(),
        }
    }

    /// Adds the text of a column to the key.
    fn read_cell(&mut self, by: Column, view: &View<'_>) {
        let socket = view.socket();
        match by.name() {
            "remote" => match socket.remote.as_ref().and_then(pree::Address::socket_addr) {
                Some(address) => words::host(socket, address, &mut self.key),
                None => by.write(view, self.form, &mut self.key),
            },
            name if name == "owner" || name == field::PROCESS.name => match socket.owners.first() {
                Some(owner) => {
                    let name = owner.process.name.as_bytes();
                    let shown = match name {
                        // Bare it could be a reason, one in quotes, or nobody.
                        [] | [b'(' | b'"', ..] => escape::quoted(name).into(),
                        _ if self.form == Form::Machine => escape::text(name),
                        _ => escape::word(name),
                    };
                    self.key.extend_from_slice(shown.as_bytes());
                }
                None => words::unowned(socket, &mut self.key),
            },
            _ => by.write(view, self.form, &mut self.key),
        }
    }

    /// The same of a long text, by its number.
    fn read_long_cell(
        &mut self,
        place: usize,
        by: Column,
        text: *const u8,
        view: &View<'_>,
        owner: &Arc<Process>,
    ) {
        let known = self.long.get(&(place, text)).map(|(number, _)| *number);
        let number = known.unwrap_or_else(|| {
            let start = self.key.len();
            self.read_cell(by, view);
            let cell = self.key.split_off(start);
            let number = *self.text_places.entry(cell).or_insert_with_key(|cell| {
                self.texts.push(cell.clone());
                self.texts.len() - 1
            });
            self.long.insert((place, text), (number, Arc::clone(owner)));
            number
        });
        self.key.push(LONG_TEXT);
        figures::number(number as u64, &mut self.key);
    }

    /// The place of the group that a socket is of.
    fn place(&mut self, view: &View<'_>) -> usize {
        self.key.clear();
        for place in 0..self.by.len() {
            let by = self.by[place];
            if place > 0 {
                self.key.push(BETWEEN);
            }
            match (by.key(view), view.socket().owners.first()) {
                (Key::Text(text), Some(owner)) if text.len() > LONG => {
                    self.read_long_cell(place, by, text.as_ptr(), view, &owner.process);
                }
                _ => self.read_cell(by, view),
            }
        }
        self.places.get(&self.key).copied().unwrap_or_else(|| {
            self.places.insert(self.key.clone(), self.all.len());
            self.all.push((self.key.clone(), Sums::NONE));
            self.all.len() - 1
        })
    }

    /// What the sockets of a group have in common.
    fn cells<'k>(&'k self, key: &'k [u8]) -> Vec<&'k [u8]> {
        let of_number =
            |number: &[u8]| self.texts.get(std::str::from_utf8(number).ok()?.parse::<usize>().ok()?);
        let whole = |cell: &'k [u8]| match cell {
            [LONG_TEXT, number @ ..] => of_number(number).map_or(&b""[..], Vec::as_slice),
            cell => cell,
        };
        key.split(|byte| *byte == BETWEEN).map(whole).collect()
    }

    /// As they are sorted; else the largest first, those of one size by name.
    fn ordered(&self) -> Vec<(Vec<&[u8]>, Sums)> {
        let mut groups: Vec<_> = self.all.iter().map(|(key, sums)| (self.cells(key), *sums)).collect();
        groups.sort_by(|(a, of_a), (b, of_b)| {
            let by_size = || of_b.count.cmp(&of_a.count).then_with(|| a.cmp(b));
            let mut each = self.orders.iter().map(|order| order.compare((a, of_a), (b, of_b)));
            each.find(|order| order.is_ne()).unwrap_or_else(by_size)
        });
        groups.truncate(self.limit);
        groups
    }

    fn headings(&self) -> Vec<String> {
        let name = |by: &Column| match by.heading() {
            _ if self.form == Form::Machine => by.machine_name(),
            // Beside other columns it needs none.
            none if none.is_empty() => by.name().to_uppercase(),
            heading => heading,
        };
        let mut headings: Vec<String> = self.by.iter().map(name).collect();
        let numbers =
            if self.brief { &["count"][..] } else { &["count", field::RECVQ.name, field::SENDQ.name] };
        let upper =
            |name: &&str| if self.form == Form::Machine { (*name).to_owned() } else { name.to_uppercase() };
        headings.extend(numbers.iter().map(upper));
        headings
    }

    fn numbers(&self, sums: Sums) -> Vec<Vec<u8>> {
        let all = [Some(sums.count), sums.recv_queue, sums.send_queue];
        let shown = if self.brief { 1 } else { all.len() };
        let nothing: &[u8] = if self.form == Form::Machine { b"" } else { b"-" };
        let digits = |number: &Option<u64>| {
            let Some(number) = *number else { return nothing.to_vec() };
            let mut out = Vec::new();
            figures::number(number, &mut out);
            out
        };
        all.iter().take(shown).map(digits).collect()
    }

    fn table(&self) -> Vec<u8> {
        let mut rows: Vec<Vec<Vec<u8>>> = Vec::new();
        if self.header {
            rows.push(self.headings().into_iter().map(String::into_bytes).collect());
        }
        for (cells, sums) in self.ordered() {
            let cells =
                cells.into_iter().map(|cell| if cell.is_empty() { b"-".to_vec() } else { cell.to_vec() });
            rows.push(cells.chain(self.numbers(sums)).collect());
        }
        super::table::small::lines(&rows, self.by.len())
    }

    fn separated(&self) -> Vec<u8> {
        let csv = self.format == Format::Csv;
        let mut out = Vec::new();
        if self.header {
            let headings = self.headings();
            separated::record(headings.iter().map(String::as_bytes), csv, &mut out);
        }
        for (cells, sums) in self.ordered() {
            let numbers = self.numbers(sums);
            let cells = cells.into_iter().chain(numbers.iter().map(Vec::as_slice));
            separated::record(cells, csv, &mut out);
        }
        out
    }

    fn json(&self, coverage: &Coverage) -> Vec<u8> {
        let lines = self.format == Format::Jsonl;
        let mut json = Json::default();
        let mut last = Json::default();
        last.open(b'{');
        completeness(&mut last, coverage);
        if !lines {
            json.raw(last.as_bytes());
            json.key("groups");
            json.open(b'[');
        }
        for (cells, sums) in self.ordered() {
            json.open(b'{');
            json.key("key");
            let is_list = cells.len() > 1;
            if is_list {
                json.open(b'[');
            }
            for cell in cells {
                if cell.is_empty() { json.null() } else { json.string(&String::from_utf8_lossy(cell)) }
            }
            if is_list {
                json.close(b']');
            }
            json.key("count");
            json.number(sums.count);
            if !self.brief {
                for (key, sum) in [("recv_queue", sums.recv_queue), ("send_queue", sums.send_queue)] {
                    json.key(key);
                    match sum {
                        Some(sum) => json.number(sum),
                        None => json.null(),
                    }
                }
            }
            json.close(b'}');
            if lines {
                json.raw(b"\n");
            }
        }
        if lines {
            last.close(b'}');
            json.raw(last.as_bytes());
        } else {
            json.close(b']');
            json.close(b'}');
        }
        json.raw(b"\n");
        json.as_bytes().to_vec()
    }
}

impl<W: Write> Output for Groups<W> {
    fn row(&mut self, view: &View<'_>) -> io::Result<()> {
        let at = self.place(view);
        let socket = view.socket();
        if let Some((_, sums)) = self.all.get_mut(at) {
            sums.count += 1;
            let listens = socket.state == State::Listen;
            add(&mut sums.recv_queue, if listens { Some(0) } else { socket.recv_queue });
            add(&mut sums.send_queue, if listens { Some(0) } else { socket.send_queue });
        }
        Ok(())
    }

    fn end(&mut self, coverage: &Coverage) -> io::Result<()> {
        let text = match self.format {
            Format::Json | Format::Jsonl => self.json(coverage),
            Format::Csv | Format::Tsv => self.separated(),
            Format::Table | Format::Template => self.table(),
        };
        self.writer.write_all(&text)?;
        self.writer.flush()
    }
}
