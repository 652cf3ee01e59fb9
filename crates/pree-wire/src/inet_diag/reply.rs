//! Rows: one socket each, `struct inet_diag_msg` and attributes.
//!
//! Owns the layout; [`attribute`] has the numbers of the attributes. A row is a view: parsing checks it and notes where the attributes
//! are, accessors read the bytes. This is the hot path, 100 000 rows are nothing unusual; `examples/parse_speed.rs`
//! measures it.

use super::congestion::{Bbr, Dctcp, Vegas};
use super::socket_options::SocketOptions;
use super::subflow::Subflow;
use super::{attribute, md5, sctp};
use crate::bytes::fixed;
use crate::mptcp_info::MptcpInfo;
use crate::netlink::attributes;
use crate::socket_memory::{MemInfo, SocketMemory};
use crate::tcp_info::TcpInfo;

diag_row! {
    /// One row of a dump, or the answer to an exact get.
    "inet_diag", of 72 bytes, cookie at 44, attributes below attribute::SOCKOPT + 1;
}

impl Row<'_> {
    fixed_fields! {
        /// Address family: 2 IPv4, 10 IPv6 (`idiag_family`). An IPv6 socket talking IPv4 is family 10 with mapped
        /// addresses.
        family: u8 = from_ne_bytes, 0;
        /// State number, see [`states`](super::states) (`idiag_state`).
        state: u8 = from_ne_bytes, 1;
        /// Running timer: 0 none, 1 retransmission (or tail loss probe, or reordering), 2 keepalive, 3 `TIME_WAIT`,
        /// 4 zero-window probe, and on the newest kernels 5 delayed ACK (`idiag_timer`).
        timer: u8 = from_ne_bytes, 2;
        /// Retransmissions of the oldest segment so far, or probes sent, as [`Self::timer`] says (`idiag_retrans`).
        retransmits: u8 = from_ne_bytes, 3;
        /// Local port (`idiag_sport`).
        source_port: u16 = from_be_bytes, 4;
        /// Remote port (`idiag_dport`).
        destination_port: u16 = from_be_bytes, 6;
        /// Index of the interface the socket is bound to, 0 for none (`idiag_if`).
        interface: u32 = from_ne_bytes, 40;
        /// Milliseconds until [`Self::timer`] expires (`idiag_expires`).
        expires_ms: u32 = from_ne_bytes, 52;
        /// Bytes received and not yet read, a FIN counting as one; for a listener: connections not yet accepted; for
        /// UDP: memory, overhead included (`idiag_rqueue`).
        receive_queue: u32 = from_ne_bytes, 56;
        /// Bytes not yet acknowledged, SYN and FIN counting as one each; for a listener: the limit of the accept queue;
        /// for UDP: memory, overhead included (`idiag_wqueue`).
        send_queue: u32 = from_ne_bytes, 60;
        /// User the socket belongs to, in the asker's user namespace; 0 also for `TIME_WAIT` and handshakes, which have
        /// none (`idiag_uid`).
        uid: u32 = from_ne_bytes, 64;
        /// Inode number as in `socket:[…]`; 0 if the socket has none (any more): `TIME_WAIT`, handshake, in the accept
        /// queue, orphaned (`idiag_inode`).
        inode: u32 = from_ne_bytes, 68;
    }

    /// Local address; IPv4 in the first 4 bytes, the rest 0 (`idiag_src`).
    #[inline]
    pub fn source(&self) -> [u8; 16] {
        fixed::<8, 16, FIXED>(self.row.fixed)
    }

    /// Remote address; IPv4 in the first 4 bytes, the rest 0 (`idiag_dst`).
    #[inline]
    pub fn destination(&self) -> [u8; 16] {
        fixed::<24, 16, FIXED>(self.row.fixed)
    }

    /// The row's identity in the form a request takes.
    pub fn id(&self) -> super::Id {
        super::Id {
            source_port: self.source_port(),
            destination_port: self.destination_port(),
            source: self.source(),
            destination: self.destination(),
            interface: self.interface(),
            cookie: self.cookie(),
        }
    }
}

impl<'a> Row<'a> {
    /// Four memory counters; on request.
    pub fn meminfo(&self) -> Option<MemInfo> {
        MemInfo::parse(self.attribute(attribute::MEMINFO)?)
    }

