//! `pree watch`: sockets from their opening to their end, a line each.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use pree::field::View;
use pree::{Event, EventKind, Needs, Protocols, Watch};

use crate::args::{Args, Watched};
use crate::columns::usual::{ENDS, EVENTS, FAILED};
use crate::exit::{ANSWERED, Failure, INCOMPLETE, NOTHING};
use crate::output::environment::Environment;
use crate::output::json::document;
use crate::output::screen::Screen;
use crate::output::{self, Format, Output, Request};
use crate::session::{self, Session};
use crate::sys::Rights;
use crate::sys::interrupts::{self, Interrupts};

/// What is written at once.
const BUFFER: usize = 64 * 1024;
/// How long it may take to see an interrupt.
const PATIENCE: Duration = Duration::from_millis(50);

/// What it takes.
struct Options {
    asked: session::Options,
    shown: output::Options,
    watched: Watched,
    length: Option<Duration>,
}

impl From<Args> for Options {
    fn from(args: Args) -> Self {
        let Args { mut asked, shown, watched, look_for, .. } = args;
        (asked.over_time, asked.of_events) = (true, true);
        // What happens to connections; others by their flag.
        asked.protocols.get_or_insert(Protocols::TCP);
        Self { asked, shown, watched, length: look_for }
    }
}

pub(crate) fn run(args: Args, rights: Rights) -> Result<ExitCode, Failure> {
    let Options { asked, shown, watched, length } = args.into();
    let screen = Screen::of_stdout(shown.color, &Environment::read());
    let mut rows = asked.rows();
    rows.events = Some(match watched {
        Watched { events: true, .. } => &EVENTS,
        Watched { failed: true, .. } => &FAILED,
        _ => &ENDS,
    });
    let request = Request::new(shown, rows, screen)?;
    let _held = Interrupts::hold();
    let mut session = Session::open(asked, rights)?;
    if let Some(field) = session.later.as_ref().and_then(pree::Filter::takes_time) {
        return Err(Failure::Usage(format!("{} takes several looks: pree explain --for", field.name)));
    }
    if session.options.filter.as_ref().is_some_and(pree::Filter::needs_the_kernel) {
        return Err(Failure::Usage(
            "autobound is known to the kernel alone, and no event tells it".to_owned(),
        ));
    }
    let query = session.query(session.options.needs(request.needs()) | Needs::OWNERS);
    let query = query.watch_source(session.options.watch_source);
    let (asked, tells) = (session.options.clone(), io::stderr().is_terminal() && !session.options.quiet);
    let mut watch = match session.watch(&query) {
        // It ended before it began.
        Err(_) if interrupts::came() => return Ok(ExitCode::from(ANSWERED)),
        watch => watch?,
    };
    if let Some(refused) = watch.refused() {
        let hint = refused.hint().unwrap_or_default();
        session::say(&format!("connections shorter than 100 ms are not seen: {refused}; {hint}"));
    }
    if tells {
        session::say(&format!("watching by {}; ^C ends", watch.source().name()));
    }
    let begun = watch.now();
    let written = Showing::new(watched, &request, asked.quiet).show(&mut watch, begun, length)?;
    let coverage = watch.coverage();
    asked.tell(&coverage);
    if tells {
        let lost = match watch.lost() {
            Some(0) => "nothing lost".to_owned(),
            Some(lost) => format!("{lost} lost"),
            None => "what was not seen is not counted".to_owned(),
        };
        let seconds = watch.now().saturating_sub(begun).as_secs_f64();
        session::say(&format!(
            "{} events in {seconds:.1} s by {}, {lost}",
            watch.seen(),
            watch.source().name()
        ));
    }
    let missed = coverage.gaps().iter().any(|gap| gap.what == pree::Missing::Events);
    let too_few = length.is_some() && request.options.limit.is_some_and(|limit| written < limit);
    Ok(ExitCode::from(if missed || asked.lacks(&coverage) {
        INCOMPLETE
    } else if (too_few && !interrupts::came()) || (asked.quiet && written == 0) {
        NOTHING
    } else {
        ANSWERED
    }))
}

