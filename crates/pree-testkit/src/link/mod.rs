//! Links between two network namespaces of a lab, whose losses and queues are counted.
//!
//! The near end is the lab itself, where the test looks; the far end is a namespace of the link's own. A [`Link`] made
//! with [`Link::relayed`] takes every packet through this process, so its [`Count`] is exact.

mod count;
mod lane;
mod namespace;
mod packet;
mod plan;
mod random;
mod relay;
mod rules;
mod shaped;
mod worker;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

use crate::rtnetlink::{Rtnetlink, interface_index};
use crate::socket::{Family, Socket};
use crate::{Failed, sys, wait_for};

pub use count::{Count, FlowCount, Waits, Way, WayCount};
pub use lane::Lost;
pub use namespace::Namespace;
pub use plan::{Detour, Plan, Victims};

use namespace::INTERFACE;
use worker::Worker;

const NEAR: (Ipv4Addr, Ipv6Addr) =
    (Ipv4Addr::new(198, 51, 100, 1), Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 1));
const FAR: (Ipv4Addr, Ipv6Addr) =
    (Ipv4Addr::new(198, 51, 100, 2), Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 2));
/// The largest IP packet of a TUN device; a longer one was not cut into segments.
pub const MTU: usize = 1500;
/// Packets that a device keeps for the relay. Nothing may be dropped where it is not counted.
const DEVICE_QUEUE: u32 = 20_000;

/// Two namespaces with a path between them, until it is dropped.
#[derive(Debug)]
pub struct Link {
    worker: Worker,
    far: Namespace,
    /// What the two devices had dropped while they came up.
    lost_before: [u64; 2],
    /// Rules at the far end count what arrives there, and not the worker.
    has_rules: bool,
}

impl Link {
    /// A path on which this process carries every packet, with plans for the way there and the way
    /// back. The seed decides what is left to chance.
    ///
    /// # Errors
    /// The kernel's: no right, or no TUN.
    pub fn relayed(plans: &[Plan; 2], seed: u64) -> Result<Self, Failed> {
        let far = Namespace::new()?;
        let near_device = tun()?;
        let far_device = far.run(tun)?;
        let worker = relay::start([near_device, far_device], plans, seed);
        Self { worker, far, lost_before: [0; 2], has_rules: false }.brought_up()
    }

    /// A path that the kernel makes: so many bytes a second from the near end to the far one, with a queue of so many
    /// bytes. Its count has the queue's waits and drops, and nothing of single connections.
    ///
    /// # Errors
    /// The kernel's: no right, or no veth or tbf.
    pub fn shaped(rate: u64, queue_bytes: u64) -> Result<Self, Failed> {
        let far = Namespace::new()?;
        let worker = shaped::start(&far, rate, queue_bytes)?;
        Self { worker, far, lost_before: [0; 2], has_rules: false }.brought_up()
    }

    /// The same, and rules of the kernel at the far end drop this share of the data that arrives. Their count is of all
    /// connections together. Needs `nft`.
    ///
    /// # Errors
    /// The kernel's, or those of `nft`.
    pub fn shaped_and_losing(rate: u64, queue_bytes: u64, share: f64) -> Result<Self, Failed> {
        let mut link = Self::shaped(rate, queue_bytes)?;
        link.far.run(move || rules::drop_arriving(share))?;
        link.has_rules = true;
        Ok(link)
    }

    fn brought_up(mut self) -> Result<Self, Failed> {
        set_up(NEAR)?;
        self.far.run(|| set_up(FAR))?;
        self.await_addresses()?;
        self.lost_before = self.lost_by_devices()?;
        Ok(self)
    }

    /// The far end.
    pub fn far(&self) -> &Namespace {
        &self.far
    }

    /// The address of the near end.
    pub fn near_ip(&self, family: Family) -> IpAddr {
        pick(NEAR, family)
    }

    /// The address of the far end.
    pub fn far_ip(&self, family: Family) -> IpAddr {
        pick(FAR, family)
    }

    /// How long ago the link began.
    pub fn elapsed(&self) -> Duration {
        self.worker.shared().elapsed()
    }

