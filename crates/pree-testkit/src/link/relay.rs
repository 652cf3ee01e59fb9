//! The thread between two TUN devices: takes packets from one, keeps them as long as the plan says, gives them to the
//! other, and counts.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};

use super::count::Way;
use super::lane::Lane;
use super::packet::Shape;
use super::plan::Plan;
use super::worker::{Shared, Worker};
use crate::sys;

/// Longest wait, so that the end is noticed.
const TICK: Duration = Duration::from_millis(20);
/// Later than this is a stall.
const STALL: Duration = Duration::from_millis(2);
/// Packets taken from one device before the other gets its turn.
const BATCH: usize = 64;

/// Starts it, with the devices of the near and the far end, and what happens on the way there and back.
pub(super) fn start(devices: [OwnedFd; 2], plans: &[Plan; 2], seed: u64) -> Worker {
    let [there, back] = *plans;
    let mut lanes = [Lane::new(there, seed.wrapping_mul(2)), Lane::new(back, seed.wrapping_mul(2) + 1)];
    Worker::start(move |shared| {
        // Without the right to it, the stalls that are counted tell how well it went.
        let _ = sys::be_first_in_line();
        let mut buffer = vec![0; 1 << 16];
        let mut relay = Relay { devices: &devices, lanes: &mut lanes, shared };
        while shared.goes_on() {
            relay.wait()?;
            for way in Way::BOTH {
                relay.take(way, &mut buffer)?;
                relay.give(way)?;
            }
        }
        Ok(())
    })
}

/// What the thread works with.
struct Relay<'a> {
    devices: &'a [OwnedFd; 2],
    lanes: &'a mut [Lane<Box<[u8]>>; 2],
    shared: &'a Shared,
}

impl Relay<'_> {
    /// Until a packet comes or is due.
    fn wait(&self) -> io::Result<()> {
        let due = self.lanes.iter().filter_map(Lane::next_due).min();
        let timeout = due.map_or(TICK, |due| due.saturating_sub(self.shared.elapsed())).min(TICK);
        let timeout = Timespec { tv_sec: 0, tv_nsec: timeout.subsec_nanos().into() };
        let [near, far] = self.devices;
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
            let fate = self.lanes[way as usize].accept(self.shared.elapsed(), shape, packet.into());
            self.shared.count(|count| count.ways[way as usize].came(shape, fate));
        }
        Ok(())
    }

    /// What is due leaves at this way's end.
    fn give(&mut self, way: Way) -> io::Result<()> {
        let now = self.shared.elapsed();
        while let Some(held) = self.lanes[way as usize].leave(now) {
            let late = now.saturating_sub(held.due);
            self.shared.count(|count| {
                count.stalls += u64::from(late > STALL);
                count.worst_stall = count.worst_stall.max(late);
                count.ways[way as usize].left(now, held.queued + late);
            });
            match rustix::io::write(self.devices[1 - way as usize].as_fd(), &held.packet) {
                // Errors: a packet that the other end's kernel does not want, such as one that comes before it is up.
                Ok(_) | Err(rustix::io::Errno::INVAL | rustix::io::Errno::IO) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
