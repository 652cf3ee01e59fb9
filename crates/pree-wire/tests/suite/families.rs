//! Recorded answers about Unix, packet, netlink, raw and ICMP sockets of Linux 6.18 on x86-64, made by
//! `golden/capture_families.py`. What is expected of them is the population that program made, written down a second
//! time; `golden/families.txt` has the inodes it got, in the order of its making.

use pree_wire::inet_diag::sctp::{Endpoint, endpoints};
use pree_wire::proc_net::netlink::netlink_line;
use pree_wire::proc_net::packet::packet_line;
use pree_wire::proc_net::unix::{UnixLine, unix_lines};
use pree_wire::proc_net::{Family, inet_line, lines};
use pree_wire::{Malformed, netlink_diag, packet_diag, unix_diag, vsock_diag};
use std::collections::BTreeMap;

pub(crate) const UNIX: &[u8] = include_bytes!("../golden/unix.bin");
pub(crate) const PACKET: &[u8] = include_bytes!("../golden/packet.bin");
pub(crate) const NETLINK: &[u8] = include_bytes!("../golden/netlink.bin");
pub(crate) const PROC: [&[u8]; 3] = [UNIX_TEXT, PACKET_TEXT, NETLINK_TEXT];
const UNIX_TEXT: &[u8] = include_bytes!("../golden/unix.txt");
const PACKET_TEXT: &[u8] = include_bytes!("../golden/packet.txt");
const NETLINK_TEXT: &[u8] = include_bytes!("../golden/netlink.txt");
const TRUTH: &str = include_str!("../golden/families.txt");

/// Numbers that the recording program wrote down for something.
fn truth(what: &str) -> Vec<u32> {
    let line = TRUTH.lines().find(|line| line.split(' ').next() == Some(what)).unwrap();
    line.split(' ').skip(1).map(|number| number.parse().unwrap()).collect()
}

/// Inode of the socket that was made as number so and so.
fn inode(number: usize) -> u32 {
    truth(&number.to_string())[0]
}

/// The rows of a recording by inode; every message in it is a row or the end of the dump. A netlink socket that is a
/// member of groups is told twice.
pub(crate) fn rows<R>(
    recording: &'static [u8],
    parse: impl Fn(&'static [u8]) -> Result<R, Malformed>,
    inode: impl Fn(&R) -> u32,
) -> BTreeMap<u32, R> {
    let mut rows = BTreeMap::new();
    for message in pree_wire::netlink::messages(recording) {
        match message.unwrap().body() {
            pree_wire::netlink::Body::Data(payload) => {
                let row = parse(payload).unwrap();
                rows.insert(inode(&row), row);
            }
            body => assert_eq!(body, pree_wire::netlink::Body::Done(None)),
        }
    }
    rows
}

const LISTENER: usize = 0;
const CLIENT: usize = 1;
const ACCEPTED: usize = 2;
const WAITING: usize = 3;
const RECEIVER: usize = 4;
const SENDER: usize = 5;
const BROKEN_LINE: usize = 6;
const LONG: usize = 7;
const LEFT: usize = 8;
const RIGHT: usize = 9;
const NOTHING: usize = 10;
const EVERYTHING: usize = 11;
const PACKET_SOCKET: usize = 12;
const ROUTE: usize = 13;
const CONNECTED: usize = 14;

/// Type, state, name, peer, both queues, shutdown, user.
type UnixFacts<'e> = (u8, u8, Option<&'e [u8]>, Option<u32>, (u32, u32), u8, u32);

