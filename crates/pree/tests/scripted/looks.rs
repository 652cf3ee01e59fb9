//! Many looks at a kernel that fails for some of them.

use std::time::Duration;

use pree::quality::{Intervals, assess_host_interval};
use pree::source::{Errno, Failure, Question};
use pree::{Missing, Query, SourceChoice};

use crate::kernel::Kernel;
use crate::population;

/// 20 of 40 looks meet EIO, at the beginning, in the middle or before the end: everything is followed from the first good look
/// to the last, and what failed is told with the time that could be judged.
#[test]
fn failed_looks_are_told_and_end_nothing() {
    for choice in [SourceChoice::Diag, SourceChoice::Auto] {
        for fails in [0..20_u32, 10..30, 19..39] {
            let query = Query::new().tcp().stats().source(choice);
            let mut intervals = Intervals::default();
            let (mut failed, mut answer) = (0, None);
            for number in 0..40_u32 {
                let fails_now = fails.contains(&number);
                let mut kernel = Kernel::new(population()).on(move |_, question, _| {
                    let dump = matches!(question, Question::Diag { .. });
                    (fails_now && dump).then_some(Err(Failure::Transport(Errno::linux(5))))
                });
                let at = Duration::from_millis(100) * number;
                match query.collect_from(&mut kernel) {
                    Ok(look) if number == 39 => answer = Some(intervals.conclude(at, look)),
                    Ok(look) => intervals.add(at, &look),
                    Err(error) => intervals.add_failed(at, &error),
                }
                failed += u64::from(fails_now);
            }
            let answer = answer.unwrap();
            let context = format!("{choice:?} {fails:?}: {}", answer.coverage());
            assert!(!answer.coverage().is_complete() && !answer.coverage().lacks_rows(), "{context}");
            let looks: Vec<_> =
                answer.coverage().gaps().iter().filter(|gap| gap.what == Missing::Looks).collect();
            assert!(!looks.is_empty() && looks.iter().all(|gap| gap.count == Some(failed)), "{context}");
            let good: Vec<u32> = (0..40).filter(|number| !fails.contains(number)).collect();
            let length = Duration::from_millis(100) * (good[good.len() - 1] - good[0]);
            let connection = answer.iter().find(|socket| socket.tcp.is_some()).unwrap();
            let interval = intervals.get(connection).unwrap();
            assert_eq!((interval.length(), interval.looks()), (length, 20), "{context}");
            let words = format!("of 40, judged over {:.2} of 3.90 s", length.as_secs_f64());
            assert!(looks.iter().all(|gap| gap.object.starts_with(&words)), "{words}: {context}");
            assert!(assess_host_interval(&answer, &intervals).judged > 0, "{context}");
        }
    }
}
