//! What is short for conditions: ports, protocols, and lsof's way to write an address.
//!
//! ```text
//! SHORT = :PORTS | PORT/PROTO | PROTO:HOST:PORTS | PROTO [@HOST] [:PORTS] | @HOST[:PORTS] | IP%INTERFACE | IP:PORTS
//! PORTS = PORT{,PORT}, each a number, a service or LOW-HIGH
//! ```

use super::condition;
use super::expr::{End, Expr, Host, Test, one_or};
use super::lex::Op;

use super::values;
use crate::model::{Protocol, Protocols, Text};

type Read<T> = Result<T, String>;

/// True when more ports may follow after commas.
pub(super) fn takes_ports(word: &str) -> bool {
    let is_text = matches!(read(word), Ok(Expr::Test(Test::Word(_))));
    word.contains(':') && (!is_text || values::host(word).is_ok_and(|host| host.port.is_some()))
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
        (Some(_), Some(host), _) => Ok(all(protocol, vec![at(End::Either, host)?])),
        (None, Some(""), _) if front.is_empty() => at(End::Either, ""),
        // An abstract name begins so too.
        (None, Some(host), _) if front.is_empty() => {
            Ok(at(End::Either, host).unwrap_or_else(|_| searched(word)))
        }
        (Some(_), _, Some(rest)) if rest.contains(':') => Ok(all(protocol, vec![at(End::Local, rest)?])),
        (Some(_), _, Some(list)) => Ok(all(protocol, vec![ports(list)?])),
        (Some(_), ..) => Ok(all(protocol, Vec::new())),
        _ if word.contains(',') => at(End::Either, word),
        _ => Ok(not_shown_so(word).unwrap_or_else(|| searched(word))),
    }
}

fn searched(word: &str) -> Expr {
    Expr::Test(Test::Word(Text::from(word.as_bytes()).into()))
}

/// An address that says its interface or several ports is no text that is shown as it is written.
fn not_shown_so(word: &str) -> Option<Expr> {
    let host = values::host(word).ok().filter(|host| host.network.is_some())?;
    let has_several = host.port.is_some_and(|(first, last)| first != last);
    (host.zone.is_some() || has_several).then_some(())?;
    Some(Expr::Test(Test::Host(End::Either, host)))
}

/// `tcp`, `TCP`: a protocol that a port can belong to.
fn protocol(name: &str) -> Option<Protocol> {
    Protocol::named(name).filter(|protocol| Protocols::INET.contains(protocol.set()))
}

/// `HOST[:PORTS]`, as lsof has it after the @: address and port at the same end.
fn at(end: End, text: &str) -> Read<Expr> {
    let mut list = text.split(',');
    let first = values::host(list.next().unwrap_or_default())?;
    let mut hosts = vec![first.clone()];
    for port in list {
        if first.port.is_none() {
            return Err(format!("{port:?} comes after an address that already has no port"));
        }
        hosts.push(Host { port: Some(values::ports(port)?), ..first.clone() });
    }
    let test = |host| {
        condition::of_ports(end, Op::Equal, &host).unwrap_or(Ok(Test::Host(end, host))).map(Expr::Test)
    };
    Ok(one_or(hosts.into_iter().map(test).collect::<Read<_>>()?, Expr::Or))
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
