//! Standard output.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::exit::Failure;
use crate::sys;

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

/// Writes a text to standard output.
pub(crate) fn print(text: impl AsRef<[u8]>) -> Result<ExitCode, Failure> {
    let mut stdout = stdout();
    stdout.write_all(text.as_ref())?;
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}