/// A writer that does not wait any more after an interrupt: a reader that does not read holds nobody up.
struct Impatient<W>(W);

impl<W: Write> Write for Impatient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted && interrupts::came() => {
                Err(io::Error::other("nobody reads it, and an interrupt came"))
            }
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Which events are written, and how.
struct Showing<'r> {
    watched: Watched,
    request: &'r Request,
    out: Out<'r>,
}

enum Out<'r> {
    Rows(Box<dyn Output + 'r>),
    Events(Box<document::Events<BufWriter<Box<dyn Write>>>>),
    Nothing,
}

impl<'r> Showing<'r> {
    fn new(watched: Watched, request: &'r Request, quiet: bool) -> Self {
        let writer =
            || BufWriter::with_capacity(BUFFER, Box::new(Impatient(output::stdout())) as Box<dyn Write>);
        let out = match request.options.format {
            _ if quiet => Out::Nothing,
            Format::Jsonl => Out::Events(Box::new(document::Events::new(request.judges(), writer()))),
            _ => Out::Rows(output::of(request, writer())),
        };
        Self { watched, request, out }
    }

    /// Writes what happens, until it is over. How many lines were written of what was asked for.
    fn show(
        mut self,
        watch: &mut Watch<'_>,
        begun: Duration,
        length: Option<Duration>,
    ) -> Result<usize, Failure> {
        let limit = self.request.options.limit.unwrap_or(usize::MAX);
        let end = length.map_or(Duration::MAX, |length| begun.saturating_add(length));
        let mut written = 0;
        let stop = watch.stop();
        while written < limit {
            if interrupts::came() || (end != Duration::MAX && watch.now() >= end) {
                // What has happened until now is told.
                stop.stop();
            }
            let event = match next(watch, Duration::ZERO)? {
                Some(event) => event,
                None if watch.is_over() => break,
                None => {
                    self.out.flush()?;
                    let until = end.min(watch.now().saturating_add(PATIENCE));
                    match next(watch, until)? {
                        Some(event) => event,
                        None => continue,
                    }
                }
            };
            if self.wants(&event) {
                written += usize::from(event.socket.is_some());
                self.out.event(&event)?;
            }
        }
        self.out.end(watch)?;
        Ok(written)
    }

    fn wants(&self, event: &Event) -> bool {
        let Watched { events, ends, failed } = self.watched;
        let is_json = matches!(self.out, Out::Events(_));
        match event.kind {
            EventKind::Closed(ending) if failed => ending.is_failed_connect(),
            // A listener's end is no connection's.
            EventKind::Closed(_) => true,
            EventKind::Lost { .. } | EventKind::Ready | EventKind::Resynchronised => is_json,
            _ => events || (is_json && !ends && !failed),
        }
    }
}

/// The next event; what fails after an interrupt fails because of it.
fn next(watch: &mut Watch<'_>, until: Duration) -> Result<Option<Event>, Failure> {
    match watch.next_before(until) {
        Err(_) if interrupts::came() => Ok(None),
        next => Ok(next?),
    }
}

impl Out<'_> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match self {
            Self::Rows(rows) => match &event.socket {
                Some(socket) => rows.row(&View::new(socket).during(event)),
                None => Ok(()),
            },
            Self::Events(events) => events.event(event),
            Self::Nothing => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Rows(rows) => rows.flush(),
            Self::Events(events) => events.flush(),
            Self::Nothing => Ok(()),
        }
    }

    fn end(&mut self, watch: &Watch<'_>) -> io::Result<()> {
        let coverage = watch.coverage();
        match self {
            Self::Rows(rows) => rows.end(&coverage),
            Self::Events(events) => {
                let (seen, lost, source) = (watch.seen(), watch.lost(), watch.source().name());
                events.end(&coverage, &document::Watched { seen, lost, source })
            }
            Self::Nothing => Ok(()),
        }
    }
}
