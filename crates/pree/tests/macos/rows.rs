//! What is told of sockets when everything goes well.

use std::time::Duration;

use pree::quality::{Basis, Context, assess_interval};
use pree::source::Failure;
use pree::{
    Family, Needs, Origin, OwnerLookup, Protocol, Protocols, Query, Snapshot, Socket, SocketId, SocketType,
    State, Unowned,
};

use crate::clocked::look_for_a_second;
use crate::every::every;
use crate::mac::{Asks, Mac, rows};

fn usual() -> Query {
    Query::new().tcp().udp().owners().stats()
}

fn collect(query: &Query, asks: Asks) -> Snapshot {
    query.collect_from(&mut Mac::new(asks)).unwrap()
}

/// Protocol, local and remote end, state, owners by pid and descriptor.
fn shown(socket: &Socket) -> String {
    let owners: Vec<String> = socket
        .owners
        .iter()
        .map(|owner| format!("{}:{}", owner.pid(), owner.fd.map_or(-1, i64::from)))
        .collect();
    let owners = match socket.unowned {
        Some(reason) => format!("({})", reason.name()),
        None => owners.join(","),
    };
    let remote = socket.remote.as_ref().map_or("*".to_owned(), ToString::to_string);
    format!("{} {} {} {} {}", socket.protocol, socket.local, remote, socket.state, owners)
}

fn all(snapshot: &Snapshot) -> Vec<String> {
    let mut rows: Vec<String> = snapshot.iter().map(shown).collect();
    rows.sort();
    rows
}

#[track_caller]
fn find<'s>(snapshot: &'s Snapshot, start: &str) -> &'s Socket {
    let matching: Vec<&Socket> = snapshot.iter().filter(|socket| shown(socket).starts_with(start)).collect();
    assert_eq!(matching.len(), 1, "{start}: {:#?}", all(snapshot));
    matching[0]
}

const COMMON: [&str; 11] = [
    "tcp 10.0.0.5:50990 93.184.216.34:80 time_wait (time_wait)",
    "tcp 10.0.0.5:51002 93.184.216.34:443 established 400:6,401:6",
    "tcp 10.0.0.5:51010 192.0.2.1:81 syn_sent 400:10",
    "tcp 10.0.0.5:51020 17.253.144.10:443 established (no_visible_holder)",
    "tcp 192.168.1.2:60000 17.0.0.1:443 established 500:-1",
    "tcp [::1]:8080 [::1]:50100 established (accept_queue)",
    "tcp [::]:8080 * listen 400:5",
    "tcp [::ffff:127.0.0.1]:8080 [::ffff:127.0.0.1]:50000 close_wait 401:4",
    "udp 10.0.0.5:60001 8.8.8.8:53 established 400:7",
    "udp 127.0.0.1:514 * unconnected 400:-1",
    "udp [::1]:60002 [::1]:443 established 500:-1",
];

#[test]
fn root_sees_every_row_with_its_owners() {
    let snapshot = collect(&usual(), Asks::Root);
    let mut expected = COMMON.to_vec();
    // Processes that hold nothing that was asked about.
    expected.extend([
        "tcp 127.0.0.1:631 * listen (no_visible_holder)",
        "tcp [fe80::1%4]:22 [fe80::2%4]:60123 established (no_visible_holder)",
        "udp [::]:5353 * unconnected (no_visible_holder)",
        "udp [ff02::fb%4]:5354 * unconnected (no_visible_holder)",
    ]);
    expected.sort_unstable();
    assert_eq!(all(&snapshot), expected);
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    assert_eq!(
        snapshot.coverage().origins(),
        [(Protocol::Tcp, Origin::Sysctl), (Protocol::Udp, Origin::Sysctl)]
    );
    assert_eq!(snapshot.coverage().owners_origin(), Some(Origin::Libproc));
}

#[test]
fn a_user_sees_every_row_and_own_owners() {
    let snapshot = collect(&usual(), Asks::User);
    let mut expected = COMMON.to_vec();
    expected.extend([
        "tcp 127.0.0.1:631 * listen (not_permitted)",
        "tcp [fe80::1%4]:22 [fe80::2%4]:60123 established (not_permitted)",
        "udp [::]:5353 * unconnected (not_permitted)",
        "udp [ff02::fb%4]:5354 * unconnected (not_permitted)",
    ]);
    expected.sort_unstable();
    assert_eq!(all(&snapshot), expected);
    let gaps: Vec<String> = snapshot.coverage().gaps().iter().map(ToString::to_string).collect();
    assert_eq!(
        gaps,
        [
            "owner unknown for 4: not permitted; other users' processes let only root look into them: run as root"
        ]
    );
    assert!(!snapshot.coverage().lacks_rows());
}

