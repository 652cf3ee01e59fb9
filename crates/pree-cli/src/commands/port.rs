//! `pree port N`: who has this port, since when, reachable from where, with how many clients.
//!
//! `holders` sorts the sockets, `listeners` finds whose a connection is, `screen` says it in words, `looked_at` that there are
//! none; machine formats show the same sockets as the list would.

pub(super) mod asked;
mod group;
mod holders;
mod listeners;
pub(super) mod looked_at;
mod reach;
mod screen;

use std::collections::HashMap;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;

use pree::{Coverage, Family, Namespaces, Needs, Process, Socket, States};

use super::{judged, page, stream};
use crate::args::Args;
use crate::exit::{ANSWERED, Failure, INCOMPLETE, NOTHING};
use crate::output::environment::Environment;
use crate::output::screen::Screen;
use crate::output::{self, Format, Request};
use crate::session::{self, Session};
use crate::sys::Rights;
pub(super) use asked::Asked;
use asked::is_held;

/// What the screen shows of each socket.
const NEEDS: Needs = Needs::MEMORY
    .union(Needs::SEND_QUEUE)
    .union(Needs::INTERFACE)
    .union(Needs::INTERFACE_NAME)
    .union(Needs::V6ONLY)
    .union(Needs::OWNERS)
    .union(Needs::PROCESS_USER)
    .union(Needs::PROCESS_START)
    .union(Needs::PROCESS_COMMAND_LINE)
    .union(Needs::PROCESS_CGROUP);

/// What it takes.
struct Options<'w> {
    port: Asked<'w>,
    asked: session::Options,
    shown: output::Options,
}

impl<'w> Options<'w> {
    fn of(word: &'w str, args: Args) -> Result<Self, Failure> {
        let port = Asked::read(word)?;
        let asked = session::Options { filter: Some(port.filter()?), ..args.asked };
        Ok(Self { port, asked, shown: args.shown })
    }
}

pub(crate) fn run(mut args: Args, rights: Rights) -> Result<ExitCode, Failure> {
    let word = std::mem::take(&mut args.words).concat();
    let Options { port, asked, shown } = Options::of(&word, args)?;
    // Who chooses columns wants rows.
    let is_screen = shown.format == Format::Table && !shown.shows_rows();
    if is_screen && shown.limit.is_some() {
        let text =
            "--limit is for rows, and port tells of every holder: choose rows with -c, --sort or a format";
        return Err(Failure::Usage(text.to_owned()));
    }
    let session = Session::open(asked, rights)?;
    if session.options.quiet {
        return quiet(&session, port);
    }
    if is_screen {
        return show(&session, port, &shown);
    }
    list(&session, port, shown)
}

/// Whether a socket has the port for one of the families that the flags name, and for the address that was asked for.
pub(super) fn is_asked_for(session: &Session, port: Asked<'_>, socket: &Socket) -> bool {
    let families = &session.options.families;
    let is_of_family = families.is_empty()
        || families.contains(&socket.family)
        || (families.contains(&Family::Ipv4) && asked::takes_ipv4(socket));
    is_of_family && port.has_its_address(socket)
}

/// What `is_asked_for` goes by.
fn needs_to_choose(session: &Session, port: Asked<'_>) -> Needs {
    match port.address {
        Some(_) => Needs::V6ONLY.union(Needs::INTERFACE).union(Needs::INTERFACE_NAME),
        None if session.options.families.is_empty() => Needs::empty(),
        None => Needs::V6ONLY,
    }
}

/// The exit code where nobody was found: a port of a protocol that is not reported may be taken.
fn nothing(session: &Session, port: Asked<'_>, coverage: &Coverage) -> u8 {
    if looked_at::protocols_told(&session.options, port, coverage).is_empty() { INCOMPLETE } else { NOTHING }
}

/// Only the exit code.
fn quiet(session: &Session, port: Asked<'_>) -> Result<ExitCode, Failure> {
    let asked = &session.options;
    let mut found = false;
    let query = session.query_in(asked.states(), asked.needs(NEEDS) | needs_to_choose(session, port));
    let coverage = session.visit(&query, |socket| {
        found |= is_held(socket) && is_asked_for(session, port, socket);
        if found && asked.needs_a_match_only() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    asked.tell(&coverage);
    Ok(ExitCode::from(match found {
        true if asked.needs_a_match_only() => ANSWERED,
        _ if asked.lacks(&coverage) => INCOMPLETE,
        true => ANSWERED,
        false => nothing(session, port, &coverage),
    }))
}

/// What is missing is said; the exit code.
fn end(session: &Session, port: Asked<'_>, coverage: &Coverage, found: bool) -> ExitCode {
    let code = session.options.end(coverage);
    let is_nobodys = !found && !session.options.lacks(coverage);
    if is_nobodys { ExitCode::from(nothing(session, port, coverage)) } else { code }
}

/// The sockets, in one of the list's formats.
fn list(session: &Session, port: Asked<'_>, shown: output::Options) -> Result<ExitCode, Failure> {
    let asked = &session.options;
    let screen = Screen::of_stdout(shown.color, &Environment::read());
    let mut request = Request::new(shown, asked.rows(), screen)?;
    let query = session.query_in(asked.states(), request.needs() | needs_to_choose(session, port));
    let writer = BufWriter::new(output::stdout());
    let (found, coverage) = if request.judges_with_the_host() {
        let wanted = |socket: &Socket| is_asked_for(session, port, socket);
        let (sockets, coverage) = judged::document(session, &query, &mut request, writer, wanted)?;
        (sockets.iter().any(is_held), coverage)
    } else {
        let mut found = false;
        let (_, coverage) = stream::write(session, &query, &request, writer, |socket| {
            let wanted = is_asked_for(session, port, socket);
            found |= wanted && is_held(socket);
            wanted
        })?;
        (found, coverage)
    };
    Ok(end(session, port, &coverage, found))
}

/// The screen for people.
fn show(session: &Session, port: Asked<'_>, shown: &output::Options) -> Result<ExitCode, Failure> {
    let asked = &session.options;
    let names_namespaces = asked.namespaces == Namespaces::All;
    let names = if names_namespaces { Needs::NAMESPACE_NAME } else { Needs::empty() };
    // Connections are asked for whatever the states: they are a listener's clients.
    let query = session.query_in(States::all(), NEEDS | names);
    let mut sockets = Vec::new();
    let mut processes: HashMap<u32, Arc<Process>> = HashMap::new();
    let coverage = session.visit(&query, |socket| {
        for owner in &socket.owners {
            processes.entry(owner.pid()).or_insert_with(|| Arc::clone(&owner.process));
        }
        sockets.push(socket.clone());
        ControlFlow::Continue(())
    })?;
    let wanted = asked.states();
    let is_wanted =
        |socket: &Socket| wanted.contains(socket.state.set()) && is_asked_for(session, port, socket);
    let found = sockets.iter().any(|socket| is_held(socket) && is_wanted(socket));
    if found {
        sockets.retain(|socket| is_asked_for(session, port, socket));
        let holders = holders::of(sockets, wanted);
        let screen = screen::Screen {
            port,
            coverage: &coverage,
            processes,
            now: session.now(),
            whole_commands: shown.no_trunc,
            width: page::width(Screen::of_stdout(shown.color, &Environment::read())),
            names_namespaces,
            is_here: asked.replay.is_none() && asked.namespaces == Namespaces::Own,
        };
        output::print(screen.text(&holders))?;
    } else {
        session::say(&looked_at::nobody(asked, port, &coverage, &sockets));
    }
    Ok(end(session, port, &coverage, found))
}
