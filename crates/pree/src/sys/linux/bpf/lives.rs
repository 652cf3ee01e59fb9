//! The programs that report lives of sockets as [`pree_wire::life_records`]: of TCP each change of state, with the last statistics
//! when a socket closes, and who uses it; of UDP see [`datagrams`].
//!
//! Who calls is the socket's user only while a process holds its lock: what comes from the network runs in the name of
//! whichever process it interrupts.

pub(super) mod datagrams;
mod layout;

use pree_wire::life_records::{self as record, at};

use super::asm::{Assembler, Helper, Label, R0, R1, R2, R3, R4, R6, R7, R8, R9, Reg, Slot, When};
use crate::source::Failure;
pub(super) use layout::Layout;

const GET_TIME: Helper = Helper(5);
const GET_CURRENT_TASK: Helper = Helper(35);
/// Linux 5.11 for these programs.
const GET_CURRENT_TASK_TYPED: Helper = Helper(158);
/// Linux 5.12 for these programs.
const SOCKET_COOKIE: Helper = Helper(46);
/// Linux 5.11 for these programs.
const STORAGE: Helper = Helper(107);
/// Linux 5.8.
const RING_OUTPUT: Helper = Helper(130);
/// Linux 5.9.
const TO_TCP_SOCKET: Helper = Helper(137);

/// Who waits for the ring is woken by the first record that comes into it when it is empty, not by each.
const WAKE_WHEN_EMPTY: i32 = 0;

const AF_INET6: i32 = 10;
const ECONNABORTED: i32 = 103;
const ECONNRESET: i32 = 104;

// `TCP_*` of include/net/tcp_states.h.
const SYN_SENT: i32 = 2;
const SYN_RECV: i32 = 3;
const FIN_WAIT1: i32 = 4;
const CLOSE: i32 = 7;
const LAST_ACK: i32 = 9;
const LISTEN: i32 = 10;
/// States into which the program that uses a socket brings it.
const BY_ITS_USER: [i32; 5] = [SYN_SENT, LISTEN, FIN_WAIT1, LAST_ACK, CLOSE];

/// What all programs share: how many records were lost, where our pid namespace is, and its level.
pub(super) const STATE_SIZE: u32 = 24;
const STATE_LOST: i16 = 0;
const STATE_NAMESPACE: i16 = 8;
const STATE_LEVEL: i16 = 16;

/// What is kept of a socket in the kernel: its user, as a record has it, and when it was opened.
pub(super) const STORAGE_SIZE: u32 = 40;
const STORED_OPENED: i16 = 32;

// The stack, from its end.
const RECORD: Slot = Slot(-at::END_OF_CLOSED);
/// A number of a pid, and the namespace in which it has that.
const NUMBER: Slot = Slot(-240);

/// What the programs of one watch share.
pub(super) struct Shared<'l> {
    pub(super) layout: &'l Layout,
    /// The maps, by their descriptors.
    pub(super) state: i32,
    /// What is kept of sockets: for those of TCP their storage, for those of UDP a table.
    pub(super) storage: i32,
    pub(super) ring: i32,
    /// Only sockets of this network namespace.
    pub(super) namespace: Option<u32>,
    /// What the reader's time namespace adds to the time since boot.
    pub(super) boot_offset_ns: i64,
    /// The same to the clock of the records.
    pub(super) monotonic_offset_ns: i64,
}

