//! What passed between two looks at a connection, by the time between them. Unknown in a single look.

use super::entry::{EVERYWHERE, fields_of_views};
use super::{Field, Value, View};
use crate::model::{Provenance, Since, Traffic};
use crate::needs::Needs;

const STATS: Needs = Needs::STATS;
const NONE: Needs = Needs::empty();

pub(super) const FIELDS: &[Field] = fields_of_views! {
    "tx" Rates "tx" BytesPerSecond STATS; "Bytes sent, those sent again too; before Linux 4.19 bytes acknowledged.";
        "tcpi_bytes_sent, tcpi_bytes_acked", told_by: EVERYWHERE, takes_time: true => |view| {
            per_second(view, |moved| Some(moved.sent?.saturating_add(moved.repeated.unwrap_or(0))))
        };
    "rx" Rates "rx" BytesPerSecond STATS; "Bytes received."; "tcpi_bytes_received", told_by: EVERYWHERE, takes_time: true =>
        |view| per_second(view, |moved| moved.received);
    "tx_packets" Rates "tx_packets" PacketsPerSecond STATS; "Segments or datagrams sent."; "tcpi_segs_out", takes_time: true =>
        |view| per_second(view, |moved| moved.segs_out);
    "rx_packets" Rates "rx_packets" PacketsPerSecond STATS; "Segments or datagrams received."; "tcpi_segs_in", takes_time: true =>
        |view| per_second(view, |moved| moved.segs_in);
    "retrans_rate" Rates "retrans_rate" Share STATS; "Share of the bytes sent that were sent again.";
        "tcpi_bytes_retrans of tcpi_bytes_sent", takes_time: true => |view| {
            moved(view).and_then(|moved| moved.retrans_rate()).map_or(Value::Unknown, Value::Share)
        };
    "tx_bytes" Rates "tx_bytes" Bytes STATS; "Bytes sent since the look before, each once; SYN and FIN not counted.";
        "tcpi_bytes_sent - tcpi_bytes_retrans", told_by: EVERYWHERE, takes_time: true => |view| moved(view).and_then(|moved| moved.sent).into();
    "rx_bytes" Rates "rx_bytes" Bytes STATS; "Bytes received in order since the look before; SYN and FIN not counted.";
        "tcpi_bytes_received", told_by: EVERYWHERE, takes_time: true => |view| moved(view).and_then(|moved| moved.received).into();
    "rtt_before" Rates "rtt_before_us" Microseconds STATS; "Round trip time in the look before: beside rtt, where it goes.";
        "tcpi_rtt", told_by: EVERYWHERE, takes_time: true => |view| {
            view.previous().and_then(|(before, _)| before.tcp.as_ref()?.rtt).into()
        };
    "over" Rates "over_us" Microseconds NONE; "The time since the look before, in which all that passed."; "clock",
        told_by: EVERYWHERE, takes_time: true => |view| view.elapsed().into();
    "provenance" Rates "provenance" Word NONE;
        "How it is known: exact; counters, read from time to time; partial, something was lost or is not reported.";
        "watch", told_by: EVERYWHERE, takes_time: true, choices: &PROVENANCES => |view| match (since(view), view.previous()) {
            (Some(since), _) => Value::Word(since.provenance.name()),
            (None, Some(_)) => Value::Word(Provenance::Counters.name()),
            (None, None) => Value::Unknown,
        };
};

const PROVENANCES: [&str; Provenance::ALL.len()] = {
    let mut names = [""; Provenance::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = Provenance::ALL[at].name();
        at += 1;
    }
    names
};

fn since<'s>(view: &View<'s>) -> Option<&'s Since> {
    view.event()?.since.as_ref()
}

/// What passed; `None` when it is another connection.
fn moved(view: &View<'_>) -> Option<Traffic> {
    if let Some(since) = since(view) {
        return Some(since.moved);
    }
    let (previous, _) = view.previous()?;
    let is_same = previous.id()? == view.socket().id()?;
    is_same.then(|| Traffic::of(view.socket()).since(Traffic::of(previous)))
}

fn per_second(view: &View<'_>, get: fn(&Traffic) -> Option<u64>) -> Value<'static> {
    let passed = moved(view).and_then(|moved| get(&moved)).zip(view.elapsed());
    let rate = passed.map(|(passed, elapsed)| passed as f64 / elapsed.as_secs_f64());
    rate.filter(|rate| rate.is_finite()).map_or(Value::Unknown, |rate| Value::Number(rate as u64))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::field;
    use crate::model::{Socket, State, TcpStats};

    fn socket(port: u16, stats: TcpStats) -> Socket {
        let socket = Socket::tcp(State::Established, &format!("127.0.0.1:{port}"), "");
        Socket { inode: Some(port.into()), tcp: Some(Box::new(stats)), ..socket }
    }

    fn counts(bytes_sent: u64, bytes_retrans: u64, bytes_received: u64, segs_out: u32) -> TcpStats {
        TcpStats {
            bytes_sent: Some(bytes_sent),
            bytes_retrans: Some(bytes_retrans),
            bytes_received: Some(bytes_received),
            segs_out: Some(segs_out),
            ..TcpStats::default()
        }
    }

    #[track_caller]
    fn check(view: &View<'_>, expected: [Value<'static>; 5]) {
        let names = ["tx", "rx", "tx_packets", "rx_packets", "retrans_rate"];
        let values = names.map(|name| (field::named(name).unwrap().get)(view));
        assert_eq!(values, expected);
    }

    #[test]
    fn what_passed_by_the_time_it_took() {
        use Value::{Number, Share, Unknown};
        let before = socket(80, counts(1000, 0, 500, u32::MAX));
        let now = socket(80, counts(5000, 1000, 500, 9));
        let after = |seconds| View::new(&now).since(&before, Duration::from_secs(seconds));
        check(&View::new(&now), [Unknown; 5]);
        check(&after(2), [Number(2000), Number(0), Number(5), Unknown, Share(0.25)]);
        // No time, and nothing sent in it.
        check(&after(0), [Unknown, Unknown, Unknown, Unknown, Share(0.25)]);
        check(
            &View::new(&now).since(&now, Duration::from_secs(1)),
            [Number(0), Number(0), Number(0), Unknown, Unknown],
        );
        // Kernels that do not count what was sent.
        let old = |acked| TcpStats { bytes_acked: Some(acked), ..TcpStats::default() };
        let (before, now) = (socket(80, old(1)), socket(80, old(11)));
        check(
            &View::new(&now).since(&before, Duration::from_secs(1)),
            [Number(10), Unknown, Unknown, Unknown, Unknown],
        );
    }

    #[test]
    fn another_connection_has_no_rate() {
        let counted = || counts(5000, 0, 500, 9);
        let (now, other, more) =
            (socket(80, counted()), socket(81, counted()), socket(80, counts(6000, 1, 501, 10)));
        for before in [&other, &more] {
            let view = View::new(&now).since(before, Duration::from_secs(1));
            for name in ["tx", "rx", "retrans_rate"] {
                assert_eq!((field::named(name).unwrap().get)(&view), Value::Unknown, "{name}");
            }
        }
    }
}
