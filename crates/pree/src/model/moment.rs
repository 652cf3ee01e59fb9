//! When something was seen.

use std::time::Duration;

/// A time by both clocks of the machine that was looked at: the wall clock says when for people and may be set, the other
/// one only goes forward and says how long.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub struct Moment {
    /// Since the Unix epoch; `None` where the source does not say.
    pub wall: Option<Duration>,
    /// Since a point that is the same for as long as this process runs (Linux: since boot, without the time asleep:
    /// `CLOCK_MONOTONIC`); `None` where the source does not say.
    pub monotonic: Option<Duration>,
}
