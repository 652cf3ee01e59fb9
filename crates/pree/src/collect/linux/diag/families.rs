//! Rows of Unix, packet, netlink, vsock and SCTP sockets from `sock_diag`, each once, none missed.
//!
//! The kernel reports these tables chain by chain too, but each chain under one lock, which it lets go of only when a
//! message is full. So a dump of one message cannot be torn. After a longer one a second follows, and what only that one
//! saw is delivered too; then a third, for the second can have passed over others. The kernel sends no filter program here.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use pree_wire::inet_diag::sctp::Endpoint;
use pree_wire::inet_diag::{self, StateBits};
use pree_wire::netlink_diag;
use pree_wire::packet_diag;
use pree_wire::unix_diag;
use pree_wire::{BufferTooSmall, Malformed, vsock_diag};

use super::any_table::{PASSES, error, family_number, gap, with_retries};
use super::cookies::CookieSet;
use super::exchange::{Pass, Told, exchange_bytes};
use crate::collect::collection::Collection;
use crate::collect::linux::delivery::Delivery;
use crate::coverage::Missing;
use crate::decode::linux::Decoder;
use crate::error::Result;
use crate::model::{Protocol, Socket};
use crate::needs::Needs;
use crate::plan::{Plan, Table};
use crate::source::{DiagPass, DiagTable, Failure};

/// Room for a request of any of these families.
const REQUEST_SIZE: usize = 128;

/// Reads one table. An error means that no row of it was delivered.
pub(super) fn read(
    table: Table,
    collection: &mut Collection<'_>,
    decoder: &Decoder,
    delivery: &mut Delivery<'_>,
) -> Result<ControlFlow<()>> {
    let mut reader = Reader {
        table,
        plan: Rc::clone(&collection.plan),
        delivery,
        decoder,
        socket: None,
        seen: CookieSet::default(),
        associations: HashSet::new(),
        has_new: false,
    };
    reader.read(collection)
}

struct Reader<'r, 'v> {
    table: Table,
    plan: Rc<Plan>,
    delivery: &'r mut Delivery<'v>,
    decoder: &'r Decoder,
    /// The row that is reused for every socket.
    socket: Option<Socket>,
    /// Cookies of the rows that were delivered.
    seen: CookieSet,
    /// SCTP associations that were delivered.
    associations: HashSet<Association>,
    /// This pass reported a row that none before had.
    has_new: bool,
}

/// An SCTP association: the cookie of its socket, the remote port, and every remote address. A socket has one association
/// with each of these; which of the addresses stands in the row's own place can change, and a socket of IPv6 has zeros there
/// for one of IPv4.
type Association = (u64, u16, Vec<Endpoint>);

