//! Sockets that share a port, processes that share a socket, and a socket that no process has.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::net::Ipv6Addr;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

use super::basic::{LISTENING, listener};
use super::{BACKLOG, Population};
use crate::holder::{Holder, HolderSpec};
use crate::socket::{Family, Socket};
use crate::{Failed, Truth};

/// So many TCP listeners on one address and so many UDP sockets on another, by `SO_REUSEPORT`.
///
/// # Errors
/// The kernel's.
pub fn reuseport(family: Family, each: usize) -> Result<Population, Failed> {
    let mut all = Population::new();
    let mut port = 0;
    for _ in 0..each {
        let socket = Socket::tcp(family)?;
        socket.reuse_port()?;
        socket.bind((family.loopback(), port))?;
        socket.listen(BACKLOG)?;
        port = socket.local()?.port();
        all.add_with("reuseport listener", socket, "listen", |truth| truth.listen = LISTENING)?;
    }
    let mut port = 0;
    for _ in 0..each {
        let socket = Socket::udp(family)?;
        socket.reuse_port()?;
        socket.bind((family.loopback(), port))?;
        port = socket.local()?.port();
        all.add("reuseport UDP socket", socket, "unconnected")?;
    }
    Ok(all)
}

/// One listener held by this process twice and by two other processes, of which one holds it twice as well.
///
/// # Errors
/// The kernel's.
pub fn shared() -> Result<Population, Failed> {
    let mut all = Population::new();
    let socket = listener(Family::V6, (Ipv6Addr::LOCALHOST, 0))?;
    let again = socket.duplicate()?;
    let one = Holder::start(HolderSpec::hold().name(b"one").inherit(&socket))?;
    let two = Holder::start(HolderSpec::hold().name(b"two").inherit(&socket).inherit(&again))?;
    let owners = [&one, &two]
        .into_iter()
        .flat_map(|holder| holder.inherited().iter().map(|&fd| (holder.pid(), fd)))
        .chain([(std::process::id(), again.number())]);
    all.add_with("shared listener", socket, "listen", |truth| {
        truth.listen = LISTENING;
        truth.owners.extend(owners);
        truth.owners.sort_unstable();
    })?;
    all.keep((again, one, two));
    Ok(all)
}

/// So many worker processes, each with its own listener of one `SO_REUSEPORT` group and all with one more in common.
///
/// # Errors
/// The kernel's.
pub fn workers(family: Family, count: usize) -> Result<Population, Failed> {
    let mut all = Population::new();
    let common = listener(family, (family.loopback(), 0))?;
    let mut common_truth = Truth::of("listener of all workers", &common, "listen")?;
    common_truth.listen = LISTENING;
    common_truth.owners.clear();
    let mut port = 0;
    for _ in 0..count {
        let own = Socket::tcp(family)?;
        own.reuse_port()?;
        own.bind((family.loopback(), port))?;
        own.listen(BACKLOG)?;
        port = own.local()?.port();
        let worker = Holder::start(HolderSpec::hold().name(b"worker").inherit(&own).inherit(&common))?;
        let mut truth = Truth::of("listener of one worker", &own, "listen")?;
        truth.listen = LISTENING;
        truth.owners = vec![(worker.pid(), own.number())];
        common_truth.owners.push((worker.pid(), common.number()));
        all.know(truth);
        all.keep(worker);
    }
    common_truth.owners.sort_unstable();
    all.know(common_truth);
    Ok(all)
}

/// A listener whose only descriptor is in flight: sent over a Unix socket and not received.
///
/// # Errors
/// The kernel's.
pub fn in_flight(family: Family) -> Result<Population, Failed> {
    let mut all = Population::new();
    let (sender, receiver) = UnixStream::pair()?;
    let socket = listener(family, (family.loopback(), 0))?;
    let mut truth = Truth::of("listener in flight", &socket, "listen")?;
    truth.listen = LISTENING;
    truth.owners.clear();
    truth.unowned = Some("no_visible_holder");
    all.know(truth);
    let fds = [socket.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    if !message.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err("no space for one descriptor".into());
    }
    rustix::net::sendmsg(&sender, &[IoSlice::new(b"!")], &mut message, SendFlags::empty())?;
    all.keep((sender, receiver));
    Ok(all)
}
