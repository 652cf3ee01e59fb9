//! Other programs' views of the same sockets: psutil and lsof.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram, UnixListener, UnixStream};

use pree::{Protocol, Protocols, Query, Snapshot, Socket, SocketType, State};
use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::oracle::{lsof, psutil};
use pree_testkit::{Case, Failed, Need, hostile};

use crate::compare::{owners, without_scope};
use crate::rows;

pub fn cases() -> Vec<Case> {
    vec![
        rows::needs_of_everything(Case::new("psutil_agrees", psutil_agrees).lab())
            .needs(Need::PythonModule("psutil")),
        rows::needs_of_everything(Case::new("lsof_agrees", lsof_agrees).lab()).needs(Need::Tool("lsof")),
        Case::new("psutil_agrees_about_unix_sockets", unix_beside_psutil)
            .lab()
            .needs(Need::PythonModule("psutil")),
        Case::new("lsof_agrees_about_unix_sockets", unix_beside_lsof).lab().needs(Need::Tool("lsof")),
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

/// Sockets of each kind with names that every program can read, some of them another process's too.
struct UnixWorld {
    _sockets: Vec<OwnedFd>,
    _holder: Holder,
    folder: std::path::PathBuf,
}

impl Drop for UnixWorld {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn unix_world(name: &str) -> Result<UnixWorld, Failed> {
    let folder = pree_testkit::fresh_path(&format!("beside-{name}"))?;
    std::fs::create_dir(&folder)?;
    let path = folder.join("listener");
    let listener = UnixListener::bind(&path)?;
    let client = UnixStream::connect(&path)?;
    let accepted = listener.accept()?.0;
    let receiver = UnixDatagram::bind_addr(&UnixAddr::from_abstract_name(b"pree/receiver")?)?;
    let (left, right) = UnixDatagram::pair()?;
    let packets = rustix::net::socket_with(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::SEQPACKET,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    )?;
    let holder = Holder::start(HolderSpec::hold().name(b"both").inherit(&accepted).inherit(&receiver))?;
    let sockets = vec![
        listener.into(),
        client.into(),
        accepted.into(),
        receiver.into(),
        left.into(),
        right.into(),
        packets,
    ];
    Ok(UnixWorld { _sockets: sockets, _holder: holder, folder })
}

fn unix_rows() -> Result<Snapshot, Failed> {
    let snapshot = Query::new().protocols(Protocols::UNIX).owners().collect()?;
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    Ok(snapshot)
}

/// The name as /proc/net/unix has it, which both programs read.
fn unix_name(socket: &Socket) -> String {
    let name: Vec<u8> = socket.local.path().unwrap_or_default().to_vec();
    String::from_utf8_lossy(&name).replace('\0', "@")
}

/// psutil reads /proc/net/unix and tells one holder a socket.
fn unix_beside_psutil() -> Result<(), Failed> {
    let _world = unix_world("psutil")?;
    let snapshot = unix_rows()?;
    let mut left: Vec<&Socket> = snapshot.iter().collect();
    assert_eq!(left.len(), 7);
    for row in psutil::unix()? {
        let kind = match row.kind {
            1 => SocketType::Stream,
            2 => SocketType::Dgram,
            _ => SocketType::Seqpacket,
        };
        let same = |socket: &&Socket| {
            let holder = row.pid.zip(row.fd);
            let held = holder.is_some_and(|holder| owners(socket).contains(&holder));
            socket.socket_type == Some(kind) && unix_name(socket) == row.name && held
        };
        let at = left.iter().position(same).ok_or_else(|| format!("only psutil has {row:?}"))?;
        left.swap_remove(at);
    }
    if left.is_empty() { Ok(()) } else { Err(format!("only pree has {left:?}").into()) }
}

fn unix_beside_lsof() -> Result<(), Failed> {
    let _world = unix_world("lsof")?;
    let shown = |with_names: bool| -> Result<[Vec<lsof::UnixRow>; 2], Failed> {
        let mut theirs = lsof::unix()?;
        let mut ours = Vec::new();
        for socket in &unix_rows()? {
            let state = match socket.state {
                State::Listen => "LISTEN",
                State::Established => "CONNECTED",
                _ => "UNCONNECTED",
            };
            let kind = socket.socket_type.and_then(SocketType::name).unwrap_or_default();
            ours.extend(owners(socket).into_iter().map(|(pid, fd)| lsof::UnixRow {
                pid,
                fd,
                inode: socket.inode.unwrap_or(0),
                kind: kind.to_ascii_uppercase(),
                state: state.to_owned(),
                name: unix_name(socket),
            }));
        }
        if !with_names {
            theirs.iter_mut().chain(&mut ours).for_each(|row| row.name.clear());
        }
        theirs.sort();
        ours.sort();
        Ok([ours, theirs])
    };
    let [ours, theirs] = shown(true)?;
    assert!(ours.len() >= 9, "{ours:?}");
    assert_eq!(ours, theirs);
    // Names of any bytes: lsof cuts them, but whose they are it tells all the same.
    let mut hostile: Vec<UnixDatagram> = Vec::new();
    for name in hostile::NAMES {
        hostile.push(UnixDatagram::bind_addr(&UnixAddr::from_abstract_name(name)?)?);
    }
    let before = ours.len();
    let [ours, theirs] = shown(false)?;
    assert_eq!(ours.len(), before + hostile.len());
    assert_eq!(ours, theirs);
    Ok(())
}
