//! `pree capture FILE`: everything the kernel says about all sockets, kept for `--replay`.
//!
//! The file holds the kernel's own bytes, so it answers any question later, also one that another pree asks.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use pree::source::{Question, Recorder, Source};
use pree::{Needs, OwnerLookup, Protocols, Query, Snapshot, SourceChoice};

use super::phrases::plural;
use super::running::running;
use super::source;
use crate::args::Args;
use crate::exit::Failure;
use crate::files;
use crate::sys::Rights;

pub(crate) fn run(args: &Args, rights: Rights) -> Result<ExitCode, Failure> {
    let path = file(args)?;
    let mut recorder = Recorder::new(running(&rights)?);
    let snapshot = record(args, &mut recorder)?;
    let bytes = recorder.finish().to_bytes();
    drop(rights);
    files::write(&path, &bytes).map_err(|error| {
        if path.as_os_str() == "-" {
            Failure::Write(error)
        } else {
            Failure::File(format!("cannot write {}: {error}", files::name(&path)))
        }
    })?;
    if !args.quiet {
        let sockets = plural(snapshot.sockets().len(), "socket");
        source::say(&format!(
            "kept {sockets} in {} bytes, with addresses, users, process names and command lines: \
             look before you pass it on (pree --replay FILE)",
            bytes.len()
        ));
    }
    Ok(source::end(args, snapshot.coverage()))
}

fn file(args: &Args) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(args.words.concat());
    if path.as_os_str() == "-" && io::stdout().is_terminal() {
        let text = "a recording is not for a terminal: name a file, or send it to one with >";
        return Err(Failure::Usage(text.to_owned()));
    }
    Ok(path)
}

/// Asks everything.
fn record(args: &Args, recorder: &mut impl Source) -> Result<Snapshot, Failure> {
    let details = match args.owners {
        OwnerLookup::None => Needs::empty(),
        _ => {
            Needs::PROCESS_USER
                | Needs::PROCESS_EXECUTABLE
                | Needs::PROCESS_COMMAND_LINE
                | Needs::PROCESS_CGROUP
        }
    };
    let in_flight = if args.owners == OwnerLookup::None { Needs::empty() } else { Needs::FDS_IN_FLIGHT };
    let query = Query::new()
        .protocols(Protocols::all())
        .stats()
        .needs(Needs::TRAFFIC_CLASS | in_flight | details)
        .owner_lookup(args.owners)
        .owner_source(args.owner_source)
        .network_namespaces(args.namespaces.clone());
    ask(recorder, &Question::Time);
    // For `peer`.
    ask(recorder, &Question::OwnAddresses);
    let first = match args.estats {
        Some(time) => query.clone().collect_estats(time),
        None => query.clone(),
    };
    let snapshot = first.needs(Needs::HOST | Needs::MODULE).source(args.source).collect_from(recorder)?;
    let of_owners = snapshot.iter().flat_map(|socket| &socket.owners);
    let paths = of_owners.filter_map(|owner| owner.process.cgroup.as_ref());
    let cgroups: BTreeSet<String> =
        paths.filter_map(|path| String::from_utf8(path.as_bytes().to_vec()).ok()).collect();
    // For a filter that names one of them.
    for path in &cgroups {
        ask(recorder, &Question::Cgroup(path));
    }
    if args.source == SourceChoice::Auto {
        // For `--source proc`. Its answer is beside the first one, so what it lacks is not told.
        let _ = query.source(SourceChoice::Proc).visit_from(recorder, |_| ControlFlow::Continue(()));
    }
    Ok(snapshot)
}

/// Asks for the recording's sake.
fn ask(recorder: &mut impl Source, question: &Question<'_>) {
    let mut batch = Vec::new();
    if recorder.ask(question).is_ok() {
        while matches!(recorder.next(&mut batch), Ok(true)) {}
    }
}
