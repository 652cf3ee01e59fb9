//! `pree explain`: how the sockets that match are doing, what holds them up, and what is not known.

mod screen;

use std::cmp::Reverse;
use std::process::ExitCode;
use std::time::Duration;

use pree::quality::{Assessment, Interval, Intervals, Peers, Severity, assess, assess_interval};
use pree::{Coverage, Filter, Needs, Protocol, Snapshot, Socket, States};

use super::judged;
use super::look::{self, Question, Seen};
use super::page::Page;
use crate::args::Args;
use crate::exit::{ANSWERED, Failure, INCOMPLETE, NOTHING};
use crate::output::environment::Environment;
use crate::output::json::verdicts;
use crate::output::screen::Screen;
use crate::output::{self, Format, When};
use crate::session::{self, Session};
use crate::sys::Rights;

/// Sockets explained in full; the next get a line each.
const WHOLE: usize = 3;
/// Sockets shown by default.
const TOLD: usize = 23;

/// The states of connections that have statistics.
const COUNTED: States = States::CONNECTED.difference(States::SYN_RECEIVED.union(States::TIME_WAIT));

/// What it takes, and `pree doctor` too.
pub(super) struct Options {
    pub(super) asked: session::Options,
    pub(super) look_for: Option<Duration>,
    pub(super) json: bool,
    pub(super) color: When,
    pub(super) limit: Option<usize>,
}

impl From<Args> for Options {
    fn from(args: Args) -> Self {
        let Args { mut asked, shown, look_for, .. } = args;
        asked.over_time = look_for.is_some();
        let json = shown.format == Format::Json;
        Self { asked, look_for, json, color: shown.color, limit: shown.limit }
    }
}

pub(crate) fn run(args: Args, rights: Rights) -> Result<ExitCode, Failure> {
    let Options { asked, look_for, json, color, limit } = args.into();
    if asked.filter.is_none() && asked.filter_files.is_empty() {
        let text = "pree explain takes a socket, as tcp:10.0.0.5:51002 or :8080, or any filter; pree doctor looks at all";
        return Err(Failure::Usage(text.to_owned()));
    }
    let session = Session::open(asked, rights)?;
    let asked = &session.options;
    // What the machine counted is judged over time only.
    let of_host = if look_for.is_some() { Needs::HOST } else { Needs::empty() };
    let needs = asked.needs(Needs::OWNERS) | Needs::SEND_QUEUE | Needs::INTERFACE_NAME | of_host;
    let question = Question { protocols: None, needs };
    let Seen { snapshot, intervals } = look::look(&session, look_for, question)?;
    let intervals = intervals.as_ref();
    let peers = judged::peers(&session, snapshot.sockets(), true);
    let mut coverage = snapshot.coverage().clone();
    let mut sockets = judge(snapshot, intervals, &peers);
    if let Some((filter, intervals)) = session.later.as_ref().zip(intervals) {
        keep(&mut sockets, filter, intervals, &mut coverage);
    }
    let found = !sockets.is_empty();
    if !asked.quiet {
        let text = if json {
            let sockets = sockets.iter().take(limit.unwrap_or(usize::MAX));
            let views = sockets.map(|(socket, judged)| look::view(intervals, socket, judged));
            verdicts::explained(views, &coverage)
        } else {
            let screen = Screen::of_stdout(color, &Environment::read());
            let mut page = Page::new(screen);
            let seen = screen::Seen { now: session.now(), coverage: &coverage, intervals };
            screen::write(&mut page, &sockets, WHOLE, limit.unwrap_or(TOLD), &seen);
            page.text.into_bytes()
        };
        output::print(text)?;
        if !found && !asked.tell_nothing() && !json {
            session::say("nothing matches");
        }
    }
    let code = asked.end(&coverage);
    Ok(match found {
        true if asked.needs_a_match_only() => ExitCode::from(ANSWERED),
        true => code,
        false if asked.lacks(&coverage) => ExitCode::from(INCOMPLETE),
        false => ExitCode::from(NOTHING),
    })
}

/// Every socket with its judgement, the worst first.
fn judge(snapshot: Snapshot, intervals: Option<&Intervals>, peers: &Peers) -> Vec<(Socket, Assessment)> {
    let judge = |socket: Socket| {
        let context = peers.context(&socket);
        let assessment = match intervals {
            None => assess(&socket, &context),
            Some(intervals) => match intervals.get(&socket) {
                Some(interval) => assess_interval(interval, &intervals.context(context)),
                // Seen once: nothing is known of any length of time.
                None => assess_interval(&Interval::new(Duration::ZERO, &socket), &context),
            },
        };
        (socket, assessment)
    };
    let mut sockets: Vec<_> = snapshot.into_sockets().into_iter().map(judge).collect();
    sockets.sort_by(|(_, a), (_, b)| order(a, b));
    sockets
}

/// Keeps what matches now that rates are known. A connection that came meanwhile has none.
fn keep(
    sockets: &mut Vec<(Socket, Assessment)>,
    filter: &Filter,
    intervals: &Intervals,
    coverage: &mut Coverage,
) {
    let mut undecided = 0;
    sockets.retain(|(socket, judged)| {
        let decided = filter.decide(&look::view(Some(intervals), socket, judged));
        let is_counted = || intervals.get(socket).is_some_and(|interval| interval.first().tcp.is_some());
        undecided += u64::from(
            decided.is_none()
                && socket.protocol == Protocol::Tcp
                && COUNTED.contains(socket.state.set())
                && !is_counted(),
        );
        decided == Some(true)
    });
    if undecided > 0 {
        coverage.lacks_rates_of(undecided);
    }
}

/// The worst first: by severity, then by score, the unknown last.
pub(super) fn order(a: &Assessment, b: &Assessment) -> std::cmp::Ordering {
    let score = |of: &Assessment| of.score.map_or(f64::INFINITY, pree::quality::Score::get);
    Reverse(worst(a)).cmp(&Reverse(worst(b))).then_with(|| score(a).total_cmp(&score(b)))
}

/// The severity of the worst finding.
pub(super) fn worst(assessment: &Assessment) -> Option<Severity> {
    assessment.findings.iter().map(|finding| finding.severity).max()
}
