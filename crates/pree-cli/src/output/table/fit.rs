//! The table on a terminal: columns fit what is in the first rows and the terminal; the rest of a long list goes out as
//! it comes.

use std::io::{self, Write};

use pree::field::View;
use pree::{Coverage, Needs};

use super::{Style, line, shorten};
use crate::columns::{Column, Shrink};
use crate::output::Output;
use crate::text::width::width;

/// An IPv4 address and port: what an address column keeps however narrow the terminal is.
const ADDRESS: usize = 21;
/// An IPv6 address and port at their longest: wider ones, as names of Unix sockets can be, push their own row and no other.
const LONGEST_ADDRESS: usize = 47;
/// What a column that may be shortened keeps.
const LEAST: usize = 8;
/// Rows that wait: more than anybody reads, and a few megabytes. Columns fit these; a later cell that is wider pushes the
/// rest of its row, as in a pipe.
pub(in crate::output) const WAITING: usize = 4096;

pub(crate) struct Fitted<W> {
    writer: W,
    columns: Vec<Column>,
    style: Style,
    /// The columns that are shown, once that is decided.
    shown: Option<Vec<Shown>>,
    /// The cells of the rows that wait, one after another.
    text: Vec<u8>,
    /// Where each cell ends in it: for every row its columns, then its details.
    ends: Vec<usize>,
    /// For every row the columns that mean trouble, as bits; columns after the 64th have no colour.
    trouble: Vec<u64>,
    /// The widest cell of each column.
    widest: Vec<usize>,
    /// What each column keeps if it may be shortened: process ids, and the words that say why there is no owner, stay whole.
    least: Vec<usize>,
    /// Whether any row knows the value of each column.
    known: Vec<bool>,
}

impl<W: Write> Fitted<W> {
    pub(crate) fn new(columns: Vec<Column>, style: Style, writer: W) -> Self {
        let headings = columns.iter().map(|column| if style.header { column.heading().len() } else { 1 });
        let widest = headings.collect();
        let (least, known) = (vec![LEAST; columns.len()], vec![false; columns.len()]);
        Self {
            writer,
            columns,
            style,
            shown: None,
            text: Vec::new(),
            ends: Vec::new(),
            trouble: Vec::new(),
            widest,
            least,
            known,
        }
    }

    /// The columns of the terminal, if rows are to fit into them.
    fn room(&self) -> Option<usize> {
        self.style.screen.width.filter(|_| self.style.details.is_empty() || !self.style.oneline)
    }

    /// The columns to show and how wide.
    fn layout(&self) -> Vec<Shown> {
        let mut shown: Vec<Shown> = self
            .columns
            .iter()
            .zip(self.widest.iter().zip(&self.least))
            .enumerate()
            .map(|(index, (column, (width, least)))| Shown {
                index,
                column: *column,
                width: if column.is_address() { (*width).min(LONGEST_ADDRESS) } else { *width },
                least: *least,
            })
            .collect();
        // Statistics that nobody asked for and no row has: of listeners, of UDP.
        shown.retain(|s| {
            let known = self.known.get(s.index).copied().unwrap_or(true);
            known
                || !s.column.needs().contains(Needs::STATS)
                || !self.style.unasked.contains(&s.column.name())
        });
        let Some(room) = self.room() else { return shown };
        let shrinks = |column: &Shown| !self.style.whole && column.column.shrink() != Shrink::No;
        // How wide a column is where those that may be shortened are no wider than this, or than the least they can be.
        let width = |s: &Shown, cap: usize| if shrinks(s) { s.width.min(cap.max(s.least)) } else { s.width };
        // What the columns take then, with the spaces between them.
        let taken = |shown: &[Shown], cap| -> usize {
            shown.iter().map(|s| width(s, cap) + 1).sum::<usize>().saturating_sub(1)
        };
        let least = |shown: &[Shown]| taken(shown, 0);
        while least(&shown) > room {
            let unasked = shown.iter().filter(|s| self.style.unasked.contains(&s.column.name()));
            let first = unasked.max_by_key(|s| s.column.dropped()).filter(|s| s.column.dropped() > 0);
            let Some(index) = first.map(|s| s.index) else { break };
            shown.retain(|s| s.index != index);
        }
        // One long address is no reason to push every row off the screen.
        while least(&shown) > room {
            let over = least(&shown) - room;
            let addresses = shown.iter_mut().filter(|s| s.column.is_address() && s.width > ADDRESS);
            let Some(address) = addresses.max_by_key(|s| s.width) else { break };
            address.width = address.width.saturating_sub(over).max(ADDRESS);
        }
        let cap = (0..=room).rev().find(|cap| taken(&shown, *cap) <= room).unwrap_or(0);
        for column in &mut shown {
            column.width = width(column, cap);
        }
        shown
    }

