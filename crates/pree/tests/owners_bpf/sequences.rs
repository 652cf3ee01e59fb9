//! Sequence numbers: they move by the bytes that are written and read, and both ends agree.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use pree::source::{Answer, Failure, Question, Reachable, Recorder, Source, live};
use pree::{Address, ErrorKind, Missing, Namespaces, Needs, Query, Snapshot, States, TcpStats};
use pree_testkit::link::Namespace;
use pree_testkit::{Case, Failed, Need, lab, wait_until};

use crate::kernel::{Fake, Kernel, Population};

pub fn cases() -> Vec<Case> {
    let lab = |name: &str, run: fn() -> Result<(), Failed>| Case::new(name, run).lab();
    vec![
        lab("sequences_follow_the_bytes", follow_the_bytes).needs(Need::Bpf),
        lab("sequences_only_where_a_descriptor_leads", only_through_descriptors).needs(Need::Bpf),
        lab("sequences_of_every_namespace_at_once", every_namespace).needs(Need::Bpf),
        lab("sequences_of_a_recording", recording).needs(Need::Bpf),
        lab("sequences_without_rights", without_rights),
        Case::new("sequences_on_request_only", on_request),
    ]
}

fn query() -> Query {
    Query::new().tcp().needs(Needs::STATS | Needs::SEQUENCES)
}

fn pair() -> Result<(TcpStream, TcpStream), Failed> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    Ok((client, listener.accept()?.0))
}

/// The statistics of the socket with this local end.
fn stats(snapshot: &Snapshot, local: SocketAddr) -> Result<TcpStats, Failed> {
    let row = snapshot.iter().find(|row| row.local == Address::Inet(local)).ok_or("a row")?;
    Ok(row.tcp.as_deref().cloned().ok_or("statistics")?)
}

/// Both ends, once nothing is on its way.
fn both(client: &TcpStream, server: &TcpStream) -> Result<[TcpStats; 2], Failed> {
    let (here, there) = (client.local_addr()?, server.local_addr()?);
    let look = || -> Result<_, Failed> {
        let snapshot = query().collect()?;
        assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
        Ok([stats(&snapshot, here)?, stats(&snapshot, there)?])
    };
    wait_until("an acknowledgement", || {
        look().is_ok_and(|ends| ends.iter().all(|end| end.snd_una.is_some() && end.snd_una == end.snd_nxt))
    })?;
    look()
}

fn follow_the_bytes() -> Result<(), Failed> {
    let (mut client, mut server) = pair()?;
    let (mut written, mut read) = (0_u32, 0_u32);
    let [first, _] = both(&client, &server)?;
    let start = first.write_seq.ok_or("a write_seq")?;
    for (write, take) in [(0, 0), (1000, 400), (1, 0), (70_000, 70_601)] {
        client.write_all(&vec![7; write as usize])?;
        server.read_exact(&mut vec![0; take as usize])?;
        (written, read) = (written + write, read + take);
        let [here, there] = both(&client, &server)?;
        let at = |bytes| Some(start.wrapping_add(bytes));
        assert_eq!((here.write_seq, here.snd_nxt, here.snd_una), (at(written), at(written), at(written)));
        assert_eq!((there.rcv_nxt, there.copied_seq), (at(written), at(read)));
        // Nothing goes the other way.
        assert_eq!((here.rcv_nxt, here.rcv_nxt), (there.write_seq, here.copied_seq));
    }
    Ok(())
}

/// The program goes through descriptors: who is not accepted yet has none, and its numbers are said to be unknown. (An
/// iterator over sockets would tell them; it is not safe in most kernels.)
fn only_through_descriptors() -> Result<(), Failed> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (here, there) = (client.local_addr()?, client.peer_addr()?);
    let waiting = |snapshot: &Snapshot| {
        let row = snapshot.iter().find(|row| row.remote == Some(Address::Inet(here)));
        row.filter(|row| row.local == Address::Inet(there)).and_then(|row| row.tcp.as_deref().cloned())
    };
    let snapshot = query().collect()?;
    assert!(stats(&snapshot, here)?.snd_una.is_some());
    let queued = waiting(&snapshot).ok_or("a connection in the accept queue, with statistics")?;
    assert!(queued.snd_mss.is_some());
    assert_eq!(
        [queued.snd_una, queued.snd_nxt, queued.rcv_nxt, queued.write_seq, queued.copied_seq],
        [None; 5]
    );
    let [gap] = snapshot.coverage().gaps() else { return Err("one gap".into()) };
    assert_eq!((gap.what, gap.why, gap.count), (Missing::Stats, ErrorKind::Unsupported, Some(1)));
    assert!(gap.to_string().contains("sequence numbers") && gap.hint.contains("descriptor"), "{gap}");

    let (server, _) = listener.accept()?;
    let snapshot = query().collect()?;
    assert!(waiting(&snapshot).is_some_and(|stats| stats.snd_una.is_some()));
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    drop(server);
    Ok(())
}

/// Counts runs of the program.
struct Counting<S> {
    inner: S,
    sequences: usize,
}

