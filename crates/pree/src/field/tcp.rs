//! Statistics of TCP connections: `tcp_info`, from the one table of it, and what comes beside it.

use pree_wire::tcp_info::{AccEcnLayout, TcpInfo};

use super::entry::{EVERYWHERE, LINUX, LINUX_MACOS, LINUX_WINDOWS, WINDOWS, above_zero, is_same};
use super::{Field, Section, Unit, Value, View};
use crate::model::{Address, CongestionAlgorithm, Family, Protocol, Socket, State, TcpStats};
use crate::needs::Needs;
use crate::quality::Unknown;
use crate::source::System;

macro_rules! unit {
    (us) => {
        Unit::Microseconds
    };
    (ms) => {
        Unit::Milliseconds
    };
    (bytes) => {
        Unit::Bytes
    };
    (bytes_per_s) => {
        Unit::BytesPerSecond
    };
    (segments) => {
        Unit::Segments
    };
    (count) => {
        Unit::Count
    };
    (flags) => {
        Unit::Flags
    };
    (code) => {
        Unit::Code
    };
    ($other:ident) => {
        Unit::Id
    };
}

/// The kernel's name, but for the few that everybody calls otherwise.
macro_rules! name {
    (snd_cwnd) => {
        "cwnd"
    };
    (snd_ssthresh) => {
        "ssthresh"
    };
    (min_rtt) => {
        "minrtt"
    };
    (retrans) => {
        "retrans_out"
    };
    (total_retrans) => {
        "retrans"
    };
    (state) => {
        "tcp_state"
    };
    ($name:ident) => {
        stringify!($name)
    };
}

macro_rules! key {
    (snd_cwnd, $unit:ident) => {
        "cwnd"
    };
    (snd_ssthresh, $unit:ident) => {
        "ssthresh"
    };
    ($name:ident, us) => {
        concat!(stringify!($name), "_us")
    };
    ($name:ident, ms) => {
        concat!(stringify!($name), "_ms")
    };
    ($name:ident, $unit:ident) => {
        stringify!($name)
    };
}

/// Some of the fields, by the kernel's name.
macro_rules! names {
    ($($name:ident)*) => { &[$(stringify!($name)),*] };
}

/// What an entry says beside its line in the table, by the kernel's name.
const fn also(name: &str, unit: Unit) -> Field {
    Field {
        zero_is_silent: begins_at_zero(name, unit),
        is_trouble: if is_in(names!(retrans total_retrans retransmits), name) {
            above_zero
        } else {
            Field::PLAIN.is_trouble
        },
        is_exact: is_in(names!(snd_mss rcv_mss advmss pmtu), name),
        // The socket's own state has a column.
        is_usual: is_in(names!(state), name),
        choices: words(name),
        drop_priority: if is_in(names!(rtt), name) {
            7
        } else if is_in(names!(min_rtt total_retrans), name) {
            6
        } else {
            0
        },
        told_by: told_by(name),
        ..Field::of(Section::Tcp)
    }
}

/// The words that the numbers of a code, or the bits of flags, stand for: include/uapi/linux/tcp.h and include/net/tcp.h.
const fn words(name: &str) -> &'static [&'static str] {
    match name {
        _ if is_in(names!(ca_state), name) => &["open", "disorder", "cwr", "recovery", "loss"],
        _ if is_in(names!(options), name) => {
            &["ts", "sack", "wscale", "ecn", "ecn_seen", "syn_data", "usec_ts", "tfo_child"]
        }
        _ if is_in(names!(fastopen_client_fail), name) => {
            &["unspecified", "no_cookie", "data_not_acked", "syn_retransmitted"]
        }
        _ if is_in(names!(ecn_mode), name) => &["no_ecn", "rfc3168", "accecn", "pending"],
        _ if is_in(names!(accecn_opt_seen), name) => &["nothing", "empty", "counters", "failed"],
        _ if is_in(names!(accecn_fail_mode), name) => &["ace_send", "ace_recv", "opt_send", "opt_recv"],
        _ => &[],
    }
}

/// Windows reports statistics once they are switched on.
const fn told_by(name: &str) -> &'static [System] {
    const BY_ALL: &[&str] = names!(
        rto snd_mss rtt rttvar bytes_acked bytes_received snd_wnd rcv_wnd snd_wscale rcv_wscale counts_since
        cwnd_bytes ssthresh_bytes snd_una snd_nxt rcv_nxt
    );
    const NOT_BY_MACOS: &[&str] = names!(
        retransmits advmss total_retrans segs_out segs_in notsent_bytes min_rtt data_segs_in data_segs_out
        rwnd_limited bytes_sent bytes_retrans dsack_dups total_rto received_ce
    );
    const BY_WINDOWS_ALONE: &[&str] = names!(
        max_rtt fast_retrans spurious_rtos cwnd_limited sender_limited outbound_bandwidth inbound_bandwidth
    );
    match name {
        _ if is_in(BY_ALL, name) => EVERYWHERE,
        _ if is_in(NOT_BY_MACOS, name) => LINUX_WINDOWS,
        _ if is_in(BY_WINDOWS_ALONE, name) => WINDOWS,
        _ if is_in(names!(backoff), name) => LINUX_MACOS,
        _ => LINUX,
    }
}