#[test]
fn statistics_are_in_the_same_units_as_everywhere() {
    let snapshot = collect(&usual().needs(Needs::SEQUENCES), Asks::Root);
    let socket = find(&snapshot, "tcp 10.0.0.5:51002");
    let tcp = socket.tcp.as_ref().unwrap();
    let us = Duration::from_micros;
    assert_eq!((tcp.rtt, tcp.rttvar, tcp.rto), (Some(us(24_500)), Some(us(3_500)), Some(us(230_000))));
    assert_eq!((tcp.snd_cwnd, tcp.snd_ssthresh), (None, None), "this system counts no segments");
    assert_eq!((tcp.cwnd_bytes, tcp.ssthresh_bytes), (Some(14_480), None), "slow start has not ended");
    assert_eq!((tcp.snd_mss, tcp.snd_wnd, tcp.rcv_wnd), (Some(1448), Some(131_072), Some(262_144)));
    assert_eq!((tcp.snd_una, tcp.snd_nxt, tcp.rcv_nxt), (Some(1_000_001), Some(1_004_000), Some(2_300_001)));
    assert_eq!((tcp.bytes_acked, tcp.bytes_received), (Some(500_000), Some(300_000)));
    assert_eq!((tcp.recv_queue_bytes, tcp.send_queue_bytes), (Some(1000), Some(5000)));
    assert_eq!((tcp.total_retrans, tcp.bytes_retrans, tcp.min_rtt), (None, None, None), "not told");
    assert_eq!((tcp.snd_wscale, tcp.rcv_wscale, tcp.backoff), (Some(7), Some(6), Some(0)));
    assert_eq!((socket.uid, socket.inode), (Some(501), None));
    let memory = socket.memory.unwrap();
    assert_eq!((memory.receive_buffer_bytes, memory.send_buffer_bytes), (Some(131_072), Some(146_988)));
    assert_eq!(memory.receive_alloc_bytes, None);
}

#[test]
fn what_means_unknown_is_unknown() {
    let snapshot = collect(&usual(), Asks::Root);
    let waiting = find(&snapshot, "tcp 10.0.0.5:51010").tcp.as_ref().unwrap();
    assert_eq!(
        (waiting.rtt, waiting.rttvar, waiting.ssthresh_bytes),
        (None, None, None),
        "before the first sample"
    );
    assert_eq!((waiting.backoff, waiting.rto), (Some(3), Some(Duration::from_secs(8))));
    let mapped = find(&snapshot, "tcp [::ffff:127.0.0.1]:8080").tcp.as_ref().unwrap();
    assert_eq!(mapped.ssthresh_bytes, Some(20_000));
    // Its counters do not say what the sequence numbers say: they count something else.
    assert_eq!((mapped.bytes_acked, mapped.bytes_received), (None, Some(40)));
    assert_eq!(mapped.snd_una, None, "nobody asked for sequence numbers");
    for without in ["tcp [::]:8080", "tcp 10.0.0.5:50990"] {
        assert_eq!(find(&snapshot, without).tcp, None, "{without}");
    }
    let flow = find(&snapshot, "tcp 192.168.1.2:60000");
    let tcp = flow.tcp.as_ref().unwrap();
    assert_eq!(
        (tcp.snd_mss, tcp.rtt, tcp.rto, tcp.snd_wscale),
        (None, None, None, None),
        "members that stay 0"
    );
    assert_eq!((tcp.cwnd_bytes, tcp.snd_wnd), (Some(10_000), Some(65_535)));
    assert_eq!((flow.kernel_id, flow.uid, flow.shutdown), (None, None, None));
    assert_eq!(flow.owners[0].process.name.as_bytes(), b"Safari");
}

#[test]
fn counters_beyond_32_bits() {
    let snapshot = collect(&usual(), Asks::Root);
    let tcp = find(&snapshot, "tcp [fe80::1%4]:22").tcp.as_ref().unwrap();
    assert_eq!((tcp.bytes_acked, tcp.bytes_received), (Some(5 << 30), Some(900)));
}

