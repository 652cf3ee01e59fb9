//! What only sockets of one family have.

use super::entry::{LINUX, fields};
use super::{Field, Value};
use crate::model::{
    Address, CountsSince, DatagramDetail, Detail, MptcpDetail, NetlinkDetail, PacketDetail, Socket,
    SubflowDetail, UnixDetail,
};
use crate::needs::Needs;

macro_rules! details {
    ($($of:ident $variant:ident $detail:ident;)*) => {$(
        fn $of(socket: &Socket) -> Option<&$detail> {
            match socket.detail.as_deref() {
                Some(Detail::$variant(detail)) => Some(detail),
                _ => None,
            }
        }
    )*};
}

details! {
    unix Unix UnixDetail;
    packet Packet PacketDetail;
    netlink Netlink NetlinkDetail;
    mptcp Mptcp MptcpDetail;
    subflow Subflow SubflowDetail;
    datagrams Datagrams DatagramDetail;
}

const SINCES: [&str; CountsSince::ALL.len()] = [CountsSince::ALL[0].name(), CountsSince::ALL[1].name()];

const NONE: Needs = Needs::empty();
/// Of a TCP row the kernel reports it beside the statistics.
const SUBFLOW: Needs = Needs::STATS;
const DETAIL: Needs = Needs::DETAIL;
const PACKET_FILTER: Needs = Needs::PACKET_FILTER;
const FDS_IN_FLIGHT: Needs = Needs::FDS_IN_FLIGHT.union(Needs::OWNERS);

