//! What our programs share: both are run once for each descriptor of each task that the reader's pid namespace shows
//! (`iter/task_file`), and write records to the reader.
//!
//! Of a process's threads only those that do not share the leader's table are visited. The kernel holds a reference to task
//! and file while the program looks at them, so the socket behind the file stays too.

use super::asm::{Assembler, Helper, Label, R0, R1, R2, R3, R6, R7, Slot, When};

/// The function that the iterator stands for.
pub(super) const FUNCTION: &str = "bpf_iter_task_file";

/// What the program is given, 8 bytes an argument of `bpf_iter_task_file` (`kernel/bpf/task_iter.c`): a promise to
/// programs, like the first member of `struct bpf_iter_meta`.
const CONTEXT_META: i16 = 0;
pub(super) const CONTEXT_TASK: i16 = 8;
pub(super) const CONTEXT_FD: i16 = 16;
const CONTEXT_FILE: i16 = 24;
const META_SEQ: i16 = 0;

/// `struct socket` of a file that is one, else null. Linux 5.11.
const SOCK_FROM_FILE: Helper = Helper(162);
/// To those who read the iterator. Linux 5.8.
const SEQ_WRITE: Helper = Helper(127);

/// The program's beginning: context in R6, the descriptor's `struct socket` in R0. What is no socket goes to `out`.
pub(super) fn socket_of_descriptor(asm: &mut Assembler, out: Label) {
    asm.copy(R6, R1);
    asm.load64(R7, R6, CONTEXT_FILE);
    // Nothing: the last call of a run.
    asm.jump_if(R7, When::Equal, 0, out);
    asm.copy(R1, R7);
    asm.call(SOCK_FROM_FILE);
    asm.jump_if(R0, When::Equal, 0, out);
}

/// Writes a record to the reader. The context is in R6.
pub(super) fn write(asm: &mut Assembler, record: Slot, size: usize, full: Label) {
    asm.load64(R1, R6, CONTEXT_META);
    asm.load64(R1, R1, META_SEQ);
    asm.slot_address(R2, record);
    asm.set(R3, i32::from(size as u16));
    asm.call(SEQ_WRITE);
    asm.jump_if(R0, When::NotEqual, 0, full);
}