#[test]
fn ends_and_listeners() {
    let snapshot = collect(&usual(), Asks::Root);
    let listener = find(&snapshot, "tcp [::]:8080");
    let queue = listener.listen.unwrap();
    // Two are complete; the third is a handshake.
    assert_eq!((queue.queue, queue.limit), (2, 128));
    assert_eq!((listener.recv_queue, listener.send_queue), (Some(2), Some(128)));
    assert_eq!((listener.family, listener.v6only), (Family::Ipv6, Some(false)));
    let mapped = find(&snapshot, "tcp [::ffff:127.0.0.1]:8080");
    assert_eq!(
        (mapped.family, mapped.shutdown.map(|shut| (shut.receive, shut.send))),
        (Family::Ipv6, Some((true, true)))
    );
    let local = find(&snapshot, "tcp [fe80::1%4]:22");
    assert_eq!((local.interface, local.family), (Some(4), Family::Ipv6));
    let udp = find(&snapshot, "udp [::]:5353");
    assert_eq!((udp.state, udp.drops, udp.recv_queue), (State::Unconnected, Some(7), Some(300)));
}

#[test]
fn identities_are_of_one_boot_and_one_table() {
    let snapshot = collect(&usual(), Asks::Root);
    let id = find(&snapshot, "tcp 10.0.0.5:51002").kernel_id.unwrap();
    assert_eq!((id.boot.as_u128(), id.network_namespace), (0x9B5E_8C1A_0000_4000_8000_0000_0000_ABCD, 0));
    assert_eq!(id.cookie, 6 << 56 | 102);
    let later = collect(&usual(), Asks::Root);
    let once = |id: &SocketId| later.iter().filter(|other| other.id().as_ref() == Some(id)).count() == 1;
    every(snapshot.iter().filter_map(Socket::id), |id| once(id) && !id.may_be_another());
    assert_eq!(find(&snapshot, "udp [::]:5353").kernel_id.unwrap().cookie, 17 << 56 | 50);
}

#[test]
fn drops_are_told_since_macos_15() {
    let mut mac = Mac::new(Asks::Root);
    mac.release = "23.6.0";
    let snapshot = usual().collect_from(&mut mac).unwrap();
    assert_eq!(find(&snapshot, "udp [::]:5353").drops, None);
}

#[test]
fn time_wait_of_the_oldest_is_told_to_be_missing() {
    for (release, told) in [("15.6.0", true), ("16.0.0", false), ("24.4.0", false), ("", false)] {
        let mut mac = Mac::new(Asks::Root);
        mac.release = release;
        let snapshot = usual().collect_from(&mut mac).unwrap();
        let notes = snapshot.coverage().notes().join("\n");
        assert_eq!(notes.contains("TIME_WAIT"), told, "{release}: {notes}");
    }
}

#[test]
fn processes_as_far_as_asked() {
    let query = usual().needs(
        Needs::PROCESS_USER | Needs::PROCESS_EXECUTABLE | Needs::PROCESS_COMMAND_LINE | Needs::PROCESS_CGROUP,
    );
    let snapshot = collect(&query, Asks::Root);
    let owner = &find(&snapshot, "tcp [::]:8080").owners[0];
    let process = &owner.process;
    assert_eq!(
        (process.name.as_bytes(), process.parent, process.uid),
        (&b"webserver-with-a-name"[..], Some(1), Some(501))
    );
    assert_eq!(process.executable.as_ref().unwrap().as_bytes(), b"/opt/web/bin/server");
    assert_eq!(process.command_line.as_ref().unwrap().as_bytes(), b"server\0-v\0");
    assert_eq!((process.user.as_ref(), process.cgroup.as_ref()), (None, None), "the account is in no file");
    let start = process.start_time.unwrap();
    assert_eq!(start.since_boot(), None, "the system remembers what the clock said");
    assert_eq!(start.since_unix_epoch(), Some(Duration::from_millis(1_700_000_100_250)));
    let plain = collect(&usual(), Asks::Root);
    let process = &find(&plain, "tcp [::]:8080").owners[0].process;
    assert_eq!((process.uid, process.executable.as_ref()), (None, None), "nobody asked");
}

