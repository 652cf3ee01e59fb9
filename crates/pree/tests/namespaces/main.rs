//! Network namespaces that the tests make: each is found once however it is held, with its sockets and their owners, and
//! the one who asks stays where it is.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;
use std::process::{self, ExitCode};
use std::sync::mpsc;

use pree::source::{Recorder, Source, live};
use pree::{
    ErrorKind, Filter, Missing, Namespaces, NetworkNamespace, OwnerSource, Protocols, Query, Session,
    Snapshot, SourceChoice, Text,
};
use pree_testkit::forked::{self, Forked};
use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::link::Namespace;
use pree_testkit::{Case, Failed, Family, Need, Socket, every, lab};

fn main() -> ExitCode {
    let lab = |name: &str, run: fn() -> Result<(), Failed>| Case::new(name, run).lab();
    pree_testkit::main(vec![
        lab("each_namespace_once", each_once),
        lab("each_namespace_once_from_proc", each_once_from_proc),
        lab("one_namespace_by_name_pid_and_path", one),
        lab("one_namespace_from_look_to_look_though_its_name_or_process_goes", from_look_to_look),
        lab("sockets_without_a_table_in_every_namespace", without_a_table),
        lab("namespaces_as_filter", as_filter),
        lab("namespaces_without_rights", without_rights),
        lab("namespaces_in_recordings", recordings),
        lab("a_name_that_is_no_namespace", no_namespace),
        lab("a_namespace_whose_only_process_is_always_a_new_one", successors),
        lab("a_namespace_that_only_a_thread_without_a_leader_has_open", without_a_leader),
        lab("a_process_without_a_leader_names_its_namespace", named_without_a_leader),
        lab("a_namespace_whose_mount_is_covered", covered_here),
        lab("names_that_come_and_go", names_come_and_go),
        lab("mounts_that_cannot_be_read_are_told", without_mounts),
        lab("a_namespace_mounted_where_another_process_is", mounted_elsewhere),
        lab("pairs_do_not_cross_namespaces", pairs).needs(Need::Ipv6),
    ])
}

const PORT: u16 = 7777;

/// Five namespaces, each with a listener on the same port: the lab's own; one that a process is in; one mounted under
/// a name; one that only a descriptor of another process stands for, and one that only a thread's does, in a table that
/// is not its process's.
struct World {
    /// The holder of each listener, by the inode of the namespace.
    holders: BTreeMap<u64, (Option<Holder>, (u32, u32))>,
    own: u64,
    of_process: (u64, u32),
    named: u64,
    of_fd: u64,
    of_thread: u64,
    _thread: mpsc::Sender<()>,
    /// Ends the thread that is in the first one.
    _stay: mpsc::Sender<()>,
    _keeper: Holder,
}

fn inode(file: impl AsFd) -> io::Result<u64> {
    Ok(File::from(file.as_fd().try_clone_to_owned()?).metadata()?.ino())
}

fn own() -> io::Result<u64> {
    Ok(fs::metadata("/proc/thread-self/ns/net")?.ino())
}

fn listener() -> io::Result<Socket> {
    let socket = Socket::tcp(Family::V4)?;
    socket.bind((Family::V4.loopback(), PORT))?;
    socket.listen(1)?;
    Ok(socket)
}

/// Mounts it on a new file.
fn mount(namespace: &Namespace, path: &str) -> Result<(), Failed> {
    File::create(path)?;
    let from = format!("/proc/self/fd/{}", namespace.as_fd().as_raw_fd());
    Ok(rustix::mount::mount_bind(from.as_str(), path)?)
}

/// The process that holds it, and its number for it.
fn with_numbers((holder, fd): (Holder, u32)) -> (Option<Holder>, (u32, u32)) {
    let numbers = (holder.pid(), fd);
    (Some(holder), numbers)
}

/// A process outside of the namespace that holds the socket, alone.
fn held(socket: Socket) -> Result<(Holder, u32), Failed> {
    let holder = Holder::start(HolderSpec::hold().name(b"holder").inherit(&socket))?;
    let fd = socket.number();
    Ok((holder, fd))
}

