//! Limits of the network namespace, from /proc/sys/net/ipv4. One that is absent or refused is unknown: what needs it
//! says so, and the sockets are there all the same.

use std::str::FromStr;

use crate::model::{HostCounters, HostLimits, PortRange, TimeWaitReuse};
use crate::source::{Question, Setting, Source, read_all};

pub(in crate::collect) fn host_limits(source: &mut dyn Source) -> HostLimits {
    let mut ask = |setting| {
        let text = read_all(source, &Question::Setting(setting)).ok()?;
        String::from_utf8(text).ok()
    };
    HostLimits {
        local_ports: ask(Setting::LocalPortRange).and_then(|text| {
            let mut ports = text.split_ascii_whitespace();
            range(ports.next()?, ports.next()?)
        }),
        reserved_ports: ask(Setting::LocalReservedPorts).and_then(|text| ranges(&text)),
        time_wait_limit: ask(Setting::TcpMaxTwBuckets).and_then(number),
        time_wait_reuse: ask(Setting::TcpTwReuse).and_then(number::<u8>).and_then(|value| match value {
            0 => Some(TimeWaitReuse::Never),
            1 => Some(TimeWaitReuse::Always),
            2 => Some(TimeWaitReuse::Loopback),
            _ => None,
        }),
        syn_backlog: ask(Setting::TcpMaxSynBacklog).and_then(number),
        syn_cookies: ask(Setting::TcpSyncookies).and_then(number::<u8>).map(|value| value != 0),
    }
}

/// The line `Tcp:` of /proc/net/snmp, and `TcpExt:` of /proc/net/netstat.
pub(in crate::collect) fn host_counters(source: &mut dyn Source) -> HostCounters {
    // Refused, nothing is known.
    let mut read = |question| {
        let text = read_all(source, &question).ok().and_then(|text| String::from_utf8(text).ok());
        text.unwrap_or_default()
    };
    let (tcp, more) = (read(Question::TcpCounters), read(Question::TcpExtCounters));
    let tcp = |name| counter(&tcp, "Tcp:", name);
    HostCounters {
        active_opens: tcp("ActiveOpens"),
        passive_opens: tcp("PassiveOpens"),
        failed_attempts: tcp("AttemptFails"),
        resets: tcp("EstabResets"),
        established: tcp("CurrEstab"),
        segments_in: tcp("InSegs"),
        segments_out: tcp("OutSegs"),
        segments_retransmitted: tcp("RetransSegs"),
        segments_damaged: tcp("InErrs"),
        resets_sent: tcp("OutRsts"),
        accept_overflows: counter(&more, "TcpExt:", "ListenOverflows"),
    }
}

/// The number of this name in the lines with this label: a line of names and one of values below it, or one in which names
/// and values take turns.
pub(super) fn counter(text: &str, label: &str, wanted: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(label));
    let mut words = lines.next()?.split_ascii_whitespace();
    let value = match lines.next() {
        Some(values) => values.split_ascii_whitespace().nth(words.position(|name| name == wanted)?),
        None => words.skip_while(|name| *name != wanted).nth(1),
    };
    number(value?)
}

fn number<T: FromStr>(text: impl AsRef<str>) -> Option<T> {
    text.as_ref().trim_ascii().parse().ok()
}

fn range(first: &str, last: &str) -> Option<PortRange> {
    PortRange::new(number(first)?, number(last)?)
}

/// `80,443,9000-9100`, or nothing. The kernel reports them in order; one part that makes no sense leaves the whole unknown.
fn ranges(text: &str) -> Option<Vec<PortRange>> {
    let parts = text.trim_ascii().split(',').filter(|part| !part.is_empty());
    let ranges: Option<Vec<PortRange>> = parts
        .map(|part| {
            part.split_once('-').map_or_else(|| range(part, part), |(first, last)| range(first, last))
        })
        .collect();
    ranges.filter(|ranges| ranges.windows(2).all(|pair| matches!(pair, [a, b] if a.last() < b.first())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Answer, Errno, Failure};

    /// Answers with the text of one file, the same for all.
    struct Same(&'static [u8]);

    impl Source for Same {
        fn ask(&mut self, _: &Question<'_>) -> Result<Answer, Failure> {
            if self.0.is_empty() {
                return Err(Failure::Answer(Errno::ENOENT));
            }
            Ok(Answer::whole(self.0.to_vec()))
        }
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "cases read better so")]
    fn check<T: PartialEq + std::fmt::Debug>(text: &'static [u8], get: fn(HostLimits) -> T, expected: T) {
        assert_eq!(get(host_limits(&mut Same(text))), expected, "{}", text.escape_ascii());
    }

    #[test]
    fn settings() {
        check(b"32768\t60999\n", |l| l.local_ports, PortRange::new(32_768, 60_999));
        check(b"32768\t60999\n", |l| l.choosable_ports(), Some(28_232));
        check(b"40000 40000", |l| l.choosable_ports(), Some(1));
        check(b"0\t65535\n", |l| l.choosable_ports(), Some(65_536));
        check(b"2\n", |l| (l.time_wait_limit, l.syn_backlog, l.syn_cookies), (Some(2), Some(2), Some(true)));
        check(b"2\n", |l| l.time_wait_reuse, Some(TimeWaitReuse::Loopback));
        check(b"0\n", |l| (l.time_wait_reuse, l.syn_cookies), (Some(TimeWaitReuse::Never), Some(false)));
        check(b"1\n", |l| l.time_wait_reuse, Some(TimeWaitReuse::Always));
        check(b"\n", |l| l.reserved_ports, Some(Vec::new()));
        let expected = [(80, 80), (443, 443), (9000, 9100)].map(|(a, b)| PortRange::new(a, b));
        let expected: Option<Vec<_>> = expected.into_iter().collect();
        check(b"80,443,9000-9100\n", |l| l.reserved_ports, expected);
    }

    /// Refused, or anything but what it should be: unknown, never a number.
    #[test]
    fn nonsense_is_unknown() {
        for text in [
            &b""[..],
            b"x",
            b"-1",
            b"\xff\xfe",
            b"99999999999",
            b"60999 32768",
            b"3 2 1-x,,",
            b"1-99999",
            b"5,4",
            b"5-9,9",
        ] {
            check(text, |l| (l.local_ports, l.choosable_ports()), (None, None));
            check(text, |l| (l.time_wait_limit, l.time_wait_reuse), (None, None));
            check(text, |l| l.reserved_ports, None);
        }
    }

    #[test]
    fn reserved_ports_are_not_chosen() {
        let limits = HostLimits {
            local_ports: PortRange::new(100, 109),
            reserved_ports: ranges("1-100,105-106,109-200"),
            ..HostLimits::default()
        };
        assert_eq!(limits.choosable_ports(), Some(6));
        let chosen: Vec<u16> = (0..=300).filter(|port| limits.can_choose(*port)).collect();
        assert_eq!(chosen, [101, 102, 103, 104, 107, 108]);
    }
}
