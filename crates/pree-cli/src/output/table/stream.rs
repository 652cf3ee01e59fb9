//! The table in a pipe: fixed widths, every row written as it comes.

use std::io::{self, Write};

use pree::Coverage;
use pree::field::View;

use super::{Style, line};
use crate::columns::Column;
use crate::output::Output;

pub(crate) struct Streamed<W> {
    writer: W,
    columns: Vec<Fixed>,
    style: Style,
    line: Vec<u8>,
    cell: Vec<u8>,
}

/// A column with what does not change from row to row.
struct Fixed {
    column: Column,
    width: usize,
    right: bool,
    last: bool,
}

impl<W: Write> Streamed<W> {
    pub(crate) fn new(columns: Vec<Column>, style: Style, writer: W) -> Self {
        let count = columns.len();
        let fixed = |(index, column): (usize, Column)| Fixed {
            column,
            width: column.pipe_width(),
            right: column.right(),
            last: index + 1 == count,
        };
        let columns = columns.into_iter().enumerate().map(fixed).collect();
        Self { writer, columns, style, line: Vec::new(), cell: Vec::new() }
    }

    fn header(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.style.header) {
            return Ok(());
        }
        self.line.clear();
        for fixed in &self.columns {
            let heading = fixed.column.heading();
            line::add(&mut self.line, heading.as_bytes(), fixed.width, fixed.right, false, fixed.last);
        }
        self.line.push(b'\n');
        self.writer.write_all(&self.line)
    }
}

impl<W: Write> Output for Streamed<W> {
    fn row(&mut self, view: &View<'_>) -> io::Result<()> {
        self.header()?;
        let Self { writer, columns, style, line, cell } = self;
        line.clear();
        for Fixed { column, width, right, last } in columns {
            if !*right && !style.screen.color {
                // Nothing stands before it: it needs no place of its own.
                let start = line.len();
                column.write(view, style.form, line);
                if line.len() == start && !column.blank() {
                    line.push(b'-');
                }
                line::fill(line, start, *width, *last);
                continue;
            }
            cell.clear();
            column.write(view, style.form, cell);
            if cell.is_empty() && !column.blank() {
                cell.push(b'-');
            }
            let trouble = style.screen.color && column.trouble(view);
            line::add(line, cell, *width, *right, trouble, *last);
        }
        line::trim(line);
        if !style.details.is_empty() {
            style.details.write(view, style.form, style.screen.color, line);
        }
        line.push(b'\n');
        writer.write_all(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.header()?;
        self.writer.flush()
    }

    fn end(&mut self, _: &Coverage) -> io::Result<()> {
        // A table without rows has its heading.
        self.header()?;
        self.writer.flush()
    }
}
