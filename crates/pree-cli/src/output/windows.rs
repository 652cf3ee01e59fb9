//! `pree watch -g FIELD --every 10s`: what passed in each such time, a line a group.

use std::io::{self, Write};
use std::time::Duration;

use pree::field::{self, Field, Value, View};
use pree::{Coverage, Event, Moment, Provenance, Totals, Window};

use super::group_keys::{self, Keys};
use super::json::document::{Watched, ended};
use super::json::writer::Json;
use super::options::Format;
use super::{Request, separated};
use crate::text::figures;
use crate::text::value::{self, Form};

/// Sums of one window after another.
pub(crate) struct Windows<'r, W> {
    request: &'r Request,
    writer: W,
    header: bool,
    keys: Keys,
    /// The sums of each group in this window.
    all: Vec<Window>,
    /// How sums are known, before anything is added.
    usual: Provenance,
    /// How those of this window are, at best.
    at_best: Provenance,
    begun: Moment,
}

/// A number of a group: how it is called, whether tables show it, the number.
type Number<'n> = (Name, bool, Value<'n>);

enum Name {
    Count(&'static str),
    Of(&'static Field),
}

impl Name {
    fn heading(&self) -> &'static str {
        match self {
            Self::Count(name) => name,
            Self::Of(field) => field.name,
        }
    }

    fn key(&self) -> &'static str {
        match self {
            Self::Count(name) => name,
            Self::Of(field) => field.key,
        }
    }
}

/// What is known of a group, in so long a window.
fn numbers(window: &Window, over: Duration) -> [Number<'static>; 16] {
    let totals = &window.totals;
    let moved = &totals.moved;
    let rate = |bytes: Option<u64>| {
        let rate = bytes.map(|bytes| bytes as f64 / over.as_secs_f64()).filter(|rate| rate.is_finite());
        rate.map_or(Value::Unknown, |rate| Value::Number(rate as u64))
    };
    let all_sent = moved.sent.map(|sent| sent.saturating_add(moved.repeated.unwrap_or(0)));
    [
        (Name::Count("opened"), true, Value::Number(totals.opened)),
        (Name::Count("closed"), true, Value::Number(totals.closed)),
        (Name::Count("failed"), true, Value::Number(totals.failed)),
        (Name::Of(field::TX_BYTES), true, moved.sent.into()),
        (Name::Of(field::RX_BYTES), true, moved.received.into()),
        (Name::Of(field::BYTES_RETRANS), false, moved.repeated.into()),
        (Name::Of(field::SEGS_OUT), false, moved.segs_out.into()),
        (Name::Of(field::SEGS_IN), false, moved.segs_in.into()),
        (Name::Of(field::TX), true, rate(all_sent)),
        (Name::Of(field::RX), true, rate(moved.received)),
        (Name::Of(field::RETRANS_RATE), true, moved.retrans_rate().map_or(Value::Unknown, Value::Share)),
        (Name::Of(field::RTT), true, window.rtt().into()),
        (Name::Of(field::RTT_BEFORE), false, window.rtt_before().into()),
        (Name::Of(field::LIMITED), false, window.limited_by().map_or(Value::Unknown, Value::Word)),
        (Name::Of(field::PROVENANCE), true, Value::Word(totals.provenance.name())),
        (Name::Of(field::WORST), true, window.issues.trouble().map_or(Value::Unknown, Value::Issues)),
    ]
}

impl<'r, W: Write> Windows<'r, W> {
    /// From this moment on.
    pub(crate) fn new(request: &'r Request, usual: Provenance, begun: Moment, writer: W) -> Self {
        let keys = Keys::new(request.group_by.clone(), group_keys::form(&request.options));
        let header = !request.options.no_header;
        Self { request, writer, header, keys, all: Vec::new(), usual, at_best: usual, begun }
    }

    /// Adds what happened.
    pub(crate) fn add(&mut self, event: &Event) {
        let Some(socket) = &event.socket else {
            // Whose that was is not known: of any group.
            let mut lost = Totals::new(self.at_best);
            lost.add(event);
            self.at_best = lost.provenance;
            return;
        };
        let place = self.keys.place(&View::new(socket).during(event));
        if place == self.all.len() {
            self.all.push(Window::new(self.usual));
        }
        if let Some(window) = self.all.get_mut(place) {
            window.add(event);
        }
    }

    /// The window ends: writes its lines.
    pub(crate) fn end_window(&mut self, at: Moment) -> io::Result<()> {
        let over = at.monotonic.zip(self.begun.monotonic);
        let over = over.map_or(Duration::ZERO, |(at, begun)| at.saturating_sub(begun));
        let best = std::mem::replace(&mut self.at_best, self.usual);
        let mut all = std::mem::take(&mut self.all);
        let is_one = self.request.group_by.is_empty();
        if is_one && all.is_empty() {
            all.push(Window::new(self.usual));
        }
        for Window { totals, .. } in &mut all {
            totals.provenance = totals.provenance.max(best);
        }
        let lines = self.lines(&all, is_one);
        if !lines.is_empty() {
            let text = match self.request.options.format {
                Format::Json | Format::Jsonl => json(&lines, at, over),
                Format::Csv | Format::Tsv => self.separated(&lines, at, over),
                Format::Table | Format::Template => self.table(&lines, at, over),
            };
            self.header &= self.request.options.format == Format::Table;
            self.writer.write_all(&text)?;
        }
        self.keys = Keys::new(self.request.group_by.clone(), self.keys.form);
        self.begun = at;
        self.writer.flush()
    }