/// The list of datagram sockets is read after that of streams: a socket in it can have the handle of a stream that closed in
/// between, and is neither hidden by that one nor held by who held it.
#[test]
fn unix_sockets_of_one_handle_and_two_types_are_two() {
    let handle = |row: &[u8]| {
        let first = u32::from_le_bytes(row[..4].try_into().unwrap()).next_multiple_of(8) as usize;
        first + 8..first + 16
    };
    let mut of_streams = Vec::new();
    let mut mac = Mac::with(Asks::Root, move |key, _, answer| {
        let mut bytes = answer?;
        if key == "apple list net.local.stream.pcblist_n" {
            of_streams = rows(&bytes).iter().map(|row| row[handle(row)].to_vec()).collect();
        } else if key == "apple list net.local.dgram.pcblist_n" {
            let lengths: Vec<usize> = rows(&bytes).iter().map(|row| row.len()).collect();
            assert!(!lengths.is_empty() && lengths.len() <= of_streams.len(), "nothing is alike");
            let mut at = 24;
            for (length, used) in lengths.iter().zip(&of_streams) {
                let range = handle(&bytes[at..]);
                bytes[at..][range].copy_from_slice(used);
                at += length;
            }
        }
        Ok(bytes)
    });
    let query = Query::new().protocols(Protocols::UNIX).owners();
    let alike = query.collect_from(&mut mac).unwrap();
    let ends = |snapshot: &Snapshot| -> Vec<String> {
        snapshot.iter().map(|socket| format!("{} {}", socket.local, socket.state)).collect()
    };
    assert_eq!(ends(&alike), ends(&collect(&query, Asks::Root)));
    let datagram = alike.iter().find(|socket| socket.socket_type == Some(SocketType::Dgram)).unwrap();
    assert_eq!(datagram.unowned, Some(Unowned::NoVisibleHolder), "{datagram:?}");
}

#[test]
fn unix_sockets_name_their_ends_and_peers() {
    let query = Query::new().protocols(Protocols::UNIX).owners();
    for asks in [Asks::Root, Asks::User] {
        let snapshot = collect(&query, asks);
        let datagram = if asks == Asks::Root { "(no_visible_holder)" } else { "(not_permitted)" };
        let mut expected = vec![
            "unix /tmp/web.sock * listen 400:8".to_owned(),
            "unix /tmp/web.sock * established 400:9".to_owned(),
            "unix * /tmp/web.sock established 401:3".to_owned(),
            format!("unix /private/log\\xff\\n * unconnected {datagram}"),
        ];
        expected.sort_unstable();
        assert_eq!(all(&snapshot), expected);
        let peer = |start| {
            let peer = find(&snapshot, start).peer.as_ref();
            peer.map(|peer| peer.owners.iter().map(|owner| (owner.pid(), owner.fd)).collect::<Vec<_>>())
        };
        assert_eq!(peer("unix /tmp/web.sock * established"), Some(vec![(401, Some(3))]));
        assert_eq!(peer("unix * /tmp"), Some(vec![(400, Some(9))]));
        assert_eq!(peer("unix /tmp/web.sock * listen"), None);
        assert_eq!(find(&snapshot, "unix /tmp/web.sock * listen").listen.unwrap().limit, 16);
    }
}

#[test]
fn raw_and_icmp_sockets_of_all_users() {
    let query = Query::new().protocols(Protocols::ICMP | Protocols::RAW).owners();
    for (asks, others) in [(Asks::Root, "no_visible_holder"), (Asks::User, "not_permitted")] {
        let snapshot = collect(&query, asks);
        assert_eq!(
            all(&snapshot),
            [
                "icmp 0.0.0.0:0 9.9.9.9:0 established 401:5".to_owned(),
                format!("icmp [::]:0 * unconnected ({others})"),
                format!("raw 0.0.0.0:ospf * unconnected ({others})"),
                format!("raw [::]:ipv6-icmp * unconnected ({others})"),
            ]
        );
        assert!(!snapshot.coverage().lacks_rows(), "{}", snapshot.coverage());
        assert_eq!(
            snapshot.coverage().origins(),
            [(Protocol::Raw, Origin::Sysctl), (Protocol::Icmp, Origin::Sysctl)]
        );
        assert_eq!(find(&snapshot, "raw 0.0.0.0").uid, Some(0));
    }
    // One list for both.
    for (protocol, rows) in [(Protocols::ICMP, 2), (Protocols::RAW, 2)] {
        let snapshot = collect(&Query::new().protocols(protocol), Asks::User);
        assert_eq!(snapshot.sockets().len(), rows);
        assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    }
    // Kept back, those of processes that one may look into are there.
    let snapshot = collect(&query, Asks::ProcessKeptApart);
    assert_eq!(all(&snapshot), ["icmp 0.0.0.0:0 9.9.9.9:0 established 401:5"]);
    assert!(snapshot.coverage().lacks_rows(), "those of others are not seen");
}

