//! How much of the round trip is queueing, and in whose queue.
//!
//! RTT less the path's own RTT is the queue, over the whole round trip: a queue for the acknowledgements counts too.
//! A ratio of the two would not do: on a short path any queue, and any delayed acknowledgement, is a multiple.

use std::time::Duration;

use super::growth::{Growth, growth};
use super::limits::{
    BBR_QUEUE_MOST, BLOAT_FROM, BLOAT_MILD_FROM, BLOAT_SAMPLES, BLOAT_SEVERE_FROM, DELAY_SAMPLES,
    DOWNLOAD_FULL_SHARE, DOWNLOAD_LOOKS, DOWNLOAD_PAUSE, DOWNLOAD_SAMPLES, LATENCY_FROM,
    LOADING_APP_LIMITED_SHARE, LOADING_BUSY_SHARE, QUEUE_ALLOWED_MOST,
};
use super::turns::{data_received_at_least, data_sent_at_least};
use super::{Context, Subject, Unknown, Verdict};

/// The part of the round trip that is waiting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct QueueDelay {
    /// Smoothed round-trip time now; of an interval the median.
    pub rtt: Duration,
    /// The path's own: the smallest seen lately, by this connection or by another one to the same peer.
    pub base: Duration,
    /// `rtt - base`.
    pub queue: Duration,
    /// The part of `queue` beyond the buffer that a path needs: one base RTT, at most 100 ms.
    pub excess: Duration,
    /// No other connection has seen a shorter base, so a queue that was there when this one began does not show.
    pub own_base: bool,
}

impl QueueDelay {
    fn new(rtt: Duration, own: Option<Duration>, context: &Context) -> Option<Self> {
        // Opened into a full queue, a connection never sees its path empty: others to that peer may have.
        let base = own.into_iter().chain(context.peer_base_rtt).min()?;
        let queue = rtt.saturating_sub(base);
        let excess = queue.saturating_sub(base.min(QUEUE_ALLOWED_MOST));
        Some(Self { rtt, base, queue, excess, own_base: own == Some(base) })
    }

    fn grade(self) -> Verdict {
        match self.excess {
            excess if excess >= BLOAT_SEVERE_FROM => Verdict::Severe,
            excess if excess >= BLOAT_FROM => Verdict::Yes,
            excess if excess >= BLOAT_MILD_FROM => Verdict::Mild,
            _ => Verdict::No,
        }
    }
}

/// Measures the queue.
pub(super) fn queue_delay(subject: &Subject<'_>, context: &Context) -> Result<QueueDelay, Unknown> {
    let stats = subject.stats;
    let rtt = stats.rtt.ok_or(Unknown::NotTold)?;
    // A connection that only receives keeps the handshake's sample forever.
    let now = subject.now();
    // The kernel halves whole microseconds.
    let halves = |(rtt, rttvar): (Duration, Duration)| {
        let rest = rtt.checked_sub(rttvar).and_then(|rest| rest.checked_sub(rttvar));
        rest.is_some_and(|rest| rest <= Duration::from_micros(1))
    };
    let one_sample = now.rtt.zip(now.rttvar).is_some_and(halves);
    if one_sample {
        return Err(Unknown::OneSample);
    }
    if data_sent_at_least(stats).ok_or(Unknown::NotTold)? < DELAY_SAMPLES {
        return Err(Unknown::FewSamples);
    }
    let delay = QueueDelay::new(rtt, stats.min_rtt, context).ok_or(Unknown::NotTold)?;
    // What BBR has in flight does not grow with the queue of others, so it tells no longer way from that.
    let grew =
        delay.excess >= BLOAT_MILD_FROM && is_loading(subject) == Some(true) && !is_of_others(subject, delay);
    match subject.interval.filter(|_| grew).map(growth) {
        Some(Growth::WithoutDataInFlight) => Err(Unknown::PathChanged),
        _ => Ok(delay),
    }
}

/// Whether the connection itself fills its path. For one look, the kernel's word for it is that of its last sample of the
/// delivery rate, which may be old; so something must also wait to be sent now.
fn is_loading(subject: &Subject<'_>) -> Option<bool> {
    let stats = subject.stats;
    let Some(interval) = subject.interval else {
        return match (stats.delivery_rate_app_limited, stats.notsent_bytes) {
            (Some(true), _) | (_, Some(0)) => Some(false),
            (Some(false), Some(_)) => Some(true),
            (None, _) | (_, None) => None,
        };
    };
    let busy = stats.busy_time?.as_secs_f64() >= LOADING_BUSY_SHARE * interval.length().as_secs_f64();
    Some(busy && interval.share(|look| look.app_limited)? < LOADING_APP_LIMITED_SHARE)
}

