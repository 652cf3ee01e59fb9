//! Segments so small that headers are much of what is sent.

use super::{Detector, Hit, Reads, Severity, Value};
use crate::quality::IpVersion;
use crate::quality::limits::{SMALL_MSS_V4, SMALL_MSS_V6};
use crate::quality::turns::data_sent_at_least;

/// IP and TCP headers without options.
const HEADERS_V4: u32 = 40;
const HEADERS_V6: u32 = 60;

pub(super) const SMALL_MSS: Detector = Detector {
    name: "small_mss",
    short: "small_mss",
    takes_time: false,
    advice: "check the MTU of tunnels on the way and the segment size the peer announces",
    more: "RFC 9293 section 3.7.1; RFC 4821",
    reads: Reads::Statistics,
    check: |subject, _| {
        let stats = subject.now();
        let (limit, headers) = match subject.ip {
            IpVersion::V4 => (SMALL_MSS_V4, HEADERS_V4),
            IpVersion::V6 => (SMALL_MSS_V6, HEADERS_V6),
        };
        // Before the peer has announced its own, the size is the protocol's smallest.
        let mss =
            stats.snd_mss.filter(|mss| (1..limit).contains(mss) && data_sent_at_least(stats) > Some(0))?;
        Some(Hit::new(
            Severity::Warning,
            [
                ("snd_mss", Some(Value::Bytes(mss.into()))),
                ("pmtu", Value::bytes(stats.pmtu)),
                ("advmss", Value::bytes(stats.advmss)),
                ("overhead", Some(Value::Share(f64::from(headers) / f64::from(mss + headers)))),
            ],
        ))
    },
};
