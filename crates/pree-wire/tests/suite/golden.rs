//! Recorded answers of Linux 6.18 on x86-64, made by `examples/capture_golden.rs`. What is expected of them is the
//! population that program made, written down a second time, and what /proc said at the same moment.
//!
//! The bytes are little-endian, and so must be the machine.

use pree_wire::inet_diag::{AF_INET, AF_INET6, Row, Subflow, states::*};
use pree_wire::netlink::{Body, DONE, messages};
use pree_wire::proc_net::{Endpoint, Family, InetLine, inet_line, lines};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub(crate) const TCP: &[u8] = include_bytes!("../golden/tcp.bin");
pub(crate) const UDP: &[u8] = include_bytes!("../golden/udp.bin");
pub(crate) const MPTCP: &[u8] = include_bytes!("../golden/mptcp.bin");
pub(crate) const PROC: [(&[u8], Family); 4] = [
    (include_bytes!("../golden/tcp.txt"), Family::V4),
    (include_bytes!("../golden/tcp6.txt"), Family::V6),
    (include_bytes!("../golden/udp.txt"), Family::V4),
    (include_bytes!("../golden/udp6.txt"), Family::V6),
];

/// Local and remote end, as `127.0.0.1:80 [::]:0`: unique in this population.
fn name(local: SocketAddr, remote: SocketAddr) -> String {
    format!("{local} {remote}")
}

fn address(family: u8, bytes: [u8; 16], port: u16) -> SocketAddr {
    let ip = match family {
        AF_INET => IpAddr::from(Ipv4Addr::from(*bytes.first_chunk().unwrap())),
        AF_INET6 => IpAddr::from(Ipv6Addr::from(bytes)),
        _ => panic!("family {family}"),
    };
    SocketAddr::new(ip, port)
}

