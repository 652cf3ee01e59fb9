//! Words for what is no number: states, addresses, owners. Each is written into the caller's buffer.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub(crate) use pree::field::nearest;
use pree::model::ShownEnd;
use pree::{Address, Owner, Socket, State};

use super::{escape, figures};

/// The state as ss has taught it.
pub(crate) fn state(state: State, out: &mut Vec<u8>) {
    let word: &[u8] = match state {
        State::Listen => b"LISTEN",
        State::SynSent => b"SYN-SENT",
        State::SynReceived => b"SYN-RECV",
        State::Established => b"ESTAB",
        State::FinWait1 => b"FIN-WAIT-1",
        State::FinWait2 => b"FIN-WAIT-2",
        State::TimeWait => b"TIME-WAIT",
        State::CloseWait => b"CLOSE-WAIT",
        State::LastAck => b"LAST-ACK",
        State::Closing => b"CLOSING",
        State::Closed => b"CLOSE",
        State::BoundInactive => b"BOUND",
        State::Unconnected => b"UNCONN",
        other => return display(other, out),
    };
    out.extend_from_slice(word);
}

/// This end with its port, and the interface that it is bound to.
pub(crate) fn local(socket: &Socket, out: &mut Vec<u8>) {
    let is_bound = socket.interface.is_some();
    end(&socket.local, is_bound, socket.shown_local(), out);
}

/// The other end with its port, where there is one.
pub(crate) fn remote(socket: &Socket, out: &mut Vec<u8>) {
    if let (Some(remote), Some(shown)) = (&socket.remote, socket.shown_remote()) {
        end(remote, false, shown, out);
    }
}

/// An end. Most rows have one that is written in less time here.
fn end(address: &Address, is_bound: bool, shown: ShownEnd<'_>, out: &mut Vec<u8>) {
    match address {
        Address::Inet(SocketAddr::V4(v4)) if !is_bound => {
            ipv4(*v4.ip(), out);
            out.push(b':');
            figures::number(v4.port().into(), out);
        }
        Address::Unix(_) => match address.path() {
            None => out.push(b'*'),
            // Different names never look alike, and a filter reads what is shown: what begins otherwise is in quotes.
            Some([0, rest @ ..]) => {
                out.push(b'@');
                out.extend_from_slice(escape::word(rest).as_bytes());
            }
            Some(path @ [b'/', ..]) => out.extend_from_slice(escape::word(path).as_bytes()),
            Some(path) => out.extend_from_slice(escape::quoted(path).as_bytes()),
        },
        _ => display(shown, out),
    }
}

/// An address without a port.
pub(crate) fn ip(ip: IpAddr, out: &mut Vec<u8>) {
    match ip {
        IpAddr::V4(ip) => ipv4(ip, out),
        IpAddr::V6(ip) => display(ip, out),
    }
}

/// An address of this socket's without its port, and with the link where it is of one: `fe80::1%eth0`.
pub(crate) fn host(socket: &Socket, address: SocketAddr, out: &mut Vec<u8>) {
    ip(address.ip(), out);
    if let SocketAddr::V6(address) = address
        && address.scope_id() != 0
    {
        out.push(b'%');
        display(socket.zone(address.scope_id()), out);
    }
}

fn ipv4(ip: Ipv4Addr, out: &mut Vec<u8>) {
    for (index, octet) in ip.octets().into_iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        figures::number(octet.into(), out);
    }
}

pub(crate) fn display(thing: impl std::fmt::Display, out: &mut Vec<u8>) {
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{thing}");
}

/// The owners, `name[pid]/fd` with commas; nothing when there is none.
pub(crate) fn owners(owners: &[Owner], out: &mut Vec<u8>) {
    for (index, owner) in owners.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(escape::word(owner.process.name.as_bytes()).as_bytes());
        out.push(b'[');
        figures::number(owner.pid().into(), out);
        out.push(b']');
        if let Some(fd) = owner.fd {
            out.push(b'/');
            figures::number(fd.into(), out);
        }
        if owner.io_uring {
            out.extend_from_slice(b":io_uring");
        }
    }
}

/// Why there is no owner, in parentheses; nothing when there is one or none was asked for.
pub(crate) fn unowned(socket: &Socket, out: &mut Vec<u8>) {
    if let Some(reason) = socket.unowned {
        out.push(b'(');
        out.extend_from_slice(reason.name().as_bytes());
        out.push(b')');
    }
}

/// A command line of which no more than so many columns will be shown, without its middle. Only as much as that takes is gone
/// through: a process chooses how long it is, and how many sockets show it.
pub(crate) fn ends_of_command_line(arguments: &[u8], columns: usize, out: &mut Vec<u8>) {
    // A character takes a column at least, and has at most four bytes.
    let end = columns.saturating_mul(4);
    let tail = arguments.len().checked_sub(end).filter(|tail| *tail >= end);
    let ends = tail.and_then(|tail| Some((arguments.get(..end)?, arguments.get(tail..)?)));
    let Some((head, tail)) = ends else { return command_line(arguments, out) };
    command_line(head, out);
    out.extend_from_slice("…".as_bytes());
    command_line(tail, out);
}

/// Arguments that each end with NUL, as words with spaces between.
pub(crate) fn command_line(arguments: &[u8], out: &mut Vec<u8>) {
    #[cfg(test)]
    crate::steps::count(arguments.len());
    let arguments = arguments.strip_suffix(b"\0").unwrap_or(arguments);
    for (index, argument) in arguments.split(|byte| *byte == 0).enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(escape::word(argument).as_bytes());
    }
}

/// `a, b and c`.
pub(crate) fn listed(words: &[impl AsRef<str>], and: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound_to(address: Address) -> Socket {
        let mut socket = crate::output::sample::sockets().swap_remove(0);
        (socket.local, socket.interface, socket.v6only) = (address, None, None);
        socket
    }

    #[test]
    fn addresses() {
        for text in
            ["0.0.0.0:0", "255.255.255.255:65535", "[::1]:80", "[::ffff:10.0.0.1]:443", "[fe80::1%3]:22"]
        {
            let socket: SocketAddr = text.parse().unwrap();
            let mut out = Vec::new();
            local(&bound_to(Address::Inet(socket)), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), text);
            out.clear();
            ip(socket.ip(), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), socket.ip().to_string());
        }
    }

    #[test]
    fn names_of_unix_sockets() {
        for (name, shown) in [
            (&b""[..], "*"),
            (b"/run/x.sock", "/run/x.sock"),
            (b"\0x", "@x"),
            (b"\0", "@\"\""),
            (b"@x", "\"@x\""),
            (b"*", "\"*\""),
            (b"here.sock", "\"here.sock\""),
            (b"a b\n", "\"a b\\n\""),
            (b"\0a\0b", "@\"a\\u{0}b\""),
        ] {
            let mut out = Vec::new();
            local(&bound_to(Address::Unix(name.into())), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), shown);
        }
    }

    #[test]
    fn arguments_stay_apart() {
        for (bytes, shown) in [
            (&b"/bin/sh\0-c\0a b\0"[..], "/bin/sh -c \"a b\""),
            (b"x\0\0", "x \"\""),
            (b"no-end", "no-end"),
            (b"a\nb\0", "\"a\\nb\""),
        ] {
            let mut out = Vec::new();
            command_line(bytes, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), shown);
        }
    }
}
