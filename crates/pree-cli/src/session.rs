//! Where a command's sockets come from: the running system, or a file that `pree capture` wrote (`--replay`).

mod running;

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use pree::source::{Question, Recording, Source};
use pree::{
    Coverage, ErrorKind, Filter, Namespaces, Needs, Origin, OwnerLookup, Protocol, Protocols, Query,
    Snapshot, Socket, States,
};

use crate::args::{Args, Which};
use crate::exit::{ANSWERED, Failure, INCOMPLETE};
use crate::files;
use crate::sys::Rights;
use crate::text::escape;
pub(crate) use running::running;

/// Largest recording that is read, 1 GiB: that of a machine with a million sockets has less.
const LARGEST: usize = 1 << 30;

/// Largest file that is read for a filter: ones that are taken, with many comments, are smaller.
const LARGEST_FILTER: usize = 1 << 20;

/// What a query is asked of.
pub(crate) enum Place {
    /// This system, now.
    Running(Rights),
    /// Another one, then.
    Recorded(Recording),
}

/// Reads the filters that stand in files: each must hold, beside the one on the command line.
pub(crate) fn read_filters(args: &mut Args) -> Result<(), Failure> {
    for path in std::mem::take(&mut args.filter_files) {
        let filter = read_filter(&path)?;
        args.filter = Some(match args.filter.take() {
            Some(other) => other.and(filter),
            None => filter,
        });
    }
    Ok(())
}

fn read_filter(path: &Path) -> Result<Filter, Failure> {
    let mut bytes = Vec::new();
    files::open(path)
        .and_then(|mut file| files::read_to_end(&mut *file, &mut bytes, LARGEST_FILTER))
        .map_err(|error| {
            // lsof has letters there.
            let letters = path.as_os_str().as_encoded_bytes().iter().all(u8::is_ascii_alphanumeric);
            let is_lsofs = letters && error.kind() == io::ErrorKind::NotFound;
            let way = if is_lsofs { "; fields for programs are --json or --format" } else { "" };
            Failure::Usage(format!("cannot read {}: {error}{way}", files::name(path)))
        })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::Usage(format!("{} is not UTF-8", files::name(path))))?;
    // Lines are one filter; a # begins a comment.
    let lines: Vec<&str> = text.lines().map(|line| line.split('#').next().unwrap_or_default()).collect();
    lines.join(" ").parse().map_err(Failure::Filter)
}

/// The place that the arguments name.
pub(crate) fn open(args: &Args, rights: Rights) -> Result<Place, Failure> {
    if let Some(filter) = &args.filter {
        refuse_contradictions(args, filter)?;
    }
    match &args.replay {
        None => Ok(Place::Running(rights)),
        Some(path) => {
            rights.end();
            read(path).map(Place::Recorded)
        }
    }
}

fn refuse_contradictions(args: &Args, filter: &Filter) -> Result<(), Failure> {
    let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
    if args.replay.is_some() && filter.needs_the_kernel() {
        return usage("autobound is the running kernel's to decide: no recording tells it");
    }
    if args.owners == OwnerLookup::None && filter.needs().intersects(Needs::FROM_OWNERS) {
        return usage(
            "the filter asks about owners, as pid=, process= and words do: --owners none looks for none",
        );
    }
    Ok(())
}

impl Place {
    /// [`Query::visit`] there.
    pub(crate) fn visit(
        &self,
        query: &Query,
        visitor: impl FnMut(&Socket) -> ControlFlow<()>,
    ) -> Result<Coverage, Failure> {
        Ok(match self {
            Self::Running(rights) => query.visit_from(&mut running(rights)?, visitor)?,
            Self::Recorded(recording) => query.visit_from(&mut recording.replay(), visitor)?,
        })
    }

    /// [`Query::collect`] there.
    pub(crate) fn collect(&self, query: &Query) -> Result<Snapshot, Failure> {
        Ok(match self {
            Self::Running(rights) => query.collect_from(&mut running(rights)?)?,
            Self::Recorded(recording) => query.collect_from(&mut recording.replay())?,
        })
    }

    /// The time there, from the Unix epoch; `None` where it was not recorded.
    pub(crate) fn now(&self) -> Option<Duration> {
        match self {
            Self::Running(_) => SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok(),
            Self::Recorded(recording) => {
                let mut replay = recording.replay();
                let mut bytes = Vec::new();
                replay.ask(&Question::Time).ok()?;
                replay.next(&mut bytes).ok()?;
                let nanos = i64::from_le_bytes(bytes.try_into().ok()?);
                Some(Duration::from_nanos(u64::try_from(nanos).ok()?))
            }
        }
    }
}

/// The end of an answer: says what is missing, and the exit code for it. What is only good to know is said with `-v`.
pub(crate) fn end(args: &Args, coverage: &Coverage) -> ExitCode {
    tell(args, coverage);
    ExitCode::from(if lacks(args, coverage) { INCOMPLETE } else { ANSWERED })
}

/// True when so much is missing that the exit code says it.
pub(crate) fn lacks(args: &Args, coverage: &Coverage) -> bool {
    coverage.lacks_rows() || (args.strict && !coverage.is_complete())
}

