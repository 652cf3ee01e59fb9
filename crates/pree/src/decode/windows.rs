//! Windows: rows of IP Helper's tables, and EStats.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use pree_wire::windows::estats::{
    Bandwidth, Class, Data, FineRtt, ObsRec, Path, Rec, SendBuff, SndCong, SynOpts,
};
use pree_wire::windows::tables::{Tcp4Row, Tcp6Row, Udp4Row, Udp6Row, port};
use pree_wire::windows::tcp_info::TcpInfo;
use pree_wire::windows::{process, unix_nanos};

use crate::model::{Address, CountsSince, Direction, Family, Protocol, Socket, State, TcpStats, Text};
use crate::source::{WindowsConnection, WindowsTable};

/// A row: the socket, and what leads to more of it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) socket: Socket,
    /// The process that made it; 0: none that is still there.
    pub(crate) pid: u32,
    /// What its statistics are asked by.
    pub(crate) connection: Option<WindowsConnection>,
}

/// Decodes one row. `None` when it is too short.
pub(crate) fn endpoint(table: WindowsTable, row: &[u8]) -> Option<Endpoint> {
    match table {
        WindowsTable::Tcp4 => {
            let row = Tcp4Row::new(row);
            let local = v4(row.local_address()?, row.local_port_bytes()?);
            let remote = v4(row.remote_address()?, row.remote_port_bytes()?);
            Some(tcp(local, remote, row.state()?, row.owning_pid()?, row.create_timestamp()))
        }
        WindowsTable::Tcp6 => {
            let row = Tcp6Row::new(row);
            let local = v6(row.local_address()?, row.local_port_bytes()?, row.local_scope()?);
            let remote = v6(row.remote_address()?, row.remote_port_bytes()?, row.remote_scope()?);
            Some(tcp(local, remote, row.state()?, row.owning_pid()?, row.create_timestamp()))
        }
        WindowsTable::Udp4 => {
            let row = Udp4Row::new(row);
            let local = v4(row.local_address()?, row.local_port_bytes()?);
            Some(udp(local, row.owning_pid()?, row.create_timestamp()))
        }
        WindowsTable::Udp6 => {
            let row = Udp6Row::new(row);
            let local = v6(row.local_address()?, row.local_port_bytes()?, row.local_scope()?);
            Some(udp(local, row.owning_pid()?, row.create_timestamp()))
        }
    }
}

fn tcp(local: SocketAddr, remote: SocketAddr, number: u32, pid: u32, created: Option<u64>) -> Endpoint {
    let state = state(number);
    let mut endpoint = of(Protocol::Tcp, state, local, pid, created);
    // Of others the remote end is what was in the memory.
    if !matches!(state, State::Listen | State::Closed | State::BoundInactive) {
        endpoint.socket.remote = Some(Address::Inet(remote));
        endpoint.connection = WindowsConnection::new(local, remote, number);
    }
    endpoint
}

/// The table has no peer of a UDP socket, connected or not.
fn udp(local: SocketAddr, pid: u32, created: Option<u64>) -> Endpoint {
    of(Protocol::Udp, State::Unconnected, local, pid, created)
}

fn of(protocol: Protocol, state: State, local: SocketAddr, pid: u32, created: Option<u64>) -> Endpoint {
    let family = if local.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
    let mut socket = Socket::new(protocol, family, state, Address::Inet(local));
    socket.creator = (pid != 0).then_some(pid);
    socket.created = created.and_then(unix_nanos).map(Duration::from_nanos);
    socket.interface = match local {
        SocketAddr::V6(local) if local.scope_id() != 0 => Some(local.scope_id()),
        _ => None,
    };
    Endpoint { socket, pid, connection: None }
}

fn v4(address: [u8; 4], port_bytes: [u8; 4]) -> SocketAddr {
    (IpAddr::from(address), port(port_bytes)).into()
}

/// The scope names an interface where the address is of a link; else it says nothing (Wine has something there).
fn v6(address: [u8; 16], port_bytes: [u8; 4], scope: u32) -> SocketAddr {
    let address = Ipv6Addr::from(address);
    let scope = if address.is_unicast_link_local() { scope } else { 0 };
    SocketAddrV6::new(address, port(port_bytes), 0, scope).into()
}

/// `MIB_TCP_STATE_*`.
fn state(number: u32) -> State {
    match number {
        // 12: the connection is being deleted.
        1 | 12 => State::Closed,
        2 => State::Listen,
        3 => State::SynSent,
        4 => State::SynReceived,
        5 => State::Established,
        6 => State::FinWait1,
        7 => State::FinWait2,
        8 => State::CloseWait,
        9 => State::Closing,
        10 => State::LastAck,
        11 => State::TimeWait,
        100 => State::BoundInactive,
        other => u8::try_from(other).map_or(State::Unknown, State::Other),
    }
}

