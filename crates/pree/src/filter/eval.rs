//! Does a socket match? Three answers: yes, no and unknown. Unknown matches neither a condition nor its negation.

use std::net::IpAddr;
use std::sync::Arc;

use super::about;
use super::expr::{End, Expr, Has, Host, Named, Scope, Test};
use super::interfaces::{in_zone, is_device, tells_device};
use super::lex::Op;
use super::numbers::SHARE_WHOLE;
use super::texts::{as_shown, contains, glob, is_command, is_shown, small};
use super::verdicts::Verdicts;
use crate::field::{self, Field, Section, Value, View, of_owner};
use crate::model::{
    Address, OtherProtocol, Owner, Protocol, Protocols, Socket, State, States, Text, Unowned,
};

/// True for tests of fields that are not reported although the socket may have them, if the test may have this answer then.
pub(super) type Untold<'a> = &'a dyn Fn(&Test, bool) -> bool;

/// Kleene's three-valued logic: unknown stays unknown unless the rest decides.
pub(super) fn eval(expr: &Expr, view: &View<'_>, verdicts: &Verdicts) -> Option<bool> {
    decide(expr, &|test| eval_test(test, view, verdicts))
}

/// The same where some of what was asked for is not known of the socket.
pub(super) fn eval_without(
    expr: &Expr,
    view: &View<'_>,
    untold: Untold<'_>,
    verdicts: &Verdicts,
) -> Option<bool> {
    decide(expr, &|test| test_without(test, view, untold, verdicts))
}

/// A test of a field that was not reported may hold although it seems not to: its value may exist, an owner that was not seen may
/// match, and there may be another end.
fn test_without(test: &Test, view: &View<'_>, untold: Untold<'_>, verdicts: &Verdicts) -> Option<bool> {
    let of_other_end =
        matches!(test, Test::Path(End::Remote | End::Either, _) | Test::Shown(End::Remote | End::Either, _));
    let may_be_more = of_other_end || matches!(test, Test::Has(_) | Test::Device(_)) || is_about_owners(test);
    eval_test(test, view, verdicts).filter(|yes| *yes || !may_be_more || !untold(test, true))
}

/// True when this answer is possible, given what was not reported.
pub(super) fn may_be(
    expr: &Expr,
    wanted: bool,
    view: &View<'_>,
    untold: Untold<'_>,
    verdicts: &Verdicts,
) -> bool {
    can_be(expr, wanted, &|test, wanted| match test_without(test, view, untold, verdicts) {
        Some(yes) => yes == wanted,
        None => untold(test, wanted),
    })
}

/// True when the answer can be this one, as far as that of each test can be the one wanted of it.
pub(super) fn can_be(expr: &Expr, wanted: bool, test: &dyn Fn(&Test, bool) -> bool) -> bool {
    match (expr, wanted) {
        (Expr::And(parts), true) | (Expr::Or(parts), false) => {
            parts.iter().all(|part| can_be(part, wanted, test))
        }
        (Expr::And(parts), false) | (Expr::Or(parts), true) => {
            parts.iter().any(|part| can_be(part, wanted, test))
        }
        (Expr::Not(inner), _) => can_be(inner, !wanted, test),
        (Expr::Test(of), _) => test(of, wanted),
    }
}

fn is_about_owners(test: &Test) -> bool {
    match test {
        Test::Has(Has::Owner) | Test::Word(_) => true,
        // Whether anybody holds it is what is not known; the other reasons need no look at processes.
        Test::Unowned(reason) => *reason == Unowned::NoVisibleHolder,
        _ => about::field_of(test).is_some_and(|field| field.section == Section::Owner),
    }
}

fn decide(expr: &Expr, answer: &dyn Fn(&Test) -> Option<bool>) -> Option<bool> {
    #[cfg(test)]
    crate::steps::count(1);
    match expr {
        Expr::And(parts) => all(parts.iter().map(|part| decide(part, answer))),
        Expr::Or(parts) => any(parts.iter().map(|part| decide(part, answer))),
        Expr::Not(inner) => decide(inner, answer).map(|yes| !yes),
        Expr::Test(test) => answer(test),
    }
}

fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut answer = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            None => answer = None,
            Some(true) => {}
        }
    }
    answer
}

fn any(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(parts.map(|part| part.map(|yes| !yes))).map(|no| !no)
}

fn eval_test(test: &Test, view: &View<'_>, verdicts: &Verdicts) -> Option<bool> {
    let socket = view.socket();
    match test {
        Test::State(states) => in_state(socket.state, *states),
        Test::Protocol(protocol) => Some(is_protocol(socket.protocol, *protocol)),
        Test::Family(family) => Some(socket.family == *family),
        Test::Scope(scope) => Some(scope_of(socket.local.ip()?) == *scope),
        Test::Host(end, host) => at_end(*end, socket, |address| {
            all([matches_host(host, address), in_zone(host.zone.as_ref(), address, socket)].into_iter())
        }),
        Test::Shown(end, shown) => at_end(*end, socket, |address| Some(is_shown(shown, address, socket))),
        Test::Path(end, pattern) => at_end(*end, socket, |address| Some(matches_path(pattern, address))),
        // Without ports none is equal or unequal.
        Test::Port(..) | Test::PortRange(..) if !WITH_PORTS.contains(socket.protocol.set()) => None,
        Test::Port(end, op, port) => {
            at_end(*end, socket, |address| Some(compare(*op, &port_of(address)?, port)))
        }
        Test::PortRange(end, low, high) => {
            let range = u32::from(*low)..=u32::from(*high);
            at_end(*end, socket, |address| port_of(address).map(|port| range.contains(&port)))
        }
        // Bound to no interface is known: it is bound to none.
        Test::Device(device) => {
            tells_device(socket).then_some(())?;
            is_device(device, socket.interface, socket)
        }
        Test::Mark(mark, mask) => Some(socket.mark? & mask == *mark),
        Test::Cgroup(cgroup) => Some(socket.cgroup_id? == cgroup.id?),
        Test::User(user) => Some(u64::from(socket.uid?) == user.id?),
        Test::Number(field, ..)
        | Test::Time(field, ..)
        | Test::Share(field, ..)
        | Test::Bool(field, _)
        | Test::Flag(field, _) => of_field(field, view, false, |_, value| holds(test, value, false)),
        Test::Words(field, _, wanted) => {
            let any_case =
                verdicts.any_case() && [field::PROCESS, field::EXE].iter().any(|it| it.name == field.name);
            let is_so = |owner: Option<&Owner>, value: Value<'_>| match (owner, value) {
                (Some(owner), Value::Text(text) | Value::Arguments(text)) => {
                    verdicts.of(wanted, &owner.process, text.len(), || holds(test, value, any_case))
                }
                _ => holds(test, value, any_case),
            };
            of_field(field, view, is_shown_owner(wanted), is_so)
        }
        Test::Unowned(reason) => Some(socket.unowned == Some(*reason)),
        Test::Has(Has::Remote) => (socket.remote.is_some() || socket.peer.is_some())
            .then_some(true)
            .or_else(|| tells_ends(socket).then_some(false)),
        Test::Has(Has::Owner) => Some(!socket.owners.is_empty()),
        Test::Has(Has::Field(field)) => {
            let has = |_: Option<&Owner>, value: Value<'_>| Some(is_there(&value));
            Some(of_field(field, view, false, has).unwrap_or(false))
        }
        // Only the kernel knows, and it was asked: the parser lets this stand only where its answer decides.
        Test::Autobound => Some(true),
        Test::Word(word) => Some(shows(socket, word, verdicts)),
    }
}

/// Protocols whose sockets have ports.
const WITH_PORTS: Protocols = Protocols::INET.difference(Protocols::RAW).union(Protocols::VSOCK);

fn is_there(value: &Value<'_>) -> bool {
    match value {
        Value::Issues(issues) => issues.is_trouble(),
        value => *value != Value::Unknown,
    }
}