    /// Buffers, limits and drops; on request.
    #[inline]
    pub fn socket_memory(&self) -> Option<SocketMemory<'a>> {
        self.attribute(attribute::SKMEMINFO).map(SocketMemory::new)
    }

    /// The statistics of a TCP socket; on request. Ask it of rows of a TCP dump only: other protocols put other
    /// structures in the same place.
    #[inline]
    pub fn tcp_info(&self) -> Option<TcpInfo<'a>> {
        self.attribute(attribute::INFO).map(TcpInfo::new)
    }

    /// The statistics of an MPTCP socket; on request. Ask it of rows of an MPTCP dump only.
    pub fn mptcp_info(&self) -> Option<MptcpInfo<'a>> {
        self.attribute(attribute::INFO).map(MptcpInfo::new)
    }

    /// Name of the congestion algorithm, without NUL: `cubic`; on request.
    #[inline]
    pub fn congestion_algorithm(&self) -> Option<&'a [u8]> {
        self.attribute(attribute::CONG).map(until_nul)
    }

    /// Numbers of Vegas and its like; on request, and only where such an algorithm runs.
    pub fn vegas(&self) -> Option<Vegas> {
        Vegas::parse(self.attribute(attribute::VEGAS_INFO)?)
    }

    /// Numbers of DCTCP; on request, and only where it runs.
    pub fn dctcp(&self) -> Option<Dctcp> {
        Dctcp::parse(self.attribute(attribute::DCTCP_INFO)?)
    }

    /// Numbers of BBR; on request, and only where it runs.
    pub fn bbr(&self) -> Option<Bbr> {
        Bbr::parse(self.attribute(attribute::BBR_INFO)?)
    }

    /// IPv4 type of service; on request. IPv6 sockets have one too, for IPv4 peers.
    pub fn tos(&self) -> Option<u8> {
        self.row.number(attribute::TOS)
    }

    /// IPv6 traffic class; on request, IPv6 sockets only.
    pub fn tclass(&self) -> Option<u8> {
        self.row.number(attribute::TCLASS)
    }

    /// Directions shut down: bit 0 receiving, bit 1 sending.
    pub fn shutdown(&self) -> Option<u8> {
        self.row.number(attribute::SHUTDOWN)
    }

    /// Whether an IPv6 socket refuses IPv4. Only known of listening and unconnected IPv6 sockets.
    pub fn v6only(&self) -> Option<bool> {
        self.row.number::<u8>(attribute::SKV6ONLY).map(|only| only != 0)
    }

    /// Firewall mark (`SO_MARK`). Shown to holders of `CAP_NET_ADMIN` only.
    pub fn mark(&self) -> Option<u32> {
        self.row.number(attribute::MARK)
    }

    /// Class of the `net_cls` cgroup, or the socket's priority where that is 0; on request of [`TCLASS`] or this.
    ///
    /// [`TCLASS`]: super::Extensions::TCLASS
    pub fn class_id(&self) -> Option<u32> {
        self.row.number(attribute::CLASS_ID)
    }

    /// Protocol number of a raw socket.
    pub fn protocol(&self) -> Option<u8> {
        self.row.number(attribute::PROTOCOL)
    }

    /// Id of the socket's cgroup in the v2 hierarchy: the inode number of its directory (Linux 5.8).
    pub fn cgroup_id(&self) -> Option<u64> {
        self.row.number(attribute::CGROUP_ID)
    }

    /// Boolean options (Linux 5.10).
    pub fn socket_options(&self) -> Option<SocketOptions> {
        self.attribute(attribute::SOCKOPT)?.first_chunk().copied().map(SocketOptions::from_bytes)
    }

    /// Name of the upper layer protocol, without NUL: `tls`, `mptcp`, `espintcp` (Linux 5.4).
    pub fn ulp_name(&self) -> Option<&'a [u8]> {
        self.ulp(1).map(until_nul)
    }

    /// The attributes about kernel TLS, to be read with [`attributes`] (Linux 5.4; `CAP_NET_ADMIN` only).
    pub fn ulp_tls(&self) -> Option<&'a [u8]> {
        self.ulp(2)
    }

    /// The attributes about the MPTCP subflow, to be read with [`attributes`] (Linux 5.7; `CAP_NET_ADMIN` only).
    pub fn ulp_mptcp(&self) -> Option<&'a [u8]> {
        self.ulp(3)
    }

    /// What is told of the MPTCP subflow that this TCP socket is (Linux 5.7; `CAP_NET_ADMIN` only).
    pub fn subflow(&self) -> Option<Subflow> {
        self.ulp_mptcp().map(Subflow::parse)
    }

    /// Addresses of this end of an SCTP socket; on request of [`INFO`](super::Extensions::INFO).
    pub fn sctp_locals(&self) -> Option<impl Iterator<Item = sctp::Endpoint> + use<'a>> {
        self.attribute(attribute::LOCALS).map(sctp::endpoints)
    }

    /// Addresses of the other end of an SCTP association; comes with [`Self::sctp_locals`].
    pub fn sctp_peers(&self) -> Option<impl Iterator<Item = sctp::Endpoint> + use<'a>> {
        self.attribute(attribute::PEERS).map(sctp::endpoints)
    }

    /// Peers that this TCP socket has keys of TCP-MD5 for; on request of [`INFO`](super::Extensions::INFO) (Linux 4.14; `CAP_NET_ADMIN` only).
    pub fn md5_peers(&self) -> Option<impl Iterator<Item = md5::Peers> + use<'a>> {
        self.attribute(attribute::MD5SIG).map(md5::peers)
    }

    fn ulp(&self, kind: u16) -> Option<&'a [u8]> {
        let inner = attributes(self.attribute(attribute::ULP_INFO)?);
        inner.map_while(Result::ok).find(|a| a.kind == kind).map(|a| a.payload)
    }
}

/// The inode number of a row that is not parsed yet: for those who look ahead.
#[inline]
pub fn inode_of(payload: &[u8]) -> Option<u32> {
    crate::bytes::Native::at(payload, 68)
}

/// A C string without its end; all of the bytes where the end is missing.
fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or(text)
}
