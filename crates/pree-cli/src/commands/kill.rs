//! `pree kill WHAT`: ends who listens on a port, never who is connected to it; with a filter, who holds what matches.
//!
//! `targets` looks for them, `end` ends them.

mod end;
mod targets;

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use pree::act::Signal;
use pree::field;
use pree::{OwnerLookup, Socket, States};

use super::act::{self, Consent, Outcome};
use super::belongs;
use super::page;
use super::phrases::{command, plural};
use super::port::{Asked, looked_at};
use crate::args::Args;
use crate::exit::{Failure, USAGE};
use crate::output;
use crate::output::Format;
use crate::session::{self, Session};
use crate::sys::Rights;
use crate::text::escape;
use crate::text::paragraph::SCREEN;
use crate::text::words::listed;
use end::{How, words_of};
use targets::{Target, Targets, What, ends};

/// How long a process has to end before it is forced to.
const GRACE: Duration = Duration::from_secs(5);

/// How long one that gets another signal than TERM is waited for: it may be meant to live on.
const GRACE_OF_OTHERS: Duration = Duration::from_secs(1);

/// Sockets of a process that are shown before anything is done.
const SHOWN: usize = 4;

/// What it takes.
struct Options {
    asked: session::Options,
    /// The only word, which may be a port.
    word: Option<String>,
    how: How,
    consent: Consent,
    json: bool,
}

impl Options {
    fn of(args: Args) -> Result<Self, Failure> {
        let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
        if args.asked.filter.is_none() && args.asked.filter_files.is_empty() {
            return usage("pree kill takes a port or a filter: pree kill :3000, pree kill process=node");
        }
        if args.asked.owners == Some(OwnerLookup::None) {
            return usage("pree kill ends those who hold sockets: --owners none looks for none");
        }
        let consent = Consent::of(args.acting, args.shown.format, "kill")?;
        let signal = args.acting.signal.unwrap_or_default();
        let is_usual = signal == Signal::Term;
        let usual = if is_usual { GRACE } else { GRACE_OF_OTHERS };
        let how = How {
            signal,
            grace: args.acting.grace.unwrap_or(usual),
            forces: is_usual || args.acting.grace.is_some(),
        };
        let is_alone = args.words.len() == 1 && args.asked.filter_files.is_empty();
        let word = args.words.into_iter().next().filter(|_| is_alone);
        Ok(Self { asked: args.asked, word, how, consent, json: args.shown.format != Format::Table })
    }
}

pub(crate) fn run(args: Args, rights: Rights) -> Result<ExitCode, Failure> {
    let Options { mut asked, word, how, consent, json } = Options::of(args)?;
    let port = word.as_deref().map_or(Ok(None), port)?;
    if let Some(port) = port {
        asked.filter = Some(port.filter()?);
    }
    let what = What { port, filter: asked.filter.clone() };
    let session = Session::open(asked, rights)?;
    let mut found = what.look(&session)?;
    session.options.tell(&found.coverage);
    if found.processes.is_empty() {
        return nothing(&session, &what, &found, json);
    }
    end::hold(&mut found.processes);
    let quiet = session.options.quiet;
    if !json {
        tell_refusals(&found.processes);
        if !(quiet && consent == Consent::Preview) {
            consent.show(&plan(&found.processes))?;
        }
    }
    let planned = found.processes.iter().filter(|target| target.outcome.is_planned()).count();
    let may = planned > 0 && consent.may(&how.question(planned))?;
    if planned > 0 && !may && consent == Consent::Asked {
        return Ok(ExitCode::from(USAGE));
    }
    if may {
        // Who is held lives, or its number is not given again. So whoever has it in this look is the one that is held, and who has
        // let go of the socket since the first is not meant any more.
        let now = what.look(&session)?;
        found
            .processes
            .retain(|target| !target.outcome.is_planned() || now.processes.iter().any(|now| now.is(target)));
    }
    let lacks = session.options.lacks(&found.coverage);
    let options = session.close();
    let after = if may {
        end::all(&mut found.processes, how);
        Some(what.after(options, &found.sockets)?)
    } else {
        None
    };
    let (free, held) = match &after {
        Some(after) if !after.coverage.lacks_rows() => sort(&found.sockets, &after.sockets),
        _ => (Vec::new(), Vec::new()),
    };
    let after_lacks = after.as_ref().is_some_and(|after| after.coverage.lacks_rows());
    if json {
        output::print(document(&found, how, consent, &free, &held))?;
    } else if may {
        report(&found.processes, how, &free, &held, quiet)?;
    }
    let failed = found.processes.iter().any(|target| target.outcome.is_failure())
        || (how.forces && !held.is_empty())
        || found.unknown > 0;
    Ok(ExitCode::from(act::code(true, failed, lacks || after_lacks)))
}

