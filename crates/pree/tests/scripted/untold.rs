//! What is asked for and not told is a gap, and what is not asked for is none.

use pree::source::{Errno, Failure, Question};
use pree::{
    ErrorKind, Missing, Needs, Origin, Owner, OwnerLookup, Query, Snapshot, Socket, SourceChoice, State,
    States,
};

use super::kernel::{Fake, Kernel, Population, Process};
use super::{LISTEN, SYN_RECV, TIME_WAIT, population};

/// The answer of a kernel that refuses `sock_diag`.
fn through_proc(query: &Query) -> Snapshot {
    let mut kernel = Kernel::new(population()).on(|_, question, _| {
        matches!(question, Question::Diag { .. }).then_some(Err(Failure::Answer(Errno::EPERM)))
    });
    let snapshot = query.collect_from(&mut kernel).unwrap();
    assert!(snapshot.coverage().origins().iter().all(|(_, origin)| *origin == Origin::Proc));
    snapshot
}

/// What is asked for, what a gap calls it, and which rows lack it.
type Case = (Needs, &'static str, fn(&Socket) -> bool);

fn asked(needs: Needs) -> Query {
    Query::new().tcp().udp().needs(needs)
}

/// Without those of which /proc tells nothing at all.
fn asked_of_told(needs: Needs) -> Query {
    asked(needs).without_states(States::BOUND_INACTIVE)
}

fn is_whole(socket: &Socket) -> bool {
    !matches!(socket.state, State::TimeWait | State::SynReceived)
}

#[test]
fn each_thing_that_proc_does_not_tell_is_a_gap_where_it_is_asked_for() {
    let is_listening = |s: &Socket| s.state == State::Listen;
    let binds_v6 = |s: &Socket| s.local.to_string() == "[::]:443";
    let cases: [Case; 9] = [
        (Needs::MEMORY, "memory", is_whole),
        (Needs::ID, "cookies", |_| true),
        (Needs::SEND_QUEUE, "accept-queue limits", is_listening),
        (Needs::TRAFFIC_CLASS, "traffic classes", is_whole),
        (Needs::INTERFACE, "interfaces", |_| true),
        (Needs::V6ONLY, "v6only", binds_v6),
        (Needs::OPTIONS, "options", is_whole),
        (Needs::CGROUP, "cgroups", is_whole),
        (Needs::MARK, "marks", |s| s.state != State::TimeWait),
    ];
    for (needs, name, lacks) in cases {
        let snapshot = through_proc(&asked(needs));
        let coverage = snapshot.coverage();
        let [gap] = coverage.gaps() else { panic!("{name}: {coverage}") };
        assert_eq!((gap.what, gap.why), (Missing::Fields, ErrorKind::NotPermitted), "{name}");
        assert_eq!(gap.object, format!("/proc/net: {name}"));
        let lacking = snapshot.iter().filter(|socket| lacks(socket)).count();
        assert!(lacking > 0);
        assert_eq!(gap.count, Some(lacking as u64), "{name}");
        assert!(!coverage.lacks_rows(), "{name}");
    }
}

#[test]
fn what_nobody_asks_for_or_proc_does_tell_is_no_gap() {
    for needs in [Needs::empty(), Needs::RECV_QUEUE, Needs::UID, Needs::PEERS, Needs::DETAIL] {
        let snapshot = through_proc(&asked(needs));
        assert!(!snapshot.sockets().is_empty());
        assert!(snapshot.coverage().is_complete(), "{needs:?}: {}", snapshot.coverage());
    }
    // Without a listener nobody misses limits, and a memory of a connection has no memory.
    for (query, only) in [
        (asked(Needs::SEND_QUEUE).states(States::ESTABLISHED), State::Established),
        (asked(Needs::MEMORY | Needs::STATS).states(States::TIME_WAIT), State::TimeWait),
    ] {
        let snapshot = through_proc(&query);
        assert!(!snapshot.sockets().is_empty() && snapshot.iter().all(|socket| socket.state == only));
        assert!(snapshot.coverage().is_complete(), "{only:?}: {}", snapshot.coverage());
    }
}

#[test]
fn all_that_proc_does_not_tell_is_one_gap_beside_the_statistics() {
    let everything = Needs::STATS | Needs::MEMORY | Needs::TRAFFIC_CLASS | Needs::UNASKED;
    let snapshot = through_proc(&asked(everything));
    let [stats, fields] = snapshot.coverage().gaps() else { panic!("{}", snapshot.coverage()) };
    assert_eq!((stats.what, fields.what), (Missing::Stats, Missing::Fields));
    for name in
        ["memory", "cookies", "accept-queue limits", "traffic classes", "interfaces", "options", "cgroups"]
    {
        assert!(fields.object.contains(name), "{name}: {}", fields.object);
    }
    assert_eq!(fields.count, Some(snapshot.sockets().len() as u64));
}

/// `0.0.0.0:80` may be `0.0.0.0%eth0:80`, and `[::]:80` `*:80`.
#[test]
fn ends_as_they_are_shown_lack_what_proc_does_not_tell() {
    let snapshot = through_proc(&asked(Needs::INTERFACE_NAME));
    let [gap] = snapshot.coverage().gaps() else { panic!("{}", snapshot.coverage()) };
    assert_eq!((gap.what, gap.why), (Missing::Fields, ErrorKind::NotPermitted));
    assert_eq!(gap.object, "/proc/net: interfaces, v6only");
    // A filter that reads them as text asks for no more rows than it did.
    let filtered = asked_of_told(Needs::empty()).filter("nobodys-word".parse().unwrap());
    assert!(!through_proc(&filtered).coverage().lacks_rows());
    let told = asked(Needs::INTERFACE_NAME).collect_from(&mut Kernel::new(population())).unwrap();
    assert!(told.coverage().is_complete(), "{}", told.coverage());
}

/// They are in no file of /proc: an answer that they may belong to lacks them, whoever refused `sock_diag`.
#[test]
fn sockets_that_are_only_bound_are_a_gap_of_rows_where_they_are_asked_for() {
    let tcp = || Query::new().tcp().udp();
    let filter = |text: &str| tcp().filter(text.parse().unwrap());
    let named = States::all() - States::TIME_WAIT;
    for (query, missing) in [
        (tcp(), false),
        (tcp().without_states(States::TIME_WAIT), false),
        (tcp().states(States::LISTENING), false),
        (tcp().states(named).without_states(States::BOUND_INACTIVE), false),
        (Query::new().udp().states(named), false),
        (filter("state listening sport = 7777"), false),
        (filter("dport = 7777"), false),
        (filter("dst 10.0.0.0/8 and sport > 0"), false),
        (filter("proto = udp and sport = 7777"), false),
        (filter("sport = 7777").states(States::LISTEN), false),
        (tcp().states(named), true),
        (tcp().states(States::BOUND_INACTIVE), true),
        (filter("state bound-inactive"), true),
        (filter("sport = 7777"), true),
        (filter("pid = 40"), true),
        (filter("not dport = 7777"), true),
    ] {
        let of_choice = query.clone().source(SourceChoice::Proc).collect_from(&mut Kernel::new(population()));
        for (snapshot, why) in
            [(through_proc(&query), ErrorKind::NotPermitted), (of_choice.unwrap(), ErrorKind::Unsupported)]
        {
            let coverage = snapshot.coverage();
            assert!(coverage.lacks_bound() || !missing, "{query:?}");
            let gaps: Vec<_> = coverage.gaps().iter().map(|gap| (gap.what, gap.why)).collect();
            let expected = if missing { vec![(Missing::Rows, why)] } else { Vec::new() };
            assert_eq!(gaps, expected, "{query:?}: {coverage}");
            assert!(coverage.gaps().iter().all(|gap| gap.object.contains("TCP sockets that are bound")));
        }
        let told = query.collect_from(&mut Kernel::new(population())).unwrap();
        assert!(told.coverage().is_complete(), "{query:?}: {}", told.coverage());
        assert!(!told.coverage().lacks_bound(), "{query:?}");
    }
    assert!(through_proc(&tcp()).coverage().lacks_bound());
}

#[test]
fn a_kernel_that_does_not_list_sockets_that_are_only_bound_says_so() {
    let filter = |text: &str| Query::new().tcp().filter(text.parse().unwrap());
    let mut without = population();
    without.sockets.retain(|socket| socket.local.port() != 7777);
    let of = |release: &'static str| {
        Kernel::new(without.clone()).on(move |_, question, _| match question {
            Question::KernelRelease => Some(Ok(vec![release.as_bytes().to_vec()])),
            _ => None,
        })
    };
    for (release, tells) in [
        ("6.8.0", true),
        ("6.10-rc1", true),
        ("7.0", true),
        ("unknown", true),
        ("6.7.12-generic", false),
        ("5.10.0-32-amd64", false),
    ] {
        for (query, asks) in [
            (filter("sport = 7777"), true),
            (filter("pid = 40"), true),
            (Query::new().tcp().states(States::BOUND_INACTIVE), true),
            (Query::new().tcp(), false),
            (filter("dport = 7777"), false),
            (Query::new().tcp().states(States::LISTENING), false),
            (Query::new().udp(), false),
        ] {
            let snapshot = query.collect_from(&mut of(release)).unwrap();
            let gaps: Vec<_> = snapshot.coverage().gaps().iter().map(|gap| (gap.what, gap.why)).collect();
            let gap = (asks && !tells).then_some((Missing::Rows, ErrorKind::Unsupported));
            assert_eq!(gaps, gap.into_iter().collect::<Vec<_>>(), "{release} {query:?}");
        }
        for (states, has_bound) in [(States::all(), true), (States::LISTENING, false)] {
            let snapshot = Query::new().tcp().udp().states(states).collect_from(&mut of(release)).unwrap();
            assert_eq!(snapshot.coverage().lacks_bound(), has_bound && !tells, "{release}");
        }
    }
    // One that comes by shows that this kernel does, whatever its release.
    let mut kernel = Kernel::new(population()).on(|_, question, _| match question {
        Question::KernelRelease => Some(Ok(vec![b"5.14.0-el9".to_vec()])),
        _ => None,
    });
    let snapshot = filter("sport = 7777").collect_from(&mut kernel).unwrap();
    assert_eq!(snapshot.sockets().len(), 1);
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
}