#[test]
fn unix_rows_are_the_population() {
    let rows = rows(UNIX, unix_diag::Row::parse, unix_diag::Row::inode);
    let x = [b'x'; 107];
    let peer = |number: usize| Some(inode(number));
    let expected: [(usize, UnixFacts<'_>); 11] = [
        (LISTENER, (1, 10, Some(b"listener"), None, (2, 5), 0, 0)),
        (CLIENT, (1, 1, None, peer(ACCEPTED), (0, 1), 0, 0)),
        (ACCEPTED, (1, 1, Some(b"listener"), peer(CLIENT), (10, 0), 0, 0)),
        // Its other end was not accepted and has no inode.
        (WAITING, (1, 1, Some(b"\0waiting"), Some(0), (0, 0), 0, 0)),
        (RECEIVER, (2, 1, Some(b"\0a\0b\n\xff"), None, (8, 0), 0, 0)),
        (SENDER, (2, 1, None, peer(RECEIVER), (0, 1), 0, 0)),
        (BROKEN_LINE, (2, 7, Some(b"line\nbreak\xff"), None, (0, 0), 0, 0)),
        (LONG, (1, 7, Some(&x), None, (0, 0), 0, 0)),
        (LEFT, (5, 1, None, peer(RIGHT), (0, 0), 2, 0)),
        (RIGHT, (5, 1, None, peer(LEFT), (0, 0), 1, 0)),
        (NOTHING, (1, 7, None, None, (0, 0), 0, 7)),
    ];
    assert_eq!(rows.len(), expected.len());
    for (number, expected) in expected {
        let row = rows[&inode(number)];
        // What was sent is counted with its overhead: it is only known to be there.
        let sent = row.send_queue().unwrap();
        let sent = if row.state() == 10 { sent } else { sent.min(1) };
        let found = (
            row.socket_type(),
            row.state(),
            row.name(),
            row.peer(),
            (row.receive_queue().unwrap(), sent),
            row.shutdown().unwrap(),
            row.uid().unwrap(),
        );
        assert_eq!(found, expected, "{number}");
        assert_eq!(row.family(), unix_diag::AF_UNIX);
        assert!(row.socket_memory().unwrap().rcvbuf() > Some(0));
    }
    let mut cookies: Vec<_> = rows.values().map(unix_diag::Row::cookie).collect();
    cookies.sort_unstable();
    cookies.dedup();
    assert_eq!(cookies.len(), rows.len());

    // The client that waits, and the one that gave up and has no inode any more.
    let pending: Vec<_> = rows[&inode(LISTENER)].pending().unwrap().collect();
    assert_eq!(pending, [inode(WAITING), 0]);
    assert!(rows.values().filter(|row| row.pending().is_some()).count() == 1);
    let (file, device) = (rows[&inode(LISTENER)].file().unwrap(), truth("device"));
    assert_eq!((file.inode, file.major(), file.minor()), (truth("listener")[0], device[0], device[1]));
    assert_eq!(rows[&inode(ACCEPTED)].file(), Some(file));
    assert_eq!(rows[&inode(RECEIVER)].file(), None);
}

#[test]
fn packet_rows_are_the_population() {
    let rows = rows(PACKET, packet_diag::Row::parse, packet_diag::Row::inode);
    assert_eq!(rows.len(), 2);
    let all = rows[&inode(EVERYTHING)];
    assert_eq!((all.family(), all.socket_type(), all.protocol(), all.uid()), (17, 2, 3, Some(0)));
    assert_eq!(all.info().unwrap().index(), Some(0));
    assert!(all.receive_ring().is_none() && all.send_ring().is_none() && all.fanout().is_none());
    assert!(all.filter().is_none());

    let one = rows[&inode(PACKET_SOCKET)];
    assert_eq!((one.socket_type(), one.protocol(), one.uid()), (3, 0x800, Some(0)));
    let info = one.info().unwrap();
    assert_eq!((info.index(), info.version(), info.is_running()), (Some(1), Some(0), Some(true)));
    let ring = one.receive_ring().unwrap();
    assert_eq!((ring.block_size(), ring.block_nr()), (Some(4096), Some(2)));
    assert_eq!((ring.frame_size(), ring.frame_nr(), ring.features()), (Some(2048), Some(4), Some(0)));
    assert_eq!(one.fanout(), Some(packet_diag::Fanout { id: 77, mode: 1 }));
    assert_eq!(one.filter(), Some(&[6, 0, 0, 0, 0, 0, 0, 0][..]));
    assert!(one.socket_memory().unwrap().rcvbuf() > Some(0));
}

#[test]
fn netlink_rows_are_the_population() {
    let rows = rows(NETLINK, netlink_diag::Row::parse, netlink_diag::Row::inode);
    let told = pree_wire::netlink::messages(NETLINK)
        .filter_map(|message| netlink_diag::Row::parse(message.unwrap().payload).ok())
        .filter(|row| row.inode() == inode(ROUTE));
    let cookies: Vec<_> = told.map(|row| row.cookie()).collect();
    let route = rows[&inode(ROUTE)];
    assert_eq!(cookies, [route.cookie(); 2]);
    assert_eq!((route.family(), route.socket_type(), route.protocol(), route.port_id()), (16, 3, 0, 4242));
    assert!(matches!(route.state(), 0 | 7));
    assert_eq!(route.groups().unwrap().collect::<Vec<_>>(), [1, 5, 33]);
    assert_eq!(route.socket_memory().unwrap().drops(), Some(0));
    let connected = rows[&inode(CONNECTED)];
    assert_eq!((connected.socket_type(), connected.state(), connected.port_id()), (2, 1, 4343));
    assert_eq!((connected.destination_port_id(), connected.destination_group()), (0, 0));
    assert!(connected.groups().is_none_or(|mut groups| groups.next().is_none()));
    // The rest is the kernel's, one a protocol, but for the one that asked.
    let others: Vec<_> = rows.values().filter(|row| ![4242, 4343].contains(&row.port_id())).collect();
    assert_eq!(others.iter().filter(|row| row.port_id() != 0 && row.protocol() == 4).count(), 1);
    assert_eq!(others.iter().filter(|row| row.port_id() != 0).count(), 1);
}

#[test]
fn proc_says_the_same_of_unix_sockets() {
    let rows = rows(UNIX, unix_diag::Row::parse, unix_diag::Row::inode);
    let all: Vec<UnixLine<'_>> = unix_lines(UNIX_TEXT).map(Result::unwrap).collect();
    // Two more: they wait to be accepted, and only /proc has them.
    let waiting: Vec<_> = all.iter().filter(|line| line.inode == 0).collect();
    assert!(waiting.iter().all(|line| (line.state, line.name) == (2, Some(&b"listener"[..]))));
    assert_eq!((waiting.len(), all.len()), (2, rows.len() + 2));
    for line in all.iter().filter(|line| line.inode != 0) {
        let row = rows[&u32::try_from(line.inode).unwrap()];
        // /proc writes @ for NUL.
        let name = row.name().map(|name| match name {
            [0, ..] => name.iter().map(|byte| if *byte == 0 { b'@' } else { *byte }).collect(),
            path => path.to_vec(),
        });
        assert_eq!(line.name.map(<[u8]>::to_vec), name);
        assert_eq!((line.socket_type, line.is_listening), (row.socket_type().into(), row.state() == 10));
        assert_eq!(line.state == 3, row.state() == 1);
    }
}

#[test]
fn proc_says_the_same_of_packet_and_netlink_sockets() {
    let packets = rows(PACKET, packet_diag::Row::parse, packet_diag::Row::inode);
    let mut found = 0;
    for line in lines(PACKET_TEXT) {
        let Some(line) = packet_line(line.bytes).unwrap() else { continue };
        let row = packets[&u32::try_from(line.inode).unwrap()];
        assert_eq!((line.socket_type, line.protocol), (row.socket_type(), row.protocol()));
        assert_eq!((line.interface, Some(line.uid)), (row.info().unwrap().index(), row.uid()));
        assert_eq!(Some(line.is_running), row.info().unwrap().is_running());
        assert_eq!(Some(line.receive_queue), row.socket_memory().unwrap().rmem_alloc());
        found += 1;
    }
    assert_eq!(found, packets.len());
    let sockets = rows(NETLINK, netlink_diag::Row::parse, netlink_diag::Row::inode);
    let mut found = 0;
    for line in lines(NETLINK_TEXT) {
        let Some(line) = netlink_line(line.bytes).unwrap() else { continue };
        let row = sockets[&u32::try_from(line.inode).unwrap()];
        assert_eq!((line.protocol, line.port_id), (row.protocol(), row.port_id()));
        let groups = row.groups().into_iter().flatten().filter(|group| *group <= 32);
        assert_eq!(line.groups, groups.fold(0, |bits, group| bits | 1 << (group - 1)));
        assert_eq!((line.receive_queue, line.send_queue, line.drops), (0, 0, 0));
        found += 1;
    }
    // The one that asked the questions is gone.
    assert_eq!(found, sockets.len() - 1);
}

#[test]
fn a_packet_socket_whose_interface_is_gone_is_a_line_too() {
    let line = |interface: &str| {
        let line =
            format!("0000000000000000 2      3      0003   {interface}     0       0      1000   12345");
        packet_line(line.as_bytes()).map(|line| line.map(|line| line.interface))
    };
    assert_eq!((line("-1"), line("0"), line("7")), (Ok(Some(None)), Ok(Some(Some(0))), Ok(Some(Some(7)))));
    assert!(line("-2").is_err());
}

#[test]
fn raw_and_icmp_lines_are_the_population() {
    // Protocol or identifier, state, inode of each line.
    let check = |text: &[u8], family, expected: &[(u16, u8, usize)]| {
        let found: Vec<_> = lines(text)
            .filter_map(|line| inet_line(line.bytes, family).unwrap())
            .map(|line| (line.local.port, line.state, line.inode))
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(port, state, number)| (*port, *state, inode(*number).into())).collect();
        assert_eq!(found, expected);
    };
    check(include_bytes!("../golden/raw.txt"), Family::V4, &[(253, 7, 15), (1, 1, 16)]);
    check(include_bytes!("../golden/raw6.txt"), Family::V6, &[(58, 7, 17)]);
    check(include_bytes!("../golden/icmp.txt"), Family::V4, &[(4141, 7, 18)]);
    check(include_bytes!("../golden/icmp6.txt"), Family::V6, &[(4242, 7, 19)]);
}