/// Whether the queue is longer than one that BBR makes itself: it has two round trips in flight at most (`cwnd_gain`), as
/// long as it saw its path empty.
fn is_of_others(subject: &Subject<'_>, delay: QueueDelay) -> bool {
    let algorithm = subject.now().congestion_algorithm.as_ref();
    algorithm.is_some_and(|name| name.as_bytes().starts_with(b"bbr"))
        && delay.queue > BBR_QUEUE_MOST * delay.base
}

/// Whether a connection that fills its path creates a harmful queue for itself.
pub(super) fn bloat(subject: &Subject<'_>, delay: Result<QueueDelay, Unknown>) -> Verdict {
    let delay = match delay {
        Ok(delay) => delay,
        Err(Unknown::PathChanged) => return Verdict::No,
        Err(why) => return Verdict::Unknown(why),
    };
    match is_loading(subject) {
        None => Verdict::Unknown(Unknown::NotTold),
        Some(false) => Verdict::Unknown(Unknown::NotLoading),
        Some(true) if data_sent_at_least(subject.stats) < Some(BLOAT_SAMPLES) => {
            Verdict::Unknown(Unknown::FewSamples)
        }
        Some(true) if is_of_others(subject, delay) => Verdict::No,
        Some(true) => delay.grade(),
    }
}

/// Whether a connection that does not fill its path, or fills it with BBR, waits in somebody else's queue. Sparse flows are
/// acknowledged late, so only what no delayed acknowledgement explains counts; between that and nothing it stays open.
pub(super) fn latency_raised(subject: &Subject<'_>, delay: Result<QueueDelay, Unknown>) -> Verdict {
    match delay {
        Err(why) => Verdict::Unknown(why),
        Ok(delay) if is_loading(subject) == Some(true) => match is_of_others(subject, delay) {
            true if delay.excess >= BLOAT_FROM => Verdict::Yes,
            true if delay.excess < BLOAT_MILD_FROM => Verdict::No,
            true => Verdict::Unknown(Unknown::Undecided),
            false => Verdict::Unknown(Unknown::Loading),
        },
        Ok(delay) if delay.queue >= LATENCY_FROM && delay.excess >= BLOAT_FROM => Verdict::Yes,
        Ok(delay) if delay.excess < BLOAT_MILD_FROM => Verdict::No,
        Ok(_) => Verdict::Unknown(Unknown::Undecided),
    }
}

/// The queue of what arrives, as the receiving end sees it: from a window opened to the data that fill it. With pauses
/// in between, or with a little in each segment, that is the sender's time and not the path's: requests and answers take
/// a second to fill a window though each is there at once. So data must come without a pause and in full segments.
pub(super) fn download_delay(subject: &Subject<'_>, context: &Context) -> Result<QueueDelay, Unknown> {
    let interval = subject.interval.ok_or(Unknown::NeedsInterval)?;
    let segments = data_received_at_least(subject.stats).ok_or(Unknown::NotTold)?;
    let points = interval.samples();
    let told = points.iter().filter(|look| look.last_data_recv.is_some() && look.rcv_rtt.is_some()).count();
    if segments < DOWNLOAD_SAMPLES || told < DOWNLOAD_LOOKS {
        return Err(Unknown::FewSamples);
    }
    if points.iter().any(|look| look.last_data_recv > Some(DOWNLOAD_PAUSE)) {
        return Err(Unknown::NotLoading);
    }
    let full = f64::from(subject.stats.rcv_mss.ok_or(Unknown::NotTold)?);
    let bytes = subject.stats.bytes_received.ok_or(Unknown::NotTold)?;
    if (bytes as f64) < DOWNLOAD_FULL_SHARE * full * segments as f64 {
        return Err(Unknown::NotLoading);
    }
    let rtt = interval.median(|look| look.rcv_rtt).ok_or(Unknown::NotTold)?;
    QueueDelay::new(rtt, subject.stats.min_rtt, context).ok_or(Unknown::NotTold)
}

/// Whether incoming data fills a harmful queue.
pub(super) fn download_bloat(delay: Result<QueueDelay, Unknown>) -> Verdict {
    delay.map_or_else(Verdict::Unknown, QueueDelay::grade)
}
