//! Network namespaces in /proc: links `net:[inode]`, and where mountinfo shows one mounted.

use crate::bytes::decimal;

/// The inode in a link of /proc/PID/ns/net, or of a descriptor that is a network namespace: `net:[4026531840]`.
pub fn network_namespace_inode(link: &[u8]) -> Option<u64> {
    decimal(link.strip_prefix(b"net:[")?.strip_suffix(b"]")?)
}

/// The network namespace that a line of /proc/PID/mountinfo shows mounted, and where, as the line writes it: see
/// [`unescape`]. `None` for every other mount.
pub fn network_namespace_mount(line: &[u8]) -> Option<(u64, &[u8])> {
    let mut words = line.split(|byte| *byte == b' ');
    let inode = network_namespace_inode(words.nth(3)?)?;
    let place = words.next()?;
    // Any file system can have a directory of that name: the type comes after the lone dash.
    let kind = words.skip_while(|word| *word != b"-").nth(1)?;
    (kind == b"nsfs").then_some((inode, place))
}

/// The bytes of a path in mountinfo, which has blanks, tabs, newlines and backslashes as `\040` and the like.
pub fn unescape(written: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut rest = written;
    core::iter::from_fn(move || {
        let (byte, length) = match rest {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
                ((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'), 4)
            }
            [byte, ..] => (*byte, 1),
            [] => return None,
        };
        rest = rest.get(length..).unwrap_or_default();
        Some(byte)
    })
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec::Vec;

    #[test]
    fn links() {
        for (link, inode) in [
            (&b"net:[4026531840]"[..], Some(4_026_531_840)),
            (b"net:[18446744073709551615]", Some(u64::MAX)),
            (b"net:[18446744073709551616]", None),
            (b"net:[]", None),
            (b"net:[-1]", None),
            (b"net:[1", None),
            (b"mnt:[1]", None),
            (b"socket:[1]", None),
            (b"", None),
        ] {
            assert_eq!(network_namespace_inode(link), inode, "{}", link.escape_ascii());
        }
    }

    #[test]
    fn mounts() {
        let blue = &b"310 26 0:4 net:[4026532241] /run/netns/a\\040b rw shared:5 - nsfs nsfs rw"[..];
        for (line, found) in [
            (blue, Some((4_026_532_241, &b"/run/netns/a\\040b"[..]))),
            (b"310 26 0:4 net:[7] /x rw - nsfs nsfs rw", Some((7, b"/x"))),
            (b"310 26 0:4 net:[7] /x rw - tmpfs nsfs rw", None),
            (b"310 26 0:4 mnt:[7] /x rw - nsfs nsfs rw", None),
            (b"310 26 0:4 net:[7] /x rw -", None),
            (b"310 26 0:4 net:[7]", None),
            (b"26 1 0:23 / /run rw,nosuid shared:12 - tmpfs tmpfs rw", None),
            (b"", None),
        ] {
            assert_eq!(network_namespace_mount(line), found, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn escapes() {
        for (written, bytes) in [
            (&b"/run/netns/a\\040b"[..], &b"/run/netns/a b"[..]),
            (b"\\134\\012\\011", b"\\\n\t"),
            (b"\\777\\04", b"\\777\\04"),
            (b"\\", b"\\"),
            (b"", b""),
        ] {
            assert_eq!(unescape(written).collect::<Vec<u8>>(), bytes);
        }
    }
}