pub(super) const FIELDS: &[Field] = fields! {
    "port_id" Local "port_id" Id NONE; "Port id of a netlink socket; 0 is the kernel."; "ndiag_portid", told_by: LINUX => |s| match s.local {
        Address::Netlink { port_id, .. } => Value::Number(port_id.into()),
        _ => Value::Unknown,
    };
    "cid" Local "cid" Id NONE; "Context id of a vsock socket."; "vdiag_src_cid", told_by: LINUX => |s| match s.local {
        Address::Vsock { cid, .. } if cid != u32::MAX => Value::Number(cid.into()),
        _ => Value::Unknown,
    };
    "file_inode" Unix "file_inode" Id DETAIL; "Last 32 bits of the inode of a bound path's file."; "udiag_vfs_ino" =>
        |s| unix(s).and_then(|unix| unix.file).map(|file| file.inode).into();
    "file_major" Unix "file_major" Id DETAIL; "Major number of that file's device."; "udiag_vfs_dev" =>
        |s| unix(s).and_then(|unix| unix.file).map(|file| file.device_major).into();
    "file_minor" Unix "file_minor" Id DETAIL; "Minor number of that file's device."; "udiag_vfs_dev" =>
        |s| unix(s).and_then(|unix| unix.file).map(|file| file.device_minor).into();
    "fds_in_flight" Unix "fds_in_flight" Count FDS_IN_FLIGHT; "Descriptors passed to a Unix socket and not received yet.";
        "scm_fds in /proc/PID/fdinfo" => |s| unix(s).and_then(|unix| unix.fds_in_flight).into();
    "running" Packet "running" Bool NONE; "Whether a packet socket takes packets now."; "PDI_RUNNING" =>
        |s| packet(s).and_then(|packet| packet.is_running).into();
    "ring_version" Packet "ring_version" Id DETAIL; "Version of its ring: 1 to 3."; "pdi_version" =>
        |s| packet(s).and_then(|packet| packet.version).into();
    "rx_ring" Packet "receive_ring_bytes" Bytes DETAIL; "Its mapped ring for receiving; 0: none."; "PACKET_DIAG_RX_RING" =>
        |s| packet(s).and_then(|packet| packet.receive_ring_bytes).into();
    "tx_ring" Packet "send_ring_bytes" Bytes DETAIL; "Its mapped ring for sending; 0: none."; "PACKET_DIAG_TX_RING" =>
        |s| packet(s).and_then(|packet| packet.send_ring_bytes).into();
    "fanout" Packet "fanout_group" Id DETAIL; "The group it shares packets with."; "PACKET_DIAG_FANOUT" =>
        |s| packet(s).and_then(|packet| packet.fanout).map(|(group, _)| group).into();
    "fanout_mode" Packet "fanout_mode" Id DETAIL; "How the group shares them, PACKET_FANOUT_*."; "PACKET_DIAG_FANOUT" =>
        |s| packet(s).and_then(|packet| packet.fanout).map(|(_, mode)| mode).into();
    "packet_filter" Packet "filter_instructions" Count PACKET_FILTER; "Instructions of its classic BPF program; 0: none.";
        "PACKET_DIAG_FILTER" => |s| packet(s).and_then(|packet| packet.filter_instructions).into();
    "remote_group" Netlink "remote_group" Id NONE; "Multicast group that it sends to."; "ndiag_dst_group" =>
        |s| netlink(s).and_then(|netlink| netlink.remote_group).into();
    "token" Mptcp "token" Id SUBFLOW; "What joins an MPTCP connection and its subflows."; "mptcpi_token, ULP_INFO" =>
        |s| mptcp(s).and_then(|mptcp| mptcp.token).or_else(|| subflow(s)?.token).into();
    "remote_token" Mptcp "remote_token" Id SUBFLOW; "Token of a subflow's connection at the other end."; "ULP_INFO" =>
        |s| subflow(s).and_then(|subflow| subflow.remote_token).into();
    "subflows" Mptcp "subflows" Count NONE; "Subflows of an MPTCP connection."; "mptcpi_subflows_total" =>
        |s| mptcp(s).and_then(|mptcp| mptcp.subflows).into();
    "fallback" Mptcp "fallback" Bool NONE; "Whether it fell back to plain TCP."; "mptcpi_flags" =>
        |s| mptcp(s).and_then(|mptcp| mptcp.is_fallback).into();
    "mptcp_sent" Mptcp "bytes_sent" Bytes NONE; "Bytes sent, above the subflows."; "mptcpi_bytes_sent" =>
        |s| mptcp(s).and_then(|mptcp| mptcp.bytes_sent).into();
    "mptcp_received" Mptcp "bytes_received" Bytes NONE; "Bytes received, above the subflows."; "mptcpi_bytes_received" =>
        |s| mptcp(s).and_then(|mptcp| mptcp.bytes_received).into();
    "mptcp_acked" Mptcp "bytes_acked" Bytes NONE; "Bytes acknowledged, above the subflows."; "mptcpi_bytes_acked" =>
        |s| mptcp(s).and_then(|mptcp| mptcp.bytes_acked).into();
    "mptcp_retrans" Mptcp "bytes_retrans" Bytes NONE; "Bytes sent again on another subflow."; "mptcpi_bytes_retrans" =>
        |s| mptcp(s).and_then(|mptcp| mptcp.bytes_retrans).into();
    "subflow_id" Mptcp "local_id" Id SUBFLOW; "Id of a subflow's local address."; "MPTCP_SUBFLOW_ATTR_ID_LOC" =>
        |s| subflow(s).and_then(|subflow| subflow.local_id).into();
    "subflow_remote_id" Mptcp "remote_id" Id SUBFLOW; "Id of a subflow's remote address."; "MPTCP_SUBFLOW_ATTR_ID_REM" =>
        |s| subflow(s).and_then(|subflow| subflow.remote_id).into();
    "subflow_join" Mptcp "join" Bool SUBFLOW; "Whether a subflow joined a connection that had one."; "MPTCP_SUBFLOW_ATTR_FLAGS" =>
        |s| subflow(s).and_then(|subflow| subflow.is_join).into();
    "subflow_backup" Mptcp "backup" Bool SUBFLOW; "Whether an end wants the subflow as a backup only.";
        "MPTCP_SUBFLOW_ATTR_FLAGS" => |s| subflow(s).and_then(|subflow| subflow.is_backup).into();
    "udp_sent" Udp "bytes_sent" Bytes NONE; "Bytes that a UDP socket has sent, without headers."; "sock_send_length" =>
        |s| datagrams(s).and_then(|udp| udp.bytes_sent).into();
    "udp_received" Udp "bytes_received" Bytes NONE; "Bytes that it has received."; "sock_recv_length" =>
        |s| datagrams(s).and_then(|udp| udp.bytes_received).into();
    "datagrams_sent" Udp "datagrams_sent" Count NONE; "Datagrams that it has sent; with UDP_SEGMENT several count as one.";
        "sock_send_length" => |s| datagrams(s).and_then(|udp| udp.sent).into();
    "datagrams_received" Udp "datagrams_received" Count NONE; "Datagrams that it has received; with UDP_GRO several count as one.";
        "sock_recv_length" => |s| datagrams(s).and_then(|udp| udp.received).into();
    "first_datagram" Udp "first" Timestamp NONE; "When the first one was that is counted."; "sock_send_length, sock_recv_length" =>
        |s| datagrams(s).and_then(|udp| udp.first).into();
    "last_datagram" Udp "last" Timestamp NONE; "When the last one was."; "sock_send_length, sock_recv_length" =>
        |s| datagrams(s).and_then(|udp| udp.last).into();
    "udp_counts_since" Udp "counts_since" Word NONE; "Since when they are counted: opening, or switched_on, when the watch began.";
        "watch", choices: &SINCES => |s| datagrams(s).and_then(|udp| udp.counts_since).into();
};
