//! Unix, packet, netlink, raw, ICMP and MPTCP sockets, made here, so that everything about them is known.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::Ipv4Addr;
use std::num::NonZeroU32;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use pree::model::PacketDetail;
use pree::{
    Address, Detail, ErrorKind, Missing, Needs, Protocol, Protocols, Query, Snapshot, Socket, SocketType,
    SourceChoice, State, States,
};
use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Case, Failed, Need, every, hostile, lab, packet};
use rustix::fs::fstat;
use rustix::net::{AddressFamily, SocketFlags, netlink::SocketAddrNetlink, socket_with, socketpair};

use crate::compare::owners;

/// Sockets that are not of IP have cgroups, marks and users too: a filter by these is a gap of rows where no kernel tells them, and a
/// column is not.
fn never_told() -> Result<(), Failed> {
    let _pair = UnixStream::pair()?;
    let _netlink =
        socket_with(AddressFamily::NETLINK, rustix::net::SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    for (protocols, filter, undecided) in [
        (Protocols::UNIX, "cgroup = 1", true),
        (Protocols::UNIX, "not cgroup = 1", true),
        // As its column shows it.
        (Protocols::UNIX, "cgroup = 0x1", true),
        (Protocols::UNIX, "has cgroup_id", true),
        (Protocols::UNIX, "fwmark = 1", true),
        (Protocols::UNIX, "user = 65533", false),
        (Protocols::UNIX, "cgroup = 1 and inode = 1", false),
        (Protocols::UNIX, "recvq > 100", false),
        (Protocols::NETLINK, "user = 65533", true),
        (Protocols::NETLINK, "rmem > 1MiB", false),
        (Protocols::TCP, "cgroup = 1", false),
    ] {
        let query = Query::new().protocols(protocols);
        let all = query.clone().needs(Needs::CGROUP | Needs::UID).collect()?;
        assert!(all.coverage().is_complete(), "{}", all.coverage());
        let snapshot = query.filter(filter.parse()?).collect()?;
        let gaps: Vec<_> = snapshot.coverage().gaps().iter().map(|gap| (gap.what, gap.why)).collect();
        let expected = if undecided { vec![(Missing::Rows, ErrorKind::Unsupported)] } else { Vec::new() };
        assert_eq!((snapshot.sockets().len(), gaps), (0, expected), "{filter}: {}", snapshot.coverage());
    }
    Ok(())
}

pub fn cases() -> Vec<Case> {
    let lab = |name: &str, run: fn() -> Result<(), Failed>| Case::new(name, run).lab();
    vec![
        lab("unix_sockets_of_every_kind", every_kind),
        lab("filters_by_what_no_kernel_tells_are_undecided", never_told),
        lab("unix_pairs_tell_who_is_at_the_other_end", both_ends),
        lab("tcp_pairs_tell_who_is_at_the_other_end", tcp_ends).needs(Need::Ipv6),
        lab("unix_names_of_any_bytes", hostile_names),
        lab("unix_states_are_asked_of_the_kernel", states),
        lab("unix_pairs_beside_churn", beside_churn),
        lab("a_recording_of_all_families_replays", recording),
        lab("packet_sockets", packet_sockets),
        lab("packet_sockets_with_ring_group_and_filter", packet_settings),
        lab("netlink_sockets", netlink),
        lab("types_of_netlink_sockets", netlink_types),
        lab("raw_and_icmp_sockets", raw).needs(Need::Ipv6),
        lab("mptcp_connections_and_their_subflows", mptcp),
        lab("a_family_that_is_not_told_is_a_note", vsock),
        lab("sockets_without_a_table_are_found_through_their_holders", without_a_table),
        lab("unix_sockets_beside_ss", beside_ss).needs(Need::Tool("ss")),
    ]
}

fn inode(socket: impl AsFd) -> u64 {
    fstat(socket).unwrap().st_ino
}

fn ask(protocols: Protocols, choice: SourceChoice) -> Result<Snapshot, Failed> {
    let snapshot = Query::new().protocols(protocols).owners().source(choice).collect()?;
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    Ok(snapshot)
}

/// The one row of this inode.
fn row<'s>(snapshot: &'s Snapshot, socket: &impl AsFd) -> &'s Socket {
    let inode = inode(socket);
    let rows: Vec<_> = snapshot.iter().filter(|row| row.inode == Some(inode)).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0]
}

/// This process with this descriptor.
fn mine(socket: &impl AsFd) -> Vec<(u32, u32)> {
    vec![(std::process::id(), socket.as_fd().as_raw_fd().unsigned_abs())]
}

/// Those who hold the other end.
fn peer_owners(row: &Socket) -> Vec<(u32, u32)> {
    let owners = row.peer.iter().flat_map(|peer| &peer.owners);
    owners.filter_map(|owner| Some((owner.pid(), owner.fd?))).collect()
}

/// A folder of this case, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Result<Self, Failed> {
        let path = pree_testkit::fresh_path(name)?;
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn path_of(row: &Socket) -> Option<&[u8]> {
    row.local.path()
}

