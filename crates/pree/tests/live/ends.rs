//! The other end of a socket, in what the kernel does not tell by itself: what a Unix socket's other end is called, which
//! end opened a connection, which descriptors are on their way.

use std::io::{IoSlice, Write};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

use pree::source::{Answer, Errno, Failure, ProcessPart, Question, Source, live};
use pree::{
    Address, Detail, Direction, ErrorKind, Missing, Needs, OwnerSource, Protocols, Query, Snapshot, Socket,
    SourceChoice, State,
};
use pree_testkit::{Case, Failed, Need, every, lab, wait_for};
use rustix::fs::fstat;
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, bind,
    connect, sendmsg, socket_with,
};

pub fn cases() -> Vec<Case> {
    let lab = |name: &str, run: fn() -> Result<(), Failed>| Case::new(name, run).lab();
    vec![
        lab("unix_sockets_are_told_the_name_of_their_other_end", names),
        lab("unix_sockets_by_the_name_of_their_other_end", by_name),
        lab("descriptors_in_flight", || in_flight(&[OwnerSource::Auto, OwnerSource::Proc])),
        lab("descriptors_in_flight_that_cannot_be_read", in_flight_unread),
        lab("descriptors_in_flight_beside_bpf", || in_flight(&[OwnerSource::Bpf])).needs(Need::Bpf),
        lab("which_end_opened_a_connection", directions).needs(Need::Ipv6),
        lab("tcp_ends_at_two_addresses_of_one_machine", two_addresses).needs(Need::Ipv6),
        lab("which_end_opened_a_connection_that_is_busy", busy),
        lab("which_end_opened_a_connection_without_statistics", by_ports),
    ]
}

fn row<'s>(snapshot: &'s Snapshot, socket: &impl AsFd) -> &'s Socket {
    let inode = fstat(socket).unwrap().st_ino;
    let rows: Vec<_> = snapshot.iter().filter(|row| row.inode == Some(inode)).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0]
}

fn name(name: &[u8]) -> Result<SocketAddr, Failed> {
    Ok(SocketAddr::from_abstract_name(name)?)
}

/// The name of the other end: `None` when there is no such end, or none that is known.
fn remote<'s>(snapshot: &'s Snapshot, socket: &impl AsFd) -> Option<&'s [u8]> {
    match row(snapshot, socket).remote.as_ref()? {
        Address::Unix(name) => Some(name.as_bytes()),
        other => panic!("{other:?}"),
    }
}

fn names() -> Result<(), Failed> {
    let listener = UnixListener::bind_addr(&name(b"listener\xff")?)?;
    let client = UnixStream::connect_addr(&listener.local_addr()?)?;
    let accepted = listener.accept()?.0;
    let waiting = UnixStream::connect_addr(&listener.local_addr()?)?;
    // Clients with a name of their own, accepted and not.
    let other = UnixListener::bind_addr(&name(b"other")?)?;
    let connect = |own: &[u8]| -> Result<std::os::fd::OwnedFd, Failed> {
        let client = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        bind(&client, &rustix::net::SocketAddrUnix::new_abstract_name(own)?)?;
        connect(&client, &rustix::net::SocketAddrUnix::new_abstract_name(b"other")?)?;
        Ok(client)
    };
    let named = connect(b"client")?;
    let accepted_named = other.accept()?.0;
    let waiting_named = connect(b"waiting")?;
    let receiver = UnixDatagram::bind_addr(&name(b"receiver")?)?;
    let sender = UnixDatagram::unbound()?;
    sender.connect_addr(&receiver.local_addr()?)?;
    let (left, right) = UnixStream::pair()?;
    let (kept, gone) = UnixStream::pair()?;
    drop(gone);
    let query = || Query::new().protocols(Protocols::UNIX).needs(Needs::DIRECTION | Needs::REMOTE_NAMES);
    for query in [query(), query().owners(), query().owners().owner_source(OwnerSource::Proc)] {
        let snapshot = query.collect()?;
        assert_eq!(snapshot.sockets().len(), 13);
        for (socket, expected) in [
            (client.as_fd(), Some(&b"\0listener\xff"[..])),
            (waiting.as_fd(), Some(b"\0listener\xff")),
            (accepted.as_fd(), Some(b"")),
            (named.as_fd(), Some(b"\0other")),
            (waiting_named.as_fd(), Some(b"\0other")),
            (accepted_named.as_fd(), Some(b"\0client")),
            (listener.as_fd(), None),
            (sender.as_fd(), Some(b"\0receiver")),
            (receiver.as_fd(), None),
            (left.as_fd(), Some(b"")),
            (right.as_fd(), Some(b"")),
            (kept.as_fd(), None),
        ] {
            assert_eq!(remote(&snapshot, &socket), expected, "{:?}", row(&snapshot, &socket));
        }
        let direction = |socket: &dyn AsFd| row(&snapshot, &socket.as_fd()).direction;
        assert_eq!((direction(&client), direction(&waiting)), (Some(Direction::Out), Some(Direction::Out)));
        assert_eq!(
            (direction(&named), direction(&waiting_named)),
            (Some(Direction::Out), Some(Direction::Out))
        );
        assert_eq!(
            (direction(&accepted), direction(&accepted_named)),
            (Some(Direction::In), Some(Direction::In))
        );
        assert_eq!((direction(&left), direction(&sender), direction(&listener)), (None, None, None));
    }
    // Who does not ask is not told, and rows come as they come.
    let snapshot = Query::new().protocols(Protocols::UNIX).collect()?;
    every(&snapshot, |row| row.remote.is_none() && row.direction.is_none());
    Ok(())
}