/// Where an answer looked, for sentences that say what is not there.
pub(crate) fn looked_at(args: &Args, coverage: &Coverage) -> String {
    let linux = |(_, origin): &(&str, Origin)| matches!(origin, Origin::Diag | Origin::Proc | Origin::Procfs);
    match &args.namespaces {
        _ if args.replay.is_some() => "the recording".to_owned(),
        Namespaces::All => "all network namespaces that could be found".to_owned(),
        Namespaces::One(name) => format!("network namespace {}", escape::word(name.as_bytes())),
        Namespaces::Own if coverage.origins().iter().any(linux) => "this network namespace".to_owned(),
        _ => "this machine".to_owned(),
    }
}

/// Says what is missing, and with `-v` more.
pub(crate) fn tell(args: &Args, coverage: &Coverage) {
    for gap in coverage.gaps() {
        say(&escape::text(gap.to_string().as_bytes()));
    }
    if args.verbose {
        tell_origins(coverage);
        return;
    }
    // Who asks for one thing by name wants to know that nothing tells of it. Among many it is only a note.
    for (_, sentence) in coverage.untold().filter(|(name, _)| names(args, name)) {
        say(&escape::text(sentence.as_bytes()));
    }
}

/// `-v`: where each table came from, and what is good to know.
fn tell_origins(coverage: &Coverage) {
    let mut seen = Vec::new();
    for (table, origin) in coverage.origins() {
        // Both families of a protocol have a pass of their own.
        if !seen.contains(&(table, origin)) {
            seen.push((table, origin));
            say(&format!("{table} from {}", origin.name()));
        }
    }
    if let Some(origin) = coverage.owners_origin() {
        say(&format!("owners from {}", origin.name()));
    }
    for note in coverage.notes() {
        say(&escape::text(note.as_bytes()));
    }
}

/// Says of a filter that found nothing what can have been meant otherwise: that it is about sockets which nobody asked for,
/// or where its words were searched for. False when there is nothing to say.
pub(crate) fn tell_nothing(args: &Args) -> bool {
    let possible = args.filter.as_ref().map_or(Protocols::all(), Filter::protocols);
    if !possible.intersects(args.protocols.unwrap_or(Protocols::USUAL)) {
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
    if args.filter.as_ref().is_some_and(|filter| !filter.states().intersects(states(args))) {
        say("found nothing: no socket can be in all the states that the filter and flags such as -l ask for");
        return true;
    }
    let words = args.filter.as_ref().map(Filter::words).unwrap_or_default();
    let quoted: Vec<String> = words.iter().map(|word| escape::quoted(word.as_bytes())).collect();
    if quoted.is_empty() {
        return false;
    }
    let was = if quoted.len() == 1 { "was" } else { "were" };
    let more = if args.protocols.is_none() { " (-A all: of every protocol)" } else { "" };
    say(&format!(
        "found nothing: {} {was} searched for in process names, command lines, programs and addresses{more}",
        quoted.join(" and ")
    ));
    true
}

/// True when this protocol or family was asked for by itself.
fn names(args: &Args, name: &str) -> bool {
    args.named.iter().any(|protocol| protocol.name() == name)
        || args.families.iter().any(|family| family.name() == Some(name))
        || args.filter.as_ref().is_some_and(|filter| filter.names_kind(name))
}

/// A line on stderr.
pub(crate) fn say(text: &str) {
    // With stderr gone there is nobody left to tell; the exit code still says it.
    let _ = writeln!(io::stderr().lock(), "pree: {text}");
}

fn read(path: &Path) -> Result<Recording, Failure> {
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

/// The question that the flags about sockets ask, with what is to be shown of each. What the filter must know besides
/// is the library's to find out.
pub(crate) fn query(args: &Args, needs: Needs) -> Query {
    query_in(args, named_states(args), needs)
}

/// The same, about sockets in these states; of `None`, in every state that is told.
pub(crate) fn query_in(args: &Args, states: Option<States>, needs: Needs) -> Query {
    let mut query = Query::new()
        .source(args.source)
        .owner_source(args.owner_source)
        .network_namespaces(args.namespaces.clone());
    if let Some(states) = states {
        query = query.states(states);
    }
    query = match args.owners {
        OwnerLookup::None => query.needs(needs - Needs::FROM_OWNERS),
        far if needs.contains(Needs::OWNERS) => query.needs(needs - Needs::OWNERS).owner_lookup(far),
        _ => query.needs(needs),
    };
    if let Some(protocols) = args.protocols {
        query = query.protocols(protocols);
    }
    for family in &args.families {
        query = query.family(*family);
    }
    if let Some(time) = args.estats {
        query = query.collect_estats(time);
    }
    match &args.filter {
        Some(filter) => query.filter(filter.clone()),
        None => query,
    }
}

/// States that the flags ask for.
pub(crate) fn states(args: &Args) -> States {
    named_states(args).unwrap_or(States::all())
}

/// The same, where they name any.
fn named_states(args: &Args) -> Option<States> {
    args.which.map(|which| match which {
        Which::Listening => States::LISTENING,
        Which::Bound => States::BOUND_INACTIVE,
        Which::All => States::all(),
    })
}