fn every_kind() -> Result<(), Failed> {
    let folder = Folder::new("kinds")?;
    let path = folder.0.join("listener");
    let listener = UnixListener::bind(&path)?;
    let mut client = UnixStream::connect(&path)?;
    let accepted = listener.accept()?.0;
    client.write_all(b"seven b")?;
    let waiting = UnixStream::connect(&path)?;
    let name = SocketAddr::from_abstract_name(b"pree\0receiver")?;
    let receiver = UnixDatagram::bind_addr(&name)?;
    let sender = UnixDatagram::unbound()?;
    sender.connect_addr(&name)?;
    let (left, right) =
        socketpair(AddressFamily::UNIX, rustix::net::SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    rustix::net::shutdown(&left, rustix::net::Shutdown::Write)?;
    let alone = UnixDatagram::unbound()?;

    let file = std::fs::metadata(&path)?;
    let (device, file) = {
        use std::os::unix::fs::MetadataExt;
        ((rustix::fs::major(file.dev()), rustix::fs::minor(file.dev())), file.ino() as u32)
    };
    let at_path = Some(path.as_os_str().as_bytes());
    type Facts<'f> = (SocketType, State, Option<&'f [u8]>);
    let (stream, dgram) = (SocketType::Stream, SocketType::Dgram);
    let expected: Vec<(&dyn AsFd, Facts<'_>)> = vec![
        (&listener, (stream, State::Listen, at_path)),
        (&client, (stream, State::Established, None)),
        (&accepted, (stream, State::Established, at_path)),
        (&waiting, (stream, State::Established, None)),
        (&receiver, (dgram, State::Established, Some(b"\0pree\0receiver"))),
        (&sender, (dgram, State::Established, None)),
        (&left, (SocketType::Seqpacket, State::Established, None)),
        (&right, (SocketType::Seqpacket, State::Established, None)),
        (&alone, (dgram, State::Unconnected, None)),
    ];
    for choice in [SourceChoice::Auto, SourceChoice::Diag, SourceChoice::Proc, SourceChoice::Procfs] {
        let snapshot = ask(Protocols::UNIX, choice)?;
        assert_eq!(snapshot.sockets().len(), expected.len(), "{choice:?}: {snapshot:#?}");
        let diag = !matches!(choice, SourceChoice::Proc | SourceChoice::Procfs);
        for (socket, (kind, state, name)) in &expected {
            let row = row(&snapshot, &socket.as_fd());
            // /proc writes an @ for each NUL, and only the first one is known to be one.
            let shown = name.map(|name| match (diag, name) {
                (false, [0, rest @ ..]) => {
                    let rest = rest.iter().map(|byte| if *byte == 0 { b'@' } else { *byte });
                    std::iter::once(0).chain(rest).collect()
                }
                _ => name.to_vec(),
            });
            assert_eq!(path_of(row).map(<[u8]>::to_vec), shown, "{choice:?}");
            assert_eq!((row.socket_type, row.state), (Some(*kind), *state), "{choice:?} {row:?}");
            assert_eq!((row.protocol, row.family), (Protocol::Unix, pree::Family::Unix));
            assert_eq!(owners(row), mine(&socket.as_fd()), "{choice:?}");
            assert_eq!((row.kernel_id.is_some(), row.uid), (diag, diag.then_some(0)));
        }
        if !diag {
            every(&snapshot, |row| row.peer.is_none() && row.recv_queue.is_none());
            continue;
        }
        let told = row(&snapshot, &listener);
        assert_eq!(told.listen.map(|listen| listen.queue), Some(1));
        let Some(Detail::Unix(detail)) = told.detail.as_deref() else { panic!("{told:?}") };
        assert_eq!(detail.pending, [inode(&waiting)]);
        let found = detail.file.unwrap();
        assert_eq!((found.device_major, found.device_minor, found.inode), (device.0, device.1, file));
        let peer = |one: &dyn AsFd| row(&snapshot, &one.as_fd()).peer.as_ref().map(|peer| peer.inode);
        assert_eq!(peer(&client), Some(Some(inode(&accepted))));
        assert_eq!(peer(&accepted), Some(Some(inode(&client))));
        // Nobody has accepted it: there is an other end, and it is no file yet.
        assert_eq!(peer(&waiting), Some(None));
        assert_eq!((peer(&listener), peer(&alone), peer(&receiver)), (None, None, None));
        assert_eq!(peer(&sender), Some(Some(inode(&receiver))));
        assert_eq!(row(&snapshot, &accepted).recv_queue, Some(7));
        let shut = |one: &dyn AsFd| {
            row(&snapshot, &one.as_fd()).shutdown.map(|shutdown| (shutdown.receive, shutdown.send))
        };
        assert_eq!((shut(&left), shut(&right)), (Some((false, true)), Some((true, false))));
        assert_eq!(shut(&client), Some((false, false)));
    }
    Ok(())
}

