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

/// Standard output, where every failure counts. The one of std takes a descriptor that cannot be written to for one
/// that is closed on purpose, and forgets what it is given.
pub(crate) fn stdout() -> Box<dyn Write> {
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
