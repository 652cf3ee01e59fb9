//! Just enough rtnetlink to set up a lab's network without any tool: links up, veth pairs, addresses.

use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// Index of `lo` in every network namespace.
pub(crate) const LOOPBACK: u32 = 1;

const NLM_F_REQUEST_ACK: u16 = 0x1 | 0x4;
const NLM_F_CREATE_EXCL: u16 = 0x400 | 0x200;
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_TXQLEN: u16 = 13;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
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

    /// Makes two interfaces, each the other end of the other.
    pub(crate) fn add_veth(&self, name: &str, hardware_address: [u8; 6], peer: &str) -> io::Result<()> {
        let mut peer_link = link_header(0, 0, 0);
        attribute(&mut peer_link, IFLA_IFNAME, &terminated(peer));
        let mut data = Vec::new();
        attribute(&mut data, VETH_INFO_PEER, &peer_link);
        let mut info = Vec::new();
        attribute(&mut info, IFLA_INFO_KIND, b"veth");
        attribute(&mut info, IFLA_INFO_DATA, &data);
        let mut link = link_header(0, 0, 0);
        attribute(&mut link, IFLA_IFNAME, &terminated(name));
        attribute(&mut link, IFLA_ADDRESS, &hardware_address);
        attribute(&mut link, IFLA_LINKINFO, &info);
        self.request(RTM_NEWLINK, NLM_F_CREATE_EXCL, &link)
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
        let mut message = Vec::with_capacity(16 + body.len());
        message.extend((16 + body.len() as u32).to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend((NLM_F_REQUEST_ACK | flags).to_ne_bytes());
        message.extend([0; 8]);
        message.extend(body);
        rustix::net::send(&self.socket, &message, SendFlags::empty())?;
        let mut answer = [0; 4096];
        let (length, _) = rustix::net::recv(&self.socket, &mut answer, RecvFlags::empty())?;
        let error = answer[..length].get(16..20).and_then(|bytes| bytes.try_into().ok());
        match error.map(i32::from_ne_bytes) {
            Some(0) => Ok(()),
            Some(errno) => Err(io::Error::from_raw_os_error(-errno)),
            None => Err(io::Error::other("rtnetlink answered without a result")),
        }
    }
}

/// The index of an interface of this network namespace.
pub(crate) fn interface_index(name: &str) -> io::Result<u32> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    Ok(rustix::net::netdevice::name_to_index(socket, name)?)
}

/// `struct ifinfomsg`
fn link_header(index: u32, flags: u32, change: u32) -> Vec<u8> {
    let mut header = vec![0; 4];
    header.extend(index.to_ne_bytes());
    header.extend(flags.to_ne_bytes());
    header.extend(change.to_ne_bytes());
    header
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
