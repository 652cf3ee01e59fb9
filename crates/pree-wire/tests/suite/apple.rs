//! What macOS tells, read out of answers that a C compiler for Apple's processors laid out with Apple's headers
//! (`xtask/src/cross/apple/golden.c`, which says what is in them).

use pree_wire::apple::{
    ConnectionInfo, Descriptor, Generation, Item, ListKind, MULTIPATH_SUBFLOW, Pcb, PcbList, ProcessInfo,
    Protocol, Row, ShortProcessInfo, SocketFd, arguments, descriptors, rows_counted, socket_state, tcp_state,
    unix_path,
};
use proptest::prelude::*;

macro_rules! golden {
    ($($name:ident)*) => {
        $( pub(crate) const $name: &[u8] = include_bytes!(concat!("../golden/apple/", stringify!($name))); )*
    };
}
#[allow(non_upper_case_globals, reason = "names of files")]
mod golden {
    golden! { tcp udp raw stream dgram fds_400 ports_400 fds_401 bsd_400 bsd_401 short_500 connection
    socket_400_5 socket_400_6 socket_400_7 socket_400_9 socket_401_3 }
}

const LISTS: [&[u8]; 5] = [golden::tcp, golden::udp, golden::stream, golden::dgram, golden::raw];

fn rows(bytes: &[u8]) -> (Vec<Row<'_>>, Generation) {
    let mut rows = Vec::new();
    for item in PcbList::parse(bytes).unwrap() {
        match item.unwrap() {
            Item::Row(row) => rows.push(row),
            Item::End(generation) => return (rows, generation),
        }
    }
    panic!("no end");
}

fn internet<'a>(row: &Row<'a>) -> pree_wire::apple::InternetPcb<'a> {
    match row.pcb {
        Pcb::Internet(pcb) => pcb,
        Pcb::Unix(_) => panic!("a Unix socket"),
    }
}

