//! The program that reports sequence numbers: of each descriptor that is a TCP socket it writes a
//! [`pree_wire::bpf_records::Sequence`].
//!
//! Through descriptors and not by `iter/tcp`, which visits every socket: that iterator takes references to request sockets
//! whose count is not set yet (`bpf_iter_tcp_established_batch`), a use after free in the kernel while handshakes go on.

use pree_wire::bpf_records::Sequence;
use pree_wire::btf::{Btf, Kind};

use super::asm::{Assembler, Helper, R0, R1, R7, R8, Slot, When};
use super::task_file::{FUNCTION, socket_of_descriptor, write};
use crate::source::{Errno, Failure};

/// Null for what is no TCP socket. Linux 5.9.
const TO_TCP_SOCKET: Helper = Helper(137);
/// Gives the socket a cookie if it has none yet. For programs like this one Linux 5.12.
const SOCKET_COOKIE: Helper = Helper(46);

const RECORD: Slot = Slot(-32);
const _: () = assert!(Sequence::SIZE == 32, "the record fills its slot");

/// Members of `struct tcp_sock`, and where the record has them. Nobody keeps the connection still meanwhile, and all of
/// them only grow: in this order none that is read first can pass the one that bounds it.
const NUMBERS: [(&str, i16); 5] =
    [("snd_una", 8), ("snd_nxt", 12), ("write_seq", 20), ("copied_seq", 24), ("rcv_nxt", 16)];

/// Where things are in this kernel.
pub(super) struct Layout {
    /// Number of the function that the iterator stands for.
    pub(super) function: u32,
    socket_sock: i16,
    numbers: [i16; NUMBERS.len()],
}

impl Layout {
    /// Looks everything up by name.
    pub(super) fn of(btf: Btf<'_>) -> Result<Self, Failure> {
        let [function, socket, tcp] =
            btf.find_all([(Kind::FUNC, FUNCTION), (Kind::STRUCT, "socket"), (Kind::STRUCT, "tcp_sock")]);
        let offset = |of, name| i16::try_from(btf.member(&of?, name)?.offset).ok();
        let whole = || {
            let mut numbers = [0; NUMBERS.len()];
            for (place, (name, _)) in numbers.iter_mut().zip(NUMBERS) {
                *place = offset(tcp, name)?;
            }
            Some(Self { function: function?.id, socket_sock: offset(socket, "sk")?, numbers })
        };
        whole().ok_or(Failure::Answer(Errno::EOPNOTSUPP))
    }
}

/// The program.
pub(super) fn program(layout: &Layout) -> Result<Vec<[u8; 8]>, Failure> {
    let mut asm = Assembler::default();
    let out = asm.label();
    // R6 context, R7 file and later the socket, R8 the same as a TCP socket.
    socket_of_descriptor(&mut asm, out);
    asm.load64(R7, R0, layout.socket_sock);
    asm.jump_if(R7, When::Equal, 0, out);
    asm.copy(R1, R7);
    asm.call(TO_TCP_SOCKET);
    asm.jump_if(R0, When::Equal, 0, out);
    asm.copy(R8, R0);
    asm.copy(R1, R8);
    asm.call(SOCKET_COOKIE);
    asm.store_slot(RECORD, R0);
    for (offset, (_, at)) in layout.numbers.into_iter().zip(NUMBERS) {
        asm.load32(R1, R8, offset);
        asm.store_slot32(RECORD.at(at), R1);
    }
    asm.set_slot32(RECORD.at(28), 0);
    write(&mut asm, RECORD, Sequence::SIZE, out);
    asm.place(out);
    asm.set(R0, 0);
    asm.exit();
    asm.finish()
}
