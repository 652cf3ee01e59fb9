//! Words for the screens of ports and connections: times, commands, reasons.

use std::fmt;
use std::time::Duration;

use pree::quality::LocalPorts;
use pree::{CountsSince, Coverage, Socket, State, TcpStats, Unowned};

use crate::text::words;

/// A state as tables have it.
pub(super) fn state(state: State) -> String {
    let mut word = Vec::new();
    words::state(state, &mut word);
    String::from_utf8_lossy(&word).into_owned()
}

pub(super) fn why_nobody(reason: Unowned, coverage: &Coverage) -> &'static str {
    match reason {
        Unowned::NotPermitted => "owner unknown: not permitted to look",
        Unowned::NotLookedUp => "owner unknown: it could not be looked up",
        Unowned::AcceptQueue => "no process: connected, and not accepted yet",
        Unowned::Handshake => "no process: the handshake is not finished",
        Unowned::ClosedSince => "no process: closed while it was looked for who held it",
        Unowned::Kernel => "the kernel",
        Unowned::Orphaned => "no process: closed, and the kernel still sends",
        Unowned::TimeWait => "no process: closed, and the kernel remembers it",
        _ if coverage.sees_every_pid_namespace() => {
            "no process that can be seen: on its way in SCM_RIGHTS, of io_uring, or the kernel"
        }
        _ => {
            "no process that can be seen: on its way in SCM_RIGHTS, of io_uring, the kernel or another pid namespace"
        }
    }
}

/// What waits at a listener whose limit is unknown.
pub(super) fn waiting_at(listener: &Socket) -> Option<String> {
    let waiting =
        listener.recv_queue.filter(|_| listener.state == State::Listen && listener.listen.is_none())?;
    Some(format!("{} to be accepted, limit unknown", plural(waiting as usize, "connection")))
}

/// What counters of connections are about where nothing says for how long: `lives`, or on Windows what followed when
/// somebody switched statistics on.
pub(super) fn since<'s>(stats: impl IntoIterator<Item = &'s TcpStats>, lives: &str) -> String {
    let mut since = stats.into_iter().map(|stats| stats.counts_since);
    if since.any(|since| since == Some(CountsSince::SwitchedOn)) {
        "since statistics were switched on".to_owned()
    } else {
        format!("over {lives}")
    }
}

/// How many of the ports that the system chooses from are taken.
pub(super) fn local_ports(ports: &LocalPorts) -> String {
    let least = if ports.used().is_none() { "at least " } else { "" };
    format!("{least}{} of {} in use for TCP", ports.at_least(), ports.all())
}

/// Arguments as one line, in no more than so many columns.
pub(super) fn command(arguments: &[u8], room: usize) -> String {
    let mut line = Vec::new();
    words::ends_of_command_line(arguments, room, &mut line);
    cut(&String::from_utf8_lossy(&line), room)
}

/// Cut in the middle: what it is stands at the beginning, what it is about at the end.
fn cut(text: &str, room: usize) -> String {
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    let kept = room.saturating_sub(1);
    let head = kept.div_ceil(2);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - (kept - head)).collect();
    format!("{start}…{end}")
}

/// A length of time, the two largest units of it.
pub(super) fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    let two = |large: u64, first: &str, small: u64, second: &str| match small {
        0 => format!("{large}{first}"),
        _ => format!("{large}{first} {small}{second}"),
    };
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        3600..86400 => two(seconds / 3600, "h", seconds / 60 % 60, "min"),
        _ => two(seconds / 86400, "d", seconds / 3600 % 24, "h"),
    }
}

pub(super) fn plural<N: Copy + PartialEq<N> + From<u8> + fmt::Display>(count: N, what: &str) -> String {
    let s = if count == 1.into() { "" } else { "s" };
    format!("{count} {what}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        for (seconds, shown) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1min"),
            (61, "1min 1s"),
            (3_600, "1h"),
            (7_800, "2h 10min"),
            (86_400 * 3 + 3_600 * 4 + 59, "3d 4h"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn long_commands_are_cut_in_the_middle() {
        assert_eq!(cut("0123456789", 10), "0123456789");
        assert_eq!(cut("0123456789abcdef", 10), "01234…cdef");
        assert_eq!(cut("0123456789", 0), "…");
    }
}
