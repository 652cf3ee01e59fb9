//! Where a command's sockets come from: the running system, or a file that `pree capture` wrote (`--replay`).

mod running;

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use pree::quality::Intervals;
use pree::source::{Recording, Source, System};
use pree::{
    Coverage, ErrorKind, Family, Filter, Namespaces, Needs, Origin, OwnerLookup, OwnerSource, Protocol,
    Protocols, Query, Rest, Snapshot, Socket, SourceChoice, States, Watch, WatchSource,
};

use crate::exit::{ANSWERED, Failure, INCOMPLETE};
use crate::files;
use crate::output::options::Rows;
use crate::sys::{Rights, interrupts};
use crate::text::escape;
pub(crate) use running::{Running, unless_interrupted};

/// Largest recording that is read, 1 GiB: that of a machine with a million sockets has less.
const LARGEST: usize = 1 << 30;

/// Largest file that is read for a filter: ones that are taken, with many comments, are smaller.
const LARGEST_FILTER: usize = 1 << 20;

/// The flags about which sockets to look for, where, and how to report on the answer, as they were read.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Options {
    pub(crate) protocols: Option<Protocols>,
    /// Those among them that were asked for one by one: `-S`, but not UDP-Lite by `-u`.
    pub(crate) named: Vec<Protocol>,
    pub(crate) families: Vec<Family>,
    /// `-l`, `-a` or `-B`; none: what the output usually shows.
    pub(crate) states: Option<States>,
    /// What the words say, and, once there is a session, the files.
    pub(crate) filter: Option<Filter>,
    /// The command that the first word of the filter may have been meant as.
    pub(crate) meant: Option<&'static str>,
    /// Whether several looks are taken, so that the filter may be about rates.
    pub(crate) over_time: bool,
    /// Whether events are told, so that the filter may be about these.
    pub(crate) of_events: bool,
    /// `-F`: files that hold a filter each.
    pub(crate) filter_files: Vec<PathBuf>,
    /// `-N` or `--all-netns`.
    pub(crate) namespaces: Namespaces,
    /// `None`: not chosen, which means all.
    pub(crate) owners: Option<OwnerLookup>,
    pub(crate) owner_source: OwnerSource,
    pub(crate) source: SourceChoice,
    pub(crate) watch_source: WatchSource,
    /// `--estats`: Windows: how long statistics are collected first.
    pub(crate) estats: Option<Duration>,
    pub(crate) replay: Option<PathBuf>,
    pub(crate) strict: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

/// What a command asks, and of which system.
pub(crate) struct Session {
    pub(crate) options: Options,
    /// The part of the filter that takes several looks: to be asked after the last.
    pub(crate) later: Option<Filter>,
    place: Place,
}

/// The system that is asked.
enum Place {
    /// This system, live: opened once.
    Running(Box<RefCell<pree::Session<Running>>>),
    /// A recording.
    Recorded(Recording),
}

fn read_filter(path: &Path) -> Result<Filter, Failure> {
    let mut bytes = Vec::new();
    files::open(path)
        .and_then(|mut file| files::read_to_end(&mut *file, &mut bytes, LARGEST_FILTER))
        .map_err(|error| {
            // lsof has letters there.
            let letters = path.as_os_str().as_encoded_bytes().iter().all(u8::is_ascii_alphanumeric);
            let is_lsofs = letters && error.kind() == io::ErrorKind::NotFound;
            let text = format!("cannot read {}: {error}", files::name(path));
            if is_lsofs {
                Failure::Usage(format!("{text}; fields for programs are --json or --format"))
            } else {
                Failure::File(text)
            }
        })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::Usage(format!("{} is not UTF-8", files::name(path))))?;
    // Lines are one filter; a # begins a comment.
    let lines: Vec<&str> = text.lines().map(|line| line.split('#').next().unwrap_or_default()).collect();
    lines.join(" ").parse().map_err(Failure::Filter)
}

impl Session {
    /// Reads the files that the options name.
    pub(crate) fn open(mut options: Options, rights: Rights) -> Result<Self, Failure> {
        // Each filter must hold.
        for path in std::mem::take(&mut options.filter_files) {
            let filter = read_filter(&path)?;
            options.filter = Some(match options.filter.take() {
                Some(other) => other.and(filter),
                None => filter,
            });
        }
        options.refuse_contradictions()?;
        let later = options.take_later()?;
        let place = match &options.replay {
            None => Place::Running(Box::new(RefCell::new(pree::Session::new(Running::open(rights)?)))),
            Some(path) => {
                rights.end();
                Place::Recorded(recording(path)?)
            }
        };
        Ok(Self { options, later, place })
    }