/// Whether a condition on a field holds of its value; of a text in any case, where case does not count.
pub(super) fn holds(test: &Test, value: Value<'_>, any_case: bool) -> Option<bool> {
    match (test, value) {
        (Test::Number(_, op, wanted), Value::Number(number) | Value::Id(number)) => {
            Some(compare(*op, &number, wanted))
        }
        (Test::Time(_, op, wanted), Value::Duration(time)) => Some(compare(*op, &time, wanted)),
        (Test::Share(_, op, wanted), Value::Share(share)) => {
            Some(compare(*op, &share, &(*wanted as f64 / SHARE_WHOLE as f64)))
        }
        (Test::Flag(_, flag), Value::Number(number)) => Some(number & flag != 0),
        (Test::Bool(_, wanted), Value::Bool(yes)) => Some(yes == *wanted),
        (Test::Words(_, op, wanted), value) => {
            let is = |text: &[u8]| match op {
                Op::Contains => contains(text, wanted),
                _ if any_case => glob(&small(wanted.as_bytes()), &small(text)),
                _ => glob(wanted.as_bytes(), text),
            };
            Some(match value {
                Value::Text(text) => is(text),
                Value::Word(word) | Value::Most(word, _) => is(word.as_bytes()),
                Value::Unnamed(what, number) => is(format!("{what}{number}").as_bytes()),
                Value::Arguments(arguments) => is_command(*op, wanted, arguments),
                Value::Issues(issues) => issues.iter().any(|(name, _)| is(name.as_bytes())),
                _ => return None,
            })
        }
        _ => None,
    }
}

/// One that is not known may be any; `other` finds it.
fn in_state(state: State, states: States) -> Option<bool> {
    match state {
        State::Unknown if states != States::OTHER && states != States::all() => None,
        state => Some(states.contains(state.set())),
    }
}

/// For a socket in no table, it is unknown whether there is another end.
fn tells_ends(socket: &Socket) -> bool {
    socket.local != Address::Unknown
}

/// A listener has no remote end, and that is known: no address and no port of it matches.
fn at_end(end: End, socket: &Socket, test: impl Fn(&Address) -> Option<bool>) -> Option<bool> {
    let remote = || match &socket.remote {
        Some(remote) => test(remote),
        // There is another end, and its name is not reported.
        None if socket.peer.is_some() => None,
        None => tells_ends(socket).then_some(false),
    };
    let local = || if tells_ends(socket) { test(&socket.local) } else { None };
    match end {
        End::Local => local(),
        End::Remote => remote(),
        End::Either => any([local(), remote()].into_iter()),
    }
}

fn compare<T: PartialOrd>(op: Op, value: &T, wanted: &T) -> bool {
    match op {
        Op::Less => value < wanted,
        Op::AtMost => value <= wanted,
        Op::Greater => value > wanted,
        Op::AtLeast => value >= wanted,
        _ => value == wanted,
    }
}

fn port_of(address: &Address) -> Option<u32> {
    match address {
        Address::Vsock { port, .. } => Some(*port),
        address => address.port().map(u32::from),
    }
}

