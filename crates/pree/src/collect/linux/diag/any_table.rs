//! What every table of `sock_diag` has in common: tries and passes, its family's number, why it could not be read.

use std::ops::ControlFlow;

use pree_wire::{inet_diag, netlink_diag, packet_diag, unix_diag, vsock_diag};

use super::exchange::{Pass, PassError};
use crate::collect::retry::TRIES;
use crate::coverage::{Coverage, Gap, Missing};
use crate::error::{Error, ErrorKind};
use crate::model::{Family, Protocol};
use crate::plan::Table;
use crate::source::Failure;

/// Passes over one table, at most. In 64 buckets under a storm a pass missed one socket of 1300: two miss one in 2000
/// answers of 690 sockets, three would in 2 million.
pub(super) const PASSES: usize = 3;

/// A gap in this table.
pub(super) fn gap(table: Table, what: Missing, why: ErrorKind, count: Option<u64>) -> Gap {
    let hint = match why {
        ErrorKind::Unsettled => "the table changed while it was read: ask again",
        _ => "",
    };
    Gap { what, why, count, object: table.name().to_owned(), hint }
}

/// Why this table could not be read.
pub(super) fn error(table: Table, failure: Failure) -> Error {
    let object = format!("{} through sock_diag", table.name());
    let error = Error::of(failure, "dump", object);
    match (failure.kind(), table.protocol) {
        (ErrorKind::Absent, Protocol::Tcp | Protocol::Udp | Protocol::UdpLite) => {
            error.with_hint("load the kernel's inet_diag, tcp_diag and udp_diag modules")
        }
        (ErrorKind::Absent, _) => error.with_hint("load the kernel's diag module of this family"),
        (ErrorKind::NotPermitted, Protocol::Mptcp) => {
            error.with_hint("this takes CAP_NET_ADMIN: run as root")
        }
        _ => error,
    }
}

/// Dumps a table, again if it fails in passing or if something could be given up. Rows that were delivered are skipped by
/// cookie.
pub(super) fn with_retries<R>(
    reader: &mut R,
    table: Table,
    coverage: &mut Coverage,
    mut dump: impl FnMut(&mut R) -> Result<Pass, PassError>,
    asks_for_less: impl Fn(&mut R, Failure) -> bool,
) -> Result<ControlFlow<(), Pass>, Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        let failure = match dump(reader) {
            Ok(done) if done.malformed == 0 => return Ok(ControlFlow::Continue(done)),
            Ok(done) if tries == TRIES => {
                coverage.add(gap(table, Missing::Rows, ErrorKind::Malformed, Some(done.malformed)));
                return Ok(ControlFlow::Continue(done));
            }
            Ok(_) => Failure::MALFORMED,
            Err(PassError::Enough) => return Ok(ControlFlow::Break(())),
            Err(PassError::Failed(failure)) => failure,
        };
        if asks_for_less(reader, failure) {
            tries = 0;
        } else if tries == TRIES || !passes(failure) {
            return Err(failure);
        }
    }
}

/// True for errors that another try can be without.
fn passes(failure: Failure) -> bool {
    matches!(failure.kind(), ErrorKind::Unsettled | ErrorKind::Malformed | ErrorKind::Exhausted)
}

pub(super) fn family_number(family: Family) -> u8 {
    match family {
        Family::Ipv4 => inet_diag::AF_INET,
        Family::Ipv6 => inet_diag::AF_INET6,
        Family::Unix => unix_diag::AF_UNIX,
        Family::Packet => packet_diag::AF_PACKET,
        Family::Netlink => netlink_diag::AF_NETLINK,
        Family::Vsock => vsock_diag::AF_VSOCK,
        Family::Other(number) => u8::try_from(number).unwrap_or(0),
        Family::Unknown => 0,
    }
}
