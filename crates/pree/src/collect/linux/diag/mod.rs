//! Rows from `sock_diag`, each once, none missed.
//!
//! A dump is not atomic. The kernel walks its hash table chain by chain and lets go of a chain's lock after 16 sockets
//! and whenever a message is full; when it comes back it counts its way in. If the chain changed meanwhile, sockets
//! are skipped or reported twice. So rows are known by cookie (which a connection keeps from handshake to
//! `TIME_WAIT`), and where a dump can have been torn a second one follows, bare of extensions; what only that one saw
//! is asked for by itself. Where chains are long the second one can have passed over the same socket, so there a third
//! one follows. A dump during which no socket left the table cannot have missed one, and needs no other.

mod any_table;
mod cookies;
mod exact;
mod exchange;
mod families;
mod table_counters;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use pree_wire::Malformed;
use pree_wire::inet_diag::{self, Extensions, Id, Request, Row, states};
use pree_wire::netlink;

use super::delivery::Delivery;
use crate::collect::collection::Collection;
use crate::coverage::{Coverage, Missing};
use crate::decode::linux::{Decoder, has_stats};
use crate::error::{ErrorKind, Result};
use crate::model::{Protocol, Protocols, Socket, State};
use crate::needs::Needs;
use crate::plan::{Plan, Table};
use crate::source::{DiagPass, DiagTable, Errno, Failure, INET_NUMBERS, Source};
use any_table::{PASSES, error, family_number, gap, with_retries};
use cookies::CookieSet;
use exact::ask_exactly;
pub(super) use exact::is_still_there;
use exchange::{Pass, Receiver, Told, exchange, told};
use table_counters::Counters;

/// Sockets of one chain that the kernel reports under one lock (`SKARR_SZ` in `net/ipv4/inet_diag.c`).
const ROWS_UNDER_ONE_LOCK: u64 = 16;

/// Rows a bucket from which on some chains are longer than what is reported under one lock.
const LONG_CHAINS: u64 = 4;

/// Reads one table. An error means that no row of it was delivered.
pub(super) fn read(
    table: Table,
    collection: &mut Collection<'_>,
    decoder: &Decoder,
    delivery: &mut Delivery<'_>,
) -> Result<ControlFlow<()>> {
    if table.protocol == Protocol::Sctp || !Protocols::INET.contains(table.protocol.set()) {
        return families::read(table, collection, decoder, delivery);
    }
    let mut reader = Reader {
        table,
        plan: Rc::clone(&collection.plan),
        delivery,
        decoder,
        program: collection.plan.program(true),
        marks: true,
        socket: None,
        seen: CookieSet::default(),
        newest: 0,
        broken: None,
        repeated: false,
        uncounted: false,
        handshakes: HashSet::new(),
    };
    reader.read(collection)
}

struct Reader<'r, 'v> {
    table: Table,
    plan: Rc<Plan>,
    delivery: &'r mut Delivery<'v>,
    decoder: &'r Decoder,
    /// The kernel's filter program, until the kernel refuses it.
    program: Option<Vec<u8>>,
    /// Whether the program may still ask about marks.
    marks: bool,
    /// The row that is reused for every socket.
    socket: Option<Socket>,
    /// Cookies of the rows that were delivered.
    seen: CookieSet,
    /// The greatest of them.
    newest: u64,
    /// Why the first pass broke off, if it did.
    broken: Option<ErrorKind>,
    /// A row came twice in one pass.
    repeated: bool,
    /// A row was of a kind whose going the kernel does not count: in handshake, or bound only.
    uncounted: bool,
    /// Family and ends, without the cookie, of the handshakes that were delivered. A row gets its cookie after its chain's
    /// lock was let go, so what a handshake became meanwhile can have another one and is still the same connection.
    handshakes: HashSet<(u8, Id)>,
}

/// A row that only the check saw.
struct Missed {
    id: Id,
    socket: Socket,
}

/// Takes the rows of a pass.
struct Rows<'a, 'r, 'v, F> {
    reader: &'a mut Reader<'r, 'v>,
    row: F,
}

