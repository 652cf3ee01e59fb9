//! Tables of lines in the forms the files of Linux have. The byte order of the samples is little-endian.

use super::*;
extern crate std;
use std::vec::Vec;

const LISTEN: &[u8] = b"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 48931 1 0000000000000000 100 0 0 10 0                     ";
const TIME_WAIT: &[u8] =
    b"  12: 0100007F:8D28 0100007F:1F90 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0000000000000000";
const RETRANSMITTING: &[u8] =
    b"   3: 0A00020F:C001 01020304:01BB 01 000005A8:00000000 01:00000064 00000004     0        0 77 2 0000000000000000 40 0 0 1 1";
const UDP: &[u8] = b" 4711: 00000000:0044 00000000:0000 07 00000000:00000240 00:00000000 00000000   101        0 21345 2 0000000000000000 17";
const TCP6: &[u8] = b"   1: 0000000000000000FFFF00000100007F:1F92 B80D0120000000000000000001000000:9C44 01 00000000:00000000 02:000A4CB8 00000000     0        0 91 1 0000000000000000 20 4 30 10 -1";

#[cfg(target_endian = "little")]
#[test]
fn lines_of_every_kind() {
    let v4 = |a, b, c, d| [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let check = |line: &[u8], family, expected: InetLine| {
        assert_eq!(inet_line(line, family), Ok(Some(expected)), "{:?}", line.escape_ascii());
    };
    let nobody = Endpoint { address: [0; 16], port: 0 };
    let listen = InetLine {
        local: Endpoint { address: v4(127, 0, 0, 1), port: 8080 },
        remote: nobody,
        state: 10,
        send_queue: 0,
        receive_queue: 3,
        timer: 0,
        timer_expires: 0,
        retransmits: 0,
        uid: 1000,
        inode: 48931,
        drops: None,
    };
    check(LISTEN, Family::V4, listen);
    check(
        TIME_WAIT,
        Family::V4,
        InetLine {
            local: Endpoint { address: v4(127, 0, 0, 1), port: 36136 },
            remote: Endpoint { address: v4(127, 0, 0, 1), port: 8080 },
            state: 6,
            receive_queue: 0,
            timer: 3,
            timer_expires: 6000,
            uid: 0,
            inode: 0,
            ..listen
        },
    );
    check(
        RETRANSMITTING,
        Family::V4,
        InetLine {
            local: Endpoint { address: v4(15, 2, 0, 10), port: 49153 },
            remote: Endpoint { address: v4(4, 3, 2, 1), port: 443 },
            state: 1,
            send_queue: 1448,
            receive_queue: 0,
            timer: 1,
            timer_expires: 100,
            retransmits: 4,
            uid: 0,
            inode: 77,
            ..listen
        },
    );
    check(
        UDP,
        Family::V4,
        InetLine {
            local: Endpoint { address: [0; 16], port: 68 },
            state: 7,
            receive_queue: 576,
            uid: 101,
            inode: 21345,
            drops: Some(17),
            ..listen
        },
    );
    check(
        TCP6,
        Family::V6,
        InetLine {
            local: Endpoint { address: *b"\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\x01", port: 8082 },
            remote: Endpoint { address: *b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", port: 40004 },
            state: 1,
            receive_queue: 0,
            timer: 2,
            timer_expires: 675_000,
            uid: 0,
            inode: 91,
            ..listen
        },
    );
}

#[test]
fn headers_are_no_sockets() {
    for header in [
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                     ",
        "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when",
    ] {
        assert_eq!(inet_line(header.as_bytes(), Family::V4), Ok(None));
        assert_eq!(inet_line(header.as_bytes(), Family::V6), Ok(None));
    }
}

#[test]
fn an_unknown_state_stays_a_number() {
    let line = LISTEN.escape_ascii().collect::<Vec<_>>();
    let line = std::string::String::from_utf8(line).unwrap().replace(" 0A ", " 7F ");
    assert_eq!(inet_line(line.as_bytes(), Family::V4).unwrap().unwrap().state, 127);
}

#[test]
fn a_cut_line_is_malformed_or_whole() {
    for (line, family) in [
        (LISTEN, Family::V4),
        (TIME_WAIT, Family::V4),
        (RETRANSMITTING, Family::V4),
        (UDP, Family::V4),
        (TCP6, Family::V6),
    ] {
        let whole = inet_line(line, family).unwrap().unwrap();
        for length in 0..line.len() {
            if let Ok(cut) = inet_line(&line[..length], family) {
                // Cut within or behind the pointer, where nothing is read but drops.
                assert_eq!(InetLine { drops: None, ..cut.unwrap() }, InetLine { drops: None, ..whole });
                assert!(length > line.windows(17).position(|w| w == b" 0000000000000000").unwrap());
            }
        }
    }
}

#[test]
fn broken_lines_are_malformed() {
    let good = std::string::String::from_utf8(UDP.to_vec()).unwrap();
    // What is wrong starts where the changed word starts.
    for (from, to, what) in [
        (" 4711:", " 4711", "slot"),
        ("00000000:0044", "0000000:0044", "local"),
        ("00000000:0044", "00000000:00044", "local"),
        ("00000000:0044", "0000000g:0044", "local"),
        ("00000000:0044", "00000000.0044", "local"),
        (" 07 ", " 107 ", "state"),
        ("00000000:00000240", "00000000", "queues"),
        (" 101 ", " -101 ", "uid"),
        (" 21345 ", " 2134x ", "inode"),
        (" 17", " 17x", "drops"),
    ] {
        let line = good.replacen(from, to, 1);
        let broken = inet_line(line.as_bytes(), Family::V4).expect_err(to);
        assert!(broken.what.starts_with(what), "{to}: {broken}");
        assert_eq!(
            broken.offset,
            good.find(from).unwrap() + usize::from(from.starts_with(' ')),
            "{to}: {broken}"
        );
    }
    let line = good.replacen("00000000:00000240", "100000000:00000240", 1);
    assert!(inet_line(line.as_bytes(), Family::V4).is_err());
    assert!(inet_line(UDP, Family::V6).is_err());
    assert!(inet_line(TCP6, Family::V4).is_err());
    assert!(inet_line(b"", Family::V4).is_err());
}

#[test]
fn lines_know_whether_they_ended() {
    let check = |text: &str, expected: &[(&str, bool)]| {
        let found: Vec<_> = lines(text.as_bytes()).map(|l| (l.bytes, l.terminated)).collect();
        let expected: Vec<_> = expected.iter().map(|(line, ended)| (line.as_bytes(), *ended)).collect();
        assert_eq!(found, expected);
    };
    check("", &[]);
    check("a\n", &[("a", true)]);
    check("a\nb", &[("a", true), ("b", false)]);
    check("\n\n", &[("", true), ("", true)]);
}