type InodeAndName<'e> = (u64, Option<&'e [u8]>);

#[test]
fn a_name_with_a_newline_goes_on_and_nothing_else_does() {
    let line = |inode: u32, rest: &str| format!("0: 00000002 00000000 00000000 0001 01 {inode:5}{rest}\n");
    let check = |text: String, expected: &[Option<InodeAndName<'_>>]| {
        let found: Vec<_> =
            unix_lines(text.as_bytes()).map(|line| line.ok().map(|line| (line.inode, line.name))).collect();
        assert_eq!(found, expected, "{text:?}");
    };
    let header = "Num       RefCount Protocol Flags    Type St Inode Path\n".to_owned();
    check(header.clone() + &line(7, ""), &[Some((7, None))]);
    check(line(7, " a") + &line(8, " b"), &[Some((7, Some(b"a"))), Some((8, Some(b"b")))]);
    check(line(7, " a\n\nc\n") + &line(8, ""), &[Some((7, Some(b"a\n\nc\n"))), Some((8, None))]);
    check(line(7, "  two ") + &line(8, " "), &[Some((7, Some(b" two "))), Some((8, Some(b"")))]);
    // A socket without a name has none to go on.
    check(line(7, "") + "rest\n" + &line(8, ""), &[Some((7, None)), None, Some((8, None))]);
    // Cut off: not to be believed.
    check(line(7, " a") + line(8, " b").trim_end(), &[Some((7, Some(b"a")))]);
    check(line(7, " a").trim_end().to_owned(), &[]);
    check(String::new(), &[]);
}