    /// The end of asking: no rights are kept. What was asked is left.
    pub(crate) fn close(self) -> Options {
        self.options
    }

    /// [`Query::visit`] there.
    pub(crate) fn visit(
        &self,
        query: &Query,
        mut visitor: impl FnMut(&Socket) -> ControlFlow<()>,
    ) -> Result<Coverage, Failure> {
        match &self.place {
            Place::Running(running) => unless_interrupted(running.borrow_mut().visit(query, |socket| {
                if interrupts::came() { ControlFlow::Break(()) } else { visitor(socket) }
            })),
            Place::Recorded(recording) => Ok(query.visit_from(&mut recording.replay(), visitor)?),
        }
    }

    /// [`Query::collect`] there.
    pub(crate) fn collect(&self, query: &Query) -> Result<Snapshot, Failure> {
        match &self.place {
            Place::Running(running) => unless_interrupted(running.borrow_mut().collect(query)),
            Place::Recorded(recording) => Ok(query.collect_from(&mut recording.replay())?),
        }
    }

    /// [`pree::Session::look_for`] there.
    pub(crate) fn look_for(
        &self,
        length: Duration,
        query: &Query,
        wait: impl FnMut(Rest),
    ) -> Result<(Snapshot, Intervals), Failure> {
        match &self.place {
            Place::Running(running) => unless_interrupted(running.borrow_mut().look_for(length, query, wait)),
            Place::Recorded(recording) => {
                Ok(pree::Session::new(recording.replay()).look_for(length, query, wait)?)
            }
        }
    }

    /// [`Query::watch`] there.
    pub(crate) fn watch(&mut self, query: &Query) -> Result<Watch<'_>, Failure> {
        Ok(match &mut self.place {
            Place::Running(running) => query.watch_from(running.get_mut().source().patient())?,
            Place::Recorded(recording) => query.watch_from(recording.replay())?,
        })
    }

    /// The system whose sockets are reported there.
    pub(crate) fn system(&self) -> System {
        match &self.place {
            Place::Running(running) => running.borrow_mut().source().system(),
            Place::Recorded(recording) => recording.system(),
        }
    }

    /// The time there, from the Unix epoch; `None` where it was not recorded.
    pub(crate) fn now(&self) -> Option<Duration> {
        let now = match &self.place {
            Place::Running(running) => running.borrow_mut().source().now(),
            Place::Recorded(recording) => recording.replay().now(),
        };
        now.wall
    }

    /// The question that the options ask, with what is to be shown of each socket. What the filter must know besides is
    /// the library's to find out.
    pub(crate) fn query(&self, needs: Needs) -> Query {
        self.filtered(self.query_unfiltered(needs))
    }

    /// The same, of any family and in these states.
    pub(crate) fn query_in(&self, states: States, needs: Needs) -> Query {
        self.filtered(self.query_of_all(Some(states), needs))
    }

    /// The same, whatever the filter says.
    fn query_unfiltered(&self, needs: Needs) -> Query {
        let Options { families, states, .. } = &self.options;
        let query = self.query_of_all(*states, needs);
        families.iter().fold(query, |query, family| query.family(*family))
    }

    fn filtered(&self, query: Query) -> Query {
        match &self.options.filter {
            Some(filter) => query.filter(filter.clone()),
            None => query,
        }
    }

    /// Without the filter, of any family; with `None`, in every state that is reported.
    fn query_of_all(&self, states: Option<States>, needs: Needs) -> Query {
        let options = &self.options;
        let mut query = Query::new()
            .source(options.source)
            .owner_source(options.owner_source)
            .network_namespaces(options.namespaces.clone());
        if let Some(states) = states {
            query = query.states(states);
        }
        query = match options.owners() {
            OwnerLookup::None => query.needs(needs - Needs::FROM_OWNERS),
            far if needs.contains(Needs::OWNERS) => query.needs(needs - Needs::OWNERS).owner_lookup(far),
            _ => query.needs(needs),
        };
        if let Some(protocols) = options.protocols {
            query = query.protocols(protocols);
        }
        match options.estats {
            Some(time) => query.collect_estats(time),
            None => query,
        }
    }
}

