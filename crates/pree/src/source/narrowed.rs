//! What narrows a request about a table, as a part of its key in a recording: so its answer is not taken for that of
//! all sockets.

use std::fmt;

use pree_wire::diag_request::Narrowing;
use pree_wire::inet_diag::{MPTCP, SCTP, StateBits, TCP, states};
use pree_wire::unix_diag::AF_UNIX;
use pree_wire::vsock_diag::AF_VSOCK;

/// Goes behind the pass, which is about some states only; nothing where all their sockets in the table are asked for.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    (family, protocol): (u8, u16),
    of_pass: StateBits,
    request: &[u8],
) -> fmt::Result {
    let Narrowing { states, program } = Narrowing::of(request);
    let every = every_state(family, protocol).0 & of_pass.0;
    if let Some(some) = states.filter(|states| states & every != every) {
        write!(f, " states {some:x}")?;
    }
    if let Some(program) = program {
        f.write_str(" filter ")?;
        program.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
    }
    Ok(())
}

/// The states that a question about all sockets of a table names, see `Plan::state_bits`.
fn every_state(family: u8, protocol: u16) -> StateBits {
    let (close, handshake) = (StateBits::of(states::CLOSE), StateBits::of(states::NEW_SYN_RECV));
    match (family, protocol) {
        (AF_UNIX, _) => StateBits::ESTABLISHED | close | StateBits::LISTEN,
        (_, TCP) => StateBits::ALL.without(close | handshake),
        (AF_VSOCK, _) | (_, MPTCP | SCTP) => StateBits::CONNECTED_OR_NOT.without(handshake),
        _ => StateBits::ESTABLISHED | close,
    }
}
