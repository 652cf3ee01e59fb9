//! Requests and rows byte by byte, against the C structures.

use super::*;
use crate::netlink::{DUMP, REQUEST, attributes, messages};
use crate::socket_memory::SocketMemory;
use crate::tcp_info::TcpInfo;
extern crate std;
use std::vec::Vec;

const ID: Id = Id {
    source_port: 0x0102,
    destination_port: 0x0304,
    source: [0x51; 16],
    destination: [0xd5; 16],
    interface: 0x0a0b_0c0d,
    cookie: 0x1111_2222_3333_4444,
};

/// `struct inet_diag_sockid`, written down from the header file.
fn sockid() -> Vec<u8> {
    let mut bytes = std::vec![1, 2, 3, 4];
    bytes.extend([0x51; 16]);
    bytes.extend([0xd5; 16]);
    bytes.extend(0x0a0b_0c0d_u32.to_ne_bytes());
    bytes.extend(0x3333_4444_u32.to_ne_bytes());
    bytes.extend(0x1111_2222_u32.to_ne_bytes());
    assert_eq!(bytes.len(), 48);
    bytes
}

#[test]
fn requests() {
    let check = |request: Request<'_>, kind: u16, flags: u16, fixed: &[u8], attribute: &[(u16, &[u8])]| {
        let mut buffer = [0xff; 256];
        let length = request.encode(&mut buffer).unwrap();
        let message = messages(&buffer[..length]).next().unwrap().unwrap();
        assert_eq!((message.kind, message.flags, message.sequence, message.port), (kind, flags, 5, 0));
        let (head, tail) = message.payload.split_at(fixed.len());
        assert_eq!(head, fixed);
        let found: Vec<_> = attributes(tail).map(|a| a.map(|a| (a.kind, a.payload)).unwrap()).collect();
        assert_eq!(found, attribute);
        for short in 0..length {
            assert!(request.encode(&mut buffer[..short]).unwrap_err().needed <= length);
        }
    };
    let states = 0x480_u32.to_ne_bytes();
    let v1 = |ext| [&[2, 0, 0, ext][..], &sockid(), &states, &[0; 4]].concat();
    let v2 = |family, protocol, ext| [&[family, protocol, ext, 0][..], &states, &sockid()].concat();
    let base = |request: Request<'static>| {
        Request { id: ID, ..request }.with_states(StateBits(0x480)).with_sequence(5)
    };

    check(base(Request::dump_v1(TCP)), 18, REQUEST | DUMP, &v1(0), &[]);
    check(base(Request::dump_v1(DCCP)), 19, REQUEST | DUMP, &v1(0), &[]);
    check(base(Request::dump_v1(UDP)), 24, REQUEST | DUMP, &v1(0), &[]);
    check(base(Request::dump_v2(AF_INET6, UDP)), 20, REQUEST | DUMP, &v2(10, 17, 0), &[]);
    check(base(Request::exact(AF_INET, TCP, ID)), 20, REQUEST, &v2(2, 6, 0), &[]);
    check(base(Request::destroy(AF_INET, TCP, ID)), 21, REQUEST | 4, &v2(2, 6, 0), &[]);
    check(
        base(Request::dump_v2(AF_INET, MPTCP)),
        20,
        REQUEST | DUMP,
        &v2(2, 0, 0),
        &[(3, &262_u32.to_ne_bytes())],
    );
    let full = base(Request::dump_v1(TCP))
        .with_extensions(Extensions::INFO | Extensions::SKMEMINFO)
        .with_bytecode(&[0, 4, 0, 0]);
    check(full, 18, REQUEST | DUMP, &v1(0x42), &[(1, &[0, 4, 0, 0])]);
}

#[test]
fn swapping_twice_changes_nothing() {
    let swapped = ID.swapped();
    assert_eq!((swapped.source_port, swapped.destination_port), (ID.destination_port, ID.source_port));
    assert_eq!((swapped.source, swapped.destination), (ID.destination, ID.source));
    assert_eq!((swapped.interface, swapped.cookie), (ID.interface, ID.cookie));
    assert_eq!(swapped.swapped(), ID);
    assert_eq!(Id::ANY.cookie, ANY_COOKIE);
}