impl<'r, 'v, F> Receiver for Rows<'_, 'r, 'v, F>
where
    F: FnMut(&mut Reader<'r, 'v>, &Row<'_>) -> ControlFlow<()>,
{
    fn batch(&mut self, batch: &[u8]) {
        let rows = netlink::messages(batch).filter_map(|message| inet_diag::inode_of(message.ok()?.payload));
        self.reader.delivery.owners.announce(rows);
    }

    fn row(&mut self, row: &[u8]) -> std::result::Result<Told, Malformed> {
        let row = Row::parse(row)?;
        Ok(told(&row, (self.row)(self.reader, &row)))
    }
}

impl Reader<'_, '_> {
    fn read(&mut self, collection: &mut Collection<'_>) -> Result<ControlFlow<()>> {
        let extensions = self.plan.extensions(self.table.protocol);
        let before = self.counts_whole_table().then(|| Counters::read(collection.source)).flatten();
        let first = match self.pass_with_retries(collection, DiagPass::First, extensions, Self::deliver) {
            Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
            Ok(ControlFlow::Continue(pass)) => pass,
            Err(error) if self.seen.is_empty() => return Err(error),
            // Rows were delivered and are not taken back: another dump may still give the rest.
            Err(error) => {
                self.broken = Some(error.kind());
                Pass { interrupted: true, ..Pass::default() }
            }
        };
        if !self.may_be_torn(&first) {
            return Ok(ControlFlow::Continue(()));
        }
        let still = before.is_some()
            && !self.uncounted
            && !first.interrupted
            && Counters::read(collection.source) == before;
        if still {
            return Ok(ControlFlow::Continue(()));
        }
        for _ in 1..PASSES {
            match self.check(collection, extensions) {
                ControlFlow::Continue(true) => {}
                ControlFlow::Continue(false) => break,
                ControlFlow::Break(()) => return Ok(ControlFlow::Break(())),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether the kernel's counters are about just what is read: the TCP sockets of this namespace, all of them, with
    /// their handshakes.
    fn counts_whole_table(&self) -> bool {
        let whole =
            self.table.protocol == Protocol::Tcp && self.table.family.is_none() && self.program.is_none();
        whole && self.plan.state_bits(Protocol::Tcp) & 1 << states::SYN_RECV != 0
    }

    /// Whether the kernel let go of a chain's lock in the middle of it. It cannot have when everything came in one
    /// message and no chain can have held more than it reports under one lock; listeners and datagram sockets are reported a
    /// whole chain under one lock, so for them one message is enough.
    fn may_be_torn(&self, pass: &Pass) -> bool {
        let chunked = self.table.protocol == Protocol::Tcp && pass.unlocked_rows >= ROWS_UNDER_ONE_LOCK;
        pass.messages > 1 || pass.interrupted || chunked
    }

    /// Dumps once more and delivers what was missed before. True when this dump may be torn as well.
    fn check(&mut self, collection: &mut Collection<'_>, extensions: Extensions) -> ControlFlow<(), bool> {
        // Without extensions a dump costs about two thirds. A datagram socket cannot be asked for by itself (the
        // answer may be about another one on the same port), so for those the second dump is whole.
        let bare = self.table.protocol == Protocol::Tcp;
        let asked = if bare { Extensions::NONE } else { extensions };
        let (known, mut told, mut torn) = (self.seen.len(), CookieSet::default(), self.repeated);
        let mut missed = Vec::new();
        let pass = self.pass_with_retries(collection, DiagPass::Check, asked, |reader, row| {
            if !told.insert(row.cookie()) {
                torn = true;
            } else if !reader.seen.contains(row.cookie()) {
                // Cookies are given at the first look, in this order but for what other processors give meanwhile: this
                // one was there before and was passed over.
                torn |= row.cookie() < reader.newest;
                reader.decode(row);
                if let Some(socket) = &reader.socket {
                    missed.push(Missed { id: row.id(), socket: socket.clone() });
                }
            }
            ControlFlow::Continue(())
        });
        let failed = pass.is_err();
        if let Err(error) = pass {
            match (error.kind(), self.broken) {
                // What was recorded was whole after the passes that there are: nothing changes since, whatever is asked.
                (ErrorKind::NotRecorded, None) => {}
                (ErrorKind::NotRecorded, Some(why)) | (why, _) => {
                    collection.coverage.add(gap(self.table, Missing::Rows, why, None));
                }
            }
        }
        let changed = told.len() != known || !missed.is_empty();
        let again = !failed && (torn || (changed && self.has_long_chains(collection.source)));
        let whole = asked == extensions;
        let mut unsettled = Vec::new();
        for missed in missed {
            let flow = if whole || !gains_from_extensions(&missed.socket) {
                self.deliver_socket(missed)
            } else if missed.socket.remote.is_some() {
                self.ask_for_one(collection, extensions, missed)
            } else {
                unsettled.push(missed);
                ControlFlow::Continue(())
            };
            flow?;
        }
        if !unsettled.is_empty() {
            self.settle(collection, extensions, unsettled)?;
        }
        ControlFlow::Continue(again)
    }

    /// Whether some chains hold more than is reported under one lock: many rows in few buckets, as in a network namespace
    /// with a small table of its own.
    fn has_long_chains(&self, source: &mut dyn Source) -> bool {
        if self.table.protocol != Protocol::Tcp {
            return false;
        }
        let buckets = crate::source::read_all(source, &crate::source::Question::TcpBuckets);
        let text = buckets.unwrap_or_default();
        let number = std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse::<i64>().ok());
        number.is_some_and(|number| {
            // Negative for a table that is shared. Of a small one it is not known how full it is when a filter leaves
            // rows out.
            let filtered = self.program.is_some() && number > 0;
            filtered || self.seen.len() as u64 >= number.unsigned_abs().saturating_mul(LONG_CHAINS)
        })
    }

    /// A connection is asked for by its addresses and cookie: the answer is about it, or it is gone.
    fn ask_for_one(
        &mut self,
        collection: &mut Collection<'_>,
        extensions: Extensions,
        missed: Missed,
    ) -> ControlFlow<()> {
        let table = DiagTable { family: family_number(missed.socket.family), protocol: self.number() };
        let is_there = ask_exactly(collection.source, table, missed.id, extensions, |row| self.deliver(row))?;
        match is_there {
            Some(_) => ControlFlow::Continue(()),
            None => self.deliver_bare(missed, &mut collection.coverage),
        }
    }

    /// Listeners and bound sockets share their port with others, so an exact answer proves nothing about them: they are
    /// looked for in one more dump of just their states.
    fn settle(
        &mut self,
        collection: &mut Collection<'_>,
        extensions: Extensions,
        unsettled: Vec<Missed>,
    ) -> ControlFlow<()> {
        let wanted: HashSet<u64> = unsettled.iter().map(|missed| missed.id.cookie).collect();
        let flow = self.pass_with_retries(collection, DiagPass::Settle, extensions, |reader, row| {
            if wanted.contains(&row.cookie()) {
                Self::deliver(reader, row)
            } else {
                ControlFlow::Continue(())
            }
        });
        if let Ok(ControlFlow::Break(())) = flow {
            return ControlFlow::Break(());
        }
        // What is in no third dump may have closed; it was there a moment ago, and a row is not lost for a detail.
        unsettled.into_iter().try_for_each(|missed| self.deliver_bare(missed, &mut collection.coverage))
    }

    /// Delivers a row as the bare dump gave it, and says that its statistics are missing.
    fn deliver_bare(&mut self, missed: Missed, coverage: &mut Coverage) -> ControlFlow<()> {
        if self.seen.contains(missed.id.cookie) {
            return ControlFlow::Continue(());
        }
        if self.plan.needs.contains(Needs::STATS) && has_stats(&missed.socket) {
            coverage.add(gap(self.table, Missing::Stats, ErrorKind::Unsettled, Some(1)));
        }
        // They came with the extensions that a bare dump is without.
        for (need, name) in [(Needs::MEMORY, "memory"), (Needs::TRAFFIC_CLASS, "traffic class")] {
            if self.plan.needs.contains(need) && gains_from_extensions(&missed.socket) {
                let mut gap = gap(self.table, Missing::Fields, ErrorKind::Unsettled, Some(1));
                gap.object = format!("{}: {name}", self.table.name());
                coverage.add(gap);
            }
        }
        self.deliver_socket(missed)
    }

    /// Dumps the table, again if it fails in passing. Rows that were delivered are skipped by cookie.
    fn pass_with_retries(
        &mut self,
        collection: &mut Collection<'_>,
        pass: DiagPass,
        extensions: Extensions,
        mut row: impl FnMut(&mut Self, &Row<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), Pass>> {
        let protocol = self.number();
        let asked = DiagTable { family: self.table.family.map_or(0, family_number), protocol };
        let request = match self.table.family {
            None => Request::dump_v1(protocol),
            Some(_) => Request::dump_v2(asked.family, protocol),
        };
        let bits = self.plan.state_bits(self.table.protocol) & pass.states().0;
        let dump = |reader: &mut Self| {
            let program = reader.program.clone();
            let bytecode = program.as_deref();
            let request = Request { extensions, states: bits, bytecode, sequence: 1, ..request };
            exchange(collection.source, &request, asked, pass, &mut Rows { reader, row: &mut row })
        };
        let table = self.table;
        with_retries(self, table, &mut collection.coverage, dump, Self::asks_for_less)
            .map_err(|failure| error(table, failure))
    }

    /// Gives up what the kernel may have refused in the program: it has to be decided row by row then. False when there
    /// is nothing left to give up.
    fn asks_for_less(&mut self, failure: Failure) -> bool {
        let Failure::Answer(errno @ (Errno::EPERM | Errno::EINVAL)) = failure else { return false };
        if self.program.is_none() {
            return false;
        }
        // A mark may be asked about only with a right, and an old kernel does not know every condition.
        let only_marks = errno == Errno::EPERM && std::mem::replace(&mut self.marks, false);
        let less = if only_marks { self.plan.program(false) } else { None };
        if less.is_none() && self.plan.needs_the_kernel() {
            return false;
        }
        self.program = less;
        true
    }

    /// Decodes and delivers a row that was not delivered before.
    fn deliver(&mut self, row: &Row<'_>) -> ControlFlow<()> {
        if !self.seen.insert(row.cookie()) {
            self.repeated = true;
            return ControlFlow::Continue(());
        }
        self.uncounted |= matches!(row.state(), states::SYN_RECV | states::CLOSE | states::BOUND_INACTIVE);
        if !self.is_another(row.family(), row.id(), row.state() == states::SYN_RECV) {
            return ControlFlow::Continue(());
        }
        self.decode(row);
        match &mut self.socket {
            Some(socket) => self.delivery.deliver(socket),
            None => ControlFlow::Continue(()),
        }
    }

    /// Delivers a row that is decoded already.
    fn deliver_socket(&mut self, mut missed: Missed) -> ControlFlow<()> {
        let (family, handshake) =
            (family_number(missed.socket.family), missed.socket.state == State::SynReceived);
        if self.seen.insert(missed.id.cookie) && self.is_another(family, missed.id, handshake) {
            self.delivery.deliver(&mut missed.socket)
        } else {
            ControlFlow::Continue(())
        }
    }

    /// True unless this row, whose cookie is new, is of a connection that was delivered as a handshake. A connection with
    /// the ends of one in `TIME_WAIT` is another one: such ends may be used again.
    fn is_another(&mut self, family: u8, id: Id, handshake: bool) -> bool {
        self.newest = self.newest.max(id.cookie);
        let ends = (family, Id { cookie: 0, ..id });
        if handshake { self.handshakes.insert(ends) } else { !self.handshakes.contains(&ends) }
    }

    fn decode(&mut self, row: &Row<'_>) {
        self.decoder.decode(row, self.table.protocol, &mut self.socket);
    }

    fn number(&self) -> u16 {
        let known = INET_NUMBERS.iter().find(|(protocol, _)| *protocol == self.table.protocol);
        known.map_or(u16::MAX, |(_, number)| *number)
    }
}

/// True when extensions report more about this socket than the bare row: the kernel has them for full sockets only.
fn gains_from_extensions(socket: &Socket) -> bool {
    has_stats(socket) || matches!(socket.state, State::Listen | State::BoundInactive)
}
