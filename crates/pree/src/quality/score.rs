//! One number for how well a connection delivers. It judges the path, not the distance and not the program: base RTT
//! and application, receiver or buffer limits cost nothing.

use std::fmt;

use super::limits::{DELAY_WORTH, LOSS_EVENTS_FOR_VALUE, LOSS_WORTH};
use super::{Estimate, QueueDelay, Unknown, Verdict};

/// From 0 (nothing gets through) to 1 (nothing is wrong).
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Score(
    /// In 0..=1 and never NaN.
    f64,
);

impl Score {
    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.2}", self.0))
    }
}

/// The factors of the score. Unknown ones are left out.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct Factors {
    /// Loss factor.
    pub loss: Result<f64, Unknown>,
    /// Queueing factor.
    pub delay: Result<f64, Unknown>,
    /// Stall factor. 1 means no stall was seen, which is not evidence of health.
    pub progress: f64,
}

impl Factors {
    /// The product, if any factor is known.
    pub(super) fn score(&self) -> Option<Score> {
        let known = self.loss.is_ok() || self.delay.is_ok() || self.progress < 1.0;
        let product = self.loss.unwrap_or(1.0) * self.delay.unwrap_or(1.0) * self.progress;
        known.then(|| Score(product.clamp(0.0, 1.0)))
    }
}

/// The factor of loss.
pub(super) fn loss_worth(loss: Result<Estimate, Unknown>) -> Result<f64, Unknown> {
    let loss = loss?;
    let few = loss.count < LOSS_EVENTS_FOR_VALUE;
    let worth = worth(if few { loss.low } else { loss.value }, LOSS_WORTH);
    // An upper bound can clear a path and never blame it. Left out, it weighs as much as the best factor does.
    if loss.upper_bound && worth < 1.0 { Err(Unknown::UpperBound) } else { Ok(worth) }
}

/// The factor of delay: of both directions the worse, as far as they are known.
pub(super) fn worse(sent: Result<f64, Unknown>, received: Result<f64, Unknown>) -> Result<f64, Unknown> {
    match (sent, received) {
        (Ok(sent), Ok(received)) => Ok(sent.min(received)),
        (Err(_), Ok(received)) => Ok(received),
        (sent, Err(_)) => sent,
    }
}

/// What a queue of what arrives leaves of 1.
pub(super) fn download_worth(delay: Result<QueueDelay, Unknown>) -> Result<f64, Unknown> {
    Ok(worth(delay?.excess.as_secs_f64() * 1e3, DELAY_WORTH))
}

/// What the round trip leaves of 1, where one of its verdicts is decided.
pub(super) fn delay_worth(
    delay: Result<QueueDelay, Unknown>,
    bloat: Verdict,
    latency_raised: Verdict,
) -> Result<f64, Unknown> {
    let excess_ms = delay?.excess.as_secs_f64() * 1e3;
    match (bloat, latency_raised) {
        // What a delayed acknowledgement may be costs nothing, or the score would rise where that becomes undecided.
        (Verdict::Unknown(_), Verdict::No) => Ok(1.0),
        (Verdict::Unknown(why), Verdict::Unknown(Unknown::Loading))
        | (Verdict::Unknown(_), Verdict::Unknown(why)) => Err(why),
        _ => Ok(worth(excess_ms, DELAY_WORTH)),
    }
}

/// Linear in the logarithm between the points, level outside them.
fn worth(x: f64, points: &[(f64, f64)]) -> f64 {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return 1.0 };
    if x <= first.0 {
        return first.1;
    }
    let piece = points.windows(2).find_map(|pair| match *pair {
        [(x0, y0), (x1, y1)] if x < x1 => Some(y0 + (y1 - y0) * (x / x0).ln() / (x1 / x0).ln()),
        _ => None,
    });
    piece.unwrap_or(last.1)
}
