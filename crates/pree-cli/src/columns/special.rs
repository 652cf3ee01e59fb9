//! Columns that are more than a field of the registry, or shorter in a table than there.

use std::net::IpAddr;

use pree::field::{self, Field, View};
use pree::model::ListenQueue;
use pree::{Address, Detail, Needs, Socket, State, Unowned};

use super::key::Key;
use crate::text::value::{self, Form};
use crate::text::{escape, figures, words};

/// How a cell that is too wide may become narrower. Addresses and numbers never do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shrink {
    No,
    /// Owners: others are counted, then the name is shortened in the middle.
    Owners,
    /// In the middle.
    Middle,
}

pub(crate) struct Special {
    pub(super) name: &'static str,
    pub(super) heading: &'static str,
    pub(super) right: bool,
    pub(super) pipe_width: usize,
    pub(super) dropped: u8,
    pub(super) shrink: Shrink,
    pub(super) needs: Needs,
    pub(super) doc: &'static str,
    pub(super) write: fn(&Socket, Form, &mut Vec<u8>),
    /// Writes as much as so many columns take, of what can be long and may be shortened in the middle.
    pub(super) write_ends: Option<fn(&Socket, usize, &mut Vec<u8>)>,
    pub(super) key: fn(&Socket) -> Key<'_>,
    pub(super) trouble: fn(&Socket) -> bool,
}

/// What most of them have.
const PLAIN: Special = Special {
    name: "",
    heading: "",
    right: false,
    pipe_width: 0,
    dropped: 0,
    shrink: Shrink::No,
    needs: Needs::empty(),
    doc: "",
    write: |_, _, _| {},
    write_ends: None,
    key: |_| Key::Unknown,
    trouble: |_| false,
};

