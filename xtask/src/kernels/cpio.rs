//! The archive format of initial RAM disks (`cpio`, "newc"): what a kernel unpacks when it starts, and how results come
//! back out of the machine. Host and guest share this file.

use std::io::{self, Write};

const MAGIC: &[u8; 6] = b"070701";
const HEADER_BYTES: usize = 6 + 13 * 8;
const END: &str = "TRAILER!!!";
const DIRECTORY: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;

/// Adds a directory.
pub(crate) fn directory(to: &mut impl Write, name: &str) -> io::Result<()> {
    entry(to, name, DIRECTORY, &[])
}

/// Adds a file that can be executed.
pub(crate) fn file(to: &mut impl Write, name: &str, bytes: &[u8]) -> io::Result<()> {
    entry(to, name, PROGRAM, bytes)
}

/// Ends the archive.
pub(crate) fn end(to: &mut impl Write) -> io::Result<()> {
    entry(to, END, 0, &[])
}

fn entry(to: &mut impl Write, name: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let size = u32::try_from(bytes.len()).map_err(|_| io::Error::other("a file of 4 GiB"))?;
    to.write_all(MAGIC)?;
    // inode, mode, uid, gid, links, mtime, size, device of the file (2), device it is (2), length of the name, checksum
    for number in [0, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name.len() as u32 + 1, 0] {
        write!(to, "{number:08x}")?;
    }
    to.write_all(name.as_bytes())?;
    to.write_all(&[0; 4][..=padding(HEADER_BYTES + name.len() + 1)])?;
    to.write_all(bytes)?;
    to.write_all(&[0; 4][..padding(bytes.len())])
}

/// To the next multiple of 4.
fn padding(length: usize) -> usize {
    length.wrapping_neg() % 4
}

/// The files of an archive, with their names; `None` when it does not come to its end.
pub(crate) fn read(mut bytes: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let mut files = Vec::new();
    loop {
        let header = bytes.get(..HEADER_BYTES).filter(|header| header.starts_with(MAGIC))?;
        let number = |at: usize| {
            let digits = std::str::from_utf8(header.get(6 + at * 8..14 + at * 8)?).ok()?;
            usize::from_str_radix(digits, 16).ok()
        };
        let (size, name_length) = (number(6)?, number(11)?);
        let name = bytes.get(HEADER_BYTES..(HEADER_BYTES + name_length).checked_sub(1)?)?;
        let name = std::str::from_utf8(name).ok()?.to_owned();
        let start = HEADER_BYTES + name_length;
        let start = start + padding(start);
        let content = bytes.get(start..start.checked_add(size)?)?;
        if name == END {
            return Some(files);
        }
        if number(1)? as u32 != DIRECTORY {
            files.push((name, content));
        }
        bytes = bytes.get(start + size + padding(size)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::{HEADER_BYTES, directory, end, file, read};

    #[test]
    fn what_was_written_is_read() {
        let mut archive = Vec::new();
        directory(&mut archive, "out").unwrap();
        for length in 0..9 {
            file(&mut archive, &format!("out/{}", "n".repeat(length)), &vec![b'x'; length]).unwrap();
        }
        // An archive that was cut off is none, wherever it was cut.
        for length in 0..archive.len() {
            assert_eq!(read(&archive[..length]), None, "{length}");
        }
        end(&mut archive).unwrap();
        archive.resize(4096, 0);
        let files = read(&archive).unwrap();
        assert_eq!(files.len(), 9);
        for (length, (name, content)) in files.into_iter().enumerate() {
            assert_eq!((name.len(), content), (4 + length, &vec![b'x'; length][..]));
        }
        archive[HEADER_BYTES..].fill(b'y');
        assert_eq!(read(&archive), None);
    }
}
