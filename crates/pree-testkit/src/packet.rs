//! What can be set on a packet socket: its ring, its fanout group, its filter.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType};

use crate::sys;

const SOL_PACKET: i32 = libc::SOL_PACKET;

/// A mapped ring (`struct tpacket_req`).
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    /// Bytes of a block, a multiple of the page.
    pub block_size: u32,
    /// How many blocks.
    pub blocks: u32,
    /// Bytes of a frame; they fill the blocks.
    pub frame_size: u32,
}

impl Ring {
    fn bytes(self) -> Vec<u8> {
        let frames = self.block_size / self.frame_size * self.blocks;
        [self.block_size, self.blocks, self.frame_size, frames]
            .into_iter()
            .flat_map(u32::to_ne_bytes)
            .collect()
    }
}

/// A packet socket for one protocol of one interface.
///
/// # Errors
/// The kernel's: no right.
pub fn bound_to(protocol: u16, interface: u32) -> io::Result<OwnedFd> {
    let domain = AddressFamily::PACKET;
    let socket = rustix::net::socket_with(domain, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    sys::bind_packet(&socket, protocol, interface)?;
    Ok(socket)
}

/// Sets the version of the ring, 0 to 2 (`PACKET_VERSION`), before there is one.
///
/// # Errors
/// The kernel's.
pub fn set_version(socket: impl AsFd, version: u32) -> io::Result<()> {
    sys::set_option(socket, SOL_PACKET, libc::PACKET_VERSION, &version.to_ne_bytes())
}

/// Makes a ring for receiving (`PACKET_RX_RING`).
///
/// # Errors
/// The kernel's.
pub fn receive_ring(socket: impl AsFd, ring: Ring) -> io::Result<()> {
    sys::set_option(socket, SOL_PACKET, libc::PACKET_RX_RING, &ring.bytes())
}

/// Makes a ring for sending (`PACKET_TX_RING`).
///
/// # Errors
/// The kernel's.
pub fn send_ring(socket: impl AsFd, ring: Ring) -> io::Result<()> {
    sys::set_option(socket, SOL_PACKET, libc::PACKET_TX_RING, &ring.bytes())
}

/// Joins a group that shares packets (`PACKET_FANOUT`).
///
/// # Errors
/// The kernel's.
pub fn join_fanout(socket: impl AsFd, group: u16, mode: u8) -> io::Result<()> {
    let value = u32::from(group) | u32::from(mode) << 16;
    sys::set_option(socket, SOL_PACKET, libc::PACKET_FANOUT, &value.to_ne_bytes())
}

/// Attaches a classic BPF program of this many instructions, which takes every packet (`SO_ATTACH_FILTER`).
///
/// # Errors
/// The kernel's.
pub fn attach_filter(socket: impl AsFd, instructions: usize) -> io::Result<()> {
    // A = 0, again and again; at the end BPF_RET with all bytes.
    let mut program = vec![libc::sock_filter { code: 0, jt: 0, jf: 0, k: 0 }; instructions];
    if let Some(last) = program.last_mut() {
        *last = libc::sock_filter { code: 6, jt: 0, jf: 0, k: u32::MAX };
    }
    sys::attach_filter(socket, &mut program)
}