#[test]
fn vsock_rows_are_read_where_the_header_has_them() {
    // `struct vsock_diag_msg` by hand: this kernel has no vsock_diag to record.
    let mut bytes = vec![40, 1, 10, 2];
    for word in [3_u32, 1024, vsock_diag::ANY, vsock_diag::ANY, 77, 0x5566_7788, 0x1122_3344] {
        bytes.extend(word.to_ne_bytes());
    }
    let row = vsock_diag::Row::parse(&bytes).unwrap();
    assert_eq!((row.family(), row.socket_type(), row.state(), row.shutdown()), (40, 1, 10, 2));
    assert_eq!((row.source_cid(), row.source_port(), row.inode()), (3, 1024, 77));
    assert_eq!((row.destination_cid(), row.destination_port()), (vsock_diag::ANY, vsock_diag::ANY));
    assert_eq!(row.cookie(), 0x1122_3344_5566_7788);
    for length in 0..bytes.len() {
        assert!(vsock_diag::Row::parse(&bytes[..length]).is_err());
    }
}

#[test]
fn addresses_of_sctp_are_read_where_the_header_has_them() {
    // Two `struct sockaddr_storage` and one of another family.
    let mut bytes = vec![0; 3 * 128];
    bytes[..8].copy_from_slice(&[2, 0, 0x1f, 0x90, 10, 0, 0, 1]);
    bytes[128..130].copy_from_slice(&[10, 0]);
    bytes[136..152].copy_from_slice(&[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    bytes[256] = 1;
    let v4 = [10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let v6 = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    let expected =
        [Endpoint { family: 2, address: v4, port: 8080 }, Endpoint { family: 10, address: v6, port: 0 }];
    assert_eq!(endpoints(&bytes).collect::<Vec<_>>(), expected);
    assert_eq!(endpoints(&bytes[..130]).collect::<Vec<_>>(), expected[..1]);
}

#[test]
fn requests_are_laid_out_as_in_the_headers() {
    let mut buffer = [0xff; 64];
    let mut check = |encode: &dyn Fn(&mut [u8]) -> usize, flags: u16, expected: &[&[u8]]| {
        let length = encode(&mut buffer);
        let message = pree_wire::netlink::messages(&buffer[..length]).next().unwrap().unwrap();
        assert_eq!((message.kind, message.flags, message.sequence), (20, flags, 5));
        assert_eq!(message.payload, expected.concat());
    };
    let (dump, one) = (0x301, 0x1);
    let none = [0xff; 8];
    let word = |number: u32| number.to_ne_bytes();
    let unix = unix_diag::Request::dump(unix_diag::show::NAME | unix_diag::show::UID);
    let unix = unix.with_states(1 << 10).with_sequence(5);
    check(&|b| unix.encode(b).unwrap(), dump, &[&[1, 0, 0, 0], &word(1 << 10), &word(0), &word(0x41), &none]);
    let exact = unix_diag::Request::exact(9, 3 << 32 | 4, unix_diag::show::PEER).with_sequence(5);
    let cookie = [word(4), word(3)].concat();
    check(&|b| exact.encode(b).unwrap(), one, &[&[1, 0, 0, 0], &word(u32::MAX), &word(9), &word(4), &cookie]);
    let packet = packet_diag::Request::dump(packet_diag::show::INFO).with_sequence(5);
    check(&|b| packet.encode(b).unwrap(), dump, &[&[17, 0, 0, 0], &word(0), &word(1), &none]);
    let netlink = netlink_diag::Request::dump(netlink_diag::show::GROUPS).with_sequence(5);
    check(&|b| netlink.encode(b).unwrap(), dump, &[&[16, 255, 0, 0], &word(0), &word(2), &none]);
    let vsock = vsock_diag::Request::dump(1 << 1).with_sequence(5);
    check(&|b| vsock.encode(b).unwrap(), dump, &[&[40, 0, 0, 0], &word(2), &word(0), &word(0), &[0; 8]]);
    assert!(unix.encode(&mut [0; 39]).is_err() && packet.encode(&mut [0; 35]).is_err());
}
