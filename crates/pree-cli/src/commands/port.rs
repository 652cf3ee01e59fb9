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

use pree::{Family, Filter, Namespaces, Needs, Process, Protocol, Query, Socket, States};

use super::source::{self, Place};
use super::{judged, rows};
use crate::args::{Args, Format};
use crate::exit::{ANSWERED, Failure, INCOMPLETE, NOTHING};
use crate::output::environment::Environment;
use crate::output::screen::Screen;
use crate::output::{self, Request, escape};
use crate::sys::Rights;
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
    let place = source::open(args, rights)?;
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
    // What takes IPv4 may be a socket of IPv6: `is_of_family` chooses.
    let any_family = Args { families: Vec::new(), ..args.clone() };
    Ok(source::query_in(&any_family, states, needs).filter(text.parse().map_err(Failure::Filter)?))
}

/// Whether a socket has the port for one of the families that the flags name. One of IPv6 with every address has it for
/// IPv4 too, unless it was told not to: then binding it for IPv4 fails.
fn is_of_family(args: &Args, socket: &Socket) -> bool {
    let takes_ipv4 = || {
        let ip = socket.local.ip();
        let mapped = ip.is_some_and(|ip| ip.is_ipv6() && ip.to_canonical().is_ipv4());
        let both = ip.is_some_and(|ip| ip.is_unspecified()) && socket.v6only != Some(true);
        socket.family == Family::Ipv6 && (mapped || both)
    };
    let families = &args.families;
    families.is_empty()
        || families.contains(&socket.family)
        || (families.contains(&Family::Ipv4) && takes_ipv4())
}

/// Only the exit code.
fn quiet(args: &Args, asked: Asked<'_>, place: &Place) -> Result<ExitCode, Failure> {
    let mut found = false;
    let needs_a_match_only = args.needs_a_match_only();
    let needs = if needs_a_match_only { Needs::empty() } else { NEEDS };
    let query = query(args, asked, source::states(args), needs)?;
    let coverage = place.visit(&query, |socket| {
        found |= is_held(socket) && is_of_family(args, socket);
        if found && needs_a_match_only { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    source::tell(args, &coverage);
    Ok(ExitCode::from(match found {
        true if needs_a_match_only => ANSWERED,
        _ if source::lacks(args, &coverage) => INCOMPLETE,
        true => ANSWERED,
        false => NOTHING,
    }))
}

/// The sockets, in one of the list's formats.
fn list(args: &Args, asked: Asked<'_>, place: &Place) -> Result<ExitCode, Failure> {
    let mut request = Request::new(args, Screen::of_stdout(args, &Environment::read()))?;
    let query = query(args, asked, source::states(args), request.needs())?;
    let writer = BufWriter::new(output::stdout());
    let (found, coverage) = if request.judges_with_the_host() {
        let wanted = |socket: &Socket| is_of_family(args, socket);
        let (sockets, coverage) = judged::document(place, &query, &mut request, writer, wanted)?;
        (sockets.iter().any(is_held), coverage)
    } else {
        let mut found = false;
        let (_, coverage) = rows::write(place, &query, &request, writer, |socket| {
            let wanted = is_of_family(args, socket);
            found |= wanted && is_held(socket);
            wanted
        })?;
        (found, coverage)
    };
    let code = source::end(args, &coverage);
    Ok(if found || source::lacks(args, &coverage) { code } else { ExitCode::from(NOTHING) })
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
    let wanted = source::states(args);
    let is_wanted = |socket: &Socket| wanted.contains(socket.state.set()) && is_of_family(args, socket);
    let found = sockets.iter().any(|socket| is_held(socket) && is_wanted(socket));
    if found {
        sockets.retain(|socket| is_of_family(args, socket));
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
        source::say(&looked_at::nobody(args, asked, &coverage, &sockets));
    }
    let code = source::end(args, &coverage);
    Ok(if found || source::lacks(args, &coverage) { code } else { ExitCode::from(NOTHING) })
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
