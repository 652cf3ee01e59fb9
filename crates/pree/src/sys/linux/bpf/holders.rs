//! The program that says which descriptors are sockets. What is one it writes down as [`pree_wire::bpf_records`].

use pree_wire::bpf_records::{Descriptor, Holder, NAME_SIZE, TAG_DESCRIPTOR, TAG_HOLDER};
use pree_wire::btf::{Btf, Kind, Type};

use super::asm::{Assembler, Helper, Label, R0, R1, R2, R6, R7, R8, R9, Reg, Slot, When};
use super::task_file::{CONTEXT_FD, CONTEXT_TASK, FUNCTION, socket_of_descriptor, write};
use crate::source::{Errno, Failure};

/// What the program remembers from one descriptor to the next: which task it reported last, and when that started.
pub(super) const STATE: [u64; 2] = [0; 2];

const GET_CURRENT_TASK: Helper = Helper(35);

// The stack, from its end.
const HOLDER: Slot = Slot(-40);
const DESCRIPTOR: Slot = Slot(-56);
const LEADER: Slot = Slot(-64);
const LEVEL: Slot = Slot(-72);
const SCRATCH: Slot = Slot(-80);

/// Where things are in this kernel.
pub(super) struct Layout {
    /// Number of the function that the iterator stands for.
    pub(super) function: u32,
    task_thread_pid: i32,
    task_leader: i32,
    task_parent: i32,
    task_start: i32,
    task_name: i32,
    pid_level: i32,
    pid_numbers: i32,
    number_size: i32,
    /// From the socket to the number of its inode: they are one allocation.
    socket_inode: i32,
}

impl Layout {
    /// Looks everything up by name.
    pub(super) fn of(btf: Btf<'_>) -> Result<Self, Failure> {
        let [function, task, pid, number, socket, inode] = btf.find_all([
            (Kind::FUNC, FUNCTION),
            (Kind::STRUCT, "task_struct"),
            (Kind::STRUCT, "pid"),
            (Kind::STRUCT, "upid"),
            (Kind::STRUCT, "socket_alloc"),
            (Kind::STRUCT, "inode"),
        ]);
        let offset = |of: Option<Type<'_>>, name| {
            let member = btf.member(&of?, name)?;
            i32::try_from(member.offset).ok()
        };
        // A number in a namespace begins with the number itself, since 2.6.24.
        let whole = || {
            Some(Self {
                function: function?.id,
                task_thread_pid: offset(task, "thread_pid")?,
                task_leader: offset(task, "group_leader")?,
                task_parent: offset(task, "real_parent")?,
                task_start: offset(task, "start_boottime")?,
                task_name: offset(task, "comm")?,
                pid_level: offset(pid, "level")?,
                pid_numbers: offset(pid, "numbers")?.checked_add(offset(number, "nr")?)?,
                number_size: i32::try_from(number?.size()?).ok()?,
                socket_inode: offset(socket, "vfs_inode")?.checked_add(offset(inode, "i_ino")?)?,
            })
        };
        whole().ok_or(Failure::Answer(Errno::EOPNOTSUPP))
    }
}

/// Pid namespaces inside each other: `MAX_PID_NS_LEVEL`.
const DEEPEST: u8 = 32;

