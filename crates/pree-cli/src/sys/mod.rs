//! The command's own door to the operating system: what differs between systems in how a program is started and
//! opens files. What a system reports about sockets is left to the library.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::rights::Rights;
#[cfg(target_os = "linux")]
use linux::{DIRECTORY, nameless};

#[cfg(not(target_os = "linux"))]
mod nameless;
#[cfg(not(target_os = "linux"))]
mod rights;
#[cfg(not(target_os = "linux"))]
pub(crate) use rights::Rights;
/// How a directory is opened to use names in it.
#[cfg(all(unix, not(target_os = "linux")))]
const DIRECTORY: rustix::fs::OFlags = rustix::fs::OFlags::RDONLY;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{directory::Directory, signals::Held, streams::readable, streams::writable};

#[cfg(not(unix))]
mod directory;
#[cfg(not(unix))]
mod signals;
#[cfg(not(unix))]
mod streams;
#[cfg(not(unix))]
pub(crate) use {directory::Directory, signals::Held, streams::readable, streams::writable};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{interrupts, pipe::reader_is_gone};

#[cfg(unix)]
pub(crate) use unix::interrupts;

#[cfg(not(windows))]
mod pipe;
#[cfg(not(windows))]
pub(crate) use pipe::reader_is_gone;

/// For the loader, which calls it before Rust's runtime.
#[cfg(unix)]
#[used]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
static BEFORE_MAIN: extern "C" fn() = unix::streams::look;

#[cfg(unix)]
#[global_allocator]
static MEMORY: unix::memory::Memory = unix::memory::Memory;

/// What a name in a directory stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(not(unix), allow(dead_code, reason = "there are no such names"))]
pub(crate) enum Entry {
    None,
    File,
    Directory,
    Link,
    /// A character device, or a pipe that is the user's own or the system's.
    Stream,
    /// A pipe of somebody else.
    ForeignPipe,
    Other,
}