impl Options {
    fn refuse_contradictions(&self) -> Result<(), Failure> {
        let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
        let Some(filter) = &self.filter else { return Ok(()) };
        if self.replay.is_some() && filter.needs_the_kernel() {
            return usage("only the running kernel can decide autobound: a recording cannot");
        }
        if let Some(field) = filter.of_events().filter(|_| !self.of_events) {
            return usage(&format!("{} is told of events: pree watch", field.name));
        }
        if let Some(field) = filter.takes_time().filter(|_| !self.over_time) {
            return usage(&format!("{} takes several looks: pree explain --for", field.name));
        }
        if self.owners() == OwnerLookup::None && filter.needs().intersects(Needs::FROM_OWNERS) {
            return usage(
                "the filter asks about owners, as pid=, process= and words do: --owners none looks for none",
            );
        }
        Ok(())
    }

    /// Takes from the filter what only several looks decide.
    fn take_later(&mut self) -> Result<Option<Filter>, Failure> {
        let (now, later) = self.filter.take().map_or((None, None), Filter::split_by_time);
        self.filter = now;
        if let Some((later, field)) = later.as_ref().and_then(|later| Some((later, later.takes_time()?)))
            && later.needs_a_collection()
        {
            return Err(Failure::Usage(format!(
                "{} takes several looks: user, dev, cgroup, interfaces and autobound cannot stand in an or or not with it",
                field.name
            )));
        }
        Ok(later)
    }

    /// How far owners are looked for.
    pub(crate) fn owners(&self) -> OwnerLookup {
        self.owners.unwrap_or(OwnerLookup::All)
    }

    /// States that are asked for.
    pub(crate) fn states(&self) -> States {
        self.states.unwrap_or(States::all())
    }

    /// What the rows can have.
    pub(crate) fn rows(&self) -> Rows {
        Rows {
            protocols: self.protocols,
            // /proc reports none.
            statistics: !matches!(self.source, SourceChoice::Proc | SourceChoice::Procfs),
            owners: self.owners() != OwnerLookup::None,
            namespaces: self.namespaces == Namespaces::All,
            events: None,
            over_time: self.over_time && !self.of_events,
        }
    }

    /// True when every connection is asked for.
    pub(crate) fn is_everything(&self) -> bool {
        self.filter.is_none()
            && self.families.is_empty()
            && self.states.is_none()
            && self.protocols.is_none_or(|protocols| protocols.contains(Protocols::TCP))
    }

    /// True with `-q` alone: one match is the answer. With `--strict` too, everything that would be shown without `-q` must be
    /// complete.
    pub(crate) fn needs_a_match_only(&self) -> bool {
        self.quiet && !self.strict
    }

    /// What must be asked for, of what would be shown.
    pub(crate) fn needs(&self, shown: Needs) -> Needs {
        if self.needs_a_match_only() { Needs::empty() } else { shown }
    }

    /// The end of an answer: prints what is missing, with `-v` remarks too, and returns the exit code.
    pub(crate) fn end(&self, coverage: &Coverage) -> ExitCode {
        self.tell(coverage);
        ExitCode::from(if self.lacks(coverage) { INCOMPLETE } else { ANSWERED })
    }

    /// True when enough is missing for the exit code to say so.
    pub(crate) fn lacks(&self, coverage: &Coverage) -> bool {
        coverage.lacks_rows() || (self.strict && !coverage.is_complete())
    }

    /// Where an answer looked, for sentences about what was not found.
    pub(crate) fn looked_at(&self, coverage: &Coverage) -> String {
        let linux =
            |(_, origin): &(Protocol, Origin)| matches!(origin, Origin::Diag | Origin::Proc | Origin::Procfs);
        match &self.namespaces {
            _ if self.replay.is_some() => "the recording".to_owned(),
            Namespaces::All => "all network namespaces that could be found".to_owned(),
            Namespaces::One(name) => format!("network namespace {}", escape::word(name.as_bytes())),
            Namespaces::Own if coverage.origins().iter().any(linux) => "this network namespace".to_owned(),
            _ => "this machine".to_owned(),
        }
    }

