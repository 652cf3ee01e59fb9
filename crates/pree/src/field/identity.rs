//! Which socket: protocol, state, ends, ids.

use super::entry::{EVERYWHERE, LINUX_MACOS, LINUX_WINDOWS, WINDOWS, fields};
use super::{Field, Value};
use crate::model::{Address, Family, Protocol, SocketType, State};
use crate::needs::Needs;

const NONE: Needs = Needs::empty();

/// The kernel reports it beside the statistics.
const UPPER_LAYER: Needs = Needs::OPTIONS.union(Needs::STATS);

/// The same.
const MD5: Needs = Needs::MD5.union(Needs::STATS);

const DIRECTION: Needs = Needs::DIRECTION.union(Needs::STATS).union(Needs::REMOTE_NAMES);

/// What has no name has no abstract one.
fn is_abstract(address: &Address) -> Value<'static> {
    match address {
        Address::Unix(_) => Value::Bool(address.is_abstract() == Some(true)),
        _ => Value::Unknown,
    }
}

pub(super) const FIELDS: &[Field] = fields! {
    "protocol" Socket "protocol" Word NONE; "Transport protocol."; "the table asked", told_by: EVERYWHERE, is_usual: true =>
        |s| match &s.protocol {
            Protocol::Other(other) => Value::Text(other.name().as_bytes()),
            known => Value::Word(known.table_name()),
        };
    "family" Socket "family" Word NONE; "Address family the socket was made with."; "idiag_family", told_by: EVERYWHERE, is_usual: true =>
        |s| match (s.family.name(), s.family) {
            (None, Family::Other(number)) => Value::Unnamed("family", number.into()),
            (name, _) => name.map_or(Value::Unknown, Value::Word),
        };
    "type" Socket "type" Word Needs::SOCKET_TYPE; "stream, dgram, seqpacket, raw, …"; "follows from the protocol, or is reported", told_by: EVERYWHERE, is_usual: true =>
        |s| match (s.socket_type.and_then(SocketType::name), s.socket_type) {
            (None, Some(SocketType::Other(number))) => Value::Unnamed("type", number.into()),
            (name, _) => name.map_or(Value::Unknown, Value::Word),
        };
    "state" Socket "state" Word NONE; "State, RFC 9293."; "idiag_state", told_by: EVERYWHERE, is_usual: true =>
        |s| match (s.state.name(), s.state) {
            (None, State::Other(number)) => Value::Unnamed("state", number.into()),
            (name, _) => name.map_or(Value::Unknown, Value::Word),
        };
    "src" Local "ip" Address NONE; "Address of this end."; "idiag_src" =>
        |s| s.local.ip().map_or(Value::Unknown, Value::Ip);
    "sport" Local "port" Id NONE; "Port of this end."; "idiag_sport" => |s| s.local.port().into();
    "dst" Remote "ip" Address NONE; "Address of the other end."; "idiag_dst" =>
        |s| s.remote.as_ref().and_then(Address::ip).map_or(Value::Unknown, Value::Ip);
    "dport" Remote "port" Id NONE; "Port of the other end."; "idiag_dport" =>
        |s| s.remote.as_ref().and_then(Address::port).into();
    "path" Local "path" Text NONE; "Name of a Unix socket; NUL first: an abstract one."; "UNIX_DIAG_NAME", told_by: LINUX_MACOS =>
        |s| s.local.path().into();
    "abstract" Local "abstract" Bool NONE; "Whether the name of a Unix socket is an abstract one."; "UNIX_DIAG_NAME", told_by: LINUX_MACOS =>
        |s| is_abstract(&s.local);
    "peer_inode" Peer "inode" Id Needs::PEERS; "Inode of the socket at the other end."; "UNIX_DIAG_PEER; TCP: the row with the ends exchanged" =>
        |s| s.peer.as_ref().and_then(|peer| peer.inode).into();
    "peer" Peer "name" Text Needs::OWNERS.union(Needs::PEERS); "Short name of the process at the other end."; "UNIX_DIAG_PEER, /proc", told_by: LINUX_MACOS =>
        |s| s.peer.as_ref().and_then(|peer| Some(peer.owners.first()?.process.name.as_bytes())).into();
    "remote_path" Remote "path" Text Needs::REMOTE_NAMES; "Name of the Unix socket at the other end."; "UNIX_DIAG_PEER and that one's UNIX_DIAG_NAME", told_by: LINUX_MACOS =>
        |s| s.remote.as_ref().and_then(Address::path).into();
    "remote_abstract" Remote "abstract" Bool Needs::REMOTE_NAMES; "Whether that name is an abstract one."; "that one's UNIX_DIAG_NAME", told_by: LINUX_MACOS =>
        |s| s.remote.as_ref().map_or(Value::Unknown, is_abstract);
    "dir" Socket "direction" Word DIRECTION; "Which end opened the connection: in, out."; "tcpi_bytes_acked beside tcpi_bytes_sent; listeners", told_by: LINUX_WINDOWS,
        is_usual: true, choices: &["in", "out"] =>
        |s| s.direction.map_or(Value::Unknown, |direction| Value::Word(direction.name()));
    "created" Socket "created" UnixTime NONE; "When the socket was made."; "liCreateTimestamp (Windows); of events when it was opened", told_by: WINDOWS =>
        |s| s.created.into();
    "idle" Socket "idle_ms" Milliseconds Needs::STATS; "Time since data was sent or received last."; "the shorter of tcpi_last_data_sent and tcpi_last_data_recv" =>
        |s| s.tcp.as_ref().and_then(|tcp| tcp.last_data_sent.into_iter().chain(tcp.last_data_recv).min()).into();
    "module" Socket "module" Text Needs::MODULE; "Module that made it: of a service, the service's name."; "GetOwnerModuleFromTcpEntry (Windows)", told_by: WINDOWS =>
        |s| s.module.as_ref().map(crate::Text::as_bytes).into();
    "inode" Socket "inode" Id NONE; "Inode of the socket's file."; "idiag_inode" => |s| s.inode.into();
    "id" Socket "cookie" LongId Needs::ID; "The kernel's own name of the socket, never used again."; "idiag_cookie", told_by: LINUX_MACOS =>
        |s| s.kernel_id.map_or(Value::Unknown, |id| Value::Id(id.cookie));
    "netns" Netns "inode" Id Needs::NAMESPACE; "Inode of the network namespace."; "/proc/thread-self/ns/net" =>
        |s| s.namespace_inode().into();
    "netns_name" Netns "name" Text Needs::NAMESPACE_NAME; "Name of the network namespace."; "/run/netns" =>
        |s| s.network_namespace.as_ref().and_then(|namespace| Some(namespace.name.as_ref()?.as_bytes())).into();
    "uid" Socket "uid" Id Needs::UID; "User the socket belongs to."; "idiag_uid", told_by: LINUX_MACOS => |s| s.uid.into();
    "dev" Socket "interface" Id Needs::INTERFACE; "Index of the interface the socket is bound to."; "idiag_if", told_by: EVERYWHERE =>
        |s| s.interface.into();
    "dev_name" Socket "interface_name" Text Needs::INTERFACE_NAME; "Name of the interface the socket is bound to."; "SIOCGIFNAME", told_by: LINUX_MACOS =>
        |s| s.interface_name.as_ref().map(crate::Text::as_bytes).into();
    "tunnel" Socket "tunnel" Text Needs::TUNNEL; "Tunnel that the kernel holds a UDP socket for: the interface's name, l2tp:ID or fou:PORT."; "IFLA_LINKINFO, generic netlink" =>
        |s| s.tunnel.as_ref().map(crate::Text::as_bytes).into();
    "v6only" Socket "v6only" Bool Needs::V6ONLY; "Whether an IPv6 socket keeps IPv4 out."; "INET_DIAG_SKV6ONLY", told_by: LINUX_MACOS =>
        |s| s.v6only.into();
    "upper_layer" Socket "upper_layer" Text UPPER_LAYER; "Protocol on top: tls, mptcp, …"; "INET_DIAG_ULP_INFO" =>
        |s| s.upper_layer.as_ref().map(crate::Text::as_bytes).into();
    "md5" Socket "md5" Text MD5; "Peers with a key of TCP-MD5, as in 10.0.0.1/32; shown only to CAP_NET_ADMIN, the key to nobody."; "INET_DIAG_MD5SIG" =>
        |s| s.md5.as_ref().map(crate::Text::as_bytes).into();
    "cgroup_id" Socket "cgroup_id" LongId Needs::CGROUP; "Id of the cgroup v2 the socket was made in."; "INET_DIAG_CGROUP_ID" =>
        |s| s.cgroup_id.map_or(Value::Unknown, Value::Id);
    "fwmark" Socket "mark" Id Needs::MARK; "Firewall mark; shown only to CAP_NET_ADMIN."; "INET_DIAG_MARK" =>
        |s| s.mark.into();
    "tos" Socket "tos" Id Needs::TRAFFIC_CLASS; "IPv4 type of service."; "INET_DIAG_TOS", told_by: LINUX_MACOS => |s| s.tos.into();
    "tclass" Socket "tclass" Id Needs::TRAFFIC_CLASS; "IPv6 traffic class."; "INET_DIAG_TCLASS" =>
        |s| s.tclass.into();
    "class_id" Socket "class_id" Id Needs::TRAFFIC_CLASS; "net_cls class id, else the priority.";
        "INET_DIAG_CLASS_ID" => |s| s.class_id.into();
};