#[test]
fn tcp_rows() {
    let (rows, end) = rows(golden::tcp);
    assert_eq!(end, Generation { count: 11, number: 110, socket_number: 7110 });
    assert_eq!(PcbList::parse(golden::tcp).unwrap().head(), end);
    let ends: Vec<_> = rows
        .iter()
        .map(|row| {
            let pcb = internet(row);
            (
                pcb.generation().unwrap(),
                pcb.versions().unwrap(),
                pcb.local_port().unwrap(),
                pcb.remote_port().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        ends,
        [
            (101, 3, 8080, 0),
            (102, 1, 51002, 443),
            (103, 1, 8080, 50000),
            (90, 1, 50990, 80),
            (105, 1, 51010, 81),
            (20, 1, 631, 0),
            (106, 2, 8080, 50100),
            (30, 2, 22, 60123),
            (107, 1, 51020, 443),
            (0, 1, 60000, 443),
        ]
    );
    let listener = rows[0].socket;
    assert_eq!(
        (listener.queue(), listener.incomplete_queue(), listener.queue_limit()),
        (Some(3), Some(1), Some(128))
    );
    assert_eq!(
        (listener.socket_type(), listener.protocol(), listener.family()),
        (Some(1), Some(6), Some(30))
    );
    assert_eq!(rows[3].socket.state().unwrap() & socket_state::NO_DESCRIPTOR, 1);
    assert_eq!((rows[5].socket.uid(), rows[5].socket.generation()), (Some(0), Some(7020)));
    assert_eq!(internet(&rows[7]).local_address().unwrap()[..4], [0xfe, 0x80, 0, 4]);
    let flags = |at: usize| {
        (rows[at].socket.state().unwrap() & socket_state::NO_DESCRIPTOR, rows[at].socket.flags().unwrap())
    };
    assert_eq!([flags(1), flags(8)], [(0, 0), (1, MULTIPATH_SUBFLOW)]);
    let flow = rows[9].socket;
    assert_eq!((flow.handle(), flow.family(), flow.last_pid()), (Some(0), Some(0), Some(500)));
}

#[test]
fn statistics_of_a_connection() {
    let (rows, _) = rows(golden::tcp);
    let row = rows[1];
    let tcp = row.tcp.unwrap();
    assert_eq!((tcp.state(), tcp.srtt(), tcp.rttvar()), (Some(tcp_state::ESTABLISHED), Some(784), Some(56)));
    assert_eq!((tcp.rxtcur(), tcp.maxseg(), tcp.rxtshift()), (Some(230), Some(1448), Some(0)));
    assert_eq!(
        (tcp.snd_cwnd(), tcp.snd_ssthresh()),
        (Some(14480), Some(pree_wire::apple::INFINITE_SSTHRESH))
    );
    assert_eq!(
        (tcp.snd_wnd(), tcp.rcv_adv(), tcp.rcv_nxt()),
        (Some(131_072), Some(2_562_145), Some(2_300_001))
    );
    assert_eq!(
        (tcp.snd_una(), tcp.snd_nxt(), tcp.iss(), tcp.irs()),
        (Some(1_000_001), Some(1_004_000), Some(500_000), Some(2_000_000))
    );
    assert_eq!((tcp.snd_scale(), tcp.rcv_scale()), (Some(7), Some(6)));
    let (receive, send) = (row.receive.unwrap(), row.send.unwrap());
    assert_eq!((receive.queued(), receive.limit()), (Some(1000), Some(131_072)));
    assert_eq!((send.queued(), send.limit()), (Some(5000), Some(146_988)));
    let traffic = row.traffic.unwrap().entry(0).unwrap();
    assert_eq!((traffic.received_bytes(), traffic.sent_bytes()), (Some(300_000), Some(505_000)));
    assert!(row.traffic.unwrap().entry(3).is_some() && row.traffic.unwrap().entry(4).is_none());
    assert_eq!(internet(&row).tos(), Some(0x10));
}

#[test]
fn udp_rows_count_what_had_no_room() {
    let (rows, end) = rows(golden::udp);
    assert_eq!((rows.len(), end.count), (5, 5));
    assert_eq!(rows[0].traffic.unwrap().entry(1).unwrap().received_packets(), Some(7));
    assert!(rows.iter().all(|row| row.tcp.is_none()));
}

#[test]
fn raw_rows_tell_their_protocol_in_the_control_block() {
    let (rows, end) = rows(golden::raw);
    assert_eq!(end, Generation { count: 4, number: 43, socket_number: 7110 });
    let numbers: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.socket.socket_type().unwrap(),
                row.socket.protocol().unwrap(),
                internet(row).protocol().unwrap(),
            )
        })
        .collect();
    assert_eq!(numbers, [(2, 1, 1), (3, 0, 89), (3, 58, 58), (2, 58, 58)]);
}

#[test]
fn unix_rows() {
    let (rows, end) = rows(golden::stream);
    assert_eq!(end.count, 4, "streams and datagrams are counted together");
    let pcbs: Vec<_> = rows
        .iter()
        .map(|row| match row.pcb {
            Pcb::Unix(pcb) => {
                (pcb.generation().unwrap(), pcb.path(), pcb.peer_path(), pcb.peer().unwrap() & 0xffff)
            }
            Pcb::Internet(_) => panic!("not a Unix socket"),
        })
        .collect();
    let path = &b"/tmp/web.sock"[..];
    assert_eq!(pcbs, [(900, path, &b""[..], 0), (901, path, b"", 902), (902, b"", path, 901)]);
    let (rows, _) = self::rows(golden::dgram);
    let Pcb::Unix(pcb) = rows[0].pcb else { panic!("not a Unix socket") };
    assert_eq!(pcb.path(), b"/private/log\xff\n");
}

