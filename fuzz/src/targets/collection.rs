//! A whole collection from a source that answers anything.

use pree::field::View;
use pree::quality::{Context, assess};
use pree::source::{Answer, Errno, Failure, Question, Source};
use pree::{Family, Filter, Needs, Protocols, Query, SourceChoice, States, field};

use crate::input::Input;
use crate::kernel::kernel;
use crate::played::{Kernel, message};

/// The first bytes decide about the question, the others about the answers.
pub(super) fn target(data: &[u8]) {
    let input = Input::new(data);
    let mut query = Query::new()
        .protocols(Protocols::from_bits_truncate(u16::from_ne_bytes(input.array()).into()))
        .needs(Needs::from_bits_truncate(input.byte().into()))
        .push_down(input.byte() & 1 == 0)
        .source(
            [SourceChoice::Auto, SourceChoice::Diag, SourceChoice::Proc, SourceChoice::Auto][input.below(4)],
        );
    if input.byte() & 1 == 1 {
        query = query.states(States::from_bits_truncate(u16::from_ne_bytes(input.array()).into()));
    }
    if input.byte() & 1 == 1 {
        query = query.family(if input.byte() & 1 == 1 { Family::Ipv4 } else { Family::Ipv6 });
    }
    const FILTERS: [&str; 8] = [
        "",
        "sport >= 80 and rtt > 1us",
        "user = root or dev = lo",
        "fwmark = 0x10 or cgroup = /a",
        "autobound process ~ a",
        "not (pid = 40 or backlog > 0)",
        "web",
        "state = listen,established src 10/8",
    ];
    let filter = input.byte();
    if filter & 8 != 0 {
        if let Ok(filter) = FILTERS[usize::from(filter & 7)].parse::<Filter>() {
            query = query.filter(filter);
        }
    }
    look(&query, &mut Arbitrary { input, kernel: kernel(), honest: false, left: 0 });
}

/// Asks, and looks at everything in the answer.
pub(super) fn look(query: &Query, source: &mut dyn Source) {
    let snapshot = match query.collect_from(source) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let _ = snapshot.coverage().to_string();
    for socket in &snapshot {
        for field in field::all() {
            let _ = (field.get)(&View::new(socket));
        }
        for owner in &socket.owners {
            for field in field::of_owner() {
                let _ = (field.get)(owner);
            }
        }
        let _ = (socket.local.to_string(), socket.state.to_string(), socket.family.to_string());
        let judgement = assess(socket, &Context::default());
        assert!(judgement.score.is_none() || socket.tcp.is_some());
        let _ = format!("{judgement:?}");
    }
}

/// Answers as the bytes say: right, wrong, damaged, not at all.
struct Arbitrary<'d> {
    input: Input<'d>,
    kernel: Kernel,
    /// This answer is the kernel's, perhaps with damage.
    honest: bool,
    /// Batches to come.
    left: usize,
}

const ERRNOS: [Errno; 12] = [
    Errno::EPERM,
    Errno::ENOENT,
    Errno::EINTR,
    Errno::EINVAL,
    Errno::EACCES,
    Errno::ENOBUFS,
    Errno::EAGAIN,
    Errno::ESRCH,
    Errno::ENOMEM,
    Errno::EBADMSG,
    Errno::EAFNOSUPPORT,
    Errno::linux(-1),
];

/// As the kernel's answer, or as one of a call on the way.
fn failure(choice: usize) -> Failure {
    let errno = ERRNOS[choice % ERRNOS.len()];
    if choice / ERRNOS.len() % 2 == 0 { Failure::Answer(errno) } else { Failure::Transport(errno) }
}

impl Source for Arbitrary<'_> {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        let choice = self.input.byte();
        self.honest = choice >= 96;
        self.left = usize::from(choice % 5);
        match choice {
            // Also when the bytes are used up.
            0..16 => Err(failure(usize::from(choice))),
            96.. => self.kernel.ask(question),
            _ => Ok(Answer::batches([])),
        }
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        let choice = self.input.byte();
        if choice > 250 {
            return Err(failure(self.input.below(2 * ERRNOS.len())));
        }
        if self.honest {
            let more = self.kernel.next(answer, batch)?;
            // One in two is damaged.
            for _ in 0..if choice & 1 == 0 { 0 } else { choice & 7 } {
                let at = usize::from(u16::from_ne_bytes(self.input.array()));
                let byte = self.input.byte();
                match batch.len() {
                    0 => {}
                    length if choice & 16 != 0 => batch.truncate(at % length),
                    length => batch[at % length] = byte,
                }
            }
            return Ok(more);
        }
        batch.clear();
        if self.left == 0 || self.input.is_empty() {
            return Ok(false);
        }
        self.left -= 1;
        let length = usize::from(self.input.byte());
        let bytes = self.input.bytes(length);
        match choice % 4 {
            0 => batch.extend(message(3, 2, bytes)),
            1 => batch.extend(message(2, 2, bytes)),
            2 => batch.extend(message(20, 2, bytes)),
            _ => batch.extend(bytes),
        }
        Ok(true)
    }
}
