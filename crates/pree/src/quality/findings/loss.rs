//! What the path loses, and what was sent again for nothing.

use super::{Detector, Hit, Reads, Severity, Value};
use crate::quality::limits::{LOSS_CRITICAL_FROM, SPURIOUS_EVENTS, SPURIOUS_SHARE, STORM_EVENTS};
use crate::quality::loss::mathis_limit;
use crate::quality::turns::{self, Turns};

pub(super) const LOSSY: Detector = Detector {
    name: "lossy",
    short: "lossy",
    takes_time: false,
    advice: "find where packets are dropped on the way to the peer (a full link, a bad one, a policer); what is sent \
             again arrives a round trip or more later",
    more: "RFC 8985; Mathis et al. 1997",
    reads: Reads::Statistics,
    check: |subject, judged| {
        let loss = judged.loss.ok().filter(|_| judged.lossy.is_yes())?;
        let critical = loss.low >= LOSS_CRITICAL_FROM;
        Some(Hit::new(
            if critical { Severity::Critical } else { Severity::Warning },
            [
                ("lost", Some(Value::Count(loss.count))),
                ("data_segs_out", Some(Value::Count(loss.samples))),
                ("loss", Some(Value::Share(loss.value))),
                ("loss_low", Some(Value::Share(loss.low))),
                ("loss_high", Some(Value::Share(loss.high))),
                ("mathis_limit", mathis_limit(subject.stats, &loss).map(Value::BytesPerS)),
            ],
        ))
    },
};

pub(super) const RETRANSMISSION_STORM: Detector = Detector {
    name: "retransmission_storm",
    short: "storm",
    takes_time: true,
    advice: "send less or elsewhere until the path is repaired: a tenth or more of what is sent now is lost",
    more: "RFC 6298 section 5; RFC 8085 section 3.1",
    reads: Reads::Statistics,
    check: |subject, judged| {
        let loss = judged.loss.ok().filter(|_| judged.lossy.is_yes())?;
        let seconds = subject.length()?.as_secs_f64();
        let storm = loss.count >= STORM_EVENTS && loss.low >= LOSS_CRITICAL_FROM && seconds > 0.0;
        storm.then(|| {
            let again = subject.stats.total_retrans.map(|again| Value::PerS(f64::from(again) / seconds));
            Hit::new(
                Severity::Critical,
                [
                    ("retrans", again),
                    ("lost", Some(Value::Count(loss.count))),
                    ("data_segs_out", Some(Value::Count(loss.samples))),
                    ("loss_low", Some(Value::Share(loss.low))),
                    ("loss_high", Some(Value::Share(loss.high))),
                ],
            )
        })
    },
};

pub(super) const SPURIOUS_RETRANSMISSIONS: Detector = Detector {
    name: "spurious_retransmissions",
    short: "spurious_retransmissions",
    takes_time: false,
    advice: "nothing needs doing unless it goes on: delay that jumps, or lost acknowledgements, made segments look \
             lost that were not",
    more: "RFC 3708; RFC 5682",
    reads: Reads::Statistics,
    check: |subject, _| {
        let (spurious, all) = subject.stats.dsack_dups.zip(subject.stats.total_retrans)?;
        if turns::of_retransmitted(subject.stats) != Turns::None {
            return None;
        }
        let many = spurious >= SPURIOUS_EVENTS && f64::from(spurious) >= SPURIOUS_SHARE * f64::from(all);
        many.then(|| {
            Hit::new(
                Severity::Info,
                [
                    ("dsack_dups", Some(Value::Count(spurious.into()))),
                    ("total_retrans", Some(Value::Count(all.into()))),
                ],
            )
        })
    },
};
