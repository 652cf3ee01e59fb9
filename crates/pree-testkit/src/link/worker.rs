//! The thread behind a link, and the count that it shares with the test.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::count::Count;

/// A thread at work, until it is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// What the thread shares.
#[derive(Debug)]
pub(super) struct Shared {
    began: Instant,
    count: Mutex<Count>,
    ends: AtomicBool,
}

impl Shared {
    /// How long ago the work began.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// False when the thread is to return.
    pub(super) fn goes_on(&self) -> bool {
        !self.ends.load(Ordering::Relaxed)
    }

    /// Reads or writes the count.
    pub(super) fn count<T>(&self, look: impl FnOnce(&mut Count) -> T) -> T {
        look(&mut self.count.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Worker {
    pub(super) fn start(work: impl FnOnce(&Shared) -> io::Result<()> + Send + 'static) -> Self {
        let (count, ends) = (Mutex::default(), AtomicBool::new(false));
        let shared = Arc::new(Shared { began: Instant::now(), count, ends });
        let theirs = Arc::clone(&shared);
        Self { shared, thread: Some(thread::spawn(move || work(&theirs))) }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Ends it.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        self.shared.ends.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(result) => result.unwrap_or_else(|_| Err(io::Error::other("the thread of a link panicked"))),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}
