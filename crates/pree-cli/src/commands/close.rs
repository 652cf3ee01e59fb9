//! `pree close FILTER`: closes connections from outside. Their other ends get a reset.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::process::ExitCode;

use pree::act::Closer;
use pree::{Coverage, Filter, Needs, OwnerLookup, Protocol, Protocols, Socket, State};

use super::act::{self, Consent, Outcome};
use super::page;
use super::phrases::plural;
use crate::args::Args;
use crate::exit::{Failure, USAGE};
use crate::output;
use crate::output::Format;
use crate::session::{self, Session};
use crate::sys::Rights;

/// What can be closed.
const CLOSABLE: Protocols = Protocols::TCP.union(Protocols::UDP).union(Protocols::UDPLITE);

/// Sockets that are shown before anything is done.
const SHOWN: usize = 20;

/// How often sockets that share their ends are tried again.
const TRIES: usize = 64;

/// What it takes.
struct Options {
    asked: session::Options,
    listeners: bool,
    consent: Consent,
    json: bool,
}

impl TryFrom<Args> for Options {
    type Error = Failure;

    fn try_from(args: Args) -> Result<Self, Failure> {
        let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
        let mut asked = args.asked;
        if asked.filter.is_none() && asked.filter_files.is_empty() {
            return usage("pree close takes a filter: pree close dst=10.1.2.3 state=close-wait");
        }
        let protocols = *asked.protocols.get_or_insert(Protocols::TCP);
        if !CLOSABLE.contains(protocols) {
            return usage(
                "pree close is for TCP and, with -u, UDP: the kernel closes no others from outside",
            );
        }
        let consent = Consent::of(args.acting, args.shown.format, "close")?;
        let json = args.shown.format != Format::Table;
        Ok(Self { asked, listeners: args.acting.listeners, consent, json })
    }
}

/// A socket that is to be closed.
struct Target {
    socket: Socket,
    outcome: Outcome,
}

pub(crate) fn run(args: Args, rights: Rights) -> Result<ExitCode, Failure> {
    let Options { asked, listeners, consent, json } = args.try_into()?;
    let session = Session::open(asked, rights)?;
    let (mut targets, coverage) = look(&session, listeners)?;
    let options = &session.options;
    options.tell(&coverage);
    let found = !targets.is_empty();
    if !found && !options.quiet && !options.tell_nothing() {
        let what = if listeners { "" } else { " (listeners: --listeners; UDP: -u)" };
        session::say(&format!("nothing to close matches in {}{what}", options.looked_at(&coverage)));
    }
    if found && !json && !(options.quiet && consent == Consent::Preview) {
        consent.show(&plan(&targets))?;
    }
    let may = found && consent.may(&question(targets.len()))?;
    if found && !may && consent == Consent::Asked {
        return Ok(ExitCode::from(USAGE));
    }
    let (lacks, quiet) = (options.lacks(&coverage), options.quiet);
    let namespaces = options.namespaces.clone();
    let asked = session.close();
    if may {
        close(&mut targets, &mut Closer::new(&namespaces)?);
        unhide(&mut targets, asked)?;
    }
    let failed: Vec<&Target> = targets.iter().filter(|target| target.outcome.is_failure()).collect();
    if json {
        output::print(document(&targets, &coverage, consent))?;
    } else if may {
        tell(&failed);
        let closed = targets.len() - failed.len();
        if !quiet && closed > 0 {
            output::print(format!("closed {}\n", plural(closed, "socket")))?;
        }
    }
    Ok(ExitCode::from(act::code(found, !failed.is_empty(), lacks)))
}

