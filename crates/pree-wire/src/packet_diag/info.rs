//! `struct packet_diag_info`: interface, version and options of a packet socket.

/// A view of the fields.
#[derive(Clone, Copy, Debug)]
pub struct Info<'a> {
    bytes: &'a [u8],
}

impl<'a> Info<'a> {
    /// Bytes of the fields this crate knows.
    pub const SIZE: usize = 24;

    /// A view of the value of an `INFO` attribute.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether it takes packets now (`PDI_RUNNING`): bound, and its interface is up.
    pub fn is_running(self) -> Option<bool> {
        self.flags().map(|flags| flags & 1 != 0)
    }
}

kernel_struct! { Info;
    /// Index of the interface it is bound to; 0 for all, `u32::MAX` (-1) when that interface is gone.
    index: u32, 0, identifier, "3.7";
    /// Version of the ring: 0, 1, 2 for `TPACKET_V1` … (`PACKET_VERSION`).
    version: u32, 4, code, "3.7";
    /// Bytes left free before each packet in the ring (`PACKET_RESERVE`).
    reserve: u32, 8, bytes, "3.7";
    /// Packets longer than this are queued too, beside the ring (`PACKET_COPY_THRESH`).
    copy_thresh: u32, 12, bytes, "3.7";
    /// Where time stamps come from (`PACKET_TIMESTAMP`).
    tstamp: u32, 16, flags, "3.7";
    /// Bit 0 running, 1 auxiliary data, 2 original device, 3 virtio header, 4 drops malformed packets (`PDI_*`).
    flags: u32, 20, flags, "3.7";
}

const _: () = assert!(crate::kernel_struct::is_sound(FIELDS, Info::SIZE));
