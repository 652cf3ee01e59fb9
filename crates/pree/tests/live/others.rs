//! Other programs' views of the same sockets: psutil and lsof.

use std::net::SocketAddr;

use pree::{Protocol, Query, Socket, State};
use pree_testkit::oracle::{lsof, psutil};
use pree_testkit::{Case, Failed, Need};

use crate::compare::{owners, without_scope};
use crate::rows;

pub fn cases() -> Vec<Case> {
    vec![
        rows::needs_of_everything(Case::new("psutil_agrees", psutil_agrees).lab())
            .needs(Need::PythonModule("psutil")),
        rows::needs_of_everything(Case::new("lsof_agrees", lsof_agrees).lab()).needs(Need::Tool("lsof")),
    ]
}

/// What psutil shows of a socket.
type Shown = (&'static str, &'static str, SocketAddr, Option<SocketAddr>);

/// psutil reads /proc/net/{tcp,udp}{,6} and tells one process a socket.
fn psutil_agrees() -> Result<(), Failed> {
    let _population = rows::everything()?;
    let snapshot = Query::new().owners().collect()?;
    let mut left: Vec<&Socket> = snapshot
        .iter()
        .filter(|socket| socket.protocol != Protocol::UdpLite && socket.state != State::BoundInactive)
        .collect();
    for row in psutil::all()? {
        let shown: Shown = (row.protocol, row.state, row.local, row.remote);
        let holder = row.pid.zip(row.fd.filter(|_| row.pid.is_some()));
        let same = |socket: &&Socket| {
            let inet = |address: &pree::Address| address.socket_addr().map(without_scope);
            Some(shown)
                == (|| {
                    let remote = match &socket.remote {
                        Some(remote) => Some(inet(remote)?),
                        None => None,
                    };
                    Some((socket.protocol.name(), socket.state.name()?, inet(&socket.local)?, remote))
                })()
                && match holder {
                    Some(holder) => owners(socket).contains(&holder),
                    None => socket.owners.is_empty(),
                }
        };
        let at = left.iter().position(same).ok_or_else(|| format!("only psutil has {row:?}"))?;
        left.swap_remove(at);
    }
    if left.is_empty() { Ok(()) } else { Err(format!("only pree has {left:?}").into()) }
}

/// lsof tells every descriptor of what /proc/net has.
fn lsof_agrees() -> Result<(), Failed> {
    let _population = rows::everything()?;
    let snapshot = Query::new().owners().collect()?;
    let mut ours: Vec<_> = snapshot
        .iter()
        .filter(|socket| socket.state != State::BoundInactive)
        .flat_map(|socket| {
            let protocol = socket.protocol.name().to_ascii_uppercase();
            let inode = socket.inode.unwrap_or(0);
            owners(socket).into_iter().map(move |(pid, fd)| (inode, pid, fd, protocol.clone()))
        })
        .collect();
    let mut theirs: Vec<_> =
        lsof::all()?.into_iter().map(|row| (row.inode, row.pid, row.fd, row.protocol)).collect();
    ours.sort();
    theirs.sort();
    assert!(!theirs.is_empty());
    assert_eq!(ours, theirs);
    Ok(())
}
