//! Rows for people: on a terminal columns fit what is in the first thousands of rows, in a pipe they are fixed and rows
//! go out as they come.

pub(super) mod details;
mod fit;
mod line;
mod shorten;
pub(super) mod small;
mod stream;
mod style;

pub(super) use fit::Fitted;
#[cfg(test)]
pub(super) use fit::WAITING;
pub(super) use stream::Streamed;

use std::io::Write;

use super::{Output, Request};
use crate::text::value::Form;
use details::Details;
use style::Style;

/// The table for this place.
pub(super) fn of<'w>(request: &'w Request, writer: impl Write + 'w) -> Box<dyn Output + 'w> {
    let options = &request.options;
    let style = Style {
        form: if options.raw_units { Form::Raw } else { Form::Human },
        header: !options.no_header,
        screen: request.screen,
        whole: options.no_trunc,
        unasked: request.unasked(),
        details: Details::of(options.details),
        oneline: options.oneline,
    };
    if request.screen.terminal && request.rows.events.is_none() {
        Box::new(Fitted::new(request.columns.clone(), style, writer))
    } else {
        Box::new(Streamed::new(request.columns.clone(), style, writer))
    }
}