/// A field of an owner matches when that of any owner does.
fn of_field(
    field: &Field,
    view: &View<'_>,
    as_shown: bool,
    test: impl Fn(Option<&Owner>, Value<'_>) -> Option<bool>,
) -> Option<bool> {
    let socket = view.socket();
    if *field == *field::PEER {
        return of_peer(socket, |value| test(None, value));
    }
    if *field == *field::NETNS_NAME {
        return of_namespace(socket, |value| test(None, value));
    }
    if field.section != Section::Owner {
        return test(None, (field.get)(view));
    }
    let of_one = of_owner().find(|one| one.key == field.key)?;
    if socket.owners.is_empty() {
        return None;
    }
    if *field == *field::PROCESS && as_shown {
        return of_owners(&socket.owners, |value| test(None, value));
    }
    any(socket.owners.iter().map(|owner| test(Some(owner), (of_one.get)(owner))))
}

/// By any of its names.
fn of_namespace(socket: &Socket, test: impl Fn(Value<'_>) -> Option<bool>) -> Option<bool> {
    let namespace = socket.network_namespace.as_ref()?;
    namespace.name.as_ref()?;
    any(namespace.names().map(|name| test(Value::Text(name.as_bytes()))))
}

/// The process at the other end: any of them.
fn of_peer(socket: &Socket, test: impl Fn(Value<'_>) -> Option<bool>) -> Option<bool> {
    let owners = &socket.peer.as_ref()?.owners;
    if owners.is_empty() {
        return None;
    }
    of_owners(owners, test)
}

/// By its name, or as columns show it, with the descriptor or without.
fn of_owners(owners: &[Owner], test: impl Fn(Value<'_>) -> Option<bool>) -> Option<bool> {
    any(owners.iter().flat_map(|owner| shown(owner).map(|text| test(Value::Text(&text)))))
}

/// `name`, `name[pid]` and `name[pid]/fd`.
fn shown(owner: &Owner) -> [Vec<u8>; 3] {
    let name = owner.process.name.as_bytes();
    let process = [name, format!("[{}]", owner.pid()).as_bytes()].concat();
    let ring = if owner.io_uring { ":io_uring" } else { "" };
    let fd = owner.fd.map_or(String::new(), |fd| format!("/{fd}{ring}"));
    let descriptor = [&process, fd.as_bytes()].concat();
    [name.to_vec(), process, descriptor]
}

/// Whether a text can be more than a name.
pub(super) fn is_shown_owner(text: &Text) -> bool {
    text.as_bytes().contains(&b'[')
}

/// An IPv4 network also holds the v4-mapped addresses of IPv6 sockets, as in the kernel's own filter.
fn matches_host(host: &Host, address: &Address) -> Option<bool> {
    let port = match address {
        Address::Vsock { port, .. } => u16::try_from(*port).ok(),
        // As it is shown where the protocol has no name, and as ss has it.
        Address::Raw { protocol, .. } => Some(u16::from(*protocol)),
        address => address.port(),
    };
    let is_between = |(first, last)| port.is_some_and(|port| (first..=last).contains(&port));
    if !host.port.is_none_or(is_between) {
        return Some(false);
    }
    let Some((network, bits)) = host.network else { return Some(true) };
    Some(match (network, address.ip()?) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => same_bits(&network.octets(), &ip.octets(), bits),
        (IpAddr::V6(network), IpAddr::V6(ip)) => same_bits(&network.octets(), &ip.octets(), bits),
        (IpAddr::V4(network), IpAddr::V6(ip)) => {
            ip.to_ipv4_mapped().is_some_and(|ip| same_bits(&network.octets(), &ip.octets(), bits))
        }
        (IpAddr::V6(_), IpAddr::V4(_)) => false,
    })
}

/// As it is shown, with @ for the NUL of an abstract name.
fn matches_path(pattern: &Text, address: &Address) -> bool {
    match address.path() {
        Some([0, rest @ ..]) => {
            glob(pattern.as_bytes(), &[b"\0", rest].concat())
                || pattern.as_bytes().strip_prefix(b"@").is_some_and(|pattern| glob(pattern, rest))
                || glob(pattern.as_bytes(), &[b"@", rest].concat())
        }
        Some(path) => glob(pattern.as_bytes(), path),
        None => false,
    }
}

fn same_bits(a: &[u8], b: &[u8], bits: u8) -> bool {
    a.iter().zip(b).enumerate().all(|(index, (a, b))| {
        let left = usize::from(bits).saturating_sub(index * 8).min(8);
        // The first `left` bits of this byte.
        let mask = (0xff00_u16 >> left) as u8;
        (a ^ b) & mask == 0
    })
}

fn scope_of(ip: IpAddr) -> Scope {
    let ip = ip.to_canonical();
    let (loopback, link, private) = match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            // 100.64/10 is the inside of a provider's NAT (RFC 6598).
            let shared = a == 100 && (64..128).contains(&b);
            (ip.is_loopback(), ip.is_link_local(), ip.is_private() || shared)
        }
        IpAddr::V6(ip) => (ip.is_loopback(), ip.is_unicast_link_local(), ip.is_unique_local()),
    };
    match (loopback, link, private) {
        (true, ..) => Scope::Loopback,
        (_, true, _) => Scope::Link,
        (_, _, true) => Scope::Private,
        _ => Scope::Public,
    }
}

/// A word is looked for in what is shown: process, command, addresses.
fn shows(socket: &Socket, word: &Arc<Text>, verdicts: &Verdicts) -> bool {
    let in_address = |address: Option<&Address>| match (address.and_then(Address::path), address) {
        (Some([0, name @ ..]), _) => contains(&[b"@", name].concat(), word),
        (Some(path), _) => contains(path, word),
        (None, Some(address)) => {
            as_shown(address, socket).iter().any(|shown| contains(shown.as_bytes(), word))
        }
        (None, None) => false,
    };
    in_address(Some(&socket.local))
        || in_address(socket.remote.as_ref())
        || socket.owners.iter().any(|owner| {
            let process = &owner.process;
            let texts = [Some(&process.name), process.executable.as_ref()];
            let command_line = process.command_line.as_ref();
            let bytes = texts.iter().chain([&command_line]).flatten().map(|text| text.as_bytes().len()).sum();
            let is_shown = || {
                texts.into_iter().flatten().any(|text| contains(text.as_bytes(), word))
                    || command_line.is_some_and(|text| is_command(Op::Contains, word, text.as_bytes()))
            };
            verdicts.of(word, process, bytes, || Some(is_shown())) == Some(true)
                || (is_shown_owner(word) && shown(owner).iter().any(|text| contains(text, word)))
        })
}

/// `proto = other` is any that pree has no table for.
fn is_protocol(protocol: Protocol, named: Protocol) -> bool {
    protocol == named
        || (named == Protocol::Other(OtherProtocol::ANY) && Protocols::OTHER.contains(protocol.set()))
}

/// Calls `change` with everything that was named and needs a number.
pub(super) fn names_in(expr: &mut Expr, change: &mut dyn FnMut(What, &mut Named)) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter_mut().for_each(|part| names_in(part, change)),
        Expr::Not(inner) => names_in(inner, change),
        Expr::Test(Test::Device(named) | Test::Host(_, Host { zone: Some(named), .. })) => {
            change(What::Device, named);
        }
        Expr::Test(Test::Cgroup(named)) => change(What::Cgroup, named),
        Expr::Test(Test::User(named)) => change(What::User, named),
        Expr::Test(_) => {}
    }
}

