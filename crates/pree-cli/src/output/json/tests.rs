//! What the library gives to serde, beside what this writer writes: the same bytes for every row of every recording.

use std::sync::Arc;
use std::time::Duration;

use pree::field::{self, Section, Value, View};
use pree::model::DatagramDetail;
use pree::quality::{Assessment, Basis, Peers, Score, Severity, assess_host};
use pree::source::{Answer, DiagPass, Errno, Failure, Question, Recording, Setting, Source};
use pree::{
    CountsSince, Detail, Ending, Event, EventKind, How, Moment, Needs, OwnerLookup, Protocol, Protocols,
    Query, Snapshot, Socket, State,
};

use super::document::{Document, Events, Lines, socket};
use super::repeated::Repeated;
use super::verdicts::diagnosed;
use super::writer::Json;
use crate::output::{Output, sample};
use crate::played::{Fake, Kernel, Population, Process};
use crate::text::escape;

const RECORDINGS: [&[u8]; 4] = [
    include_bytes!("../../../../pree/tests/golden/macos-root.pree"),
    include_bytes!("../../../../pree/tests/golden/macos-27-user.pree"),
    include_bytes!("../../../../pree/tests/golden/windows-wine.pree"),
    include_bytes!("../../../../../bench/recorded/1k.pree"),
];

/// A kernel whose tables are the recorded ones of the families that the recordings lack.
struct Families;

impl Source for Families {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        let Question::Diag { pass: DiagPass::First | DiagPass::Check, table, .. } = question else {
            return Err(Failure::Answer(Errno::ENOENT));
        };
        macro_rules! golden {
            ($name:literal) => {
                include_bytes!(concat!("../../../../pree-wire/tests/golden/", $name)).as_slice()
            };
        }
        let bytes = match (table.family, table.protocol) {
            (1, _) => golden!("unix.bin"),
            (40, _) => golden!("linux-7.3/vsock.bin"),
            (_, 6) => golden!("linux-7.3/tcp.bin"),
            (_, 17) => golden!("linux-7.3/udp.bin"),
            (16, _) => golden!("netlink.bin"),
            (17, _) => golden!("packet.bin"),
            (_, 132) => golden!("linux-7.3/sctp.bin"),
            (_, 262) => golden!("mptcp.bin"),
            _ => return Err(Failure::Answer(Errno::ENOENT)),
        };
        Ok(Answer::whole(bytes.to_vec()))
    }
}

fn everything() -> Query {
    Query::new().protocols(Protocols::all()).needs(Needs::all()).owner_lookup(OwnerLookup::All)
}

fn snapshots() -> Vec<Snapshot> {
    let mut all: Vec<Snapshot> = RECORDINGS
        .iter()
        .map(|bytes| everything().collect_from(&mut Recording::from_bytes(bytes).unwrap().replay()).unwrap())
        .collect();
    all.push(everything().collect_from(&mut Families).unwrap());
    all
}

