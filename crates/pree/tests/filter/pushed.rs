//! The kernel is told: the program is in the request, and fewer rows come back.

use pree::source::{Answer, DiagPass, Failure, Question, Source, live};
use pree::{Filter, Query};
use pree_testkit::{Failed, every};

use crate::world::World;

/// Passes questions on and looks at what goes and comes.
struct Watching<S> {
    inner: S,
    /// Of each dump: whether it has a filter program, and the states it asks for.
    dumps: Vec<(bool, u32)>,
    rows: usize,
    in_diag: bool,
}

impl<S: Source> Source for Watching<S> {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        self.in_diag = matches!(question, Question::Diag { .. });
        if let Question::Diag { request, pass: DiagPass::First, .. } = question {
            self.dumps.push((has_program(request), states(request)));
        }
        self.inner.ask(question)
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        let more = self.inner.next(answer, batch)?;
        if self.in_diag {
            self.rows += rows(batch);
        }
        Ok(more)
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes(bytes[at..at + 2].try_into().unwrap())
}

/// `TCPDIAG_GETSOCK`: `struct inet_diag_req` (60 bytes) follows the header, else `struct inet_diag_req_v2` (56 bytes).
fn is_v1(request: &[u8]) -> bool {
    half(request, 4) == 18
}

fn states(request: &[u8]) -> u32 {
    word(request, if is_v1(request) { 16 + 4 + 48 } else { 16 + 4 })
}

/// Whether an attribute `INET_DIAG_REQ_BYTECODE` (1) follows.
fn has_program(request: &[u8]) -> bool {
    let mut at = 16 + if is_v1(request) { 60 } else { 56 };
    while at + 4 <= request.len() {
        let length = usize::from(half(request, at));
        if half(request, at + 2) == 1 {
            return length > 4;
        }
        at += length.max(4).next_multiple_of(4);
    }
    false
}

/// Messages of `TCPDIAG_GETSOCK` and `SOCK_DIAG_BY_FAMILY`.
fn rows(mut datagram: &[u8]) -> usize {
    let mut rows = 0;
    while datagram.len() >= 16 {
        let length = word(datagram, 0) as usize;
        rows += usize::from(matches!(half(datagram, 4), 18 | 20));
        datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    rows
}

struct Seen {
    dumps: Vec<(bool, u32)>,
    /// That the kernel sent.
    sent: usize,
    /// That the caller got.
    got: usize,
}

fn look(text: &str, push_down: bool) -> Result<Seen, Failed> {
    let filter: Filter = text.parse()?;
    let mut source = Watching { inner: live()?, dumps: Vec::new(), rows: 0, in_diag: false };
    let got = Query::new().filter(filter).push_down(push_down).collect_from(&mut source)?.sockets().len();
    Ok(Seen { dumps: source.dumps, sent: source.rows, got })
}

pub fn run(world: &World) -> Result<(), Failed> {
    const ANY: u32 = 0x2f7e;
    const LISTEN: u32 = 1 << 10;
    const ESTABLISHED: u32 = 1 << 1;
    let all = world.sockets.len();
    // Expression; whether a program goes with it; TCP's states; whether the kernel sends what matches and nothing else.
    for (text, program, states, exact) in [
        ("sport = 80", true, ANY, true),
        ("dport = 443", true, ANY, true),
        ("not sport = 80", true, ANY, true),
        ("sport >= 9001 and sport <= 9003", true, ANY, true),
        ("sport = 9001-9003,22", true, ANY, true),
        ("src 127.1/16", true, ANY, true),
        ("dst [2001:db8::]/32:10007", true, ANY, true),
        ("port = 443", true, ANY, true),
        ("dev = lo", true, ANY, true),
        ("fwmark = 0x10/0xf0", true, ANY, true),
        ("autobound", true, ANY, true),
        ("autobound and sport = 1-65535", true, ANY, true),
        ("(sport = 80 or src 10/8) and not sport = 22", true, ANY, true),
        ("state listen", false, LISTEN, false),
        ("state listen proto = tcp", false, LISTEN, true),
        ("state = established,listen sport = 80", true, LISTEN | ESTABLISHED, true),
        ("80/tcp", true, ANY, true),
        // The rest runs after.
        ("sport = 80 and uid = 0", true, ANY, false),
        ("src 127/8 and has process", true, ANY, false),
        ("dst 127/8 and rtt > 0us", true, ANY, false),
        ("sport = 80 and not dport = 443", true, ANY, true),
        ("not dport = 443", false, ANY, false),
        ("uid = 0", false, ANY, false),
        ("sport = 80 or uid = 0", false, ANY, false),
        ("family = ipv6", false, ANY, false),
    ] {
        let pushed = look(text, true)?;
        let plain = look(text, false)?;
        assert_eq!(pushed.got, plain.got, "{text}");
        assert!(!pushed.dumps.is_empty() && pushed.dumps.iter().all(|dump| dump.0 == program), "{text}");
        assert_eq!(pushed.dumps[0].1, states, "{text}: states {:#x}", pushed.dumps[0].1);
        if exact {
            // A table that does not come in one message is read twice.
            assert!(pushed.sent == pushed.got || pushed.sent <= 2 * pushed.got, "{text}: {}", pushed.sent);
        }
        if text.starts_with("autobound") {
            // It cannot be asked of rows.
            every(&plain.dumps, |dump| dump.0);
            continue;
        }
        every(&plain.dumps, |dump| !dump.0);
        if program {
            assert!(pushed.sent < plain.sent, "{text}: {} of {}", pushed.sent, plain.sent);
        }
        // Nothing was cut down by an accident.
        assert!(plain.sent >= plain.got && all >= plain.got, "{text}");
    }
    // What is too long for a program takes nothing else with it.
    let list = (1..=500).map(|port: u32| port.to_string()).collect::<Vec<_>>().join(",");
    let long = look(&format!("sport = {list} and src 127.1/16"), true)?;
    every(&long.dumps, |dump| dump.0);
    assert!(long.got > 0 && long.sent < all);
    Ok(())
}
