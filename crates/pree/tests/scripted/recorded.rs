//! A recording that was made under Wine, beside a program whose sockets are known
//! (`xtask/src/cross/windows/guest.rs`), played on whatever runs this.

use pree::source::{Recording, System};
use pree::{ErrorKind, Family, Missing, Protocol, Query, Snapshot, Socket, State};

use crate::every::every;

const WINE: &[u8] = include_bytes!("../golden/windows-wine.pree");

fn snapshot() -> Snapshot {
    let recording = Recording::from_bytes(WINE).unwrap();
    assert_eq!(recording.system(), System::Windows);
    Query::new().tcp().udp().stats().owners().collect_from(&mut recording.replay()).unwrap()
}

#[track_caller]
fn one(snapshot: &Snapshot, protocol: Protocol, state: State, local: &str) -> Socket {
    let local = local.parse().unwrap();
    let is = |s: &&Socket| {
        (s.protocol, s.state, s.local.socket_addr()) == (protocol, state, Some(local))
            && s.owners[0].process.name.as_bytes() == b"windows_guest.exe"
    };
    let found: Vec<_> = snapshot.iter().filter(is).collect();
    assert_eq!(found.len(), 1, "{local}");
    found[0].clone()
}

#[test]
fn its_sockets_are_those_that_were_made() {
    let snapshot = snapshot();
    let listener = one(&snapshot, Protocol::Tcp, State::Listen, "127.0.0.1:41001");
    let six = one(&snapshot, Protocol::Tcp, State::Listen, "[::1]:41002");
    let udp = one(&snapshot, Protocol::Udp, State::Unconnected, "127.0.0.1:41003");
    let udp6 = one(&snapshot, Protocol::Udp, State::Unconnected, "[::1]:41004");
    let child = one(&snapshot, Protocol::Tcp, State::Listen, "127.0.0.1:41005");
    let pid = |socket: &Socket| socket.owners[0].pid();
    assert!([&six, &udp, &udp6].iter().all(|socket| pid(socket) == pid(&listener)));
    assert_ne!(pid(&child), pid(&listener));
    assert_eq!(child.owners[0].process.parent, Some(pid(&listener)));
    assert_eq!((six.family, udp6.family), (Family::Ipv6, Family::Ipv6));
    assert!(listener.owners[0].process.start_time.unwrap().since_unix_epoch().is_some());
}

#[test]
fn a_connection_is_told_from_both_ends() {
    let snapshot = snapshot();
    for server in ["127.0.0.1:41001", "[::1]:41002"] {
        let server = Some(server.parse().unwrap());
        let established = || snapshot.iter().filter(|s| s.state == State::Established);
        let client =
            established().find(|s| s.remote.as_ref().and_then(|r| r.socket_addr()) == server).unwrap();
        let ends = (client.local.socket_addr(), server);
        assert!(
            established()
                .any(|s| (s.remote.as_ref().and_then(|r| r.socket_addr()), s.local.socket_addr()) == ends)
        );
    }
}

#[test]
fn statistics_that_wine_does_not_have_are_missing() {
    let snapshot = snapshot();
    every(&snapshot, |socket| socket.tcp.is_none() && socket.recv_queue.is_none());
    let gap = &snapshot.coverage().gaps()[0];
    assert_eq!((gap.what, gap.why), (Missing::Stats, ErrorKind::Unsupported));
}
