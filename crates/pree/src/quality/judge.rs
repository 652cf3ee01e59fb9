//! The judgement of one socket.

use super::{
    Assessment, Basis, Context, Factors, Interval, Subject, capacity, delay, findings, loss, progress, score,
    shares,
};
use crate::model::{Socket, TcpStats};

/// Judges one socket by its life so far; one without statistics is unknown throughout.
pub fn assess(socket: &Socket, context: &Context) -> Assessment {
    match &socket.tcp {
        Some(stats) => judge(&Subject::of(socket, stats), context),
        None => judge(&Subject::of(socket, &TcpStats::default()), context),
    }
}

/// Judges statistics alone. Without the addresses it takes IPv4's lower limit for a small segment size.
pub fn assess_stats(stats: &TcpStats, context: &Context) -> Assessment {
    judge(&Subject::of_stats(stats), context)
}

/// Judges what happened between the first look and the last; before a second look everything is unknown.
pub fn assess_interval(interval: &Interval, context: &Context) -> Assessment {
    let context = Context { basis: Basis::Interval(interval.length()), ..*context };
    let stats = interval.stats().unwrap_or_default();
    if interval.looks() < 2 {
        return judge(&Subject::of_stats(&stats), &context);
    }
    let accept_overflows = context.accept_overflows;
    let subject =
        Subject { interval: Some(interval), accept_overflows, ..Subject::of(interval.last(), &stats) };
    judge(&subject, &context)
}

/// What all of them share.
pub(crate) fn judge(subject: &Subject<'_>, context: &Context) -> Assessment {
    let stats = subject.stats;
    let loss = subject.or_idle(loss::estimate(stats));
    let queue_delay = subject.or_idle(delay::queue_delay(subject, context));
    let bloat = delay::bloat(subject, queue_delay);
    let latency_raised = delay::latency_raised(subject, queue_delay);
    let download_delay = delay::download_delay(subject, context);
    let capacity = capacity::capacity(subject);
    let factors = Factors {
        loss: score::loss_worth(loss),
        delay: score::worse(
            score::delay_worth(queue_delay, bloat, latency_raised),
            score::download_worth(download_delay),
        ),
        progress: progress::worth(subject),
    };
    let mut assessment = Assessment {
        basis: context.basis,
        score: factors.score(),
        factors,
        loss,
        lossy: loss::lossy(loss, progress::stalled(stats)),
        efficiency: subject.or_idle(loss::efficiency(stats)),
        utilisation: capacity::utilisation(subject, capacity),
        capacity,
        queue_delay,
        bloat,
        latency_raised,
        download_delay,
        download_bloat: delay::download_bloat(download_delay),
        limited_by: shares::shares(subject),
        peer_silent: progress::peer_silent(subject),
        findings: Vec::new(),
        is_connection: subject.socket.is_none_or(|socket| socket.tcp.is_some()),
        has_received: subject.now().bytes_received > Some(0),
    };
    assessment.findings = findings::find(subject, &assessment);
    assessment
}