impl World {
    fn new() -> Result<Self, Failed> {
        let mut holders = BTreeMap::new();
        // First: its table has what this process has open now.
        let (of_thread, holder, thread) = Namespace::of_a_thread(|| {
            let (holder, fd) = held(listener()?)?;
            Ok(((holder.pid(), fd), holder))
        })?;
        holders.insert(of_thread, (None, holder));
        let own = own()?;
        holders.insert(own, with_numbers(held(listener()?)?));

        // A program started by a thread that is inside stays there.
        let inside = Namespace::new()?;
        holders.insert(inode(&inside)?, with_numbers(held(inside.run(listener)?)?));
        let (stay, end) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let of_process = inode(&inside)?;
        inside.spawn(move || {
            let holder = Holder::start(HolderSpec::hold()).map_err(|_| io::Error::other("no holder"))?;
            let _ = tell.send(holder.pid());
            let _ = end.recv();
            drop(holder);
            Ok(())
        });
        let pid = told.recv()?;
        drop(inside);

        let mounted = Namespace::new()?;
        let named = inode(&mounted)?;
        holders.insert(named, with_numbers(held(mounted.run(listener)?)?));
        mount(&mounted, "/run/netns/blue")?;
        drop(mounted);
        // What `ip netns` leaves of a namespace that ended, and what is none.
        File::create("/run/netns/gone")?;
        fs::create_dir("/run/netns/directory")?;

        let open = Namespace::new()?;
        let of_fd = inode(&open)?;
        holders.insert(of_fd, with_numbers(held(open.run(listener)?)?));
        let keeper = Holder::start(HolderSpec::hold().name(b"keeper").inherit(&open))?;
        drop(open);
        let of_process = (of_process, pid);
        let _thread = thread;
        Ok(Self { holders, own, of_process, named, of_fd, of_thread, _thread, _stay: stay, _keeper: keeper })
    }

    /// Every listener is there once, in its namespace and with its owner.
    fn check(&self, snapshot: &Snapshot, expected: &[u64]) -> Result<(), Failed> {
        let mut seen = Vec::new();
        for socket in snapshot {
            assert_eq!(socket.local.port(), Some(PORT));
            let namespace = socket.network_namespace.as_ref().unwrap();
            let (_, (pid, fd)) = &self.holders[&namespace.inode];
            let owners: Vec<_> = socket.owners.iter().map(|o| (o.process.pid, o.fd)).collect();
            let expected = [(*pid, Some(*fd))];
            assert_eq!(owners, expected, "{namespace}");
            if let Some(id) = socket.kernel_id {
                assert_eq!(id.network_namespace, namespace.inode);
            }
            let name = (namespace.inode == self.named).then(|| Text::from(&b"blue"[..]));
            assert_eq!(**namespace, NetworkNamespace::new(namespace.inode, name));
            seen.push(namespace.inode);
        }
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        seen.sort_unstable();
        assert_eq!(seen, expected);
        assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
        assert_eq!(own()?, self.own, "the caller is where it was");
        Ok(())
    }

    fn all(&self) -> [u64; 5] {
        [self.own, self.of_process.0, self.named, self.of_fd, self.of_thread]
    }
}

fn query() -> Query {
    Query::new().tcp().owners().owner_source(OwnerSource::Proc)
}

fn each_once() -> Result<(), Failed> {
    let world = World::new()?;
    let narrow: Filter = format!("sport = {PORT}").parse()?;
    for query in [query(), query().filter(narrow), query().stats(), query().owner_source(OwnerSource::Auto)] {
        world.check(&query.network_namespaces(Namespaces::All).collect()?, &world.all())?;
    }
    // The own one comes first.
    let snapshot = query().network_namespaces(Namespaces::All).collect()?;
    assert_eq!(snapshot.sockets()[0].kernel_id.unwrap().network_namespace, world.own);
    // Who does not ask is told of one, and nothing of namespaces.
    let snapshot = query().collect()?;
    let [socket] = snapshot.sockets() else { return Err("one socket".into()) };
    assert_eq!(socket.network_namespace, None);
    assert_eq!(socket.kernel_id.unwrap().network_namespace, world.own);
    Ok(())
}

fn each_once_from_proc() -> Result<(), Failed> {
    let world = World::new()?;
    let query = query().source(SourceChoice::Proc).network_namespaces(Namespaces::All);
    world.check(&query.collect()?, &world.all())
}

