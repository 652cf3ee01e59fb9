//! A recording of everything, made of a machine that stood still, answers every question whole; what it cannot answer is
//! named.

use pree::source::{DiagPass, DiagTable, Question, Recorder, Recording};
use pree::{
    Coverage, ErrorKind, Family, Filter, Missing, Needs, OwnerLookup, OwnerSource, Protocol, Protocols,
    Query, SourceChoice, States,
};

use crate::every::every;
use crate::kernel::{Fake, Kernel, Population};
use crate::{CLOSE, ESTABLISHED, LISTEN, TCP, counters, population, rows};

/// Nothing whose going is not counted: so one pass over its table shows that it stood still.
fn countable() -> Population {
    let mut population = population();
    population.sockets.retain(|s| {
        s.protocol != TCP || matches!(s.state, ESTABLISHED | LISTEN) || s.state == CLOSE && s.inode == 0
    });
    population
}

fn still() -> Kernel {
    Kernel::new(countable()).on(|_, question, _| match question {
        Question::TcpCounters => Some(Ok(counters(7))),
        Question::OpenFiles => Some(Ok(vec![b"100 0 1000\n".to_vec()])),
        _ => None,
    })
}

fn whole() -> Query {
    Query::new().stats().owners().needs(Needs::HOST | Needs::PROCESS_USER)
}

fn recorded(query: &Query) -> Recording {
    let mut recorder = Recorder::new(still());
    query.collect_from(&mut recorder).unwrap();
    Recording::from_bytes(&recorder.finish().to_bytes()).unwrap()
}

/// Kind and body of each record behind the header.
fn records(recording: &Recording) -> Vec<(u8, Vec<u8>)> {
    let bytes = recording.to_bytes();
    let (mut records, mut rest) = (Vec::new(), &bytes[24..]);
    while let [kind, a, b, c, d, behind @ ..] = rest {
        // A number and a time stand between.
        let (body, after) = behind[12..].split_at(u32::from_le_bytes([*a, *b, *c, *d]) as usize);
        records.push((*kind, body.to_vec()));
        rest = after;
    }
    records
}

const QUESTION: u8 = 1;

#[test]
fn what_was_recorded_in_one_pass_is_whole_for_every_question() {
    let recording = recorded(&whole());
    let asked = records(&recording).into_iter().filter(|(kind, _)| *kind == QUESTION);
    let tcp: Vec<_> = asked.filter(|(_, key)| key.starts_with(b"diag 0 6 ")).map(|(_, key)| key).collect();
    assert_eq!(tcp, [b"diag 0 6 first"], "the machine stood still");

    let filters = [
        "dport=443",
        "sport=80",
        "state established",
        "state listen",
        "not dport=443",
        "src 10/8",
        "dst ::/0",
        "process~web",
        "pid=40",
        "user=app",
        "rtt>1us",
        "has rtt",
        "score<0.9",
        "sport>1 dport>1",
        "exclude listen",
    ];
    let queries =
        filters.iter().map(|text| (*text, whole().filter(text.parse::<Filter>().unwrap()))).chain([
            ("tcp", Query::new().tcp()),
            ("udp", Query::new().udp().owners()),
            ("v4", Query::new().family(Family::Ipv4).stats().owners()),
            ("v6", Query::new().family(Family::Ipv6)),
            ("first owner", whole().owner_lookup(OwnerLookup::First)),
            ("peers", whole().needs(Needs::PEERS)),
            ("directions", whole().needs(Needs::DIRECTION)),
            ("/proc for owners", whole().owner_source(OwnerSource::Proc)),
            ("sock_diag", whole().source(SourceChoice::Diag)),
            ("not pushed down", whole().filter("dport=443".parse().unwrap()).push_down(false)),
        ]);
    let mut found = 0;
    for (what, query) in queries {
        let live = query.collect_from(&mut still()).unwrap();
        let replayed = query.collect_from(&mut recording.replay()).unwrap();
        assert!(replayed.coverage().is_complete(), "{what}: {}", replayed.coverage());
        assert_eq!(rows(&replayed), rows(&live), "{what}");
        found += usize::from(!rows(&replayed).is_empty());
    }
    assert!(found > 20, "{found}");
}

