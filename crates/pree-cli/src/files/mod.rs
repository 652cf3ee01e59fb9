//! Files that the user names: nothing else in the command opens them. `-` is standard input or output.

mod write;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::sys;
use crate::text::escape;
pub(crate) use write::write;

/// Opens what is to be read.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let descriptor = if path.as_os_str() == "-" { Some(0) } else { own_descriptor(path) };
    if descriptor.is_some_and(|descriptor| !sys::readable(descriptor)) {
        return Err(io::Error::other("it is closed or not open for reading"));
    }
    if path.as_os_str() == "-" { Ok(Box::new(io::stdin().lock())) } else { Ok(Box::new(File::open(path)?)) }
}

/// The descriptor of this process that a path leads to, through links that are the system's.
fn own_descriptor(path: &Path) -> Option<usize> {
    match path.to_str()? {
        "/dev/stdin" => Some(0),
        "/dev/stdout" => Some(1),
        "/dev/stderr" => Some(2),
        path => {
            let folders = ["/dev/fd/", "/proc/self/fd/"];
            folders.iter().find_map(|folder| path.strip_prefix(folder))?.parse().ok()
        }
    }
}

/// Reads on to the end, so that there are `most` bytes in all, or fails: some files have no end.
pub(crate) fn read_to_end(input: &mut dyn Read, bytes: &mut Vec<u8>, most: usize) -> io::Result<()> {
    let room = most.saturating_sub(bytes.len()).saturating_add(1);
    input.take(room as u64).read_to_end(bytes)?;
    if bytes.len() > most {
        let text = format!("it has more than {} MiB", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(())
}

/// A file's name for a message.
pub(crate) fn name(path: &Path) -> String {
    if path.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        escape::quoted(path.as_os_str().as_encoded_bytes())
    }
}