#[test]
fn a_namespace_that_could_not_be_read_leaves_filters_by_it_undecided() {
    for (errno, why) in [(2, ErrorKind::Absent), (13, ErrorKind::NotPermitted), (5, ErrorKind::Io)] {
        for source in [SourceChoice::Diag, SourceChoice::Proc] {
            let of = |text: &str| {
                let mut kernel = Kernel::new(population()).on(move |_, question, _| match question {
                    Question::NetNamespace => Some(Err(Failure::Answer(Errno::linux(errno)))),
                    _ => None,
                });
                let query = Query::new().states(States::LISTEN).filter(text.parse().unwrap());
                query.source(source).collect_from(&mut kernel).unwrap()
            };
            let listeners = of("").sockets().len() as u64;
            assert!(listeners > 0 && of("").coverage().is_complete());
            for text in ["netns = 5", "not netns = 5", "has netns"] {
                let snapshot = of(text);
                let gaps: Vec<_> =
                    snapshot.coverage().gaps().iter().map(|gap| (gap.what, gap.why, gap.count)).collect();
                assert_eq!(gaps, [(Missing::Rows, why, Some(listeners))], "{text}: {}", snapshot.coverage());
                assert!(snapshot.sockets().is_empty());
            }
            assert!(of("netns = 5 and sport = 4").coverage().is_complete());
        }
    }
}

