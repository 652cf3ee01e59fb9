//! How an answer is written: one file a format, and one function that escapes.

pub(crate) mod escape;
mod json;
mod json_quality;
mod json_writer;
mod table;
mod words;

use std::io::{self, Write};

use pree::{Coverage, Socket};

use crate::args::{Args, Format};

/// Writes one answer. Every write is checked; nothing is written after an error.
pub(crate) trait Output {
    /// Writes a socket, or keeps it for the end.
    fn row(&mut self, socket: &Socket) -> io::Result<()>;

    /// Writes what comes last, and makes sure that everything is out.
    fn end(&mut self, coverage: &Coverage) -> io::Result<()>;
}

/// The output that was asked for.
pub(crate) fn of<'w>(args: &Args, terminal: bool, writer: impl Write + 'w) -> Box<dyn Output + 'w> {
    match args.format {
        // The other formats are not there yet.
        Format::Table | Format::Csv | Format::Tsv | Format::Template => {
            Box::new(table::Table::new(args, terminal, writer))
        }
        Format::Json => Box::new(json::Document::new(writer)),
        Format::Jsonl => Box::new(json::Lines::new(writer)),
    }
}
