//! The program that tells sequence numbers: an iterator over the TCP sockets of the reader's network namespace
//! (`iter/tcp`), which writes a [`pree_wire::bpf_records::Sequence`] for each that is more than a memory.
//!
//! The kernel holds the socket's lock meanwhile (Linux 5.16), so the numbers of one socket are of one moment.

use pree_wire::bpf_records::Sequence;
use pree_wire::btf::{Btf, Kind};

use super::SEQ_WRITE;
use super::asm::{Assembler, Helper, R0, R1, R2, R3, R6, R7, R8, Slot, When};
use crate::source::Errno;

/// Null for what is no full socket: `TIME_WAIT`, a handshake. Linux 5.9.
const TO_TCP_SOCKET: Helper = Helper(137);
/// Gives the socket a cookie if it has none yet. For programs like this one Linux 5.12.
const SOCKET_COOKIE: Helper = Helper(46);

/// What the program is given, 8 bytes an argument of `bpf_iter_tcp` (`net/ipv4/tcp_ipv4.c`).
const CONTEXT_META: i16 = 0;
const CONTEXT_SOCKET: i16 = 8;
const META_SEQ: i16 = 0;

const RECORD: Slot = Slot(-32);
const _: () = assert!(Sequence::SIZE == 32, "the record fills its slot");

/// Members of `struct tcp_sock`, in the order of the record.
const NUMBERS: [&str; 5] = ["snd_una", "snd_nxt", "rcv_nxt", "write_seq", "copied_seq"];

/// Where things are in this kernel.
pub(super) struct Layout {
    /// Number of the function that the iterator stands for.
    pub(super) function: u32,
    numbers: [i16; NUMBERS.len()],
}

impl Layout {
    /// Looks everything up by name.
    pub(super) fn of(btf: Btf<'_>) -> Result<Self, Errno> {
        let [function, socket] = btf.find_all([(Kind::FUNC, "bpf_iter_tcp"), (Kind::STRUCT, "tcp_sock")]);
        let (Some(function), Some(socket)) = (function, socket) else { return Err(Errno::EOPNOTSUPP) };
        let mut numbers = [0; NUMBERS.len()];
        for (place, name) in numbers.iter_mut().zip(NUMBERS) {
            let member = btf.member(&socket, name).ok_or(Errno::EOPNOTSUPP)?;
            *place = i16::try_from(member.offset).map_err(|_| Errno::EOPNOTSUPP)?;
        }
        Ok(Self { function: function.id, numbers })
    }
}

/// The program.
pub(super) fn program(layout: &Layout) -> Result<Vec<[u8; 8]>, Errno> {
    let mut asm = Assembler::default();
    let out = asm.label();
    // R6 context, R7 socket, R8 the same as a TCP socket.
    asm.copy(R6, R1);
    asm.load64(R7, R6, CONTEXT_SOCKET);
    // Nothing: the last call of a run.
    asm.jump_if(R7, When::Equal, 0, out);
    asm.copy(R1, R7);
    asm.call(TO_TCP_SOCKET);
    asm.jump_if(R0, When::Equal, 0, out);
    asm.copy(R8, R0);
    asm.copy(R1, R8);
    asm.call(SOCKET_COOKIE);
    asm.store_slot(RECORD, R0);
    let mut at = 8;
    for offset in layout.numbers {
        asm.load32(R1, R8, offset);
        asm.store_slot32(RECORD.at(at), R1);
        at += 4;
    }
    asm.set_slot32(RECORD.at(at), 0);
    asm.load64(R1, R6, CONTEXT_META);
    asm.load64(R1, R1, META_SEQ);
    asm.slot_address(R2, RECORD);
    asm.set(R3, i32::from(Sequence::SIZE as u16));
    asm.call(SEQ_WRITE);
    asm.place(out);
    asm.set(R0, 0);
    asm.exit();
    asm.finish()
}
