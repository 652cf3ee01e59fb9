//! What `proc_info(2)` tells of a process: `struct proc_bsdinfo`, and the short one that needs no right.

use super::layout;
use super::place::Place;
use crate::malformed::Malformed;

/// A view of `struct proc_bsdinfo` (`PROC_PIDTBSDINFO`): told of one's own processes, and of others' to root.
#[derive(Clone, Copy, Debug)]
pub struct ProcessInfo<'a> {
    bytes: &'a [u8],
}

impl<'a> ProcessInfo<'a> {
    /// A view of the structure.
    ///
    /// # Errors
    /// The bytes are fewer than the structure has.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len() < layout::proc_bsdinfo::SIZE {
            return Err(Malformed::new("proc_bsdinfo (too short)", bytes.len()));
        }
        Ok(Self { bytes })
    }

    /// The name: the long one (`pbi_name`, 31 bytes at most) where the process has one, else the first 15 bytes of its
    /// program's (`pbi_comm`).
    pub fn name(self) -> &'a [u8] {
        match text(self.bytes, layout::proc_bsdinfo::PBI_NAME) {
            [] => text(self.bytes, layout::proc_bsdinfo::PBI_COMM),
            long => long,
        }
    }
}

apple_struct! { ProcessInfo, proc_bsdinfo;
    /// Process id.
    pid: u32, PBI_PID;
    /// Parent's process id.
    ppid: u32, PBI_PPID;
    /// Effective user id.
    uid: u32, PBI_UID;
    /// When it started: seconds of Unix time.
    start_s: u64, PBI_START_TVSEC;
    /// The microseconds beyond.
    start_us: u64, PBI_START_TVUSEC;
}

/// A view of `struct proc_bsdshortinfo` (`PROC_PIDT_SHORTBSDINFO`): told of every process to everybody.
#[derive(Clone, Copy, Debug)]
pub struct ShortProcessInfo<'a> {
    bytes: &'a [u8],
}

impl<'a> ShortProcessInfo<'a> {
    /// A view of the structure.
    ///
    /// # Errors
    /// The bytes are fewer than the structure has.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len() < layout::proc_bsdshortinfo::SIZE {
            return Err(Malformed::new("proc_bsdshortinfo (too short)", bytes.len()));
        }
        Ok(Self { bytes })
    }

    /// The first 15 bytes of the program's name.
    pub fn name(self) -> &'a [u8] {
        text(self.bytes, layout::proc_bsdshortinfo::PBSI_COMM)
    }
}

apple_struct! { ShortProcessInfo, proc_bsdshortinfo;
    /// Process id.
    pid: u32, PBSI_PID;
    /// Parent's process id.
    ppid: u32, PBSI_PPID;
    /// Effective user id.
    uid: u32, PBSI_UID;
}

/// The text in a member, up to its first NUL.
fn text(bytes: &[u8], place: Place) -> &[u8] {
    place.of(bytes).and_then(|text| text.split(|byte| *byte == 0).next()).unwrap_or_default()
}
