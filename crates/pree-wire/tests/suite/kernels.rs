//! The population of `golden.rs` as other kernels tell of it: recorded by `cargo xtask kernels --golden`, which runs
//! `examples/capture_golden.rs` on each. What a kernel does not know must be unknown, never 0.

use crate::golden::{not_in_proc, rows, tcp_rows_are, udp_rows_are_the_population_of};
use pree_wire::inet_diag::states::CLOSE;
use pree_wire::proc_net::Family;
use pree_wire::tcp_info::TcpInfo;

/// What one kernel recorded, and what is known about it from its sources.
struct Kernel {
    name: &'static str,
    tcp: &'static [u8],
    udp: &'static [u8],
    /// Debian builds MPTCP in from 5.15 on.
    mptcp: Option<&'static [u8]>,
    proc: [(&'static [u8], Family); 4],
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
        for (name, row) in rows.iter().filter(|(_, row)| row.state() != CLOSE) {
            let length = row.tcp_info().map(|info| info.bytes().len());
            assert!(length.is_none_or(|length| length == kernel.tcp_info_bytes), "{name}: {length:?}");
        }
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
        let Some(recording) = kernel.mptcp else { continue };
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
