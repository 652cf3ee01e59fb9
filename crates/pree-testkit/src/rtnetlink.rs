//! Just enough rtnetlink to set up a lab's network without any tool: links up, veth pairs, addresses, a queue.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::net::sockopt::{self, Timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::PATIENCE;

/// Index of `lo` in every network namespace.
pub(crate) const LOOPBACK: u32 = 1;

const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
/// Tell me too what you tell others: without it a question for one queue is answered to listeners only.
const NLM_F_ECHO: u16 = 0x8;
const NLM_F_CREATE_EXCL: u16 = 0x400 | 0x200;
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWQDISC: u16 = 36;
const RTM_GETQDISC: u16 = 38;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_TXQLEN: u16 = 13;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_NET_NS_FD: u16 = 28;
const VETH_INFO_PEER: u16 = 1;
const IFLA_VXLAN_ID: u16 = 1;
const IFLA_VXLAN_PORT: u16 = 15;
const NLA_F_NESTED: u16 = 0x8000;
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_STATS2: u16 = 7;
const TCA_TBF_PARMS: u16 = 1;
const TCA_TBF_BURST: u16 = 6;
const TCA_STATS_QUEUE: u16 = 3;
/// The place of a queue through which everything goes (`TC_H_ROOT`).
const ROOT: u32 = u32::MAX;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
/// No duplicate address detection: the address is usable at once.
const IFA_F_NODAD: u8 = 0x02;
const IFF_UP: u32 = 0x1;
const IFF_NOARP: u32 = 0x80;

/// A connection to the kernel's network configuration.
#[derive(Debug)]
pub(crate) struct Rtnetlink {
    socket: OwnedFd,
}

impl Rtnetlink {
    pub(crate) fn open() -> io::Result<Self> {
        // Protocol 0 is NETLINK_ROUTE.
        let socket =
            rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
        sockopt::set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Self { socket })
    }

    pub(crate) fn set_up(&self, index: u32) -> io::Result<()> {
        self.request(RTM_NEWLINK, 0, &link_header(index, IFF_UP, IFF_UP))
    }

    /// Up, and never asking the network who has an address: everything simply goes out.
    pub(crate) fn set_up_without_arp(&self, index: u32) -> io::Result<()> {
        self.request(RTM_NEWLINK, 0, &link_header(index, IFF_NOARP, IFF_NOARP))?;
        self.request(RTM_NEWLINK, 0, &link_header(index, IFF_UP, IFF_UP))
    }

    /// How many packets wait for the other end of the interface before some are dropped.
    pub(crate) fn set_queue_length(&self, index: u32, packets: u32) -> io::Result<()> {
        let mut link = link_header(index, 0, 0);
        attribute(&mut link, IFLA_TXQLEN, &packets.to_ne_bytes());
        self.request(RTM_NEWLINK, 0, &link)
    }

    /// Makes two interfaces, each the other end of the other; the second one in the network namespace of a descriptor,
    /// or in this one.
    pub(crate) fn add_veth(
        &self,
        name: &str,
        hardware_address: [u8; 6],
        peer: &str,
        peer_namespace: Option<BorrowedFd<'_>>,
    ) -> io::Result<()> {
        let mut peer_link = link_header(0, 0, 0);
        attribute(&mut peer_link, IFLA_IFNAME, &terminated(peer));
        if let Some(namespace) = peer_namespace {
            attribute(&mut peer_link, IFLA_NET_NS_FD, &namespace.as_raw_fd().to_ne_bytes());
        }
        let mut data = Vec::new();
        attribute(&mut data, VETH_INFO_PEER, &peer_link);
        let mut address = Vec::new();
        attribute(&mut address, IFLA_ADDRESS, &hardware_address);
        self.add_link(name, b"veth", &data, &address)
    }

    /// Adds a VXLAN tunnel, whose socket the kernel has once it is up.
    pub(crate) fn add_vxlan(&self, name: &str, number: u32, port: u16) -> io::Result<()> {
        let mut data = Vec::new();
        attribute(&mut data, IFLA_VXLAN_ID, &number.to_ne_bytes());
        attribute(&mut data, IFLA_VXLAN_PORT, &port.to_be_bytes());
        self.add_link(name, b"vxlan", &data, &[])
    }

    pub(crate) fn add_link(&self, name: &str, kind: &[u8], data: &[u8], more: &[u8]) -> io::Result<()> {
        let mut info = Vec::new();
        attribute(&mut info, IFLA_INFO_KIND, kind);
        attribute(&mut info, IFLA_INFO_DATA, data);
        let mut link = link_header(0, 0, 0);
        attribute(&mut link, IFLA_IFNAME, &terminated(name));
        attribute(&mut link, IFLA_LINKINFO, &info);
        link.extend(more);
        self.request(RTM_NEWLINK, NLM_F_CREATE_EXCL, &link)
    }

    /// Lets only so much out of an interface, by a token bucket (`tbf`); the rest waits, or is dropped.
    pub(crate) fn add_bucket(&self, index: u32, bucket: Bucket) -> io::Result<()> {
        // `struct tc_tbf_qopt`: two `struct tc_ratespec`, the rate and none for the peak, then limit, buffer and mtu.
        let mut options = [0; 36];
        // Ethernet framing, so that no table of times is wanted (`TC_LINKLAYER_ETHERNET`).
        options[1] = 1;
        options[8..12].copy_from_slice(&bucket.bytes_per_s.to_ne_bytes());
        options[24..28].copy_from_slice(&bucket.limit_bytes.to_ne_bytes());
        let mut parameters = Vec::new();
        attribute(&mut parameters, TCA_TBF_PARMS, &options);
        attribute(&mut parameters, TCA_TBF_BURST, &bucket.burst_bytes.to_ne_bytes());
        let mut queue = queue_header(index);
        attribute(&mut queue, TCA_KIND, b"tbf\0");
        attribute(&mut queue, TCA_OPTIONS, &parameters);
        self.request(RTM_NEWQDISC, NLM_F_CREATE_EXCL, &queue)
    }

    /// What waits at the root queue of an interface, and what it has dropped since it was made.
    pub(crate) fn queue(&self, index: u32) -> io::Result<Queue> {
        let answer = self.ask(RTM_GETQDISC, NLM_F_ECHO, &queue_header(index))?;
        let attributes = answer.get(16 + 20..).unwrap_or_default();
        let statistics =
            find(attributes, TCA_STATS2).and_then(|statistics| find(statistics, TCA_STATS_QUEUE));
        // `struct gnet_stats_queue`: length, backlog, drops, …
        let number = |at: usize| Some(u32::from_ne_bytes(statistics?.get(at..at + 4)?.try_into().ok()?));
        let queue = number(4).zip(number(8)).map(|(backlog_bytes, drops)| Queue { backlog_bytes, drops });
        queue.ok_or_else(|| io::Error::other("rtnetlink told of a queue without its count"))
    }

    pub(crate) fn add_address(&self, index: u32, address: IpAddr, prefix: u8) -> io::Result<()> {
        let (family, bytes) = match address {
            IpAddr::V4(v4) => (libc::AF_INET, v4.octets().to_vec()),
            IpAddr::V6(v6) => (libc::AF_INET6, v6.octets().to_vec()),
        };
        let link_local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
        let scope = if link_local { 253 } else { 0 };
        let mut message = vec![family as u8, prefix, IFA_F_NODAD, scope];
        message.extend(index.to_ne_bytes());
        attribute(&mut message, IFA_LOCAL, &bytes);
        attribute(&mut message, IFA_ADDRESS, &bytes);
        self.request(RTM_NEWADDR, NLM_F_CREATE_EXCL, &message)
    }

    fn request(&self, kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
        let answer = self.ask(kind, NLM_F_ACK | flags, body)?;
        match answer.get(16..20).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes) {
            Some(0) => Ok(()),
            Some(errno) => Err(io::Error::from_raw_os_error(-errno)),
            None => Err(io::Error::other("rtnetlink answered without a result")),
        }
    }

    /// Sends a request and returns the answer.
    fn ask(&self, kind: u16, flags: u16, body: &[u8]) -> io::Result<Vec<u8>> {
        let mut message = Vec::with_capacity(16 + body.len());
        message.extend((16 + body.len() as u32).to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend((NLM_F_REQUEST | flags).to_ne_bytes());
        message.extend([0; 8]);
        message.extend(body);
        rustix::net::send(&self.socket, &message, SendFlags::empty())?;
        let mut answer = vec![0; 8192];
        let (length, _) = rustix::net::recv(&self.socket, &mut answer, RecvFlags::empty())?;
        answer.truncate(length);
        Ok(answer)
    }
}

