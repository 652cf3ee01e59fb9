//! The thread between two TUN devices: takes packets from one, keeps them as long as the plan says, gives them to the
//! other, and counts.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use super::count::{Count, Way};
use super::lane::Lane;
use super::packet::Shape;
use super::plan::Plan;
use crate::sys;

/// Longest wait, so that the end is noticed.
const TICK: Duration = Duration::from_millis(20);
/// Later than this is a stall.
const STALL: Duration = Duration::from_millis(2);
/// Packets taken from one device before the other gets its turn.
const BATCH: usize = 64;

/// A relay at work, until it is dropped.
#[derive(Debug)]
pub(super) struct Relay {
    began: Instant,
    count: Arc<Mutex<Count>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Relay {
    /// The devices of the near and the far end, and what happens on the way there and back.
    pub(super) fn start(devices: [OwnedFd; 2], plans: &[Plan; 2], seed: u64) -> Self {
        let began = Instant::now();
        let count = Arc::<Mutex<Count>>::default();
        let ends = Arc::<AtomicBool>::default();
        let [there, back] = *plans;
        let mut work = Work {
            began,
            devices,
            lanes: [Lane::new(there, seed.wrapping_mul(2)), Lane::new(back, seed.wrapping_mul(2) + 1)],
            count: Arc::clone(&count),
            ends: Arc::clone(&ends),
        };
        let thread = thread::spawn(move || {
            // Without the right to it, the stalls that are counted tell how well it went.
            let _ = sys::be_first_in_line();
            work.run()
        });
        Self { began, count, ends, thread: Some(thread) }
    }

    /// How long ago the relay began.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn count(&self) -> MutexGuard<'_, Count> {
        lock(&self.count)
    }

    /// Ends it.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        self.ends.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(error)) => error,
            Some(Err(_)) => Err(io::Error::other("the relay panicked")),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

fn lock(count: &Mutex<Count>) -> MutexGuard<'_, Count> {
    count.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the thread owns.
struct Work {
    began: Instant,
    devices: [OwnedFd; 2],
    lanes: [Lane<Box<[u8]>>; 2],
    count: Arc<Mutex<Count>>,
    ends: Arc<AtomicBool>,
}

impl Work {
    fn run(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; 1 << 16];
        while !self.ends.load(Ordering::Relaxed) {
            self.wait()?;
            for way in Way::BOTH {
                self.take(way, &mut buffer)?;
                self.give(way)?;
            }
        }
        Ok(())
    }

    /// Until a packet comes or is due.
    fn wait(&self) -> io::Result<()> {
        let due = self.lanes.iter().filter_map(Lane::next_due).min();
        let timeout = due.map_or(TICK, |due| due.saturating_sub(self.began.elapsed())).min(TICK);
        let timeout = Timespec { tv_sec: 0, tv_nsec: timeout.subsec_nanos().into() };
        let [near, far] = &self.devices;
        let mut devices = [near, far].map(|device| PollFd::new(device, PollFlags::IN));
        match rustix::event::poll(&mut devices, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What comes from this way's beginning.
    fn take(&mut self, way: Way, buffer: &mut [u8]) -> io::Result<()> {
        for _ in 0..BATCH {
            let length = match rustix::io::read(self.devices[way as usize].as_fd(), &mut *buffer) {
                Ok(length) => length,
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => break,
                Err(error) => return Err(error.into()),
            };
            let packet = &buffer[..length];
            let shape = Shape::of(packet);
            let fate = self.lanes[way as usize].accept(self.began.elapsed(), shape, packet.into());
            lock(&self.count).ways[way as usize].came(shape, fate);
        }
        Ok(())
    }

    /// What is due leaves at this way's end.
    fn give(&mut self, way: Way) -> io::Result<()> {
        let now = self.began.elapsed();
        while let Some(held) = self.lanes[way as usize].leave(now) {
            let late = now.saturating_sub(held.due);
            {
                let mut count = lock(&self.count);
                count.stalls += u64::from(late > STALL);
                count.worst_stall = count.worst_stall.max(late);
                count.ways[way as usize].left(now, held.queued + late);
            }
            match rustix::io::write(self.devices[1 - way as usize].as_fd(), &held.packet) {
                // Errors: a packet that the other end's kernel does not want, such as one that comes before it is up.
                Ok(_) | Err(rustix::io::Errno::INVAL | rustix::io::Errno::IO) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
