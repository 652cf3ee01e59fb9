//! `pree capture FILE`: everything the kernel says about all sockets, kept for `--replay`.
//!
//! The file holds the kernel's own bytes, so it answers any question later, also one that another pree asks.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use pree::source::{Question, Recorder, Recording, Source};
use pree::{Coverage, Needs, OwnerLookup, Protocols, Query, Snapshot, SourceChoice};

use super::phrases::plural;
use crate::args::Args;
use crate::exit::Failure;
use crate::files;
use crate::session;
use crate::sys::Rights;
use crate::sys::interrupts::{self, Interrupts};

/// What it takes.
struct Options {
    path: PathBuf,
    asked: session::Options,
    /// `--for`: how long sockets are followed.
    length: Option<Duration>,
    /// `--stats`: between two readings of their statistics.
    stats: Option<Duration>,
}

impl TryFrom<Args> for Options {
    type Error = Failure;

    fn try_from(args: Args) -> Result<Self, Failure> {
        let path = PathBuf::from(args.words.concat());
        if path.as_os_str() == "-" && io::stdout().is_terminal() {
            let text = "a recording is not for a terminal: name a file, or send it to one with >";
            return Err(Failure::Usage(text.to_owned()));
        }
        if args.look_for.is_some() && args.asked.owners == Some(OwnerLookup::None) {
            let text = "--for keeps which process used each socket: leave out --owners none";
            return Err(Failure::Usage(text.to_owned()));
        }
        if args.watched.stats.is_some() && args.look_for.is_none() {
            let text = "--stats is for --for: one look has all statistics";
            return Err(Failure::Usage(text.to_owned()));
        }
        if args.asked.protocols.is_some() && args.look_for.is_none() {
            let text = "-t and -u are for --for: a look keeps sockets of every protocol";
            return Err(Failure::Usage(text.to_owned()));
        }
        Ok(Self { path, asked: args.asked, length: args.look_for, stats: args.watched.stats })
    }
}

pub(crate) fn run(args: Args, rights: Rights) -> Result<ExitCode, Failure> {
    let Options { path, asked, length, stats } = args.try_into()?;
    let processes = asked.owners() != OwnerLookup::None;
    let mut recorder = Recorder::new(session::Running::open(rights)?);
    let answer = record(&asked, &mut recorder);
    let Answer { snapshot, mut inodes } = session::unless_interrupted(answer)?;
    let mut coverage = snapshot.coverage().clone();
    if let Some(length) = length {
        coverage = follow(&asked, &mut recorder, (length, stats), &mut inodes)?;
    }
    let recording = recorder.finish();
    let recording = if processes { recording.only_about(&inodes) } else { recording.without_processes() };
    let bytes = recording.as_bytes();
    files::write(&path, bytes).map_err(|error| {
        if path.as_os_str() == "-" {
            Failure::Write(error)
        } else {
            Failure::File(format!("cannot write {}: {error}", files::name(&path)))
        }
    })?;
    if !asked.quiet {
        // Some families have no table in some kernels: there only processes lead to their sockets.
        let kept = if processes { snapshot.sockets().len() } else { count(&asked, &recording)? };
        let sockets = plural(kept, "socket");
        let what =
            if processes { "users, process names and command lines" } else { "user ids, no processes" };
        session::say(&format!(
            "kept {sockets} in {} bytes, with addresses, {what}: look before you pass it on (pree --replay FILE)",
            bytes.len()
        ));
    }
    Ok(asked.end(&coverage))
}

/// Records what happens to sockets for so long, or until an interrupt.
fn follow(
    asked: &session::Options,
    recorder: &mut impl Source,
    (length, stats): (Duration, Option<Duration>),
    inodes: &mut HashSet<u64>,
) -> Result<Coverage, Failure> {
    let _held = Interrupts::hold();
    let query = Query::new()
        .protocols(asked.protocols.unwrap_or(Protocols::TCP))
        .stats()
        .owners()
        .network_namespaces(asked.namespaces.clone());
    let mut query = query.watch_source(asked.watch_source);
    if let Some(every) = stats {
        query = query.watch_stats(every);
    }
    let mut watch = query.watch_from(recorder)?;
    let end = watch.now().saturating_add(length);
    while !interrupts::came()
        && let Some(event) = watch.next_before(end)?
    {
        inodes.extend(event.socket.and_then(|socket| socket.inode));
    }
    // What happened until now, and the last statistics.
    watch.stop().stop();
    for event in &mut watch {
        inodes.extend(event?.socket.and_then(|socket| socket.inode));
    }
    Ok(watch.coverage())
}

