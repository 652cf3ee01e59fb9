//! The programs that count datagrams of UDP sockets in a table, by their cookies, and report the first one of each.
//!
//! They run at each send and receive of every socket, whatever it is (about .1 µs), so they are attached on request only. What a
//! table keeps, unlike the storage of a socket, can be read when the socket has ended.

use pree_wire::btf::{Btf, Kind};
use pree_wire::life_records::{self as record, Datagrams, at};

use super::super::asm::{Assembler, Helper, Label, R0, R1, R2, R3, R4, R6, R7, R8, R9, Slot, When};
use super::{AF_INET6, NUMBER, RECORD, SOCKET_COOKIE, STORED_OPENED, Shared};
use crate::source::{Errno, Failure};

const LOOK_UP: Helper = Helper(1);
const UPDATE: Helper = Helper(2);
/// Of [`UPDATE`]: not what is there.
const NOEXIST: i32 = 1;

const AF_INET: i32 = 2;
const SOCK_DGRAM: i32 = 2;
const IPPROTO_UDP: i32 = 17;
const IPPROTO_UDPLITE: i32 = 136;

/// `MSG_PEEK | MSG_ERRQUEUE`: what is received with these was not, or is none.
const NOT_TAKEN: i32 = 2 | 0x2000;
/// What a call gives is an int: from here on an error.
const ERRORS: i64 = 0x8000_0000;

/// What is kept of a socket: its user as for TCP, then [`Datagrams`], of which the first one stands where TCP has the opening.
pub(in super::super) const KEPT_SIZE: usize = COUNTS as usize + Datagrams::SIZE;
const COUNTS: i16 = STORED_OPENED;
// The places of `Datagrams`.
const LAST: i16 = COUNTS + 8;
const BYTES_SENT: i16 = COUNTS + 16;
const BYTES_RECEIVED: i16 = COUNTS + 24;
const SENT: i16 = COUNTS + 32;
const RECEIVED: i16 = COUNTS + 40;

/// The same on the stack, before what other programs have there.
const KEPT: Slot = Slot(-320);
const _: () = assert!((NUMBER.0 - KEPT.0) as usize == KEPT_SIZE);

/// What is kept of a socket, without its user.
pub(in super::super) fn counts(kept: &[u8; KEPT_SIZE]) -> &[u8] {
    kept.get(COUNTS as usize..).unwrap_or_default()
}

/// Which way a datagram goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Way {
    Out,
    In,
}

/// Where things are in this kernel, besides [`super::Layout`].
pub(in super::super) struct Layout {
    /// The tracepoints, by the number of their type. Linux 6.3.
    pub(in super::super) sends: u32,
    pub(in super::super) receives: u32,
    kind: i16,
    protocol: i16,
}

impl Layout {
    /// Looks everything up by name.
    pub(in super::super) fn of(btf: Btf<'_>) -> Result<Self, Failure> {
        let [sends, receives, sock] = btf.find_all([
            (Kind::TYPEDEF, "btf_trace_sock_send_length"),
            (Kind::TYPEDEF, "btf_trace_sock_recv_length"),
            (Kind::STRUCT, "sock"),
        ]);
        let offset = |path| i16::try_from(btf.member_at(&sock?, path)?.offset).ok();
        let whole = || {
            Some(Self {
                sends: sends?.id,
                receives: receives?.id,
                kind: offset("sk_type")?,
                protocol: offset("sk_protocol")?,
            })
        };
        whole().ok_or(Failure::Answer(Errno::EOPNOTSUPP))
    }
}