#[test]
fn descriptors_of_a_process() {
    let all: Vec<Descriptor> = descriptors(golden::fds_400).map(Result::unwrap).collect();
    let sockets: Vec<u32> =
        all.iter().filter(|fd| fd.kind == pree_wire::apple::DESCRIPTOR_SOCKET).map(|fd| fd.fd).collect();
    assert_eq!((all.len(), sockets), (8, vec![5, 6, 7, 8, 9, 10]));
    assert_eq!(descriptors(golden::fds_401).count(), 4);
    let ports: Vec<(u32, u32)> =
        descriptors(golden::ports_400).map(Result::unwrap).map(|port| (port.fd, port.kind)).collect();
    assert_eq!(ports, [(0x1a03, 1), (0x1b07, 2), (0x1c0b, 2)]);
    for length in 0..golden::fds_401.len() {
        let read: Vec<_> = descriptors(&golden::fds_401[..length]).collect();
        assert_eq!(read.iter().filter(|fd| fd.is_ok()).count(), length / 8);
        assert_eq!(read.last().is_some_and(Result::is_err), length % 8 != 0);
    }
}

#[test]
fn sockets_of_descriptors() {
    let listener = SocketFd::parse(golden::socket_400_5).unwrap();
    assert_eq!(
        (listener.protocol(), listener.local_port(), listener.tcp_state()),
        (Protocol::Tcp, Some(8080), Some(tcp_state::LISTEN))
    );
    assert_eq!(
        (listener.queue(), listener.incomplete_queue(), listener.queue_limit()),
        (Some(3), Some(1), Some(128))
    );
    let connection = SocketFd::parse(golden::socket_400_6).unwrap();
    assert_eq!(
        (connection.generation(), connection.handle().map(|handle| handle & 0xffff)),
        (Some(102), Some(102))
    );
    assert_eq!(connection.remote_address().unwrap()[12..], [93, 184, 216, 34]);
    assert_eq!((connection.remote_port(), connection.maxseg()), (Some(443), Some(1448)));
    assert_eq!((connection.received_bytes(), connection.send_bytes()), (Some(1000), Some(5000)));
    assert_eq!((connection.receive_limit(), connection.send_limit()), (Some(131_072), Some(146_988)));
    let udp = SocketFd::parse(golden::socket_400_7).unwrap();
    assert_eq!(
        (udp.protocol(), udp.socket_type(), udp.protocol_number()),
        (Protocol::Internet, Some(2), Some(17))
    );
    let unix = SocketFd::parse(golden::socket_400_9).unwrap();
    assert_eq!(
        (unix.protocol(), unix.path(), unix.peer().unwrap() & 0xffff),
        (Protocol::Unix, &b"/tmp/web.sock"[..], 902)
    );
    let client = SocketFd::parse(golden::socket_401_3).unwrap();
    assert_eq!((client.path(), client.peer_path()), (&b""[..], &b"/tmp/web.sock"[..]));
    for length in 0..golden::socket_400_5.len() {
        assert!(SocketFd::parse(&golden::socket_400_5[..length]).is_err());
    }
}

#[test]
fn processes() {
    let long = ProcessInfo::parse(golden::bsd_400).unwrap();
    assert_eq!(
        (long.name(), long.pid(), long.ppid(), long.uid()),
        (&b"webserver-with-a-name"[..], Some(400), Some(1), Some(501))
    );
    assert_eq!((long.start_s(), long.start_us()), (Some(1_700_000_100), Some(250_000)));
    let without = ProcessInfo::parse(golden::bsd_401).unwrap();
    assert_eq!(without.name(), b"worker", "the short name where there is no long one");
    let short = ShortProcessInfo::parse(golden::short_500).unwrap();
    assert_eq!(
        (short.name(), short.pid(), short.ppid(), short.uid()),
        (&b"Safari"[..], Some(500), Some(1), Some(502))
    );
    assert!(ProcessInfo::parse(&golden::bsd_400[1..]).is_err());
    assert!(ShortProcessInfo::parse(&golden::short_500[1..]).is_err());
}

