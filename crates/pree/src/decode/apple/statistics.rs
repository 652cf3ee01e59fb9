//! Statistics of TCP connections on macOS. What is not reported there stays unknown: retransmissions above all, but for a
//! socket of one's own.

use std::time::Duration;

use pree_wire::apple::{ConnectionInfo, INFINITE_SSTHRESH, SocketFd, TcpPcb, Traffic};

use crate::model::{CountsSince, Socket, TcpStats};

/// `TCP_RTT_SCALE`: the smoothed round-trip time is in ms × 32.
const RTT_SCALE: u64 = 32;
/// `TCP_RTTVAR_SCALE`: its deviation is in ms × 16.
const RTTVAR_SCALE: u64 = 16;

/// Of a row of `pcblist_n`.
pub(super) fn of_row(
    tcp: TcpPcb<'_>,
    traffic: Option<Traffic<'_>>,
    send_queue: Option<u32>,
    sequences: bool,
) -> TcpStats {
    let scaled =
        |value: Option<u32>, scale: u64| value.map(|v| Duration::from_micros(u64::from(v) * 1000 / scale));
    let mut stats = TcpStats {
        counts_since: Some(CountsSince::Opening),
        rto: tcp.rxtcur().filter(|ms| *ms != 0).map(ms),
        backoff: tcp.rxtshift().and_then(|shift| u8::try_from(shift).ok()),
        snd_mss: tcp.maxseg().filter(|bytes| *bytes != 0),
        snd_wnd: tcp.snd_wnd(),
        rcv_wnd: tcp.rcv_adv().zip(tcp.rcv_nxt()).map(|(end, next)| window(end, next)),
        snd_wscale: tcp.snd_scale(),
        rcv_wscale: tcp.rcv_scale(),
        ..TcpStats::default()
    };
    set_round_trip(&mut stats, scaled(tcp.srtt(), RTT_SCALE), scaled(tcp.rttvar(), RTTVAR_SCALE));
    set_windows(&mut stats, tcp.snd_cwnd(), tcp.snd_ssthresh());
    if sequences {
        (stats.snd_una, stats.snd_nxt, stats.rcv_nxt) = (tcp.snd_una(), tcp.snd_nxt(), tcp.rcv_nxt());
    }
    if let Some(entry) = traffic.and_then(|traffic| traffic.entry(0)) {
        let written = entry.sent_bytes().zip(send_queue);
        let acknowledged = written.and_then(|(written, waiting)| written.checked_sub(waiting.into()));
        stats.bytes_acked = told_twice(acknowledged, tcp.snd_una(), tcp.iss());
        stats.bytes_received = told_twice(entry.received_bytes(), tcp.rcv_nxt(), tcp.irs());
    }
    stats
}

/// Of a flow of a network stack in user space, for which most members stay 0.
pub(super) fn of_flow(tcp: TcpPcb<'_>) -> TcpStats {
    let mut stats = TcpStats { snd_wnd: tcp.snd_wnd(), ..TcpStats::default() };
    set_windows(&mut stats, tcp.snd_cwnd(), None);
    stats
}

/// Of the socket behind a descriptor.
pub(super) fn of_held(held: SocketFd<'_>) -> TcpStats {
    TcpStats { snd_mss: held.maxseg().filter(|bytes| *bytes != 0), ..TcpStats::default() }
}

/// Of a socket that the caller holds. Packets sent and received are counted before they are cut into segments, so how many
/// segments there were stays unknown.
#[allow(dead_code, reason = "for sys/macos, which is not built everywhere")]
pub(crate) fn of_connection(info: ConnectionInfo<'_>) -> TcpStats {
    let scales = info.scales_windows() == Some(true);
    let whole = |value: Option<u64>| value.and_then(|value| u32::try_from(value).ok());
    let mut stats = TcpStats {
        counts_since: Some(CountsSince::Opening),
        rto: info.rto().filter(|ms| *ms != 0).map(ms),
        snd_mss: info.maxseg().filter(|bytes| *bytes != 0),
        snd_wnd: info.snd_wnd(),
        rcv_wnd: info.rcv_wnd(),
        snd_wscale: info.snd_wscale().filter(|_| scales),
        rcv_wscale: info.rcv_wscale().filter(|_| scales),
        total_retrans: whole(info.txretransmitpackets()),
        bytes_retrans: info.txretransmitbytes(),
        bytes_sent: info.txbytes(),
        send_queue_bytes: info.snd_sbbytes(),
        ..TcpStats::default()
    };
    set_round_trip(&mut stats, info.srtt().map(ms), info.rttvar().map(ms));
    set_windows(&mut stats, info.snd_cwnd(), info.snd_ssthresh());
    stats
}

