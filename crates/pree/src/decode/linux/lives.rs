//! Records of our BPF programs about lives of sockets: the socket, its last statistics, how it ended.

use std::sync::Arc;
use std::time::Duration;

use pree_wire::inet_diag::{AF_INET, states};
use pree_wire::life_records::{KIND_FIRST_DATAGRAM, KIND_STATE, Life, Record, Statistics, at, take};

use super::inet::{address, family, has_peer, state};
use crate::field::{Field, Section, Value, View};
use crate::model::{
    Address, BootId, CountsSince, DatagramDetail, Detail, Direction, Ending, Event, EventKind, How, KernelId,
    Moment, Owner, Process, Protocol, Socket, StartTime, State, TcpStats,
};
use crate::source::Errno;

/// Bits of `sk_flags`, `enum sock_flags` of include/net/sock.h: its program has closed it; a FIN was received.
const DEAD: u32 = 1 << 0;
const DONE: u32 = 1 << 1;

/// `min_rtt` without a sample.
const NO_MIN_RTT: u32 = u32::MAX;

/// The TCP socket that a record is about, without its owner.
pub(crate) fn socket(life: &Life<'_>, boot: BootId) -> Socket {
    let mut socket = described(life, Protocol::Tcp, state_of(life.to()), boot);
    socket.remote = socket.remote.filter(|_| life.to() != states::LISTEN);
    socket.tcp =
        life.statistics().filter(|_| life.from() != states::LISTEN).map(|last| Box::new(stats(&last)));
    socket
}

/// The same of a UDP socket, which has sent or received something.
pub(crate) fn datagram_socket(life: &Life<'_>, boot: BootId) -> Socket {
    let protocol = if life.from() == IPPROTO_UDPLITE { Protocol::UdpLite } else { Protocol::Udp };
    described(life, protocol, state(life.to(), protocol), boot)
}

const IPPROTO_UDP: u8 = 17;
const IPPROTO_UDPLITE: u8 = 136;

fn described(life: &Life<'_>, protocol: Protocol, state: State, boot: BootId) -> Socket {
    let family = family(life.family() as u8);
    // It is chosen after the state has changed.
    let has_port = life.local_port() != 0;
    let local = address(life.local(), life.local_port(), family, life.interface());
    let local = if has_port { local } else { Address::Unknown };
    let remote = address(life.remote(), life.remote_port(), family, life.interface());
    let mut socket = Socket::new(protocol, family, state, local);
    socket.remote = has_peer(&remote).then_some(remote);
    socket.kernel_id =
        Some(KernelId { boot, network_namespace: life.network_namespace().into(), cookie: life.cookie() });
    socket.interface = Some(life.interface()).filter(|interface| *interface != 0);
    socket.uid = Some(life.uid());
    socket
}

/// A state, where CLOSE is the end of a socket.
pub(crate) fn state_of(number: u8) -> State {
    if number == states::CLOSE { State::Closed } else { state(number, Protocol::Tcp) }
}

/// The last statistics; what the programs do not report is unknown.
fn stats(last: &Statistics<'_>) -> TcpStats {
    let micros = |number: Option<u32>| Some(Duration::from_micros(number?.into()));
    let mut stats = TcpStats {
        bytes_sent: last.bytes_sent(),
        bytes_acked: last.bytes_acked(),
        bytes_received: last.bytes_received(),
        bytes_retrans: last.bytes_retrans(),
        segs_out: last.segs_out(),
        segs_in: last.segs_in(),
        data_segs_out: last.data_segs_out(),
        data_segs_in: last.data_segs_in(),
        total_retrans: last.total_retrans(),
        // Kept as eight and four times the value.
        rtt: micros(last.srtt_us().map(|rtt| rtt >> 3)),
        rttvar: micros(last.mdev_us().map(|deviation| deviation >> 2)),
        min_rtt: micros(last.rtt_min().filter(|rtt| *rtt != NO_MIN_RTT)),
        snd_cwnd: last.snd_cwnd(),
        snd_ssthresh: last.snd_ssthresh(),
        snd_mss: last.mss_cache(),
        delivered: last.delivered(),
        delivered_ce: last.delivered_ce(),
        dsack_dups: last.dsack_dups(),
        reord_seen: last.reord_seen(),
        rcv_ooopack: last.rcv_ooopack(),
        counts_since: Some(CountsSince::Opening),
        ..TcpStats::default()
    };
    stats.forget_placeholders();
    stats
}

