//! `pree`: the list of sockets.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use pree::{Coverage, Filter, Query, State, States};

use super::repeat::{self, Before, Frame};
use super::{diff, judged, stream};
use crate::args::Args;
use crate::exit::{ANSWERED, Failure, INCOMPLETE, NOTHING};
use crate::output::environment::Environment;
use crate::output::pager::Pager;
use crate::output::screen::Screen;
use crate::output::{self, Format, Request};
use crate::session::{self, Session};
use crate::sys::Rights;

/// What is written at once.
const BUFFER: usize = 64 * 1024;

/// What the list takes.
struct Options {
    asked: session::Options,
    shown: output::Options,
    pager: bool,
    repeat: Option<Duration>,
}

impl From<Args> for Options {
    fn from(args: Args) -> Self {
        let Args { mut asked, shown, pager, repeat, .. } = args;
        asked.over_time = repeat.is_some();
        Self { asked, shown, pager, repeat }
    }
}

pub(crate) fn run(args: Args, rights: Rights) -> Result<ExitCode, Failure> {
    let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
    if args.save.is_none() && (args.force || args.strict_pid) {
        return usage("--force and --strict-pid are for --save, and for pree diff");
    }
    if let Some(path) = args.save {
        if args.repeat.is_some() || args.pager || args.shown != output::Options::default() {
            return usage("--save writes listeners in a form of its own: leave out what shapes an output");
        }
        let Args { asked, strict_pid: with_processes, force, .. } = args;
        return diff::save(diff::Save { path, asked, with_processes, force }, rights);
    }
    let Options { asked, mut shown, pager, repeat } = args.into();
    let environment = Environment::read();
    let screen = Screen::of_stdout(shown.color, &environment);
    if repeat.is_some() {
        repeat::format(&mut shown, screen);
    }
    let mut request = Request::new(shown, asked.rows(), screen)?;
    let session = Session::open(asked, rights)?;
    let folding = Folding::of(&session.options, &request);
    let query = query(&session, &request, folding);
    if let Some(every) = repeat {
        let in_place =
            screen.terminal && request.options.format == Format::Table && !environment.only_adds_lines();
        return again((every, in_place), &session, &query, request, folding);
    }
    if session.options.quiet {
        let listed = look(&session, &query)?;
        return Ok(end(&session.options, &request, &listed));
    }
    let mut pager = if pager { page(&request, &environment) } else { None };
    let writer = pager.as_mut().and_then(Pager::writer).unwrap_or_else(output::stdout);
    let listed = list(&session, &query, &mut request, folding, BufWriter::with_capacity(BUFFER, writer));
    // No rights are kept while the user reads on.
    let asked = session.close();
    // The user reads on after everything was written, and messages belong below it.
    if let Some(pager) = pager {
        pager.wait();
    }
    Ok(end(&asked, &request, &listed?))
}

/// What was found.
struct Listed {
    coverage: Coverage,
    matched: bool,
    /// `TIME_WAIT` sockets that match and are not shown; `None` when they were not counted.
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
    fn of(asked: &session::Options, request: &Request) -> Self {
        let table = request.screen.terminal && request.options.format == Format::Table && !asked.quiet;
        // A filter that names states is about those, as is one that nothing else can match.
        let only_folded = |filter: &Filter| (filter.states() - States::TIME_WAIT).is_empty();
        let named = asked.filter.as_ref().is_some_and(|filter| filter.names_states() || only_folded(filter));
        if !table || asked.states.is_some() || named {
            Self::Shown
        } else if io::stderr().is_terminal() && request.options.limit.is_none() {
            Self::Counted
        } else {
            Self::Hidden
        }
    }
}

fn query(session: &Session, request: &Request, folding: Folding) -> Query {
    let query = session.query(session.options.needs(request.needs()));
    match folding {
        Folding::Hidden => query.without_states(States::TIME_WAIT),
        Folding::Shown | Folding::Counted => query,
    }
}