/// The program that finds out where the pid namespace of its caller is, `up` levels above it. It runs once, called by us.
pub(super) fn numbering(layout: &Layout, state: i32, up: u32) -> Result<Vec<[u8; 8]>, Failure> {
    let mut asm = Assembler::default();
    let out = asm.label();
    asm.map_value(R9, state);
    asm.call(GET_CURRENT_TASK);
    asm.read(NUMBER, 8, R0, layout.task_pid.into(), out);
    asm.load_slot(R7, NUMBER);
    asm.read(NUMBER, 4, R7, layout.pid_level, out);
    asm.load_slot32(R8, NUMBER);
    asm.add(R8, i32::try_from(up).map(|up| -up).map_err(|_| Failure::MALFORMED)?);
    asm.store64(R9, STATE_LEVEL, R8);
    asm.multiply(R8, layout.number_size);
    asm.add_register(R7, R8);
    asm.read(NUMBER, 8, R7, layout.pid_numbers + i32::from(layout.number_namespace), out);
    asm.load_slot(R1, NUMBER);
    asm.store64(R9, STATE_NAMESPACE, R1);
    asm.place(out);
    asm.set(R0, 0);
    asm.exit();
    asm.finish()
}

impl Shared<'_> {
    /// At `inet_sock_set_state(sk, from, to)`.
    pub(super) fn state_changes(&self) -> Result<Vec<[u8; 8]>, Failure> {
        let mut asm = Assembler::default();
        let out = asm.label();
        self.begin(&mut asm, record::KIND_STATE, at::END, out);
        asm.load64(R1, R6, 8);
        asm.store_slot8(RECORD.at(at::FROM), R1);
        asm.load64(R8, R6, 16);
        asm.store_slot8(RECORD.at(at::TO), R8);
        // A child of a listener has no addresses yet.
        asm.jump_if(R8, When::Equal, SYN_RECV, out);

        // What is opened now is remembered, what was before us is not.
        let (opens, known, done) = (asm.label(), asm.label(), asm.label());
        asm.jump_if(R8, When::Equal, SYN_SENT, opens);
        asm.jump_if(R8, When::Equal, LISTEN, opens);
        let looks_up = asm.label();
        asm.jump_if(R1, When::NotEqual, SYN_RECV, looks_up);
        asm.jump_if(R8, When::NotEqual, CLOSE, opens);
        asm.place(looks_up);
        self.storage(&mut asm, 0);
        // A child that never was a connection.
        asm.jump_if(R0, When::NotEqual, 0, known);
        asm.load64(R1, R6, 8);
        asm.jump_if(R1, When::Equal, SYN_RECV, out);
        asm.jump(known);
        asm.place(opens);
        self.storage(&mut asm, 1);
        asm.jump_if(R0, When::Equal, 0, known);
        let (is_child, stamp) = (asm.label(), asm.label());
        asm.load64(R1, R6, 8);
        asm.jump_if(R1, When::NotEqual, CLOSE, is_child);
        // A socket can connect or listen again, for somebody else.
        asm.set(R1, 0);
        asm.store32(R0, at::USER_KNOWN - at::USER, R1);
        asm.jump(stamp);
        asm.place(is_child);
        asm.load64(R1, R0, STORED_OPENED);
        asm.jump_if(R1, When::NotEqual, 0, known);
        asm.place(stamp);
        asm.load_slot(R1, RECORD.at(at::TIME));
        asm.store64(R0, STORED_OPENED, R1);
        asm.place(known);
        asm.copy(R9, R0);
        Self::stored(&mut asm, done);
        // The user is not known yet.
        asm.load32(R1, R7, self.layout.is_locked);
        asm.jump_if(R1, When::Equal, 0, done);
        asm.load32(R1, R7, self.layout.error);
        // Somebody else closes it (SOCK_DESTROY).
        asm.jump_if(R1, When::Equal, ECONNABORTED, done);
        let is_by_user = asm.label();
        for state in BY_ITS_USER {
            asm.jump_if(R8, When::Equal, state, is_by_user);
        }
        asm.jump(done);
        asm.place(is_by_user);
        self.user(&mut asm, done);
        Self::store(&mut asm, done);
        asm.place(done);

        self.describe(&mut asm, out);
        let short = asm.label();
        asm.load64(R8, R6, 16);
        asm.jump_if(R8, When::NotEqual, CLOSE, short);
        self.statistics(&mut asm);
        asm.set(R1, at::END_OF_CLOSED.into());
        asm.store_slot16(RECORD.at(at::SIZE), R1);
        self.write(&mut asm, at::END_OF_CLOSED);
        asm.jump(out);
        asm.place(short);
        self.write(&mut asm, at::END);
        asm.place(out);
        asm.set(R0, 0);
        asm.exit();
        asm.finish()
    }

    /// At `tcp_rcv_space_adjust(sk)`: the first who reads what a peer opened.
    pub(super) fn reads(&self) -> Result<Vec<[u8; 8]>, Failure> {
        let mut asm = Assembler::default();
        let out = asm.label();
        // Almost every call is of a socket whose user is known: the storage is looked at first.
        let found = asm.label();
        asm.copy(R6, R1);
        self.storage(&mut asm, 0);
        asm.jump_if(R0, When::NotEqual, 0, found);
        // With TCP Fast Open data is read before the handshake is over.
        asm.load64(R1, R6, 0);
        asm.load8(R1, R1, self.layout.state);
        asm.jump_if(R1, When::NotEqual, SYN_RECV, out);
        self.storage(&mut asm, 1);
        asm.jump_if(R0, When::Equal, 0, out);
        asm.place(found);
        asm.copy(R9, R0);
        asm.load32(R1, R9, at::USER_KNOWN - at::USER);
        asm.jump_if(R1, When::NotEqual, 0, out);
        asm.copy(R1, R6);
        self.begin(&mut asm, record::KIND_USER, at::END, out);
        asm.load32(R1, R7, self.layout.is_locked);
        asm.jump_if(R1, When::Equal, 0, out);
        asm.load64(R1, R9, STORED_OPENED);
        asm.store_slot(RECORD.at(at::OPENED), R1);
        self.user(&mut asm, out);
        Self::store(&mut asm, out);
        self.describe(&mut asm, out);
        self.write(&mut asm, at::END);
        asm.place(out);
        asm.set(R0, 0);
        asm.exit();
        asm.finish()
    }

    /// At `tcp_send_reset(sk, …)`: who closed the socket already and then resets the peer, whose data nobody takes any more. The
    /// kernel sets the same error then as if the peer had reset it, or none.
    pub(super) fn resets(&self) -> Result<Vec<[u8; 8]>, Failure> {
        let mut asm = Assembler::default();
        let out = asm.label();
        self.begin(&mut asm, record::KIND_RESET_SENT, at::END, out);
        asm.load8(R1, R7, self.layout.state);
        asm.jump_if(R1, When::NotEqual, CLOSE, out);
        let may_be = asm.label();
        asm.load32(R1, R7, self.layout.error);
        asm.jump_if(R1, When::Equal, 0, may_be);
        asm.jump_if(R1, When::NotEqual, ECONNRESET, out);
        asm.place(may_be);
        self.describe(&mut asm, out);
        self.write(&mut asm, at::END);
        asm.place(out);
        asm.set(R0, 0);
        asm.exit();
        asm.finish()
    }

    /// Context in R6, the socket in R7, the record begun; R9 is free. `out`: it is none of ours.
    fn begin(&self, asm: &mut Assembler, kind: u16, size: i16, out: Label) {
        asm.copy(R6, R1);
        asm.load64(R1, R6, 0);
        asm.jump_if(R1, When::Equal, 0, out);
        asm.call(TO_TCP_SOCKET);
        asm.jump_if(R0, When::Equal, 0, out);
        asm.copy(R7, R0);
        self.where_and_when(asm, out);
        Self::head(asm, kind, size);
    }

    /// Notes the network namespace of the socket (R7), if it is ours, and the time, which is in R0 then.
    fn where_and_when(&self, asm: &mut Assembler, out: Label) {
        asm.load64(R2, R7, self.layout.namespace);
        asm.load32(R2, R2, self.layout.namespace_inode);
        asm.store_slot32(RECORD.at(at::NAMESPACE), R2);
        if let Some(namespace) = self.namespace {
            asm.set_wide(R3, namespace.into());
            asm.jump_if_register(R2, When::NotEqual, R3, out);
        }
        asm.call(GET_TIME);
        add(asm, R0, self.monotonic_offset_ns);
        asm.store_slot(RECORD.at(at::TIME), R0);
    }

    /// What the record is, and nothing in it.
    fn head(asm: &mut Assembler, kind: u16, size: i16) {
        asm.set_slot32(RECORD, u32::from(kind) | (size as u32) << 16);
        asm.set_slot32(RECORD.at(at::FROM), 0);
        for offset in (at::USER..at::UID).step_by(8) {
            asm.clear_slot(RECORD.at(offset));
        }
    }

    /// What is kept of the socket in the kernel, in R0; with `create` 1 it is made.
    fn storage(&self, asm: &mut Assembler, create: i32) {
        asm.map(R1, self.storage);
        asm.load64(R2, R6, 0);
        asm.set(R3, 0);
        asm.set(R4, create);
        asm.call(STORAGE);
    }

    /// Copies what is stored (R9, which may be null) into the record; goes on at `known` when the user is among it.
    fn stored(asm: &mut Assembler, known: Label) {
        let nothing = asm.label();
        asm.jump_if(R9, When::Equal, 0, nothing);
        for offset in (0..at::UID - at::USER).step_by(8) {
            asm.load64(R1, R9, offset);
            asm.store_slot(RECORD.at(at::USER + offset), R1);
        }
        asm.load32(R1, R9, at::USER_KNOWN - at::USER);
        asm.jump_if(R1, When::NotEqual, 0, known);
        asm.place(nothing);
    }

    /// Stores the user that is in the record, where there is room (R9).
    fn store(asm: &mut Assembler, nowhere: Label) {
        asm.jump_if(R9, When::Equal, 0, nowhere);
        for offset in (0..STORED_OPENED).step_by(8) {
            asm.load_slot(R1, RECORD.at(at::USER + offset));
            asm.store64(R9, offset, R1);
        }
    }

    /// Writes the calling process down as the user. R8 is used.
    fn user(&self, asm: &mut Assembler, refused: Label) {
        let layout = self.layout;
        asm.call(GET_CURRENT_TASK_TYPED);
        asm.load64(R8, R0, layout.task_leader);
        asm.load64(R1, R8, layout.task_start);
        add(asm, R1, self.boot_offset_ns);
        asm.store_slot(RECORD.at(at::STARTED), R1);
        asm.read(RECORD.at(at::NAME), 16, R8, layout.task_name, refused);
        // A process has a number in each namespace that sees it. 0: ours does not.
        let outside = asm.label();
        // Read and not loaded: the address of a number is computed, which a typed pointer does not allow.
        asm.read(NUMBER, 8, R8, layout.task_pid.into(), refused);
        asm.load_slot(R8, NUMBER);
        asm.jump_if(R8, When::Equal, 0, outside);
        asm.read(NUMBER, 4, R8, layout.pid_level, refused);
        asm.load_slot32(R1, NUMBER);
        asm.map_value(R2, self.state);
        asm.load64(R3, R2, STATE_LEVEL);
        asm.jump_if_register(R1, When::Less, R3, outside);
        asm.multiply(R3, layout.number_size);
        asm.add_register(R8, R3);
        asm.read(NUMBER, 16, R8, layout.pid_numbers, refused);
        asm.map_value(R1, self.state);
        asm.load64(R1, R1, STATE_NAMESPACE);
        asm.load_slot(R2, NUMBER.at(layout.number_namespace));
        asm.jump_if_register(R1, When::NotEqual, R2, outside);
        asm.load_slot32(R1, NUMBER);
        asm.store_slot32(RECORD.at(at::PID), R1);
        asm.place(outside);
        asm.set_slot32(RECORD.at(at::USER_KNOWN), 1);
    }

    /// The socket's ends, cookie and so on.
    fn describe(&self, asm: &mut Assembler, refused: Label) {
        asm.load16(R1, R7, self.layout.local_port);
        asm.store_slot16(RECORD.at(at::LOCAL_PORT), R1);
        self.describe_any(asm, refused);
    }

    /// The same without the port at this end, which not every type has where it can be loaded.
    fn describe_any(&self, asm: &mut Assembler, refused: Label) {
        let layout = self.layout;
        asm.load64(R1, R6, 0);
        asm.call(SOCKET_COOKIE);
        asm.store_slot(RECORD.at(at::COOKIE), R0);
        for (from, to) in [
            (layout.interface, at::INTERFACE),
            (layout.error, at::ERROR),
            (layout.uid, at::UID),
            (layout.flags, at::FLAGS),
        ] {
            asm.load32(R1, R7, from);
            asm.store_slot32(RECORD.at(to), R1);
        }
        for (from, to) in [(layout.remote_port, at::REMOTE_PORT), (layout.family, at::FAMILY)] {
            asm.load16(R1, R7, from);
            asm.store_slot16(RECORD.at(to), R1);
        }
        let (is_4, done) = (asm.label(), asm.label());
        for offset in [at::LOCAL + 8, at::REMOTE + 8, at::LOCAL, at::REMOTE] {
            asm.clear_slot(RECORD.at(offset));
        }
        if let (Some(local), Some(remote)) = (layout.local6, layout.remote6) {
            asm.jump_if(R1, When::NotEqual, AF_INET6, is_4);
            asm.read(RECORD.at(at::LOCAL), 16, R7, local.into(), refused);
            asm.read(RECORD.at(at::REMOTE), 16, R7, remote.into(), refused);
            asm.jump(done);
        }
        asm.place(is_4);
        for (from, to) in [(layout.local, at::LOCAL), (layout.remote, at::REMOTE)] {
            asm.load32(R1, R7, from);
            asm.store_slot32(RECORD.at(to), R1);
        }
        asm.place(done);
    }

    /// The numbers of the connection, as far as this kernel has them.
    fn statistics(&self, asm: &mut Assembler) {
        let mut known = 0;
        let mut bit = 1;
        let mut place = at::STATISTICS;
        let mut copy = |asm: &mut Assembler, offset: Option<i16>, size: i16| {
            let slot = RECORD.at(place);
            match (offset, size) {
                (Some(offset), 8) => {
                    asm.load64(R1, R7, offset);
                    asm.store_slot(slot, R1);
                }
                (Some(offset), _) => {
                    asm.load32(R1, R7, offset);
                    asm.store_slot32(slot, R1);
                }
                (None, 8) => asm.clear_slot(slot),
                (None, _) => asm.set_slot32(slot, 0),
            }
            known |= if offset.is_some() { bit } else { 0 };
            bit <<= 1;
            place += size;
        };
        self.layout.counters.iter().for_each(|offset| copy(asm, *offset, 8));
        self.layout.numbers.iter().for_each(|offset| copy(asm, *offset, 4));
        asm.set_slot32(RECORD.at(at::KNOWN), known);
        asm.set_slot32(RECORD.at(at::KNOWN + 4), 0);
    }

    /// Gives the record to who reads, or counts it as lost.
    fn write(&self, asm: &mut Assembler, size: i16) {
        let fits = asm.label();
        asm.map(R1, self.ring);
        asm.slot_address(R2, RECORD);
        asm.set(R3, size.into());
        asm.set(R4, WAKE_WHEN_EMPTY);
        asm.call(RING_OUTPUT);
        asm.jump_if(R0, When::Equal, 0, fits);
        self.lose(asm);
        asm.place(fits);
    }

    /// Counts a record that could not be written.
    fn lose(&self, asm: &mut Assembler) {
        asm.map_value(R1, self.state);
        asm.set(R2, 1);
        asm.add_atomically(R1, STATE_LOST, R2);
    }
}

/// Adds nanoseconds. R2 is used.
fn add(asm: &mut Assembler, to: Reg, nanoseconds: i64) {
    if nanoseconds != 0 {
        asm.set_wide(R2, nanoseconds);
        asm.add_register(to, R2);
    }
}