/// What `serde_json` writes, with the characters escaped that only we escape: they stand in texts alone.
fn by_serde(value: &impl serde_core::Serialize) -> String {
    let mut escaped = String::new();
    for c in serde_json::to_string(value).unwrap().chars() {
        if escape::must_escape(c) {
            let units =
                c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>();
            escaped += &units.concat();
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[track_caller]
fn same(serde: &str, ours: &str) {
    let alike = serde.bytes().zip(ours.bytes()).take_while(|(one, other)| one == other).count();
    let part = |text: &str| {
        String::from_utf8_lossy(text.as_bytes().get(alike.saturating_sub(40)..).unwrap_or_default())
            .chars()
            .take(120)
            .collect::<String>()
    };
    assert_eq!(part(serde), part(ours), "after {alike} bytes");
    assert_eq!(serde.len(), ours.len());
}

fn by_us(view: &View<'_>, judge: bool, before: &mut Repeated) -> String {
    let mut json = Json::default();
    socket(&mut json, view, judge, before);
    String::from_utf8(json.into_text()).unwrap()
}

#[test]
fn every_row_of_every_recording() {
    let (mut rows, mut unseen) = (0, field::all().collect::<Vec<_>>());
    for snapshot in snapshots() {
        let (peers, mut before) = (Peers::of(snapshot.sockets()), Repeated::new());
        for socket in &snapshot {
            let alone = View::new(socket);
            same(&by_serde(socket), &by_us(&alone, false, &mut before));
            same(&by_serde(&alone), &by_us(&alone, true, &mut before));
            let later = troubled(socket);
            let view = View::new(&later).since(socket, Duration::from_secs(3)).among(&peers);
            same(&by_serde(&view), &by_us(&view, true, &mut before));
            if let Some(mut judged) = view.assessment().cloned() {
                judged.basis = Basis::Interval(Duration::from_millis(2_500));
                judged.utilisation = Ok(0.333_333_3);
                judged.limited_by.iter_mut().for_each(|shares| shares.app = Some(0.25));
                let view = View::new(&later).judged(&judged);
                same(&by_serde(&view), &by_us(&view, true, &mut before));
                unseen.retain(|field| (field.get)(&view) == Value::Unknown);
            }
            unseen.retain(|field| (field.get)(&view) == Value::Unknown);
            for event in events(socket).into_iter().chain(counted(socket)) {
                let view = View::new(event.socket.as_deref().unwrap_or(socket)).during(&event);
                unseen.retain(|field| (field.get)(&view) == Value::Unknown);
                same(&by_serde(&event), &event_by_us(&event));
            }
            rows += 1;
        }
    }
    assert!(rows > 1000, "{rows}");
    // What no row has is written like others that rows have.
    let seen: Vec<_> = field::all().filter(|field| !unseen.contains(field)).collect();
    for field in unseen {
        assert!(seen.iter().any(|other| other.section == field.section), "{}", field.name);
        assert!(seen.iter().any(|other| other.unit == field.unit), "{}", field.name);
        assert!(field.section != Section::Quality, "{}", field.name);
    }
}

/// What can happen to a socket, and what is about none.
fn events(socket: &Socket) -> Vec<Event> {
    let mut at = Moment::default();
    at.wall = Some(Duration::from_nanos(1_795_461_426_200_001_999));
    at.monotonic = Some(Duration::from_micros(7));
    let mut ending = Ending::default();
    (ending.from, ending.how, ending.errno) = (Some(State::SynSent), How::Refused, Some(Errno::linux(111)));
    (ending.sent, ending.received, ending.lasted) = (Some(1), Some(2), Some(Duration::from_micros(3)));
    let of = |kind| Event::new(kind, at, Some(Arc::new(socket.clone())));
    let mut provisional = of(EventKind::Opened);
    provisional.owner_provisional = true;
    let bare = [EventKind::Ready, EventKind::Lost { count: None }, EventKind::Lost { count: Some(5) }];
    let told = [EventKind::Current, EventKind::Closed(Ending::default()), EventKind::Closed(ending)];
    let bare = bare.map(|kind| Event::new(kind, Moment::default(), None));
    told.map(of).into_iter().chain(bare).chain([provisional]).collect()
}

/// The end of a UDP socket whose datagrams were counted.
fn counted(socket: &Socket) -> Option<Event> {
    let mut counts = DatagramDetail::default();
    (counts.bytes_sent, counts.sent) = (Some(1000), Some(2));
    counts.last = Some(Duration::from_nanos(1_795_461_426_200_001_999));
    counts.counts_since = Some(CountsSince::SwitchedOn);
    let mut counted = socket.clone();
    counted.detail = Some(Box::new(Detail::Datagrams(counts)));
    let event = Event::new(EventKind::Current, Moment::default(), Some(Arc::new(counted)));
    (socket.protocol == Protocol::Udp).then_some(event)
}

fn event_by_us(event: &Event) -> String {
    let mut text = Vec::new();
    let mut events = Events::new(true, &mut text);
    events.event(event).unwrap();
    drop(events);
    let text = String::from_utf8(text).unwrap();
    text.trim_end_matches('\n').to_owned()
}

/// The same socket three seconds later: half of what it sent was lost, and nothing gets through any more.
fn troubled(socket: &Socket) -> Socket {
    let mut later = socket.clone();
    later.created = Some(Duration::from_millis(1_795_461_426_200));
    if let Some(Detail::Netlink(netlink)) = later.detail.as_deref_mut() {
        netlink.remote_group = Some(3);
    }
    if let Some(tcp) = &mut later.tcp {
        tcp.bytes_sent = tcp.bytes_sent.map(|bytes| bytes + 2_000_000);
        tcp.bytes_retrans = tcp.bytes_retrans.map(|bytes| bytes + 1_000_000);
        tcp.data_segs_out = tcp.data_segs_out.map(|segments| segments + 1_400);
        tcp.total_retrans = tcp.total_retrans.map(|segments| segments + 700);
        tcp.busy_time = tcp.busy_time.map(|time| time + Duration::from_secs(3));
        tcp.rwnd_limited = tcp.rwnd_limited.map(|time| time + Duration::from_secs(1));
        (tcp.snd_wnd, tcp.backoff, tcp.notsent_bytes) = (Some(0), Some(4), Some(100_000));
        (tcp.rtt, tcp.min_rtt) = (Some(Duration::from_millis(400)), Some(Duration::from_millis(3)));
    }
    later
}

#[test]
fn whole_documents() {
    for snapshot in snapshots() {
        let (mut document, mut lines) = (Vec::new(), Vec::new());
        let mut output = Document::new(false, &mut document);
        output.begin(snapshot.coverage()).unwrap();
        snapshot.iter().for_each(|socket| output.row(&View::new(socket)).unwrap());
        output.end(snapshot.coverage()).unwrap();
        same(&(by_serde(&snapshot) + "\n"), &String::from_utf8(document).unwrap());
        Lines::new(false, &mut lines).end(snapshot.coverage()).unwrap();
        same(&(by_serde(snapshot.coverage()) + "\n"), &String::from_utf8(lines).unwrap());
    }
}

#[test]
fn a_part_by_itself_is_the_member_of_its_row() {
    let mut parts = 0;
    for socket in snapshots().into_iter().flat_map(Snapshot::into_sockets) {
        let row = serde_json::to_value(&socket).unwrap();
        assert_eq!(serde_json::to_value(&socket.owners).unwrap(), row["owners"]);
        assert_eq!(serde_json::to_value(&socket.tcp).unwrap(), row["tcp"]);
        parts += usize::from(!socket.owners.is_empty()) + usize::from(socket.tcp.is_some());
    }
    assert!(parts > 1000, "{parts}");
}

#[test]
fn texts_that_are_escaped_here_are_the_same_texts() {
    let names: Vec<Vec<u8>> =
        [&b"\xffa\n"[..], "\u{202e}exe\u{7f}".as_bytes(), b"\x08\"\\"].map(Vec::from).into();
    let sockets: Vec<Socket> = sample::listeners_of(&names);
    assert_eq!(sockets.len(), names.len());
    for socket in &sockets {
        let ours = by_us(&View::new(socket), false, &mut Repeated::new());
        let ours: serde_json::Value = serde_json::from_str(&ours).unwrap();
        assert_eq!(serde_json::to_value(socket).unwrap(), ours);
    }
}

#[test]
fn fractions() {
    for millionth in
        (0..30_000_u64).chain((1..400).map(|n| n * 2_503)).chain([123_456_789, 1_795_461_426_200_000])
    {
        let value = millionth as f64 / 1e6;
        let mut json = Json::default();
        json.fraction(value);
        let expected = serde_json::to_string(&value).unwrap();
        let expected = expected.strip_suffix(".0").unwrap_or(&expected);
        assert_eq!(String::from_utf8_lossy(json.as_bytes()), expected);
    }
}

/// A machine with a leak, a flood and a client that runs out of ports.
fn troubled_machine() -> Snapshot {
    let mut population = Population { rows_per_message: 1000, ..Population::default() };
    let sockets = &mut population.sockets;
    for n in 0..200_u32 {
        let far = format!("10.0.0.9:{}", 1024 + n);
        sockets.push(Fake::tcp(8, "10.0.0.5:80", &far, 1 + n));
        sockets.push(Fake::tcp(12, "10.0.0.5:443", &far, 0));
        sockets.push(Fake::tcp(6, "10.0.0.5:80", &far, 0));
        sockets.push(Fake::tcp(1, &format!("10.0.0.5:{}", 40_000 + n), "10.0.0.7:5432", 1000 + n));
    }
    sockets.push(Fake::tcp(10, "10.0.0.5:443", "", 5000));
    for n in 1..=9 {
        sockets.push(Fake { queues: [129, 128], ..Fake::tcp(10, &format!("0.0.0.0:{n}"), "", 6000 + n) });
    }
    let held = (1..=200).map(|n| (n, n.into())).collect();
    let process = Process { name: b"le\xffak".to_vec(), sockets: held, ..Process::default() };
    population.processes.insert(12, process);
    let query = everything().needs(Needs::all() | Needs::HOST);
    let small = |question: &Question<'_>| match question {
        Question::Setting(Setting::LocalPortRange) => Some(&b"40000\t40199\n"[..]),
        Question::Setting(Setting::LocalReservedPorts) => Some(&b"\n"[..]),
        Question::Setting(Setting::TcpMaxTwBuckets | Setting::TcpMaxSynBacklog) => Some(&b"128\n"[..]),
        _ => None,
    };
    let mut kernel =
        Kernel::new(population).on(move |_, question, _| Some(Ok(vec![small(question)?.to_vec()])));
    query.collect_from(&mut kernel).unwrap()
}

#[test]
fn what_was_found_on_a_machine() {
    let worst = |judged: &Assessment| judged.findings.iter().map(|finding| finding.severity).max();
    let score = |judged: &Assessment| judged.score.map_or(f64::INFINITY, Score::get);
    let mut kinds = std::collections::BTreeSet::new();
    let mut in_sockets = 0;
    for snapshot in snapshots().into_iter().chain([troubled_machine()]) {
        let host = assess_host(&snapshot);
        let mut troubled: Vec<_> = host.troubled.iter().collect();
        troubled.sort_by(|(_, a), (_, b)| worst(b).cmp(&worst(a)).then(score(a).total_cmp(&score(b))));
        in_sockets += troubled.iter().filter(|(_, judged)| worst(judged) >= Some(Severity::Warning)).count();
        let views = troubled.iter().map(|(at, judged)| View::new(&snapshot.sockets()[*at]).judged(judged));
        let ours = String::from_utf8(diagnosed(&snapshot, &host, views)).unwrap();
        same(&(by_serde(&pree::Diagnosis::new(&snapshot, &host)) + "\n"), &ours);
        kinds.extend(host.findings.iter().map(|found| found.about.kind()));
    }
    assert!(in_sockets > 3, "{in_sockets}");
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["destination", "process"]);
}
