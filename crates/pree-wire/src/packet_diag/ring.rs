//! `struct packet_diag_ring`: the mapped ring of a packet socket.

/// A view of the fields.
#[derive(Clone, Copy, Debug)]
pub struct Ring<'a> {
    bytes: &'a [u8],
}

impl<'a> Ring<'a> {
    /// Bytes of the fields this crate knows.
    pub const SIZE: usize = 28;

    /// A view of the value of a ring's attribute.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }
}

kernel_struct! { Ring;
    /// Size of a block.
    block_size: u32, 0, bytes, "3.7";
    /// Blocks.
    block_nr: u32, 4, count, "3.7";
    /// Size of a frame.
    frame_size: u32, 8, bytes, "3.7";
    /// Frames.
    frame_nr: u32, 12, count, "3.7";
    /// Time after which a block is handed over though it is not full; `TPACKET_V3` only.
    retire_tmo: u32, 16, ms, "3.7";
    /// Bytes of a block that the reader keeps for itself; `TPACKET_V3` only.
    sizeof_priv: u32, 20, bytes, "3.7";
    /// What is asked of the ring: bit 0 fills in the hash of a packet; `TPACKET_V3` only.
    features: u32, 24, flags, "3.7";
}

const _: () = assert!(crate::kernel_struct::is_sound(FIELDS, Ring::SIZE));
