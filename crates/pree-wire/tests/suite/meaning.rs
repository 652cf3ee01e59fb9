//! The meaning of a filter expression, evaluated directly.

use pree_wire::inet_diag::{Expr, HostCondition};

/// What a program can ask of a socket (`struct inet_diag_entry`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Socket {
    pub(crate) family: u8,
    pub(crate) source: [u8; 16],
    pub(crate) destination: [u8; 16],
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    pub(crate) device: u32,
    pub(crate) mark: u32,
    pub(crate) cgroup: u64,
    pub(crate) autobound: bool,
}

/// What `expr` says about `socket`, without any program.
pub(crate) fn holds(expr: &Expr<'_>, socket: &Socket) -> bool {
    match *expr {
        Expr::And(list) => list.iter().all(|e| holds(e, socket)),
        Expr::Or(list) => list.iter().any(|e| holds(e, socket)),
        Expr::Not(inner) => !holds(inner, socket),
        Expr::SourcePortAtLeast(port) => socket.source_port >= port,
        Expr::SourcePortAtMost(port) => socket.source_port <= port,
        Expr::SourcePort(port) => socket.source_port == port,
        Expr::DestinationPortAtLeast(port) => socket.destination_port >= port,
        Expr::DestinationPortAtMost(port) => socket.destination_port <= port,
        Expr::DestinationPort(port) => socket.destination_port == port,
        Expr::SourceHost(host) => at_host(&host, socket.family, socket.source, socket.source_port),
        Expr::DestinationHost(host) => {
            at_host(&host, socket.family, socket.destination, socket.destination_port)
        }
        Expr::Device(index) => socket.device == index,
        Expr::Mark { mark, mask } => socket.mark & mask == mark,
        Expr::Cgroup(id) => socket.cgroup == id,
        Expr::Autobound => socket.autobound,
        _ => panic!("a condition without a meaning here: {expr:?}"),
    }
}

/// Addresses as one big number each, shifted: no bytes and masks as in `host`.
fn at_host(condition: &HostCondition, family: u8, address: [u8; 16], port: u16) -> bool {
    if condition.port.is_some_and(|wanted| wanted != port) {
        return false;
    }
    let number = |bytes: [u8; 16], family: u8| {
        let number = u128::from_be_bytes(bytes);
        if family == 2 { number >> 96 } else { number }
    };
    let mut value = number(address, family);
    let mut width = if family == 2 { 32 } else { 128 };
    if condition.family == 2 && family == 10 && value >> 32 == 0xffff {
        (value, width) = (value & 0xffff_ffff, 32);
    } else if condition.family != 0 && condition.family != family {
        return false;
    }
    let rest = width - u32::from(condition.prefix_length);
    let cut = |number: u128| number.checked_shr(rest).unwrap_or(0);
    cut(value) == cut(number(condition.address, condition.family))
}
