//! How an answer is written: one file a format, and one function that escapes.

mod console;
pub(crate) mod environment;
pub(crate) mod escape;
pub(crate) mod figures;
mod groups;
mod json;
mod json_quality;
pub(crate) mod json_verdicts;
mod json_writer;
mod label;
pub(crate) mod pager;
mod repeated;
mod request;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod screen;
mod separated;
mod sorted;
mod table;
mod template;
#[cfg(test)]
mod tests;
pub(crate) mod value;
pub(crate) mod words;

use std::io::{self, Write};

use pree::{Coverage, Socket};

use crate::args::Format;
use crate::sys;
pub(crate) use request::Request;

/// Writes one answer. Every write is checked; nothing is written after an error.
pub(crate) trait Output {
    /// Takes what is missing, where it is known before the first row. What comes first in the output need not wait then.
    fn begin(&mut self, _: &Coverage) -> io::Result<()> {
        Ok(())
    }

    /// Writes a socket, or keeps it for the end.
    fn row(&mut self, socket: &Socket) -> io::Result<()>;

    /// Writes what comes last, and makes sure that everything is out.
    fn end(&mut self, coverage: &Coverage) -> io::Result<()>;
}

/// The output that was asked for.
pub(crate) fn of<'w>(request: &'w Request<'_>, writer: impl Write + 'w) -> Box<dyn Output + 'w> {
    if let Some(by) = request.group_by {
        return Box::new(groups::Groups::new(by, request.args, writer));
    }
    if request.args.count {
        return Box::new(groups::Count::new(request.args.format, writer));
    }
    let rows: Box<dyn Output + 'w> = match request.args.format {
        Format::Table => table::of(request, writer),
        Format::Csv => Box::new(separated::Separated::csv(request, writer)),
        Format::Tsv => Box::new(separated::Separated::tsv(request, writer)),
        Format::Template => Box::new(template::Filled::new(&request.template, writer)),
        Format::Json => Box::new(json::Document::new(request, writer)),
        Format::Jsonl => Box::new(json::Lines::new(request.quality, writer)),
    };
    if request.orders.is_empty() {
        return rows;
    }
    Box::new(sorted::Sorted::new(&request.orders, request.args.limit, rows))
}

/// Why nothing is written to what was not open for it when the program was started.
pub(crate) fn not_writable() -> io::Error {
    io::Error::other("it is closed or not open for writing")
}

/// Standard output that is not writable.
struct NotWritable;

impl Write for NotWritable {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(not_writable())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Standard output, where every failure counts. The one of std takes a descriptor that cannot be written to for one
/// that is closed on purpose, and forgets what it is given.
pub(crate) fn stdout() -> Box<dyn Write> {
    if !sys::writable(1) {
        return Box::new(NotWritable);
    }
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        // Where there is no room for another descriptor std's must do.
        if let Ok(own) = io::stdout().as_fd().try_clone_to_owned() {
            return Box::new(std::fs::File::from(own));
        }
    }
    Box::new(io::stdout().lock())
}