fn look(session: &Session, listeners: bool) -> Result<(Vec<Target>, Coverage), Failure> {
    let asked = &session.options;
    let needs = if asked.owners() == OwnerLookup::None { Needs::ID } else { Needs::ID | Needs::OWNERS };
    // What is only a memory is nobody's connection, unless it was named.
    let remembers = asked.filter.as_ref().is_some_and(Filter::names_states);
    let mut targets = Vec::new();
    let coverage = session.visit(&session.query(needs), |socket| {
        let is_meant = match socket.state {
            State::Listen | State::BoundInactive => listeners,
            State::TimeWait => remembers,
            _ => true,
        };
        if is_meant {
            targets.push(Target { socket: socket.clone(), outcome: Outcome::Planned });
        }
        ControlFlow::Continue(())
    })?;
    Ok((targets, coverage))
}

/// Of listeners and UDP sockets that share their ends the kernel finds one, and when that is closed another: the others seem to
/// be gone, and are tried again.
fn close(targets: &mut [Target], closer: &mut Closer) {
    for _ in 0..TRIES {
        let (mut closed, mut hidden) = (false, false);
        for target in targets.iter_mut() {
            let is_hidden = matches!(target.outcome, Outcome::Gone) && !is_connection(&target.socket);
            if !is_hidden && !target.outcome.is_planned() {
                continue;
            }
            target.outcome = match closer.close(&target.socket) {
                Ok(()) => Outcome::Done("closed"),
                Err(error) => error.into(),
            };
            closed |= matches!(target.outcome, Outcome::Done(_));
            hidden |= matches!(target.outcome, Outcome::Gone);
        }
        if !(closed && hidden) {
            break;
        }
    }
}

/// Finds out which of those that seem to be gone are only hidden behind others, which are not meant.
fn unhide(targets: &mut [Target], asked: session::Options) -> Result<(), Failure> {
    let mut gone: Vec<&mut Target> = targets
        .iter_mut()
        .filter(|target| matches!(target.outcome, Outcome::Gone) && !is_connection(&target.socket))
        .collect();
    if gone.is_empty() {
        return Ok(());
    }
    let session = Session::open(asked, act::own_rights()?)?;
    session.visit(&session.query(Needs::ID), |socket| {
        for target in gone.iter_mut().filter(|target| target.socket.id() == socket.id()) {
            target.outcome =
                Outcome::Failed("another socket has its addresses, and the kernel finds that one");
        }
        ControlFlow::Continue(())
    })?;
    Ok(())
}

fn is_connection(socket: &Socket) -> bool {
    socket.protocol == Protocol::Tcp && socket.remote.is_some()
}

fn plan(targets: &[Target]) -> String {
    let mut text = String::new();
    for target in targets.iter().take(SHOWN) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", page::line(&target.socket));
    }
    let rest = targets.len().saturating_sub(SHOWN);
    if rest > 0 {
        let _ = writeln!(text, "and {}", plural(rest, "other"));
    }
    text
}

fn question(count: usize) -> String {
    let what = if count == 1 { "it".to_owned() } else { format!("these {count} sockets") };
    format!("close {what}? The other ends get a reset")
}

/// Each reason once.
fn tell(failed: &[&Target]) {
    let mut reasons: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for target in failed {
        let (reason, text) = match &target.outcome {
            Outcome::Refused(error) => (error.kind().name().to_owned(), act::text(error)),
            Outcome::Failed(why) => {
                ((*why).to_owned(), format!("cannot close {}: {why}", page::line(&target.socket)))
            }
            _ => continue,
        };
        reasons.entry(reason).or_insert((text, 0)).1 += 1;
    }
    for (text, count) in reasons.into_values() {
        let more =
            if count > 1 { format!(" (and {} alike)", plural(count - 1, "other")) } else { String::new() };
        session::say(&format!("{text}{more}"));
    }
}

fn document(targets: &[Target], coverage: &Coverage, consent: Consent) -> Vec<u8> {
    act::document(coverage, "close", |json| {
        json.key("dry_run");
        json.bool(consent == Consent::Preview);
        json.key("sockets");
        json.open(b'[');
        for target in targets {
            json.open(b'{');
            json.key("socket");
            act::row(json, &target.socket);
            target.outcome.members(json);
            json.close(b'}');
        }
        json.close(b']');
    })
}