impl Shared<'_> {
    /// At `sock_send_length(sk, result, flags)` and `sock_recv_length`, in the name of who calls.
    pub(in super::super) fn datagram(&self, layout: &Layout, way: Way) -> Result<Vec<[u8; 8]>, Failure> {
        let mut asm = Assembler::default();
        let out = asm.label();
        self.begin_datagram(&mut asm, layout, out);
        asm.load64(R8, R6, 8);
        asm.set_wide(R3, ERRORS);
        let succeeded = asm.label();
        asm.jump_if_register(R8, When::Less, R3, succeeded);
        asm.jump(out);
        asm.place(succeeded);
        if way == Way::In {
            asm.load64(R1, R6, 16);
            asm.and(R1, NOT_TAKEN);
            asm.jump_if(R1, When::NotEqual, 0, out);
        }
        self.where_and_when(&mut asm, out);
        asm.load64(R1, R6, 0);
        asm.call(SOCKET_COOKIE);
        asm.store_slot(RECORD.at(at::COOKIE), R0);
        let counts = asm.label();
        self.look_up(&mut asm);
        asm.jump_if(R0, When::NotEqual, 0, counts);
        for slot in (KEPT.0..NUMBER.0).step_by(8) {
            asm.clear_slot(Slot(slot));
        }
        asm.map(R1, self.storage);
        asm.slot_address(R2, RECORD.at(at::COOKIE));
        asm.slot_address(R3, KEPT);
        asm.set(R4, NOEXIST);
        asm.call(UPDATE);
        self.look_up(&mut asm);
        asm.jump_if(R0, When::NotEqual, 0, counts);
        // The table is full, or there is no memory for it.
        self.lose(&mut asm);
        asm.jump(out);
        asm.place(counts);
        asm.copy(R9, R0);
        asm.load_slot(R1, RECORD.at(at::TIME));
        asm.store64(R9, LAST, R1);
        let (bytes, calls) = match way {
            Way::Out => (BYTES_SENT, SENT),
            Way::In => (BYTES_RECEIVED, RECEIVED),
        };
        asm.add_atomically(R9, bytes, R8);
        asm.set(R1, 1);
        asm.add_atomically(R9, calls, R1);
        asm.load64(R1, R9, STORED_OPENED);
        asm.jump_if(R1, When::NotEqual, 0, out);

        // The first one. When two come at once, both are.
        asm.load_slot(R1, RECORD.at(at::TIME));
        asm.store64(R9, STORED_OPENED, R1);
        Self::head(&mut asm, record::KIND_FIRST_DATAGRAM, at::END);
        let known = asm.label();
        self.user(&mut asm, known);
        asm.place(known);
        asm.load_slot(R1, RECORD.at(at::TIME));
        asm.store_slot(RECORD.at(at::OPENED), R1);
        Self::store(&mut asm, out);
        asm.load16(R1, R7, layout.protocol);
        asm.store_slot8(RECORD.at(at::FROM), R1);
        asm.load8(R1, R7, self.layout.state);
        asm.store_slot8(RECORD.at(at::TO), R1);
        // Beyond `struct sock`, whose type this pointer has.
        asm.read(RECORD.at(at::LOCAL_PORT), 2, R7, self.layout.local_port.into(), out);
        self.describe_any(&mut asm, out);
        self.write(&mut asm, at::END);
        asm.place(out);
        asm.set(R0, 0);
        asm.exit();
        asm.finish()
    }

    /// What is kept of the socket whose cookie is in the record, in R0.
    fn look_up(&self, asm: &mut Assembler) {
        asm.map(R1, self.storage);
        asm.slot_address(R2, RECORD.at(at::COOKIE));
        asm.call(LOOK_UP);
    }

    /// Context in R6, the socket in R7. `out`: it is no UDP socket.
    fn begin_datagram(&self, asm: &mut Assembler, layout: &Layout, out: Label) {
        asm.copy(R6, R1);
        asm.load64(R7, R6, 0);
        asm.jump_if(R7, When::Equal, 0, out);
        let (is_ip, is_udp) = (asm.label(), asm.label());
        asm.load16(R1, R7, self.layout.family);
        asm.jump_if(R1, When::Equal, AF_INET, is_ip);
        asm.jump_if(R1, When::NotEqual, AF_INET6, out);
        asm.place(is_ip);
        asm.load16(R1, R7, layout.kind);
        asm.jump_if(R1, When::NotEqual, SOCK_DGRAM, out);
        asm.load16(R1, R7, layout.protocol);
        asm.jump_if(R1, When::Equal, IPPROTO_UDP, is_udp);
        asm.jump_if(R1, When::NotEqual, IPPROTO_UDPLITE, out);
        asm.place(is_udp);
    }
}