fn by_name() -> Result<(), Failed> {
    let folder = pree_testkit::fresh_path("by-name")?;
    std::fs::create_dir(&folder)?;
    let path = folder.join("a socket");
    let listener = UnixListener::bind(&path)?;
    let _client = UnixStream::connect(&path)?;
    let _accepted = listener.accept()?;
    let receiver = UnixDatagram::bind_addr(&name(b"receiver")?)?;
    let sender = UnixDatagram::unbound()?;
    sender.connect_addr(&receiver.local_addr()?)?;
    let _pair = UnixStream::pair()?;
    std::fs::remove_dir_all(&folder)?;
    for (filter, rows) in [
        ("dst=/*/a?socket".to_owned(), 1),
        (format!("dst=\"{}\"", path.display()), 1),
        ("dst=@receiver".to_owned(), 1),
        // The accepted end and both ends of the pair have another end, which has no name.
        ("dst!=@receiver".to_owned(), 6),
        ("src=/*/a?socket".to_owned(), 2),
        ("host=/*/a?socket".to_owned(), 3),
        ("host=@receiver".to_owned(), 2),
        // The row of that other end is in a state that was not asked for.
        ("dst=@receiver state=established".to_owned(), 1),
        ("remote_path~RECEIVER".to_owned(), 1),
        ("has remote_path".to_owned(), 2),
        ("has dst".to_owned(), 5),
        ("dir=out".to_owned(), 1),
        ("dir=in".to_owned(), 1),
        ("has dir".to_owned(), 2),
        ("socket".to_owned(), 3),
    ] {
        let query = Query::new().protocols(Protocols::UNIX).filter(filter.parse()?);
        let found = query.collect()?;
        assert_eq!(found.sockets().len(), rows, "{filter}: {found:#?}");
    }
    Ok(())
}

fn in_flight(sources: &[OwnerSource]) -> Result<(), Failed> {
    let pass = |socket: &UnixStream, files: usize| -> Result<(), Failed> {
        let files = vec![socket.as_fd(); files];
        let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
        let mut control = SendAncillaryBuffer::new(&mut room);
        assert!(control.push(SendAncillaryMessage::ScmRights(&files)));
        sendmsg(socket, &[IoSlice::new(b"x")], &mut control, SendFlags::empty())?;
        Ok(())
    };
    let (left, right) = UnixStream::pair()?;
    pass(&left, 3)?;
    pass(&left, 2)?;
    let listener = UnixListener::bind_addr(&name(b"listener")?)?;
    let client = UnixStream::connect_addr(&listener.local_addr()?)?;
    pass(&client, 4)?;
    let told = |snapshot: &Snapshot, socket: &dyn AsFd| match row(snapshot, &socket.as_fd()).detail.as_deref()
    {
        Some(Detail::Unix(detail)) => detail.fds_in_flight,
        _ => None,
    };
    for source in sources {
        let query = Query::new().protocols(Protocols::UNIX).owners().owner_source(*source);
        let snapshot = query.clone().needs(Needs::FDS_IN_FLIGHT).collect()?;
        assert_eq!((told(&snapshot, &right), told(&snapshot, &left)), (Some(5), Some(0)));
        assert_eq!((told(&snapshot, &listener), told(&snapshot, &client)), (Some(4), Some(0)));
        let some = query.clone().filter("fds_in_flight > 4".parse()?).collect()?;
        assert_eq!((some.sockets().len(), told(&some, &right)), (1, Some(5)));
        // Who does not ask is not told.
        let snapshot = query.collect()?;
        assert_eq!(told(&snapshot, &right), None);
    }
    // Holders are asked, so they are looked for.
    let snapshot = Query::new().protocols(Protocols::UNIX).needs(Needs::FDS_IN_FLIGHT).collect()?;
    assert_eq!((snapshot.sockets().len(), told(&snapshot, &right)), (4, Some(5)));
    Ok(())
}