    /// Says what is missing, and with `-v` more.
    pub(crate) fn tell(&self, coverage: &Coverage) {
        for gap in coverage.gaps() {
            say(&escape::text(gap.to_string().as_bytes()));
        }
        if self.verbose {
            tell_origins(coverage);
            return;
        }
        // A caller that asks for one thing by name wants to know that it is not reported. Among many it is only a note.
        for (_, sentence) in coverage.untold().filter(|(name, _)| self.names(name)) {
            say(&escape::text(sentence.as_bytes()));
        }
    }

    /// Explains an empty result: that the filter is about sockets that were not asked for, or where its words were searched for.
    /// False when there is nothing to say.
    pub(crate) fn tell_nothing(&self) -> bool {
        let possible = self.filter.as_ref().map_or(Protocols::all(), Filter::protocols);
        if !possible.intersects(self.protocols.unwrap_or(Protocols::USUAL)) {
            let possible = Protocol::ALL.into_iter().filter(|protocol| possible.contains(protocol.set()));
            let names: Vec<String> = possible.map(|protocol| protocol.name().to_owned()).collect();
            let what = match names.as_slice() {
                [] => "no socket".to_owned(),
                [_] | [_, _] => format!("only {} sockets", names.join(" and ")),
                _ => "no socket of the protocols that were asked for".to_owned(),
            };
            say(&format!("found nothing: {what} can match this filter"));
            return true;
        }
        if self.filter.as_ref().is_some_and(|filter| !filter.states().intersects(self.states())) {
            say(
                "found nothing: no socket can be in all the states that the filter and flags such as -l ask for",
            );
            return true;
        }
        let words = self.filter.as_ref().map(Filter::words).unwrap_or_default();
        let quoted: Vec<String> = words.iter().map(|word| escape::quoted(word.as_bytes())).collect();
        if quoted.is_empty() {
            return false;
        }
        let was = if quoted.len() == 1 { "was" } else { "were" };
        let more = if self.protocols.is_none() { " (-A all: of every protocol)" } else { "" };
        let meant = self.meant.map_or(String::new(), |name| format!("; did you mean the command {name}?"));
        say(&format!(
            "found nothing: {} {was} searched for in process names, command lines, programs and addresses{more}{meant}",
            quoted.join(" and ")
        ));
        true
    }

    /// True when this protocol or family was asked for by itself.
    fn names(&self, name: &str) -> bool {
        self.named.iter().any(|protocol| protocol.name() == name)
            || self.families.iter().any(|family| family.name() == Some(name))
            || self.filter.as_ref().is_some_and(|filter| filter.names_kind(name))
    }
}

/// `-v`: where each table came from, and what is good to know.
fn tell_origins(coverage: &Coverage) {
    let mut seen = Vec::new();
    for (table, origin) in coverage.origins() {
        // Both families of a protocol have a pass of their own.
        if !seen.contains(&(table, origin)) {
            seen.push((table, origin));
            say(&format!("{} from {}", table.name(), origin.name()));
        }
    }
    if let Some(origin) = coverage.owners_origin() {
        say(&format!("owners from {}", origin.name()));
    }
    for note in coverage.notes() {
        say(&escape::text(note.as_bytes()));
    }
}

/// A line on stderr.
pub(crate) fn say(text: &str) {
    // With stderr gone there is nobody left to tell; the exit code still says it.
    let _ = writeln!(io::stderr().lock(), "pree: {text}");
}

pub(crate) fn recording(path: &Path) -> Result<Recording, Failure> {
    let name = files::name(path);
    let unreadable = |error: io::Error| Failure::File(format!("cannot read {name}: {error}"));
    let mut file = files::open(path).map_err(unreadable)?;
    // What begins otherwise is no recording, and is not read whole only to say so.
    let mut bytes = Vec::new();
    file.by_ref().take(Recording::MAGIC.len() as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes == Recording::MAGIC {
        files::read_to_end(&mut *file, &mut bytes, LARGEST).map_err(unreadable)?;
    }
    Recording::from_vec(bytes).map_err(|error| {
        let what = error.object().strip_prefix("recording: ").unwrap_or(error.object());
        let damage = if error.kind() == ErrorKind::Malformed { "damaged: " } else { "" };
        Failure::File(format!("cannot replay {name}: {damage}{what}"))
    })
}