#[test]
fn ones_own_connection() {
    let info = ConnectionInfo::new(golden::connection);
    assert_eq!(
        (info.srtt(), info.rttvar(), info.rto(), info.maxseg()),
        (Some(24), Some(3), Some(230), Some(1448))
    );
    assert_eq!(
        (info.snd_cwnd(), info.snd_wnd(), info.rcv_wnd(), info.snd_sbbytes()),
        (Some(14480), Some(131_072), Some(262_144), Some(5000))
    );
    assert_eq!((info.txretransmitpackets(), info.txretransmitbytes()), (Some(2), Some(2896)));
    assert_eq!(
        (info.txpackets(), info.txbytes(), info.rxpackets(), info.rxbytes()),
        (Some(350), Some(505_000), Some(210), Some(300_000))
    );
    assert_eq!((info.scales_windows(), info.snd_wscale(), info.rcv_wscale()), (Some(true), Some(7), Some(6)));
    assert_eq!(info.snd_ssthresh(), Some(pree_wire::apple::INFINITE_SSTHRESH));
    // An older system fills less of it.
    let old = ConnectionInfo::new(&golden::connection[..104]);
    assert_eq!((old.txretransmitpackets(), old.rxbytes()), (None, Some(300_000)));
}

#[test]
fn an_answer_cut_anywhere_is_malformed_and_never_complete() {
    for whole in LISTS {
        for length in 0..whole.len() {
            let ended = PcbList::parse(&whole[..length])
                .is_ok_and(|mut list| list.any(|item| matches!(item, Ok(Item::End(_)))));
            assert!(!ended, "{length} bytes of {} look complete", whole.len());
        }
    }
}

/// The list with one record's length changed, and as many bytes taken out or put in after it.
fn with_record(list: &[u8], kind: u32, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = list[..24].to_vec();
    let mut rest = &list[24..];
    while rest.len() > 24 {
        let length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        let mut record = rest[..length].to_vec();
        if record[4..8] == kind.to_le_bytes() {
            change(&mut record);
            let length = record.len() as u32;
            record[..4].copy_from_slice(&length.to_le_bytes());
        }
        record.resize(record.len().next_multiple_of(8), 0);
        out.extend(record);
        rest = &rest[length.next_multiple_of(8)..];
    }
    out.extend(rest);
    out
}

#[test]
fn records_may_grow_and_not_shrink() {
    for (kind, list) in [
        (1, LISTS[0]),
        (2, LISTS[0]),
        (4, LISTS[0]),
        (8, LISTS[1]),
        (0x10, LISTS[0]),
        (0x20, LISTS[0]),
        (0x200, LISTS[2]),
    ] {
        let expected = rows(list).0.len();
        let longer = with_record(list, kind, |record| record.extend([0xee; 12]));
        assert_eq!(rows(&longer).0.len(), expected, "kind {kind:#x}");
        let shorter = with_record(list, kind, |record| record.truncate(28));
        let broken = PcbList::parse(&shorter).unwrap().find_map(Result::err).expect("too short");
        assert_eq!(broken.what, "record of pcblist_n (too short)", "kind {kind:#x}");
    }
    // What came with macOS 13 is unknown before it, and the rest is there.
    let old = with_record(LISTS[0], 1, |record| record.truncate(76));
    let (rows, _) = rows(&old);
    let socket = rows[1].socket;
    assert_eq!(
        (rows.len(), socket.generation(), socket.flags(), socket.last_pid()),
        (10, None, None, Some(401))
    );
}

#[test]
fn kinds_that_nobody_knows_are_passed_over() {
    let strange = with_record(LISTS[1], 8, |record| record[4..8].copy_from_slice(&0x4000_u32.to_le_bytes()));
    let (rows, _) = rows(&strange);
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| row.traffic.is_none() && row.send.is_some()));
}

#[test]
fn a_row_without_a_socket_is_malformed() {
    let without = with_record(LISTS[0], 1, |record| record[4..8].copy_from_slice(&0x4000_u32.to_le_bytes()));
    let broken = PcbList::parse(&without).unwrap().find_map(Result::err).expect("no socket");
    assert_eq!(broken.to_string(), "malformed row of pcblist_n (without a socket) at byte 24");
}