/// How it ended, and what passed.
pub(crate) fn ending(life: &Life<'_>) -> Ending {
    let last = life.statistics();
    let is_connection = life.from() != states::LISTEN;
    let fin = u64::from(life.flags() & DONE != 0);
    let last = last.as_ref();
    let sent = last.and_then(|last| Some(last.bytes_sent()?.saturating_sub(last.bytes_retrans()?)));
    let received = last.and_then(Statistics::bytes_received);
    Ending {
        from: Some(state_of(life.from())),
        how: how(life.from(), life.error(), life.flags()),
        errno: i32::try_from(life.error()).ok().filter(|error| *error != 0).map(Errno::linux),
        lasted: life.opened_ns().map(|opened| Duration::from_nanos(life.time_ns().saturating_sub(opened))),
        sent: sent.filter(|_| is_connection),
        received: received.filter(|_| is_connection).map(|bytes| bytes.saturating_sub(fin)),
    }
}

/// What the state before the end, the error and the flags mean together.
///
/// The kernel sets `sk_err` before it closes a connection for the peer's or the path's sake, and when somebody orders it
/// (`tcp_reset`, `tcp_write_err`, `tcp_abort`). Without an error it was the program: from `FIN_WAIT` the connection went on as
/// `TIME_WAIT` if a FIN came or the program has left it; else, and from other states, the program reset it.
fn how(from: u8, error: u32, flags: u32) -> How {
    const EPIPE: u32 = 32;
    const ECONNABORTED: u32 = 103;
    const ECONNRESET: u32 = 104;
    const ETIMEDOUT: u32 = 110;
    const ECONNREFUSED: u32 = 111;
    match (from, error) {
        (states::LISTEN, _) => How::Other,
        (_, ETIMEDOUT) => How::Timeout,
        (_, ECONNABORTED) => How::ResetLocal,
        (states::SYN_SENT, ECONNREFUSED) => How::Refused,
        (_, EPIPE | ECONNRESET | ECONNREFUSED) => How::ResetRemote,
        (states::SYN_SENT, _) => How::Other,
        (states::LAST_ACK, 0) => How::FinRemote,
        (states::CLOSING, 0) => How::FinLocal,
        (states::FIN_WAIT1 | states::FIN_WAIT2, 0) if flags & (DEAD | DONE) != 0 => How::FinLocal,
        (_, 0) => How::ResetLocal,
        // What the path said, while nothing came from the other end for too long (`sk_err_soft`).
        _ => How::Timeout,
    }
}

/// True where the end may be a reset of ours: data came for a connection that its program had closed. The kernel reports the same
/// of a reset by the peer, or of a program that has left.
pub(crate) fn may_be_ours(life: &Life<'_>, ending: &Ending) -> bool {
    let is_waiting = matches!(life.from(), states::FIN_WAIT1 | states::FIN_WAIT2);
    is_waiting && (ending.how == How::ResetRemote || life.flags() & DONE == 0)
}

/// Whether records tell this field of TCP sockets, where it has a value: whether it is known of a record in which everything is.
pub(crate) fn tells(field: &Field) -> bool {
    let states = [states::ESTABLISHED, states::CLOSE];
    // What no TCP socket has is no secret of the source.
    field.section == Section::Udp
        || is_told(field, KIND_STATE, states, |life| (socket(life, BootId::default()), ending(life)))
}

/// The same of UDP sockets.
pub(crate) fn tells_of_datagrams(field: &Field) -> bool {
    let is_of_connections = matches!(field.section, Section::Tcp | Section::Mptcp | Section::Quality);
    is_of_connections
        || is_told(field, KIND_FIRST_DATAGRAM, [IPPROTO_UDP, states::ESTABLISHED], |life| {
            let mut socket = datagram_socket(life, BootId::default());
            let (number, time) = (Some(1), Some(Duration::ZERO));
            socket.detail = Some(Box::new(Detail::Datagrams(DatagramDetail {
                bytes_sent: number,
                bytes_received: number,
                sent: number,
                received: number,
                first: time,
                last: time,
                counts_since: Some(CountsSince::Opening),
            })));
            let ending = Ending {
                from: Some(State::Established),
                how: How::Other,
                lasted: time,
                sent: number,
                received: number,
                errno: None,
            };
            (socket, ending)
        })
}

