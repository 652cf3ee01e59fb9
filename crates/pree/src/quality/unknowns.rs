//! What is not known about a connection, and why.

use super::limits::BLOAT_FROM;
use super::{Assessment, Basis, Unknown, Verdict};

impl Assessment {
    /// What could not be answered, each with the reason. Sockets without statistics have nothing here.
    ///
    /// ```
    /// use pree::quality::{Context, Unknown, assess_stats};
    ///
    /// let nothing_known = assess_stats(&pree::TcpStats::default(), &Context::default());
    /// assert!(nothing_known.unknowns().any(|(what, why)| (what, why) == ("loss", Unknown::NotTold)));
    /// ```
    pub fn unknowns(&self) -> impl Iterator<Item = (&'static str, Unknown)> {
        let [queue, hidden_queue] = self.unknown_queue();
        [
            self.loss.err().map(|why| ("loss", why)),
            why(self.lossy).filter(|_| self.loss.is_ok()).map(|why| ("whether the loss matters", why)),
            self.has_received.then_some(("loss of what is received", Unknown::OtherEnd)),
            queue.map(|why| ("queue", why)),
            hidden_queue.map(|why| ("queue from before its start", why)),
            // For a life it would be said of every connection.
            (why(self.download_bloat).filter(|_| self.has_received && self.basis != Basis::Lifetime))
                .map(|why| ("queue of what is received", why)),
            self.efficiency.err().map(|why| ("efficiency", why)),
            self.utilisation.err().map(|why| ("utilisation", why)),
            self.limited_by.err().map(|why| ("what limits it", why)),
            why(self.peer_silent).map(|why| ("whether the peer is there", why)),
        ]
        .into_iter()
        .flatten()
        .filter(|_| self.is_connection)
    }

    /// Why it is not known whether it waits in a queue; and why another one may be hidden.
    fn unknown_queue(&self) -> [Option<Unknown>; 2] {
        let queue = match (self.bloat, self.latency_raised, self.queue_delay) {
            (_, _, Err(why)) => Some(why),
            // One of the two questions does not apply.
            (Verdict::Unknown(Unknown::NotLoading), raised, _) => why(raised),
            (bloat, ..) => why(bloat),
        };
        let may_hide = |delay: super::QueueDelay| delay.own_base && delay.base >= BLOAT_FROM;
        [queue, self.queue_delay.ok().filter(|delay| may_hide(*delay)).map(|_| Unknown::OwnBase)]
    }
}

fn why(verdict: Verdict) -> Option<Unknown> {
    match verdict {
        Verdict::Unknown(why) => Some(why),
        _ => None,
    }
}