/// The port that a word names. What can only be meant as one is no word to search for.
fn port(word: &str) -> Result<Option<Asked<'_>>, Failure> {
    let is_number = word.trim_start_matches(':').bytes().all(|byte| byte.is_ascii_digit());
    match Asked::read(word) {
        Ok(port) => Ok(Some(port)),
        Err(failure) if is_number => Err(failure),
        Err(_) => Ok(None),
    }
}

/// Nobody is to be ended: why.
fn nothing(session: &Session, what: &What<'_>, found: &Targets, json: bool) -> Result<ExitCode, Failure> {
    let options = &session.options;
    if json {
        let how = How { signal: Signal::Term, grace: Duration::ZERO, forces: false };
        output::print(document(found, how, Consent::Preview, &[], &[]))?;
    }
    if let Some(first) = found.sockets.first() {
        let rest = found.sockets.len() - 1;
        let more = if rest > 0 { format!(", and {}", plural(rest, "other")) } else { String::new() };
        session::say(&format!("no process to end is known of {}{more}", page::line(first)));
    } else if !options.quiet {
        match what.port {
            Some(port) => {
                let mut others = Vec::new();
                let all = session.query_in(States::all(), targets::NEEDS);
                let coverage = session.visit(&all, |socket| {
                    others.push(socket.clone());
                    ControlFlow::Continue(())
                })?;
                let mut listening = options.clone();
                listening.states = Some(States::LISTENING);
                session::say(&looked_at::nobody(&listening, port, &coverage, &others));
            }
            None if options.tell_nothing() => {}
            None => session::say(&format!("nothing matches in {}", options.looked_at(&found.coverage))),
        }
    }
    Ok(ExitCode::from(act::code(false, found.unknown > 0, options.lacks(&found.coverage))))
}

/// Says of whom nothing will be ended.
fn tell_refusals(targets: &[Target]) {
    for target in targets {
        if let Outcome::Refused(error) = &target.outcome {
            let name = escape::word(target.owner.process.name.as_bytes());
            session::say(&format!("{} ({name})", act::text(error)));
        }
    }
    let mut left = targets.iter().filter(|target| matches!(target.outcome, Outcome::Failed(_)));
    if let Some(Target { outcome: Outcome::Failed(why), .. }) = left.next() {
        session::say(&format!("{} left: {why}", plural(left.count() + 1, "owner")));
    }
}

/// What would be ended.
fn plan(targets: &[Target]) -> String {
    let mut text = String::new();
    for target in targets.iter().filter(|target| target.outcome.is_planned()) {
        let process = &target.owner.process;
        let mut who = page::process(process);
        if let Some(user) = &process.user {
            let _ = write!(who, " user {}", escape::word(user.as_bytes()));
        }
        if let Some(arguments) = &process.command_line {
            let room = SCREEN.saturating_sub(who.chars().count() + 2).max(16);
            let _ = write!(who, "  {}", command(arguments.as_bytes(), room));
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", who.trim_end());
        let belongs = belongs::words(process);
        if !belongs.is_empty() {
            let _ = writeln!(text, "  {belongs}");
        }
        if let Some(stop) = belongs::stop(process) {
            let _ = writeln!(text, "  to stop that instead: {stop}");
        }
        for socket in target.sockets.iter().take(SHOWN) {
            let _ = writeln!(text, "  {socket}");
        }
        let rest = target.sockets.len().saturating_sub(SHOWN);
        if rest > 0 {
            let _ = writeln!(text, "  and {}", plural(rest, "other socket"));
        }
    }
    text
}

/// What waited before and does not any more, and what still does or does again.
fn sort<'s>(before: &'s [Socket], after: &'s [Socket]) -> (Vec<&'s Socket>, Vec<&'s Socket>) {
    let held = ends(after);
    let free =
        before.iter().filter(|socket| targets::waits(socket) && !held.contains(&targets::end_of(socket)));
    (free.collect(), after.iter().collect())
}