/// One end here, the other in another process, which may have both.
fn both_ends() -> Result<(), Failed> {
    let (kept, given) = UnixStream::pair()?;
    let (first, second) = UnixStream::pair()?;
    let holder = Holder::start(HolderSpec::hold().name(b"other end").inherit(&given).inherit(&second))?;
    let (given_inode, given_fd) = (inode(&given), given.as_raw_fd().unsigned_abs());
    let second_fd = second.as_raw_fd().unsigned_abs();
    drop(given);
    for (choice, source) in
        [(SourceChoice::Auto, pree::OwnerSource::Auto), (SourceChoice::Diag, pree::OwnerSource::Proc)]
    {
        let query = Query::new().protocols(Protocols::UNIX).owners().source(choice).owner_source(source);
        let snapshot = query.collect()?;
        assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
        // A filter that names one process does not keep the other one unknown.
        let filter = format!("pid = {} inode = {}", std::process::id(), inode(&kept));
        let narrow = query.filter(filter.parse()?).collect()?;
        assert_eq!(peer_owners(row(&narrow, &kept)), [(holder.pid(), given_fd)]);
        let here = row(&snapshot, &kept);
        assert_eq!(owners(here), mine(&kept));
        assert_eq!(peer_owners(here), [(holder.pid(), given_fd)]);
        let name = here.peer.as_ref().unwrap().owners[0].process.name.as_bytes();
        assert_eq!(name, b"other end");
        let there = snapshot.iter().find(|row| row.inode == Some(given_inode)).unwrap();
        assert_eq!((owners(there), peer_owners(there)), (vec![(holder.pid(), given_fd)], mine(&kept)));
        // Held by both: every owner, in any order.
        let both: BTreeSet<_> = [(holder.pid(), second_fd), mine(&second)[0]].into();
        assert_eq!(peer_owners(row(&snapshot, &first)).into_iter().collect::<BTreeSet<_>>(), both);
        assert_eq!(peer_owners(row(&snapshot, &second)), mine(&first));
    }
    // The other end is gone with its process.
    drop(holder);
    let snapshot = ask(Protocols::UNIX, SourceChoice::Auto)?;
    let here = row(&snapshot, &kept);
    assert_eq!(here.peer.as_ref().map(|peer| (peer.inode, peer.owners.len())), Some((None, 0)));
    Ok(())
}

/// A connection to an IPv6 listener over IPv4, whose accepted end another process has.
fn tcp_ends() -> Result<(), Failed> {
    use std::net::{TcpListener, TcpStream};
    let listener = TcpListener::bind("[::]:0")?;
    let client = TcpStream::connect((Ipv4Addr::LOCALHOST, listener.local_addr()?.port()))?;
    let accepted = listener.accept()?.0;
    let holder = Holder::start(HolderSpec::hold().name(b"server").inherit(&accepted))?;
    let (far, far_fd) = (inode(&accepted), accepted.as_raw_fd().unsigned_abs());
    drop(accepted);
    let port = client.local_addr()?.port();
    let query = |text: &str| Query::new().tcp().owners().needs(Needs::PEERS).filter(text.parse().unwrap());
    let near = format!("sport = {port}");
    for choice in BOTH {
        for (text, rows) in
            [(near.as_str(), 1), ("peer = server", 1), ("peer = other", 0), ("has peer", 2), ("tcp:1", 0)]
        {
            let snapshot = query(text).source(choice).collect()?;
            assert_eq!(snapshot.sockets().len(), rows, "{choice:?} {text}: {snapshot:?}");
            if text == near || text == "peer = server" {
                let here = row(&snapshot, &client);
                assert_eq!((owners(here), peer_owners(here)), (mine(&client), vec![(holder.pid(), far_fd)]));
                assert_eq!(here.peer.as_ref().unwrap().inode, Some(far));
            }
        }
        let snapshot = query("has peer").source(choice).collect()?;
        let there = snapshot.iter().find(|row| row.inode == Some(far)).unwrap();
        assert_eq!((owners(there), peer_owners(there)), (vec![(holder.pid(), far_fd)], mine(&client)));
        // Owners are another question.
        let bare = Query::new().tcp().needs(Needs::PEERS).source(choice).collect()?;
        assert_eq!(bare.sockets().len(), 3);
        let peer = row(&bare, &client).peer.clone().unwrap();
        assert_eq!((peer.inode, peer.owners.len()), (Some(far), 0));
        assert_eq!((row(&bare, &client).unowned, row(&bare, &listener).peer.is_some()), (None, false));
        // Who does not ask is not told, and rows come as they come.
        every(&Query::new().tcp().collect()?, |row| row.peer.is_none());
    }
    Ok(())
}

fn hostile_names() -> Result<(), Failed> {
    let folder = Folder::new("names")?;
    // Paths relative to the folder are as hostile as their names.
    std::env::set_current_dir(&folder.0)?;
    let mut sockets: BTreeMap<u64, (OwnedFd, Vec<u8>)> = BTreeMap::new();
    for (number, name) in hostile::NAMES.iter().enumerate() {
        let found = SocketAddr::from_abstract_name([&[b'a', 0][..], name].concat())?;
        let socket: OwnedFd = UnixDatagram::bind_addr(&found)?.into();
        sockets.insert(inode(&socket), (socket, [&b"\0a\0"[..], name].concat()));
        if name.is_empty() || name.contains(&b'/') {
            continue;
        }
        let path = [name, format!(" {number}").as_bytes()].concat();
        let socket: OwnedFd = UnixDatagram::bind(Path::new(std::ffi::OsStr::from_bytes(&path)))?.into();
        sockets.insert(inode(&socket), (socket, path));
    }
    let longest = vec![b'n'; 107];
    let socket: OwnedFd = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&longest)?)?.into();
    sockets.insert(inode(&socket), (socket, [&b"\0"[..], &longest].concat()));

    let found = |choice| -> Result<BTreeMap<u64, Vec<u8>>, Failed> {
        let snapshot = ask(Protocols::UNIX, choice)?;
        let names = snapshot.iter().map(|row| (row.inode.unwrap(), path_of(row).unwrap().to_vec()));
        let names: BTreeMap<_, _> = names.collect();
        assert_eq!(names.len(), snapshot.sockets().len());
        Ok(names)
    };
    let expected: BTreeMap<u64, Vec<u8>> =
        sockets.iter().map(|(inode, (_, name))| (*inode, name.clone())).collect();
    assert_eq!(found(SourceChoice::Diag)?, expected);
    let written: BTreeMap<u64, Vec<u8>> = expected
        .into_iter()
        .map(|(inode, name)| match &name[..] {
            [0, rest @ ..] => {
                let rest = rest.iter().map(|byte| if *byte == 0 { b'@' } else { *byte });
                (inode, std::iter::once(0).chain(rest).collect())
            }
            // A path that begins with @ looks like an abstract name.
            [b'@', rest @ ..] => (inode, [&b"\0"[..], rest].concat()),
            _ => (inode, name),
        })
        .collect();
    assert_eq!(found(SourceChoice::Proc)?, written);
    Ok(())
}

