//! `pree port N`: who has this port, since when, reachable from where, with how many clients.
//!
//! `holders` sorts the sockets, `listeners` finds whose a connection is, `screen` says it in words, `looked_at` that there are
//! none; machine formats show the same sockets as the list would.

mod asked;
mod group;
mod holders;
mod listeners;
mod looked_at;
mod reach;
mod screen;

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;

use pree::{Coverage, Family, Filter, Namespaces, Needs, Process, Protocol, Query, Socket, States};

use super::{judged, stream};
use crate::args::{Args, Format};
use crate::exit::{ANSWERED, Failure, INCOMPLETE, NOTHING};
use crate::output::environment::Environment;
use crate::output::screen::Screen;
use crate::output::{self, Request};
use crate::session::{self, Place};
use crate::sys::Rights;
use crate::text::escape;
use asked::{Asked, is_held};

/// What the screen tells of each socket.
const NEEDS: Needs = Needs::MEMORY
    .union(Needs::SEND_QUEUE)
    .union(Needs::INTERFACE)
    .union(Needs::V6ONLY)
    .union(Needs::OWNERS)
    .union(Needs::PROCESS_USER)
    .union(Needs::PROCESS_START)
    .union(Needs::PROCESS_COMMAND_LINE);

pub(crate) fn run(args: &Args, rights: Rights) -> Result<ExitCode, Failure> {
    let asked = asked(args)?;
    let place = session::open(args, rights)?;
    if args.quiet {
        return quiet(args, asked, &place);
    }
    // Who chooses columns wants rows.
    let rows = args.shows_rows();
    match args.format {
        Format::Table if !rows => show(args, asked, &place),
        _ => list(args, asked, &place),
    }
}

/// Reads `8080`, `:8080`, `http`, `53/udp`, `udp:53`, and each with an address before the port: `[fe80::1%3]:53`.
fn asked(args: &Args) -> Result<Asked<'_>, Failure> {
    let usage = |text: String| Err(Failure::Usage(text));
    let word = args.words.first().map_or("", String::as_str);
    let by_name = |name: &str| {
        [Protocol::Tcp, Protocol::Udp, Protocol::UdpLite].into_iter().find(|known| known.name() == name)
    };
    let none = || format!("{} is no port: take 8080, https, 53/udp or 10.0.0.5:8080", quoted(word));
    let (end, protocol) = match (word.rsplit_once('/'), word.split_once(':')) {
        (Some((end, name)), _) => match by_name(name) {
            Some(protocol) => (end, Some(protocol)),
            None => return usage(none()),
        },
        (None, Some((name, end))) if by_name(name).is_some() => (end, by_name(name)),
        _ => (word, None),
    };
    let (address, number) = match end.rsplit_once(':') {
        None => (None, end),
        Some(("" | "*", number)) => (None, number),
        Some((address, number)) if format!("src={address}").parse::<Filter>().is_ok() => {
            (Some(address), number)
        }
        Some(_) => return usage(none()),
    };
    match Filter::port(number) {
        Ok(number) => Ok(Asked { number, protocol, address }),
        Err(error) => usage(escape::text(error.what().as_bytes()).into_owned()),
    }
}

fn quoted(word: &str) -> String {
    escape::quoted(word.as_bytes())
}

/// The sockets that have the port at their own end, as far as the flags narrow them down.
fn query(args: &Args, asked: Asked<'_>, states: States, needs: Needs) -> Result<Query, Failure> {
    let at = asked.address.map(|address| format!(" and (src={address} or src=0.0.0.0 or src=[::])"));
    let port = format!("sport = {}{}", asked.number, at.unwrap_or_default());
    let text = match asked.protocol {
        Some(protocol) => format!("{port} and proto = {}", protocol.name()),
        None => port,
    };
    // What takes IPv4 may be a socket of IPv6: `is_asked_for` chooses.
    let any_family = Args { families: Vec::new(), ..args.clone() };
    Ok(session::query_in(&any_family, Some(states), needs).filter(text.parse().map_err(Failure::Filter)?))
}

/// Whether a socket has the port for one of the families that the flags name, and for the address that was asked for.
fn is_asked_for(args: &Args, asked: Asked<'_>, socket: &Socket) -> bool {
    let families = &args.families;
    let is_of_family = families.is_empty()
        || families.contains(&socket.family)
        || (families.contains(&Family::Ipv4) && asked::takes_ipv4(socket));
    is_of_family && asked.has_its_address(socket)
}

/// What `is_asked_for` goes by.
fn needs_to_choose(args: &Args, asked: Asked<'_>) -> Needs {
    let chooses = asked.address.is_some() || !args.families.is_empty();
    if chooses { Needs::V6ONLY } else { Needs::empty() }
}

/// The exit code where nobody was found: nobody can be said to have a port of a protocol that is not told.
fn nothing(args: &Args, asked: Asked<'_>, coverage: &Coverage) -> u8 {
    if looked_at::protocols_told(args, asked, coverage).is_empty() { INCOMPLETE } else { NOTHING }
}

