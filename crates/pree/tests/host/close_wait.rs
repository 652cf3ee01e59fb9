//! A program that does not close what its peers have closed.

use std::time::Instant;

use pree::quality::{About, Intervals, Severity, assess_host_interval};
use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Failed, Socket, wait_until};

use crate::look::{Look, all_well, connect, count, ensure, listener, query};

/// Connections that the client has ended, as the server has them, and the clients.
fn abandoned(listener: &Socket, number: usize) -> Result<(Vec<Socket>, Vec<Socket>), Failed> {
    let mut pairs = Vec::new();
    for _ in 0..number {
        let (client, server) = connect(listener)?;
        client.finish()?;
        wait_until("close_wait", || server.state().is_ok_and(|state| state == "close_wait"))?;
        pairs.push((server, client));
    }
    Ok(pairs.into_iter().unzip())
}

/// 12 that another process holds, 9 that this one does, 8 that were closed.
pub fn leak() -> Result<(), Failed> {
    let listener = listener(0, 64)?;
    let (ours, _clients) = abandoned(&listener, 9)?;
    let (closed, _others) = abandoned(&listener, 8)?;
    drop(closed);
    all_well()?;

    let (leaked, _more) = abandoned(&listener, 12)?;
    let spec = leaked.iter().fold(HolderSpec::hold().name(b"leaky"), HolderSpec::inherit);
    let holder = Holder::start(spec)?;
    drop(leaked);
    let look = Look::take()?;
    let finding = look.only("close_wait_leak", Severity::Info)?;
    let About::Process(process) = &finding.about else { return Err(format!("{finding:?}").into()) };
    let named = (process.pid, process.name.as_bytes());
    ensure(named == (holder.pid(), b"leaky"), || format!("{named:?} instead of {}", holder.pid()))?;
    ensure(count(finding, "close_wait") == Some(12) && finding.sockets.len() == 12, || {
        format!("{finding:?}")
    })?;
    ensure(finding.evidence.iter().any(|it| it.name == "oldest"), || format!("{finding:?}"))?;
    drop(ours);
    holder.stop();
    all_well()
}

/// Live: two more come while ten stay.
pub fn grows() -> Result<(), Failed> {
    let listener = listener(0, 64)?;
    let start = Instant::now();
    let look = |intervals: &mut Intervals| -> Result<_, Failed> {
        let snapshot = query().collect().map_err(|error| error.to_string())?;
        intervals.add(start.elapsed(), &snapshot);
        let host = assess_host_interval(&snapshot, intervals);
        let leak = host.findings.into_iter().find(|finding| finding.name == "close_wait_leak");
        Ok(leak.map(|finding| (finding.severity, count(&finding, "close_wait"), count(&finding, "new"))))
    };
    let (mut held, mut clients) = abandoned(&listener, 10)?;
    let mut intervals = Intervals::default();
    look(&mut intervals)?;
    let same = look(&mut intervals)?;
    ensure(same == Some((Severity::Info, Some(10), Some(0))), || format!("nothing has come: {same:?}"))?;
    let more = abandoned(&listener, 2)?;
    held.extend(more.0);
    clients.extend(more.1);
    let grown = look(&mut intervals)?;
    ensure(grown == Some((Severity::Warning, Some(12), Some(2))), || format!("two have come: {grown:?}"))
}