fn states() -> Result<(), Failed> {
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(b"listener")?)?;
    let alone = UnixDatagram::unbound()?;
    let (left, right) = UnixStream::pair()?;
    for choice in [SourceChoice::Diag, SourceChoice::Proc] {
        for (states, expected) in [
            (States::LISTEN, vec![inode(&listener)]),
            (States::UNCONNECTED, vec![inode(&alone)]),
            (States::ESTABLISHED, vec![inode(&left), inode(&right)]),
            (States::LISTENING, vec![inode(&listener), inode(&alone)]),
            (States::TIME_WAIT, vec![]),
        ] {
            let snapshot = Query::new().protocols(Protocols::UNIX).states(states).source(choice).collect()?;
            let found: BTreeSet<_> = snapshot.iter().filter_map(|row| row.inode).collect();
            assert_eq!(found, expected.into_iter().collect(), "{choice:?} {states:?}");
        }
    }
    // In words, and without naming the protocol otherwise.
    let filter = |text: &str| Query::new().filter(text.parse().unwrap()).collect();
    let listening = filter("proto = unix state = listen")?;
    assert_eq!(listening.iter().map(|row| row.inode.unwrap()).collect::<Vec<_>>(), [inode(&listener)]);
    assert_eq!(filter("family = unix")?.sockets().len(), 4);
    assert_eq!(Query::new().collect()?.sockets().len(), 0, "Unix sockets are told when asked for");
    Ok(())
}

/// Pairs that stay beside pairs that come and go as fast as they can.
fn beside_churn() -> Result<(), Failed> {
    const PAIRS: usize = 1000;
    const RUNS: usize = 100;
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    rustix::process::setrlimit(
        rustix::process::Resource::Nofile,
        rustix::process::Rlimit { current: files.maximum, ..files },
    )?;
    let pairs: Vec<(UnixStream, UnixStream)> =
        (0..PAIRS).map(|_| UnixStream::pair()).collect::<Result<_, _>>()?;
    let ends = pairs.iter().flat_map(|(a, b)| [(a, b), (b, a)]);
    let ends: BTreeMap<u64, (u32, u64)> =
        ends.map(|(one, other)| (inode(one), (one.as_raw_fd().unsigned_abs(), inode(other)))).collect();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut made = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                made.extend(UnixStream::pair());
                if made.len() > 50 {
                    made.drain(..25);
                }
            }
        });
        let result = (0..RUNS).try_for_each(|run| compare_with(&ends, run));
        stop.store(true, Ordering::Relaxed);
        result
    })
}

fn compare_with(ends: &BTreeMap<u64, (u32, u64)>, run: usize) -> Result<(), Failed> {
    // Every other run asks for names too: then rows wait for their other end.
    let names = run % 2 == 1;
    let needs = if names { Needs::REMOTE_NAMES } else { Needs::empty() };
    let snapshot = Query::new().protocols(Protocols::UNIX).owners().needs(needs).collect()?;
    let nameless = names.then(|| Address::Unix(pree::Text::default()));
    let mut rows: BTreeMap<u64, &Socket> = BTreeMap::new();
    for row in &snapshot {
        let again = row.inode.and_then(|inode| rows.insert(inode, row));
        if let Some(again) = again {
            return Err(format!("run {run}: twice: {row:?} and {again:?}").into());
        }
    }
    let pid = std::process::id();
    for (inode, (fd, other)) in ends {
        let row = rows.get(inode).ok_or_else(|| format!("run {run}: {inode} is missing"))?;
        let peer = row.peer.as_ref().and_then(|peer| peer.inode);
        let other_fd = ends[other].0;
        let found = (owners(row), peer, peer_owners(row), &row.remote);
        let expected = (vec![(pid, *fd)], Some(*other), vec![(pid, other_fd)], &nameless);
        if found != expected {
            return Err(format!("run {run}: {found:?} and not {expected:?}").into());
        }
    }
    Ok(())
}

fn recording() -> Result<(), Failed> {
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(b"recorded")?)?;
    let _client = UnixStream::connect_addr(&listener.local_addr()?)?;
    let _packet = open(17, rustix::net::SocketType::DGRAM, 0)?;
    let mut recorder = pree::source::Recorder::new(pree::source::live()?);
    let query = Query::new().protocols(Protocols::all()).owners();
    let live = query.collect_from(&mut recorder)?;
    assert!(live.sockets().len() > 3);
    let recording = pree::source::Recording::from_bytes(&recorder.finish().to_bytes())?;
    assert_eq!(query.collect_from(&mut recording.replay())?, live);
    // Narrower questions are answered from the same bytes.
    let unix = Query::new().protocols(Protocols::UNIX).owners().collect_from(&mut recording.replay())?;
    let expected: Vec<_> = live.iter().filter(|row| row.protocol == Protocol::Unix).cloned().collect();
    assert_eq!(unix.sockets(), expected);
    Ok(())
}

