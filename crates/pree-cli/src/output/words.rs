//! Words and figures for people: what a state is called, how a time or a size is read best.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use pree::field::{Field, Unit, Value};
use pree::{Address, Socket, State};

use super::escape;

/// The state as ss has taught it.
pub(super) fn state(state: State) -> String {
    match state {
        State::Listen => "LISTEN",
        State::SynSent => "SYN-SENT",
        State::SynReceived => "SYN-RECV",
        State::Established => "ESTAB",
        State::FinWait1 => "FIN-WAIT-1",
        State::FinWait2 => "FIN-WAIT-2",
        State::TimeWait => "TIME-WAIT",
        State::CloseWait => "CLOSE-WAIT",
        State::LastAck => "LAST-ACK",
        State::Closing => "CLOSING",
        State::Closed => "CLOSE",
        State::BoundInactive => "BOUND",
        State::Unconnected => "UNCONN",
        other => return other.to_string(),
    }
    .to_owned()
}

/// An end; `*` when there is none.
pub(super) fn address(address: Option<Address>) -> String {
    match address {
        None => "*".to_owned(),
        Some(Address::Inet(SocketAddr::V6(v6))) => {
            // The scope is a number: names of interfaces are another namespace's business.
            v6.to_string()
        }
        Some(address) => address.to_string(),
    }
}

/// A queue; unknown is `-`.
pub(super) fn count(number: Option<u32>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

/// The owners, or why there is none.
pub(super) fn owners(socket: &Socket) -> String {
    let mut text = String::new();
    for owner in &socket.owners {
        if !text.is_empty() {
            text.push(',');
        }
        let _ = write!(text, "{}[{}]", escape::word(owner.process.name.as_bytes()), owner.pid());
        if let Some(fd) = owner.fd {
            let _ = write!(text, "/{fd}");
        }
    }
    match socket.unowned {
        Some(reason) => format!("({})", reason.name()),
        None if text.is_empty() => "-".to_owned(),
        None => text,
    }
}

/// A field's value for people; `None` when it is unknown.
pub(super) fn value(field: &Field, socket: &Socket) -> Option<String> {
    Some(match (field.get)(socket) {
        Value::Bool(yes) => if yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Id(id) => format!("{id:x}"),
        Value::Duration(time) => duration(time),
        Value::Word(word) => word.to_owned(),
        Value::Unnamed(what, number) => format!("{what}{number}"),
        Value::Text(text) => escape::word(text).into_owned(),
        Value::Ip(ip) => ip.to_string(),
        _ => return None,
    })
    .map(|text| match field.unit {
        Unit::BytesPerSecond => text + "B/s",
        _ => text,
    })
}

/// Three digits that count, in the unit that fits.
pub(super) fn duration(time: Duration) -> String {
    let us = time.as_micros();
    match us {
        0..=999 => format!("{us}us"),
        1_000..=99_999 => format!("{}.{}ms", us / 1_000, us / 100 % 10),
        100_000..=999_999 => format!("{}ms", us / 1_000),
        1_000_000..=119_999_999 => format!("{}.{}s", us / 1_000_000, us / 100_000 % 10),
        120_000_000..=7_199_999_999 => format!("{}min", us / 60_000_000),
        7_200_000_000..=172_799_999_999 => format!("{}h", us / 3_600_000_000),
        _ => format!("{}d", us / 86_400_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (us, shown) in [
            (0, "0us"),
            (251, "251us"),
            (1_000, "1.0ms"),
            (99_999, "99.9ms"),
            (184_000, "184ms"),
            (1_500_000, "1.5s"),
            (119_999_999, "119.9s"),
            (120_000_000, "2min"),
            (7_200_000_000, "2h"),
            (u64::MAX, "213503982d"),
        ] {
            assert_eq!(duration(Duration::from_micros(us)), shown);
        }
    }
}
