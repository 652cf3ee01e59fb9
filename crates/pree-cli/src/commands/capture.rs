//! `pree capture FILE`: everything the kernel says about all sockets, kept for `--replay`.
//!
//! The file holds the kernel's own bytes, so it answers any question later, also one that another pree asks.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};

use pree::source::{Question, Recorder, Source};
use pree::{Needs, OwnerLookup, Protocols, Query, Snapshot, SourceChoice};

use super::phrases::plural;
use super::running::running;
use super::source;
use crate::args::{Args, Format};
use crate::exit::Failure;
use crate::output;
use crate::sys::Rights;

pub(crate) fn run(args: &Args, rights: Rights) -> Result<ExitCode, Failure> {
    let path = file(args)?;
    let mut recorder = Recorder::new(running(&rights)?);
    let snapshot = record(args, &mut recorder)?;
    let bytes = recorder.finish().to_bytes();
    drop(rights);
    if path.as_os_str() == "-" {
        let mut stdout = output::stdout();
        stdout.write_all(&bytes)?;
        stdout.flush()?;
    } else {
        let failed = |error| Failure::File(format!("cannot write {}: {error}", source::name(&path)));
        write(&path, &bytes).map_err(failed)?;
    }
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

/// The one argument; nothing else makes sense here.
fn file(args: &Args) -> Result<PathBuf, Failure> {
    let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
    let narrower = args.filter.is_some()
        || args.protocols.is_some()
        || args.which.is_some()
        || !args.families.is_empty()
        || args.format != Format::Table
        || args.replay.is_some();
    match args.words.as_slice() {
        _ if narrower => {
            usage("pree capture keeps everything: choose with flags and filters when you --replay it")
        }
        [file] if file == "-" && io::stdout().is_terminal() => {
            usage("a recording is not for a terminal: name a file, or send it to one with >")
        }
        [file] => Ok(file.into()),
        _ => usage("pree capture takes one file, - for standard output"),
    }
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

/// Writes the file whole or not at all: to a new file beside it, which then takes its name.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = match fs::metadata(path) {
        // What is no file, such as /dev/stdout, must not be replaced by one.
        Ok(there) if !there.is_file() => {
            let mut file = OpenOptions::new().write(true).open(path)?;
            return file.write_all(bytes);
        }
        // A link stays what it is.
        Ok(_) => path.canonicalize()?,
        Err(_) => path.to_owned(),
    };
    let Some(name) = path.file_name() else { return Err(io::ErrorKind::InvalidInput.into()) };
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}", process::id()));
    let beside = path.with_file_name(beside);
    let written = create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    });
    if written.is_err() {
        // What is left of it helps nobody; the first error is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A new file, for its owner alone: command lines may hold secrets.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("pree-capture-{}", process::id()));
        fs::create_dir(&folder).unwrap();
        let path = folder.join("recording");
        write(&path, b"first").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert!(write(&folder, b"a folder").is_err());
        assert!(write(&folder.join("none/recording"), b"no folder").is_err());
        // Nothing is left beside.
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
            let link = folder.join("link");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            write(&link, b"third").unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read(&path).unwrap(), b"third");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