#[test]
fn nothing_counted_is_a_header_alone() {
    let mut empty = LISTS[0][..24].to_vec();
    empty[4..8].copy_from_slice(&[0; 4]);
    let (rows, end) = rows(&empty);
    assert_eq!((rows.len(), end.count, end.number), (0, 0, 110));
    // A table that is counted and not told is a header and an end: macOS 27, for others than root.
    let hidden = [&LISTS[0][..24], &LISTS[0][..24]].concat();
    let (rows, end) = self::rows(&hidden);
    assert_eq!((rows.len(), end.count), (0, 11));
}

#[test]
fn room_that_is_asked_for_tells_how_many_are_counted() {
    // As the kernel computes it: two headers, an eighth and, of IP, one more than there are.
    let needed = |count: u64, row: u64, spare: u64| 48 + (count + count / 8 + spare) * row;
    let common = 104 + 32 + 32 + 136;
    for count in (0..100).chain([999, 4096, 100_000]) {
        assert_eq!(rows_counted(needed(count, common + 104 + 208, 1), ListKind::Tcp), count);
        assert_eq!(rows_counted(needed(count, common + 104, 1), ListKind::Udp), count);
        assert_eq!(rows_counted(needed(count, common + 592, 0), ListKind::Unix), count);
    }
    assert_eq!((rows_counted(0, ListKind::Tcp), rows_counted(u64::MAX, ListKind::Tcp) > 0), (0, true));
}

#[test]
fn paths_end_where_they_say() {
    for (address, path) in [
        (&b"\x10\x01/tmp/web.sock\0\0\0"[..], &b"/tmp/web.sock"[..]),
        (b"\x05\x01/tmp", b"/tm"),
        (b"\xff\x01/tmp", b"/tmp"),
        (b"\0\0/tmp", b""),
        (b"\x02\x01/tmp", b""),
        (b"\x01", b""),
        (b"", b""),
    ] {
        assert_eq!(unix_path(address), path);
    }
}

#[test]
fn arguments_of_a_process() {
    let check = |bytes: &[u8], expected: Option<&[u8]>| assert_eq!(arguments(bytes), expected, "{bytes:?}");
    check(b"\x02\0\0\0/bin/a\0\0\0\0a\0-b c\0HOME=/\0", Some(b"a\0-b c\0"));
    check(b"\x01\0\0\0/bin/a\0a\0", Some(b"a\0"));
    check(b"\0\0\0\0/bin/a\0\0", Some(b""));
    check(b"\x02\0\0\0/bin/a\0a\0cut", None);
    check(b"\xff\xff\xff\xff/bin/a\0a\0", None);
    check(b"\x01\0\0\0/bin/a", None);
    check(b"\x01\0", None);
}

/// Reads everything in an answer; how many items it had.
fn read(bytes: &[u8]) -> usize {
    let Ok(list) = PcbList::parse(bytes) else { return 0 };
    let mut items = 0;
    for item in list {
        items += 1;
        let Ok(Item::Row(row)) = item else { continue };
        match row.pcb {
            Pcb::Internet(pcb) => {
                assert!(pcb.generation().is_some() && pcb.local_address().is_some(), "it was long enough");
            }
            Pcb::Unix(pcb) => assert!(pcb.path().len() <= 254 && pcb.peer_path().len() <= 254),
        }
        if let Some(tcp) = row.tcp {
            assert!(tcp.state().is_some() && tcp.rcv_scale().is_some());
        }
    }
    items
}

proptest! {
    #[test]
    fn damaged_answers_end(list in 0..4_usize, changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..8), cut in any::<u16>()) {
        let mut bytes = LISTS[list].to_vec();
        for (at, byte) in changes {
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - usize::from(cut) % 64);
        prop_assert!(read(&bytes) <= bytes.len() / 24 + 1);
    }

    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(read(&bytes) <= bytes.len() / 24 + 1);
        let _ = (arguments(&bytes), unix_path(&bytes), descriptors(&bytes).count());
        if let Ok(socket) = SocketFd::parse(&bytes) {
            prop_assert!(socket.path().len() <= 253 && socket.peer_path().len() <= 253);
        }
    }
}