fn open(family: u16, kind: rustix::net::SocketType, protocol: u32) -> Result<OwnedFd, Failed> {
    let protocol = NonZeroU32::new(protocol).map(rustix::net::Protocol::from_raw);
    Ok(socket_with(AddressFamily::from_raw(family), kind, SocketFlags::CLOEXEC, protocol)?)
}

const BOTH: [SourceChoice; 2] = [SourceChoice::Diag, SourceChoice::Proc];

fn packet_sockets() -> Result<(), Failed> {
    // ETH_P_ALL in network order.
    let all = open(17, rustix::net::SocketType::RAW, u16::to_be(3).into())?;
    let none = open(17, rustix::net::SocketType::DGRAM, 0)?;
    for choice in BOTH {
        let snapshot = ask(Protocols::PACKET, choice)?;
        assert_eq!(snapshot.sockets().len(), 2, "{choice:?}");
        for (socket, kind, protocol, runs) in
            [(&all, SocketType::Raw, 3, true), (&none, SocketType::Dgram, 0, false)]
        {
            let row = row(&snapshot, socket);
            assert_eq!((row.socket_type, row.state), (Some(kind), State::Unconnected));
            assert_eq!(row.local, Address::Packet { protocol, interface: Some(0) });
            assert_eq!((owners(row), row.uid, row.remote.is_some()), (mine(socket), Some(0), false));
            let Some(Detail::Packet(detail)) = row.detail.as_deref() else { panic!("{row:?}") };
            assert_eq!(detail.is_running, Some(runs));
            if choice == SourceChoice::Diag {
                assert_eq!((detail.version, detail.filter_instructions), (Some(1), Some(0)));
                assert_eq!((detail.receive_ring_bytes, detail.fanout), (Some(0), None));
            }
        }
    }
    Ok(())
}

/// A ring of each version, a group, a program; who may not know of the program is not told.
fn packet_settings() -> Result<(), Failed> {
    let ring = packet::Ring { block_size: 4096, blocks: 8, frame_size: 2048 };
    let open = || open(17, rustix::net::SocketType::RAW, u16::to_be(3).into());
    let (receives, sends, shares, chooses) = (open()?, open()?, open()?, open()?);
    packet::receive_ring(&receives, ring)?;
    packet::set_version(&sends, 1)?;
    packet::send_ring(&sends, packet::Ring { blocks: 2, ..ring })?;
    packet::join_fanout(&shares, 77, 1)?;
    packet::attach_filter(&chooses, 3)?;
    let told = || -> Result<Vec<PacketDetail>, Failed> {
        let snapshot = ask(Protocols::PACKET, SourceChoice::Diag)?;
        let of = |socket| match row(&snapshot, socket).detail.as_deref() {
            Some(Detail::Packet(detail)) => detail.clone(),
            other => panic!("{other:?}"),
        };
        Ok([&receives, &sends, &shares, &chooses].into_iter().map(of).collect())
    };
    let rows = told()?;
    let rings = |row: &PacketDetail| (row.version, row.receive_ring_bytes, row.send_ring_bytes);
    assert_eq!(rings(&rows[0]), (Some(1), Some(32768), Some(0)));
    assert_eq!(rings(&rows[1]), (Some(2), Some(0), Some(8192)));
    assert_eq!(rings(&rows[2]), (Some(1), Some(0), Some(0)));
    let fanout: Vec<_> = rows.iter().map(|row| row.fanout).collect();
    assert_eq!(fanout, [None, None, Some((77, 1)), None]);
    let filters: Vec<_> = rows.iter().map(|row| row.filter_instructions).collect();
    assert_eq!(filters, [Some(0), Some(0), Some(0), Some(3)]);
    for (filter, socket) in
        [("rx_ring > 0", 0), ("ring_version = 2", 1), ("fanout = 77", 2), ("packet_filter >= 1", 3)]
    {
        let found = Query::new().protocols(Protocols::PACKET).filter(filter.parse()?).collect()?;
        let inodes: Vec<_> = found.iter().map(|row| row.inode.unwrap()).collect();
        assert_eq!(inodes, [inode([&receives, &sends, &shares, &chooses][socket])], "{filter}");
    }
    let found = Query::new().filter("packet_filter = 0".parse()?).protocols(Protocols::PACKET).collect()?;
    assert_eq!((found.sockets().len(), found.coverage().is_complete()), (3, true));
    lab::give_up_rights()?;
    let packet = Query::new().protocols(Protocols::PACKET);
    for filter in ["packet_filter = 0", "packet_filter >= 1", "has packet_filter", "not has packet_filter"] {
        let found = packet.clone().filter(filter.parse()?).collect()?;
        assert_eq!(found.sockets().len(), 0, "{filter}");
        only_gap(&found, Missing::Rows, ErrorKind::NotPermitted, ("filter by packet filters", 4));
    }
    let found = packet.clone().needs(Needs::PACKET_FILTER).collect()?;
    only_gap(&found, Missing::Fields, ErrorKind::NotPermitted, ("packet filters", 4));
    let found = packet.needs(Needs::UNASKED).filter("rx_ring > 0".parse()?).collect()?;
    assert_eq!((found.sockets().len(), found.coverage().is_complete()), (1, true));
    Ok(())
}