/// Answers no question about a descriptor.
struct Refusing<S>(S, Errno);

impl<S: Source> Source for Refusing<S> {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        match question {
            Question::Process { part: ProcessPart::DescriptorInfo { .. }, .. } => {
                Err(Failure::Answer(self.1))
            }
            _ => self.0.ask(question),
        }
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.0.next(answer, batch)
    }
}

/// What could not be read is a gap where it is asked for, and leaves a filter undecided.
fn in_flight_unread() -> Result<(), Failed> {
    let _pair = UnixStream::pair()?;
    for (errno, why) in [
        (Errno::EACCES, ErrorKind::NotPermitted),
        (Errno::linux(5), ErrorKind::Io),
        (Errno::ENOENT, ErrorKind::Unsupported),
    ] {
        let query = Query::new().protocols(Protocols::UNIX);
        for (query, what, rows) in [
            (query.clone().needs(Needs::FDS_IN_FLIGHT), Missing::Fields, 2),
            (query.clone().filter("fds_in_flight > 4".parse()?), Missing::Rows, 0),
            (query.clone().filter("not has fds_in_flight".parse()?), Missing::Rows, 0),
        ] {
            let snapshot = query.collect_from(&mut Refusing(live()?, errno))?;
            let gaps = snapshot.coverage().gaps();
            let told: Vec<_> = gaps.iter().map(|gap| (gap.what, gap.why, gap.count)).collect();
            assert_eq!((snapshot.sockets().len(), told), (rows, vec![(what, why, Some(2))]), "{errno}");
        }
        let unasked = query.owners().collect_from(&mut Refusing(live()?, errno))?;
        assert!(unasked.coverage().is_complete(), "{}", unasked.coverage());
    }
    Ok(())
}

const ASKED: Needs = Needs::DIRECTION.union(Needs::STATS);

/// Every state with a direction; listeners on one address and on all; IPv4 and IPv6, and one through the other.
fn directions() -> Result<(), Failed> {
    let mut kept: Vec<Box<dyn AsFd>> = Vec::new();
    let mut expected: Vec<(u64, Option<Direction>)> = Vec::new();
    for (listens, connects) in [
        ("127.0.0.1:0", Ipv4Addr::LOCALHOST.into()),
        ("0.0.0.0:0", Ipv4Addr::LOCALHOST.into()),
        ("[::]:0", Ipv4Addr::LOCALHOST.into()),
        ("[::1]:0", IpAddr::from(std::net::Ipv6Addr::LOCALHOST)),
    ] {
        let listener = TcpListener::bind(listens)?;
        let mut client = TcpStream::connect((connects, listener.local_addr()?.port()))?;
        let accepted = listener.accept()?.0;
        client.write_all(b"seven b")?;
        let half = TcpStream::connect((connects, listener.local_addr()?.port()))?;
        let closing = listener.accept()?.0;
        half.shutdown(std::net::Shutdown::Write)?;
        let mut all = |socket: &dyn AsFd, direction| {
            expected.push((fstat(socket.as_fd()).unwrap().st_ino, direction));
        };
        all(&client, Some(Direction::Out));
        all(&half, Some(Direction::Out));
        all(&accepted, Some(Direction::In));
        all(&closing, Some(Direction::In));
        all(&listener, None);
        kept.extend([
            Box::new(client) as Box<dyn AsFd>,
            Box::new(half),
            Box::new(accepted),
            Box::new(closing),
        ]);
        kept.push(Box::new(listener));
    }
    let query = || Query::new().tcp().needs(ASKED);
    for query in [query(), query().owners(), query().owners().push_down(false)] {
        let snapshot = query.collect()?;
        let mut told: Vec<_> = snapshot.iter().map(|row| (row.inode.unwrap(), row.direction)).collect();
        told.sort_unstable();
        expected.sort_unstable();
        assert_eq!(told, expected, "{snapshot:#?}");
    }
    for (filter, rows) in [
        ("dir = in", 8),
        ("dir = out", 8),
        ("not has dir", 4),
        // Its listener is not among what is asked for.
        ("dir = in state close-wait", 4),
        ("dir = in state established", 4),
        ("dir = out state fin-wait-2", 4),
    ] {
        let found = Query::new().tcp().filter(filter.parse()?).collect()?;
        assert_eq!(found.sockets().len(), rows, "{filter}: {found:#?}");
    }
    every(&Query::new().tcp().stats().collect()?, |row| row.direction.is_none());
    Ok(())
}

