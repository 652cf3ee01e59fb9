//! `pree diff A [B]` and `pree --save FILE`: what listens now that did not then, and what of it changed.

mod changes;
mod listing;

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use pree::source::Recording;
use pree::{Needs, Protocols, Query, States};

use super::phrases::plural;
use crate::args::Args;
use crate::exit::{ANSWERED, DIFFERENT, Failure, INCOMPLETE};
use crate::files;
use crate::output::{self, Format};
use crate::session::{self, Session};
use crate::sys::Rights;
use changes::Changes;
use listing::Listing;

/// The side that is looked at and not read.
const NOW: &str = "now";
/// More than any list of listeners has.
const LARGEST: usize = 64 << 20;

/// What it takes.
struct Options {
    sides: Vec<String>,
    asked: session::Options,
    with_processes: bool,
    json: bool,
}

impl From<Args> for Options {
    fn from(args: Args) -> Self {
        let mut sides = args.words;
        if sides.len() == 1 {
            sides.push(NOW.to_owned());
        }
        let json = args.shown.format != Format::Table;
        Self { sides, asked: args.asked, with_processes: args.strict_pid, json }
    }
}

/// A side before it is asked.
enum Side {
    Saved(Listing),
    Recorded(Recording),
    Now,
}

pub(crate) fn run(args: Args, rights: Rights) -> Result<ExitCode, Failure> {
    let Options { sides, asked, with_processes, json } = args.into();
    // Files are read with the user's own rights.
    let sides = sides.iter().map(|side| open(side, with_processes)).collect::<Result<Vec<_>, _>>()?;
    let mut session = None;
    if sides.iter().any(|side| matches!(side, Side::Now)) {
        session = Some(Session::open(asked.clone(), rights)?);
    } else {
        rights.end();
    }
    let (mut lists, mut coverages) = (Vec::new(), Vec::new());
    for side in sides {
        let snapshot = match (side, &session) {
            (Side::Saved(listing), _) => {
                lists.push(listing);
                continue;
            }
            (Side::Recorded(recording), _) => {
                listeners(Query::new()).collect_from(&mut recording.replay())?
            }
            (Side::Now, Some(session)) => session.collect(&listeners(session.query_in(LISTENING, NEEDS)))?,
            (Side::Now, None) => continue,
        };
        lists.push(Listing::of(&snapshot, with_processes));
        coverages.push(snapshot.coverage().clone());
    }
    drop(session);
    let [before, after] = &lists[..] else {
        return Err(Failure::Usage(
            "pree diff takes one or two of: a saved list, a recording, now".to_owned(),
        ));
    };
    let changes = Changes::between(before, after);
    let is_whole = before.is_complete && after.is_complete && !coverages.iter().any(|one| asked.lacks(one));
    if !asked.quiet {
        output::print(if json { changes.json(&coverages, is_whole) } else { changes.text() })?;
        let what = plural(after.len(), "listener");
        if !before.is_complete || !after.is_complete {
            session::say("a side is incomplete: sockets were missing when it was made");
        } else if changes.is_empty() {
            session::say(&format!("no difference ({what} then and now)"));
        }
    }
    for coverage in &coverages {
        asked.tell(coverage);
    }
    Ok(ExitCode::from(match (is_whole, changes.is_empty()) {
        (false, _) => INCOMPLETE,
        (true, true) => ANSWERED,
        (true, false) => DIFFERENT,
    }))
}

/// What `--save` takes.
pub(super) struct Save {
    pub(super) path: PathBuf,
    pub(super) asked: session::Options,
    pub(super) with_processes: bool,
    pub(super) force: bool,
}

/// Writes the list of listeners to a file, one a line.
pub(super) fn save(save: Save, rights: Rights) -> Result<ExitCode, Failure> {
    let Save { path, asked, with_processes, force } = save;
    if asked.protocols.is_some() || !asked.families.is_empty() || asked.filter.is_some() {
        let text = "--save keeps every listener of TCP and UDP: leave out filters and choices of protocols";
        return Err(Failure::Usage(text.to_owned()));
    }
    let failed = |error: &dyn std::fmt::Display| {
        Failure::File(format!("cannot write {}: {error}", files::name(&path)))
    };
    if !force && path.as_os_str() != "-" && path.symlink_metadata().is_ok_and(|there| there.is_file()) {
        return Err(failed(&"it is there already: --force replaces it"));
    }
    let session = Session::open(asked, rights)?;
    let snapshot = session.collect(&listeners(session.query_in(LISTENING, NEEDS)))?;
    let asked = session.close();
    let listing = Listing::of(&snapshot, with_processes);
    files::write(&path, listing.lines().as_bytes()).map_err(|error| failed(&error))?;
    if !asked.quiet {
        session::say(&format!(
            "saved {} (pree diff {})",
            plural(listing.len(), "listener"),
            files::name(&path)
        ));
    }
    Ok(asked.end(snapshot.coverage()))
}

/// What is told of processes.
const NEEDS: Needs = Needs::OWNERS.union(Needs::PROCESS_EXECUTABLE).union(Needs::PROCESS_CGROUP);
/// A UDP socket that is not connected takes what comes.
const LISTENING: States = States::LISTEN.union(States::UNCONNECTED);

fn listeners(query: Query) -> Query {
    query
        .protocols(Protocols::TCP | Protocols::UDP | Protocols::UDPLITE)
        .states(LISTENING)
        .needs(NEEDS)
        .owners()
}

fn open(side: &str, with_processes: bool) -> Result<Side, Failure> {
    if side == NOW {
        return Ok(Side::Now);
    }
    let path = PathBuf::from(side);
    let failed =
        |error: &dyn std::fmt::Display| Failure::File(format!("cannot read {}: {error}", files::name(&path)));
    let mut bytes = Vec::new();
    let mut file = files::open(&path).map_err(|error| failed(&error))?;
    file.by_ref().take(1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes != b"{" {
        return session::recording(&path).map(Side::Recorded);
    }
    files::read_to_end(&mut *file, &mut bytes, LARGEST).map_err(|error| failed(&error))?;
    let listing = Listing::read(&bytes).map_err(|error| failed(&error))?;
    if with_processes && !listing.has_processes {
        return Err(failed(&"it has no process ids: save it with --strict-pid"));
    }
    Ok(Side::Saved(if with_processes { listing } else { listing.without_processes() }))
}
