//! The judgement of a connection. In JSON it is an object of its own, `quality`, which says more.

use super::entry::{LINUX, fields_of_views};
use super::{Field, Issues, Value};
use crate::needs::Needs;
use crate::quality::{Assessment, DETECTORS};

/// What sending can be limited by, as the members of `limited_by` in JSON are called.
const LIMITS: [&str; 4] = ["network", "receiver", "send_buffer", "app"];

/// How much a queue is said to be too long.
const BLOATS: [&str; 4] = ["no", "mild", "yes", "severe"];

/// A queue that is a warning costs more than this leaves.
const LOW_SCORE: f64 = 0.7;

const ISSUES: [&str; DETECTORS.len()] = {
    let (mut names, mut at) = ([""; DETECTORS.len()], 0);
    while at < names.len() {
        names[at] = DETECTORS[at].name;
        at += 1;
    }
    names
};

macro_rules! judged {
    ($( $name:literal $key:literal $unit:ident; $doc:literal; $source:literal $(, $more:ident: $value:expr)* => $get:expr; )*) => {
        fields_of_views! {$(
            $name Quality $key $unit Needs::STATS.union(Needs::MEMORY); $doc; $source $(, $more: $value)* => |view| {
                let get: fn(&Assessment) -> Value<'static> = $get;
                view.assessment().map_or(Value::Unknown, get)
            };
        )*}
    };
}

pub(super) const FIELDS: &[Field] = judged! {
    "score" "score" Score; "How well it delivers: 1, nothing speaks against it, to 0, nothing gets through.";
        "loss, queueing, progress", drop_priority: 4,
        is_trouble: |_, value| matches!(value, Value::Share(score) if score < LOW_SCORE) => |a| a.score.map_or(Value::Unknown, |score| Value::Share(score.get()));
    "loss" "loss" Share; "Share of data segments that the path lost; unknown where there is only an upper bound.";
        "tcpi_total_retrans - tcpi_dsack_dups of tcpi_data_segs_out" => |a| match a.loss {
            // What is at most 0 is 0.
            Ok(loss) if !loss.upper_bound || loss.count == 0 => Value::Share(loss.value),
            _ => Value::Unknown,
        };
    "bloat" "bloat" Word; "Whether it fills a queue that is too long: no, mild, yes, severe.";
        "tcpi_rtt - tcpi_min_rtt", choices: &BLOATS, is_trouble: |_, value| matches!(value, Value::Word("yes" | "severe")) =>
            |a| a.bloat.name().map_or(Value::Unknown, Value::Word);
    "efficiency" "efficiency" Share; "Share of the bytes sent that were not repetitions (RFC 6349).";
        "tcpi_bytes_retrans of tcpi_bytes_sent" => |a| a.efficiency.map_or(Value::Unknown, Value::Share);
    "utilisation" "utilisation" Share; "Share of the path's capacity in use."; "tcpi_delivery_rate", told_by: LINUX, takes_time: true =>
        |a| a.utilisation.map_or(Value::Unknown, Value::Share);
    "issue" "findings" Word; "Named issues, the worst first; has issue: one of them is a warning or worse.";
        "pree explain", choices: &ISSUES, width: Some(20),
        is_trouble: |_, value| matches!(value, Value::Issues(issues) if issues.is_trouble()) => |a| Value::Issues(Issues::of(&a.findings));
    "worst" "worst" Word; "The worst issue, if it is a warning or worse; in tables a part of its name, for issue~PART.";
        "pree explain", choices: &ISSUES, is_mark: true, drop_priority: 3,
        is_trouble: |_, value| value != Value::Unknown => |a| Issues::of(&a.findings).trouble().map_or(Value::Unknown, Value::Issues);
    "limited" "limited_by" Word; "What sending waits for most: network, receiver, send_buffer or app.";
        "tcpi_busy_time, rwnd_limited, sndbuf_limited", told_by: LINUX, choices: &LIMITS, width: Some(15) => |a| match a.limited_by {
            Ok(shares) => {
                let shares = [shares.network, shares.receiver, shares.send_buffer, shares.app.unwrap_or(0.0)];
                // Of two that are equal the first.
                let most = LIMITS.into_iter().zip(shares).rev().max_by(|a, b| a.1.total_cmp(&b.1));
                most.map_or(Value::Unknown, |(name, share)| Value::Most(name, share))
            }
            Err(_) => Value::Unknown,
        };
};

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::field::{self, View};
    use crate::model::{Socket, State, TcpStats};

    fn socket(stats: Option<TcpStats>) -> Socket {
        Socket { tcp: stats.map(Box::new), ..Socket::tcp(State::Established, "10.0.0.5:80", "") }
    }

    fn value<'s>(name: &str, socket: &'s Socket) -> Value<'s> {
        (field::named(name).unwrap().get)(&View::new(socket))
    }

    /// Ten thousand segments, a hundred of them lost, and a closed window.
    fn troubled() -> TcpStats {
        TcpStats {
            data_segs_out: Some(10_000),
            bytes_sent: Some(10_000 * 1448),
            bytes_retrans: Some(100 * 1448),
            total_retrans: Some(100),
            dsack_dups: Some(0),
            snd_mss: Some(1448),
            snd_wnd: Some(0),
            notsent_bytes: Some(5000),
            unacked: Some(0),
            backoff: Some(3),
            busy_time: Some(Duration::from_secs(10)),
            rwnd_limited: Some(Duration::from_secs(6)),
            sndbuf_limited: Some(Duration::ZERO),
            ..TcpStats::default()
        }
    }

    #[test]
    fn what_is_not_judged_is_unknown() {
        let names = ["score", "loss", "bloat", "issue", "limited"];
        for name in names {
            assert_eq!(value(name, &socket(None)), Value::Unknown, "{name}");
        }
        let nothing_known = socket(Some(TcpStats::default()));
        for name in names {
            let expected = if name == "issue" { Value::Issues(Issues::default()) } else { Value::Unknown };
            assert_eq!(value(name, &nothing_known), expected, "{name}");
        }
    }

    #[test]
    fn what_is_judged() {
        let socket = socket(Some(troubled()));
        assert_eq!(value("loss", &socket), Value::Share(0.01));
        assert_eq!(value("limited", &socket), Value::Most("receiver", 0.6));
        let Value::Issues(issues) = value("issue", &socket) else { panic!("no issues") };
        assert!(issues.iter().any(|(name, _)| name == "zero_window"));
        assert!(issues.is_trouble());
        assert!(issues.iter().is_sorted_by(|(_, a), (_, b)| a >= b), "the worst first");
        let Value::Share(score) = value("score", &socket) else { panic!("no score") };
        assert!(score > 0.0 && score < 0.5, "{score}");
    }

    #[test]
    fn an_upper_bound_is_no_share() {
        let stats = |retransmitted| TcpStats {
            data_segs_out: Some(10_000),
            total_retrans: Some(retransmitted),
            bytes_acked: Some(10_000_000),
            ..TcpStats::default()
        };
        assert_eq!(value("loss", &socket(Some(stats(100)))), Value::Unknown);
        assert_eq!(value("loss", &socket(Some(stats(0)))), Value::Share(0.0));
    }

    #[test]
    fn no_issue_is_known() {
        assert_eq!((Issues::default().worst(), Issues::default().is_trouble()), (None, false));
    }
}