/// Only what is in the answer can lack anything.
#[test]
fn rows_that_a_filter_leaves_out_lack_nothing() {
    for filter in ["sport = 2007", "pid = 40 and sport = 2007"] {
        let snapshot =
            through_proc(&asked_of_told(Needs::MEMORY | Needs::STATS).filter(filter.parse().unwrap()));
        assert_eq!(snapshot.sockets().len(), 1);
        let counts: Vec<_> = snapshot.coverage().gaps().iter().map(|gap| (gap.what, gap.count)).collect();
        assert_eq!(counts, [(Missing::Stats, Some(1)), (Missing::Fields, Some(1))], "{filter}");
    }
}

/// Whether they match is not known: rows may be missing.
#[test]
fn rows_that_a_filter_cannot_decide_are_a_gap_of_rows() {
    for (filter, name) in [
        ("backlog_limit >= 1", "accept-queue limits"),
        ("rmem >= 0", "memory"),
        ("id > 0", "cookies"),
        ("tos = 0", "traffic classes"),
        ("rtt > 5ms", "statistics"),
        ("fwmark = 1", "marks"),
        ("not dev = 1", "interfaces"),
        ("src ::1%1", "interfaces"),
        ("has rmem", "memory"),
        ("not has rmem and state established", "memory"),
        ("has backlog_limit and sport > 0", "accept-queue limits"),
        ("not has fwmark and state established", "marks"),
        ("has issue", "statistics, memory"),
        ("not has id or sport = 9", "cookies"),
        ("not rtt > 5ms and sport > 0", "statistics"),
    ] {
        let snapshot = through_proc(&asked_of_told(Needs::empty()).filter(filter.parse().unwrap()));
        assert_eq!(snapshot.sockets().len(), 0, "{filter}");
        let [gap] = snapshot.coverage().gaps() else { panic!("{filter}: {}", snapshot.coverage()) };
        let told = (gap.what, gap.why, gap.object.as_str());
        assert_eq!(told, (Missing::Rows, ErrorKind::NotPermitted, &*format!("filter by {name}")));
        assert!(gap.hint.contains("sock_diag"), "{gap}");
    }
    // What another condition decides is decided.
    for filter in ["rmem >= 0 and sport = 1", "rmem >= 0 or sport > 0", "has rmem or sport > 0", "has recvq"]
    {
        let snapshot = through_proc(&asked_of_told(Needs::empty()).filter(filter.parse().unwrap()));
        assert!(snapshot.coverage().is_complete(), "{filter}: {}", snapshot.coverage());
    }
    // What no source would tell is not there.
    let states = States::TIME_WAIT;
    for (filter, found) in [("has rmem", 0), ("not has rmem", 1), ("not has rtt", 1), ("fwmark = 1", 0)] {
        let snapshot =
            through_proc(&asked_of_told(Needs::empty()).states(states).filter(filter.parse().unwrap()));
        assert_eq!(snapshot.sockets().len(), found, "{filter}");
        assert!(snapshot.coverage().is_complete(), "{filter}: {}", snapshot.coverage());
    }
}

