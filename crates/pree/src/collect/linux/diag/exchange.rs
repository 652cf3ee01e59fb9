//! One `sock_diag` request and its answer: messages to rows, and how the answer ended.

use std::ops::ControlFlow;

use pree_wire::Malformed;
use pree_wire::inet_diag::{Request, Row, states};
use pree_wire::netlink::{self, Body};

use crate::source::{DiagPass, DiagTable, Errno, Failure, Question, Source};

/// Room for a request without a filter program.
const REQUEST_SIZE: usize = 128;

/// What a pass over the table was like.
#[derive(Default)]
pub(super) struct Pass {
    /// Datagrams with rows.
    pub(super) messages: u64,
    /// Rows that are not listeners.
    pub(super) unlocked_rows: u64,
    /// The kernel says that the table changed meanwhile.
    pub(super) interrupted: bool,
    /// Rows that make no sense.
    pub(super) malformed: u64,
}

/// Why an answer ended early.
pub(super) enum PassError {
    /// The visitor has enough.
    Enough,
    Failed(Failure),
}

/// What was made of one row.
pub(super) struct Told {
    /// The kernel may let go of its lock in the middle of the row's chain.
    pub(super) unlocked: bool,
    pub(super) flow: ControlFlow<()>,
}

/// Takes an answer. A closure takes its rows.
pub(super) trait Receiver {
    /// A datagram came; its rows follow.
    fn batch(&mut self, _batch: &[u8]) {}

    /// One row.
    fn row(&mut self, row: &[u8]) -> Result<Told, Malformed>;
}

impl<F: FnMut(&[u8]) -> Result<Told, Malformed>> Receiver for F {
    fn row(&mut self, row: &[u8]) -> Result<Told, Malformed> {
        self(row)
    }
}

/// What is to be known of an inet row to see whether a dump was torn.
pub(super) fn told(row: &Row<'_>, flow: ControlFlow<()>) -> Told {
    Told { unlocked: row.state() != states::LISTEN, flow }
}

/// Sends a request about an inet table and hands its answer to `receiver`.
pub(super) fn exchange(
    source: &mut dyn Source,
    request: &Request<'_>,
    table: DiagTable,
    pass: DiagPass,
    receiver: &mut dyn Receiver,
) -> Result<Pass, PassError> {
    let mut buffer = vec![0; REQUEST_SIZE + request.bytecode.map_or(0, <[u8]>::len)];
    let length = request.encode(&mut buffer).map_err(|_| PassError::Failed(Failure::MALFORMED))?;
    exchange_bytes(source, buffer.get(..length).unwrap_or_default(), table, pass, receiver)
}

/// [`exchange`] for any family: the request is written.
pub(super) fn exchange_bytes(
    source: &mut dyn Source,
    request: &[u8],
    table: DiagTable,
    pass: DiagPass,
    receiver: &mut dyn Receiver,
) -> Result<Pass, PassError> {
    let failed = PassError::Failed;
    let mut answer = source.ask(&Question::Diag { table, pass, request }).map_err(failed)?;
    let single = matches!(pass, DiagPass::Exact(_));
    let mut done = Pass::default();
    let mut batch = Vec::new();
    loop {
        if !source.next(&mut answer, &mut batch).map_err(failed)? {
            // The answer to a dump ends with a message that says so; without it something is missing.
            return Err(failed(Failure::Transport(Errno::EPROTO)));
        }
        receiver.batch(&batch);
        let mut rows = 0_u64;
        for message in netlink::messages(&batch) {
            let message = message.map_err(|_| failed(Failure::MALFORMED))?;
            done.interrupted |= message.interrupted();
            let payload = match message.body() {
                Body::Data(payload) => payload,
                Body::Done(None) => return Ok(done),
                Body::Done(Some(errno)) | Body::Error(Some(errno)) => {
                    return Err(failed(Failure::Answer(errno)));
                }
                Body::Overrun => return Err(failed(Failure::Transport(Errno::ENOBUFS))),
                Body::Error(None) | Body::Noop => continue,
            };
            match receiver.row(payload) {
                Ok(told) => {
                    if rows == 0 {
                        done.messages += 1;
                    }
                    rows += 1;
                    done.unlocked_rows += u64::from(told.unlocked);
                    if told.flow.is_break() {
                        return Err(PassError::Enough);
                    }
                }
                Err(_) => done.malformed += 1,
            }
        }
        if single && rows + done.malformed > 0 {
            return Ok(done);
        }
    }
}
