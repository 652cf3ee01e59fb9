//! The one way in which the command writes a file.
//!
//! The directory is opened once, and all is done in it by name: whoever can change what stands there, or on the way to
//! it, meanwhile leads the bytes nowhere else.

use std::ffi::OsStr;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::Path;

use super::own_descriptor;
use crate::output;
use crate::sys::{self, Directory, Entry, Held};

/// Names that are tried for a new file. They are random, so the first one is free.
const TRIES: usize = 8;

/// Writes a file whole or not at all, for its owner alone: to a new file, which then takes its name. A device is
/// written to, and so is a pipe of the user's own; a symbolic link is not followed.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let descriptor = if path.as_os_str() == "-" { Some(1) } else { own_descriptor(path) };
    if let Some(descriptor) = descriptor {
        return write_to(descriptor, path, bytes);
    }
    let Some(name) = path.file_name().filter(|_| !path.as_os_str().as_encoded_bytes().ends_with(b"/")) else {
        return Err(refusal("it is a directory"));
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let directory = Directory::open(folder.unwrap_or(Path::new(".")))?;
    match directory.entry(name)? {
        Entry::None | Entry::File => replace(&directory, name, bytes),
        Entry::Stream => directory.open_stream(name)?.write_all(bytes),
        Entry::Directory => Err(refusal("it is a directory")),
        Entry::Link => Err(refusal("it is a symbolic link: name the file that it leads to")),
        Entry::ForeignPipe => Err(refusal("it is a pipe, and neither yours nor the system's")),
        Entry::Other => Err(refusal("it is neither a file nor a pipe nor a character device")),
    }
}

/// Writes to what the user has given this process open already, whatever it is.
fn write_to(descriptor: usize, path: &Path, bytes: &[u8]) -> io::Result<()> {
    if !sys::writable(descriptor) {
        return Err(output::not_writable());
    }
    let mut opened: Box<dyn Write> =
        if descriptor == 1 { output::stdout() } else { Box::new(File::options().write(true).open(path)?) };
    opened.write_all(bytes)?;
    opened.flush()
}

fn refusal(text: &str) -> io::Error {
    io::Error::other(text)
}

fn replace(directory: &Directory, name: &OsStr, bytes: &[u8]) -> io::Result<()> {
    // Whatever ends the program meanwhile, of a file without a name nothing is left.
    if let Ok(mut file) = directory.create_nameless() {
        fill(&mut file, bytes)?;
        if directory.link(&file, name).is_ok() {
            return Ok(());
        }
        let _held = Held::all();
        // Something has the name, and only a file with a name can take its place.
        if let Ok((beside, ())) = short_name(|beside| directory.link(&file, beside)) {
            return or_removed(directory, &beside, &file, directory.rename(&beside, name));
        }
    }
    let _held = Held::all();
    let (beside, mut file) = short_name(|beside| directory.create(beside))?;
    let written = fill(&mut file, bytes).and_then(|()| directory.rename(&beside, name));
    or_removed(directory, &beside, &file, written)
}

fn fill(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes the file unless it was written and has taken its place.
fn or_removed(directory: &Directory, beside: &str, file: &File, written: io::Result<()>) -> io::Result<()> {
    if written.is_err() {
        // What is left of it helps nobody; the first error is the one to report.
        let _ = directory.remove(beside, file);
    }
    written
}

/// Makes something under a short name of its own.
fn short_name<T>(make: impl Fn(&OsStr) -> io::Result<T>) -> io::Result<(String, T)> {
    let mut tries = 0;
    loop {
        tries += 1;
        let name = format!(".pree-{:016x}", RandomState::new().hash_one(tries));
        match make(OsStr::new(&name)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < TRIES => {}
            made => return Ok((name, made?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    #[cfg(unix)]
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("pree-{name}-{}", std::process::id()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_written_whole_or_not_at_all_and_nothing_is_left_beside_it() {
        let folder = Folder::new("whole");
        let path = folder.0.join("recording");
        write(&path, b"first").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert!(write(&folder.0, b"a folder").is_err());
        assert!(write(&folder.0.join("new/"), b"a folder's name").is_err());
        assert!(write(&folder.0.join("none/recording"), b"no folder").is_err());
        // As long as names get.
        let long = "n".repeat(255);
        write(&folder.0.join(&long), b"long").unwrap();
        assert!(write(&folder.0.join("n".repeat(256)), b"too long").is_err());
        assert_eq!(folder.names(), [long, "recording".to_owned()]);
        #[cfg(unix)]
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_neither_followed_nor_replaced() {
        let folder = Folder::new("link");
        let (path, link) = (folder.0.join("file"), folder.0.join("link"));
        fs::write(&path, "before").unwrap();
        for target in [&*path, Path::new("nowhere"), &*folder.0, Path::new("/dev/null")] {
            symlink(target, &link).unwrap();
            let error = write(&link, b"bytes").unwrap_err();
            assert!(error.to_string().contains("symbolic link"), "{error}");
            assert_eq!(fs::read_link(&link).unwrap(), target);
            fs::remove_file(&link).unwrap();
        }
        assert_eq!(fs::read(&path).unwrap(), b"before");
        assert_eq!(folder.names(), ["file"]);
        // Links on the way are the user's.
        symlink(&folder.0, folder.0.join("way")).unwrap();
        write(&folder.0.join("way/file"), b"after").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after");
    }

    #[test]
    fn only_what_was_created_is_removed() {
        let folder = Folder::new("created");
        let directory = Directory::open(&folder.0).unwrap();
        let (name, file) = short_name(|name| directory.create(name)).unwrap();
        // Another file has taken the name meanwhile.
        fs::remove_file(folder.0.join(&name)).unwrap();
        fs::write(folder.0.join(&name), "another's").unwrap();
        let _ = directory.remove(&name, &file);
        assert_eq!(folder.names(), std::slice::from_ref(&name));
        let (other, file) = short_name(|name| directory.create(name)).unwrap();
        assert!(directory.create(OsStr::new(&other)).is_err());
        directory.remove(&other, &file).unwrap();
        // Windows lets go of the name with the last handle.
        drop(file);
        assert_eq!(folder.names(), [name]);
    }
}
