//! Limits of the machine: asked for on request, replayed, and unknown where they are refused.

use pree::model::{HostCounters, HostLimits, PortRange, TimeWaitReuse};
use pree::source::{Errno, Failure, Question, Recorder, Setting};
use pree::{Needs, Query};

use crate::fail_nth::FailNth;
use crate::kernel::Kernel;
use crate::population;

fn settings(kernel: &Kernel) -> Vec<&String> {
    kernel.asked.iter().filter(|asked| asked.starts_with("setting ")).collect()
}

#[test]
fn asked_for_on_request_and_replayed() {
    let mut kernel = Kernel::new(population());
    let snapshot = Query::new().collect_from(&mut kernel).unwrap();
    assert_eq!((snapshot.host(), settings(&kernel).len()), (&HostLimits::default(), 0));

    let query = Query::new().needs(Needs::HOST);
    let mut recorder = Recorder::new(Kernel::new(population()));
    let snapshot = query.collect_from(&mut recorder).unwrap();
    let host = snapshot.host();
    assert_eq!(host.local_ports, PortRange::new(32_768, 60_999));
    assert_eq!(host.choosable_ports(), Some(28_222));
    assert_eq!((host.time_wait_limit, host.time_wait_reuse), (Some(65_536), Some(TimeWaitReuse::Loopback)));
    assert_eq!((host.syn_backlog, host.syn_cookies), (Some(4096), Some(true)));
    let recording = recorder.finish();
    assert_eq!(query.collect_from(&mut recording.replay()).unwrap(), snapshot);
}

/// What the machine counts comes from `Tcp:` of /proc/net/snmp; refused, it is unknown.
#[test]
fn counters() {
    let text = "TCP: inuse 5\nTcp: RtoAlgorithm ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs \
                OutSegs RetransSegs InErrs OutRsts\nTcp: 1 2 3 4 5 6 7 8 9 10 11\n";
    let query = Query::new().needs(Needs::HOST);
    let answers = |answer: Result<&'static str, Failure>| {
        let mut kernel = Kernel::new(population()).on(move |_, question, _| {
            let bytes = answer.map(|text| vec![text.as_bytes().to_vec()]);
            (*question == Question::TcpCounters).then_some(bytes)
        });
        query.collect_from(&mut kernel).unwrap().counters().clone()
    };
    let told = answers(Ok(text));
    assert_eq!((told.active_opens, told.passive_opens, told.failed_attempts), (Some(2), Some(3), Some(4)));
    assert_eq!((told.resets, told.established, told.segments_in), (Some(5), Some(6), Some(7)));
    assert_eq!((told.segments_out, told.segments_retransmitted), (Some(8), Some(9)));
    assert_eq!((told.segments_damaged, told.resets_sent), (Some(10), Some(11)));
    assert_eq!(answers(Err(Failure::Answer(Errno::EACCES))), HostCounters::default());
    assert_eq!(answers(Ok("Tcp: ActiveOpens\n")), HostCounters::default());
}

/// What a recording lacks, or the system refuses, is unknown; the sockets are there.
#[test]
fn refused_is_unknown() {
    let query = Query::new().needs(Needs::HOST);
    let whole = query.collect_from(&mut Kernel::new(population())).unwrap();
    let refuse = |_: &mut _, question: &Question<'_>, _| {
        matches!(question, Question::Setting(_)).then_some(Err(Failure::Answer(Errno::EACCES)))
    };
    let mut kernel = Kernel::new(population()).on(refuse);
    let snapshot = query.collect_from(&mut kernel).unwrap();
    assert_eq!(settings(&kernel).len(), Setting::ALL.len());
    assert_eq!((snapshot.host(), snapshot.sockets()), (&HostLimits::default(), whole.sockets()));
    assert!(snapshot.coverage().is_complete());
}

/// The n-th call fails, for every n of those about settings: that one is unknown and no other.
#[test]
fn each_failure_costs_one_limit() {
    let query = Query::new().needs(Needs::HOST);
    let mut counting =
        FailNth { inner: Kernel::new(population()), n: 0, failure: Failure::Transport(Errno::EIO), calls: 0 };
    let whole = query.collect_from(&mut counting).unwrap();
    // A question, its batch, its end.
    let first = counting.calls + 1 - Setting::ALL.len() * 3;
    for n in first..=counting.calls {
        let mut source = FailNth {
            inner: Kernel::new(population()),
            n,
            failure: Failure::Transport(Errno::EIO),
            calls: 0,
        };
        let got = query.collect_from(&mut source).unwrap();
        assert_eq!(got.sockets(), whole.sockets());
        let (got, whole) = (got.host(), whole.host());
        let lost = [
            got.local_ports != whole.local_ports,
            got.reserved_ports != whole.reserved_ports,
            got.time_wait_limit != whole.time_wait_limit,
            got.time_wait_reuse != whole.time_wait_reuse,
            got.syn_backlog != whole.syn_backlog,
            got.syn_cookies != whole.syn_cookies,
        ];
        let expected: Vec<bool> = (0..lost.len()).map(|setting| setting == (n - first) / 3).collect();
        assert_eq!(lost[..], expected, "call {n}: {got:?}");
    }
}
