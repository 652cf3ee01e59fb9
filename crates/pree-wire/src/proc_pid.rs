//! Files and links of /proc/PID, and /proc/stat: who a process is and which sockets it holds.
//!
//! Owns the formats. Walking the directories, and what a vanished process means, is the caller's.

use crate::bytes::{decimal, words};
use crate::malformed::Malformed;

/// `PF_EXITING` of linux/sched.h.
const EXITING: u32 = 0x4;

/// `PF_KTHREAD` of linux/sched.h.
const KERNEL_THREAD: u32 = 0x20_0000;

/// The part of /proc/PID/stat that names a process for good, pid and start time, and says whether it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stat<'a> {
    /// Process id, as the reader's pid namespace sees it.
    pub pid: u32,
    /// `comm`: up to 15 bytes (63 for kernel workers) of anything, blanks, brackets and newlines too.
    pub name: &'a [u8],
    /// State letter: `R`, `S`, `D`, `Z`, …
    pub state: u8,
    /// Process id of the parent; 0 for none, or one outside the pid namespace.
    pub parent: u32,
    /// `PF_*` of linux/sched.h, of the leader where it is a process's.
    pub flags: u32,
    /// Start of the process in clock ticks (`USER_HZ`) after boot.
    pub start_time_ticks: u64,
}

/// The arguments of /proc/PID/cmdline, each ended by a NUL. A program that wrote a title over them, as setproctitle(3) does, left
/// the title and NULs where the others were: then the title alone.
pub fn arguments(cmdline: &[u8]) -> &[u8] {
    let end = cmdline.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let title = cmdline.get(..end).unwrap_or_default();
    // One empty argument behind a word may be one.
    let empty = cmdline.len() - end;
    let is_rewritten = !title.contains(&0) && (empty > 2 || (empty == 2 && title.contains(&b' ')));
    if is_rewritten { cmdline.get(..=end).unwrap_or(cmdline) } else { cmdline }
}

impl<'a> Stat<'a> {
    /// Decodes the file's content.
    ///
    /// # Errors
    /// A field is missing or no number: the content was cut short, or is something else.
    pub fn parse(content: &'a [u8]) -> Result<Self, Malformed> {
        let broken = |what| Malformed::new(what, 0);
        // The name is written as it is; what follows it cannot contain a bracket. So the last one ends it.
        let open = content.iter().position(|b| *b == b'(').ok_or(broken("/proc/PID/stat (no name)"))?;
        let close =
            content.iter().rposition(|b| *b == b')').ok_or(broken("/proc/PID/stat (no end of the name)"))?;
        let name = content.get(open + 1..close).ok_or(broken("/proc/PID/stat (brackets reversed)"))?;
        let pid = content.get(..open).and_then(|text| pid_name(text.trim_ascii()));
        let mut after = words(content.get(close + 1..).unwrap_or_default());
        let state = after.next().and_then(|word| word.first().copied());
        let parent = after.next().and_then(id);
        // The parent is field 4, the flags are field 9, the start time field 22.
        let flags = after.nth(9 - 4 - 1).and_then(id);
        let start_time_ticks = after.nth(22 - 9 - 1).and_then(decimal);
        Ok(Self {
            pid: pid.ok_or(broken("pid in /proc/PID/stat"))?,
            name,
            state: state.ok_or(broken("state in /proc/PID/stat"))?,
            parent: parent.ok_or(broken("parent in /proc/PID/stat"))?,
            flags: flags.ok_or(broken("flags in /proc/PID/stat"))?,
            start_time_ticks: start_time_ticks.ok_or(broken("start time in /proc/PID/stat"))?,
        })
    }

    /// Whether it has ended or is about to: it gives back what it has, and then stays until its parent takes note.
    pub fn is_ending(&self) -> bool {
        self.flags & EXITING != 0
    }

    /// Whether it is a thread of the kernel, which runs no program.
    pub fn is_of_kernel(&self) -> bool {
        self.flags & KERNEL_THREAD != 0
    }
}

/// Real and effective user of a process, from the `Uid:` line of /proc/PID/status.
pub fn status_uid(status: &[u8]) -> Option<(u32, u32)> {
    let mut ids = words(after_prefix(status, b"Uid:")?).map(id);
    Some((ids.next()??, ids.next()??))
}

/// Path of a process in the cgroup v2 hierarchy, from /proc/PID/cgroup: the line that starts with `0::`.
///
/// On a host where v1 and v2 are mounted together this may be `/` for every process.
pub fn cgroup_v2_path(cgroup: &[u8]) -> Option<&[u8]> {
    after_prefix(cgroup, b"0::")
}

/// The inode number in the target of a link in /proc/PID/fd: `socket:[12345]`. `None` for anything that is no socket.
pub fn socket_inode(link: &[u8]) -> Option<u64> {
    decimal(link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?)
}

/// Whether the target of a link in /proc/PID/fd is an `io_uring`.
pub fn is_ring(link: &[u8]) -> bool {
    link == b"anon_inode:[io_uring]"
}

/// The sockets among the files that are registered with an `io_uring`, from /proc/PID/fdinfo/FD: slot and inode of each line below
/// `UserFiles:`. Linux 6.14: before, a line had the last part of a file's name, which anybody chooses and a socket does not have.
/// A ring that is busy may show none.
pub fn ring_sockets(fdinfo: &[u8]) -> impl Iterator<Item = (u32, u64)> + '_ {
    let lines = fdinfo.split(|byte| *byte == b'\n').skip_while(|line| !line.starts_with(b"UserFiles:"));
    let files = lines.skip(1).map_while(|line| {
        let (slot, file) = line.split_at(line.iter().position(|byte| *byte == b':')?);
        Some((id(slot.trim_ascii())?, file.strip_prefix(b": ")?))
    });
    files.filter_map(|(slot, file)| Some((slot, socket_inode(file)?)))
}

/// How many descriptors were passed to a Unix socket and are not received yet (`SCM_RIGHTS`), and the inode of the
/// socket that the file is about, from /proc/PID/fdinfo/FD: the lines `scm_fds:` and `ino:` (Linux 5.14).
pub fn fds_in_flight(fdinfo: &[u8]) -> Option<(u32, Option<u64>)> {
    let number = |prefix: &[u8]| decimal(after_prefix(fdinfo, prefix)?.trim_ascii());
    Some((u32::try_from(number(b"scm_fds:")?).ok()?, number(b"ino:")))
}

/// The process id that is the name of a directory in /proc or of a thread in /proc/PID/task; `None` for other names.
pub fn pid_name(name: &[u8]) -> Option<u32> {
    id(name).filter(|pid| *pid != 0)
}

/// The number that is the name of an entry of /proc/PID/fd; `None` for `.` and `..`.
pub fn fd_name(name: &[u8]) -> Option<u32> {
    id(name)
}

fn id(digits: &[u8]) -> Option<u32> {
    decimal(digits).and_then(|number| u32::try_from(number).ok())
}

/// What follows `prefix` on the first line that starts with it.
fn after_prefix<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(prefix))
}

/// How many descriptors a process may have: `Max open files` of /proc/PID/limits, where what is not limited is the greatest number.
pub fn most_descriptors(content: &[u8]) -> Option<u64> {
    match words(after_prefix(content, b"Max open files")?).next()? {
        b"unlimited" => Some(u64::MAX),
        soft => decimal(soft),
    }
}

#[cfg(test)]
mod tests;