#[test]
fn what_a_recording_cannot_answer_is_named() {
    let told = |coverage: &Coverage, what| {
        let gap = coverage.gaps().iter().find(|gap| gap.what == what).unwrap();
        assert_eq!(gap.why, ErrorKind::NotRecorded, "{coverage}");
        assert!(gap.to_string().contains("not in the recording"), "{gap}");
    };
    // Without owners.
    let recording = recorded(&Query::new().stats());
    // Nor the names of its namespace.
    let named = Query::new().tcp().filter("netns = blue".parse().unwrap());
    let snapshot = named.collect_from(&mut recording.replay()).unwrap();
    told(snapshot.coverage(), Missing::Rows);
    let snapshot = whole().collect_from(&mut recording.replay()).unwrap();
    told(snapshot.coverage(), Missing::Owners);
    let filtered = whole().filter("pid=40".parse().unwrap());
    told(filtered.collect_from(&mut recording.replay()).unwrap().coverage(), Missing::Rows);
    // Of other tables: beside one that is there, and alone.
    let recording = recorded(&Query::new().tcp());
    told(Query::new().collect_from(&mut recording.replay()).unwrap().coverage(), Missing::Rows);
    let error = Query::new().udp().collect_from(&mut recording.replay()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotRecorded, "{error}");
    assert!(error.to_string().contains("not in the recording"), "{error}");
    let error = Query::new().source(SourceChoice::Proc).collect_from(&mut recording.replay()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotRecorded, "{error}");
    // Names that were not asked for.
    let named = Query::new().tcp().filter("dev=eth0".parse().unwrap());
    let error = named.collect_from(&mut recording.replay()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotRecorded, "{error}");
}

/// A pass that broke off and was never made good stays a gap, however still the recording is.
#[test]
fn what_was_recorded_torn_stays_partial() {
    let recording = recorded(&whole());
    // Written as version 2, without numbers and times.
    let mut bytes = recording.to_bytes()[..16].to_vec();
    bytes[8] = 2;
    // The end of the answer about TCP is cut off.
    let mut datagrams = None;
    for (kind, body) in records(&recording) {
        if kind == QUESTION {
            datagrams = (body == b"diag 0 6 first").then_some(0);
        } else if let Some(count) = &mut datagrams {
            *count += 1;
            if *count > 1 {
                continue;
            }
        }
        bytes.push(kind);
        bytes.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        bytes.extend(body);
    }
    assert!(bytes.len() < recording.to_bytes().len());
    let torn = Recording::from_bytes(&bytes).unwrap();
    let snapshot = whole().collect_from(&mut torn.replay()).unwrap();
    assert!(!snapshot.sockets().is_empty() && snapshot.coverage().lacks_rows(), "{}", snapshot.coverage());
}

/// Made with a narrower request: what it did not ask about each socket is named, and rows that a filter cannot decide without it.
#[test]
fn what_a_recording_was_not_asked_about_sockets_is_named() {
    let recording = recorded(&Query::new().tcp().udp());
    let whole = Query::new().tcp().udp().collect_from(&mut recording.replay()).unwrap();
    assert!(whole.coverage().is_complete(), "{}", whole.coverage());
    for (needs, what, object, filter) in [
        (Needs::STATS, Missing::Stats, "", "rtt > 1us"),
        (Needs::MEMORY, Missing::Fields, "memory", "not has rmem"),
        (Needs::TRAFFIC_CLASS, Missing::Fields, "traffic classes", "tos = 0"),
    ] {
        let query = || Query::new().tcp().udp();
        let snapshot = query().needs(needs).collect_from(&mut recording.replay()).unwrap();
        assert_eq!(rows(&snapshot), rows(&whole));
        let [gap] = snapshot.coverage().gaps() else { panic!("{object}: {}", snapshot.coverage()) };
        assert_eq!((gap.what, gap.why, &*gap.object), (what, ErrorKind::NotRecorded, object));
        assert!(gap.to_string().contains("not in the recording") && gap.count > Some(0), "{gap}");
        let filtered = query().filter(filter.parse().unwrap());
        let snapshot = filtered.collect_from(&mut recording.replay()).unwrap();
        assert_eq!(snapshot.sockets().len(), 0, "{filter}");
        let [gap] = snapshot.coverage().gaps() else { panic!("{filter}: {}", snapshot.coverage()) };
        assert_eq!((gap.what, gap.why), (Missing::Rows, ErrorKind::NotRecorded), "{filter}");
        let live = query().needs(needs).collect_from(&mut still()).unwrap();
        assert!(live.coverage().is_complete(), "{object}: {}", live.coverage());
    }
}

/// A kernel that runs the filter programs of these tests, which all let port 80 through and nothing else. A listener is
/// passed over in the first pass.
fn filtering() -> Kernel {
    let mut passed_over = Vec::new();
    let population = Population { rows_per_message: 3, ..population() };
    Kernel::new(population).on(move |population, question, _| {
        if let Question::Diag { table: DiagTable { protocol, .. }, pass, request } = question {
            // What follows `struct inet_diag_req` or `inet_diag_req_v2`.
            let fixed = if request[4] == 18 { 16 + 60 } else { 16 + 56 };
            if request.len() > fixed {
                population.sockets.retain(|socket| socket.local.port() == 80);
            }
            match (*protocol, pass) {
                (TCP, DiagPass::First) => {
                    let listener = |socket: &Fake| socket.inode == 2007;
                    passed_over = population.sockets.iter().filter(|s| listener(s)).cloned().collect();
                    population.sockets.retain(|socket| !listener(socket));
                }
                (TCP, _) => population.sockets.append(&mut passed_over),
                _ => {}
            }
        }
        None
    })
}