#[test]
fn a_subflow_of_mptcp_was_not_closed() {
    // Before macOS 13 no flag says what it is; what was closed says itself that it sends no more.
    for release in ["21.6.0", "24.4.0"] {
        let of = |change: fn(&mut [u8])| {
            let event = move |key: &str, _: usize, answer: Result<Vec<u8>, Failure>| {
                answer.map(|mut bytes| {
                    if key == "apple list net.inet.tcp.pcblist_n" {
                        let places: Vec<usize> =
                            (0..bytes.len() - 1).filter(|at| bytes[*at..*at + 2] == [0x83, 0x01]).collect();
                        assert_eq!(places.len(), 1, "so_state of the subflow");
                        change(&mut bytes[places[0]..]);
                    }
                    bytes
                })
            };
            let mut mac = Mac::with(Asks::Root, event);
            mac.release = release;
            let snapshot = Query::new().tcp().owners().collect_from(&mut mac).unwrap();
            let searches = mac.log.iter().filter(|key| *key == "apple processes").count();
            (find(&snapshot, "tcp 10.0.0.5:51020").unowned, searches)
        };
        let (unowned, searches) = of(|_| {});
        assert_eq!(unowned, Some(Unowned::NoVisibleHolder), "{release}");
        assert!(searches > 0);
        let closed = |bytes: &mut [u8]| {
            // Both ways, and without its flag.
            bytes[0] |= 0x30;
            let flags = bytes.get_mut(84 - 26..84 - 26 + 4).unwrap();
            if flags == [0, 0, 0, 1] {
                flags.fill(0);
            }
        };
        assert_eq!(of(closed).0, Some(Unowned::Orphaned), "{release}");
    }
}

#[test]
fn a_socket_of_a_file_port_has_an_owner() {
    let snapshot = collect(&usual(), Asks::User);
    let socket = find(&snapshot, "udp 127.0.0.1:514");
    assert_eq!((socket.owners[0].pid(), socket.owners[0].fd), (400, None));
    // One that a descriptor leads to as well has one owner of this process.
    assert_eq!(find(&snapshot, "tcp 10.0.0.5:51002").owners.len(), 2, "400 and 401");
    // It is a row, too, where the list keeps it to itself.
    let held = collect(&usual(), Asks::ProcessKeptApart);
    assert_eq!(find(&held, "udp 127.0.0.1:514").owners.len(), 1);
}

#[test]
fn what_macos_has_not_is_told() {
    let query = Query::new().tcp().udplite().protocols(Protocols::NETLINK);
    let snapshot = collect(&query, Asks::Root);
    let notes = snapshot.coverage().notes();
    assert!(notes.iter().any(|note| note == "macOS does not report udplite sockets"), "{notes:?}");
    assert!(notes.iter().any(|note| note == "macOS does not report netlink sockets"), "{notes:?}");
    assert!(snapshot.coverage().is_complete());
}

#[test]
fn nobody_is_looked_into_when_nobody_asks() {
    let mut mac = Mac::new(Asks::User);
    let snapshot = Query::new().tcp().udp().collect_from(&mut mac).unwrap();
    assert_eq!(snapshot.sockets().len(), 15);
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    every(&mac.log, |question| !question.starts_with("apple process"));
    assert!(
        snapshot
            .iter()
            .all(|socket| socket.tcp.is_none() && socket.owners.is_empty() && socket.unowned.is_none())
    );
}

#[test]
fn one_owner_where_one_is_asked_for() {
    let query = Query::new().tcp().owner_lookup(OwnerLookup::First);
    let snapshot = collect(&query, Asks::Root);
    assert_eq!(find(&snapshot, "tcp 10.0.0.5:51002").owners.len(), 1);
}

