//! Sockets judged with what the rest of the machine knows of their paths.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::IpAddr;
use std::ops::ControlFlow;

use pree::field::View;
use pree::quality::Peers;
use pree::{Coverage, Filter, Needs, Query, Socket, States};

use crate::exit::Failure;
use crate::output::{self, Request};
use crate::session::Session;

/// Remote addresses that are asked for one by one; for more, every connection is looked at.
const REMOTES: usize = 32;

/// `--json`: every socket is there before the first is judged.
pub(super) fn document(
    session: &Session,
    query: &Query,
    request: &mut Request,
    writer: impl Write,
    wanted: impl Fn(&Socket) -> bool,
) -> Result<(Vec<Socket>, Coverage), Failure> {
    let most = request.most();
    let mut sockets = Vec::new();
    let coverage = session.visit(query, |socket| {
        if !wanted(socket) {
            return ControlFlow::Continue(());
        }
        if sockets.len() == most {
            return ControlFlow::Break(());
        }
        sockets.push(socket.clone());
        ControlFlow::Continue(())
    })?;
    request.peers = peers(session, &sockets, most == usize::MAX);
    let mut output = output::of(request, writer);
    output.begin(&coverage)?;
    for socket in &sockets {
        output.row(&View::new(socket).among(&request.peers))?;
    }
    output.end(&coverage)?;
    drop(output);
    Ok((sockets, coverage))
}

/// What all connections of the machine to the remote ends of these know, whether they were asked for or not. Where they
/// cannot be read, what these know. Whether there are `all` that were asked for.
pub(super) fn peers(session: &Session, sockets: &[Socket], all: bool) -> Peers {
    if all && session.options.is_everything() {
        return Peers::of(sockets);
    }
    let remotes: BTreeSet<IpAddr> = sockets
        .iter()
        .filter(|socket| socket.tcp.is_some())
        .filter_map(|socket| Some(socket.remote.as_ref()?.ip()?.to_canonical()))
        .collect();
    if remotes.is_empty() {
        return Peers::default();
    }
    let query = Query::new().tcp().without_states(States::LISTEN | States::TIME_WAIT);
    let query = query.network_namespaces(session.options.namespaces.clone());
    let mut query = query.source(session.options.source).needs(Needs::STATS);
    if remotes.len() <= REMOTES
        // A v4-mapped address is found by its IPv4 one.
        && let Some(filter) = remotes.iter().map(|ip| Filter::remote_at(*ip)).reduce(Filter::or)
    {
        query = query.filter(filter);
    }
    let mut others = Vec::new();
    let answer = session.visit(&query, |socket| {
        others.push(socket.clone());
        ControlFlow::Continue(())
    });
    match answer {
        Ok(_) => Peers::of(&others),
        Err(_) => Peers::of(sockets),
    }
}
