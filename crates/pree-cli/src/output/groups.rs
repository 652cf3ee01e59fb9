//! `--count` and `-g`: how many, not which.
//!
//! A group is all sockets with the same text in one column. The remote end counts without its port, which for a client
//! is a different one each time; the process by its name, with the reason for those that have none: `(accept_queue)`, where a process
//! of that name is `"(accept_queue)"`.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use pree::field::{self, View};
use pree::{Coverage, Process, State};

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

/// A number of sockets for each value of a column.
pub(super) struct Groups<W> {
    by: Column,
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
    /// Those of groups by a command line, by where in memory it is: it is written once for each process. Of a process that is
    /// kept, no other's is there.
    long: HashMap<*const u8, (usize, Arc<Process>)>,
    key: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Sums {
    count: u64,
    /// Bytes; a listener's queue is none. `None` once it is unknown of any socket: a part is not the sum.
    recv_queue: Option<u64>,
    send_queue: Option<u64>,
}

impl Sums {
    const NONE: Self = Self { count: 0, recv_queue: Some(0), send_queue: Some(0) };
}

fn add(sum: &mut Option<u64>, bytes: Option<u32>) {
    *sum = sum.zip(bytes).map(|(sum, bytes)| sum.saturating_add(bytes.into()));
}

impl<W: Write> Groups<W> {
    pub(super) fn new(by: Column, options: &Options, writer: W) -> Self {
        let form = match (options.format, options.raw_units) {
            (Format::Table, false) => Form::Human,
            (Format::Table, true) => Form::Raw,
            _ => Form::Machine,
        };
        Self {
            by,
            form,
            format: options.format,
            header: !options.no_header,
            brief: options.count,
            limit: options.limit.unwrap_or(usize::MAX),
            writer,
            all: Vec::new(),
            places: HashMap::new(),
            long: HashMap::new(),
            key: Vec::new(),
        }
    }

    fn read_key(&mut self, view: &View<'_>) {
        let socket = view.socket();
        self.key.clear();
        match self.by.name() {
            "remote" => match socket.remote.as_ref().and_then(pree::Address::socket_addr) {
                Some(address) => words::host(address, &mut self.key),
                None => self.by.write(view, self.form, &mut self.key),
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
            _ => self.by.write(view, self.form, &mut self.key),
        }
    }

    /// The place of the group that a socket is of.
    fn place(&mut self, view: &View<'_>) -> usize {
        let owner = view.socket().owners.first();
        let long = match (self.by.key(view), owner) {
            (Key::Text(text), Some(owner)) if text.len() > LONG => Some((text.as_ptr(), owner)),
            _ => None,
        };
        if let Some((at, _)) = long.and_then(|(text, _)| self.long.get(&text)) {
            return *at;
        }
        self.read_key(view);
        let at = self.places.get(&self.key).copied().unwrap_or_else(|| {
            self.places.insert(self.key.clone(), self.all.len());
            self.all.push((self.key.clone(), Sums::NONE));
            self.all.len() - 1
        });
        if let Some((text, owner)) = long {
            self.long.insert(text, (at, Arc::clone(&owner.process)));
        }
        at
    }

    /// The largest first, those of one size by name.
    fn ordered(&mut self) -> Vec<(Vec<u8>, Sums)> {
        let mut groups = std::mem::take(&mut self.all);
        groups.sort_by(|(a, of_a), (b, of_b)| of_b.count.cmp(&of_a.count).then_with(|| a.cmp(b)));
        groups.truncate(self.limit);
        groups
    }

    fn headings(&self) -> Vec<String> {
        let name = if self.form == Form::Machine { self.by.machine_name() } else { self.by.heading() };
        let mut headings = vec![name];
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

    fn table(&mut self) -> Vec<u8> {
        let mut rows: Vec<Vec<Vec<u8>>> = Vec::new();
        if self.header {
            rows.push(self.headings().into_iter().map(String::into_bytes).collect());
        }
        for (key, sums) in self.ordered() {
            let key = if key.is_empty() { b"-".to_vec() } else { key };
            rows.push(std::iter::once(key).chain(self.numbers(sums)).collect());
        }
        super::table::small::lines(&rows)
    }

    fn separated(&mut self) -> Vec<u8> {
        let csv = self.format == Format::Csv;
        let mut out = Vec::new();
        if self.header {
            let headings = self.headings();
            separated::record(headings.iter().map(String::as_bytes), csv, &mut out);
        }
        for (key, sums) in self.ordered() {
            let numbers = self.numbers(sums);
            let cells = std::iter::once(key.as_slice()).chain(numbers.iter().map(Vec::as_slice));
            separated::record(cells, csv, &mut out);
        }
        out
    }

    fn json(&mut self, coverage: &Coverage) -> Vec<u8> {
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
        for (key, sums) in self.ordered() {
            json.open(b'{');
            json.key("key");
            if key.is_empty() {
                json.null();
            } else {
                json.string(&String::from_utf8_lossy(&key));
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
