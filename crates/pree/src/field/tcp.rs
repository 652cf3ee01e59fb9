//! Statistics of TCP connections: `tcp_info`, from the one table of it, and what comes beside it.

use super::{Field, Section, Unit, Value};
use crate::model::CongestionAlgorithm;
use crate::query::Needs;

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

macro_rules! fields {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $type:ident, $offset:literal, $unit:ident, $since:literal;
    )*) => {
        &[
            $( Field {
                name: name!($name),
                section: Section::Tcp,
                key: key!($name, $unit),
                unit: unit!($unit),
                needs: Needs::STATS,
                doc: concat!($($doc),+),
                source: concat!("tcpi_", stringify!($name), ", Linux ", $since),
                get: |s| s.tcp.as_ref().and_then(|tcp| tcp.$name).into(),
            }, )*
            own!(snd_wscale, Id, "tcpi_snd_wscale", "Shift of the windows the peer offers."),
            own!(rcv_wscale, Id, "tcpi_rcv_wscale", "Shift of the windows offered to the peer."),
            own!(delivery_rate_app_limited, Bool, "tcpi_delivery_rate_app_limited",
                "Whether the delivery rate was limited by the program."),
            own!(fastopen_client_fail, Id, "tcpi_fastopen_client_fail", "Why fast open failed."),
            own!(accecn_fail_mode, Id, "tcpi_accecn_fail_mode", "What of Accurate ECN failed."),
            own!(accecn_opt_seen, Id, "tcpi_accecn_opt_seen", "What was seen of the Accurate ECN option."),
            own!(ecn_mode, Id, "tcpi_ecn_mode", "What of ECN was negotiated."),
            Field {
                get: |s| {
                    let since = s.tcp.as_ref().and_then(|tcp| tcp.counts_since);
                    since.map_or(Value::Unknown, |since| Value::Word(since.name()))
                },
                ..text!("counts_since", "the system", "Since when counters count: opening, switched_on.")
            },
            time!(max_rtt, Microseconds, "max_rtt_us", "MaxRtt (Windows)", "Longest round-trip time measured."),
            own!(fast_retrans, Count, "FastRetran (Windows)", "Fast retransmissions."),
            own!(spurious_rtos, Count, "SpuriousRtoDetections (Windows)", "Timeouts found to have been needless."),
            time!(cwnd_limited, Milliseconds, "cwnd_limited_ms", "SndLimTimeCwnd (Windows)",
                "Time limited by the congestion window."),
            time!(sender_limited, Milliseconds, "sender_limited_ms", "SndLimTimeSnd (Windows)",
                "Time limited by the sender itself."),
            own!(outbound_bandwidth, BytesPerSecond, "OutboundBandwidth (Windows)", "Estimated bandwidth outwards."),
            own!(inbound_bandwidth, BytesPerSecond, "InboundBandwidth (Windows)", "Estimated bandwidth inwards."),
            own!(cwnd_bytes, Bytes, "cwnd × mss, or the system's own", "Congestion window in bytes."),
            own!(ssthresh_bytes, Bytes, "ssthresh × mss, or the system's own", "Slow start threshold in bytes."),
            sequence!(snd_una, "SND.UNA, RFC 9293", "Oldest sequence number not acknowledged."),
            sequence!(snd_nxt, "SND.NXT, RFC 9293", "Next sequence number to send."),
            sequence!(rcv_nxt, "RCV.NXT, RFC 9293", "Next sequence number expected."),
            sequence!(write_seq, "tcp_sock.write_seq", "Sequence number after the last byte written."),
            sequence!(copied_seq, "tcp_sock.copied_seq", "Sequence number after the last byte read."),
            Field {
                name: "cc",
                get: |s| {
                    let name = s.tcp.as_ref().and_then(|tcp| tcp.congestion_algorithm.as_ref());
                    name.map(CongestionAlgorithm::as_bytes).into()
                },
                ..text!("congestion_algorithm", "INET_DIAG_CONG", "Congestion control algorithm.")
            },
        ]
    };
}

macro_rules! sequence {
    ($name:ident, $source:literal, $doc:literal) => {
        Field { needs: Needs::STATS.union(Needs::SEQUENCES), ..own!($name, Id, $source, $doc) }
    };
}

/// A time, whose key ends in its unit.
macro_rules! time {
    ($name:ident, $unit:ident, $key:literal, $source:literal, $doc:literal) => {
        Field { key: $key, ..own!($name, $unit, $source, $doc) }
    };
}

/// A text, without the way to get it.
macro_rules! text {
    ($key:literal, $source:literal, $doc:literal) => {
        Field {
            name: $key,
            section: Section::Tcp,
            key: $key,
            unit: Unit::Text,
            needs: Needs::STATS,
            doc: $doc,
            source: $source,
            get: |_| Value::Unknown,
        }
    };
}

macro_rules! own {
    ($name:ident, $unit:ident, $source:literal, $doc:literal) => {
        Field {
            name: stringify!($name),
            section: Section::Tcp,
            key: stringify!($name),
            unit: Unit::$unit,
            needs: Needs::STATS,
            doc: $doc,
            source: $source,
            get: |s| s.tcp.as_ref().and_then(|tcp| tcp.$name).into(),
        }
    };
}

pub(super) const FIELDS: &[Field] = pree_wire::for_each_tcp_info_field!(fields);