    fn header(&mut self, shown: &[Shown]) -> io::Result<()> {
        if !self.style.header {
            return Ok(());
        }
        let mut line = Vec::new();
        let last = shown.len().saturating_sub(1);
        for (at, Shown { column, width, .. }) in shown.iter().enumerate() {
            let heading = column.heading();
            line::add(&mut line, heading.as_bytes(), *width, column.right(), false, at == last);
        }
        line::trim(&mut line);
        line.push(b'\n');
        self.writer.write_all(&line)
    }

    /// Writes the rows that wait. The first time decides how.
    fn write_rows(&mut self) -> io::Result<()> {
        let shown = if let Some(shown) = self.shown.take() {
            shown
        } else {
            let shown = self.layout();
            self.header(&shown)?;
            shown
        };
        let mut line = Vec::new();
        let last = shown.len().saturating_sub(1);
        let mut begin = 0;
        for (ends, trouble) in self.ends.chunks(self.columns.len() + 1).zip(&self.trouble) {
            line.clear();
            for (at, Shown { index, column, width, .. }) in shown.iter().enumerate() {
                let start =
                    index.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(begin);
                let end = ends.get(*index).copied().unwrap_or(start);
                let cell = self.text.get(start..end).unwrap_or_default();
                let trouble = trouble.checked_shr(*index as u32).unwrap_or(0) & 1 == 1;
                let narrow = std::str::from_utf8(cell).map(|cell| match column.shrink() {
                    Shrink::Owners => shorten::owners(cell, *width),
                    Shrink::Middle => shorten::middle(cell, *width),
                    Shrink::No => cell.into(),
                });
                let cell = narrow.as_ref().map_or(cell, |narrow| narrow.as_bytes());
                line::add(&mut line, cell, *width, column.right(), trouble, at == last);
            }
            line::trim(&mut line);
            let details = ends.len().checked_sub(2).and_then(|before| ends.get(before)).copied();
            let end = ends.last().copied().unwrap_or(begin);
            let details = self.text.get(details.unwrap_or(end)..end).unwrap_or_default();
            line::details(&mut line, details, self.room());
            line.push(b'\n');
            self.writer.write_all(&line)?;
            begin = end;
        }
        self.text.clear();
        self.ends.clear();
        self.trouble.clear();
        self.shown = Some(shown);
        Ok(())
    }
}

/// A column that is shown.
struct Shown {
    /// Which of all columns it is.
    index: usize,
    column: Column,
    width: usize,
    least: usize,
}

impl<W: Write> Output for Fitted<W> {
    fn row(&mut self, view: &View<'_>) -> io::Result<()> {
        let mut trouble = 0;
        let most = self.room().filter(|_| !self.style.whole).unwrap_or(usize::MAX);
        let widths = self.widest.iter_mut().zip(&mut self.least).zip(&mut self.known);
        for (index, (column, ((widest, least), known))) in self.columns.iter().zip(widths).enumerate() {
            let start = self.text.len();
            column.write_ends(view, self.style.form, most, &mut self.text);
            if self.text.len() > start {
                *known = true;
            } else if !column.blank() {
                self.text.push(b'-');
            }
            let cell = self.text.get(start..).unwrap_or_default();
            *widest = (*widest).max(width(cell));
            if column.shrink() == Shrink::Owners && width(cell) > *least {
                let narrow = std::str::from_utf8(cell).map(|cell| shorten::owners(cell, 0));
                *least = (*least).max(width(narrow.as_ref().map_or(cell, |narrow| narrow.as_bytes())));
            }
            self.ends.push(self.text.len());
            if self.style.screen.color && index < 64 && column.trouble(view) {
                trouble |= 1 << index;
            }
        }
        self.style.details.write(view, self.style.form, self.style.screen.color, &mut self.text);
        self.ends.push(self.text.len());
        self.trouble.push(trouble);
        if self.trouble.len() == WAITING { self.write_rows() } else { Ok(()) }
    }

    fn end(&mut self, _: &Coverage) -> io::Result<()> {
        self.write_rows()?;
        self.writer.flush()
    }
}