impl<S: Source> Source for Counting<S> {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        self.sequences += usize::from(*question == Question::Sequences);
        self.inner.ask(question)
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.inner.next(answer, batch)
    }

    fn namespaces(&mut self, which: &Namespaces) -> Result<Reachable, Failure> {
        self.inner.namespaces(which)
    }

    fn enter(&mut self, inode: Option<u64>) -> Result<(), Failure> {
        self.inner.enter(inode)
    }
}

/// One run of the program tells those of all namespaces.
fn every_namespace() -> Result<(), Failed> {
    let other = Namespace::new()?;
    let ends = [pair()?, other.run(|| pair().map_err(|_| std::io::Error::other("no connection")))?];
    let mut source = Counting { inner: live()?, sequences: 0 };
    let snapshot = query().network_namespaces(Namespaces::All).collect_from(&mut source)?;
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    for (client, server) in &ends {
        for end in [client, server] {
            assert!(stats(&snapshot, end.local_addr()?)?.snd_una.is_some());
        }
    }
    let namespaces: std::collections::BTreeSet<_> =
        snapshot.iter().filter_map(|row| row.network_namespace.as_ref().map(|one| one.inode)).collect();
    assert_eq!(namespaces.len(), 2);
    assert_eq!(source.sequences, 1);
    Ok(())
}

fn recording() -> Result<(), Failed> {
    let (mut client, server) = pair()?;
    client.write_all(b"some bytes")?;
    both(&client, &server)?;
    let mut recorder = Recorder::new(live()?);
    let original = query().collect_from(&mut recorder)?;
    let replayed = query().collect_from(&mut recorder.finish().replay())?;
    assert_eq!(replayed.sockets(), original.sockets());
    assert!(stats(&replayed, client.local_addr()?)?.snd_una.is_some());
    Ok(())
}

/// The numbers are unknown, said once; everything else is there.
fn without_rights() -> Result<(), Failed> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let _server = listener.accept()?;
    lab::give_up_rights()?;
    let snapshot = query().collect()?;
    let stats = stats(&snapshot, client.local_addr()?)?;
    assert!(stats.snd_mss.is_some());
    let numbers = [stats.snd_una, stats.snd_nxt, stats.rcv_nxt, stats.write_seq, stats.copied_seq];
    assert_eq!(numbers, [None; 5]);
    let [gap] = snapshot.coverage().gaps() else { return Err("one gap".into()) };
    assert_eq!((gap.what, gap.why), (Missing::Stats, ErrorKind::NotPermitted));
    assert!(gap.to_string().contains("sequence numbers") && gap.hint.contains("CAP_BPF"), "{gap}");
    undecided(&mut live()?, ErrorKind::NotPermitted, "CAP_BPF")?;
    // A recording has no answer to a question that nobody asked.
    let mut recorder = Recorder::new(live()?);
    Query::new().tcp().stats().collect_from(&mut recorder)?;
    undecided(&mut recorder.finish().replay(), ErrorKind::NotRecorded, "")
}

/// Filters on numbers that are not told find nothing, and every row that might match is missing.
fn undecided(source: &mut dyn Source, why: ErrorKind, hint: &str) -> Result<(), Failed> {
    let mut look = |text: &str| -> Result<Snapshot, Failed> {
        Ok(Query::new().tcp().states(States::ESTABLISHED).filter(text.parse()?).collect_from(&mut *source)?)
    };
    let all = look("sport > 0")?.sockets().len() as u64;
    assert_eq!(all, 2, "both ends");
    for key in ["snd_una", "snd_nxt", "rcv_nxt", "write_seq", "copied_seq"] {
        for text in [format!("{key} >= 0"), format!("not {key} = 7"), format!("has {key}")] {
            let snapshot = look(&text)?;
            let [gap] = snapshot.coverage().gaps() else { return Err(text.into()) };
            assert_eq!((gap.what, gap.why, gap.count), (Missing::Rows, why, Some(all)), "{text}");
            assert_eq!(gap.object, "filter by sequence numbers");
            assert!(gap.hint.contains(hint) && snapshot.sockets().is_empty(), "{text}: {gap}");
        }
        let decided = look(&format!("{key} >= 0 or sport > 0"))?;
        assert!(decided.coverage().is_complete(), "{}", decided.coverage());
        assert_eq!(decided.sockets().len() as u64, all);
    }
    Ok(())
}

fn on_request() -> Result<(), Failed> {
    let sockets = vec![Fake::tcp(1, "127.0.0.1:80", "127.0.0.1:9", 100)];
    let mut kernel = Kernel::new(Population { sockets, rows_per_message: 8, ..Population::default() });
    let plain = Query::new().stats().collect_from(&mut kernel)?;
    assert!(plain.coverage().is_complete());
    // Nobody asks for those of UDP.
    Query::new().udp().needs(Needs::SEQUENCES).collect_from(&mut kernel)?;
    assert!(!kernel.asked.iter().any(|asked| asked == "sequences"));
    let refused = query().collect_from(&mut kernel)?;
    assert!(kernel.asked.iter().any(|asked| asked == "sequences"));
    assert_eq!(refused.coverage().gaps().len(), 1);
    Ok(())
}
