//! Rows into an output as they come.

use std::io::Write;
use std::ops::ControlFlow;

use pree::field::View;
use pree::{Coverage, Query, Socket};

use crate::exit::Failure;
use crate::output::{self, Request};
use crate::session::Session;

/// Writes the rows that are wanted, until there are as many as were asked for. How many were written.
pub(super) fn write(
    session: &Session,
    query: &Query,
    request: &Request,
    writer: impl Write,
    mut wanted: impl FnMut(&Socket) -> bool,
) -> Result<(usize, Coverage), Failure> {
    let most = request.most();
    let mut output = output::of(request, writer);
    let (mut rows, mut written) = (0, Ok(()));
    let coverage = session.visit(query, |socket| {
        if !wanted(socket) {
            return ControlFlow::Continue(());
        }
        if rows == most {
            return ControlFlow::Break(());
        }
        rows += 1;
        written = output.row(&View::new(socket));
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    output.end(&coverage)?;
    Ok((rows, coverage))
}
