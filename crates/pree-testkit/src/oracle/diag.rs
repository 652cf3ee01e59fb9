//! `sock_diag`, the plainest way: one v2 dump a family, fixed header only. Sees bound-only sockets and cookies.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};

use crate::Failed;
use crate::socket::state_name;

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const REQUEST_DUMP: u16 = 0x1 | 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const ALL_STATES: u32 = 0xffff_ffff;

/// One socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// "tcp", "udp" or "udplite"
    pub protocol: &'static str,
    /// The kit's name for the state.
    pub state: &'static str,
    /// With the scope id of a link-local address, which the kernel gives as the interface.
    pub local: SocketAddr,
    /// `None` when it is all zeroes.
    pub remote: Option<SocketAddr>,
    /// The bound interface; 0 for none.
    pub interface: u32,
    /// The socket's cookie.
    pub cookie: u64,
    /// For listeners the connections waiting.
    pub receive_queue: u32,
    /// For listeners the limit.
    pub send_queue: u32,
    /// The owner's uid.
    pub uid: u32,
    /// 0 where there is none.
    pub inode: u64,
}

/// Every TCP, UDP and UDP-Lite socket that the kernel tells of.
///
/// # Errors
/// The kernel's, but a protocol that it does not have is no error.
pub fn all() -> Result<Vec<Row>, Failed> {
    let mut rows = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        for (protocol, number) in
            [("tcp", libc::IPPROTO_TCP), ("udp", libc::IPPROTO_UDP), ("udplite", libc::IPPROTO_UDPLITE)]
        {
            dump(family as u8, protocol, number as u8, &mut rows)
                .map_err(|error| format!("sock_diag of {protocol} in family {family}: {error}"))?;
        }
    }
    Ok(rows)
}

fn dump(family: u8, protocol: &'static str, number: u8, rows: &mut Vec<Row>) -> io::Result<()> {
    let domain = AddressFamily::NETLINK;
    let diag = Some(netlink::SOCK_DIAG);
    let socket = rustix::net::socket_with(domain, SocketType::RAW, SocketFlags::CLOEXEC, diag)?;
    let mut request = Vec::new();
    request.extend(72_u32.to_ne_bytes());
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend(REQUEST_DUMP.to_ne_bytes());
    request.extend([0; 8]);
    request.extend([family, number, 0, 0]);
    request.extend(ALL_STATES.to_ne_bytes());
    request.extend([0; 48]);
    rustix::net::send(&socket, &request, SendFlags::empty())?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let (length, _) = rustix::net::recv(&socket, &mut buffer, RecvFlags::empty())?;
        let mut rest = &buffer[..length];
        while let Some(size) = u32_at(rest, 0).map(|size| size as usize) {
            let Some(message) = rest.get(..size) else { break };
            match message.get(4..6).map(|kind| u16::from_ne_bytes([kind[0], kind[1]])) {
                Some(NLMSG_DONE) => return Ok(()),
                Some(NLMSG_ERROR) => match u32_at(message, 16)
                    .map(|errno| i32::from_ne_bytes(errno.to_ne_bytes()).wrapping_neg())
                {
                    // The protocol is not in this kernel.
                    Some(libc::ENOENT) => return Ok(()),
                    errno => return Err(io::Error::from_raw_os_error(errno.unwrap_or(0))),
                },
                _ => rows.push(
                    parse(protocol, &message[16..]).ok_or_else(|| io::Error::other("a reply too short"))?,
                ),
            }
            rest = rest.get(size.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

/// `struct inet_diag_msg`
fn parse(protocol: &'static str, message: &[u8]) -> Option<Row> {
    let [family, number] = [*message.first()?, *message.get(1)?];
    let interface = u32_at(message, 40)?;
    let address = |port: usize, ip: usize| {
        let port = u16::from_be_bytes([*message.get(port)?, *message.get(port + 1)?]);
        let bytes: [u8; 16] = message.get(ip..ip + 16)?.try_into().ok()?;
        let ip = if i32::from(family) == libc::AF_INET {
            IpAddr::from(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]))
        } else {
            IpAddr::from(Ipv6Addr::from(bytes))
        };
        Some(match ip {
            IpAddr::V6(v6) if v6.is_unicast_link_local() => SocketAddrV6::new(v6, port, 0, interface).into(),
            ip => SocketAddr::new(ip, port),
        })
    };
    let state = match (protocol, number) {
        // No other TCP socket in state CLOSE is dumped.
        ("tcp", 7) => "bound_inactive",
        ("tcp", number) => state_name(number)?,
        (_, 7) => "unconnected",
        _ => "established",
    };
    let remote = address(6, 24)?;
    Some(Row {
        protocol,
        state,
        local: address(4, 8)?,
        remote: (remote.port() != 0 || !remote.ip().is_unspecified()).then_some(remote),
        interface,
        cookie: u64::from(u32_at(message, 44)?) | u64::from(u32_at(message, 48)?) << 32,
        receive_queue: u32_at(message, 56)?,
        send_queue: u32_at(message, 60)?,
        uid: u32_at(message, 64)?,
        inode: u32_at(message, 68)?.into(),
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
