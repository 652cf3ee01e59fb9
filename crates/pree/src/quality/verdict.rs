//! The words of the judgement: a verdict, an estimate, and why there is neither.

use std::fmt;

use super::limits::Z_95;
use crate::named::named;

/// Whether something is so, to what degree, or why that is unknown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// No.
    No,
    /// Slightly; no reason to act.
    Mild,
    /// Yes.
    Yes,
    /// Severely.
    Severe,
    /// Unknown, and why.
    Unknown(Unknown),
}

impl Verdict {
    /// True for [`Verdict::Yes`] and [`Verdict::Severe`].
    pub fn is_yes(self) -> bool {
        matches!(self, Self::Yes | Self::Severe)
    }

    /// The name in JSON; `None` when it is unknown.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::No => Some("no"),
            Self::Mild => Some("mild"),
            Self::Yes => Some("yes"),
            Self::Severe => Some("severe"),
            Self::Unknown(_) => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self) {
            (Some(name), _) => f.pad(name),
            (None, Self::Unknown(why)) => write!(f, "unknown ({why})"),
            (None, _) => Ok(()),
        }
    }
}

named! {
    /// Why something is not known.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[non_exhaustive]
    pub enum Unknown, name: "The name in JSON." {
        /// The system does not report a number that this takes, or has no sample of it yet.
        NotTold = "not_told",
        /// Too little was sent.
        FewSamples = "few_samples",
        /// Only the handshake was ever timed.
        OneSample = "one_sample",
        /// The numbers lie between "yes" and "no".
        Undecided = "undecided",
        /// Only an upper bound can be had: this system does not count which retransmissions were needed.
        UpperBound = "upper_bound",
        /// The connection does not fill its path, so a queue would not be its own.
        NotLoading = "not_loading",
        /// The connection fills its path, so delay is judged as buffer bloat.
        Loading = "loading",
        /// It takes two looks at the connection.
        NeedsInterval = "needs_interval",
        /// The counters contradict each other: one has wrapped.
        Inconsistent = "inconsistent",
        /// So much was sent that a counter of 32 bits may have wrapped. Two looks say what happened between them.
        MayHaveWrapped = "may_have_wrapped",
        /// Nothing was sent in the interval.
        Idle = "idle",
        /// The round trip grew without more data in flight: the path became longer, or others fill its queue. What the RTT
        /// was before says nothing about now.
        PathChanged = "path_changed",
        /// The path itself was never seen to be the limit.
        CapacityUnknown = "capacity_unknown",
        /// Only this connection's own smallest RTT is known: a queue that was there from its start does not show.
        OwnBase = "own_base",
        /// Nothing is due from the peer, and no keepalive asks whether it is still there.
        NoKeepalive = "no_keepalive",
        /// Only the other end can count it.
        OtherEnd = "other_end",
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotTold => "the system does not report it",
            Self::FewSamples => "too few samples",
            Self::OneSample => "only the handshake was timed",
            Self::Undecided => "between the limits",
            Self::UpperBound => "only an upper bound is known",
            Self::NotLoading => "the connection does not fill the path",
            Self::Loading => "judged as buffer bloat",
            Self::NeedsInterval => "takes two looks",
            Self::Inconsistent => "the counters contradict each other",
            Self::MayHaveWrapped => "a 32-bit counter may have wrapped",
            Self::Idle => "nothing was sent",
            Self::PathChanged => "the round trip grew without more data in flight",
            Self::CapacityUnknown => "the path was never seen to be the limit",
            Self::OwnBase => "no other connection has seen the path empty",
            Self::NoKeepalive => "cannot be known: no keepalive",
            Self::OtherEnd => "only the other end can count it",
        })
    }
}

/// A share that was counted, and between which limits the true one lies.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct Estimate {
    /// `count / samples`.
    pub value: f64,
    /// Lower end of the 95 % interval; 0 when the value is only an upper bound.
    pub low: f64,
    /// Upper end of the 95 % interval. Events that come in bursts vary more than this says.
    pub high: f64,
    /// How often it happened.
    pub count: u64,
    /// Out of how many.
    pub samples: u64,
    /// The true share can be smaller than any of these.
    pub upper_bound: bool,
}

impl Estimate {
    /// The share with Wilson's interval, which unlike the textbook one holds for small counts and none at all.
    /// `count` is at most `samples`, which is not 0.
    pub(super) fn wilson(count: u64, samples: u64) -> Self {
        let n = samples as f64;
        let value = count as f64 / n;
        let z2 = Z_95 * Z_95;
        let middle = value + z2 / (2.0 * n);
        let spread = Z_95 * (value * (1.0 - value) / n + z2 / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z2 / n;
        Self {
            value,
            // Rounding must not push an end over the value or out of the range.
            low: ((middle - spread) / scale).clamp(0.0, value),
            high: ((middle + spread) / scale).clamp(value, 1.0),
            count,
            samples,
            upper_bound: false,
        }
    }

    /// The same count where not all that was counted need have happened.
    pub(super) fn into_upper_bound(self) -> Self {
        Self { low: 0.0, upper_bound: true, ..self }
    }
}
