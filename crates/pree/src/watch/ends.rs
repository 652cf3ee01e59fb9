//! Sockets that end, as the kernel reports them: which sockets these are is known from looks, or from nothing but their end.

use pree_wire::inet_diag::Row;
use pree_wire::netlink::{self, Body};

use crate::collect::EndStream;
use crate::error::{Error, Result};
use crate::model::{Ending, How, Protocol, Socket, State, TcpStats};
use crate::source::{Failure, Source};

/// Batches that are read at once: what comes faster than it is read is not read for ever.
const MOST_BATCHES: usize = 256;

/// What the kernel reports of ends.
pub(super) struct Ends {
    stream: EndStream,
    batch: Vec<u8>,
    /// How often messages were lost.
    pub(super) losses: u64,
}

/// A message.
pub(super) enum Told {
    /// A socket has ended.
    End(Box<End>),
    /// Messages were lost; how many is not known.
    Lost,
}

/// A socket that has ended.
pub(super) struct End {
    pub(super) socket: Socket,
    /// What can be said of its end when nothing else is known of it.
    life: Life,
    /// Bytes that were received and not read, a FIN as one; that were not acknowledged.
    unread: u32,
    unacknowledged: u32,
}

/// What a socket has been.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Connection,
    FailedConnect,
    /// No connection: it listened, or did nothing.
    None,
}

impl Ends {
    pub(super) fn new(stream: EndStream) -> Self {
        Self { stream, batch: Vec::new(), losses: 0 }
    }

    /// Hands over what has happened since the last time.
    pub(super) fn read(&mut self, source: &mut dyn Source, mut tell: impl FnMut(Told)) -> Result<()> {
        let Self { stream: EndStream { answer, decoder }, batch, losses } = self;
        for _ in 0..MOST_BATCHES {
            let failed = |failure: Failure| Error::of(failure, "follow", "ends of sockets");
            source.next(answer, batch).map_err(failed)?;
            if batch.is_empty() {
                break;
            }
            for message in netlink::messages(batch) {
                let row = match message.as_ref().map(netlink::Message::body) {
                    Ok(Body::Data(payload)) => Row::parse(payload).ok(),
                    Ok(Body::Overrun) | Err(_) => None,
                    Ok(_) => continue,
                };
                let socket = row.as_ref().and_then(|row| decoder.decode_end(row));
                let end = row.zip(socket).map(|(row, socket)| Box::new(End::new(&row, socket)));
                *losses += u64::from(end.is_none());
                tell(end.map_or(Told::Lost, Told::End));
            }
        }
        Ok(())
    }

    /// What the kernel reports them through.
    #[cfg(unix)]
    pub(super) fn answer(&self) -> &crate::source::Answer {
        &self.stream.answer
    }
}

impl End {
    fn new(row: &Row<'_>, socket: Socket) -> Self {
        let (unread, unacknowledged) = (row.receive_queue(), row.send_queue());
        let life = match &socket.tcp {
            _ if socket.protocol != Protocol::Tcp => Life::None,
            // `tcp_disconnect` goes on with numbers 2 beyond the window of the peer. 3: there was a SYN, and no peer.
            None if unacknowledged == 3 => Life::FailedConnect,
            None if unacknowledged > 3 => Life::Connection,
            None => Life::None,
            // The SYN was not answered.
            Some(last) if unacknowledged == 1 && was_silent(last) => Life::FailedConnect,
            Some(_) => Life::Connection,
        };
        Self { socket, life, unread, unacknowledged }
    }

    /// Whether it was opened and ended and is worth telling, though nothing was known of it before; and whether that failed.
    pub(super) fn is_of_connection(&self) -> Option<bool> {
        (self.life != Life::None).then_some(self.life == Life::FailedConnect)
    }

    /// How it ended, as far as the message tells, after a state in which it was seen.
    ///
    /// Which end was first, and whether there was an error, it does not say. Nor whether the bytes that were received have a FIN among
    /// them, unless that is all that there can be.
    pub(super) fn ending(&self, seen: Option<State>) -> Ending {
        let failed = self.life == Life::FailedConnect;
        let from = seen.or(failed.then_some(State::SynSent));
        let last = self.socket.tcp.as_deref();
        let sent = last.and_then(|last| last.bytes_sent?.checked_sub(last.bytes_retrans?));
        // The SYN of who connects is acknowledged, and a FIN.
        let fin_acknowledged = last.and_then(|last| last.bytes_acked?.checked_sub(sent?)) == Some(2);
        let had_fin = matches!(from, Some(State::CloseWait | State::LastAck | State::Closing));
        let received = last.and_then(|last| match (last.bytes_received?, last.data_segs_in) {
            (0, _) | (_, Some(0)) => Some(0),
            (bytes, _) if had_fin || (fin_acknowledged && self.unread == 1) => bytes.checked_sub(1),
            _ => None,
        });
        let how = match from {
            Some(State::LastAck) if last.is_some() && self.unacknowledged == 0 => How::FinRemote,
            Some(State::Listen) => How::Other,
            _ => How::Unknown,
        };
        Ending { from, how, sent, received, ..Ending::default() }
    }
}

/// Nothing came from the other end.
fn was_silent(last: &TcpStats) -> bool {
    let none = |number: Option<u64>| number.is_none_or(|number| number == 0);
    none(last.bytes_sent) && none(last.bytes_acked) && none(last.bytes_received) && last.min_rtt.is_none()
}
