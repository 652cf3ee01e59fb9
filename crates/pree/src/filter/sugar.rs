//! What is short for conditions: ports, protocols, and lsof's way to write an address.
//!
//! ```text
//! SHORT = :PORTS | PORT/PROTO | PROTO:HOST:PORT | ["4"|"6"] PROTO [@HOST] [:PORTS] | @HOST[:PORTS] | IP%INTERFACE
//! PORTS = PORT{,PORT}, each a number, a service or LOW-HIGH
//! ```

use super::condition::{self, Written};
use super::expr::{End, Expr, Host, Test};
use super::lex::Op;
use super::parse::one_or;
use super::values;
use crate::model::{Family, Protocol, Protocols, Text};

type Read<T> = Result<T, String>;

/// True when more ports may follow after commas.
pub(super) fn takes_ports(word: &str) -> bool {
    word.contains(':') && !matches!(read(word), Ok(Expr::Test(Test::Word(_))))
}

/// Conditions, or the word itself.
pub(super) fn read(word: &str) -> Read<Expr> {
    if let Some(list) = word.strip_prefix(':') {
        return ports(list);
    }
    if let Some((number, name)) = word.rsplit_once('/') {
        if let (Some((family, protocol)), false) = (protocol(name), number.contains('/')) {
            return Ok(all(family, Some(protocol), vec![ports(number)?]));
        }
    }
    let (front, rest) = word.split_at(word.find([':', '@']).unwrap_or(word.len()));
    let named = protocol(front);
    let (family, protocol) = named.map_or((None, None), |(family, protocol)| (family, Some(protocol)));
    match (protocol, rest.strip_prefix('@'), rest.strip_prefix(':')) {
        (Some(_), Some(host), _) => Ok(all(family, protocol, at(host)?)),
        // An abstract name begins so too.
        (None, Some(host), _) if front.is_empty() => {
            Ok(at(host).map_or_else(|_| searched(word), |conditions| all(None, None, conditions)))
        }
        (Some(_), _, Some(rest)) if rest.contains(':') => {
            let host = condition::condition(
                super::keys::Key::Host(End::Local),
                "src",
                Op::Equal,
                &Written::plain(rest),
            );
            Ok(all(family, protocol, vec![host?]))
        }
        (Some(_), _, Some(list)) => Ok(all(family, protocol, vec![ports(list)?])),
        (Some(_), ..) => Ok(all(family, protocol, Vec::new())),
        _ => Ok(scoped(word).unwrap_or_else(|| searched(word))),
    }
}

fn searched(word: &str) -> Expr {
    Expr::Test(Test::Word(Text::from(word.as_bytes())))
}

/// An address that says its interface is no text that is shown as it is written.
fn scoped(word: &str) -> Option<Expr> {
    let host = values::host(word).ok().filter(|host| host.zone.is_some() && host.network.is_some())?;
    Some(Expr::Test(Test::Host(End::Either, host)))
}

/// `tcp`, `TCP`, and lsof's `4tcp` and `6UDP`: a protocol that a port can belong to.
fn protocol(name: &str) -> Option<(Option<Family>, Protocol)> {
    let (family, name) = match name.split_at_checked(1)? {
        ("4", name) => (Some(Family::Ipv4), name),
        ("6", name) => (Some(Family::Ipv6), name),
        _ => (None, name),
    };
    let known = |protocol: &Protocol| {
        Protocols::INET.contains(protocol.set()) && protocol.name().eq_ignore_ascii_case(name)
    };
    Some((family, Protocol::ALL.into_iter().find(known)?))
}

/// lsof's `HOST[:PORTS]` after the @: at either end, address and port at the same one.
fn at(text: &str) -> Read<Vec<Expr>> {
    let mut list = text.split(',');
    let first = values::host(list.next().unwrap_or_default())?;
    let mut hosts = vec![first.clone()];
    for port in list {
        hosts.push(Host { port: Some(values::port(port)?), ..first.clone() });
    }
    let hosts = hosts.into_iter().map(|host| Expr::Test(Test::Host(End::Either, host))).collect();
    Ok(vec![one_or(hosts, Expr::Or)])
}

fn ports(list: &str) -> Read<Expr> {
    let ports: Vec<Expr> = list
        .split(',')
        .map(|port| condition::port(End::Either, Op::Equal, port).map(Expr::Test))
        .collect::<Read<_>>()?;
    Ok(one_or(ports, Expr::Or))
}

fn all(family: Option<Family>, protocol: Option<Protocol>, mut conditions: Vec<Expr>) -> Expr {
    let named = [family.map(Test::Family), protocol.map(Test::Protocol)];
    let mut parts: Vec<Expr> = named.into_iter().flatten().map(Expr::Test).collect();
    parts.append(&mut conditions);
    one_or(parts, Expr::And)
}