/// A rate, and the queue before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    pub(crate) bytes_per_s: u32,
    pub(crate) limit_bytes: u32,
    /// What may go at once after a pause.
    pub(crate) burst_bytes: u32,
}

/// What a queue tells of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queue {
    pub(crate) backlog_bytes: u32,
    pub(crate) drops: u32,
}

/// The index of an interface of this network namespace.
pub(crate) fn interface_index(name: &str) -> io::Result<u32> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    Ok(rustix::net::netdevice::name_to_index(socket, name)?)
}

/// And back.
pub(crate) fn interface_name(index: u32) -> io::Result<String> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    Ok(rustix::net::netdevice::index_to_name(socket, index)?)
}

/// `struct ifinfomsg`
fn link_header(index: u32, flags: u32, change: u32) -> Vec<u8> {
    let mut header = vec![0; 4];
    header.extend(index.to_ne_bytes());
    header.extend(flags.to_ne_bytes());
    header.extend(change.to_ne_bytes());
    header
}

/// `struct tcmsg`
fn queue_header(index: u32) -> Vec<u8> {
    let mut header = vec![0; 4];
    header.extend(index.to_ne_bytes());
    header.extend(0_u32.to_ne_bytes());
    header.extend(ROOT.to_ne_bytes());
    header.extend(0_u32.to_ne_bytes());
    header
}

/// The value of the first attribute of this kind.
fn find(mut attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let length = usize::from(u16::from_ne_bytes(attributes.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(attributes.get(2..4)?.try_into().ok()?);
        if kind & !NLA_F_NESTED == wanted {
            return attributes.get(4..length);
        }
        attributes = attributes.get(length.next_multiple_of(4).max(4)..)?;
    }
}

/// Appends `struct rtattr` and its padding.
fn attribute(to: &mut Vec<u8>, kind: u16, value: &[u8]) {
    to.extend((4 + value.len() as u16).to_ne_bytes());
    to.extend(kind.to_ne_bytes());
    to.extend(value);
    to.resize(to.len().next_multiple_of(4), 0);
}

fn terminated(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.push(0);
    bytes
}