/// True for a state in which there are statistics.
pub(crate) fn has_stats(state: State) -> bool {
    matches!(
        state,
        State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
    )
}

/// A `FILETIME`, since the Unix epoch.
pub(crate) fn file_time(bytes: &[u8]) -> Option<Duration> {
    let ticks = bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))?;
    unix_nanos(ticks).map(Duration::from_nanos)
}

/// UTF-16 as UTF-8; a unit without its pair becomes U+FFFD.
pub(crate) fn text(utf16: &[u8]) -> Text {
    let text: String = char::decode_utf16(process::utf16(utf16))
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    Text::from(text.into_bytes())
}

/// The file name at the end of a path of Windows.
pub(crate) fn file_name(path: &Text) -> Text {
    Text::from(path.as_bytes().rsplit(|byte| *byte == b'\\').next().unwrap_or_default())
}

/// By this the stack means that there is no threshold yet, no minimum yet, no window scale.
const NONE_YET: u32 = 0x7fff_ffff;
const NO_SCALE: u8 = 0xff;

/// Adds one answer. False when these statistics are not collected.
///
/// Numbers that are narrower on Linux are cut where they are counters, which go around there too, and unknown where they
/// are not.
pub(crate) fn add_estats(class: Class, answer: &[u8], socket: &mut Socket) -> Option<bool> {
    let (collected, bytes) = class.split(answer)?;
    if !collected {
        return Some(false);
    }
    let tcp = socket.tcp.get_or_insert_default();
    if class != Class::SynOpts {
        tcp.counts_since = Some(CountsSince::SwitchedOn);
    }
    match class {
        Class::SynOpts => {
            let told = SynOpts::new(bytes);
            let opened = told.active_open().map(|active| active != 0);
            socket.direction = opened.map(|active| if active { Direction::Out } else { Direction::In });
            tcp.advmss = told.mss_sent().filter(|mss| *mss != 0);
        }
        Class::Data => {
            let told = Data::new(bytes);
            tcp.bytes_sent = told.data_bytes_out();
            tcp.bytes_acked = told.thru_bytes_acked();
            tcp.bytes_received = told.thru_bytes_received();
            tcp.data_segs_out = told.data_segs_out().map(low_half);
            tcp.data_segs_in = told.data_segs_in().map(low_half);
            tcp.segs_out = told.segs_out().map(low_half);
            tcp.segs_in = told.segs_in().map(low_half);
            tcp.snd_una = told.snd_una();
            tcp.snd_nxt = told.snd_nxt();
            tcp.rcv_nxt = told.rcv_nxt();
        }
        Class::SndCong => {
            let told = SndCong::new(bytes);
            tcp.cwnd_bytes = told.cur_cwnd().filter(|bytes| *bytes != 0).map(u64::from);
            let set = |bytes: &u32| *bytes != 0 && *bytes < NONE_YET;
            tcp.ssthresh_bytes = told.cur_ssthresh().filter(set).map(u64::from);
            tcp.rwnd_limited = told.snd_lim_time_rwin().map(millis);
            tcp.cwnd_limited = told.snd_lim_time_cwnd().map(millis);
            tcp.sender_limited = told.snd_lim_time_snd().map(millis);
        }
        Class::Path => path(Path::new(bytes), tcp),
        Class::SendBuff => {
            let told = SendBuff::new(bytes);
            tcp.notsent_bytes = told.cur_app_wqueue().and_then(narrow);
            let queued = told.cur_app_wqueue().zip(told.cur_retx_queue());
            socket.send_queue = queued.and_then(|(unsent, sent)| unsent.checked_add(sent)).and_then(narrow);
            tcp.send_queue_bytes = socket.send_queue;
        }
        Class::Rec => {
            let told = Rec::new(bytes);
            tcp.rcv_wnd = told.cur_rwin_sent();
            tcp.rcv_wscale = told.win_scale_sent().filter(|scale| *scale != NO_SCALE);
            tcp.received_ce = told.ce_rcvd();
            socket.recv_queue = told.cur_app_rqueue().and_then(narrow);
            tcp.recv_queue_bytes = socket.recv_queue;
        }
        Class::ObsRec => {
            let told = ObsRec::new(bytes);
            tcp.snd_wnd = told.cur_rwin_rcvd();
            tcp.snd_wscale = told.win_scale_rcvd().filter(|scale| *scale != NO_SCALE);
        }
        Class::Bandwidth => {
            let told = Bandwidth::new(bytes);
            let bytes_per_s = |bits: u64| (bits != 0).then_some(bits / 8);
            tcp.outbound_bandwidth = told.outbound_bandwidth().and_then(bytes_per_s);
            tcp.inbound_bandwidth = told.inbound_bandwidth().and_then(bytes_per_s);
        }
        Class::FineRtt => {
            let told = FineRtt::new(bytes);
            // Finer than what the path reports in milliseconds.
            tcp.rtt = told.sum_rtt().and_then(micros).or(tcp.rtt);
            tcp.rttvar = tcp.rtt.and(told.rtt_var().and_then(micros).or(tcp.rttvar));
            tcp.min_rtt = told.min_rtt().and_then(micros).or(tcp.min_rtt);
            tcp.max_rtt = told.max_rtt().and_then(micros).or(tcp.max_rtt);
        }
    }
    Some(true)
}

