//! A second network namespace of a lab: the far end of a link.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustix::thread::{LinkNameSpaceType, UnshareFlags};

use crate::Failed;
use crate::rtnetlink::{LOOPBACK, Rtnetlink};
use crate::sys;

/// A network namespace that lives as long as a descriptor of it.
#[derive(Debug, Clone)]
pub struct Namespace {
    file: Arc<File>,
}

impl Namespace {
    /// Makes a new one, with `lo` up.
    ///
    /// # Errors
    /// The kernel's: no right.
    pub fn new() -> Result<Self, Failed> {
        let made = thread::spawn(|| {
            sys::unshare(UnshareFlags::NEWNET)?;
            Rtnetlink::open()?.set_up(LOOPBACK)?;
            File::open("/proc/thread-self/ns/net")
        });
        let file = made.join().map_err(|_| "the thread of the far end ended early")??;
        Ok(Self { file: Arc::new(file) })
    }

    /// Starts a thread in it.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> JoinHandle<io::Result<T>> {
        let file = Arc::clone(&self.file);
        thread::spawn(move || {
            rustix::thread::move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
            work()
        })
    }

    /// Does something in it and waits for the result.
    ///
    /// # Errors
    /// The kernel's, or those of `work`.
    pub fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, Failed> {
        Ok(self.spawn(work).join().map_err(|_| "a thread at the far end panicked")??)
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