fn is_told(
    field: &Field,
    kind: u16,
    [from, to]: [u8; 2],
    decode: impl FnOnce(&Life<'_>) -> (Socket, Ending),
) -> bool {
    let mut bytes = [1; at::END_OF_CLOSED as usize];
    let mut set = |place: i16, word: u32| {
        if let Some(bytes) = bytes.get_mut(place as usize..).and_then(|rest| rest.first_chunk_mut()) {
            *bytes = word.to_ne_bytes();
        }
    };
    set(at::KIND, u32::from(kind) | (at::END_OF_CLOSED as u32) << 16);
    set(at::FROM, u32::from_ne_bytes([from, to, AF_INET, 0]));
    set(at::KNOWN, u32::MAX);
    let Ok(Some(Record::Life(life))) = take(&mut &bytes[..]) else { return false };
    let (mut socket, ending) = decode(&life);
    (socket.created, socket.direction) = (Some(Duration::ZERO), Some(Direction::Out));
    let process = Process { start_time: Some(StartTime::new(1, Some(Duration::ZERO))), ..Process::default() };
    socket.owners.push(Owner::new(Arc::new(process), None));
    let moment = Moment { wall: Some(Duration::ZERO), monotonic: Some(Duration::ZERO) };
    let mut event = Event::new(EventKind::Closed(ending), moment, None);
    event.owner_provisional = true;
    (field.get)(&View::new(&socket).during(&event)) != Value::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_records_tell() {
        let told = |name| tells(crate::field::named(name).unwrap());
        for name in [
            "how", "lasted", "sent", "src", "dport", "rtt", "minrtt", "pid", "process", "started", "netns",
            "uid", "id",
        ] {
            assert!(told(name), "{name}");
        }
        let told = |name| tells_of_datagrams(crate::field::named(name).unwrap());
        for name in
            ["how", "lasted", "sent", "udp_sent", "datagrams_received", "last_datagram", "dport", "pid"]
        {
            assert!(told(name), "{name}");
        }
        assert!(told("rtt") && told("score"), "no UDP socket has them");
        assert!(!told("recvq") && !told("inode"));
        let told = |name| tells(crate::field::named(name).unwrap());
        assert!(told("udp_sent"), "no TCP socket has it");
        for name in ["inode", "cmd", "exe", "unacked", "fwmark", "rmem", "cgroup_id"] {
            assert!(!told(name), "{name}");
        }
    }

    #[test]
    fn ends_and_their_names() {
        let cases = [
            (states::ESTABLISHED, 0, 0, How::ResetLocal),
            (states::CLOSE_WAIT, 0, DONE, How::ResetLocal),
            (states::FIN_WAIT2, 0, DEAD | DONE, How::FinLocal),
            (states::FIN_WAIT2, 0, DONE, How::FinLocal),
            (states::FIN_WAIT1, 0, DEAD, How::FinLocal),
            // SO_LINGER 0 after a shutdown.
            (states::FIN_WAIT1, 0, 0, How::ResetLocal),
            (states::CLOSING, 0, DEAD | DONE, How::FinLocal),
            (states::LAST_ACK, 0, DEAD | DONE, How::FinRemote),
            (states::ESTABLISHED, 104, 0, How::ResetRemote),
            (states::CLOSE_WAIT, 32, DONE, How::ResetRemote),
            (states::SYN_SENT, 111, 0, How::Refused),
            (states::ESTABLISHED, 111, 0, How::ResetRemote),
            (states::SYN_SENT, 110, 0, How::Timeout),
            (states::SYN_SENT, 113, 0, How::Other),
            (states::SYN_SENT, 0, 0, How::Other),
            (states::ESTABLISHED, 113, 0, How::Timeout),
            (states::ESTABLISHED, 103, 0, How::ResetLocal),
            (states::LISTEN, 0, 0, How::Other),
        ];
        for (from, error, flags, expected) in cases {
            assert_eq!(how(from, error, flags), expected, "{from} {error} {flags}");
        }
    }
}
