//! A directory, open: what is done with a name in it is done there, whatever its path leads to by then.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, renameat, statat, unlinkat};
use rustix::process::geteuid;

use super::super::{DIRECTORY, Entry, nameless};

pub(crate) struct Directory(OwnedFd);

impl Directory {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(openat(CWD, path, DIRECTORY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?))
    }

    /// What has this name. A link is itself, not what it leads to.
    pub(crate) fn entry(&self, name: &OsStr) -> io::Result<Entry> {
        match self.stat(name) {
            Ok(stat) => Ok(entry(&stat)),
            Err(rustix::io::Errno::NOENT) => Ok(Entry::None),
            Err(error) => Err(error.into()),
        }
    }

    /// A new file that only its owner reads and writes.
    pub(crate) fn create(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(&self.0, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    /// A new file that only its owner reads and writes, and that has no name yet.
    pub(crate) fn create_nameless(&self) -> io::Result<File> {
        nameless::create(&self.0)
    }

    /// Gives such a file a name, if nothing has it.
    pub(crate) fn link(&self, file: &File, name: &OsStr) -> io::Result<()> {
        nameless::link(file, &self.0, name)
    }

    /// Opens what [`Directory::entry`] called a stream. For a pipe this waits until somebody reads it.
    pub(crate) fn open_stream(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        let stream = openat(&self.0, name, flags, Mode::empty())?;
        match entry(&fstat(&stream)?) {
            Entry::Stream => Ok(stream.into()),
            _ => Err(io::Error::other("it is another one by now")),
        }
    }

    pub(crate) fn rename(&self, from: &str, to: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.0, from, &self.0, to)?)
    }

    /// Removes the name of a file that [`Directory::create`] made, if it is still that file's.
    pub(crate) fn remove(&self, name: &str, file: &File) -> io::Result<()> {
        let (there, made) = (self.stat(OsStr::new(name))?, fstat(file)?);
        if (there.st_dev, there.st_ino) == (made.st_dev, made.st_ino) {
            unlinkat(&self.0, name, AtFlags::empty())?;
        }
        Ok(())
    }

    fn stat(&self, name: &OsStr) -> rustix::io::Result<Stat> {
        statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)
    }
}

fn entry(stat: &Stat) -> Entry {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Entry::File,
        FileType::Directory => Entry::Directory,
        FileType::Symlink => Entry::Link,
        // Only the system makes devices, whoever has them, and in a user namespace /dev/null seems to be nobody's.
        FileType::CharacterDevice => Entry::Stream,
        // Anybody makes pipes, and leaves them where others write. Root's are the system's.
        FileType::Fifo if [0, geteuid().as_raw()].contains(&stat.st_uid) => Entry::Stream,
        FileType::Fifo => Entry::ForeignPipe,
        _ => Entry::Other,
    }
}
