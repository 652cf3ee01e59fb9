//! The population of `golden.rs` as other kernels tell of it: recorded by `cargo xtask kernels --golden`, which runs
//! `examples/capture_golden.rs` on each. What a kernel does not know must be unknown, never 0.

use crate::families;
use crate::golden::{not_in_proc, rows, tcp_rows_are, udp_rows_are_the_population_of};
use pree_wire::inet_diag::states::{CLOSE, LISTEN};
use pree_wire::inet_diag::{self, AF_INET};
use pree_wire::proc_net::Family;
use pree_wire::tcp_info::TcpInfo;
use pree_wire::{netlink_diag, packet_diag, unix_diag, vsock_diag};

/// One socket of each of these families, and the inode of each: `xtask/src/kernels/guest/families.rs` made them.
struct Families {
    unix: &'static [u8],
    packet: &'static [u8],
    netlink: &'static [u8],
    vsock: &'static [u8],
    raw: &'static [u8],
    sctp: &'static [u8],
    inodes: &'static str,
}

impl Families {
    fn inode(&self, family: &str) -> u32 {
        let mut lines = self.inodes.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(name, _)| *name == family).unwrap().1.parse().unwrap()
    }
}

/// What one kernel recorded, and what is known about it from its sources.
struct Kernel {
    name: &'static str,
    tcp: &'static [u8],
    udp: &'static [u8],
    /// Debian builds MPTCP in from 5.15 on.
    mptcp: Option<&'static [u8]>,
    proc: [(&'static [u8], Family); 4],
    families: Families,
    tcp_info_bytes: usize,
    /// Sockets that are bound and no more are told from 6.8 on.
    tells_bound: bool,
}

macro_rules! kernel {
    ($name:literal, $tcp_info_bytes:literal, $tells_bound:literal, $mptcp:expr) => {
        Kernel {
            name: $name,
            tcp: recording!($name, "tcp.bin"),
            udp: recording!($name, "udp.bin"),
            mptcp: $mptcp,
            proc: [
                (recording!($name, "tcp.txt"), Family::V4),
                (recording!($name, "tcp6.txt"), Family::V6),
                (recording!($name, "udp.txt"), Family::V4),
                (recording!($name, "udp6.txt"), Family::V6),
            ],
            families: Families {
                unix: recording!($name, "unix.bin"),
                packet: recording!($name, "packet.bin"),
                netlink: recording!($name, "netlink.bin"),
                vsock: recording!($name, "vsock.bin"),
                raw: recording!($name, "raw.bin"),
                sctp: recording!($name, "sctp.bin"),
                inodes: include_str!(concat!("../golden/linux-", $name, "/families.txt")),
            },
            tcp_info_bytes: $tcp_info_bytes,
            tells_bound: $tells_bound,
        }
    };
}

macro_rules! recording {
    ($name:literal, $file:literal) => {
        include_bytes!(concat!("../golden/linux-", $name, "/", $file))
    };
}

const KERNELS: [Kernel; 4] = [
    kernel!("5.10", 232, false, None),
    kernel!("6.1", 232, false, Some(recording!("6.1", "mptcp.bin"))),
    kernel!("6.12", 248, true, Some(recording!("6.12", "mptcp.bin"))),
    kernel!("7.3", 280, true, Some(recording!("7.3", "mptcp.bin"))),
];

const BOUND: &str = "127.0.0.1:18083 0.0.0.0:0";

#[test]
fn rows_are_the_population() {
    for kernel in &KERNELS {
        println!("Linux {}", kernel.name);
        let has = |name: &str| match name {
            BOUND => kernel.tells_bound,
            _ => kernel.mptcp.is_some() || !name.contains(":18087"),
        };
        tcp_rows_are(&rows(kernel.tcp), has);
        udp_rows_are_the_population_of(&rows(kernel.udp));
    }
}

#[test]
fn proc_says_the_same() {
    for kernel in &KERNELS {
        println!("Linux {}", kernel.name);
        let mut rows = rows(kernel.tcp);
        rows.append(&mut crate::golden::rows(kernel.udp));
        let bound: &[&str] = if kernel.tells_bound { &[BOUND] } else { &[] };
        assert_eq!(not_in_proc(kernel.proc, rows), bound);
    }
}

#[test]
fn statistics_are_as_long_as_the_kernel_knows() {
    for kernel in &KERNELS {
        println!("Linux {}", kernel.name);
        let rows = rows(kernel.tcp);
        let mut with_statistics = 0;
        for (name, row) in rows.iter().filter(|(_, row)| row.state() != CLOSE) {
            let Some(info) = row.tcp_info() else { continue };
            assert_eq!(info.bytes().len(), kernel.tcp_info_bytes, "{name}");
            with_statistics += 1;
        }
        assert!(with_statistics > 10, "{with_statistics} rows with statistics");
        let sender = rows["127.0.0.1:40001 127.0.0.1:18080"].tcp_info().unwrap();
        assert_eq!(
            (sender.bytes_sent(), sender.bytes_retrans(), sender.total_retrans()),
            (Some(1000), Some(0), Some(0))
        );
        // The SYN is acknowledged too.
        assert_eq!(
            (sender.bytes_acked(), sender.data_segs_out(), sender.pmtu()),
            (Some(1001), Some(1), Some(65535))
        );
        let reader = rows["127.0.0.1:18080 127.0.0.1:40001"].tcp_info().unwrap();
        assert_eq!((reader.bytes_received(), reader.data_segs_in()), (Some(1000), Some(1)));
        last_fields(sender, kernel.tcp_info_bytes);
    }
}

/// The last field of every length is there from that length on, and unknown before.
fn last_fields(info: TcpInfo<'_>, length: usize) {
    assert_eq!(info.snd_wnd().is_some(), length >= 232);
    assert_eq!((info.rcv_wnd().is_some(), info.rehash().is_some()), (length >= 240, length >= 240));
    assert_eq!(
        (info.total_rto(), info.total_rto_time()),
        ((length >= 248).then_some(0), (length >= 248).then_some(0))
    );
    assert_eq!(info.received_ce(), (length >= 280).then_some(0));
}

#[test]
fn subflows_name_their_connection() {
    for kernel in &KERNELS {
        println!("Linux {}", kernel.name);
        let Some(recording) = kernel.mptcp else {
            // The oldest one was built without it.
            assert_eq!(kernel.name, "5.10");
            continue;
        };
        let (rows, subflows) = (rows(recording), rows(kernel.tcp));
        assert_eq!(rows.len(), 3);
        for (name, sent) in [("127.0.0.1:40009 127.0.0.1:18087", 500), ("127.0.0.1:18087 127.0.0.1:40009", 0)]
        {
            let info = rows[name].mptcp_info().unwrap();
            assert_eq!(info.subflows(), Some(0), "{name}");
            assert_eq!(subflows[name].ulp_name(), Some(&b"mptcp"[..]), "{name}");
            assert_eq!(subflows[name].subflow().unwrap().local_token, info.token(), "{name}");
            // Counted from 6.5 on.
            let counts = kernel.tcp_info_bytes >= 248;
            assert_eq!(
                (info.bytes_sent(), info.retransmits()),
                (counts.then_some(sent), counts.then_some(0)),
                "{name}"
            );
            assert_eq!(info.subflows_total(), counts.then_some(1), "{name}");
        }
    }
}

/// 127.0.0.1 as rows carry it.
const LOOPBACK: [u8; 16] = [127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn other_families_are_told_by_all() {
    for Kernel { name, families: made, .. } in &KERNELS {
        println!("Linux {name}");
        let unix = families::rows(made.unix, unix_diag::Row::parse, unix_diag::Row::inode);
        let unix = unix[&made.inode("unix")];
        assert_eq!((unix.name(), unix.socket_type(), unix.state()), (Some(&b"\0pree"[..]), 1, LISTEN));
        assert_eq!((unix.receive_queue(), unix.send_queue(), unix.uid()), (Some(0), Some(3), Some(0)));

        let packet = families::rows(made.packet, packet_diag::Row::parse, packet_diag::Row::inode);
        let packet = packet[&made.inode("packet")];
        // All protocols (ETH_P_ALL), on every interface.
        assert_eq!((packet.socket_type(), packet.protocol(), packet.uid()), (3, 3, Some(0)));
        assert_eq!(packet.info().unwrap().index(), Some(0));

        let netlink = families::rows(made.netlink, netlink_diag::Row::parse, netlink_diag::Row::inode);
        let netlink = netlink[&made.inode("netlink")];
        assert_eq!((netlink.socket_type(), netlink.protocol(), netlink.port_id()), (3, 0, 4242));

        let vsock = families::rows(made.vsock, vsock_diag::Row::parse, vsock_diag::Row::inode);
        let vsock = vsock[&made.inode("vsock")];
        assert_eq!((vsock.family(), vsock.socket_type(), vsock.state()), (40, 1, CLOSE));
        assert_eq!((vsock.source_port(), vsock.destination_port()), (vsock_diag::ANY, vsock_diag::ANY));

        let inet = |recording| families::rows(recording, inet_diag::Row::parse, inet_diag::Row::inode);
        let raw = inet(made.raw);
        assert_eq!(raw.len(), 1);
        let raw = raw[&made.inode("raw")];
        // The protocol stands where the port would.
        assert_eq!((raw.family(), raw.source(), raw.source_port()), (AF_INET, LOOPBACK, 253));
        // The listener, and both ends of an association with it: of each its socket, then the association.
        let rows = inet(made.sctp);
        assert_eq!(rows.len(), 3);
        let sctp = rows[&made.inode("sctp")];
        assert!(sctp.sctp_peers().is_none());
        assert_eq!((sctp.state(), sctp.source_port(), sctp.uid()), (LISTEN, 18090, 0));
        let ends: Vec<_> = sctp.sctp_locals().unwrap().collect();
        assert_eq!(ends.len(), 1);
        assert_eq!((ends[0].family, ends[0].address, ends[0].port), (AF_INET, LOOPBACK, 18090));
        for row in rows.values().filter(|row| row.state() != LISTEN) {
            // SCTP_STATE_ESTABLISHED.
            assert_eq!((row.state(), row.source(), row.destination()), (3, LOOPBACK, LOOPBACK));
            let peers: Vec<_> = row.sctp_peers().unwrap().map(|end| (end.address, end.port)).collect();
            assert_eq!(peers, [(LOOPBACK, row.destination_port())]);
        }
    }
}