#[track_caller]
fn only_gap(snapshot: &Snapshot, what: Missing, why: ErrorKind, (object, count): (&str, u64)) {
    let [gap] = snapshot.coverage().gaps() else { panic!("{}", snapshot.coverage()) };
    assert_eq!((gap.what, gap.why, gap.count, &*gap.object), (what, why, Some(count), object));
    assert!(!gap.hint.is_empty());
}

/// /proc does not tell it of netlink sockets: whether one of a type is there is not known then.
fn netlink_types() -> Result<(), Failed> {
    let _raw = open(16, rustix::net::SocketType::RAW, 0)?;
    let netlink = Query::new().protocols(Protocols::NETLINK);
    let through_proc = netlink.clone().source(SourceChoice::Proc);
    let all = through_proc.clone().collect()?;
    assert!(all.coverage().is_complete(), "{}", all.coverage());
    let count = all.sockets().len() as u64;
    for (filter, finds) in
        [("type = raw", true), ("not type = dgram", true), ("has type", true), ("type = x*", false)]
    {
        let told = netlink.clone().filter(filter.parse()?).collect()?;
        assert_eq!((told.sockets().is_empty(), told.coverage().is_complete()), (!finds, true), "{filter}");
        let untold = through_proc.clone().filter(filter.parse()?).collect()?;
        assert_eq!(untold.sockets().len(), 0, "{filter}");
        let object = "filter by types of netlink sockets";
        only_gap(&untold, Missing::Rows, ErrorKind::Unsupported, (object, count));
    }
    let asked = through_proc.needs(Needs::SOCKET_TYPE).collect()?;
    let object = "/proc/net: types of netlink sockets";
    only_gap(&asked, Missing::Fields, ErrorKind::Unsupported, (object, count));
    Ok(())
}

fn netlink() -> Result<(), Failed> {
    let route = open(16, rustix::net::SocketType::RAW, 0)?;
    // Port 77, groups 1 and 3.
    rustix::net::bind(&route, &SocketAddrNetlink::new(77, 0b101))?;
    let generic = open(16, rustix::net::SocketType::RAW, 16)?;
    rustix::net::bind(&generic, &SocketAddrNetlink::new(78, 0))?;
    rustix::net::connect(&generic, &SocketAddrNetlink::new(0, 0))?;
    for choice in BOTH {
        let snapshot = ask(Protocols::NETLINK, choice)?;
        let diag = choice == SourceChoice::Diag;
        let told = row(&snapshot, &route);
        assert_eq!(told.local, Address::Netlink { protocol: 0, port_id: 77 });
        assert_eq!((owners(told), told.state), (mine(&route), State::Unconnected));
        assert_eq!(told.socket_type, diag.then_some(SocketType::Raw));
        let Some(Detail::Netlink(detail)) = told.detail.as_deref() else { panic!("{told:?}") };
        assert_eq!(detail.groups, [1, 3]);
        let told = row(&snapshot, &generic);
        assert_eq!(told.local, Address::Netlink { protocol: 16, port_id: 78 });
        // /proc does not tell whether it is connected.
        let kernel = Address::Netlink { protocol: 16, port_id: 0 };
        let expected = if diag { (State::Established, Some(kernel)) } else { (State::Unconnected, None) };
        assert_eq!((told.state, told.remote.clone()), expected);
        // The kernel's own are there, and nobody is missing who could hold them.
        let kernels = |row: &&Socket| matches!(row.local, Address::Netlink { port_id: 0, .. });
        let kernels: Vec<_> = snapshot.iter().filter(kernels).collect();
        assert!(!kernels.is_empty());
        assert!(kernels.iter().all(|row| row.unowned == Some(pree::Unowned::Kernel)));
    }
    Ok(())
}

fn raw() -> Result<(), Failed> {
    use rustix::net::SocketType as Type;
    let v4 = open(2, Type::RAW, 253)?;
    let connected = open(2, Type::RAW, 1)?;
    rustix::net::connect(&connected, &std::net::SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), 0)))?;
    let v6 = open(10, Type::RAW, 58)?;
    std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0")?;
    let ping = open(2, Type::DGRAM, 1)?;
    rustix::net::bind(&ping, &std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, 4141)))?;
    for choice in [SourceChoice::Auto, SourceChoice::Proc] {
        let snapshot = ask(Protocols::RAW | Protocols::ICMP, choice)?;
        assert_eq!(snapshot.sockets().len(), 4, "{snapshot:?}");
        for (socket, protocol, local, remote) in [
            (&v4, Protocol::Raw, "0.0.0.0:253", None),
            (&connected, Protocol::Raw, "127.0.0.1:icmp", Some("127.0.0.2:icmp")),
            (&v6, Protocol::Raw, "[::]:ipv6-icmp", None),
            (&ping, Protocol::Icmp, "127.0.0.1:4141", None),
        ] {
            let row = row(&snapshot, socket);
            assert_eq!((row.protocol, row.local.to_string()), (protocol, local.to_owned()));
            assert_eq!(row.remote.as_ref().map(ToString::to_string), remote.map(str::to_owned));
            // What stands in place of the port is a protocol.
            let port = (protocol == Protocol::Icmp).then_some(4141);
            assert_eq!(row.local.port(), port);
            assert_eq!(row.remote.as_ref().and_then(Address::port), None);
            let found = Query::new().protocols(Protocols::RAW | Protocols::ICMP).source(choice);
            for filter in [format!("src = {local}"), format!("src = \"{local}\"")] {
                let found = found.clone().filter(filter.parse()?).collect()?;
                assert!(found.iter().any(|row| row.inode == Some(inode(socket))), "{filter} {choice:?}");
            }
            let state = if remote.is_some() { State::Established } else { State::Unconnected };
            assert_eq!((row.state, owners(row)), (state, mine(socket)));
        }
    }
    Ok(())
}

