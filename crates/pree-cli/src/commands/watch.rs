//! `pree watch`: sockets from their opening to their end, a line each.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use pree::field::View;
use pree::{Event, EventKind, Moment, Needs, Protocols, Provenance, Watch, WatchSource};

use crate::args::{Args, Watched};
use crate::columns::usual::{ENDS, EVENTS, FAILED, TICKS};
use crate::exit::{ANSWERED, Failure, INCOMPLETE, NOTHING};
use crate::output::environment::Environment;
use crate::output::json::document;
use crate::output::screen::Screen;
use crate::output::windows::Windows;
use crate::output::{self, Format, Output, Request};
use crate::session::{self, Session};
use crate::sys::Rights;
use crate::sys::interrupts::{self, Interrupts};

/// What is written at once.
const BUFFER: usize = 64 * 1024;
/// What `-g` sums up without `--every`.
const USUAL_WINDOW: Duration = Duration::from_secs(10);
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
    let sums = watched.every.is_some() || shown.group_by.is_some();
    let ticks = watched.stats.or(watched.every).or(sums.then_some(USUAL_WINDOW));
    rows.over_time = ticks.is_some();
    rows.events = Some(match watched {
        Watched { stats: Some(_), ends: false, failed: false, .. } => &TICKS,
        Watched { events: true, .. } => &EVENTS,
        Watched { failed: true, .. } => &FAILED,
        _ => &ENDS,
    });
    let request = Request::new(shown, rows, screen)?;
    let _held = Interrupts::hold();
    let mut session = Session::open(asked, rights)?;
    if let Some(later) = session.later.take() {
        if let Some(field) = later.takes_time().filter(|_| ticks.is_none()) {
            return Err(Failure::Usage(format!("{} is told by ticks: pree watch --stats", field.name)));
        }
        session.options.filter = Some(match session.options.filter.take() {
            Some(now) => now.and(later),
            None => later,
        });
    }
    if session.options.filter.as_ref().is_some_and(pree::Filter::needs_the_kernel) {
        return Err(Failure::Usage(
            "autobound is known to the kernel alone, and no event tells it".to_owned(),
        ));
    }
    let query = session.query(session.options.needs(request.needs()) | Needs::OWNERS);
    let mut query = query.watch_source(session.options.watch_source);
    if let Some(every) = ticks {
        query = query.watch_stats(every);
    }
    let (asked, tells) = (session.options.clone(), io::stderr().is_terminal() && !session.options.quiet);
    let mut watch = match session.watch(&query) {
        // It ended before it began.
        Err(_) if interrupts::came() => return Ok(ExitCode::from(ANSWERED)),
        watch => watch?,
    };
    let follows_tcp = asked.protocols.is_none_or(|protocols| protocols.contains(Protocols::TCP));
    if let Some(refused) = watch.refused() {
        let hint = refused.hint().unwrap_or_default();
        let what = match watch.source() {
            _ if !follows_tcp => "sockets that live less than 100 ms are not seen",
            WatchSource::Bpf => "UDP sockets that live less than 100 ms are not seen",
            WatchSource::Destroy => "owners of connections shorter than 100 ms are not known",
            _ => "connections shorter than 100 ms are not seen",
        };
        session::say(&format!("{what}: {refused}; {hint}"));
    }
    if tells {
        session::say(&format!("watching by {}; ^C ends", watch.source().name()));
    }
    if let Some(length) = length.filter(|_| asked.replay.is_none()) {
        interrupts::wait_no_longer_than(length);
    }
    let begun = watch.now();
    let out = Out::new(&request, asked.quiet, sums.then(|| (watch.provenance(), watch.moment())));
    let written = Showing { watched, request: &request, out }.show(&mut watch, begun, length)?;
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
    let too_few = length.is_some() && !sums && request.options.limit.is_some_and(|limit| written < limit);
    Ok(ExitCode::from(if missed || asked.lacks(&coverage) {
        INCOMPLETE
    } else if (too_few && !interrupts::came()) || (asked.quiet && written == 0) {
        NOTHING
    } else {
        ANSWERED
    }))
}

/// A writer that does not wait any more after an interrupt, or when the time is over: a reader that does not read holds nobody up.
struct Impatient<W>(W);

impl<W: Write> Write for Impatient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted && interrupts::came() => {
                Err(io::Error::other("nobody reads it, and an interrupt came"))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted && interrupts::is_late() => {
                Err(io::Error::other("nobody reads it, and the time is over"))
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

type Writer = BufWriter<Box<dyn Write>>;

enum Out<'r> {
    Rows(Box<dyn Output + 'r>),
    Events(Box<document::Events<Writer>>),
    Windows(Box<Windows<'r, Writer>>),
    Nothing,
}

impl Showing<'_> {
    /// Writes what happens, until it is over. How many lines were written of what was asked for.
    fn show(
        mut self,
        watch: &mut Watch<'_>,
        begun: Duration,
        length: Option<Duration>,
    ) -> Result<usize, Failure> {
        let is_of_events = !matches!(self.out, Out::Windows(_));
        let limit = self.request.options.limit.filter(|_| is_of_events).unwrap_or(usize::MAX);
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
        let Watched { events, ends, failed, stats, .. } = self.watched;
        let is_json = matches!(self.out, Out::Events(_));
        match event.kind {
            _ if matches!(self.out, Out::Windows(_)) => true,
            EventKind::Tick => false,
            EventKind::Stats => stats.is_some() && !ends && !failed,
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

impl<'r> Out<'r> {
    /// `sums`: of windows, how these are known, from this moment on.
    fn new(request: &'r Request, quiet: bool, sums: Option<(Provenance, Moment)>) -> Self {
        let writer = || Writer::with_capacity(BUFFER, Box::new(Impatient(output::stdout())));
        match (request.options.format, sums) {
            _ if quiet => Self::Nothing,
            (_, Some((provenance, begun))) => {
                Self::Windows(Box::new(Windows::new(request, provenance, begun, writer())))
            }
            (Format::Jsonl, None) => {
                Self::Events(Box::new(document::Events::new(request.judges(), writer())))
            }
            _ => Self::Rows(output::of(request, writer())),
        }
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        match self {
            Self::Rows(rows) => match &event.socket {
                Some(socket) => rows.row(&View::new(socket).during(event)),
                None => Ok(()),
            },
            Self::Events(events) => events.event(event),
            Self::Windows(windows) if event.kind == EventKind::Tick => windows.end_window(event.at),
            Self::Windows(windows) => {
                windows.add(event);
                Ok(())
            }
            Self::Nothing => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Rows(rows) => rows.flush(),
            Self::Events(events) => events.flush(),
            Self::Windows(windows) => windows.flush(),
            Self::Nothing => Ok(()),
        }
    }

    fn end(&mut self, watch: &Watch<'_>) -> io::Result<()> {
        let coverage = watch.coverage();
        let (seen, lost, source) = (watch.seen(), watch.lost(), watch.source().name());
        let watched = document::Watched { seen, lost, source };
        match self {
            Self::Rows(rows) => rows.end(&coverage),
            Self::Events(events) => events.end(&coverage, &watched),
            Self::Windows(windows) => windows.end(&coverage, &watched),
            Self::Nothing => Ok(()),
        }
    }
}
