//! A path that changes the order of packets.

use super::{Detector, Hit, Reads, Severity, Value};
use crate::quality::limits::{REORDERING_EVENTS, REORDERING_SHARE};
use crate::quality::turns::{self, Turns};

pub(super) const REORDERING: Detector = Detector {
    name: "reordering",
    short: "reordering",
    takes_time: false,
    advice: "look for balancing by packet and not by flow; TCP waits longer before it takes a gap for a loss",
    more: "RFC 8985 section 6.2; RFC 4737",
    reads: Reads::Statistics,
    check: |subject, _| {
        let stats = subject.stats;
        let (seen, sent) = stats.reord_seen.zip(stats.data_segs_out)?;
        // Of more segments than were counted, it may be too small a share.
        if turns::of_data_sent(stats) != Turns::None {
            return None;
        }
        let often = seen >= REORDERING_EVENTS && f64::from(seen) >= REORDERING_SHARE * f64::from(sent);
        often.then(|| {
            Hit::new(
                Severity::Info,
                [
                    ("reord_seen", Some(Value::Count(seen.into()))),
                    ("data_segs_out", Some(Value::Count(sent.into()))),
                    ("reordering", Value::count(stats.reordering)),
                ],
            )
        })
    },
};
