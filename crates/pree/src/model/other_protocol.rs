//! Protocols that pree knows by name only.

use std::fmt;

/// The kernel's own name for a protocol that pree has no table for (`proto.name`, which Linux reports as the extended
/// attribute `system.sockprotoname` of a descriptor), in lower case: `xdp`, `tipc`, `alg`, `l2cap` …
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OtherProtocol {
    /// Printable ASCII up to `length`, then zeros.
    name: [u8; Self::LONGEST],
    length: u8,
}

impl OtherProtocol {
    /// Bytes of the longest name (`struct proto` has 32, the NUL included).
    const LONGEST: usize = 31;

    /// Any of them: what `other` means in a filter. It is also the name of one whose name is empty.
    pub const ANY: Self = Self::of(b"other");

    /// Names that a filter may ask for; the kernel can have others.
    pub const KNOWN: [&'static str; 24] = [
        "alg",
        "can_bcm",
        "can_isotp",
        "can_j1939",
        "can_raw",
        "dccp",
        "dccpv6",
        "hci",
        "iso",
        "kcm",
        "key",
        "l2cap",
        "mctp",
        "pppoe",
        "pppox",
        "qipcrtr",
        "rds",
        "rfcomm",
        "rxrpc",
        "sco",
        "smc",
        "smc6",
        "tipc",
        "xdp",
    ];

    /// Bytes that are not printable ASCII become question marks, and a name that is too long is cut: no kernel has either.
    pub(crate) fn new(name: &[u8]) -> Self {
        if name.is_empty() { Self::ANY } else { Self::of(name) }
    }

    const fn of(from: &[u8]) -> Self {
        let mut name = [0; Self::LONGEST];
        let mut length = 0;
        while length < from.len() && length < Self::LONGEST {
            let byte = from[length];
            name[length] =
                if byte.is_ascii_graphic() || byte == b' ' { byte.to_ascii_lowercase() } else { b'?' };
            length += 1;
        }
        Self { name, length: length as u8 }
    }

    /// The name.
    pub fn name(&self) -> &str {
        let name = self.name.get(..usize::from(self.length)).unwrap_or_default();
        // It is ASCII.
        std::str::from_utf8(name).unwrap_or_default()
    }
}

impl fmt::Debug for OtherProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_become_a_short_word() {
        for (name, expected) in [
            (&b"XDP"[..], "xdp"),
            (b"L2TP/IPv6", "l2tp/ipv6"),
            (b"a b", "a b"),
            (b"\x1b[1m\xff\n", "?[1m??"),
            (b"", "other"),
            (&[b'Z'; 40], "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"),
        ] {
            assert_eq!(OtherProtocol::new(name).name(), expected);
        }
        for name in OtherProtocol::KNOWN {
            assert_eq!(OtherProtocol::new(name.as_bytes()).name(), name);
        }
    }
}