/// Adds what the socket reports about its buffers, so that statistics can be judged by themselves.
pub(super) fn add_buffers(stats: &mut TcpStats, socket: &Socket) {
    stats.recv_queue_bytes = socket.recv_queue;
    stats.send_queue_bytes = socket.send_queue;
    stats.memory = socket.memory;
}

/// Before the first sample the round-trip time is 0, and its deviation an initial value.
fn set_round_trip(stats: &mut TcpStats, rtt: Option<Duration>, deviation: Option<Duration>) {
    stats.rtt = rtt.filter(|rtt| !rtt.is_zero());
    stats.rttvar = stats.rtt.and(deviation);
}

/// The system counts bytes, so the windows in segments stay unknown.
fn set_windows(stats: &mut TcpStats, congestion: Option<u32>, threshold: Option<u32>) {
    stats.cwnd_bytes = congestion.map(u64::from);
    // Slow start has never ended.
    stats.ssthresh_bytes = threshold.filter(|bytes| *bytes < INFINITE_SSTHRESH).map(u64::from);
}

/// A count of bytes, if sequence numbers say the same of its last 32 bits (SYN and FIN count as one each). What is counted has
/// changed with versions: before macOS 15 it is packets with their headers, which is no payload.
fn told_twice(count: Option<u64>, now: Option<u32>, first: Option<u32>) -> Option<u64> {
    let (count, by_numbers) = (count?, now?.wrapping_sub(first?));
    (by_numbers.wrapping_sub(count as u32) <= 2).then_some(count)
}

/// Bytes from one sequence number to another that is not before it.
fn window(end: u32, next: u32) -> u32 {
    let bytes = end.wrapping_sub(next);
    // The peer may have sent beyond it: then there is no room.
    if bytes > u32::MAX / 2 { 0 } else { bytes }
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTION: &[u8] = include_bytes!("../../../../pree-wire/tests/golden/apple/connection");

    #[test]
    fn ones_own_connection_tells_retransmissions() {
        let stats = of_connection(ConnectionInfo::new(CONNECTION));
        assert_eq!((stats.rtt, stats.rttvar, stats.rto), (Some(ms(24)), Some(ms(3)), Some(ms(230))));
        assert_eq!((stats.total_retrans, stats.bytes_retrans), (Some(2), Some(2896)));
        assert_eq!((stats.bytes_sent, stats.send_queue_bytes), (Some(505_000), Some(5000)));
        assert_eq!((stats.cwnd_bytes, stats.ssthresh_bytes, stats.snd_cwnd), (Some(14_480), None, None));
        assert_eq!((stats.snd_wscale, stats.rcv_wscale), (Some(7), Some(6)));
        // An older system does not count them.
        let old = of_connection(ConnectionInfo::new(&CONNECTION[..104]));
        assert_eq!((old.total_retrans, old.bytes_sent), (None, Some(505_000)));
        let nothing = of_connection(ConnectionInfo::new(&[]));
        assert_eq!(nothing, TcpStats { counts_since: nothing.counts_since, ..TcpStats::default() });
    }

    #[test]
    fn counts_are_used_where_sequence_numbers_say_the_same() {
        for (count, now, first, expected) in [
            (0, 1, 0, Some(0)),
            // SYN and FIN are counted as bytes.
            (100, 102, 0, Some(100)),
            (100, 103, 0, None),
            (100, 99, 0, None),
            ((7 << 32) + 5, 4, u32::MAX, Some((7 << 32) + 5)),
            // Packets with headers are more than their payload.
            (140, 101, 0, None),
        ] {
            assert_eq!(told_twice(Some(count), Some(now), Some(first)), expected, "{count} {now} {first}");
        }
        assert_eq!(told_twice(None, Some(1), Some(0)), None);
    }

    #[test]
    fn windows_are_never_less_than_nothing() {
        assert_eq!((window(10, 4), window(4, 10), window(3, u32::MAX - 1)), (6, 0, 5));
    }
}
