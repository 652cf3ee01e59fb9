//! Lines of /proc/net/packet.

use super::{Fields, decimal_fit, hex_fit};
use crate::bytes::words;
use crate::malformed::Malformed;

/// One socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PacketLine {
    /// Type: 2 without link-layer header, 3 with it, 10 the old `SOCK_PACKET`.
    pub socket_type: u8,
    /// Protocol of the packets, an `ETH_P_*`: 3 is all, 0 none.
    pub protocol: u16,
    /// Index of the interface it is bound to; 0 for all, `None` when that interface is gone (-1).
    pub interface: Option<u32>,
    /// Whether it takes packets now.
    pub is_running: bool,
    /// Memory of packets not yet read, overhead included.
    pub receive_queue: u32,
    /// User the socket belongs to.
    pub uid: u32,
    /// Inode number.
    pub inode: u64,
}

/// Decodes one line without its newline; `Ok(None)` is the header line.
///
/// # Errors
/// A field is missing or no number of its kind. An unterminated last line must not be given.
pub fn packet_line(line: &[u8]) -> Result<Option<PacketLine>, Malformed> {
    if line.starts_with(b"sk ") {
        return Ok(None);
    }
    let mut fields = Fields { line, words: words(line) };
    fields.next("pointer of a /proc/net/packet line")?;
    fields.next("references of a /proc/net/packet line")?;
    let socket_type = fields.decode("type of a /proc/net/packet line", decimal_fit)?;
    let protocol = fields.decode("protocol of a /proc/net/packet line", hex_fit)?;
    let interface = fields.decode("interface of a /proc/net/packet line", |word| match word {
        b"-1" => Some(None),
        index => decimal_fit(index).map(Some),
    })?;
    let running: u32 = fields.decode("running of a /proc/net/packet line", decimal_fit)?;
    let receive_queue = fields.decode("queue of a /proc/net/packet line", decimal_fit)?;
    let uid = fields.decode("uid of a /proc/net/packet line", decimal_fit)?;
    let inode = fields.decode("inode of a /proc/net/packet line", decimal_fit)?;
    Ok(Some(PacketLine {
        socket_type,
        protocol,
        interface,
        is_running: running != 0,
        receive_queue,
        uid,
        inode,
    }))
}