fn mptcp() -> Result<(), Failed> {
    const MPTCP: u32 = 262;
    let stream = rustix::net::SocketType::STREAM;
    let listener = open(2, stream, MPTCP)?;
    rustix::net::bind(&listener, &std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, 18_087)))?;
    rustix::net::listen(&listener, 7)?;
    let client = open(2, stream, MPTCP)?;
    rustix::net::connect(&client, &std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, 18_087)))?;
    let accepted = rustix::net::accept(&listener)?;
    rustix::io::write(&client, &[7; 500])?;
    let mut room = [0; 500];
    rustix::io::read(&accepted, &mut room)?;

    let snapshot = Query::new().protocols(Protocols::MPTCP | Protocols::TCP).stats().owners().collect()?;
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    // A connection and its first subflow have one file.
    let connection = |socket: &OwnedFd| {
        let of_file = snapshot.iter().filter(|row| row.inode == Some(inode(socket)));
        let (above, below): (Vec<_>, Vec<_>) = of_file.partition(|row| row.protocol == Protocol::Mptcp);
        assert_eq!((above.len(), below.len()), (1, 1));
        assert_eq!((owners(above[0]), owners(below[0])), (mine(socket), mine(socket)));
        above[0]
    };
    assert_eq!(connection(&listener).state, State::Listen);
    let mut tokens = Vec::new();
    for (socket, sent, received) in [(&client, 500, 0), (&accepted, 0, 500)] {
        let row = connection(socket);
        assert_eq!(row.state, State::Established);
        let Some(Detail::Mptcp(detail)) = row.detail.as_deref() else { panic!("{row:?}") };
        assert_eq!((detail.subflows, detail.is_fallback), (Some(1), Some(false)));
        assert_eq!((detail.bytes_sent, detail.bytes_received), (Some(sent), Some(received)));
        tokens.push((row.local.clone(), detail.token.unwrap()));
        assert!(row.tcp.is_none());
    }
    // The subflows are TCP sockets, and name the connection that they are of.
    let subflows = snapshot.iter().filter_map(|row| match row.detail.as_deref() {
        Some(Detail::Subflow(detail)) if row.remote.is_some() => {
            assert_eq!(
                (row.protocol, detail.is_join, detail.is_backup),
                (Protocol::Tcp, Some(false), Some(false))
            );
            Some((row.local.clone(), detail.token.unwrap()))
        }
        _ => None,
    });
    assert_eq!(subflows.collect::<BTreeSet<_>>(), tokens.into_iter().collect());
    Ok(())
}

fn vsock() -> Result<(), Failed> {
    // Whether this kernel has vsock_diag or not: rows or a word, never an error.
    let snapshot = Query::new().protocols(Protocols::VSOCK).collect()?;
    let coverage = snapshot.coverage();
    assert!(coverage.is_complete());
    let told = coverage.notes().iter().any(|note| note == "this kernel does not report vsock sockets");
    // What holds one tells of it where nothing else does; where vsock_diag does, it tells of those that are bound.
    let held = open(40, rustix::net::SocketType::STREAM, 0);
    let snapshot = Query::new().protocols(Protocols::VSOCK).owners().collect()?;
    match held {
        Ok(socket) if told => {
            let row = row(&snapshot, &socket);
            assert_eq!(
                (row.protocol, row.family, row.state),
                (Protocol::Vsock, pree::Family::Vsock, State::Unknown)
            );
            assert_eq!((&row.local, owners(row), row.uid), (&Address::Unknown, mine(&socket), Some(0)));
        }
        _ => assert_eq!(snapshot.sockets().len(), 0),
    }
    // Of SCTP the kernel says itself whether it has it.
    let snapshot = Query::new().protocols(Protocols::SCTP).collect()?;
    let has = std::fs::read_to_string("/proc/net/protocols")?.contains("\nSCTP ");
    let note = |note: &String| note == "this kernel has no sctp";
    assert_eq!(snapshot.coverage().notes().iter().any(note), !has);
    assert_eq!((snapshot.sockets().len(), snapshot.coverage().is_complete()), (0, true));
    // Nobody looks for what is not asked for, and sock_diag alone does not tell.
    let forced = Query::new().protocols(Protocols::VSOCK).source(SourceChoice::Diag).collect()?;
    assert_eq!(forced.sockets().len(), 0);
    Ok(())
}

