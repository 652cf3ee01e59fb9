//! Whether anything left the TCP table while it was read: nothing that stayed can have been missed then.
//!
//! A pass misses a socket only when another one left the same chain before it, for the kernel comes back to a chain by
//! counting. The kernel keeps count of the sockets in the table, and of what makes them come and go: when none of these
//! numbers changed, none left. Not counted are handshakes that are given up and sockets that are only bound: one that left
//! was reported before, so whoever saw any of these cannot say.

use crate::collect::linux::host::counter;
use crate::source::{Question, Source, read_all};

/// Lines of [`Question::TcpCounters`], and of which values a change means that a socket came or went. `alloc`, `orphan`
/// and `mem` are the whole machine's.
const COUNTED: &[(&str, &[&str])] = &[
    ("TCP:", &["inuse", "tw"]),
    ("TCP6:", &["inuse"]),
    ("Tcp:", &["ActiveOpens", "PassiveOpens", "AttemptFails", "EstabResets", "CurrEstab"]),
];

/// The numbers at one time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Counters(Vec<u64>);

impl Counters {
    /// Reads them; `None` when any is not reported. A kernel without IPv6 reports all but its own.
    pub(super) fn read(source: &mut dyn Source) -> Option<Self> {
        let bytes = read_all(source, &Question::TcpCounters).ok()?;
        Self::parse(std::str::from_utf8(&bytes).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut numbers = Vec::new();
        for (label, names) in COUNTED {
            if *label == "TCP6:" && !text.lines().any(|line| line.starts_with(label)) {
                continue;
            }
            for name in *names {
                numbers.push(counter(text, label, name)?);
            }
        }
        Some(Self(numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "sockets: used 20\nTCP: inuse 11 orphan 1 tw 12 alloc 3 mem 54\nUDP: inuse 0 mem 0\n\
                        TCP6: inuse 13\nUDP6: inuse 0\n\
                        Ip: Forwarding DefaultTTL\nIp: 1 64\n\
                        Tcp: RtoAlgorithm ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs\n\
                        Tcp: 1 14 15 16 17 18 19\n";

    #[test]
    fn the_numbers_that_count() {
        assert_eq!(Counters::parse(TEXT), Some(Counters(vec![11, 12, 13, 14, 15, 16, 17, 18])));
        let without_v6 = TEXT.replace("TCP6: inuse 13\n", "");
        assert_eq!(Counters::parse(&without_v6), Some(Counters(vec![11, 12, 14, 15, 16, 17, 18])));
    }

    #[test]
    fn a_number_that_is_not_told_is_not_still() {
        for (from, to) in [
            ("TCP: inuse 11 orphan 1 tw 12", "TCP: inuse 11 orphan 1"),
            ("TCP: ", "SCTP: "),
            ("inuse 13", "inuse"),
            ("PassiveOpens", "Other"),
            ("Tcp: 1 14 15", "Tcp: 1 -14 15"),
            ("Tcp: 1 14 15 16 17 18 19", "Tcp: 1 14"),
        ] {
            assert_eq!(Counters::parse(&TEXT.replace(from, to)), None, "{to}");
        }
        assert_eq!(Counters::parse(""), None);
    }
}