fn row(attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = [&[10, 1, 2, 3][..], &sockid()].concat();
    for word in [52_u32, 56, 60, 64, 68] {
        bytes.extend(word.to_ne_bytes());
    }
    for (kind, value) in attributes {
        bytes.extend((value.len() as u16 + 4).to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(*value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

#[test]
fn the_fixed_part() {
    let bytes = row(&[]);
    let row = Row::parse(&bytes).unwrap();
    assert_eq!((row.family(), row.state(), row.timer(), row.retransmits()), (10, 1, 2, 3));
    assert_eq!(row.id(), ID);
    assert_eq!(
        (row.expires_ms(), row.receive_queue(), row.send_queue(), row.uid(), row.inode()),
        (52, 56, 60, 64, 68)
    );
    assert!((0..=40).all(|kind| row.attribute(kind).is_none()));
    assert!(row.tcp_info().is_none() && row.socket_memory().is_none() && row.mark().is_none());
    for short in 0..72 {
        assert_eq!(Row::parse(&bytes[..short]).unwrap_err().offset, short);
    }
}

/// What an algorithm has before its first sample is no time.
#[test]
fn no_sample_is_no_time() {
    let vegas = |rtt: u32, least: u32| {
        let bytes: Vec<u8> = [1, 0, rtt, least].iter().flat_map(|word| word.to_ne_bytes()).collect();
        let told = Vegas::parse(&bytes).unwrap();
        (told.rtt_us, told.min_rtt_us)
    };
    assert_eq!(vegas(0x7fff_ffff, 0x7fff_ffff), (None, None));
    assert_eq!(vegas(0x7fff_fffe, 0), (Some(0x7fff_fffe), Some(0)));
    let bbr = |least: u32| {
        let bytes: Vec<u8> = [0, 0, least, 0, 0].iter().flat_map(|word| word.to_ne_bytes()).collect();
        Bbr::parse(&bytes).unwrap().min_rtt_us
    };
    assert_eq!((bbr(u32::MAX), bbr(300)), (None, Some(300)));
}

/// Three keys, one of a family that TCP does not have, each 0x5a.
fn md5_keys() -> Vec<u8> {
    let key = |family: u8, prefix: u8, first: u8| {
        let mut key = [0x5a; 100];
        key[..4].copy_from_slice(&[family, prefix, 80, 0]);
        key[4..20].fill(0);
        key[4] = first;
        key
    };
    [key(2, 8, 10), key(10, 64, 0x20), key(1, 0, 9)].concat()
}

#[test]
fn keys_are_blotted_out_and_nothing_else() {
    let message = |kind: u16, payload: &[u8]| {
        let mut message = (16 + payload.len() as u32).to_ne_bytes().to_vec();
        message.extend(kind.to_ne_bytes());
        message.extend([0; 10]);
        message.extend(payload);
        message.resize(message.len().next_multiple_of(4), 0);
        message
    };
    // What stands elsewhere, and in messages that are no rows, only looks like a key.
    let with_keys = row(&[(4, &[0x5a; 6]), (18, &md5_keys()), (22, &[0x5a; 2])]);
    let without = row(&[(4, &[0x5a; 6]), (22, &[0x5a; 2])]);
    for kind in [20, 18, 3] {
        let datagram = [message(kind, &with_keys), message(20, &without), message(kind, &with_keys)].concat();
        let mut blotted = datagram.clone();
        md5::blot_out_keys(&mut blotted);
        let secret = |bytes: &[u8]| bytes.iter().map(|byte| usize::from(*byte == 0x5a)).sum::<usize>();
        let left = if kind == 3 { secret(&datagram) } else { 3 * 8 };
        assert_eq!(secret(&blotted), left, "{kind}");
        for (message, before) in messages(&blotted).zip(messages(&datagram)) {
            let (message, before) = (message.unwrap(), before.unwrap());
            let (now, then) = (Row::parse(message.payload).unwrap(), Row::parse(before.payload).unwrap());
            assert!(now.md5_peers().into_iter().flatten().eq(then.md5_peers().into_iter().flatten()));
            assert_eq!(now.congestion_algorithm(), then.congestion_algorithm());
        }
        for length in 0..datagram.len() {
            md5::blot_out_keys(&mut datagram.clone()[..length]);
        }
    }
}

#[test]
fn attributes_of_every_kind() {
    let words = |words: &[u32]| words.iter().flat_map(|w| w.to_ne_bytes()).collect::<Vec<_>>();
    let memory = words(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let ulp = [&[8, 0, 1, 0][..], b"tls\0", &[8, 0, 2, 0, 1, 2, 3, 4]].concat();
    let ulp = if cfg!(target_endian = "big") { Vec::new() } else { ulp };
    let dctcp = [&1_u16.to_ne_bytes()[..], &0_u16.to_ne_bytes(), &words(&[1024, 10, 20])].concat();
    let bytes = row(&[
        (1, &words(&[1, 2, 3, 4])),
        (2, &[7; 280]),
        (3, &words(&[1, 2, 3, 4])),
        (4, b"cubic\0"),
        (5, &[0x10]),
        (6, &[0x20]),
        (7, &memory),
        (8, &[3]),
        (9, &dctcp),
        (10, &[58]),
        (11, &[1]),
        (15, &words(&[0x2a])),
        (16, &words(&[5, 1, 300, 739, 512])),
        (17, &words(&[99])),
        (18, &md5_keys()),
        (0x8013, &ulp),
        (21, &77_u64.to_ne_bytes()),
        (22, &[0b0101_0010, 0b101]),
        (99, b"from the future"),
    ]);
    let row = Row::parse(&bytes).unwrap();
    let meminfo = row.meminfo().unwrap();
    assert_eq!((meminfo.rmem, meminfo.wmem, meminfo.fmem, meminfo.tmem), (1, 2, 3, 4));
    let memory = row.socket_memory().unwrap();
    assert_eq!((memory.rmem_alloc(), memory.backlog(), memory.drops()), (Some(1), Some(8), Some(9)));
    assert_eq!(row.tcp_info().unwrap().state(), Some(7));
    assert_eq!(row.congestion_algorithm(), Some(&b"cubic"[..]));
    let vegas = row.vegas().unwrap();
    assert_eq!(
        (vegas.enabled, vegas.rtt_samples, vegas.rtt_us, vegas.min_rtt_us),
        (true, 2, Some(3), Some(4))
    );
    let dctcp = row.dctcp().unwrap();
    assert_eq!((dctcp.enabled, dctcp.ce_state, dctcp.alpha, dctcp.acked_bytes), (true, 0, 1024, 20));
    let bbr = row.bbr().unwrap();
    assert_eq!(bbr.bandwidth_bytes_per_s, (1 << 32) + 5);
    assert_eq!((bbr.min_rtt_us, bbr.pacing_gain, bbr.congestion_window_gain), (Some(300), 739, 512));
    assert_eq!((row.tos(), row.tclass(), row.shutdown()), (Some(0x10), Some(0x20), Some(3)));
    assert_eq!((row.protocol(), row.v6only(), row.mark()), (Some(58), Some(true), Some(42)));
    assert_eq!((row.class_id(), row.cgroup_id()), (Some(99), Some(77)));
    let peers: Vec<_> =
        row.md5_peers().unwrap().map(|peers| (peers.family, peers.address[0], peers.prefix)).collect();
    assert_eq!(peers, [(2, 10, 8), (10, 0x20, 64)]);
    assert_eq!(row.attribute(99), None);
    if cfg!(target_endian = "little") {
        assert_eq!((row.ulp_name(), row.ulp_tls()), (Some(&b"tls"[..]), Some(&[1, 2, 3, 4][..])));
        assert_eq!(row.ulp_mptcp(), None);
        let options = row.socket_options().unwrap();
        assert!(options.is_icsk() && options.mc_loop() && options.mc_all());
        assert!(options.bind_address_no_port() && options.defer_connect() && !options.recverr_rfc4884());
        assert!(!options.recverr() && !options.freebind() && !options.hdrincl());
        assert!(!options.transparent() && !options.nodefrag());
    }
}

#[test]
fn short_attributes_are_unknown() {
    for kind in 0..30 {
        let bytes = row(&[(kind, &[])]);
        let row = Row::parse(&bytes).unwrap();
        assert!(
            row.meminfo().is_none() && row.vegas().is_none() && row.dctcp().is_none() && row.bbr().is_none()
        );
        assert!(
            row.tos().is_none()
                && row.tclass().is_none()
                && row.shutdown().is_none()
                && row.v6only().is_none()
        );
        assert!(row.mark().is_none() && row.class_id().is_none() && row.protocol().is_none());
        assert!(row.cgroup_id().is_none() && row.socket_options().is_none() && row.ulp_name().is_none());
        assert_eq!(row.socket_memory().and_then(SocketMemory::rmem_alloc), None);
        assert_eq!(row.tcp_info().and_then(TcpInfo::state), None);
    }
}

#[test]
fn odd_rows() {
    // Of repeated attributes the last one counts.
    assert_eq!(Row::parse(&row(&[(5, &[1]), (5, &[2])])).unwrap().tos(), Some(2));
    // A name without NUL, and one that is nothing else.
    assert_eq!(Row::parse(&row(&[(4, b"reno")])).unwrap().congestion_algorithm(), Some(&b"reno"[..]));
    assert_eq!(Row::parse(&row(&[(4, b"\0\0")])).unwrap().congestion_algorithm(), Some(&b""[..]));
    // The offset of a broken attribute counts from the start of the row.
    let mut broken = row(&[(5, &[1])]);
    broken.extend([1, 0]);
    assert_eq!(Row::parse(&broken).unwrap_err().offset, 80);
    let half = std::vec![0; 40_000];
    let endless = row(&[(99, &half), (99, &half)]);
    assert!(Row::parse(&endless).is_err());
}

#[test]
fn multipath_padding_is_not_a_number() {
    let bytes: [u8; 96] = [1; 96];
    for (length, retransmits, subflows_total, last_data_sent) in
        [(48, false, false, false), (80, true, false, false), (88, true, true, false), (96, true, true, true)]
    {
        let bytes = row(&[(2, &bytes[..length])]);
        let info = Row::parse(&bytes).unwrap().mptcp_info().unwrap();
        assert_eq!(info.csum_enabled(), Some(1));
        assert_eq!(info.retransmits().is_some(), retransmits, "{length}");
        assert_eq!(info.subflows_total().is_some(), subflows_total, "{length}");
        assert_eq!(info.last_data_sent().is_some(), last_data_sent, "{length}");
    }
}
