//! Forty ports to choose from: at 32 in use it is said, at 40 the next connect(2) fails, as the finding says.

use std::io;
use std::time::Duration;

use pree::quality::{About, Severity};
use pree_testkit::{Failed, Family, Socket, wait_until};

use crate::look::{Look, all_well, connect, count, ensure, listener, set};

const PORTS: &str = "40000 40039";

fn one_more(listener: &Socket) -> Result<io::Result<()>, Failed> {
    let client = Socket::tcp(Family::V4)?;
    client.reset_on_close()?;
    Ok(client.connect(listener.local()?))
}

fn has_no_port(result: &io::Result<()>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrNotAvailable)
}

/// The one issue, about this listener, and its numbers of ports in use and in all.
fn told(severity: Severity, listener: &Socket) -> Result<(Option<u64>, Option<u64>), Failed> {
    let look = Look::take()?;
    let finding = look.only("ports_exhausted", severity)?;
    let about = About::Destination(listener.local()?);
    ensure(finding.about == about, || format!("{finding:?}"))?;
    Ok((count(finding, "ports_used"), count(finding, "ports")))
}

pub fn exhausted() -> Result<(), Failed> {
    set("ip_local_port_range", PORTS)?;
    let (busy, other) = (listener(8080, 64)?, listener(8081, 64)?);
    let mut held = Vec::new();
    for _ in 0..31 {
        held.push(connect(&busy)?);
    }
    // Ports to one destination are no others' concern.
    for _ in 0..20 {
        held.push(connect(&other)?);
    }
    all_well()?;
    held.push(connect(&busy)?);
    let numbers = told(Severity::Warning, &busy)?;
    ensure(numbers == (Some(32), Some(40)), || format!("{numbers:?}"))?;
    for _ in 0..8 {
        held.push(connect(&busy)?);
    }
    let numbers = told(Severity::Critical, &busy)?;
    ensure(numbers == (Some(40), Some(40)), || format!("{numbers:?}"))?;
    let refused = one_more(&busy)?;
    ensure(has_no_port(&refused), || format!("{refused:?}"))?;
    one_more(&other)?.map_err(|error| format!("the other destination has ports: {error}").into())
}

/// A port that a program has bound is passed over, whatever the destination; a reserved one too.
pub fn bound() -> Result<(), Failed> {
    set("ip_local_port_range", PORTS)?;
    set("ip_local_reserved_ports", "40001-40004,50000")?;
    let busy = listener(8080, 64)?;
    let _inside = listener(40_010, 64)?;
    let mut held = Vec::new();
    for _ in 0..35 {
        held.push(connect(&busy)?);
    }
    let numbers = told(Severity::Critical, &busy)?;
    ensure(numbers == (Some(36), Some(36)), || format!("{numbers:?}"))?;
    let refused = one_more(&busy)?;
    ensure(has_no_port(&refused), || format!("{refused:?}"))
}

/// Each port taken by bind(2) before connect(2), to many destinations: nobody finds one, wherever he goes.
pub fn bound_first() -> Result<(), Failed> {
    set("ip_local_port_range", "40000 40099")?;
    let listeners: Vec<Socket> = (8000..8050).map(|port| listener(port, 64)).collect::<Result<_, _>>()?;
    let idle = listener(9000, 64)?;
    let mut held = Vec::new();
    for at in 0..100 {
        if at == 79 {
            all_well()?;
        }
        let client = Socket::tcp(Family::V4)?;
        client.bind((Family::V4.loopback(), 0))?;
        client.connect(listeners[at % listeners.len()].local()?)?;
        held.push(client);
    }
    let look = Look::take()?;
    let finding = look.only("ports_exhausted", Severity::Critical)?;
    let numbers = (count(finding, "ports_used"), count(finding, "bound"));
    ensure(finding.about == About::Host && numbers == (Some(100), Some(100)), || format!("{finding:?}"))?;
    let refused = one_more(&idle)?;
    ensure(has_no_port(&refused), || format!("{refused:?}"))
}

/// Connections that are over hold their ports, unless the kernel gives them out again.
pub fn in_time_wait() -> Result<(), Failed> {
    set("ip_local_port_range", PORTS)?;
    set("tcp_tw_reuse", "0")?;
    let busy = listener(8080, 64)?;
    for _ in 0..40 {
        end_first(&busy)?;
    }
    let look = Look::take()?;
    let finding = look.finding("ports_exhausted").ok_or("the ports are used up")?;
    let numbers = ["ports_used", "time_wait"].map(|name| count(finding, name));
    ensure(finding.severity == Severity::Critical && numbers == [Some(40); 2], || format!("{finding:?}"))?;
    let refused = one_more(&busy)?;
    ensure(has_no_port(&refused), || format!("{refused:?}"))?;
    for reuse in ["1", "2"] {
        set("tcp_tw_reuse", reuse)?;
        let look = Look::take()?;
        ensure(look.finding("ports_exhausted").is_none(), || format!("{reuse}: {:?}", look.host.findings))?;
        // As the kernel has it, once a second has passed.
        wait_until("a port to be used again", || {
            std::thread::sleep(Duration::from_millis(50));
            one_more(&busy).is_ok_and(|result| result.is_ok())
        })?;
    }
    Ok(())
}

/// A connection that its client closes first and that then rests.
pub fn end_first(listener: &Socket) -> Result<(), Failed> {
    let (client, server) = connect(listener)?;
    client.finish()?;
    wait_until("close_wait", || server.state().is_ok_and(|state| state == "close_wait"))?;
    drop(server);
    wait_until("time_wait", || client.state().is_ok_and(|state| state == "closed"))
}
