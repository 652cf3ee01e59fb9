//! Lines of /proc/net/protocols: which protocols the kernel has now, built in or as modules.

use crate::bytes::words;

/// The names in the first column (`proto.name`): `TCP`, `UDPv6`, `AF_VSOCK`, `UNIX-STREAM` …
pub fn protocols(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    // The first line is a heading.
    text.split(|byte| *byte == b'\n').skip(1).filter_map(|line| words(line).next())
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn names() {
        let text = b"protocol  size sockets  memory press\n\
            AF_VSOCK  1240      0      -1   NI\nUDP-Lite   1280  0\n\nUNIX-STREAM";
        let names: Vec<_> = protocols(text).collect();
        assert_eq!(names, [&b"AF_VSOCK"[..], b"UDP-Lite", b"UNIX-STREAM"]);
        assert_eq!(protocols(b"").count(), 0);
    }
}
