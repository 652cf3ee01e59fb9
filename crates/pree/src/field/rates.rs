//! What passed between two looks at a connection, by the time between them. Unknown in a single look.

use std::time::Duration;

use super::entry::{EVERYWHERE, fields_of_views};
use super::{Field, Value, View};
use crate::model::{Counter, TcpStats};
use crate::needs::Needs;

const STATS: Needs = Needs::STATS;

pub(super) const FIELDS: &[Field] = fields_of_views! {
    "tx" Rates "tx" BytesPerSecond STATS; "Bytes sent, those sent again too; before Linux 4.19 bytes acknowledged.";
        "tcpi_bytes_sent, tcpi_bytes_acked", told_by: EVERYWHERE, takes_time: true => |view| {
            per_second(view, |tcp| tcp.bytes_sent.or(tcp.bytes_acked))
        };
    "rx" Rates "rx" BytesPerSecond STATS; "Bytes received."; "tcpi_bytes_received", told_by: EVERYWHERE, takes_time: true =>
        |view| per_second(view, |tcp| tcp.bytes_received);
    "tx_packets" Rates "tx_packets" PacketsPerSecond STATS; "Segments sent."; "tcpi_segs_out", takes_time: true =>
        |view| per_second(view, |tcp| tcp.segs_out);
    "rx_packets" Rates "rx_packets" PacketsPerSecond STATS; "Segments received."; "tcpi_segs_in", takes_time: true =>
        |view| per_second(view, |tcp| tcp.segs_in);
    "retrans_rate" Rates "retrans_rate" Share STATS; "Share of the bytes sent that were sent again.";
        "tcpi_bytes_retrans of tcpi_bytes_sent", takes_time: true => |view| {
            let again = grown(view, |tcp| tcp.bytes_retrans).zip(grown(view, |tcp| tcp.bytes_sent));
            match again {
                Some(((again, _), (sent @ 1.., _))) => Value::Share((again as f64 / sent as f64).min(1.0)),
                _ => Value::Unknown,
            }
        };
};

/// By how much a counter grew, and in how long a time. `None` when it is another connection.
fn grown<T: Counter>(view: &View<'_>, get: fn(&TcpStats) -> Option<T>) -> Option<(T, Duration)> {
    let (previous, elapsed) = view.previous()?;
    let of = |socket: &crate::model::Socket| get(socket.tcp.as_deref()?);
    let is_same = previous.id()? == view.socket().id()?;
    let grown = of(view.socket())?.since(of(previous).filter(|_| is_same)?)?;
    Some((grown, elapsed))
}

fn per_second<T: Counter + Into<u64>>(view: &View<'_>, get: fn(&TcpStats) -> Option<T>) -> Value<'static> {
    let rate = grown(view, get).map(|(grown, elapsed)| grown.into() as f64 / elapsed.as_secs_f64());
    rate.filter(|rate| rate.is_finite()).map_or(Value::Unknown, |rate| Value::Number(rate as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field;
    use crate::model::{Socket, State};

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
