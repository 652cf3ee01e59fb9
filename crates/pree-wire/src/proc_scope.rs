//! Which processes a mounted /proc shows, and by which numbers: what /proc/thread-self/status, its link to the user namespace
//! and its mountinfo tell of that.

use crate::bytes::{decimal, hexadecimal, words};

/// The bit of `CAP_SYS_PTRACE` in [`effective_capabilities`].
pub const CAP_SYS_PTRACE: u64 = 1 << 19;

/// The bit of `CAP_DAC_READ_SEARCH` in the same.
pub const CAP_DAC_READ_SEARCH: u64 = 1 << 2;

/// The inode of the machine's first user namespace: `PROC_USER_INIT_INO` of `include/linux/proc_ns.h`, since 3.8.
const FIRST_USER_NAMESPACE: u64 = 0xefff_fffd;

/// The inode of its first pid namespace: `PROC_PID_INIT_INO`, likewise.
const FIRST_PID_NAMESPACE: u64 = 0xefff_fffc;

/// How many pid namespaces lie between the one that /proc shows and that of the process itself: 0 when they are the same.
/// From the `NSpid:` line of its status, which has the process's number in each of them (Linux 4.1). `None` where that
/// line is missing, as in kernels without pid namespaces.
pub fn levels_above(status: &[u8]) -> Option<u32> {
    let numbers = words(after(status, b"NSpid:")?).count();
    u32::try_from(numbers.checked_sub(1)?).ok()
}

/// The effective capabilities of a thread: the `CapEff:` line of its status.
pub fn effective_capabilities(status: &[u8]) -> Option<u64> {
    hexadecimal(after(status, b"CapEff:")?.trim_ascii())
}

/// Whether a thread is in a group, by the `Gid:` and `Groups:` lines of its status.
pub fn is_in_group(status: &[u8], group: u32) -> bool {
    let all = [after(status, b"Gid:"), after(status, b"Groups:")];
    all.into_iter().flatten().flat_map(words).any(|word| decimal(word) == Some(group.into()))
}

/// Whether the link /proc/PID/ns/user is that of the machine's first user namespace, in which capabilities count everywhere.
pub fn is_first_user_namespace(link: &[u8]) -> bool {
    namespace(link, b"user:[") == Some(FIRST_USER_NAMESPACE)
}

/// Whether the link /proc/PID/ns/pid is that of the machine's first pid namespace, which all processes are in.
pub fn is_first_pid_namespace(link: &[u8]) -> bool {
    namespace(link, b"pid:[") == Some(FIRST_PID_NAMESPACE)
}

fn namespace(link: &[u8], kind: &[u8]) -> Option<u64> {
    link.strip_prefix(kind).and_then(|rest| rest.strip_suffix(b"]")).and_then(decimal)
}

/// Whom a /proc shows to whom: its mount option `hidepid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HidePid {
    /// 0 and 1: every process is listed.
    Nobody,
    /// 2: others' processes are listed only to those who may trace them, and to members of the group that the option
    /// `gid` names, which is 0 without it.
    Others {
        /// That group.
        except: u32,
    },
    /// 4 (Linux 5.8), and every number that is not known: only what one may trace is listed.
    Untraceable,
}

/// What a line of mountinfo about a /proc says of that. Without the option nothing is hidden.
pub fn hidepid(line: &[u8]) -> HidePid {
    // The options of the file system are the last word; those of the mount come before the lone dash.
    let options = words(line).last().unwrap_or_default();
    let value = |key: &[u8]| options.split(|byte| *byte == b',').find_map(|option| option.strip_prefix(key));
    match value(b"hidepid=") {
        None | Some(b"0" | b"off" | b"1" | b"noaccess") => HidePid::Nobody,
        Some(b"2" | b"invisible") => {
            let group = value(b"gid=").map_or(Some(0), decimal).and_then(|group| u32::try_from(group).ok());
            group.map_or(HidePid::Untraceable, |except| HidePid::Others { except })
        }
        Some(_) => HidePid::Untraceable,
    }
}

/// The line of mountinfo about a file system, by its device number.
pub fn mount_of_device(mountinfo: &[u8], major: u32, minor: u32) -> Option<&[u8]> {
    let is_it = |word: &[u8]| {
        let mut parts = word.split(|byte| *byte == b':').map(decimal);
        (parts.next(), parts.next()) == (Some(Some(major.into())), Some(Some(minor.into())))
    };
    mountinfo.split(|byte| *byte == b'\n').find(|line| words(line).nth(2).is_some_and(is_it))
}

fn after<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &[u8] =
        b"Name:\tpree\nGid:\t7\t8\t8\t8\nGroups:\t4 24 \nNSpid:\t4567\t12\t1\nCapEff:\t0000000000080000\n";

    #[test]
    fn numbers_of_a_process_count_its_namespaces() {
        for (status, levels) in [
            (STATUS, Some(2)),
            (b"NSpid:\t1\n", Some(0)),
            (b"NSpid:\n", None),
            (b"Name:\tNSpid:\n", None),
            (b"", None),
        ] {
            assert_eq!(levels_above(status), levels, "{}", status.escape_ascii());
        }
    }

    #[test]
    fn rights_and_groups() {
        assert_eq!(effective_capabilities(STATUS), Some(CAP_SYS_PTRACE));
        assert_eq!(effective_capabilities(b"CapEff:\tx\n"), None);
        for (group, is_in) in [(7, true), (8, true), (4, true), (24, true), (2, false), (0, false)] {
            assert_eq!(is_in_group(STATUS, group), is_in, "{group}");
        }
        assert!(is_first_pid_namespace(b"pid:[4026531836]"));
        for link in [&b"pid:[4026531837]"[..], b"user:[4026531836]", b"pid:[4026531836", b""] {
            assert!(!is_first_pid_namespace(link));
        }
        assert!(is_first_user_namespace(b"user:[4026531837]"));
        for link in [&b"user:[4026531838]"[..], b"pid:[4026531837]", b"user:[4026531837", b""] {
            assert!(!is_first_user_namespace(link));
        }
    }

    #[test]
    fn whom_a_mount_hides() {
        let of = |options: &str| {
            extern crate std;
            let line = std::format!("22 28 0:21 / /proc rw,nosuid,hidepid=2 shared:12 - proc proc {options}");
            hidepid(line.as_bytes())
        };
        for (options, hides) in [
            ("rw", HidePid::Nobody),
            ("rw,hidepid=0", HidePid::Nobody),
            ("rw,hidepid=noaccess", HidePid::Nobody),
            ("rw,gid=4,hidepid=invisible", HidePid::Others { except: 4 }),
            ("rw,hidepid=2", HidePid::Others { except: 0 }),
            ("rw,hidepid=2,gid=x", HidePid::Untraceable),
            ("rw,hidepid=ptraceable,gid=4", HidePid::Untraceable),
            ("rw,hidepid=4", HidePid::Untraceable),
            ("rw,hidepid=9", HidePid::Untraceable),
        ] {
            assert_eq!(of(options), hides, "{options}");
        }
    }

    #[test]
    fn the_line_of_a_device() {
        let table = b"21 1 0:5 / /sys rw - sysfs sysfs rw\n22 1 0:21 / /proc rw - proc proc rw,hidepid=2\n";
        assert_eq!(mount_of_device(table, 0, 21).map(hidepid), Some(HidePid::Others { except: 0 }));
        for (major, minor) in [(0, 2), (21, 0), (0, 1)] {
            assert_eq!(mount_of_device(table, major, minor), None);
        }
    }
}
