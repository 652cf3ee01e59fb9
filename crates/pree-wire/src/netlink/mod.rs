//! Netlink: a datagram is a run of messages, a message is a header and a payload, a payload may end in attributes.
//!
//! Owns this framing in both directions. What a payload means belongs to the module of its protocol; sockets, retries
//! and sequence bookkeeping belong to the caller.

mod attribute;
mod message;
mod write;

#[cfg(test)]
mod tests;

pub use crate::malformed::{BufferTooSmall, Malformed};
pub use attribute::{Attribute, Attributes, attributes};
pub use message::{Body, Message, Messages, messages};
pub use write::RequestBuffer;

/// Message type: nothing to see (`NLMSG_NOOP`).
pub const NOOP: u16 = 1;
/// Message type: error or acknowledgement (`NLMSG_ERROR`).
pub const ERROR: u16 = 2;
/// Message type: end of a dump (`NLMSG_DONE`).
pub const DONE: u16 = 3;
/// Message type: data was lost (`NLMSG_OVERRUN`; no kernel sends it today).
pub const OVERRUN: u16 = 4;

/// Flag: this is a request (`NLM_F_REQUEST`).
pub const REQUEST: u16 = 0x1;
/// Flag: part of several messages, ended by [`DONE`] (`NLM_F_MULTI`).
pub const MULTI: u16 = 0x2;
/// Flag: answer with an acknowledgement even on success (`NLM_F_ACK`).
pub const ACK: u16 = 0x4;
/// Flag: the dump was torn by a change of the table (`NLM_F_DUMP_INTR`, Linux 3.1). `sock_diag` never sets it.
pub const DUMP_INTR: u16 = 0x10;
/// Flags: the whole table (`NLM_F_DUMP` = `NLM_F_ROOT | NLM_F_MATCH`).
pub const DUMP: u16 = 0x300;
/// Flag of an error: the echoed request is its header only (`NLM_F_CAPPED`, Linux 4.2).
pub const CAPPED: u16 = 0x100;
/// Flag of an error or end: attributes follow, see [`Message::error_text`] (`NLM_F_ACK_TLVS`, Linux 4.12).
pub const ACK_TLVS: u16 = 0x200;

/// Bytes of `struct nlmsghdr`.
pub const HEADER: usize = 16;