/// The namespace of a row is known, whichever source it comes from.
#[test]
fn rows_from_proc_are_found_by_their_namespace() {
    let query = asked(Needs::empty()).states(States::LISTEN);
    assert_eq!(through_proc(&query).sockets().len(), 9);
    for (filter, found) in [
        ("netns = 4026531840", 9),
        ("not netns = 1", 9),
        ("has netns", 9),
        ("netns = 1", 0),
        ("not has netns", 0),
    ] {
        let query = query.clone().filter(filter.parse().unwrap());
        for snapshot in [through_proc(&query), query.collect_from(&mut Kernel::new(population())).unwrap()] {
            assert_eq!(snapshot.sockets().len(), found, "{filter}");
            assert!(snapshot.coverage().is_complete(), "{filter}: {}", snapshot.coverage());
        }
    }
}

#[test]
fn marks_that_sock_diag_keeps_to_itself_are_a_gap_where_they_are_asked_for() {
    let sockets = vec![
        Fake::tcp(LISTEN, "0.0.0.0:80", "", 1),
        Fake::udp(7, "0.0.0.0:53", "", 2),
        Fake::tcp(TIME_WAIT, "10.0.0.1:1999", "10.9.9.9:443", 0),
    ];
    let population = Population { sockets, rows_per_message: 7, ..population() };
    let look = |needs| {
        let query = asked(needs).source(SourceChoice::Diag);
        query.collect_from(&mut Kernel::new(population.clone())).unwrap()
    };
    // Keys of TCP-MD5 are reported to whom marks are.
    let snapshot = look(Needs::MD5);
    let [gap] = snapshot.coverage().gaps() else { panic!("{}", snapshot.coverage()) };
    let told = (gap.what, gap.why, gap.count, gap.object.as_str());
    assert_eq!(told, (Missing::Fields, ErrorKind::NotPermitted, Some(1), "md5"));
    let filter = Query::new().tcp().source(SourceChoice::Diag).filter("has md5".parse().unwrap());
    let snapshot = filter.collect_from(&mut Kernel::new(population.clone())).unwrap();
    assert!(snapshot.coverage().lacks_rows(), "{}", snapshot.coverage());
    // A row that lacks both is one.
    let both = look(Needs::MARK | Needs::MD5);
    let counts: Vec<_> = both.coverage().gaps().iter().map(|gap| (gap.object.as_str(), gap.count)).collect();
    assert_eq!(counts, [("marks, md5", Some(2))]);
    let snapshot = look(Needs::MARK);
    assert_eq!(snapshot.sockets().len(), 3);
    let [gap] = snapshot.coverage().gaps() else { panic!("{}", snapshot.coverage()) };
    let told = (gap.what, gap.why, gap.count, gap.object.as_str());
    assert_eq!(told, (Missing::Fields, ErrorKind::NotPermitted, Some(2), "marks"));
    assert!(gap.hint.contains("CAP_NET_ADMIN"));
    let everything = look(Needs::MEMORY | Needs::UNASKED);
    assert!(everything.coverage().is_complete(), "{}", everything.coverage());
}