    /// The groups that something happened to, those that moved most first.
    fn lines<'s>(&'s self, all: &'s [Window], is_one: bool) -> Vec<(Vec<&'s [u8]>, &'s Window)> {
        let is_something = |window: &Window| is_one || !window.is_silent();
        let mut lines: Vec<_> = all
            .iter()
            .enumerate()
            .filter(|(_, window)| is_something(window))
            .map(|(place, window)| (self.keys.cells(place), window))
            .collect();
        let size = |Window { totals, .. }: &Window| {
            let bytes = totals.moved.sent.unwrap_or(0).saturating_add(totals.moved.received.unwrap_or(0));
            (bytes, totals.opened + totals.closed + totals.failed)
        };
        lines.sort_by(|(a, of_a), (b, of_b)| size(of_b).cmp(&size(of_a)).then_with(|| a.cmp(b)));
        lines.truncate(self.request.options.limit.unwrap_or(usize::MAX));
        lines
    }

    /// The end of all.
    pub(crate) fn end(&mut self, coverage: &Coverage, watched: &Watched) -> io::Result<()> {
        match self.request.options.format {
            Format::Jsonl => {
                let mut line = Json::default();
                ended(&mut line, coverage, watched);
                self.writer.write_all(line.as_bytes())?;
            }
            // A table without rows has its heading.
            Format::Csv | Format::Tsv if self.header => {
                let heading = self.separated(&[], self.begun, Duration::ZERO);
                self.writer.write_all(&heading)?;
            }
            _ => {}
        }
        self.writer.flush()
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    fn table(&self, lines: &[(Vec<&[u8]>, &Window)], at: Moment, over: Duration) -> Vec<u8> {
        let form = self.keys.form;
        let mut rows = Vec::new();
        if self.header {
            let names = numbers(&Window::default(), over).into_iter().filter(|(_, shown, _)| *shown);
            let names = names.map(|(name, ..)| name.heading().to_uppercase());
            let headings =
                [field::TIME.name.to_uppercase()].into_iter().chain(self.keys.headings()).chain(names);
            rows.push(headings.map(String::into_bytes).collect::<Vec<_>>());
        }
        for (cells, window) in lines {
            let mut row = vec![cell(field::TIME, at.wall.into(), form)];
            row.extend(cells.iter().map(|cell| cell.to_vec()));
            let shown = numbers(window, over).into_iter().filter(|(_, shown, _)| *shown);
            row.extend(shown.map(|(name, _, value)| written(&name, value, form)));
            row.iter_mut().filter(|cell| cell.is_empty()).for_each(|cell| cell.push(b'-'));
            rows.push(row);
        }
        super::table::small::lines(&rows, 1 + self.keys.columns())
    }

    fn separated(&self, lines: &[(Vec<&[u8]>, &Window)], at: Moment, over: Duration) -> Vec<u8> {
        let csv = self.request.options.format == Format::Csv;
        let mut out = Vec::new();
        if self.header {
            let names = numbers(&Window::default(), over).map(|(name, ..)| name.key().to_owned());
            let first = [field::TIME.key.to_owned(), field::OVER.key.to_owned()];
            let headings: Vec<String> = first.into_iter().chain(self.keys.headings()).chain(names).collect();
            separated::record(headings.iter().map(String::as_bytes), csv, &mut out);
        }
        for (cells, window) in lines {
            let first = [(field::TIME, at.wall.into()), (field::OVER, Value::Duration(over))];
            let first = first.map(|(field, value)| cell(field, value, Form::Machine));
            let numbers = numbers(window, over).map(|(name, _, value)| written(&name, value, Form::Machine));
            let all = first.iter().map(Vec::as_slice).chain(cells.iter().copied());
            separated::record(all.chain(numbers.iter().map(Vec::as_slice)), csv, &mut out);
        }
        out
    }
}

fn cell(field: &Field, value: Value<'_>, form: Form) -> Vec<u8> {
    let mut out = Vec::new();
    value::write(field, value, form, &mut out);
    out
}

fn written(name: &Name, value: Value<'_>, form: Form) -> Vec<u8> {
    match (name, value) {
        (Name::Of(field), value) => cell(field, value, form),
        (Name::Count(_), Value::Number(number)) => {
            let mut out = Vec::new();
            figures::number(number, &mut out);
            out
        }
        (Name::Count(_), _) => Vec::new(),
    }
}

fn json(lines: &[(Vec<&[u8]>, &Window)], at: Moment, over: Duration) -> Vec<u8> {
    let mut json = Json::default();
    for (cells, window) in lines {
        json.open(b'{');
        json.value(field::TIME.key, field::TIME.unit, at.wall.into());
        json.value(field::MONOTONIC.key, field::MONOTONIC.unit, at.monotonic.into());
        json.value(field::OVER.key, field::OVER.unit, Value::Duration(over));
        group_keys::member(&mut json, cells);
        for (name, _, value) in numbers(window, over) {
            let unit = if let Name::Of(field) = &name { field.unit } else { field::Unit::Count };
            json.value(name.key(), unit, value);
        }
        json.close(b'}');
        json.raw(b"\n");
    }
    json.as_bytes().to_vec()
}