/// With the listener gone and data under way only the kernel's counters tell.
fn busy() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let accepted = listener.accept()?.0;
    drop(listener);
    for socket in [&client, &accepted] {
        socket.set_nonblocking(true)?;
        // Until nothing more fits.
        while (&*socket).write(&[7; 65536]).is_ok() {}
    }
    let snapshot = Query::new().tcp().needs(ASKED).collect()?;
    let (client, accepted) = (row(&snapshot, &client), row(&snapshot, &accepted));
    assert!(client.send_queue > Some(0) && accepted.send_queue > Some(0));
    assert_eq!((client.direction, accepted.direction), (Some(Direction::Out), Some(Direction::In)));
    Ok(())
}

/// From /proc: who listens, and which ports the kernel chooses from.
fn by_ports() -> Result<(), Failed> {
    std::fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40000 49999")?;
    let listener = TcpListener::bind("127.0.0.1:8080")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let accepted = listener.accept()?.0;
    let query = || Query::new().tcp().needs(ASKED).source(SourceChoice::Proc);
    let direction = |snapshot: &Snapshot, socket: &dyn AsFd| row(snapshot, &socket.as_fd()).direction;
    let snapshot = query().collect()?;
    assert_eq!(
        (direction(&snapshot, &client), direction(&snapshot, &accepted)),
        (Some(Direction::Out), Some(Direction::In))
    );
    // A port that somebody chose, and nobody listens there any more: nothing tells.
    drop(listener);
    let snapshot = query().collect()?;
    assert_eq!(
        (direction(&snapshot, &client), direction(&snapshot, &accepted)),
        (Some(Direction::Out), None)
    );
    every(&snapshot, |row| row.state == State::Established);
    Ok(())
}

/// Neither is a loopback address, and they are not the same.
fn two_addresses() -> Result<(), Failed> {
    for (here, there) in [("10.9.0.1", "10.9.0.2"), ("fd09::1", "fd09::2")] {
        let (here, there): (IpAddr, IpAddr) = (here.parse()?, there.parse()?);
        lab::add_address(here)?;
        lab::add_address(there)?;
        let listener = TcpListener::bind((there, 0))?;
        let family = AddressFamily::from_raw(if here.is_ipv4() { 2 } else { 10 });
        // A new IPv6 address is a moment without its routes.
        let client = wait_for("a connection between the two", || {
            let client = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None).ok()?;
            bind(&client, &std::net::SocketAddr::from((here, 0))).ok()?;
            connect(&client, &listener.local_addr().ok()?).ok()?;
            Some(client)
        })?;
        let (accepted, from) = listener.accept()?;
        assert_eq!(from.ip(), here);
        for choice in [SourceChoice::Auto, SourceChoice::Proc] {
            let snapshot = Query::new().tcp().owners().needs(Needs::PEERS).source(choice).collect()?;
            let inode = |socket: &dyn AsFd| Some(fstat(socket.as_fd()).unwrap().st_ino);
            for (one, other) in [(client.as_fd(), accepted.as_fd()), (accepted.as_fd(), client.as_fd())] {
                let peer = row(&snapshot, &one).peer.as_ref().ok_or("no other end")?;
                assert_eq!((peer.inode, peer.owners.len()), (inode(&other), 1), "{choice:?}");
            }
            assert_eq!(row(&snapshot, &listener).peer, None);
        }
    }
    Ok(())
}
