//! Rows for people: on a terminal columns fit what is in the first thousands of rows, in a pipe they are fixed and rows
//! go out as they come.

mod details;
mod fit;
mod line;
mod shorten;
mod stream;
mod width;

pub(super) use fit::Fitted;
#[cfg(test)]
pub(super) use fit::WAITING;
pub(super) use stream::Streamed;

use std::io::Write;

use super::screen::Screen;
use super::value::Form;
use super::{Output, Request};
use details::Details;
pub(super) use details::{fields, needs};

/// What both kinds of table are told.
pub(super) struct Style {
    pub(super) form: Form,
    pub(super) header: bool,
    pub(super) screen: Screen,
    /// Nothing is shortened.
    pub(super) whole: bool,
    /// Columns that may be left out where there is no room: nobody asked for them by name.
    pub(super) unasked: Vec<&'static str>,
    pub(super) details: Details,
}

/// The table for this place.
pub(super) fn of<'w>(request: &'w Request<'_>, writer: impl Write + 'w) -> Box<dyn Output + 'w> {
    let args = request.args;
    let style = Style {
        form: if args.raw_units { Form::Raw } else { Form::Human },
        header: !args.no_header,
        screen: request.screen,
        whole: args.no_trunc,
        unasked: request.unasked(),
        details: Details::of(args),
    };
    if request.screen.terminal {
        Box::new(Fitted::new(request.columns.clone(), style, writer))
    } else {
        Box::new(Streamed::new(request.columns.clone(), style, writer))
    }
}

/// A small table that is known as a whole: the first column is text, the others are numbers.
pub(super) fn lines(rows: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let columns = rows.first().map_or(0, Vec::len);
    let widest =
        |index: usize| rows.iter().filter_map(|row| row.get(index)).map(|cell| width::width(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|index| widest(index).unwrap_or(0)).collect();
    let mut out = Vec::new();
    for row in rows {
        for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
            line::add(&mut out, cell, *width, index > 0, false, index + 1 == columns);
        }
        out.push(b'\n');
    }
    out
}