/// Families that many kernels have one or the other of: number, type, protocol, name.
const WITHOUT_A_TABLE: [(u16, rustix::net::SocketType, u32, &str); 5] = [
    (44, rustix::net::SocketType::RAW, 0, "xdp"),
    (38, rustix::net::SocketType::SEQPACKET, 0, "alg"),
    (30, rustix::net::SocketType::SEQPACKET, 0, "tipc"),
    (29, rustix::net::SocketType::RAW, 1, "can_raw"),
    (15, rustix::net::SocketType::RAW, 2, "key"),
];

fn without_a_table() -> Result<(), Failed> {
    let made: Vec<_> = WITHOUT_A_TABLE
        .into_iter()
        .filter_map(|(family, kind, protocol, name)| Some((open(family, kind, protocol).ok()?, family, name)))
        .collect();
    if made.is_empty() {
        return Err(format!("this kernel has none of {WITHOUT_A_TABLE:?}").into());
    }
    // Held twice, and by nobody but another process; sockets that tables tell of, or that are not in any yet.
    let again = made[0].0.try_clone()?;
    let holder = Holder::start(HolderSpec::hold().name(b"other").inherit(&again))?;
    let fd = again.as_raw_fd().unsigned_abs();
    drop(again);
    let _pair = UnixStream::pair()?;
    let _unbound = open(2, rustix::net::SocketType::STREAM, 0)?;
    let all = |query: Query| query.owners().collect();
    for source in [pree::OwnerSource::Auto, pree::OwnerSource::Proc] {
        for protocols in [Protocols::OTHER, Protocols::all()] {
            let snapshot = all(Query::new().protocols(protocols).owner_source(source))?;
            assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
            let others = snapshot.iter().filter(|row| matches!(row.protocol, Protocol::Other(_)));
            assert_eq!(others.count(), made.len(), "{snapshot:#?}");
            for (index, (socket, family, name)) in made.iter().enumerate() {
                let row = row(&snapshot, socket);
                assert_eq!((row.protocol.name(), row.uid), (*name, Some(0)));
                if *family != 2 {
                    assert_eq!(row.family, pree::Family::Other(*family));
                }
                assert_eq!((row.state, &row.local, row.kernel_id), (State::Unknown, &Address::Unknown, None));
                let mut expected = mine(socket);
                expected.extend((index == 0).then_some((holder.pid(), fd)));
                let found: BTreeSet<_> = owners(row).into_iter().collect();
                assert_eq!(found, expected.into_iter().collect());
            }
        }
    }
    let count = |query: Query| -> Result<usize, Failed> { Ok(query.collect()?.sockets().len()) };
    let others = || Query::new().protocols(Protocols::OTHER);
    // Without owners as well; not among connections, listeners or IPv4; by name.
    assert_eq!(count(others())?, made.len());
    assert_eq!(count(others().states(States::CONNECTED | States::LISTENING))?, 0);
    assert_eq!(count(others().family(pree::Family::Ipv4))?, 0);
    let one = made[0].2;
    for (text, rows) in [
        (format!("proto = {one}"), 1),
        (format!("proto != {one}"), made.len() - 1),
        ("proto = other".to_owned(), made.len()),
        ("proto != other".to_owned(), 0),
        ("process = other".to_owned(), 1),
    ] {
        assert_eq!(count(others().filter(text.parse().unwrap()))?, rows, "{text}");
    }
    // Who names no protocol but such a filter means them; who names neither is not told.
    assert_eq!(count(Query::new().filter(format!("proto = {one}").parse().unwrap()))?, 1);
    assert_eq!(count(Query::new())?, 0);
    let forced = others().source(SourceChoice::Diag).collect()?;
    assert_eq!((forced.sockets().len(), forced.coverage().notes().len()), (0, 1));
    Ok(())
}

/// Inodes, peers and holders of the same moment, from another program.
#[allow(clippy::disallowed_methods, reason = "an oracle")]
fn beside_ss() -> Result<(), Failed> {
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(b"beside")?)?;
    let client = UnixStream::connect_addr(&listener.local_addr()?)?;
    let accepted = listener.accept()?.0;
    let (left, right) = UnixDatagram::pair()?;
    let output = std::process::Command::new("ss").args(["-Hxanp"]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut shown = BTreeMap::new();
    for line in text.lines() {
        // Netid State Recv-Q Send-Q name inode * peer users:(("name",pid=1,fd=2))
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("ss: {line}"));
        let holder = words.get(8).and_then(|users| users.split_once("pid=")?.1.split_once(",fd="));
        let holder = holder.and_then(|(pid, fd)| {
            Some((pid.parse::<u32>().ok()?, fd.trim_end_matches(')').parse::<u32>().ok()?))
        });
        let kind = match words[0] {
            "u_str" => SocketType::Stream,
            "u_dgr" => SocketType::Dgram,
            other => return Err(format!("ss: {other}").into()),
        };
        shown.insert(number(words[5])?, (kind, words[1] == "LISTEN", number(words[7])?, holder));
    }
    let snapshot = ask(Protocols::UNIX, SourceChoice::Diag)?;
    let ours: BTreeMap<_, _> = snapshot
        .iter()
        .map(|row| {
            let peer = row.peer.as_ref().and_then(|peer| peer.inode).unwrap_or(0);
            let kind = row.socket_type.unwrap();
            (row.inode.unwrap(), (kind, row.state == State::Listen, peer, owners(row).first().copied()))
        })
        .collect();
    assert_eq!(ours, shown);
    assert_eq!(ours.len(), 5);
    drop((client, accepted, left, right));
    Ok(())
}