/// The rows of a recording by their name; every message in it must be a row or the end of a dump.
pub(crate) fn rows(recording: &'static [u8]) -> BTreeMap<String, Row<'static>> {
    let mut rows = BTreeMap::new();
    for message in messages(recording) {
        let message = message.unwrap();
        match message.body() {
            Body::Data(payload) => {
                let row = Row::parse(payload).unwrap();
                let local = address(row.family(), row.source(), row.source_port());
                let remote = address(row.family(), row.destination(), row.destination_port());
                assert!(rows.insert(name(local, remote), row).is_none(), "{local} {remote} twice");
            }
            Body::Done(None) => assert_eq!(message.kind, DONE),
            other => panic!("{other:?}"),
        }
    }
    rows
}

/// Name, state, receive queue, send queue, whether a process can reach it by inode.
pub(crate) const POPULATION: [(&str, u8, u32, u32, bool); 20] = [
    ("127.0.0.1:18080 0.0.0.0:0", LISTEN, 1, 7, true),
    ("127.0.0.1:40001 127.0.0.1:18080", ESTABLISHED, 0, 0, true),
    ("127.0.0.1:18080 127.0.0.1:40001", ESTABLISHED, 1000, 0, true),
    ("127.0.0.1:40002 127.0.0.1:18080", ESTABLISHED, 0, 0, true),
    // Waits for accept(): nobody's yet.
    ("127.0.0.1:18080 127.0.0.1:40002", ESTABLISHED, 0, 0, false),
    ("127.0.0.1:40003 127.0.0.1:18080", FIN_WAIT2, 0, 0, true),
    // A FIN that was not read counts as one byte.
    ("127.0.0.1:18080 127.0.0.1:40003", CLOSE_WAIT, 1, 0, true),
    ("127.0.0.1:40004 127.0.0.1:18080", TIME_WAIT, 0, 0, false),
    ("[::1]:18081 [::]:0", LISTEN, 0, 128, true),
    ("[::1]:40005 [::1]:18081", ESTABLISHED, 0, 0, true),
    ("[::1]:18081 [::1]:40005", ESTABLISHED, 0, 0, true),
    ("[::]:18082 [::]:0", LISTEN, 0, 128, true),
    ("127.0.0.1:40006 127.0.0.1:18082", ESTABLISHED, 0, 0, true),
    ("[::ffff:127.0.0.1]:18082 [::ffff:127.0.0.1]:40006", ESTABLISHED, 0, 0, true),
    ("127.0.0.1:18080 10.2.2.9:40007", SYN_RECV, 0, 0, false),
    // A SYN counts as one byte to be acknowledged.
    ("127.0.0.1:40010 10.2.2.9:80", SYN_SENT, 0, 1, true),
    ("127.0.0.1:18083 0.0.0.0:0", CLOSE, 0, 0, true),
    // The subflows of the multipath sockets.
    ("127.0.0.1:18087 0.0.0.0:0", LISTEN, 0, 128, true),
    ("127.0.0.1:40009 127.0.0.1:18087", ESTABLISHED, 0, 0, true),
    ("127.0.0.1:18087 127.0.0.1:40009", ESTABLISHED, 0, 0, true),
];

#[test]
fn tcp_rows_are_the_population() {
    tcp_rows_are(&rows(TCP), |_| true);
}

/// The rows are those sockets of the population whose names are wanted.
pub(crate) fn tcp_rows_are(rows: &BTreeMap<String, Row<'_>>, wanted: impl Fn(&str) -> bool) {
    let expected = POPULATION.into_iter().filter(|(name, ..)| wanted(name));
    for (name, state, receive_queue, send_queue, has_inode) in expected.clone() {
        let row = rows.get(name).unwrap_or_else(|| panic!("{name} is missing"));
        let found = (row.state(), row.receive_queue(), row.send_queue(), row.inode() != 0);
        assert_eq!(found, (state, receive_queue, send_queue, has_inode), "{name}");
        assert_eq!((row.uid(), row.interface()), (0, 0), "{name}");
        assert_ne!(row.cookie(), 0, "{name}");
    }
    assert_eq!(rows.len(), expected.count());
    let cookies: std::collections::BTreeSet<_> = rows.values().map(Row::cookie).collect();
    assert_eq!(cookies.len(), rows.len());
}

#[test]
fn statistics_say_what_was_done() {
    let rows = rows(TCP);
    let info = |name: &str| rows[name].tcp_info().unwrap();
    let sender = info("127.0.0.1:40001 127.0.0.1:18080");
    assert_eq!(sender.bytes().len(), 280);
    assert_eq!((sender.state(), sender.bytes_sent(), sender.bytes_retrans()), (Some(1), Some(1000), Some(0)));
    // The SYN is acknowledged too.
    assert_eq!(
        (sender.bytes_acked(), sender.data_segs_out(), sender.unacked()),
        (Some(1001), Some(1), Some(0))
    );
    assert_eq!(
        (sender.bytes_received(), sender.total_retrans(), sender.notsent_bytes()),
        (Some(0), Some(0), Some(0))
    );
    assert_eq!((sender.pmtu(), sender.delivered()), (Some(65535), Some(2)));
    assert!(sender.rtt().is_some_and(|us| (1..100_000).contains(&us)));
    assert!(sender.min_rtt() <= sender.rtt());
    let reader = info("127.0.0.1:18080 127.0.0.1:40001");
    assert_eq!(
        (reader.bytes_received(), reader.data_segs_in(), reader.bytes_sent()),
        (Some(1000), Some(1), Some(0))
    );
    assert_eq!((reader.snd_wscale(), reader.rcv_wscale()), (sender.rcv_wscale(), sender.snd_wscale()));
    // It never sent anything: the time counts from the handshake. A connection without one counts from boot, nearly.
    assert!(reader.last_data_sent().is_some_and(|ms| (250..2000).contains(&ms)));
    assert!(info("127.0.0.1:40010 10.2.2.9:80").last_data_sent() > Some(1_000_000));
    // Of a listener two fields mean something else: its queue, and the limit of that.
    let listener = info("127.0.0.1:18080 0.0.0.0:0");
    assert_eq!((listener.state(), listener.unacked(), listener.sacked()), (Some(LISTEN), Some(1), Some(7)));

    let row = rows["127.0.0.1:40001 127.0.0.1:18080"];
    assert_eq!(row.congestion_algorithm(), Some(&b"bbr"[..]));
    let bbr = row.bbr().unwrap();
    assert_eq!(bbr.min_rtt_us, sender.min_rtt());
    assert!(bbr.bandwidth_bytes_per_s > 0 && bbr.pacing_gain >= 256);
    assert!(row.vegas().is_none() && row.dctcp().is_none() && row.md5_peers().is_none());
    assert_eq!((row.mark(), row.class_id(), row.tos(), row.shutdown()), (Some(0), Some(0), Some(0), Some(0)));
    assert_eq!((row.tclass(), row.v6only(), row.protocol(), row.ulp_name()), (None, None, None, None));
    assert!(row.socket_options().unwrap().is_icsk());
    let memory = row.socket_memory().unwrap();
    assert_eq!((memory.rmem_alloc(), memory.wmem_queued(), memory.drops()), (Some(0), Some(0), Some(0)));

    let dual = rows["[::]:18082 [::]:0"];
    assert_eq!((dual.v6only(), dual.tclass()), (Some(false), Some(0)));
    let half = rows["127.0.0.1:40003 127.0.0.1:18080"];
    assert_eq!(half.shutdown(), Some(2));
    assert_eq!(rows["127.0.0.1:18080 127.0.0.1:40003"].shutdown(), Some(1));
    let reading = rows["127.0.0.1:18080 127.0.0.1:40001"].socket_memory().unwrap();
    assert!(reading.rmem_alloc() > Some(1000) && reading.rmem_alloc() < reading.rcvbuf());
}

#[test]
fn rows_without_a_socket_have_a_timer_and_no_statistics() {
    let rows = rows(TCP);
    let gone = rows["127.0.0.1:40004 127.0.0.1:18080"];
    assert_eq!((gone.timer(), gone.retransmits()), (3, 0));
    assert!((50_000..=60_000).contains(&gone.expires_ms()), "TIME_WAIT lasts a minute");
    let handshake = rows["127.0.0.1:18080 10.2.2.9:40007"];
    assert_eq!(handshake.timer(), 1);
    assert!((1..=1000).contains(&handshake.expires_ms()), "the first SYN-ACK is repeated after a second");
    for row in [gone, handshake] {
        assert!(
            row.tcp_info().is_none() && row.socket_memory().is_none() && row.congestion_algorithm().is_none()
        );
        assert!(row.socket_options().is_none() && row.cgroup_id().is_none() && row.shutdown().is_none());
    }
}

#[test]
fn udp_rows_are_the_population() {
    udp_rows_are_the_population_of(&rows(UDP));
}

pub(crate) fn udp_rows_are_the_population_of(rows: &BTreeMap<String, Row<'_>>) {
    let expected = [
        ("127.0.0.1:18085 0.0.0.0:0", CLOSE),
        ("127.0.0.1:40008 127.0.0.1:18085", ESTABLISHED),
        ("[::1]:18086 [::]:0", CLOSE),
    ];
    for (name, state) in expected {
        assert_eq!(rows[name].state(), state, "{name}");
        assert_eq!(rows[name].socket_memory().unwrap().drops(), Some(0), "{name}");
        assert!(rows[name].tcp_info().is_none() && rows[name].inode() != 0, "{name}");
    }
    assert_eq!(rows.len(), expected.len());
    // A datagram of 100 bytes lies there; the queue counts memory.
    let receiver = rows["127.0.0.1:18085 0.0.0.0:0"];
    assert!(receiver.receive_queue() > 100);
    assert_eq!(receiver.socket_memory().unwrap().rmem_alloc(), Some(receiver.receive_queue()));
}

#[test]
fn multipath_rows_are_the_population() {
    let (rows, subflows) = (rows(MPTCP), rows(TCP));
    for name in ["127.0.0.1:40009 127.0.0.1:18087", "127.0.0.1:18087 127.0.0.1:40009"] {
        let info = rows[name].mptcp_info().unwrap();
        assert_eq!((info.subflows(), info.subflows_total(), info.retransmits()), (Some(0), Some(1), Some(0)));
        let (sent, received) = if name.starts_with("127.0.0.1:40009") { (500, 0) } else { (0, 500) };
        assert_eq!((info.bytes_sent(), info.bytes_received()), (Some(sent), Some(received)), "{name}");
        assert_eq!(subflows[name].ulp_name(), Some(&b"mptcp"[..]));
        assert!(subflows[name].ulp_mptcp().is_some() && subflows[name].ulp_tls().is_none());
        let subflow = subflows[name].subflow().unwrap();
        // The token joins a subflow to its connection.
        assert_eq!((subflow.local_token, subflow.local_id), (info.token(), Some(0)), "{name}");
        assert_ne!(subflow.remote_token, subflow.local_token, "{name}");
        // The end that connected asked for it.
        let asked = if name.starts_with("127.0.0.1:40009") { Subflow::CAPABLE_LOCAL } else { 0 };
        let joined = Subflow::JOIN_LOCAL | Subflow::JOIN_REMOTE;
        let shown = Subflow::CAPABLE_LOCAL | Subflow::CAPABLE_REMOTE | Subflow::CONNECTED | joined;
        let expected = Subflow::CAPABLE_REMOTE | Subflow::CONNECTED | asked;
        assert_eq!(subflow.flags.unwrap() & shown, expected, "{name}");
    }
    assert_eq!(rows["127.0.0.1:18087 0.0.0.0:0"].state(), LISTEN);
    assert_eq!(rows.len(), 3);
}

#[test]
fn proc_says_the_same() {
    let mut rows = rows(TCP);
    rows.append(&mut self::rows(UDP));
    // /proc has no bound sockets that do neither listen nor talk.
    assert_eq!(not_in_proc(PROC, rows), ["127.0.0.1:18083 0.0.0.0:0"]);
}

/// Compares every line with its row; the names of the rows that have no line.
pub(crate) fn not_in_proc(texts: [(&[u8], Family); 4], mut rows: BTreeMap<String, Row<'_>>) -> Vec<String> {
    for (text, family) in texts {
        let mut headers = 0;
        for line in lines(text) {
            assert!(line.terminated);
            match inet_line(line.bytes, family).unwrap() {
                None => headers += 1,
                Some(line) => compare(&line, family, &mut rows),
            }
        }
        assert_eq!(headers, 1);
    }
    rows.into_keys().collect()
}

fn compare(line: &InetLine, family: Family, rows: &mut BTreeMap<String, Row<'_>>) {
    let family = if family == Family::V4 { AF_INET } else { AF_INET6 };
    let end = |end: Endpoint| address(family, end.address, end.port);
    let name = name(end(line.local), end(line.remote));
    let row = rows.remove(&name).unwrap_or_else(|| panic!("only in /proc: {name}"));
    assert_eq!(line.state, row.state(), "{name}");
    assert_eq!((line.uid, line.inode), (row.uid(), row.inode().into()), "{name}");
    assert_eq!(line.receive_queue, row.receive_queue(), "{name}");
    // /proc does not know the limit of a listener's queue.
    let send_queue = if row.state() == LISTEN { 0 } else { row.send_queue() };
    assert_eq!(line.send_queue, send_queue, "{name}");
    assert_eq!(line.timer, row.timer(), "{name}");
    let apart = (line.timer_expires * 10).abs_diff(row.expires_ms().into());
    assert!(apart < 500, "{name}: {} ticks, {} ms", line.timer_expires, row.expires_ms());
    assert_eq!(
        line.drops,
        row.tcp_info().is_none().then_some(0).filter(|_| row.state() != TIME_WAIT && row.state() != SYN_RECV),
        "{name}"
    );
}
