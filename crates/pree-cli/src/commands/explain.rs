//! `pree explain`: how the sockets that match are doing, what holds them up, and what is not known.

mod screen;

use std::cmp::Reverse;
use std::io::Write as _;
use std::process::ExitCode;

use pree::quality::{Assessment, Interval, Peers, Severity, assess, assess_interval};
use pree::{Needs, Socket};

use super::judged;
use super::look::{self, Seen};
use super::page::Page;
use crate::args::{Args, Format};
use crate::exit::{ANSWERED, Failure, INCOMPLETE, NOTHING};
use crate::output;
use crate::output::environment::Environment;
use crate::output::json::verdicts;
use crate::output::screen::Screen;
use crate::session;
use crate::sys::Rights;

/// Sockets that are explained; the next are told in a line each.
const WHOLE: usize = 3;
/// Sockets that are told at all when nobody says how many.
const TOLD: usize = 23;

pub(crate) fn run(args: &Args, rights: Rights) -> Result<ExitCode, Failure> {
    if args.filter.is_none() {
        let text = "pree explain takes a socket, as tcp:10.0.0.5:51002 or :8080, or any filter; pree doctor looks at all";
        return Err(Failure::Usage(text.to_owned()));
    }
    let place = session::open(args, rights)?;
    let owners = if args.needs_a_match_only() { Needs::empty() } else { Needs::OWNERS };
    let query = session::query(args, owners | Needs::SEND_QUEUE | Needs::HOST).stats();
    let seen = look::look(&place, args, &query)?;
    let peers = judged::peers(&place, args, seen.snapshot.sockets());
    let coverage = seen.snapshot.coverage().clone();
    let sockets = judge(seen, &peers);
    let found = !sockets.is_empty();
    if !args.quiet {
        let limit = args.limit.unwrap_or(usize::MAX);
        let text = if args.format == Format::Json {
            let sockets: Vec<_> = sockets.iter().take(limit).map(|(socket, a)| (socket, a)).collect();
            verdicts::explained(&sockets, &coverage)
        } else {
            let screen = Screen::of_stdout(args, &Environment::read());
            let mut page = Page::new(screen.color);
            let seen = screen::Seen { now: place.now(), coverage: &coverage };
            screen::write(&mut page, &sockets, WHOLE, args.limit.unwrap_or(TOLD), &seen);
            page.text.into_bytes()
        };
        let mut stdout = output::stdout();
        stdout.write_all(&text)?;
        stdout.flush()?;
        if !found && !session::tell_nothing(args) && args.format == Format::Table {
            session::say("nothing matches");
        }
    }
    let code = session::end(args, &coverage);
    Ok(match found {
        true if args.needs_a_match_only() => ExitCode::from(ANSWERED),
        true => code,
        false if session::lacks(args, &coverage) => ExitCode::from(INCOMPLETE),
        false => ExitCode::from(NOTHING),
    })
}

/// Every socket with its judgement, the worst first.
fn judge(seen: Seen, peers: &Peers) -> Vec<(Socket, Assessment)> {
    let Seen { snapshot, intervals } = seen;
    let judge = |socket: Socket| {
        let context = peers.context(&socket);
        let assessment = match &intervals {
            None => assess(&socket, &context),
            Some(intervals) => match intervals.get(&socket) {
                Some(interval) => assess_interval(interval, &intervals.context(context)),
                // Seen once: nothing is known of any length of time.
                None => assess_interval(&Interval::new(std::time::Duration::ZERO, &socket), &context),
            },
        };
        (socket, assessment)
    };
    let mut sockets: Vec<_> = snapshot.into_sockets().into_iter().map(judge).collect();
    sockets.sort_by(|(_, a), (_, b)| order(a, b));
    sockets
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
