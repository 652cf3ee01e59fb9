//! What narrows a request about a table, as a part of its key in a recording: so its answer is not taken for that of
//! all sockets. And the states by which it does.

use std::fmt;

use pree_wire::diag_request::Narrowing;
use pree_wire::inet_diag::{MPTCP, RAW, SCTP, StateBits, TCP, UDP, UDPLITE};
use pree_wire::unix_diag::AF_UNIX;
use pree_wire::vsock_diag::AF_VSOCK;

use crate::model::{Protocol, States};

/// Goes behind the pass, which is about some states only; nothing where all their sockets in the table are asked for.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    (family, protocol): (u8, u16),
    of_pass: StateBits,
    request: &[u8],
) -> fmt::Result {
    let Narrowing { states, program } = Narrowing::of(request);
    let every = state_bits(protocol_of(family, protocol), States::all()) & of_pass.0;
    if let Some(some) = states.filter(|states| states & every != every) {
        write!(f, " states {some:x}")?;
    }
    if let Some(program) = program {
        f.write_str(" filter ")?;
        program.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
    }
    Ok(())
}

/// What the tables with ports, and others of their kind, are called in requests.
pub(crate) const INET_NUMBERS: [(Protocol, u16); 6] = [
    (Protocol::Tcp, TCP),
    (Protocol::Udp, UDP),
    (Protocol::UdpLite, UDPLITE),
    (Protocol::Raw, RAW),
    (Protocol::Sctp, SCTP),
    (Protocol::Mptcp, MPTCP),
];

/// Whose sockets the table has, as far as that decides which states they can be in.
fn protocol_of(family: u8, number: u16) -> Protocol {
    let inet = INET_NUMBERS.iter().find(|(_, known)| *known == number);
    match family {
        AF_UNIX => Protocol::Unix,
        AF_VSOCK => Protocol::Vsock,
        _ => inet.map_or(Protocol::Netlink, |(protocol, _)| *protocol),
    }
}

/// States a socket of this protocol can be in.
pub(crate) fn possible_states(protocol: Protocol) -> States {
    match protocol {
        Protocol::Tcp => States::CONNECTED | States::LISTEN | States::BOUND_INACTIVE | States::OTHER,
        Protocol::Mptcp => States::CONNECTED | States::LISTEN | States::CLOSED | States::OTHER,
        Protocol::Sctp => {
            States::CONNECTED | States::LISTEN | States::CLOSED | States::UNCONNECTED | States::OTHER
        }
        Protocol::Udp | Protocol::UdpLite | Protocol::Raw | Protocol::Icmp | Protocol::Netlink => {
            States::ESTABLISHED | States::UNCONNECTED | States::OTHER
        }
        Protocol::Unix => States::ESTABLISHED | States::LISTEN | States::UNCONNECTED | States::OTHER,
        Protocol::Packet => States::UNCONNECTED,
        Protocol::Other(_) => States::OTHER,
        Protocol::Vsock => States::CONNECTED | States::LISTEN | States::UNCONNECTED | States::OTHER,
    }
}

/// Those of these states that a request about sockets of this protocol names: kernel state numbers as bits.
pub(crate) fn state_bits(protocol: Protocol, states: States) -> u32 {
    let possible = states & possible_states(protocol);
    let mut bits = possible & (States::CONNECTED | States::LISTEN | States::BOUND_INACTIVE);
    // Of TCP it is left out: no socket in a table has it (those that are bound come with their own bit), and asking for it
    // makes the kernel walk the whole table.
    if protocol != Protocol::Tcp && states.intersects(States::UNCONNECTED | States::CLOSED) {
        bits |= States::CLOSED;
    }
    bits.bits()
}