/// An attribute that did not come though it was asked for: the kernel does not have it.
#[test]
fn what_an_older_kernel_does_not_tell_is_a_gap_where_it_is_asked_for() {
    let older = || {
        let mut population = population();
        population.sockets.iter_mut().for_each(|socket| socket.by_old_kernel = true);
        Kernel::new(population)
    };
    let whole =
        population().sockets.iter().filter(|socket| ![TIME_WAIT, SYN_RECV].contains(&socket.state)).count();
    for (needs, filter, name, since) in [
        (Needs::CGROUP, "cgroup_id = 1", "cgroups", "5.8"),
        (Needs::OPTIONS, "not has upper_layer", "options", "5.10"),
    ] {
        let snapshot = asked(needs).collect_from(&mut older()).unwrap();
        let [gap] = snapshot.coverage().gaps() else { panic!("{name}: {}", snapshot.coverage()) };
        let told = (gap.what, gap.why, gap.count, gap.object.as_str());
        assert_eq!(told, (Missing::Fields, ErrorKind::Unsupported, Some(whole as u64), name));
        assert!(gap.hint.contains(since), "{gap}");
        let filter = asked(Needs::empty()).filter(filter.parse().unwrap());
        let snapshot = filter.collect_from(&mut older()).unwrap();
        let [gap] = snapshot.coverage().gaps() else { panic!("{name}: {}", snapshot.coverage()) };
        let told = (gap.what, gap.why, gap.count, gap.object.as_str());
        let object = format!("filter by {name}");
        assert_eq!(told, (Missing::Rows, ErrorKind::Unsupported, Some(whole as u64), &*object));
        // What this one tells, and what nobody asks for, is whole.
        for (kernel, needs) in [(&mut older(), Needs::MEMORY), (&mut Kernel::new(population()), needs)] {
            let snapshot = asked(needs).collect_from(kernel).unwrap();
            assert!(snapshot.coverage().is_complete(), "{name}: {}", snapshot.coverage());
        }
    }
}

/// A filter looks at every owner, whoever is asked for.
#[test]
fn the_first_owner_is_one_whatever_the_filter() {
    let mut population = population();
    let inode = population.sockets.iter().find(|socket| socket.state == LISTEN).unwrap().inode;
    for (pid, name) in [(60, "one"), (61, "two")] {
        let sockets = vec![(3, inode.into())];
        population.processes.insert(pid, Process { name: name.into(), sockets, ..Process::default() });
    }
    for filter in ["", "process = one", "process = two", "cmd ~ o or fd = 3", "not process = none"] {
        for (lookup, all) in [(OwnerLookup::First, 1), (OwnerLookup::All, 5)] {
            let query = Query::new().tcp().states(States::LISTEN).owner_lookup(lookup);
            let query = query.filter(filter.parse().unwrap());
            let snapshot = query.collect_from(&mut Kernel::new(population.clone())).unwrap();
            let row = snapshot.iter().find(|row| row.inode == Some(inode.into())).unwrap();
            let name = |owner: &Owner| owner.process.name.to_string_lossy().into_owned();
            let names: Vec<_> = row.owners.iter().map(name).collect();
            // Where processes are named, only these are looked into.
            match filter.strip_prefix("process = ") {
                Some(named) => assert_eq!(names, [named], "{filter} {lookup:?}"),
                None => assert_eq!(names.len(), all, "{filter} {lookup:?}: {names:?}"),
            }
        }
    }
}

