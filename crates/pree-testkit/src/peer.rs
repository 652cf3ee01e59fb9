//! A remote TCP that does exactly what a test says, so that every state can be reached and held.
//!
//! The kernel's side is a normal interface (`wire0`, 192.0.2.1 and `2001:db8::1`); everything it sends arrives at
//! the other end of a veth pair, where no stack but this file answers, through a packet socket.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU16, Ordering};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::rtnetlink::{Rtnetlink, interface_index};
use crate::segment::{ACK, FIN, PSH, RST, SYN, Segment};
use crate::socket::{Family, Socket};
use crate::{Failed, sys, wait_for};

const NEAR: &str = "wire0";
const FAR: &str = "wire1";
const NEAR_HARDWARE: [u8; 6] = [2, 0, 0, 0, 0, 1];
const NEAR_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const FAR_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const NEAR_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const FAR_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);
const NEAR_LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
/// What the peer says it can take: no window scaling.
const WINDOW: u16 = 0xffff;
const FIRST_SEQUENCE: u32 = 1_000_000;

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
        network.add_veth(NEAR, NEAR_HARDWARE, FAR)?;
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
        Ok(Peer {
            socket: packet_socket(self.far)?,
            address,
            kernel: None,
            sequence: FIRST_SEQUENCE,
            seen: 0,
            acknowledged: 0,
            window: WINDOW,
        })
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
    sys::bind_packet(&socket, interface)?;
    Ok(socket)
}

/// The remote end of one connection.
#[derive(Debug)]
pub struct Peer {
    socket: OwnedFd,
    address: SocketAddr,
    /// The kernel's address, once known.
    kernel: Option<SocketAddr>,
    /// The next sequence number to send.
    sequence: u32,
    /// The end of what the kernel has sent, as far as it was looked at.
    seen: u32,
    /// What the kernel was told has arrived.
    acknowledged: u32,
    window: u16,
}

#[allow(clippy::missing_errors_doc, reason = "the kernel's errors, or the awaited segment did not come")]
impl Peer {
    /// The peer's own address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the window that later segments announce; 0 makes the kernel keep its data.
    pub fn set_window(&mut self, bytes: u16) {
        self.window = bytes;
    }

    /// Waits for the kernel's SYN, answers SYN+ACK and waits for the ACK: established on both sides.
    pub fn accept(&mut self) -> Result<(), Failed> {
        let syn = self.wait_for("a SYN", |segment| segment.flags & (SYN | ACK) == SYN)?;
        self.kernel = Some(syn.from);
        self.acknowledged = self.seen;
        self.transmit(SYN | ACK, &[])?;
        let sequence = self.sequence;
        self.wait_for("the ACK of our SYN", |segment| {
            segment.flags & ACK != 0 && segment.acknowledges == sequence
        })?;
        Ok(())
    }

    /// Sends a SYN to a listener and waits for its answer, but keeps the last ACK: the kernel is in `SYN_RECEIVED`.
    pub fn half_connect(&mut self, listener: SocketAddr) -> Result<(), Failed> {
        self.kernel = Some(listener);
        self.transmit(SYN, &[])?;
        self.wait_for("a SYN+ACK", |segment| segment.flags & (SYN | ACK) == SYN | ACK)?;
        Ok(())
    }

    /// Connects to a listener: the whole handshake.
    pub fn connect(&mut self, listener: SocketAddr) -> Result<(), Failed> {
        self.half_connect(listener)?;
        self.acknowledge()
    }

    /// Acknowledges everything that was seen.
    pub fn acknowledge(&mut self) -> Result<(), Failed> {
        self.acknowledged = self.seen;
        self.transmit(ACK, &[])
    }

    /// Sends data, without acknowledging anything new.
    pub fn send(&mut self, data: &[u8]) -> Result<(), Failed> {
        self.transmit(ACK | PSH, data)
    }

    /// Sends a FIN, without acknowledging anything new.
    pub fn finish(&mut self) -> Result<(), Failed> {
        self.transmit(FIN | ACK, &[])
    }

    /// Sends a RST that the kernel must accept.
    pub fn reset(&mut self) -> Result<(), Failed> {
        self.transmit(RST | ACK, &[])
    }

    /// Waits for the kernel's FIN, without acknowledging it.
    pub fn await_finish(&mut self) -> Result<(), Failed> {
        self.wait_for("a FIN", |segment| segment.flags & FIN != 0).map(drop)
    }

    /// Waits until the kernel has sent this much data in sum since the handshake, without acknowledging it.
    pub fn await_data(&mut self, bytes: u32) -> Result<(), Failed> {
        let end = self.acknowledged.wrapping_add(bytes);
        self.wait_for("data", |segment| segment.sequence.wrapping_add(segment.length()) == end).map(drop)
    }

    fn transmit(&mut self, flags: u8, payload: &[u8]) -> Result<(), Failed> {
        let to = self.kernel.ok_or("the peer does not know whom to send to yet")?;
        let (from, sequence, acknowledges) = (self.address, self.sequence, self.acknowledged);
        let payload = payload.to_vec();
        let segment = Segment { from, to, sequence, acknowledges, flags, window: self.window, payload };
        rustix::net::send(&self.socket, &segment.to_frame(NEAR_HARDWARE), SendFlags::empty())?;
        self.sequence = self.sequence.wrapping_add(segment.length());
        Ok(())
    }

    fn wait_for(&mut self, what: &str, mut wanted: impl FnMut(&Segment) -> bool) -> Result<Segment, Failed> {
        let mut frame = vec![0; 80_000];
        wait_for(&format!("{what} at the peer {}", self.address), || {
            loop {
                let (length, _) = rustix::net::recv(&self.socket, &mut frame, RecvFlags::DONTWAIT).ok()?;
                let Some(segment) = Segment::from_frame(&frame[..length]) else { continue };
                let known = self.kernel.is_none_or(|kernel| kernel == segment.from);
                if segment.to == self.address && known {
                    let end = segment.sequence.wrapping_add(segment.length());
                    // A repeated segment takes nothing back.
                    if segment.flags & SYN != 0 || end.wrapping_sub(self.seen) < 1 << 31 {
                        self.seen = end;
                    }
                    if wanted(&segment) {
                        return Some(segment);
                    }
                }
            }
        })
    }
}