fn one() -> Result<(), Failed> {
    let world = World::new()?;
    let pid = world.of_process.1.to_string();
    let path = format!("/proc/{pid}/ns/net");
    for (which, inode) in [
        ("blue", world.named),
        ("/run/netns/blue", world.named),
        (&pid, world.of_process.0),
        (&path, world.of_process.0),
        (&process::id().to_string(), world.own),
    ] {
        let which = Namespaces::One(Text::from(which.as_bytes()));
        world.check(&query().network_namespaces(which).collect()?, &[inode])?;
    }
    // A source that was elsewhere is at home again for the next question.
    let mut source = live()?;
    let blue = Namespaces::One(Text::from(&b"blue"[..]));
    world.check(&query().network_namespaces(blue).collect_from(&mut source)?, &[world.named])?;
    let home = query().collect_from(&mut source)?;
    assert_eq!(home.sockets()[0].kernel_id.unwrap().network_namespace, world.own);
    Ok(())
}

/// What was found for the first look is looked at until the last.
fn from_look_to_look() -> Result<(), Failed> {
    let blue = Namespace::new()?;
    let inside = blue.run(listener)?;
    let (tell, told) = mpsc::channel();
    let (stay, end) = mpsc::channel::<()>();
    let (done, ended) = mpsc::channel();
    blue.spawn(move || {
        let holder = Holder::start(HolderSpec::hold()).map_err(|_| io::Error::other("no holder"))?;
        let _ = tell.send(holder.pid());
        let _ = end.recv();
        drop(holder);
        let _ = done.send(());
        Ok(())
    });
    mount(&blue, "/run/netns/blue")?;
    let pid = told.recv()?.to_string();
    drop(blue);
    let take_away = || -> Result<(), Failed> {
        rustix::mount::unmount("/run/netns/blue", rustix::mount::UnmountFlags::DETACH)?;
        Ok(fs::remove_file("/run/netns/blue")?)
    };
    let end_process = || -> Result<(), Failed> {
        drop(stay);
        Ok(ended.recv()?)
    };
    type Ending<'a> = Box<dyn FnOnce() -> Result<(), Failed> + 'a>;
    let cases: [(&str, Ending<'_>); 2] = [("blue", Box::new(take_away)), (&pid, Box::new(end_process))];
    for (which, ending) in cases {
        let query = query().network_namespaces(Namespaces::One(Text::from(which.as_bytes())));
        let mut session = Session::new(live()?);
        let (mut ending, mut failed) = (Some(ending), None);
        let looked = session.look_for(std::time::Duration::from_millis(1), &query, |rest| {
            failed = ending.take().and_then(|ending| ending().err());
            std::thread::sleep(rest.length);
        });
        assert!(failed.is_none(), "{which}: {failed:?}");
        let (last, intervals) = looked?;
        let [socket] = last.sockets() else { return Err(format!("{which}: one socket").into()) };
        assert_eq!(socket.inode, Some(fs::metadata(format!("/proc/self/fd/{}", inside.number()))?.ino()));
        assert!(intervals.get(socket).is_some_and(|interval| interval.looks() == 2), "{which}");
        assert!(last.coverage().is_complete(), "{which}: {}", last.coverage());
        // A new session finds it no more.
        let error = query.collect().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{which}");
    }
    Ok(())
}

fn as_filter() -> Result<(), Failed> {
    let world = World::new()?;
    let others: Vec<u64> = world.all().into_iter().filter(|inode| *inode != world.named).collect();
    for (filter, expected) in [
        ("netns = blue".to_owned(), vec![world.named]),
        ("netns = bl*".to_owned(), vec![world.named]),
        (format!("netns = {}", world.named), vec![world.named]),
        (format!("netns != {}", world.named), others.clone()),
        ("netns = red".to_owned(), vec![]),
        (format!("netns = {},{}", world.own, world.of_fd), vec![world.own, world.of_fd]),
        ("has netns_name".to_owned(), vec![world.named]),
        ("not has netns_name".to_owned(), others),
        // Every namespace has a loopback interface of its own; no socket is bound to it.
        ("dev = lo".to_owned(), vec![]),
        ("dev != lo".to_owned(), world.all().to_vec()),
        ("dev != nosuch0".to_owned(), world.all().to_vec()),
    ] {
        let snapshot = query().filter(filter.parse()?).network_namespaces(Namespaces::All).collect()?;
        world.check(&snapshot, &expected).map_err(|failed| format!("{filter}: {failed:?}"))?;
    }
    Ok(())
}

/// Each once, though it is found through descriptors and not by going through namespaces, beside the rows of tables.
fn without_a_table() -> Result<(), Failed> {
    // XDP, ALG or IPsec keys: hardly a kernel has none of them.
    let open = || -> io::Result<std::os::fd::OwnedFd> {
        let made = [(44, 3, 0), (38, 5, 0), (15, 3, 2)].into_iter().find_map(|(family, kind, protocol)| {
            let protocol = std::num::NonZeroU32::new(protocol).map(rustix::net::Protocol::from_raw);
            let (family, kind) =
                (rustix::net::AddressFamily::from_raw(family), rustix::net::SocketType::from_raw(kind));
            rustix::net::socket_with(family, kind, rustix::net::SocketFlags::CLOEXEC, protocol).ok()
        });
        made.ok_or_else(|| io::Error::other("this kernel has none of XDP, ALG and KEY"))
    };
    let elsewhere = Namespace::new()?;
    let sockets = [open()?, elsewhere.run(open)?];
    let unix = elsewhere.run(std::os::unix::net::UnixDatagram::unbound)?;
    let mut expected: Vec<u64> = sockets.iter().map(inode).collect::<io::Result<_>>()?;
    expected.sort_unstable();
    for source in [OwnerSource::Auto, OwnerSource::Proc] {
        for protocols in [Protocols::OTHER, Protocols::all()] {
            let query = Query::new().protocols(protocols).owners().owner_source(source);
            let snapshot = query.network_namespaces(Namespaces::All).collect()?;
            assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
            let others = snapshot.iter().filter(|row| Protocols::OTHER.contains(row.protocol.set()));
            let mut found: Vec<u64> = others.clone().map(|row| row.inode.unwrap()).collect();
            found.sort_unstable();
            assert_eq!(found, expected);
            for row in others {
                // Which namespace it is in no descriptor tells.
                assert_eq!(row.network_namespace, None);
                assert!(row.owners.iter().all(|owner| owner.pid() == process::id()) && row.owners.len() == 1);
            }
            // What tables tell is told once, and in its namespace.
            let rows: Vec<_> = snapshot.iter().filter(|row| row.inode == inode(&unix).ok()).collect();
            assert_eq!(rows.len(), usize::from(protocols == Protocols::all()));
            for row in rows {
                assert_eq!(row.network_namespace.as_ref().unwrap().inode, inode(&elsewhere)?);
            }
        }
    }
    Ok(())
}

/// The own rows are there, and what is missing is told by name.
fn without_rights() -> Result<(), Failed> {
    let world = World::new()?;
    lab::give_up_rights()?;
    let snapshot = query().network_namespaces(Namespaces::All).collect()?;
    let inodes: Vec<u64> = snapshot.iter().map(|s| s.network_namespace.as_ref().unwrap().inode).collect();
    assert_eq!(inodes, [world.own]);
    let rows: Vec<_> = snapshot.coverage().gaps().iter().filter(|gap| gap.what == Missing::Rows).collect();
    every(&rows, |gap| gap.why == ErrorKind::NotPermitted);
    assert!(rows[0].object.starts_with("network namespaces "), "{}", rows[0]);
    assert!(rows[0].object.contains("blue"), "{}", rows[0]);
    // The other two cannot even be seen to be: which processes hide them is counted.
    assert!(rows[1].object.ends_with("processes"), "{}", rows[1]);
    let blue = Namespaces::One(Text::from(&b"blue"[..]));
    let error = query().network_namespaces(blue).collect().unwrap_err();
    assert!(error.is_permission(), "{error}");
    assert!(error.to_string().contains("\"blue\""), "{error}");
    Ok(())
}

fn recordings() -> Result<(), Failed> {
    let world = World::new()?;
    let blue = query().network_namespaces(Namespaces::One(Text::from(&b"blue"[..])));
    let mut recorder = Recorder::new(live()?);
    world.check(&blue.collect_from(&mut recorder)?, &[world.named])?;
    let all = query().network_namespaces(Namespaces::All);
    assert_eq!(all.collect_from(&mut recorder).unwrap_err().kind(), ErrorKind::Unsupported);
    let elsewhere = Namespaces::One(Text::from(world.of_process.1.to_string().into_bytes()));
    let error = query().network_namespaces(elsewhere).collect_from(&mut recorder).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    // What was recorded is that one, and needs no namespace named.
    let recording = recorder.finish();
    let snapshot = query().collect_from(&mut recording.replay())?;
    let [socket] = snapshot.sockets() else { return Err("one socket".into()) };
    assert_eq!(socket.kernel_id.unwrap().network_namespace, world.named);
    for query in [blue, all] {
        let error = query.collect_from(&mut recording.replay()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    Ok(())
}

fn no_namespace() -> Result<(), Failed> {
    let _world = World::new()?;
    rustix::fs::mknodat(
        rustix::fs::CWD,
        "/run/netns/pipe",
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )?;
    for which in [
        &b""[..],
        b".",
        b"..",
        b"red",
        b"gone",
        b"directory",
        b"pipe",
        b"4294967295",
        b"99999999999999999999",
        b"/nonexistent/namespace",
        b"/proc/self/ns/mnt",
        b"/proc/self/stat",
        b"/",
        b"bl\0ue",
        b"\xff\xfe",
        b"blue/../blue/x",
        &[b'x'; 300],
    ] {
        let query = query().network_namespaces(Namespaces::One(Text::from(which)));
        let error = query.collect().expect_err(&which.escape_ascii().to_string());
        // A name of 300 bytes is too long for the kernel, which says so.
        let kind = if which.len() == 300 { ErrorKind::Io } else { ErrorKind::Invalid };
        assert_eq!(error.kind(), kind, "{}", which.escape_ascii());
    }
    Ok(())
}

fn processes_called(name: &str) -> io::Result<Vec<u32>> {
    let pids = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_called =
        |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|it| it.trim() == name);
    Ok(pids.filter(is_called).collect())
}

/// It is found each time though every process in it lives for 10 ms only.
fn successors() -> Result<(), Failed> {
    // It is looked into first, and takes longer than one of the others lives.
    let _long = Holder::start(HolderSpec::many(12_000))?;
    let inside = Namespace::new()?;
    let here = inode(&inside)?;
    let socket = inside.run(listener)?;
    let holder = {
        let (tell, told) = mpsc::channel();
        let spec = HolderSpec::successors().name(b"successor").inherit(&socket);
        inside.spawn(move || {
            let started = Holder::start(spec).map_err(|_| io::Error::other("no holder"));
            let _ = tell.send(started);
            Ok(())
        });
        told.recv()??
    };
    drop((inside, socket));
    let (mut missed, mut pids) = (Vec::new(), BTreeSet::new());
    for answer in 0..30 {
        pids.extend(processes_called("successor")?);
        let snapshot = Query::new().tcp().network_namespaces(Namespaces::All).collect()?;
        let found = snapshot.iter().any(|row| {
            row.local.port() == Some(PORT)
                && row.network_namespace.as_ref().is_some_and(|it| it.inode == here)
        });
        if !found {
            missed.push((answer, snapshot.coverage().to_string()));
        }
    }
    drop(holder);
    assert_eq!(missed, []);
    // Else it was one process all the time, which proves nothing.
    assert!(pids.len() > 5, "{pids:?}");
    Ok(())
}

/// Who has ended and stays as a zombie refuses an ordinary user, which says nothing of its threads that live.
fn without_a_leader() -> Result<(), Failed> {
    let inside = Namespace::new()?;
    let here = inode(&inside)?;
    lab::become_ordinary()?;
    let all = || live()?.namespaces(&Namespaces::All).map_err(|failure| Failed::from(failure.to_string()));
    let before = all()?;
    let headless = Holder::start(HolderSpec::zombie_leader().inherit(&inside))?;
    drop(inside);
    // The very thing that reads as a refusal.
    let table = fs::read_dir(format!("/proc/{}/fd", headless.pid()));
    assert_eq!(table.map(drop).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    let after = all()?;
    assert!(after.namespaces.iter().any(|it| it.inode == here), "{after:?}");
    assert_eq!((after.refused, after.unread, after.unsettled), (before.refused, 0, false), "{after:?}");
    Ok(())
}

/// Its threads tell where it is.
fn named_without_a_leader() -> Result<(), Failed> {
    let headless = Holder::start(HolderSpec::zombie_leader())?;
    assert!(fs::metadata(format!("/proc/{}/ns/net", headless.pid())).is_err(), "its leader has ended");
    let which = Namespaces::One(Text::from(headless.pid().to_string().into_bytes()));
    let found = live()?.namespaces(&which).map_err(|failure| Failed::from(failure.to_string()))?;
    let inodes: Vec<u64> = found.namespaces.iter().map(|namespace| namespace.inode).collect();
    assert_eq!(inodes, [own()?]);
    Ok(())
}

/// Namespaces under names that are made and taken away meanwhile are there, or they are gone: neither is a failure.
fn names_come_and_go() -> Result<(), Failed> {
    let _world = World::new()?;
    let (stop, stopped) = mpsc::channel::<()>();
    let churn = std::thread::spawn(move || -> Result<u32, Failed> {
        let mut made = 0;
        while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
            let path = format!("/run/netns/passing{}", made % 8);
            let namespace = Namespace::new()?;
            mount(&namespace, &path)?;
            drop(namespace);
            std::thread::sleep(std::time::Duration::from_millis(2));
            rustix::mount::unmount(path.as_str(), rustix::mount::UnmountFlags::DETACH)?;
            fs::remove_file(&path)?;
            made += 1;
        }
        Ok(made)
    });
    let mut passing = 0;
    let mut told = Vec::new();
    for _ in 0..150 {
        let snapshot = Query::new().tcp().network_namespaces(Namespaces::All).collect()?;
        if !snapshot.coverage().is_complete() {
            told.push(snapshot.coverage().to_string());
        }
        let found = live()?.namespaces(&Namespaces::All).map_err(|failure| failure.to_string())?.namespaces;
        let name =
            |it: &NetworkNamespace| it.name.as_ref().is_some_and(|name| name.as_bytes().starts_with(b"pass"));
        passing += found.iter().filter(|it| name(it)).count();
    }
    drop(stop);
    let made = churn.join().map_err(|_| "the one who makes names panicked")??;
    assert_eq!(told, Vec::<String>::new());
    assert!(made > 100 && passing > 10, "{made} made, {passing} seen");
    Ok(())
}

/// What only a mount holds is missing when the table of mounts cannot be read, and the answer says so.
fn without_mounts() -> Result<(), Failed> {
    let world = World::new()?;
    let hidden = Namespace::new()?;
    let only_mounted = inode(&hidden)?;
    mount(&hidden, "/run/netns.elsewhere")?;
    drop(hidden);
    let find = || live()?.namespaces(&Namespaces::All).map_err(|failure| Failed::from(failure.to_string()));
    let is_found = || -> Result<bool, Failed> {
        Ok(find()?.namespaces.iter().any(|namespace| namespace.inode == only_mounted))
    };
    assert!(is_found()?, "it is found through its mount");
    let query = query().network_namespaces(Namespaces::All);
    world.check(&query.collect()?, &world.all())?;
    // Reading one's own memory at address 0 fails with EIO; an empty table makes no sense.
    for (instead, why) in [("/proc/self/mem", ErrorKind::Io), ("/dev/null", ErrorKind::Malformed)] {
        rustix::mount::mount_bind(instead, "/proc/self/mountinfo")?;
        let (found, snapshot) = (is_found()?, query.collect()?);
        rustix::mount::unmount("/proc/self/mountinfo", rustix::mount::UnmountFlags::DETACH)?;
        assert!(!found);
        let [gap] = snapshot.coverage().gaps() else { return Err(snapshot.coverage().to_string().into()) };
        assert_eq!((gap.what, gap.why), (Missing::Rows, why), "{gap}");
        assert!(gap.to_string().contains("mounts"), "{gap}");
    }
    Ok(())
}

/// The same two addresses in two namespaces: the ends of each connection are in one.
fn pairs() -> Result<(), Failed> {
    let world = World::new()?;
    let connect = || -> io::Result<(Socket, Socket)> {
        let at = (Family::V4.loopback(), 8888);
        let listener = Socket::tcp(Family::V4)?;
        listener.bind(at)?;
        listener.listen(1)?;
        let client = Socket::tcp(Family::V4)?;
        client.bind((Family::V4.loopback(), 9999))?;
        client.connect(at)?;
        Ok((client, listener.accept()?))
    };
    let elsewhere = Namespace::new()?;
    let pairs = [connect()?, elsewhere.run(connect)?];
    let filter: Filter = "port = 9999 and state established".parse()?;
    let query = Query::new().tcp().needs(pree::Needs::PEERS).filter(filter);
    let snapshot = query.network_namespaces(Namespaces::All).collect()?;
    assert_eq!(snapshot.sockets().len(), 4, "{:?}", world.all());
    for (a, b) in &pairs {
        let (a, b) = (inode(a)?, inode(b)?);
        for (one, other) in [(a, b), (b, a)] {
            let row = snapshot.iter().find(|socket| socket.inode == Some(one)).ok_or("a row")?;
            assert_eq!(row.peer.as_ref().unwrap().inode, Some(other));
        }
    }
    Ok(())
}

/// A process in a mount namespace of its own, with a root of its own if it is given one, where a namespace with a listener is
/// mounted that nothing else leads to, and covered if that is wanted: its inode.
fn hidden_mount(root: &str, covered: bool) -> Result<(u64, Forked), Failed> {
    let forked = Forked::start(forked::Namespaces::NEWNS, || {
        let namespace = Namespace::new()?;
        let socket = namespace.run(listener)?;
        let inode = inode(&namespace)?;
        fs::create_dir_all(format!("{root}/run/a b"))?;
        mount(&namespace, &format!("{root}/run/a b/ns"))?;
        if covered {
            let flags = rustix::mount::MountFlags::empty();
            rustix::mount::mount("none", format!("{root}/run/a b"), "tmpfs", flags, None)?;
        }
        if !root.is_empty() {
            rustix::process::chroot(root)?;
        }
        Ok((inode.to_string(), socket))
    })?;
    Ok((forked.told().parse()?, forked))
}

/// It is found through that process, whether it can be kept open or must be opened again.
fn mounted_elsewhere() -> Result<(), Failed> {
    let hidden = [hidden_mount("", false)?, hidden_mount("/run/jail", false)?];
    let mut expected: Vec<u64> = hidden.iter().map(|(inode, _)| *inode).collect();
    expected.sort_unstable();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    for few in [false, true] {
        if few {
            for number in 0..12 {
                mount(&Namespace::new()?, &format!("/run/netns/n{number}"))?;
            }
            let open = fs::read_dir("/proc/self/fd")?.count() as u64;
            let fewer = rustix::process::Rlimit { current: Some(open + 16), ..limit };
            rustix::process::setrlimit(rustix::process::Resource::Nofile, fewer)?;
        }
        let snapshot = Query::new().tcp().network_namespaces(Namespaces::All).collect()?;
        let mut found: Vec<u64> =
            snapshot.iter().map(|row| row.network_namespace.as_ref().unwrap().inode).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "few descriptors: {few}, {}", snapshot.coverage());
        assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    }
    rustix::process::setrlimit(rustix::process::Resource::Nofile, limit)?;
    // What cannot be reached is told, and that to try again does not help.
    let (inode, _process) = hidden_mount("", true)?;
    lacks_covered(inode)
}

fn lacks_covered(inode: u64) -> Result<(), Failed> {
    let snapshot = Query::new().tcp().network_namespaces(Namespaces::All).collect()?;
    let [gap] = snapshot.coverage().gaps() else { return Err(snapshot.coverage().to_string().into()) };
    assert_eq!((gap.what, gap.why), (Missing::Rows, ErrorKind::Absent), "{gap}");
    assert!(gap.object.starts_with(&format!("network namespaces {inode}")), "{gap}");
    assert!(gap.hint.contains("covered by another") && !gap.hint.contains("again"), "{gap}");
    Ok(())
}

/// By a file at the same place, or by what is mounted on a directory above.
fn covered_here() -> Result<(), Failed> {
    let namespace = Namespace::new()?;
    let inode = inode(&namespace)?;
    mount(&namespace, "/run/netns/covered")?;
    drop(namespace);
    rustix::mount::mount_bind("/proc/version", "/run/netns/covered")?;
    lacks_covered(inode)?;
    let flags = rustix::mount::MountFlags::empty();
    rustix::mount::mount("none", "/run", "tmpfs", flags, None)?;
    lacks_covered(inode)
}