/// Statistics that the kernel is too old for leave a filter undecided; what it is old enough for, and what no kernel tells of
/// such a connection yet, does not.
#[test]
fn statistics_of_later_kernels_leave_filters_by_them_undecided() {
    for (length, filter, undecided) in [
        (104, "minrtt < 5ms", true),
        (104, "not minrtt < 5ms", true),
        (104, "has pacing_rate", true),
        (104, "not has delivery_rate_app_limited", true),
        (104, "fastopen_client_fail = 1", true),
        (104, "minrtt < 5ms and sport = 4", false),
        (104, "has rtt", false),
        (104, "last_ack_sent > 1s", false),
        (104, "ssthresh > 90", false),
        (104, "loss > 1%", true),
        (232, "snd_wnd > 70", false),
        (232, "rcv_wnd > 70", true),
        (232, "accecn_opt_seen = 1", true),
        (280, "has minrtt", false),
        (280, "loss > 1%", false),
        (280, "rcv_wnd > 70", false),
    ] {
        let mut population = population();
        population.sockets.iter_mut().for_each(|socket| socket.tcp_info.resize(length, 0));
        let query = Query::new().tcp().states(States::ESTABLISHED);
        let all = query.collect_from(&mut Kernel::new(population.clone())).unwrap().sockets().len() as u64;
        let query = query.filter(filter.parse().unwrap());
        let snapshot = query.collect_from(&mut Kernel::new(population)).unwrap();
        let gaps: Vec<_> =
            snapshot.coverage().gaps().iter().map(|gap| (gap.what, gap.why, gap.count)).collect();
        let gap = (Missing::Rows, ErrorKind::Unsupported, Some(all));
        let expected = if undecided { vec![gap] } else { Vec::new() };
        assert!(all > 0);
        assert_eq!(gaps, expected, "{length} {filter}: {}", snapshot.coverage());
    }
}

#[test]
fn names_of_users_that_cannot_be_read_are_a_gap_where_they_are_asked_for() {
    for errno in [Errno::ENOENT, Errno::EACCES, Errno::linux(5), Errno::linux(11)] {
        let mut kernel = Kernel::new(population()).on(move |_, question, _| {
            matches!(question, Question::Users).then_some(Err(Failure::Answer(errno)))
        });
        let snapshot = asked(Needs::PROCESS_USER).collect_from(&mut kernel).unwrap();
        let held = snapshot.iter().find_map(|socket| socket.owners.first()).unwrap();
        assert!(held.process.uid.is_some() && held.process.user.is_none());
        let gaps = snapshot.coverage().gaps();
        let [gap] = gaps else { panic!("{errno}: {}", snapshot.coverage()) };
        let failure = Failure::Answer(errno);
        let told = (gap.what, gap.why, gap.object.as_str());
        assert_eq!(told, (Missing::Fields, failure.kind(), "names of users"), "{errno}");
        let unasked = asked(Needs::OWNERS).collect_from(&mut kernel).unwrap();
        assert!(unasked.coverage().is_complete(), "{errno}: {}", unasked.coverage());
    }
}

#[test]
fn times_of_starts_without_that_of_boot_are_a_gap_where_they_are_asked_for() {
    type Answer = Result<Vec<Vec<u8>>, Failure>;
    let answers: [(Answer, ErrorKind); 4] = [
        (Err(Failure::Answer(Errno::EACCES)), ErrorKind::NotPermitted),
        (Err(Failure::NotRecorded), ErrorKind::NotRecorded),
        (Ok(vec![vec![1, 2, 3]]), ErrorKind::Malformed),
        (Ok(vec![(-1_i64).to_le_bytes().to_vec()]), ErrorKind::Malformed),
    ];
    for (answer, why) in answers {
        let mut kernel = Kernel::new(population())
            .on(move |_, question, _| matches!(question, Question::BootTime).then(|| answer.clone()));
        let snapshot = asked(Needs::OWNERS | Needs::PROCESS_START).collect_from(&mut kernel).unwrap();
        let start = snapshot.iter().find_map(|socket| socket.owners.first()?.process.start_time).unwrap();
        assert!(start.since_boot().is_some() && start.since_unix_epoch().is_none());
        let [gap] = snapshot.coverage().gaps() else { panic!("{why:?}: {}", snapshot.coverage()) };
        let told = (gap.what, gap.why, gap.object.as_str());
        assert_eq!(told, (Missing::Fields, why, "when processes started"));
        for filter in ["started > 2020-01-01", "not started > 2020-01-01", "not has started"] {
            let filtered = asked(Needs::OWNERS).filter(filter.parse().unwrap()).states(States::LISTEN);
            let snapshot = filtered.collect_from(&mut kernel).unwrap();
            assert_eq!(snapshot.sockets().len(), 0, "{filter}");
            let rows = snapshot.coverage().gaps().iter().find(|gap| gap.what == Missing::Rows);
            assert_eq!(rows.map(|gap| (gap.why, gap.count)), Some((why, Some(9))), "{filter}");
        }
        let unasked =
            asked(Needs::OWNERS).filter("pid = 40".parse().unwrap()).collect_from(&mut kernel).unwrap();
        assert!(!unasked.sockets().is_empty());
        assert!(unasked.coverage().is_complete(), "{why:?}: {}", unasked.coverage());
    }
}
