//! One connection, asked for by its ends and its cookie.

use std::ops::ControlFlow;

use pree_wire::inet_diag::{self, Extensions, Id, Request, Row};

use super::any_table::family_number;
use super::exchange::{PassError, exchange, told};
use crate::decode::linux::inet_id;
use crate::model::{Protocol, Socket};
use crate::source::{DiagPass, DiagTable, Errno, Failure, Source};

/// Asks for this one; `row` takes it. Whether it is there, `None` where the answer does not say. Breaks off where `row` does.
pub(super) fn ask_exactly(
    source: &mut dyn Source,
    table: DiagTable,
    id: Id,
    extensions: Extensions,
    mut row: impl FnMut(&Row<'_>) -> ControlFlow<()>,
) -> ControlFlow<(), Option<bool>> {
    let request = Request::exact(table.family, table.protocol, id);
    let request = request.with_extensions(extensions).with_sequence(1);
    let mut found = false;
    let answer = exchange(source, &request, table, DiagPass::Exact(id.cookie), &mut |bytes: &[u8]| {
        let one = Row::parse(bytes)?;
        found |= one.cookie() == id.cookie;
        Ok(told(&one, row(&one)))
    });
    match answer {
        Err(PassError::Enough) => ControlFlow::Break(()),
        Err(PassError::Failed(Failure::Answer(Errno::ENOENT | Errno::ESTALE))) => {
            ControlFlow::Continue(Some(false))
        }
        Ok(_) if found => ControlFlow::Continue(Some(true)),
        Ok(_) | Err(PassError::Failed(_)) => ControlFlow::Continue(None),
    }
}

/// Whether a TCP connection that a dump reported is still there. `None` where that proves nothing: listeners and bound sockets share
/// their port with others, and other protocols do not look a socket up as it is reported.
pub(in crate::collect::linux) fn is_still_there(source: &mut dyn Source, socket: &Socket) -> Option<bool> {
    if socket.protocol != Protocol::Tcp || socket.remote.is_none() {
        return None;
    }
    let id = inet_id(socket)?;
    let table = DiagTable { family: family_number(socket.family), protocol: inet_diag::TCP };
    let ignore = |_: &Row<'_>| ControlFlow::Continue(());
    ask_exactly(source, table, id, Extensions::NONE, ignore).continue_value().flatten()
}
