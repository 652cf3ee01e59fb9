//! The descriptors of a process: `struct proc_fdinfo`, as `PROC_PIDLISTFDS` lists them; and its file ports, which
//! `PROC_PIDLISTFILEPORTS` lists alike (`struct proc_fileportinfo`): Mach ports that stand for open files.

use super::layout::proc_fdinfo as layout;
use crate::bytes::Native as _;
use crate::malformed::Malformed;

/// One descriptor, or file port, of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Descriptor {
    /// Its number; the name of a file port.
    pub fd: u32,
    /// What it leads to (`PROX_FDTYPE_*`).
    pub kind: u32,
}

/// The descriptors or file ports in `bytes`, in order. A rest too short for one is a [`Malformed`], the last item.
pub fn descriptors(bytes: &[u8]) -> impl Iterator<Item = Result<Descriptor, Malformed>> + '_ {
    bytes.chunks(layout::SIZE).enumerate().map(|(index, entry)| {
        match (u32::at(entry, layout::PROC_FD.offset), u32::at(entry, layout::PROC_FDTYPE.offset)) {
            (Some(fd), Some(kind)) => Ok(Descriptor { fd, kind }),
            _ => Err(Malformed::new("descriptor of a process (cut short)", index * layout::SIZE)),
        }
    })
}
