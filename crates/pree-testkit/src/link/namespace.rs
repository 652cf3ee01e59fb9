//! A second network namespace of a lab: the far end of a link.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use rustix::thread::{LinkNameSpaceType, UnshareFlags};

use crate::Failed;
use crate::rtnetlink::{LOOPBACK, Rtnetlink};
use crate::sys;

/// Name of the interface at either end.
pub(super) const INTERFACE: &str = "link0";

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

    /// Makes a new one that nothing but the private table of a thread stands for, until the sender is dropped. Its inode,
    /// and what `work` tells of what it made in it; that itself stays in the thread, whose descriptors nobody else has.
    ///
    /// # Errors
    /// The kernel's: no right. Those of `work`.
    pub fn of_a_thread<T: Send + 'static, K>(
        work: impl FnOnce() -> Result<(T, K), Failed> + Send + 'static,
    ) -> Result<(u64, T, mpsc::Sender<()>), Failed> {
        let (stay, end) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let make = || -> Result<_, Failed> {
                sys::unshare(UnshareFlags::FILES)?;
                let home = File::open("/proc/thread-self/ns/net")?;
                sys::unshare(UnshareFlags::NEWNET)?;
                Rtnetlink::open()?.set_up(LOOPBACK)?;
                let file = File::open("/proc/thread-self/ns/net")?;
                let (made, kept) = work()?;
                rustix::thread::move_into_link_name_space(home.as_fd(), Some(LinkNameSpaceType::Network))?;
                Ok((file, made, kept))
            };
            match make() {
                Ok((file, made, kept)) => {
                    let inode = file.metadata().map(|data| data.ino());
                    let _ = tell.send(inode.map_err(Failed::from).map(|inode| (inode, made)));
                    let _ = end.recv();
                    drop((file, kept));
                }
                Err(failed) => drop(tell.send(Err(failed))),
            }
        });
        let (inode, made) = told.recv()??;
        Ok((inode, made, stay))
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