/// What was done, and what came of it.
fn report(
    targets: &[Target],
    how: How,
    free: &[&Socket],
    held: &[&Socket],
    quiet: bool,
) -> Result<(), Failure> {
    let mut text = String::new();
    for target in targets {
        let name = page::process(&target.owner.process);
        match &target.outcome {
            Outcome::Done(what) => {
                let _ = match *what {
                    end::KILLED => writeln!(text, "killed {name}: it did not end in {}", words_of(how.grace)),
                    end::SIGNALLED => writeln!(text, "sent {} to {name}, which lives on", how.signal.name()),
                    _ => writeln!(text, "ended {name}"),
                };
                if let (Some(stop), true) = (belongs::stop(&target.owner.process), how.forces) {
                    let belongs = belongs::words(&target.owner.process);
                    let _ = writeln!(text, "  {belongs}, which may start it again: {stop}");
                }
            }
            Outcome::Gone => {
                let _ = writeln!(text, "{name} had ended already");
            }
            Outcome::Failed(why) if target.is_late => session::say(&format!("{name}: {why}")),
            // Told before, unless it was refused only then.
            Outcome::Refused(error) if target.is_late => session::say(&act::text(error)),
            Outcome::Refused(_) | Outcome::Failed(_) | Outcome::Planned => {}
        }
    }
    let mut of_free: Vec<String> =
        free.iter().map(|socket| format!("{} {}", socket.protocol, socket.shown_local())).collect();
    of_free.dedup();
    if !of_free.is_empty() {
        let _ = writeln!(text, "free: {}", of_free.join(", "));
    }
    if !quiet {
        output::print(&text)?;
    }
    for socket in held.iter().take(SHOWN) {
        let by: Vec<String> = socket.owners.iter().map(|owner| page::process(&owner.process)).collect();
        let by = if by.is_empty() { page::who(socket) } else { listed(&by, "and") };
        session::say(&format!("{} {} is still held by {by}", socket.protocol, socket.shown_local()));
    }
    if held.len() > SHOWN {
        session::say(&format!("{} still held", plural(held.len() - SHOWN, "other socket")));
    }
    Ok(())
}

fn document(found: &Targets, how: How, consent: Consent, free: &[&Socket], held: &[&Socket]) -> Vec<u8> {
    act::document(&found.coverage, "kill", |json| {
        json.key("dry_run");
        json.bool(consent == Consent::Preview);
        json.key("signal");
        json.string(how.signal.name());
        json.key("processes");
        json.open(b'[');
        for target in &found.processes {
            json.open(b'{');
            for field in field::of_owner() {
                let value = (field.get)(&target.owner);
                if !matches!(value, field::Value::Unknown) {
                    json.value(field.key, field.unit, value);
                }
            }
            target.outcome.members(json);
            json.key("instead");
            match belongs::stop(&target.owner.process) {
                Some(stop) => json.string(&stop),
                None => json.null(),
            }
            json.close(b'}');
        }
        json.close(b']');
        act::rows(json, "sockets", &found.sockets);
        act::rows(json, "free", free.iter().copied());
        act::rows(json, "held", held.iter().copied());
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_only_be_a_port_is_no_word_to_search_for() {
        for (word, is_port) in [
            (":3000", Some(true)),
            ("3000", Some(true)),
            ("8080/tcp", Some(true)),
            ("10.0.0.5:80", Some(true)),
            ("https", Some(true)),
            ("node", Some(false)),
            ("process=node", Some(false)),
            ("70000", None),
            (":70000", None),
        ] {
            assert_eq!(port(word).ok().map(|port| port.is_some()), is_port, "{word}");
        }
    }

    #[test]
    fn ports_are_read_as_filters_too() {
        // A line of words is read as a filter before it is known that it is a port.
        for word in
            [":3000", "3000", "8080/tcp", "tcp:80", "10.0.0.5:80", "[::1]:80", "https", "udp@:53", "53/sctp"]
        {
            assert!(word.parse::<pree::Filter>().is_ok(), "{word}");
        }
    }
}