/// What a name is the name of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// An interface.
    Device,
    /// A cgroup, by its path.
    Cgroup,
    /// A user.
    User,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes() {
        for (ip, scope) in [
            ("127.3.4.5", Scope::Loopback),
            ("::1", Scope::Loopback),
            ("::ffff:127.0.0.1", Scope::Loopback),
            ("169.254.1.1", Scope::Link),
            ("fe80::1", Scope::Link),
            ("10.1.1.1", Scope::Private),
            ("172.31.0.1", Scope::Private),
            ("172.32.0.1", Scope::Public),
            ("192.168.0.1", Scope::Private),
            ("100.64.0.1", Scope::Private),
            ("fd00::1", Scope::Private),
            ("0.0.0.0", Scope::Public),
            ("::", Scope::Public),
            ("8.8.8.8", Scope::Public),
        ] {
            assert_eq!(scope_of(ip.parse().unwrap()), scope, "{ip}");
        }
    }

    #[test]
    fn prefixes() {
        for (a, b, bits, same) in [
            ([10, 0, 0, 0], [10, 255, 0, 0], 8, true),
            ([10, 0, 0, 0], [11, 0, 0, 0], 8, false),
            ([10, 0, 0, 0], [11, 0, 0, 0], 7, true),
            ([1, 2, 3, 4], [9, 9, 9, 9], 0, true),
            ([1, 2, 3, 4], [1, 2, 3, 5], 32, false),
            ([1, 2, 3, 4], [1, 2, 3, 5], 31, true),
        ] {
            assert_eq!(same_bits(&a, &b, bits), same);
        }
    }
}