impl Reader<'_, '_> {
    fn read(&mut self, collection: &mut Collection<'_>) -> Result<ControlFlow<()>> {
        for number in 0..PASSES {
            let which = if number == 0 { DiagPass::First } else { DiagPass::Check };
            self.has_new = false;
            let pass = match self.pass_with_retries(collection, which) {
                Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
                Ok(ControlFlow::Continue(pass)) => pass,
                Err(failure) if self.seen.is_empty() && self.associations.is_empty() => {
                    return Err(error(self.table, failure));
                }
                // What was recorded was whole after the passes that there are.
                Err(Failure::NotRecorded) => break,
                // Rows were delivered and are not taken back.
                Err(failure) => {
                    collection.coverage.add(gap(self.table, Missing::Rows, failure.kind(), None));
                    break;
                }
            };
            let again = if number == 0 { pass.messages > 1 || pass.interrupted } else { self.has_new };
            if !again {
                break;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Dumps the table, again if it fails in passing. Rows that were delivered are skipped by cookie.
    fn pass_with_retries(
        &mut self,
        collection: &mut Collection<'_>,
        pass: DiagPass,
    ) -> std::result::Result<ControlFlow<(), Pass>, Failure> {
        let mut buffer = [0; REQUEST_SIZE];
        let length = self.request(&mut buffer).map_err(|_| Failure::MALFORMED)?;
        let request = buffer.get(..length).unwrap_or_default();
        let protocol = if self.table.protocol == Protocol::Sctp { inet_diag::SCTP } else { 0 };
        let asked = DiagTable { family: self.table.family.map_or(0, family_number), protocol };
        let dump = |reader: &mut Self| {
            exchange_bytes(collection.source, request, asked, pass, &mut |payload: &[u8]| {
                let flow = reader.row(payload)?;
                Ok(Told { unlocked: false, flow })
            })
        };
        let table = self.table;
        // There is no program to give up.
        with_retries(self, table, &mut collection.coverage, dump, |_, _| false)
    }

    /// Asks for what the row shows, and for memory where that is wanted.
    fn request(&self, buffer: &mut [u8]) -> std::result::Result<usize, BufferTooSmall> {
        let states = self.plan.state_bits(self.table.protocol);
        let memory = self.plan.needs.contains(Needs::MEMORY);
        match self.table.protocol {
            Protocol::Packet => {
                use packet_diag::show;
                // The queue is among the memory's numbers.
                let usual = show::INFO | show::RINGS | show::FANOUT | show::FILTER | show::MEMORY;
                packet_diag::Request::dump(usual).with_sequence(1).encode(buffer)
            }
            Protocol::Netlink => {
                use netlink_diag::show;
                let usual = show::GROUPS | show::MEMORY;
                netlink_diag::Request::dump(usual).with_sequence(1).encode(buffer)
            }
            Protocol::Sctp => {
                let family = self.table.family.map_or(0, family_number);
                // Bits of states choose between sockets and associations only, whose states have numbers of their own.
                inet_diag::Request::dump_v2(family, inet_diag::SCTP)
                    .with_states(StateBits::CONNECTED_OR_NOT)
                    .with_extensions(self.plan.extensions(Protocol::Sctp))
                    .with_sequence(1)
                    .encode(buffer)
            }
            Protocol::Vsock => vsock_diag::Request::dump(states).with_sequence(1).encode(buffer),
            _ => {
                use unix_diag::show;
                let usual = show::NAME | show::VFS | show::PEER | show::PENDING | show::QUEUES | show::UID;
                let show = if memory { usual | show::MEMORY } else { usual };
                unix_diag::Request::dump(show).with_states(states).with_sequence(1).encode(buffer)
            }
        }
    }

    /// Decodes and delivers a row that was not delivered before.
    fn row(&mut self, payload: &[u8]) -> std::result::Result<ControlFlow<()>, Malformed> {
        match self.table.protocol {
            Protocol::Packet => {
                let row = packet_diag::Row::parse(payload)?;
                let is_new = self.is_new(row.cookie());
                Ok(self.deliver(is_new, |decoder, socket| decoder.decode_packet(&row, socket)))
            }
            Protocol::Netlink => {
                let row = netlink_diag::Row::parse(payload)?;
                let is_new = self.is_new(row.cookie());
                Ok(self.deliver(is_new, |decoder, socket| decoder.decode_netlink(&row, socket)))
            }
            Protocol::Sctp => {
                let row = inet_diag::Row::parse(payload)?;
                // Of a socket that is one end of an association, that association reports more.
                let is_new = match row.sctp_peers() {
                    Some(peers) => {
                        let id = row.id();
                        self.associations.insert((id.cookie, id.destination_port, peers.collect()))
                    }
                    None => {
                        matches!(row.state(), inet_diag::states::LISTEN | inet_diag::states::CLOSE)
                            && self.is_new(row.cookie())
                    }
                };
                Ok(self.deliver(is_new, |decoder, socket| decoder.decode_sctp(&row, socket)))
            }
            Protocol::Vsock => {
                let row = vsock_diag::Row::parse(payload)?;
                let is_new = self.is_new(row.cookie());
                Ok(self.deliver(is_new, |decoder, socket| decoder.decode_vsock(&row, socket)))
            }
            _ => {
                let row = unix_diag::Row::parse(payload)?;
                let is_new = self.is_new(row.cookie());
                Ok(self.deliver(is_new, |decoder, socket| decoder.decode_unix(&row, socket)))
            }
        }
    }

    fn is_new(&mut self, cookie: u64) -> bool {
        let is_new = self.seen.insert(cookie);
        // Made since, or passed over: which, a cookie does not tell, for it is given at the first look.
        self.has_new |= is_new;
        is_new
    }

    fn deliver(
        &mut self,
        is_new: bool,
        decode: impl FnOnce(&Decoder, &mut Option<Socket>),
    ) -> ControlFlow<()> {
        if is_new {
            decode(self.decoder, &mut self.socket);
        }
        self.socket
            .as_mut()
            .filter(|_| is_new)
            .map_or(ControlFlow::Continue(()), |s| self.delivery.deliver(s))
    }
}
