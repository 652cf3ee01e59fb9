//! Makes the population of sockets that the golden tests know, and writes down what the kernel says about it.
//!
//! Run it in a network namespace of its own, with the loopback device up and an unreachable net behind it:
//! `unshare -n sh -c 'ip link set lo up && ip route add 10.2.2.0/24 dev lo && exec PROGRAM DIRECTORY'`.
//! Which sockets it makes stands in `tests/suite/golden.rs` a second time, as expectation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a program for the people who write these tests"
)]

use pree_wire::inet_diag::{self, Extensions, Request, StateBits};
use rustix::fd::OwnedFd;
use rustix::net::{self, AddressFamily, Protocol, SendFlags, Shutdown, SocketType, ipproto, sockopt};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

#[path = "../tests/kernel/sock_diag.rs"]
mod sock_diag;

const V4: Ipv4Addr = Ipv4Addr::LOCALHOST;
const V6: Ipv6Addr = Ipv6Addr::LOCALHOST;

fn main() {
    let directory = PathBuf::from(std::env::args_os().nth(1).expect("a directory to write to"));
    let tcp = Some(ipproto::TCP);

    // The listener of everything IPv4. Its first connection is accepted and has sent data nobody reads.
    let listener = listen((V4, 18080).into(), 7, tcp);
    let sender = connect((V4, 40001).into(), (V4, 18080).into(), tcp);
    let reader = net::accept(&listener).unwrap();
    send(&sender, 1000);
    // Half closed: FIN_WAIT2 here, CLOSE_WAIT there.
    let closer = connect((V4, 40003).into(), (V4, 18080).into(), tcp);
    let half_open = net::accept(&listener).unwrap();
    net::shutdown(&closer, Shutdown::Write).unwrap();
    // Closed by the client first: its end is in TIME_WAIT, the other one is gone.
    let client = connect((V4, 40004).into(), (V4, 18080).into(), tcp);
    let server = net::accept(&listener).unwrap();
    drop(client);
    pause();
    drop(server);
    // Not accepted: waits in the queue of the listener.
    let waiting = connect((V4, 40002).into(), (V4, 18080).into(), tcp);

    let listener6 = listen((V6, 18081).into(), 128, tcp);
    let sender6 = connect((V6, 40005).into(), (V6, 18081).into(), tcp);
    let reader6 = net::accept(&listener6).unwrap();
    // An IPv6 socket that takes IPv4 in: mapped addresses.
    let dual = listen((Ipv6Addr::UNSPECIFIED, 18082).into(), 128, tcp);
    let mapped = connect((V4, 40006).into(), (V4, 18082).into(), tcp);
    let mapped_reader = net::accept(&dual).unwrap();

    let bound = bind((V4, 18083).into(), SocketType::STREAM, tcp);
    // A handshake whose client does not exist.
    syn([10, 2, 2, 9], 40007, [127, 0, 0, 1], 18080);

    // And a client nobody answers.
    let hopeful = bind((V4, 40010).into(), SocketType::STREAM, tcp);
    std::thread::spawn(move || net::connect(&hopeful, &SocketAddr::from(([10, 2, 2, 9], 80))));

    let datagram = UdpSocket::bind((V4, 18085)).unwrap();
    let talker = UdpSocket::bind((V4, 40008)).unwrap();
    talker.connect((V4, 18085)).unwrap();
    talker.send(&[0; 100]).unwrap();
    let datagram6 = UdpSocket::bind((V6, 18086)).unwrap();

    let mptcp = NonZeroU32::new(u32::from(inet_diag::MPTCP)).map(Protocol::from_raw);
    // Old kernels are without.
    let has_mptcp = net::socket(AddressFamily::INET, SocketType::STREAM, mptcp).is_ok();
    let multipath = has_mptcp.then(|| {
        let listener = listen((V4, 18087).into(), 128, mptcp);
        let sender = connect((V4, 40009).into(), (V4, 18087).into(), mptcp);
        let reader = net::accept(&listener).unwrap();
        send(&sender, 500);
        pause();
        (listener, sender, reader)
    });

    let ask = |name: &str, requests: &[Request<'_>]| {
        let mut bytes = Vec::new();
        for request in requests {
            let request = request.with_extensions(Extensions::ALL).with_sequence(1);
            bytes.extend(sock_diag::ask(&request).unwrap().concat());
        }
        std::fs::write(directory.join(name), bytes).unwrap();
    };
    let everything = StateBits::ALL;
    ask("tcp.bin", &[Request::dump_v1(inet_diag::TCP).with_states(everything)]);
    for (name, protocol) in [("udp.bin", inet_diag::UDP), ("mptcp.bin", inet_diag::MPTCP)] {
        if protocol == inet_diag::MPTCP && !has_mptcp {
            continue;
        }
        let both = [inet_diag::AF_INET, inet_diag::AF_INET6].map(|family| Request::dump_v2(family, protocol));
        ask(name, &both);
    }
    for name in ["tcp", "tcp6", "udp", "udp6"] {
        let text = std::fs::read(PathBuf::from("/proc/net").join(name)).unwrap();
        std::fs::write(directory.join(format!("{name}.txt")), text).unwrap();
    }
    // Everything above was open until here.
    drop((reader, half_open, waiting, reader6, sender6, mapped, mapped_reader, bound, datagram, datagram6));
    drop((multipath, closer));
}

fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}

fn bind(address: SocketAddr, kind: SocketType, protocol: Option<Protocol>) -> OwnedFd {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = net::socket(family, kind, protocol).unwrap();
    sockopt::set_socket_reuseaddr(&socket, true).unwrap();
    net::bind(&socket, &address).unwrap();
    socket
}

fn listen(address: SocketAddr, backlog: i32, protocol: Option<Protocol>) -> OwnedFd {
    let socket = bind(address, SocketType::STREAM, protocol);
    net::listen(&socket, backlog).unwrap();
    socket
}

fn connect(from: SocketAddr, to: SocketAddr, protocol: Option<Protocol>) -> OwnedFd {
    let socket = bind(from, SocketType::STREAM, protocol);
    net::connect(&socket, &to).unwrap();
    socket
}

fn send(socket: &OwnedFd, bytes: usize) {
    assert_eq!(net::send(socket, &vec![b'x'; bytes], SendFlags::empty()), Ok(bytes));
    // Acknowledged, so that the numbers stand still.
    pause();
}

/// Sends a SYN that pretends to come from somewhere else.
fn syn(from: [u8; 4], from_port: u16, to: [u8; 4], to_port: u16) {
    let mut segment = Vec::new();
    segment.extend(from_port.to_be_bytes());
    segment.extend(to_port.to_be_bytes());
    segment.extend(1000_u32.to_be_bytes());
    segment.extend([0; 4]);
    segment.extend([5 << 4, 0x02]);
    segment.extend(1024_u16.to_be_bytes());
    segment.extend([0; 4]);
    let pseudo = [&from[..], &to, &[0, 6, 0, segment.len() as u8], &segment].concat();
    let sum: u32 = pseudo.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    segment[16..18].copy_from_slice(&sum.to_be_bytes());

    let mut packet = vec![0x45, 0, 0, 0, 0, 1, 0, 0, 64, 6, 0, 0];
    packet.extend(from);
    packet.extend(to);
    packet.extend(segment);
    // Protocol 255 means: the IP header comes with the packet. The kernel fills in length and checksum.
    let raw = NonZeroU32::new(255).map(Protocol::from_raw);
    let socket = net::socket(AddressFamily::INET, SocketType::RAW, raw).unwrap();
    let destination = SocketAddr::from((to, 0));
    net::sendto(&socket, &packet, SendFlags::empty(), &destination).unwrap();
    pause();
}
