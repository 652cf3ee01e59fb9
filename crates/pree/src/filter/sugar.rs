//! What is short for conditions: ports, protocols, and lsof's way to write an address.
//!
//! ```text
//! SHORT = :PORTS | PORT/PROTO | PROTO:HOST:PORT | PROTO [@HOST] [:PORTS] | @HOST[:PORTS] | IP%INTERFACE
//! PORTS = PORT{,PORT}, each a number, a service or LOW-HIGH
//! ```

use super::condition::{self, Written};
use super::expr::{End, Expr, Host, Test, one_or};
use super::lex::Op;

use super::values;
use crate::model::{Protocol, Protocols, Text};

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
        if let (Some(protocol), false) = (protocol(name), number.contains('/')) {
            return Ok(all(Some(protocol), vec![ports(number)?]));
        }
    }
    let (front, rest) = word.split_at(word.find([':', '@']).unwrap_or(word.len()));
    let protocol = protocol(front);
    match (protocol, rest.strip_prefix('@'), rest.strip_prefix(':')) {
        (Some(_), Some(host), _) => Ok(all(protocol, at(host)?)),
        // An abstract name begins so too.
        (None, Some(host), _) if front.is_empty() => {
            Ok(at(host).map_or_else(|_| searched(word), |conditions| all(None, conditions)))
        }
        (Some(_), _, Some(rest)) if rest.contains(':') => {
            let host = condition::condition(
                super::keys::Key::Host(End::Local),
                "src",
                Op::Equal,
                &Written::plain(rest),
            );
            Ok(all(protocol, vec![host?]))
        }
        (Some(_), _, Some(list)) => Ok(all(protocol, vec![ports(list)?])),
        (Some(_), ..) => Ok(all(protocol, Vec::new())),
        _ => Ok(scoped(word).unwrap_or_else(|| searched(word))),
    }
}

fn searched(word: &str) -> Expr {
    Expr::Test(Test::Word(Text::from(word.as_bytes()).into()))
}

/// An address that says its interface is no text that is shown as it is written.
fn scoped(word: &str) -> Option<Expr> {
    let host = values::host(word).ok().filter(|host| host.zone.is_some() && host.network.is_some())?;
    Some(Expr::Test(Test::Host(End::Either, host)))
}

/// `tcp`, `TCP`: a protocol that a port can belong to.
fn protocol(name: &str) -> Option<Protocol> {
    let is_it = |protocol: &Protocol| {
        Protocols::INET.contains(protocol.set()) && protocol.name().eq_ignore_ascii_case(name)
    };
    Protocol::ALL.into_iter().find(is_it)
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

fn all(protocol: Option<Protocol>, mut conditions: Vec<Expr>) -> Expr {
    if let Some(protocol) = protocol {
        conditions.insert(0, Expr::Test(Test::Protocol(protocol)));
    }
    one_or(conditions, Expr::And)
}