/// The program. `state` is the descriptor of the map with [`STATE`]; `boot_offset_ns` is what the reader's time
/// namespace adds to the time since boot; ids are those of the pid namespace so many levels above the reader's.
pub(super) fn program(
    layout: &Layout,
    state: i32,
    boot_offset_ns: i64,
    levels_above: u32,
) -> Result<Vec<[u8; 8]>, Failure> {
    let up = u8::try_from(levels_above).unwrap_or(DEEPEST).min(DEEPEST).into();
    let start = i16::try_from(layout.task_start).map_err(|_| Failure::Answer(Errno::EOPNOTSUPP))?;
    let mut asm = Assembler::default();
    let (out, known) = (asm.label(), asm.label());
    // R6 context, R7 file and later where a pid has its number in the namespace that is meant, R8 task, R9 what we remember.
    socket_of_descriptor(&mut asm, out);
    asm.load64(R8, R6, CONTEXT_TASK);
    asm.jump_if(R8, When::Equal, 0, out);
    asm.read(DESCRIPTOR.at(8), 8, R0, layout.socket_inode, out);

    asm.map_value(R9, state);
    let fresh = asm.label();
    asm.load64(R1, R9, 0);
    asm.jump_if_register(R1, When::NotEqual, R8, fresh);
    // Another task can have the address of one that has ended, but not its start as well.
    asm.load64(R1, R9, 8);
    asm.load64(R2, R8, start);
    asm.jump_if_register(R1, When::Equal, R2, known);
    asm.place(fresh);
    holder(&mut asm, layout, boot_offset_ns, up, out);

    asm.place(known);
    asm.set_slot32(DESCRIPTOR, TAG_DESCRIPTOR);
    asm.load32(R1, R6, CONTEXT_FD);
    asm.store_slot32(DESCRIPTOR.at(4), R1);
    write(&mut asm, DESCRIPTOR, Descriptor::SIZE, out);
    // Only now: what did not fit is taken back by the kernel, the holder too, and asked for again.
    asm.store64(R9, 0, R8);
    asm.load64(R1, R8, start);
    asm.store64(R9, 8, R1);
    asm.place(out);
    asm.set(R0, 0);
    asm.exit();
    asm.finish()
}

/// Writes down whose table it is.
fn holder(asm: &mut Assembler, layout: &Layout, boot_offset_ns: i64, up: i32, out: Label) {
    // A pid has a number in each namespace that sees it, in ours at the level of the reader's own pid.
    asm.call(GET_CURRENT_TASK);
    follow(asm, R0, layout.task_thread_pid, out);
    asm.read(LEVEL, 4, R1, layout.pid_level, out);
    asm.load_slot32(R7, LEVEL);
    asm.add(R7, -up);
    asm.store_slot32(LEVEL, R7);
    asm.multiply(R7, layout.number_size);
    asm.add(R7, layout.pid_numbers);

    asm.set_slot32(HOLDER, TAG_HOLDER);
    follow(asm, R8, layout.task_thread_pid, out);
    number(asm, HOLDER.at(8), out);
    follow(asm, R8, layout.task_leader, out);
    asm.store_slot(LEADER, R1);
    follow(asm, R1, layout.task_thread_pid, out);
    number(asm, HOLDER.at(4), out);

    asm.load_slot(R1, LEADER);
    asm.read(HOLDER.at(16), 8, R1, layout.task_start, out);
    if boot_offset_ns != 0 {
        asm.load_slot(R1, HOLDER.at(16));
        asm.set_wide(R2, boot_offset_ns);
        asm.add_register(R1, R2);
        asm.store_slot(HOLDER.at(16), R1);
    }
    asm.load_slot(R1, LEADER);
    asm.read(HOLDER.at(24), i32::from(NAME_SIZE as u16), R1, layout.task_name, out);

    // The parent may be a thread, and outside of that namespace.
    let orphan = asm.label();
    asm.set_slot32(HOLDER.at(12), 0);
    asm.load_slot(R1, LEADER);
    follow(asm, R1, layout.task_parent, orphan);
    follow(asm, R1, layout.task_leader, orphan);
    follow(asm, R1, layout.task_thread_pid, orphan);
    asm.read(LEADER, 4, R1, layout.pid_level, orphan);
    asm.load_slot32(R1, LEADER);
    asm.load_slot32(R2, LEVEL);
    asm.jump_if_register(R1, When::Less, R2, orphan);
    asm.load_slot(R1, SCRATCH);
    number(asm, HOLDER.at(12), orphan);
    asm.place(orphan);
    write(asm, HOLDER, Holder::SIZE, out);
}

/// Loads the pointer at `base` + `offset` into R1.
fn follow(asm: &mut Assembler, base: Reg, offset: i32, refused: Label) {
    asm.read(SCRATCH, 8, base, offset, refused);
    asm.load_slot(R1, SCRATCH);
}

/// Reads the number of the pid in R1.
fn number(asm: &mut Assembler, slot: Slot, refused: Label) {
    asm.add_register(R1, R7);
    asm.read(slot, 4, R1, 0, refused);
}
