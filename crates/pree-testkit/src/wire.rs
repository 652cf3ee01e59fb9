//! An interface of the lab that leads to nobody: what the kernel sends there arrives at a packet socket of ours.
//!
//! `wire0` (192.0.2.1, `2001:db8::1`, `fe80::1`) is the kernel's side of a veth pair; no stack answers at the other end,
//! `wire1`, but a [`Peer`] may.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU16, Ordering};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::peer::Peer;
use crate::rtnetlink::{Rtnetlink, interface_index};
use crate::socket::{Family, Socket};
use crate::{Failed, sys, wait_for};

const NEAR: &str = "wire0";
const FAR: &str = "wire1";
pub(crate) const NEAR_HARDWARE: [u8; 6] = [2, 0, 0, 0, 0, 1];
const NEAR_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const FAR_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const NEAR_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const FAR_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);
const NEAR_LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

/// Makes an interface of this name, of a pair whose other one is called `other`.
///
/// # Errors
/// The kernel's: no right, no veth in this kernel, or the name is taken.
pub fn named(name: &str) -> io::Result<()> {
    Rtnetlink::open()?.add_veth(name, NEAR_HARDWARE, "other", None)
}

/// Makes a VXLAN tunnel that is up, so that the kernel has a UDP socket at this port.
///
/// # Errors
/// The kernel's: no right, no VXLAN in this kernel, or the name or the port is taken.
pub fn tunnel(name: &str, port: u16) -> io::Result<()> {
    let network = Rtnetlink::open()?;
    network.add_vxlan(name, port.into(), port)?;
    network.set_up(interface_index(name)?)
}

/// Makes a WireGuard interface that is up, so that the kernel has UDP sockets at a port of its choice.
///
/// # Errors
/// The kernel's: no right, no WireGuard in this kernel, or the name is taken.
pub fn wireguard(name: &str) -> io::Result<()> {
    let network = Rtnetlink::open()?;
    network.add_link(name, b"wireguard", &[], &[])?;
    network.set_up(interface_index(name)?)
}

/// An interface of the lab behind which nobody answers unless a [`Peer`] does.
#[derive(Debug, Clone, Copy)]
pub struct Wire {
    near: u32,
    far: u32,
}

impl Wire {
    /// Makes the interface, or finds it when this lab has it already.
    ///
    /// # Errors
    /// The kernel's: no right, or no veth in this kernel.
    pub fn open() -> Result<Self, Failed> {
        if let (Ok(near), Ok(far)) = (interface_index(NEAR), interface_index(FAR)) {
            return Ok(Self { near, far });
        }
        let network = Rtnetlink::open()?;
        network.add_veth(NEAR, NEAR_HARDWARE, FAR, None)?;
        let wire = Self { near: interface_index(NEAR)?, far: interface_index(FAR)? };
        network.set_up_without_arp(wire.far)?;
        network.set_up_without_arp(wire.near)?;
        network.add_address(wire.near, NEAR_V4.into(), 24)?;
        wire.await_link()?;
        // A kernel without IPv6 has no such addresses, and its tests need none.
        for address in [NEAR_V6, NEAR_LINK_LOCAL] {
            match network.add_address(wire.near, address.into(), 64) {
                Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => {}
                result => {
                    result?;
                    let scope = if address == NEAR_LINK_LOCAL { wire.near } else { 0 };
                    await_address(SocketAddrV6::new(address, 0, 0, scope))?;
                }
            }
        }
        Ok(wire)
    }

    /// The kernel opens a new link a moment after it is up, and until then loses frames without a word.
    fn await_link(self) -> Result<(), Failed> {
        let sockets = [packet_socket(self.near)?, packet_socket(self.far)?];
        for (from, to) in [(0, 1), (1, 0)] {
            // From nobody to nobody, with the EtherType for local experiments.
            let mut frame = [0; 60];
            frame[12..15].copy_from_slice(&[0x88, 0xb5, 1 + from as u8]);
            let mut buffer = [0; 2048];
            wait_for("a frame through the new link", || {
                rustix::net::send(&sockets[from], &frame, SendFlags::empty()).ok()?;
                let (length, _) = rustix::net::recv(&sockets[to], &mut buffer, RecvFlags::DONTWAIT).ok()?;
                (buffer[..length] == frame).then_some(())
            })?;
        }
        Ok(())
    }

    /// Index of the kernel's side.
    pub fn interface(self) -> u32 {
        self.near
    }

    /// Name of the kernel's side.
    pub fn interface_name(self) -> &'static str {
        NEAR
    }

    /// The address of the kernel's side, where listeners can be bound.
    pub fn near_ip(self, family: Family) -> IpAddr {
        match family {
            Family::V4 => NEAR_V4.into(),
            Family::V6 => NEAR_V6.into(),
        }
    }

    /// The link-local address of the kernel's side, to be used with the scope id [`Wire::interface`].
    pub fn near_link_local(self) -> Ipv6Addr {
        NEAR_LINK_LOCAL
    }

    /// An address on the other side that no one has used yet in this process.
    pub fn far_address(self, family: Family) -> SocketAddr {
        static NEXT_PORT: AtomicU16 = AtomicU16::new(10_000);
        let port = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        match family {
            Family::V4 => SocketAddr::new(FAR_V4.into(), port),
            Family::V6 => SocketAddr::new(FAR_V6.into(), port),
        }
    }

    /// A peer that will be connected to: have the kernel's socket send its SYN, then call [`Peer::accept`].
    ///
    /// # Errors
    /// The kernel's: no right to a packet socket.
    pub fn peer(self, address: SocketAddr) -> io::Result<Peer> {
        Ok(Peer::new(packet_socket(self.far)?, address))
    }
}

/// The kernel has a new IPv6 address at once, but its route to itself a moment later.
fn await_address(address: SocketAddrV6) -> Result<(), Failed> {
    let socket = Socket::udp(Family::V6)?;
    socket.bind(address)?;
    let own = socket.local()?;
    wait_for("a datagram from an address to itself", || {
        socket.send_to(b"?", own).ok()?;
        socket.receive_now(&mut [0; 8]).ok()
    })?;
    Ok(())
}

/// Sends and receives whole frames of one interface.
fn packet_socket(interface: u32) -> io::Result<OwnedFd> {
    let domain = AddressFamily::PACKET;
    // Protocol 0: nothing is received before the socket is bound to the interface.
    let socket = rustix::net::socket_with(domain, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    sys::bind_packet(&socket, libc::ETH_P_ALL as u16, interface)?;
    Ok(socket)
}
