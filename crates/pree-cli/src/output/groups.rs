//! `--count` and `-g`: how many, not which.
//!
//! A group is all sockets with the same text in one column, or in several.

use std::io::{self, Write};

use pree::field::{self, View};
use pree::{Coverage, State};

use super::group_keys::{self, Keys};
use super::group_order::{Order, Sums};
use super::json::document::completeness;
use super::json::writer::Json;
use super::options::{Format, Options};
use super::{Output, separated};
use crate::columns::Column;
use crate::text::figures;
use crate::text::value::Form;

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

/// A number of sockets for each value of a column, or of several.
pub(super) struct Groups<W> {
    keys: Keys,
    orders: Vec<Order>,
    format: Format,
    header: bool,
    /// Only group and count.
    brief: bool,
    limit: usize,
    writer: W,
    /// The sums of each group.
    all: Vec<Sums>,
}

impl Sums {
    const NONE: Self = Self { count: 0, recv_queue: Some(0), send_queue: Some(0) };
}

fn add(sum: &mut Option<u64>, bytes: Option<u32>) {
    *sum = sum.zip(bytes).map(|(sum, bytes)| sum.saturating_add(bytes.into()));
}

impl<W: Write> Groups<W> {
    pub(super) fn new(by: Vec<Column>, orders: Vec<Order>, options: &Options, writer: W) -> Self {
        Self {
            keys: Keys::new(by, group_keys::form(options)),
            orders,
            format: options.format,
            header: !options.no_header,
            brief: options.count,
            limit: options.limit.unwrap_or(usize::MAX),
            writer,
            all: Vec::new(),
        }
    }

    /// As they are sorted; else the largest first, those of one size by name.
    fn ordered(&self) -> Vec<(Vec<&[u8]>, Sums)> {
        let mut groups: Vec<_> =
            self.all.iter().enumerate().map(|(place, sums)| (self.keys.cells(place), *sums)).collect();
        groups.sort_by(|(a, of_a), (b, of_b)| {
            let by_size = || of_b.count.cmp(&of_a.count).then_with(|| a.cmp(b));
            let mut each = self.orders.iter().map(|order| order.compare((a, of_a), (b, of_b)));
            each.find(|order| order.is_ne()).unwrap_or_else(by_size)
        });
        groups.truncate(self.limit);
        groups
    }

    fn headings(&self) -> Vec<String> {
        let mut headings: Vec<String> = self.keys.headings().collect();
        let numbers =
            if self.brief { &["count"][..] } else { &["count", field::RECVQ.name, field::SENDQ.name] };
        let upper = |name: &&str| {
            if self.keys.form == Form::Machine { (*name).to_owned() } else { name.to_uppercase() }
        };
        headings.extend(numbers.iter().map(upper));
        headings
    }

    fn numbers(&self, sums: Sums) -> Vec<Vec<u8>> {
        let all = [Some(sums.count), sums.recv_queue, sums.send_queue];
        let shown = if self.brief { 1 } else { all.len() };
        let nothing: &[u8] = if self.keys.form == Form::Machine { b"" } else { b"-" };
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
        super::table::small::lines(&rows, self.keys.columns())
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
            group_keys::member(&mut json, &cells);
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
        let at = self.keys.place(view);
        if at == self.all.len() {
            self.all.push(Sums::NONE);
        }
        let socket = view.socket();
        if let Some(sums) = self.all.get_mut(at) {
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