pub(crate) static SPECIAL: [Special; 16] = [
    Special {
        name: field::DEV.name,
        heading: "DEV",
        pipe_width: 7,
        needs: Needs::INTERFACE.union(Needs::INTERFACE_NAME),
        doc: "Interface the socket is bound to, or whose link-local address it uses.",
        write: |s, form, out| match s.shown_interface() {
            Some(interface) if form != Form::Machine => {
                out.extend_from_slice(escape::word(interface.to_string().as_bytes()).as_bytes());
            }
            _ => write(field::DEV, s, form, out),
        },
        key: |s| key_of(field::DEV, s),
        ..PLAIN
    },
    Special {
        name: field::NETNS.name,
        heading: "NETNS",
        pipe_width: 10,
        dropped: 3,
        needs: Needs::NAMESPACE_NAME,
        doc: "Network namespace: its inode and, where it has one, its name.",
        write: |s, form, out| {
            write(field::NETNS, s, form, out);
            if form != Form::Machine && s.network_namespace.as_ref().is_some_and(|n| n.name.is_some()) {
                out.push(b'/');
                write(field::NETNS_NAME, s, form, out);
            }
        },
        key: |s| key_of(field::NETNS, s),
        ..PLAIN
    },
    Special {
        name: "proto",
        heading: "PROTO",
        pipe_width: 7,
        dropped: 2,
        doc: "Transport protocol.",
        write: |s, _, out| out.extend_from_slice(escape::word(s.protocol.name().as_bytes()).as_bytes()),
        key: |s| Key::Text(s.protocol.name().as_bytes()),
        ..PLAIN
    },
    Special {
        name: field::STATE.name,
        heading: "STATE",
        pipe_width: 10,
        dropped: 1,
        doc: "State, RFC 9293; in tables as ss writes it.",
        write: |s, form, out| match form {
            Form::Machine => write(field::STATE, s, form, out),
            _ if s.state == State::Unknown => {}
            _ => words::state(s.state, out),
        },
        key: |s| s.state.name().map_or(Key::Unknown, |name| Key::Text(name.as_bytes())),
        trouble: |s| s.state == State::CloseWait,
        ..PLAIN
    },
    Special {
        name: "queue",
        heading: "QUEUE",
        right: true,
        pipe_width: 9,
        dropped: 8,
        needs: Needs::SEND_QUEUE,
        doc: "A listener's accept queue: waiting/limit.",
        write: |s, _, out| {
            if let Some(listen) = s.listen {
                figures::number(listen.queue.into(), out);
                out.push(b'/');
                figures::number(listen.limit.into(), out);
            }
        },
        key: |s| number(s.listen.map(|listen| listen.queue)),
        trouble: |s| s.listen.is_some_and(ListenQueue::is_at_limit),
        ..PLAIN
    },
    Special {
        name: "local",
        heading: "LOCAL",
        pipe_width: 25,
        needs: Needs::INTERFACE_NAME,
        doc: "Address and port of this end, and the interface that it is bound to.",
        write: |s, _, out| match &s.local {
            Address::Unknown => {}
            _ => words::local(s, out),
        },
        key: |s| s.local.socket_addr().map_or(Key::Unknown, Key::Address),
        ..PLAIN
    },
    Special {
        name: "remote",
        heading: "REMOTE",
        pipe_width: 25,
        needs: Needs::REMOTE_NAMES.union(Needs::INTERFACE_NAME),
        doc: "Address and port, or name, of the other end; * is none.",
        write: |s, form, out| match &s.remote {
            Some(_) => words::remote(s, out),
            None if form == Form::Machine || s.local == Address::Unknown => {}
            None => out.push(b'*'),
        },
        key: |s| s.remote.as_ref().and_then(Address::socket_addr).map_or(Key::Unknown, Key::Address),
        ..PLAIN
    },
    Special {
        name: "owner",
        heading: "OWNER",
        pipe_width: 24,
        shrink: Shrink::Owners,
        needs: Needs::OWNERS,
        doc: "Every owner, name[pid]/fd, or in parentheses why there is none.",
        write: |s, form, out| {
            words::owners(&s.owners, out);
            if form != Form::Machine {
                words::unowned(s, out);
            }
        },
        key: |s| {
            let first = s.owners.first();
            first.map_or(Key::Unknown, |owner| Key::Owner(owner.process.name.as_bytes(), owner.pid()))
        },
        trouble: |s| s.unowned.is_some_and(Unowned::is_unknown),
        ..PLAIN
    },
    Special {
        name: field::PEER.name,
        heading: "PEER",
        pipe_width: 24,
        shrink: Shrink::Owners,
        needs: Needs::OWNERS.union(Needs::PEERS),
        doc: "Who is at the other end, if that is here, name[pid]/fd.",
        write: |s, _, out| {
            if let Some(peer) = &s.peer {
                words::owners(&peer.owners, out);
            }
        },
        key: |s| {
            let first = s.peer.as_ref().and_then(|peer| peer.owners.first());
            first.map_or(Key::Unknown, |owner| Key::Owner(owner.process.name.as_bytes(), owner.pid()))
        },
        ..PLAIN
    },
    Special {
        name: "unowned",
        heading: "UNOWNED",
        pipe_width: 17,
        needs: Needs::OWNERS,
        doc: "Why there is no owner.",
        write: |s, _, out| {
            if let Some(reason) = s.unowned {
                out.extend_from_slice(reason.name().as_bytes());
            }
        },
        key: |s| s.unowned.map_or(Key::Unknown, |reason| Key::Text(reason.name().as_bytes())),
        trouble: |s| s.unowned.is_some_and(Unowned::is_unknown),
        ..PLAIN
    },
    Special {
        name: "sockopt",
        heading: "SOCKOPT",
        pipe_width: 16,
        needs: Needs::OPTIONS,
        doc: "Flags set on the socket.",
        write: |s, _, out| {
            for (index, name) in s.options.iter().flat_map(|options| options.names()).enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(name.as_bytes());
            }
        },
        key: |s| number(s.options.map(|options| options.names().count() as u32)),
        ..PLAIN
    },
    Special {
        name: "groups",
        heading: "GROUPS",
        pipe_width: 12,
        doc: "Multicast groups that a netlink socket is a member of.",
        write: |s, _, out| listed(groups(s), out),
        key: |s| number((!groups(s).is_empty()).then_some(groups(s).len() as u32)),
        ..PLAIN
    },
    Special {
        name: "pending",
        heading: "PENDING",
        pipe_width: 12,
        needs: Needs::DETAIL,
        doc: "Inodes of the clients that wait at a Unix listener; 0: closed already.",
        write: |s, _, out| listed(pending(s), out),
        key: |s| number((!pending(s).is_empty()).then_some(pending(s).len() as u32)),
        ..PLAIN
    },
    Special {
        name: "local_addresses",
        heading: "LOCAL_ADDRESSES",
        pipe_width: 25,
        doc: "Every address of this end of an SCTP association.",
        write: |s, _, out| listed(sctp_addresses(s).0, out),
        key: |s| number((!sctp_addresses(s).0.is_empty()).then_some(sctp_addresses(s).0.len() as u32)),
        ..PLAIN
    },
    Special {
        name: "remote_addresses",
        heading: "REMOTE_ADDRESSES",
        pipe_width: 25,
        doc: "Every address of the other end of an SCTP association.",
        write: |s, _, out| listed(sctp_addresses(s).1, out),
        key: |s| number((!sctp_addresses(s).1.is_empty()).then_some(sctp_addresses(s).1.len() as u32)),
        ..PLAIN
    },
    Special {
        name: field::CMD.name,
        heading: "CMD",
        pipe_width: 24,
        shrink: Shrink::Middle,
        needs: Needs::OWNERS.union(Needs::PROCESS_COMMAND_LINE),
        doc: "Command line of the first owner.",
        write: |s, _, out| command_line(s, usize::MAX, out),
        write_ends: Some(command_line),
        key: |s| key_of(field::CMD, s),
        ..PLAIN
    },
];

fn command_line(socket: &Socket, columns: usize, out: &mut Vec<u8>) {
    let owner = socket.owners.first();
    if let Some(arguments) = owner.and_then(|owner| owner.process.command_line.as_ref()) {
        words::ends_of_command_line(arguments.as_bytes(), columns, out);
    }
}

/// With commas; nothing when there is none.
fn listed(items: &[impl std::fmt::Display], out: &mut Vec<u8>) {
    use std::io::Write as _;
    for (index, item) in items.iter().enumerate() {
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{}{item}", if index > 0 { "," } else { "" });
    }
}

fn groups(socket: &Socket) -> &[u32] {
    match socket.detail.as_deref() {
        Some(Detail::Netlink(netlink)) => &netlink.groups,
        _ => &[],
    }
}

fn pending(socket: &Socket) -> &[u64] {
    match socket.detail.as_deref() {
        Some(Detail::Unix(unix)) => &unix.pending,
        _ => &[],
    }
}

fn sctp_addresses(socket: &Socket) -> (&[IpAddr], &[IpAddr]) {
    match socket.detail.as_deref() {
        Some(Detail::Sctp(sctp)) => (&sctp.local_addresses, &sctp.remote_addresses),
        _ => (&[], &[]),
    }
}

fn number<'s>(number: Option<u32>) -> Key<'s> {
    number.map_or(Key::Unknown, |number| Key::Number(number.into()))
}

fn key_of<'s>(field: &Field, socket: &'s Socket) -> Key<'s> {
    (field.get)(&View::new(socket)).into()
}

fn write(field: &Field, socket: &Socket, form: Form, out: &mut Vec<u8>) {
    value::write(field, (field.get)(&View::new(socket)), form, out);
}
