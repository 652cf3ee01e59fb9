//! Memory of a socket: the nine numbers of `SO_MEMINFO` and the older four of `INET_DIAG_MEMINFO`.

use crate::bytes::fixed;

/// `SK_MEMINFO_*`: as many numbers as the kernel sent, each unknown where it sent fewer.
#[derive(Clone, Copy, Debug)]
pub struct SocketMemory<'a> {
    bytes: &'a [u8],
}

impl<'a> SocketMemory<'a> {
    /// Bytes of the numbers this crate knows.
    pub const SIZE: usize = 36;

    /// A view of the value of an `SKMEMINFO` attribute or of `getsockopt(SO_MEMINFO)`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }
}

kernel_struct! { SocketMemory;
    /// Memory of received data not yet read, with all overhead (`SK_MEMINFO_RMEM_ALLOC`).
    rmem_alloc: u32, 0, bytes, "3.3";
    /// Limit of `rmem_alloc`, the receive buffer (`SK_MEMINFO_RCVBUF`).
    rcvbuf: u32, 4, bytes, "3.3";
    /// Memory of data handed to the device or queue below and not yet freed by it (`SK_MEMINFO_WMEM_ALLOC`).
    wmem_alloc: u32, 8, bytes, "3.3";
    /// Limit of the memory for sending, the send buffer (`SK_MEMINFO_SNDBUF`).
    sndbuf: u32, 12, bytes, "3.3";
    /// Memory reserved for the socket and not in use (`SK_MEMINFO_FWD_ALLOC`). A signed number in the kernel that can
    /// be below 0 for a moment, and is then huge here.
    fwd_alloc: u32, 16, bytes, "3.3";
    /// Memory of all data written and not yet acknowledged (`SK_MEMINFO_WMEM_QUEUED`).
    wmem_queued: u32, 20, bytes, "3.3";
    /// Memory of socket options and control data (`SK_MEMINFO_OPTMEM`).
    optmem: u32, 24, bytes, "3.3";
    /// Memory of packets that arrived while a process held the socket (`SK_MEMINFO_BACKLOG`).
    backlog: u32, 28, bytes, "3.5";
    /// Packets dropped at this socket since it was made (`SK_MEMINFO_DROPS`); for a listener: refused connections.
    drops: u32, 32, count, "4.7";
}

const _: () = assert!(crate::kernel_struct::is_sound(FIELDS, SocketMemory::SIZE));

/// `struct inet_diag_meminfo`, what there was before `SKMEMINFO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemInfo {
    /// Bytes of received data not yet read (`idiag_rmem`).
    pub rmem: u32,
    /// Bytes of data written and not yet acknowledged (`idiag_wmem`).
    pub wmem: u32,
    /// Bytes reserved and not in use (`idiag_fmem`).
    pub fmem: u32,
    /// Bytes handed to the layer below (`idiag_tmem`).
    pub tmem: u32,
}

impl MemInfo {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 16] = bytes.first_chunk()?;
        Some(Self {
            rmem: u32::from_ne_bytes(fixed::<0, 4, 16>(bytes)),
            wmem: u32::from_ne_bytes(fixed::<4, 4, 16>(bytes)),
            fmem: u32::from_ne_bytes(fixed::<8, 4, 16>(bytes)),
            tmem: u32::from_ne_bytes(fixed::<12, 4, 16>(bytes)),
        })
    }
}