fn path(told: Path<'_>, tcp: &mut TcpStats) {
    let measured = |number: u32| (number != 0 && number < NONE_YET).then(|| millis(number));
    tcp.rtt = tcp.rtt.or(told.smoothed_rtt().and_then(measured));
    tcp.rttvar = tcp.rtt.and(tcp.rttvar.or(told.rtt_var().and_then(measured)));
    tcp.min_rtt = tcp.min_rtt.or(told.min_rtt().and_then(measured));
    tcp.max_rtt = tcp.max_rtt.or(told.max_rtt().and_then(measured));
    tcp.rto = told.cur_rto().and_then(measured);
    tcp.snd_mss = told.cur_mss().filter(|bytes| *bytes != 0);
    tcp.total_retrans = told.pkts_retrans();
    tcp.bytes_retrans = whole(told.bytes_retrans(), tcp.bytes_sent);
    tcp.fast_retrans = told.fast_retran();
    tcp.total_rto = told.timeouts().map(|number| number as u16);
    tcp.retransmits = told.cur_timeout_count().and_then(|number| u8::try_from(number).ok());
    tcp.spurious_rtos = told.spurious_rto_detections();
    tcp.dsack_dups = told.dsack_dups();
}

/// What a program can read about its own socket: `TCP_INFO_v0`.
#[allow(dead_code, reason = "for sys/windows, which is not built everywhere")]
pub(crate) fn own_stats(bytes: &[u8]) -> TcpStats {
    let told = TcpInfo::new(bytes);
    let set = |bytes: u32| (bytes != 0).then_some(bytes);
    TcpStats {
        counts_since: Some(CountsSince::Opening),
        rtt: told.rtt_us().and_then(micros),
        min_rtt: told.min_rtt_us().and_then(micros),
        snd_mss: told.mss().and_then(set),
        cwnd_bytes: told.cwnd().and_then(set).map(u64::from),
        snd_wnd: told.snd_wnd(),
        rcv_wnd: told.rcv_wnd(),
        bytes_sent: told.bytes_out(),
        bytes_received: told.bytes_in(),
        bytes_retrans: whole(told.bytes_retrans(), told.bytes_out()),
        fast_retrans: told.fast_retrans(),
        total_rto: told.timeout_episodes().and_then(|number| u16::try_from(number).ok()),
        ..TcpStats::default()
    }
}

/// A count of bytes in 32 bits, as far as it cannot have gone around: it is part of a count in 64.
fn whole(part: Option<u32>, all: Option<u64>) -> Option<u64> {
    part.filter(|_| all.is_some_and(|all| u32::try_from(all).is_ok())).map(u64::from)
}

/// A counter of 64 bits where others have 32.
fn low_half(number: u64) -> u32 {
    number as u32
}

fn narrow(number: u64) -> Option<u32> {
    u32::try_from(number).ok()
}

fn millis(number: u32) -> Duration {
    Duration::from_millis(number.into())
}

fn micros(number: u32) -> Option<Duration> {
    (number != 0 && number < NONE_YET).then(|| Duration::from_micros(number.into()))
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn bytes_counted_in_32_bits_are_unknown_when_they_may_have_gone_around() {
        const TURN: u64 = 1 << 32;
        assert_eq!(whole(Some(7), Some(TURN - 1)), Some(7));
        assert_eq!(
            (whole(Some(7), Some(TURN)), whole(Some(7), None), whole(None, Some(9))),
            (None, None, None)
        );
    }
}
