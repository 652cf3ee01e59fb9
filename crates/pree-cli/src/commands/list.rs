//! `pree`: the list of sockets.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;

use pree::{Coverage, Filter, Query, State, States};

use super::{judged, stream};
use crate::args::{Args, Format};
use crate::exit::{ANSWERED, Failure, INCOMPLETE, NOTHING};
use crate::output::environment::Environment;
use crate::output::pager::Pager;
use crate::output::screen::Screen;
use crate::output::{self, Request};
use crate::session::{self, Place};
use crate::sys::Rights;

/// What is written at once.
const BUFFER: usize = 64 * 1024;

pub(crate) fn run(args: &Args, rights: Rights) -> Result<ExitCode, Failure> {
    let environment = Environment::read();
    let mut request = Request::new(args, Screen::of_stdout(args, &environment))?;
    let folding = Folding::of(args, &request);
    let query = query(&request, folding);
    let place = session::open(args, rights)?;
    let listed = if args.quiet {
        look(args, &place, &query)?
    } else {
        let mut pager = pager(args, &request, &environment);
        let writer = pager.as_mut().and_then(Pager::writer).unwrap_or_else(output::stdout);
        let listed = list(&place, &query, &mut request, folding, BufWriter::with_capacity(BUFFER, writer));
        // No rights are kept while the user reads on.
        drop(place);
        // The user reads on after all was written, and what is to be told stands below it.
        if let Some(pager) = pager {
            pager.wait();
        }
        listed?
    };
    Ok(end(args, &listed))
}

/// What was found.
struct Listed {
    coverage: Coverage,
    matched: bool,
    /// `TIME_WAIT` sockets that match and are not shown; `None` when nobody counted.
    folded: Option<u64>,
}

/// What happens to `TIME_WAIT`: a terminal does not show what is only a memory, unless it was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Folding {
    Shown,
    /// Left out. The kernel is not asked for it.
    Hidden,
    /// Left out, and counted for the footer.
    Counted,
}

impl Folding {
    fn of(args: &Args, request: &Request<'_>) -> Self {
        let table = request.screen.terminal && args.format == Format::Table && !args.quiet;
        // A filter that names states is about those.
        let named = args.filter.as_ref().is_some_and(Filter::names_states);
        if !table || args.which.is_some() || named {
            Self::Shown
        } else if io::stderr().is_terminal() && args.limit.is_none() {
            Self::Counted
        } else {
            Self::Hidden
        }
    }
}

fn query(request: &Request<'_>, folding: Folding) -> Query {
    let query = session::query(request.args, request.needs());
    match folding {
        Folding::Hidden => query.without_states(States::TIME_WAIT),
        Folding::Shown | Folding::Counted => query,
    }
}

/// Whether anything matches: the first that does is enough.
fn look(args: &Args, place: &Place, query: &Query) -> Result<Listed, Failure> {
    let mut matched = false;
    let coverage = place.visit(query, |_| {
        matched = true;
        if args.needs_a_match_only() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(Listed { coverage, matched, folded: None })
}

fn list(
    place: &Place,
    query: &Query,
    request: &mut Request<'_>,
    folding: Folding,
    writer: impl Write,
) -> Result<Listed, Failure> {
    if request.judges_with_the_host() {
        let (sockets, coverage) = judged::document(place, query, request, writer, |_| true)?;
        return Ok(Listed { coverage, matched: !sockets.is_empty(), folded: None });
    }
    let mut folded = 0;
    let (rows, coverage) = stream::write(place, query, request, writer, |socket| {
        let folds = folding == Folding::Counted && socket.state == State::TimeWait;
        folded += u64::from(folds);
        !folds
    })?;
    Ok(Listed { coverage, matched: rows > 0, folded: (folding == Folding::Counted).then_some(folded) })
}

fn pager(args: &Args, request: &Request<'_>, environment: &Environment) -> Option<Pager> {
    if !args.pager || !request.screen.terminal {
        return None;
    }
    match Pager::start(environment) {
        Ok(pager) => Some(pager),
        Err(text) => {
            session::say(&text);
            None
        }
    }
}

/// Says what is missing and what was left out; the exit code.
fn end(args: &Args, listed: &Listed) -> ExitCode {
    session::tell(args, &listed.coverage);
    let found = listed.matched || listed.folded.is_some_and(|folded| folded > 0) || args.limit == Some(0);
    if !found && !args.quiet {
        session::tell_nothing(args);
    }
    if let Some(folded) = listed.folded.filter(|folded| *folded > 0) {
        // With stderr gone there is nobody left to tell.
        let _ = writeln!(io::stderr(), "{folded} time-wait (-a)");
    }
    ExitCode::from(
        if session::lacks(args, &listed.coverage) && !(args.needs_a_match_only() && listed.matched) {
            INCOMPLETE
        } else if args.quiet && !listed.matched {
            NOTHING
        } else {
            ANSWERED
        },
    )
}
