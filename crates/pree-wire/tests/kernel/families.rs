//! Unix, packet and netlink sockets of this test, as the running kernel tells of them.

use crate::{each_payload, sock_diag};
use pree_wire::{Errno, netlink_diag, packet_diag, unix_diag};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::fstat;
use rustix::net::{AddressFamily, Protocol, SocketType, netlink::SocketAddrNetlink, socket};
use std::num::NonZeroU32;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

fn inode(socket: impl AsFd) -> u32 {
    fstat(socket).unwrap().st_ino.try_into().unwrap()
}

/// Asks and hands out every row.
fn ask(length: usize, buffer: &[u8], row: impl FnMut(&[u8])) {
    each_payload(&sock_diag::ask_bytes(&buffer[..length]).unwrap(), row);
}

/// The rows of all Unix sockets with everything, as told by one dump.
fn unix_rows(request: unix_diag::Request) -> Vec<Vec<u8>> {
    let mut buffer = [0; 64];
    let length = request.encode(&mut buffer).unwrap();
    let mut rows = Vec::new();
    ask(length, &buffer, |payload| rows.push(payload.to_vec()));
    rows
}

pub(super) fn unix() {
    let name = SocketAddr::from_abstract_name(b"pree\n\0\xff").unwrap();
    let listener = UnixListener::bind_addr(&name).unwrap();
    let client = UnixStream::connect_addr(&name).unwrap();
    let accepted = listener.accept().unwrap().0;
    let waiting = UnixStream::connect_addr(&name).unwrap();
    let alone = UnixDatagram::unbound().unwrap();

    let everything = unix_diag::Request::dump(0x7f).with_sequence(3);
    let rows = unix_rows(everything);
    let find = |inode: u32| {
        let mut found =
            rows.iter().map(|row| unix_diag::Row::parse(row).unwrap()).filter(|r| r.inode() == inode);
        let row = found.next().unwrap();
        assert!(found.next().is_none());
        row
    };
    let told = find(inode(&listener));
    assert_eq!((told.state(), told.socket_type(), told.name()), (10, 1, Some(&b"\0pree\n\0\xff"[..])));
    assert_eq!(told.pending().unwrap().collect::<Vec<_>>(), [inode(&waiting)]);
    assert_eq!((told.receive_queue(), told.file()), (Some(1), None));
    assert_eq!(find(inode(&client)).peer(), Some(inode(&accepted)));
    assert_eq!(find(inode(&accepted)).peer(), Some(inode(&client)));
    assert_eq!(find(inode(&waiting)).peer(), Some(0));
    let told = find(inode(&alone));
    assert_eq!((told.state(), told.socket_type(), told.peer(), told.name()), (7, 2, None, None));

    // One by one, and states in the request.
    let one = unix_diag::Request::exact(told.inode(), told.cookie(), 0x7f).with_sequence(4);
    assert_eq!(
        unix_rows(one),
        [rows.iter().find(|r| r[4..8] == told.inode().to_ne_bytes()).unwrap().clone()]
    );
    let mut buffer = [0; 64];
    let stale = unix_diag::Request { socket: Some((told.inode(), told.cookie() ^ 1)), ..one };
    let length = stale.encode(&mut buffer).unwrap();
    assert_eq!(sock_diag::ask_bytes(&buffer[..length]), Err(Errno::ESTALE));
    let listening = unix_rows(everything.with_states(1 << 10));
    let states: Vec<_> = listening.iter().map(|row| unix_diag::Row::parse(row).unwrap().state()).collect();
    assert!(states.iter().all(|state| *state == 10) && !states.is_empty());
}

fn open(family: u16, kind: SocketType, protocol: u32) -> OwnedFd {
    let protocol = NonZeroU32::new(protocol).map(Protocol::from_raw);
    socket(AddressFamily::from_raw(family), kind, protocol).unwrap()
}

pub(super) fn packet() {
    // ETH_P_ALL in network order.
    let all = open(17, SocketType::RAW, u16::to_be(3).into());
    let none = open(17, SocketType::DGRAM, 0);
    let mut buffer = [0; 64];
    let length = packet_diag::Request::dump(0x3f).with_sequence(5).encode(&mut buffer).unwrap();
    let mut found = Vec::new();
    ask(length, &buffer, |payload| {
        let row = packet_diag::Row::parse(payload).unwrap();
        assert_ne!(row.cookie(), 0);
        let info = row.info().unwrap();
        found.push((
            row.inode(),
            row.socket_type(),
            row.protocol(),
            row.uid(),
            info.index(),
            info.is_running(),
        ));
    });
    found.sort_unstable();
    let mut expected = [
        (inode(&all), 3, 3, Some(0), Some(0), Some(true)),
        (inode(&none), 2, 0, Some(0), Some(0), Some(false)),
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

pub(super) fn netlink() {
    let route = open(16, SocketType::RAW, 0);
    // Port 77, groups 1 and 3 of the first 32.
    rustix::net::bind(&route, &SocketAddrNetlink::new(77, 0b101)).unwrap();
    let mut buffer = [0; 64];
    let length = netlink_diag::Request::dump(0xb).with_sequence(6).encode(&mut buffer).unwrap();
    let mut found = Vec::new();
    ask(length, &buffer, |payload| {
        let row = netlink_diag::Row::parse(payload).unwrap();
        if row.inode() == inode(&route) {
            let groups: Vec<_> = row.groups().unwrap().collect();
            found.push((row.protocol(), row.port_id(), row.socket_type(), groups));
        }
    });
    // A member of groups is told twice.
    found.dedup();
    assert_eq!(found, [(0, 77, 3, vec![1, 3])]);
}