/// What is recorded.
struct Answer {
    snapshot: Snapshot,
    /// Of all sockets that were met, also where the snapshot has none.
    inodes: HashSet<u64>,
}

/// All sockets that are kept.
fn all(asked: &session::Options) -> Query {
    // To the others only descriptors of processes lead.
    let others = if asked.owners() == OwnerLookup::None { Protocols::OTHER } else { Protocols::empty() };
    Query::new().protocols(Protocols::all() - others)
}

/// How many sockets a recording has: of its one namespace, whichever that was.
fn count(asked: &session::Options, recording: &Recording) -> Result<usize, Failure> {
    let mut sockets = 0;
    all(asked).visit_from(&mut recording.replay(), |_| {
        sockets += 1;
        ControlFlow::Continue(())
    })?;
    Ok(sockets)
}

/// Asks everything.
fn record(asked: &session::Options, recorder: &mut impl Source) -> Result<Answer, Failure> {
    let of_processes = match asked.owners() {
        OwnerLookup::None => Needs::empty(),
        _ => {
            Needs::PROCESS_USER
                | Needs::PROCESS_EXECUTABLE
                | Needs::PROCESS_COMMAND_LINE
                | Needs::PROCESS_CGROUP
                | Needs::FDS_IN_FLIGHT
        }
    };
    let query = all(asked)
        .network_namespaces(asked.namespaces.clone())
        .stats()
        .needs(Needs::TRAFFIC_CLASS | Needs::UNASKED);
    ask(recorder, &Question::Time);
    let mut first = query
        .clone()
        .needs(of_processes | Needs::HOST | Needs::MODULE | Needs::NAMESPACE_NAME | Needs::INTERFACE_NAME)
        .owner_lookup(asked.owners())
        .owner_source(asked.owner_source)
        .source(asked.source);
    if let Some(time) = asked.estats {
        first = first.collect_estats(time);
    }
    let snapshot = first.collect_from(recorder)?;
    // These are of the namespace that is recorded, which the source has entered by now.
    // For who asks for a protocol by name.
    ask(recorder, &Question::Protocols);
    // For `peer`.
    ask(recorder, &Question::OwnAddresses);
    // For a filter that names an interface.
    ask(recorder, &Question::Links);
    let mut inodes: HashSet<u64> = snapshot.iter().filter_map(|socket| socket.inode).collect();
    let of_owners = snapshot.iter().flat_map(|socket| &socket.owners);
    let paths = of_owners.filter_map(|owner| owner.process.cgroup.as_ref());
    let cgroups: BTreeSet<String> =
        paths.filter_map(|path| String::from_utf8(path.as_bytes().to_vec()).ok()).collect();
    // For a filter that names one of them.
    for path in &cgroups {
        ask(recorder, &Question::Cgroup(path));
    }
    let names: BTreeSet<&[u8]> =
        snapshot.iter().filter_map(|socket| Some(socket.interface_name.as_ref()?.as_bytes())).collect();
    for name in names.into_iter().filter_map(|name| std::str::from_utf8(name).ok()) {
        ask(recorder, &Question::Interface(name));
    }
    if asked.source == SourceChoice::Auto {
        // For `--source proc`. Its answer is beside the first one, so what it lacks is not reported.
        let _ = query.source(SourceChoice::Proc).visit_from(recorder, |socket| {
            inodes.extend(socket.inode);
            ControlFlow::Continue(())
        });
    }
    Ok(Answer { snapshot, inodes })
}

/// Asks for the recording's sake.
fn ask(recorder: &mut impl Source, question: &Question<'_>) {
    let mut batch = Vec::new();
    if let Ok(mut answer) = recorder.ask(question) {
        while matches!(recorder.next(&mut answer, &mut batch), Ok(true)) {}
    }
}
