//! Many looks at a kernel, which fails for some of them.

use std::time::Duration;

use pree::quality::{Basis, Intervals, assess_host_interval};
use pree::source::{Errno, Failure, Question};
use pree::{Missing, Needs, Query, SourceChoice};

use crate::clocked::look_for_a_second;
use crate::every::every;
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

/// Through either source each socket is followed for the whole time, but for those that nothing names, of which that is
/// said. Whose they are is asked at the end.
#[test]
fn every_source_is_followed() {
    for (choice, followed, nameless) in [(SourceChoice::Diag, 79, 0), (SourceChoice::Proc, 74, 3)] {
        let query = Query::new().stats().owners().source(choice);
        let (last, intervals, kernel) = look_for_a_second(Kernel::new(population()), &query);
        let seen = last.iter().filter_map(|socket| intervals.get(socket));
        every(seen.clone(), |interval| (interval.length(), interval.looks()) == (Duration::from_secs(1), 11));
        assert_eq!(seen.count(), followed, "{choice:?}");
        let gaps: Vec<_> =
            last.coverage().gaps().iter().filter(|gap| gap.object == "from look to look").collect();
        assert_eq!(
            gaps.iter().filter_map(|gap| gap.count).sum::<u64>(),
            nameless,
            "{choice:?}: {}",
            last.coverage()
        );
        let host = assess_host_interval(&last, &intervals);
        assert_eq!(host.basis, Basis::Interval(Duration::from_secs(1)));
        assert_eq!(host.judged > 0, choice == SourceChoice::Diag, "{choice:?}");
        let asks_tables = |key: &String| key.starts_with("diag 0 6 first") || key == "net tcp";
        let first_process = kernel.asked.iter().position(|key| key == "processes").unwrap();
        let tables_after = kernel.asked[first_process..].iter().filter(|key| asks_tables(key)).count();
        let all = kernel.asked.iter().filter(|key| asks_tables(key)).count();
        assert_eq!(all / tables_after, 11, "owners are asked once, at the end");
    }
}

/// A filter about owners is asked when they are known; the looks before are of more sockets.
#[test]
fn a_filter_about_owners_waits_for_them() {
    let query = Query::new().tcp().stats().filter("pid=41".parse().unwrap());
    let (last, intervals, _) = look_for_a_second(Kernel::new(population()), &query);
    assert_eq!(last.sockets().len(), 1);
    every(&last, |socket| intervals.get(socket).is_some_and(|interval| interval.looks() == 11));
}

/// The machine's counters are compared between the first look and the last.
#[test]
fn what_the_machine_counts_is_read_twice() {
    let query = Query::new().tcp().stats().needs(Needs::HOST);
    let (_, _, kernel) = look_for_a_second(Kernel::new(population()), &query);
    assert_eq!(kernel.asked.iter().filter(|key| *key == "tcp_ext_counters").count(), 2);
}
