//! A directory on systems where files are not opened by name in an open directory: its path.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{Entry, nameless};

pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if fs::metadata(path)?.is_dir() {
            Ok(Self(path.to_owned()))
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    /// What has this name. A link is itself, not what it leads to.
    pub(crate) fn entry(&self, name: &OsStr) -> io::Result<Entry> {
        match fs::symlink_metadata(self.0.join(name)) {
            Ok(there) if there.is_symlink() => Ok(Entry::Link),
            Ok(there) if there.is_dir() => Ok(Entry::Directory),
            Ok(there) if there.is_file() => Ok(Entry::File),
            Ok(_) => Ok(Entry::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Entry::None),
            Err(error) => Err(error),
        }
    }

    /// A new file.
    pub(crate) fn create(&self, name: &OsStr) -> io::Result<File> {
        File::options().write(true).create_new(true).open(self.0.join(name))
    }

    /// A new file that only its owner reads and writes, and that has no name yet.
    pub(crate) fn create_nameless(&self) -> io::Result<File> {
        nameless::create(&self.0)
    }

    /// Gives such a file a name, if nothing has it.
    pub(crate) fn link(&self, file: &File, name: &OsStr) -> io::Result<()> {
        nameless::link(file, &self.0, name)
    }

    /// Where [`Directory::entry`] finds one.
    pub(crate) fn open_stream(&self, name: &OsStr) -> io::Result<File> {
        File::options().write(true).open(self.0.join(name))
    }

    pub(crate) fn rename(&self, from: &str, to: &OsStr) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    /// Removes a file that [`Directory::create`] made.
    pub(crate) fn remove(&self, name: &str, _: &File) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }
}
