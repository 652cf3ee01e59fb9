//! Lines of /proc/net/netlink.

use super::{Fields, decimal_fit, hex_fit};
use crate::bytes::words;
use crate::malformed::Malformed;

/// One socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetlinkLine {
    /// Netlink protocol: 0 route, 4 `sock_diag` …
    pub protocol: u8,
    /// Port id, the address of the socket; 0 is the kernel's own.
    pub port_id: u32,
    /// The first 32 multicast groups as bits: bit 0 is group 1.
    pub groups: u32,
    /// Memory of messages not yet read, overhead included.
    pub receive_queue: u32,
    /// Memory of messages being sent.
    pub send_queue: u32,
    /// Messages lost because its buffer was full.
    pub drops: u32,
    /// Inode number. The kernel's sockets have one too.
    pub inode: u64,
}

/// Decodes one line without its newline; `Ok(None)` is the header line.
///
/// # Errors
/// A field is missing or no number of its kind. An unterminated last line must not be given.
pub fn netlink_line(line: &[u8]) -> Result<Option<NetlinkLine>, Malformed> {
    if line.starts_with(b"sk ") {
        return Ok(None);
    }
    let mut fields = Fields { line, words: words(line) };
    fields.next("pointer of a /proc/net/netlink line")?;
    let protocol = fields.decode("protocol of a /proc/net/netlink line", decimal_fit)?;
    let port_id = fields.decode("port id of a /proc/net/netlink line", decimal_fit)?;
    let groups = fields.decode("groups of a /proc/net/netlink line", hex_fit)?;
    let receive_queue = fields.decode("receive queue of a /proc/net/netlink line", decimal_fit)?;
    let send_queue = fields.decode("send queue of a /proc/net/netlink line", decimal_fit)?;
    fields.next("dump of a /proc/net/netlink line")?;
    fields.next("references of a /proc/net/netlink line")?;
    let drops = fields.decode("drops of a /proc/net/netlink line", decimal_fit)?;
    let inode = fields.decode("inode of a /proc/net/netlink line", decimal_fit)?;
    Ok(Some(NetlinkLine { protocol, port_id, groups, receive_queue, send_queue, drops, inode }))
}