/// Whether anything matches: the first that does is enough.
fn look(session: &Session, query: &Query) -> Result<Listed, Failure> {
    let mut matched = false;
    let coverage = session.visit(query, |_| {
        matched = true;
        if session.options.needs_a_match_only() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(Listed { coverage, matched, folded: None })
}

fn list(
    session: &Session,
    query: &Query,
    request: &mut Request,
    folding: Folding,
    writer: impl Write,
) -> Result<Listed, Failure> {
    if request.judges_with_the_host() {
        let (sockets, coverage) = judged::document(session, query, request, writer, |_| true)?;
        return Ok(Listed { coverage, matched: !sockets.is_empty(), folded: None });
    }
    let mut folded = 0;
    let (rows, coverage) = stream::write(session, query, request, writer, |socket| {
        let folds = folding == Folding::Counted && socket.state == State::TimeWait;
        folded += u64::from(folds);
        !folds
    })?;
    Ok(Listed { coverage, matched: rows > 0, folded: (folding == Folding::Counted).then_some(folded) })
}

/// `--watch`: the list, and rates since the look before.
fn again(
    (every, in_place): (Duration, bool),
    session: &Session,
    query: &Query,
    mut request: Request,
    folding: Folding,
) -> Result<ExitCode, Failure> {
    let mut before = Before::default();
    let later = session.later.as_ref();
    let query = later.map_or_else(|| query.clone(), |later| query.clone().needs(later.needs()));
    repeat::repeat(every, in_place, || {
        let look = session.collect(&query)?;
        let taken = look.taken();
        if request.judges_with_the_host() {
            request.peers = judged::peers(session, look.sockets(), true);
        }
        let (mut text, mut folded, mut rows) = (Vec::new(), 0_u64, 0);
        let mut output = output::of(&request, &mut text);
        for socket in &look {
            if folding == Folding::Counted && socket.state == State::TimeWait {
                folded += 1;
                continue;
            }
            let view = before.view(socket, taken).among(&request.peers);
            if rows < request.most() && later.is_none_or(|later| later.decide(&view) == Some(true)) {
                rows += 1;
                output.row(&view)?;
            }
        }
        output.end(look.coverage())?;
        drop(output);
        let mut notes = repeat::notes(look.coverage());
        if folded > 0 {
            notes.push(folded_away(folded));
        }
        let lacks = session.options.lacks(look.coverage());
        let code = ExitCode::from(if lacks { INCOMPLETE } else { ANSWERED });
        before = Before::new(look);
        Ok(Frame { text, taken: taken.wall, code, notes })
    })
}

fn folded_away(folded: u64) -> String {
    format!("{folded} time-wait (-a)")
}

fn page(request: &Request, environment: &Environment) -> Option<Pager> {
    if !request.screen.terminal {
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
fn end(asked: &session::Options, request: &Request, listed: &Listed) -> ExitCode {
    asked.tell(&listed.coverage);
    let found =
        listed.matched || listed.folded.is_some_and(|folded| folded > 0) || request.options.limit == Some(0);
    if !found && !asked.quiet {
        asked.tell_nothing();
    }
    if let Some(folded) = listed.folded.filter(|folded| *folded > 0) {
        // With stderr gone there is nobody left to tell.
        let _ = writeln!(io::stderr(), "{}", folded_away(folded));
    }
    ExitCode::from(if asked.lacks(&listed.coverage) && !(asked.needs_a_match_only() && listed.matched) {
        INCOMPLETE
    } else if asked.quiet && !listed.matched {
        NOTHING
    } else {
        ANSWERED
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_memory_can_match_is_shown_on_a_terminal() {
        for (line, shows) in [
            ("", false),
            ("sport=80", false),
            ("unowned!=time_wait", false),
            ("unowned=time_wait", true),
            ("owner=(time_wait) and sport=80", true),
            ("state time-wait", true),
            ("-a sport=80", true),
            ("--csv", true),
        ] {
            let args = crate::args::parse(line.split_whitespace().map(Into::into).collect());
            let Args { asked, shown, .. } = args.unwrap_or_default();
            let screen = Screen { terminal: true, ..Screen::default() };
            let request = Request::new(shown, asked.rows(), screen).unwrap_or_else(|_| panic!("{line}"));
            assert_eq!(Folding::of(&asked, &request) == Folding::Shown, shows, "{line}");
        }
    }
}