fn keys(recording: &Recording) -> Vec<String> {
    let questions = records(recording).into_iter().filter(|(kind, _)| *kind == QUESTION);
    questions.map(|(_, key)| String::from_utf8(key).unwrap()).collect()
}

#[track_caller]
fn not_recorded(query: &Query, recording: &Recording) {
    let error = query.collect_from(&mut recording.replay()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotRecorded, "{error}");
    assert!(error.to_string().contains("not in the recording"), "{error}");
}

#[test]
fn what_was_recorded_of_some_sockets_is_whole_for_these_and_not_for_others() {
    let tcp = || Query::new().tcp().stats();
    let filter = |text: &str| tcp().filter(text.parse().unwrap());
    for (what, query, first, settle) in [
        ("states", tcp().states(States::LISTEN), " states 400", " states 400"),
        ("a state of the filter", filter("state listen"), " states 400", " states 400"),
        ("a program", filter("sport=80"), " filter ", " filter "),
        ("one for who chose the port", filter("autobound"), " filter ", " filter "),
        ("both", filter("state listen,established sport=80"), " states 402 filter ", " states 400 filter "),
    ] {
        let mut recorder = Recorder::new(filtering());
        let live = query.collect_from(&mut recorder).unwrap();
        assert!(live.coverage().is_complete() && !live.sockets().is_empty(), "{what}: {}", live.coverage());
        let recording = recorder.finish();
        let keys = keys(&recording);
        for (pass, narrowed) in [("first", first), ("check", first), ("settle", settle)] {
            let key = format!("diag 0 6 {pass}{narrowed}");
            assert!(keys.iter().any(|asked| asked.starts_with(&key)), "{what}: {key}: {keys:?}");
        }
        assert_eq!(query.collect_from(&mut recording.replay()).unwrap(), live, "{what}");
        let of_one = query.clone().family(Family::Ipv4).collect_from(&mut recording.replay()).unwrap();
        let expected = live.iter().filter(|socket| socket.family == Family::Ipv4).count();
        assert!(of_one.coverage().is_complete(), "{what}: {}", of_one.coverage());
        assert_eq!(of_one.sockets().len(), expected, "{what}");

        for wider in [tcp(), filter("sport=443"), tcp().states(States::CONNECTED), tcp().needs(Needs::PEERS)]
        {
            not_recorded(&wider, &recording);
        }
    }
}

#[test]
fn other_tables_narrowed_by_states_are_not_whole_either() {
    for (protocol, states) in [
        (Protocols::UDP, States::UNCONNECTED),
        (Protocols::UDPLITE, States::ESTABLISHED),
        (Protocols::RAW, States::UNCONNECTED),
        (Protocols::MPTCP, States::LISTEN),
        (Protocols::UNIX, States::LISTEN),
        (Protocols::VSOCK, States::CONNECTED),
    ] {
        let query = || Query::new().protocols(protocol);
        let narrow = query().states(states);
        let mut recorder = Recorder::new(still());
        let live = narrow.collect_from(&mut recorder).unwrap();
        let recording = recorder.finish();
        assert_eq!(narrow.collect_from(&mut recording.replay()).unwrap(), live, "{protocol:?}");
        not_recorded(&query(), &recording);
    }
    // Beside one that is whole.
    let mut recorder = Recorder::new(still());
    Query::new().udp().collect_from(&mut recorder).unwrap();
    Query::new().tcp().states(States::LISTEN).collect_from(&mut recorder).unwrap();
    let both = Query::new().tcp().udp().collect_from(&mut recorder.finish().replay()).unwrap();
    let gap = both.coverage().gaps().iter().find(|gap| gap.what == Missing::Rows).unwrap();
    assert_eq!((gap.why, &*gap.object), (ErrorKind::NotRecorded, "tcp"), "{gap}");
    every(&both, |socket| socket.protocol == Protocol::Udp);
}

/// So older readers find it.
#[test]
fn what_is_asked_of_all_sockets_has_the_key_of_the_table_alone() {
    let everything = Query::new().protocols(Protocols::all()).needs(Needs::all());
    let mut recorder = Recorder::new(filtering());
    everything.collect_from(&mut recorder).unwrap();
    let keys = keys(&recorder.finish());
    let diag: Vec<_> = keys.iter().filter(|key| key.starts_with("diag ")).collect();
    for table in ["0 6 first", "0 6 check", "0 6 settle", "2 17 first", "10 262 first", "2 132 first"] {
        assert!(diag.contains(&&format!("diag {table}")), "{table}: {diag:?}");
    }
    for family in [1, 16, 17, 40] {
        assert!(diag.contains(&&format!("diag {family} 0 first")), "{family}: {diag:?}");
    }
    every(&diag, |key| key.split(' ').count() == if key.contains(" exact ") { 5 } else { 4 });
}

#[test]
fn who_chose_a_port_is_in_no_recording_of_all_sockets() {
    not_recorded(&whole().filter("autobound sport=80".parse().unwrap()), &recorded(&whole()));
}
