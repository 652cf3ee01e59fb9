//! TCP counters of the host, of both families together.

use pree_wire::windows::tcp_statistics::{TcpStatistics, TcpStatistics2};

use crate::model::HostCounters;
use crate::source::{Question, Source, WindowsQuestion, read_all};

/// A number is known when both families report it.
pub(in crate::collect) fn host_counters(source: &mut dyn Source) -> HostCounters {
    let [four, six] = [false, true].map(|v6| of_family(v6, source));
    let sum = |pick: fn(&HostCounters) -> Option<u64>| pick(&four)?.checked_add(pick(&six)?);
    HostCounters {
        active_opens: sum(|of| of.active_opens),
        passive_opens: sum(|of| of.passive_opens),
        failed_attempts: sum(|of| of.failed_attempts),
        resets: sum(|of| of.resets),
        established: sum(|of| of.established),
        segments_in: sum(|of| of.segments_in),
        segments_out: sum(|of| of.segments_out),
        segments_retransmitted: sum(|of| of.segments_retransmitted),
        segments_damaged: sum(|of| of.segments_damaged),
        resets_sent: sum(|of| of.resets_sent),
        ..HostCounters::default()
    }
}

/// With segments in 64 bits where this version has them.
fn of_family(v6: bool, source: &mut dyn Source) -> HostCounters {
    macro_rules! counters {
        ($told:expr) => {{
            let told = $told;
            HostCounters {
                active_opens: told.active_opens().map(u64::from),
                passive_opens: told.passive_opens().map(u64::from),
                failed_attempts: told.attempt_fails().map(u64::from),
                resets: told.estab_resets().map(u64::from),
                established: told.curr_estab().map(u64::from),
                segments_in: told.in_segs().map(u64::from),
                segments_out: told.out_segs().map(u64::from),
                segments_retransmitted: told.retrans_segs().map(u64::from),
                segments_damaged: told.in_errs().map(u64::from),
                resets_sent: told.out_rsts().map(u64::from),
                ..HostCounters::default()
            }
        }};
    }
    let mut ask = |question| read_all(source, &Question::Windows(question));
    if let Ok(bytes) = ask(WindowsQuestion::TcpStatistics2 { v6 }) {
        return counters!(TcpStatistics2::new(&bytes));
    }
    match ask(WindowsQuestion::TcpStatistics { v6 }) {
        Ok(bytes) => counters!(TcpStatistics::new(&bytes)),
        Err(_) => HostCounters::default(),
    }
}
