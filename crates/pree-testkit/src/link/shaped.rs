//! A path that the kernel makes: a veth pair whose near end lets only so much out (`tbf`), with the queue's own count.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType};

use super::count::{Count, Way};
use super::namespace::INTERFACE;
use super::{Namespace, Worker};
use crate::rtnetlink::{Bucket, Rtnetlink, interface_index};
use crate::{Failed, sys};

const HARDWARE: [u8; 6] = [2, 0, 0, 0, 0, 3];
/// Time between two looks at the queue.
const STEP: Duration = Duration::from_millis(5);
/// Bytes that go at once: two packets.
const BURST: u32 = 3_100;

/// Makes the interfaces, not up yet, and looks at the queue from then on.
pub(super) fn start(far: &Namespace, rate: u64, queue_bytes: u64) -> Result<Worker, Failed> {
    let network = Rtnetlink::open()?;
    network.add_veth(INTERFACE, HARDWARE, INTERFACE, Some(far.as_fd()))?;
    let index = interface_index(INTERFACE)?;
    // One drop must be one segment, and one packet in the queue one packet on the wire.
    one_by_one()?;
    far.run(one_by_one)?;
    network.add_bucket(
        index,
        Bucket {
            bytes_per_s: u32::try_from(rate).map_err(io::Error::other)?,
            limit_bytes: u32::try_from(queue_bytes).map_err(io::Error::other)?,
            burst_bytes: BURST,
        },
    )?;
    Ok(Worker::start(move |shared| {
        while shared.goes_on() {
            let queue = network.queue(index)?;
            let waits = Duration::from_secs_f64(f64::from(queue.backlog_bytes) / rate as f64);
            let now = shared.elapsed();
            shared.count(|count: &mut Count| {
                count.ways[Way::There as usize].queue_is(now, waits, queue.drops.into());
            });
            std::thread::sleep(STEP);
        }
        Ok(())
    }))
}

fn one_by_one() -> io::Result<()> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    sys::switch_offloads_off(socket, INTERFACE)
}