/// Only the exit code.
fn quiet(args: &Args, asked: Asked<'_>, place: &Place) -> Result<ExitCode, Failure> {
    let mut found = false;
    let needs_a_match_only = args.needs_a_match_only();
    let needs = if needs_a_match_only { needs_to_choose(args, asked) } else { NEEDS };
    let query = query(args, asked, session::states(args), needs)?;
    let coverage = place.visit(&query, |socket| {
        found |= is_held(socket) && is_asked_for(args, asked, socket);
        if found && needs_a_match_only { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    session::tell(args, &coverage);
    Ok(ExitCode::from(match found {
        true if needs_a_match_only => ANSWERED,
        _ if session::lacks(args, &coverage) => INCOMPLETE,
        true => ANSWERED,
        false => nothing(args, asked, &coverage),
    }))
}

/// The sockets, in one of the list's formats.
fn list(args: &Args, asked: Asked<'_>, place: &Place) -> Result<ExitCode, Failure> {
    let mut request = Request::new(args, Screen::of_stdout(args, &Environment::read()))?;
    let query = query(args, asked, session::states(args), request.needs() | needs_to_choose(args, asked))?;
    let writer = BufWriter::new(output::stdout());
    let (found, coverage) = if request.judges_with_the_host() {
        let wanted = |socket: &Socket| is_asked_for(args, asked, socket);
        let (sockets, coverage) = judged::document(place, &query, &mut request, writer, wanted)?;
        (sockets.iter().any(is_held), coverage)
    } else {
        let mut found = false;
        let (_, coverage) = stream::write(place, &query, &request, writer, |socket| {
            let wanted = is_asked_for(args, asked, socket);
            found |= wanted && is_held(socket);
            wanted
        })?;
        (found, coverage)
    };
    let code = session::end(args, &coverage);
    let is_nobodys = !found && !session::lacks(args, &coverage);
    Ok(if is_nobodys { ExitCode::from(nothing(args, asked, &coverage)) } else { code })
}

/// The screen for people.
fn show(args: &Args, asked: Asked<'_>, place: &Place) -> Result<ExitCode, Failure> {
    // Connections are asked for whatever the states: they are a listener's clients.
    let mut needs = NEEDS;
    if args.namespaces == Namespaces::All {
        needs |= Needs::NAMESPACE_NAME;
    }
    let query = query(args, asked, States::all(), needs)?;
    let mut sockets = Vec::new();
    let mut processes: HashMap<u32, Arc<Process>> = HashMap::new();
    let coverage = place.visit(&query, |socket| {
        for owner in &socket.owners {
            processes.entry(owner.pid()).or_insert_with(|| Arc::clone(&owner.process));
        }
        sockets.push(socket.clone());
        ControlFlow::Continue(())
    })?;
    let wanted = session::states(args);
    let is_wanted =
        |socket: &Socket| wanted.contains(socket.state.set()) && is_asked_for(args, asked, socket);
    let found = sockets.iter().any(|socket| is_held(socket) && is_wanted(socket));
    if found {
        sockets.retain(|socket| is_asked_for(args, asked, socket));
        let holders = holders::of(sockets, wanted);
        let screen = screen::Screen {
            asked,
            processes,
            now: place.now(),
            whole_commands: args.no_trunc,
            names_namespaces: args.namespaces == Namespaces::All,
        };
        let mut stdout = output::stdout();
        stdout.write_all(screen.text(&holders).as_bytes())?;
        stdout.flush()?;
    } else {
        session::say(&looked_at::nobody(args, asked, &coverage, &sockets));
    }
    let code = session::end(args, &coverage);
    let is_nobodys = !found && !session::lacks(args, &coverage);
    Ok(if is_nobodys { ExitCode::from(nothing(args, asked, &coverage)) } else { code })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_as_people_write_them() {
        let (tcp, udp) = (Some(Protocol::Tcp), Some(Protocol::Udp));
        for (word, expected) in [
            ("8080", Some((8080, None))),
            (":8080", Some((8080, None))),
            ("https", Some((443, None))),
            (":https", Some((443, None))),
            ("53/udp", Some((53, udp))),
            ("tcp:443", Some((443, tcp))),
            ("domain/udp", Some((53, udp))),
            ("0", Some((0, None))),
            ("65535", Some((65535, None))),
            ("65536", None),
            ("70000", None),
            ("-1", None),
            ("", None),
            ("nonsense", None),
            ("53/sctp", None),
            ("53/udp/tcp", None),
            ("tcp:10.0.0.1:80", Some((80, tcp))),
            ("10.0.0.1:80/udp", Some((80, udp))),
            ("[fe80::1%3]:53", Some((53, None))),
            ("[fe80::1%eth0]:domain", Some((53, None))),
            ("*:80", Some((80, None))),
            ("nowhere:80", None),
            ("::1", None),
        ] {
            let args = Args { words: vec![word.to_owned()], ..Args::default() };
            let got = asked(&args).ok().map(|asked| (asked.number, asked.protocol));
            assert_eq!(got, expected, "{word}");
        }
    }
}