#[test]
fn filters_are_decided_here() {
    let filtered = |text: &str| {
        let query = usual().filter(text.parse().unwrap());
        query.collect_from(&mut Mac::new(Asks::Root)).map(|snapshot| all(&snapshot))
    };
    assert_eq!(filtered("sport = 8080 state listen").unwrap(), ["tcp [::]:8080 * listen 400:5"]);
    assert_eq!(filtered("pid = 401 dport = 443").unwrap().len(), 1);
    assert_eq!(filtered("user = root").unwrap().len(), 2);
    assert_eq!(filtered("user = nobody-here").unwrap_err().kind(), pree::ErrorKind::Invalid);
    assert_eq!(
        filtered("rtt > 20ms").unwrap(),
        ["tcp 10.0.0.5:51002 93.184.216.34:443 established 400:6,401:6"]
    );
    assert_eq!(filtered("autobound").unwrap_err().kind(), pree::ErrorKind::Unsupported);
    assert_eq!(filtered("cgroup = /a").unwrap_err().kind(), pree::ErrorKind::Unsupported);
}

#[test]
fn a_filter_on_what_macos_does_not_tell_is_undecided() {
    // Rows, and of how many it is undecided.
    let every = collect(&usual(), Asks::Root).sockets().len() as u64;
    for (filter, rows, undecided) in [
        ("inode > 1", 0, Some(("filter by inode", every))),
        ("not has inode", 0, Some(("filter by inode", every))),
        // Of one address the scope names it.
        ("dev = 3", 0, Some(("filter by dev", every - 2))),
        ("fwmark = 1 and sport = 8080", 0, Some(("filter by fwmark", 3))),
        ("pmtu > 1400 and sport = 51002", 0, Some(("filter by pmtu", 1))),
        ("loss > 1% and sport = 51002", 0, Some(("filter by loss", 1))),
        ("pcgroup = /x and sport = 51002", 0, Some(("filter by pcgroup", 1))),
        ("recvq >= 0 and sport = 51002", 1, None),
        ("exe ~ nothing and sport = 51002", 0, None),
        ("rtt > 1h", 0, None),
        ("inode > 1 and sport = 9", 0, None),
        ("pmtu > 1400 and proto = udp", 0, None),
    ] {
        let query = usual().filter(filter.parse().unwrap());
        let snapshot = collect(&query, Asks::Root);
        let gaps: Vec<_> =
            snapshot.coverage().gaps().iter().map(|gap| (gap.object.as_str(), gap.count)).collect();
        let gap = undecided.map(|(what, count)| (what, Some(count)));
        assert_eq!((snapshot.sockets().len(), gaps), (rows, gap.into_iter().collect::<Vec<_>>()), "{filter}");
    }
}

#[test]
fn both_ways_to_one_socket_say_the_same() {
    // From the list, and through its descriptor alone.
    let listed = collect(&usual(), Asks::Root);
    let held = collect(&usual(), Asks::ProcessKeptApart);
    for start in ["tcp 10.0.0.5:51002", "tcp [::]:8080", "tcp [::ffff:127.0.0.1]:8080", "udp 10.0.0.5:60001"]
    {
        let mut a = find(&listed, start).clone();
        let mut b = find(&held, start).clone();
        // What only the list has.
        assert_eq!((a.uid.take(), b.uid.take()), (Some(501), None));
        (a.tcp, b.tcp, a.drops) = (None, None, None);
        assert_eq!(a, b);
    }
    assert_eq!(held.iter().filter(|socket| socket.protocol == Protocol::Tcp).count(), 4);
    assert!(held.iter().all(|socket| socket.unowned != Some(Unowned::NotPermitted)));
}

/// A second of it: every socket that has a generation is followed, and connections are judged by that time.
#[test]
fn looks_are_joined() {
    let (last, intervals, _) = look_for_a_second(Mac::new(Asks::Root), &usual());
    every(last.iter().filter(|socket| socket.kernel_id.is_some()), |socket| {
        intervals.get(socket).is_some_and(|interval| interval.looks() == 11)
    });
    // Flows of a network stack in user space have no generation, which is said.
    let unfollowed: Vec<_> = last.iter().filter(|it| intervals.get(it).is_none()).collect();
    assert_eq!(unfollowed.len(), 2, "{unfollowed:#?}");
    every(&unfollowed, |socket| socket.owners.iter().all(|owner| owner.pid() == 500 && owner.fd.is_none()));
    let gap = last.coverage().gaps().iter().find(|gap| gap.object == "from look to look").unwrap();
    assert_eq!(gap.count, Some(2));
    let connection = find(&last, "tcp 10.0.0.5:51002");
    let judged = assess_interval(intervals.get(connection).unwrap(), &Context::default());
    assert_eq!(judged.basis, Basis::Interval(Duration::from_secs(1)));
}
