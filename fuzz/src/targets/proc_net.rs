//! Tables below /proc/net as text.

use pree_wire::proc_net::netlink::netlink_line;
use pree_wire::proc_net::packet::packet_line;
use pree_wire::proc_net::protocols::protocols;
use pree_wire::proc_net::unix::{unix_line, unix_lines};
use pree_wire::proc_net::{Family, inet_line, lines};

pub(super) const WORDS: &[&str] = &[
    " ",
    "\n",
    "  sl  local_address",
    "   0: ",
    "0100007F:1F90",
    "00000000:0000",
    " 0A ",
    "00000005:00000003",
    "00:00000000",
    "00000000000000000000000001000000:0016",
    "FFFFFFFFFFFFFFFF",
    "18446744073709551616",
    "-1",
    "0: 00000002 00000000 00010000 0001 01    77 name\n",
    "0000 3      3    0800   1     1 0      0      77\n",
    "0000 0   4242       00000011 0        0        0     2        0        77\n",
];

/// Nothing of the text is lost between the lines, and a line says the same with other blanks.
pub(super) fn target(data: &[u8]) {
    let mut length = 0;
    for line in lines(data) {
        length += line.bytes.len() + usize::from(line.terminated);
        for family in [Family::V4, Family::V6] {
            let parsed = inet_line(line.bytes, family);
            if let Ok(Some(socket)) = parsed {
                assert!(family == Family::V6 || socket.local.address[4..] == [0; 12]);
                let words: Vec<&[u8]> =
                    line.bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
                assert_eq!(inet_line(&words.join(&b' '), family), Ok(Some(socket)));
                // Cut within its last word but one, or earlier, it is no line.
                assert!(inet_line(&words[..11].join(&b' '), family).is_err());
            }
            if let Err(error) = parsed {
                assert!(error.offset <= line.bytes.len());
                let _ = error.to_string();
            }
        }
    }
    assert_eq!(length, data.len());
    for line in lines(data) {
        let broken = [packet_line(line.bytes).err(), netlink_line(line.bytes).err()];
        assert!(broken.into_iter().flatten().all(|broken| broken.offset <= line.bytes.len()));
    }
    assert!(protocols(data).all(|name| !name.is_empty() && !name.contains(&b'\n')));
    for line in unix_lines(data) {
        match line {
            Ok(line) => {
                // A name is as it stands there, and what follows it is no line.
                let name = line.name.unwrap_or_default();
                assert!(name.is_empty() || data.windows(name.len()).any(|window| window == name));
                let mut rest = name.split(|byte| *byte == b'\n').skip(1);
                assert!(rest.all(|more| unix_line(more).is_err()));
            }
            Err(broken) => assert!(broken.offset <= data.len()),
        }
    }
}