    /// What was counted until now.
    pub fn count(&self) -> Count {
        self.worker.shared().count(|count| count.clone())
    }

    /// What a connection has sent from one end to the other until now.
    ///
    /// # Errors
    /// Those of `nft`, where rules count.
    pub fn flow(&self, way: Way, source: SocketAddr, destination: SocketAddr) -> Result<FlowCount, Failed> {
        if self.has_rules && way == Way::There {
            return self.far.run(rules::count);
        }
        let (source, destination) = (source.port(), destination.port());
        Ok(self.worker.shared().count(|count| count.way(way).flow(source, destination)))
    }

    /// Ends the work and tells what it counted.
    ///
    /// # Errors
    /// The relay failed, or something was dropped or carried that the count does not show.
    pub fn finish(mut self) -> Result<Count, Failed> {
        let (before, lost) = (self.lost_before, self.lost_by_devices()?);
        self.worker.stop()?;
        if lost != before {
            return Err(format!("the devices dropped packets uncounted: {before:?}, then {lost:?}").into());
        }
        let count = self.count();
        let longest = Way::BOTH.map(|way| count.way(way).longest);
        if longest.iter().any(|longest| *longest > MTU) {
            return Err(format!("packets of {longest:?} bytes: segmentation offload is on").into());
        }
        Ok(count)
    }

    fn lost_by_devices(&self) -> Result<[u64; 2], Failed> {
        Ok([lost_by_device()?, self.far.run(lost_by_device)?])
    }

    /// New IPv6 addresses and their routes are usable a moment later.
    fn await_addresses(&self) -> Result<(), Failed> {
        for family in [Family::V4, Family::V6] {
            let near = Socket::udp(family)?;
            match near.bind((self.near_ip(family), 0)) {
                // A kernel without IPv6, where no scenario asks for it.
                Err(_) if family == Family::V6 => continue,
                result => result?,
            }
            let far_ip = self.far_ip(family);
            let far = self.far.run(move || {
                let socket = Socket::udp(family)?;
                socket.bind((far_ip, 0))?;
                Ok(socket)
            })?;
            let to = far.local()?;
            wait_for("a datagram to the far end", || {
                near.send_to(b"?", to).ok()?;
                std::thread::sleep(Duration::from_millis(1));
                far.receive_now(&mut [0; 8]).ok()
            })?;
            let back = near.local()?;
            wait_for("a datagram to the near end", || {
                far.send_to(b"?", back).ok()?;
                std::thread::sleep(Duration::from_millis(1));
                near.receive_now(&mut [0; 8]).ok()
            })?;
        }
        Ok(())
    }
}

fn pick((v4, v6): (Ipv4Addr, Ipv6Addr), family: Family) -> IpAddr {
    match family {
        Family::V4 => v4.into(),
        Family::V6 => v6.into(),
    }
}

/// A TUN device of the calling thread's namespace. Without a header for offloads, every packet comes cut to size.
fn tun() -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let device = rustix::fs::open("/dev/net/tun", flags, Mode::empty())?;
    sys::attach_tun(&device, INTERFACE)?;
    Ok(device)
}

/// Brings this namespace's end up.
fn set_up((v4, v6): (Ipv4Addr, Ipv6Addr)) -> io::Result<()> {
    let network = Rtnetlink::open()?;
    let index = interface_index(INTERFACE)?;
    network.set_queue_length(index, DEVICE_QUEUE)?;
    network.set_up(index)?;
    network.add_address(index, v4.into(), 24)?;
    match network.add_address(index, v6.into(), 64) {
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => Ok(()),
        result => result,
    }
}

/// Packets that this end's device had no room for.
fn lost_by_device() -> io::Result<u64> {
    // Two columns of eight numbers each; the fourth of the second is what was not sent.
    let table = std::fs::read_to_string("/proc/thread-self/net/dev")?;
    let line = table.lines().find_map(|line| line.trim_start().strip_prefix(INTERFACE)?.strip_prefix(':'));
    let numbers = line.and_then(|line| line.split_whitespace().nth(11)?.parse().ok());
    numbers.ok_or_else(|| io::Error::other("/proc/net/dev has no such line"))
}
