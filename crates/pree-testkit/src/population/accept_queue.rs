//! Connections that wait in a listener's queue: they have a state and no owner.

use super::{BACKLOG, Population, basic::listener};
use crate::socket::{Family, Socket};
use crate::{Failed, Truth, wait_until};

/// A listener with four connections in its queue: a fresh one, one whose client has sent something, one whose client
/// has sent its FIN (so it waits in `close_wait`), and one whose client is closed (so its other end has no owner
/// either, and ends after 60 s).
///
/// # Errors
/// The kernel's.
pub fn accept_queue(family: Family) -> Result<Population, Failed> {
    let mut all = Population::new();
    let listener = listener(family, (family.loopback(), 0))?;
    let at = listener.local()?;
    let connect = || -> Result<Socket, Failed> {
        let client = Socket::tcp(family)?;
        client.connect(at)?;
        Ok(client)
    };
    let waiting = |label, state, client: &Socket| -> Result<Truth, Failed> {
        Ok(Truth::unowned(label, state, at, client.local()?, "accept_queue"))
    };

    let client = connect()?;
    all.know(waiting("in the accept queue", "established", &client)?);
    all.add("client of an accept queue", client, "established")?;

    let client = connect()?;
    client.send(b"twelve bytes")?;
    let mut truth = waiting("in the accept queue with data", "established", &client)?;
    truth.receive_queue_bytes = Some(12);
    all.know(truth);
    wait_until("the data to be acknowledged", || {
        client.unacknowledged_bytes().is_ok_and(|bytes| bytes == 0)
    })?;
    all.add("client of an accept queue that sent data", client, "established")?;

    let client = connect()?;
    client.finish()?;
    all.know(waiting("in the accept queue after the client's FIN", "close_wait", &client)?);
    wait_until("the FIN to be acknowledged", || client.state().is_ok_and(|state| state == "fin_wait_2"))?;
    all.add("client of an accept queue after its FIN", client, "fin_wait_2")?;

    let client = connect()?;
    all.know(waiting("in the accept queue after the client's end", "close_wait", &client)?);
    client.finish()?;
    wait_until("the FIN to be acknowledged", || client.state().is_ok_and(|state| state == "fin_wait_2"))?;
    let truth = Truth::of("closed client of an accept queue", &client, "fin_wait_2")?;
    drop(client);
    all.know(truth.abandoned("closed client of an accept queue", "fin_wait_2", "orphaned"));

    all.add_with("listener with a queue", listener, "listen", |truth| {
        truth.listen = Some((4, BACKLOG.unsigned_abs()));
    })?;
    Ok(all)
}