/// Counters begin at 0, and codes that say that something happened; a round trip time, a window (a closed one is 0 and not
/// nothing) or a segment size does not. One that is not known here is shown.
const fn begins_at_zero(name: &str, unit: Unit) -> bool {
    const SIZES: &[&str] = names!(
        snd_cwnd snd_ssthresh cwnd_bytes ssthresh_bytes pmtu snd_wnd rcv_wnd snd_mss rcv_mss advmss
    );
    const TIMES: &[&str] = names!(busy_time rwnd_limited sndbuf_limited total_rto_time);
    const CODES: &[&str] = names!(
        ca_state options fastopen_client_fail ecn_mode accecn_state accecn_fail_mode accecn_opt_seen
    );
    match unit {
        Unit::Count | Unit::Segments | Unit::Bytes => !is_in(SIZES, name),
        Unit::Microseconds | Unit::Milliseconds => is_in(TIMES, name),
        Unit::Id | Unit::Code | Unit::Flags => is_in(CODES, name),
        _ => false,
    }
}

const fn is_in(names: &[&str], name: &str) -> bool {
    let mut at = 0;
    while at < names.len() {
        if is_same(names[at].as_bytes(), name.as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

/// The table of `tcp_info`, then what comes beside it, as a registry and as a visitor: both from the same lines.
macro_rules! fields {
    (
        $(
            $(#[doc = $doc:literal])+
            $name:ident: $type:ident, $offset:literal, $unit:ident, $since:literal;
        )*
    ) => {
        fields! {
            { $( $name, $unit, $since, { $($doc),+ }; )* }
            {
                snd_wscale, "snd_wscale", Id, STATS, "tcpi_snd_wscale", "Shift of the windows the peer offers.";
                rcv_wscale, "rcv_wscale", Id, STATS, "tcpi_rcv_wscale", "Shift of the windows offered to the peer.";
                delivery_rate_app_limited, "delivery_rate_app_limited", Bool, STATS,
                    "tcpi_delivery_rate_app_limited", "Whether the delivery rate was limited by the program.";
                fastopen_client_fail, "fastopen_client_fail", Code, STATS,
                    "tcpi_fastopen_client_fail", "Why fast open failed.";
                accecn_fail_mode, "accecn_fail_mode", Flags, STATS,
                    "tcpi_accecn_fail_mode", "What of Accurate ECN failed.";
                accecn_opt_seen, "accecn_opt_seen", Code, STATS,
                    "tcpi_accecn_opt_seen", "What was seen of the Accurate ECN option.";
                ecn_mode, "ecn_mode", Code, STATS, "tcpi_ecn_mode", "What of ECN was negotiated.";
                counts_since, "counts_since", Word, STATS,
                    "the system", "Since when counters count: opening, switched_on.";
                max_rtt, "max_rtt_us", Microseconds, STATS, "MaxRtt (Windows)", "Longest round-trip time measured.";
                fast_retrans, "fast_retrans", Count, STATS, "FastRetran (Windows)", "Fast retransmissions.";
                spurious_rtos, "spurious_rtos", Count, STATS,
                    "SpuriousRtoDetections (Windows)", "Timeouts found to have been needless.";
                cwnd_limited, "cwnd_limited_ms", Milliseconds, STATS,
                    "SndLimTimeCwnd (Windows)", "Time limited by the congestion window.";
                sender_limited, "sender_limited_ms", Milliseconds, STATS,
                    "SndLimTimeSnd (Windows)", "Time limited by the sender itself.";
                outbound_bandwidth, "outbound_bandwidth", BytesPerSecond, STATS,
                    "OutboundBandwidth (Windows)", "Estimated bandwidth outwards.";
                inbound_bandwidth, "inbound_bandwidth", BytesPerSecond, STATS,
                    "InboundBandwidth (Windows)", "Estimated bandwidth inwards.";
                cwnd_bytes, "cwnd_bytes", Bytes, STATS,
                    "cwnd × mss, or the system's own", "Congestion window in bytes.";
                ssthresh_bytes, "ssthresh_bytes", Bytes, STATS,
                    "ssthresh × mss, or the system's own", "Slow start threshold in bytes.";
                snd_una, "snd_una", Id, ALL, "SND.UNA, RFC 9293", "Oldest sequence number not acknowledged.";
                snd_nxt, "snd_nxt", Id, ALL, "SND.NXT, RFC 9293", "Next sequence number to send.";
                rcv_nxt, "rcv_nxt", Id, ALL, "RCV.NXT, RFC 9293", "Next sequence number expected.";
                write_seq, "write_seq", Id, ALL,
                    "tcp_sock.write_seq", "Sequence number after the last byte written.";
                copied_seq, "copied_seq", Id, ALL,
                    "tcp_sock.copied_seq", "Sequence number after the last byte read.";
            }
        }
    };
    (
        { $( $name:ident, $unit:ident, $since:literal, { $($doc:literal),+ }; )* }
        { $( $own:ident, $key:literal, $own_unit:ident, $needs:ident, $source:literal, $own_doc:literal; )* }
    ) => {
        pub(super) const FIELDS: &[Field] = &[
            $( Field {
                name: name!($name),
                key: key!($name, $unit),
                unit: unit!($unit),
                needs: STATS,
                doc: concat!($($doc),+),
                source: concat!("tcpi_", stringify!($name), ", Linux ", $since),
                get: |view| view.socket().tcp.as_ref().and_then(|tcp| tcp.$name).into(),
                ..also(stringify!($name), unit!($unit))
            }, )*
            $( Field {
                name: stringify!($own),
                key: $key,
                unit: Unit::$own_unit,
                needs: $needs,
                doc: $own_doc,
                source: $source,
                get: |view| view.socket().tcp.as_ref().and_then(|tcp| tcp.$own).into(),
                ..also(stringify!($own), Unit::$own_unit)
            }, )*
            Field {
                name: "cc",
                key: "congestion_algorithm",
                unit: Unit::Text,
                needs: STATS,
                doc: "Congestion control algorithm.",
                source: "INET_DIAG_CONG",
                get: |view| {
                    let name = view.socket().tcp.as_ref().and_then(|tcp| tcp.congestion_algorithm.as_ref());
                    name.map(CongestionAlgorithm::as_bytes).into()
                },
                ..Field::of(Section::Tcp)
            },
        ];

        /// Which fields of [`Section::Tcp`] two connections do not agree in: a bit for each, in the order of
        /// [`of`](super::of), the first one lowest.
        ///
        /// For outputs that write them all: eighty calls of [`Field::get`] cost more than all else in a row.
        pub fn tcp_differences(one: &TcpStats, other: &TcpStats) -> u128 {
            // Halves, because a processor has no whole.
            let (mut halves, mut place) = ([0_u64; 2], 0);
            let mut differ = |yes: bool| {
                halves[place / 64] |= u64::from(yes) << (place % 64);
                place += 1;
            };
            $( differ(one.$name != other.$name); )*
            $( differ(one.$own != other.$own); )*
            differ(one.congestion_algorithm != other.congestion_algorithm);
            u128::from(halves[1]) << 64 | u128::from(halves[0])
        }
    };
}

const STATS: Needs = Needs::STATS;
/// What takes a program of ours in the kernel.
const ALL: Needs = Needs::STATS.union(Needs::SEQUENCES);

pree_wire::for_each_tcp_info_field!(fields);

const _: () = assert!(FIELDS.len() <= 128, "a bit for each field");

/// Whether the field is unknown of a connection because the kernel is older than what it is made of: `tcp_info` is shorter
/// there, and one as long as today's would tell.
pub(crate) fn is_of_later_kernels(field: &Field, view: &View<'_>) -> bool {
    let length = view.socket().tcp.as_ref().and_then(|tcp| tcp.known_length);
    let Some(length) = length.filter(|length| *length < TcpInfo::SIZE) else { return false };
    let told = |length| {
        let mut socket = Socket::new(Protocol::Tcp, Family::Ipv4, State::Established, Address::Unknown);
        let full = [1; TcpInfo::SIZE];
        let info = TcpInfo::new(full.get(..length).unwrap_or(&full));
        socket.tcp.get_or_insert_default().set_from(info, AccEcnLayout::BitFields);
        (field.get)(&View::new(&socket)) != Value::Unknown
    };
    match field.section {
        Section::Tcp => !told(length) && told(TcpInfo::SIZE),
        Section::Quality if (field.get)(view) == Value::Unknown => {
            view.assessment().is_some_and(|judged| judged.unknowns().any(|(_, why)| why == Unknown::NotTold))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn differences_are_those_of_the_fields() {
        let socket = |tcp: &TcpStats| {
            let mut socket = Socket::new(Protocol::Tcp, Family::Ipv4, State::Established, Address::Unknown);
            socket.tcp = Some(Box::new(tcp.clone()));
            socket
        };
        let bytes: Vec<u8> = (0..280_u32).map(|at| (at * 7 % 251 + 1) as u8).collect();
        let mut full = TcpStats::default();
        full.set_from(TcpInfo::new(&bytes), AccEcnLayout::BitFields);
        full.congestion_algorithm = Some(b"bbr"[..].into());
        full.snd_una = Some(1);
        let mut more = full.clone();
        more.congestion_algorithm = Some(b"bbr2"[..].into());
        more.copied_seq = Some(2);
        more.rtt = Some(Duration::from_micros(1));
        more.state = None;
        for (one, other) in [(&full, &more), (&full, &TcpStats::default()), (&full, &full)] {
            let (left, right) = (socket(one), socket(other));
            let differs = |field: &Field| (field.get)(&View::new(&left)) != (field.get)(&View::new(&right));
            let expected =
                FIELDS.iter().rev().fold(0_u128, |bits, field| bits << 1 | u128::from(differs(field)));
            assert_eq!(tcp_differences(one, other), expected);
        }
    }
}
