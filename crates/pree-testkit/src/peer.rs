//! A remote TCP that does exactly what a test says, so that every state can be reached and held.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::net::{RecvFlags, SendFlags};

use crate::segment::{ACK, FIN, PSH, RST, SYN, Segment};
use crate::wire::NEAR_HARDWARE;
use crate::{Failed, wait_for};

/// What the peer says it can take: no window scaling.
const WINDOW: u16 = 0xffff;
const FIRST_SEQUENCE: u32 = 1_000_000;

/// The remote end of one connection, behind a [`crate::wire::Wire`].
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
    /// Made by [`crate::wire::Wire::peer`].
    pub(crate) fn new(socket: OwnedFd, address: SocketAddr) -> Self {
        let (sequence, window) = (FIRST_SEQUENCE, WINDOW);
        Self { socket, address, kernel: None, sequence, seen: 0, acknowledged: 0, window }
    }

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
