//! Connections that end in every way, and what a watch must say of each end.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use pree::How;
use pree_testkit::{Case, Failed, Need};
use rustix::net::sockopt::set_socket_linger;

/// A way in which a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    FinByClient,
    FinByServer,
    ResetByClient,
    /// Closed with data unread.
    ResetByServer,
    /// The client has closed, and the server writes.
    WrittenAfterClose,
    /// The client takes nothing more but keeps its socket, and the server writes.
    WrittenAfterShutdown,
}

pub const WAYS: [Way; 6] = [
    Way::FinByClient,
    Way::FinByServer,
    Way::ResetByClient,
    Way::ResetByServer,
    Way::WrittenAfterClose,
    Way::WrittenAfterShutdown,
];

/// What is known of one end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct End {
    pub how: &'static str,
    pub sent: u64,
    pub received: u64,
}

fn end(how: How, sent: u64, received: u64) -> End {
    End { how: how.name(), sent, received }
}

/// One connection, opened and ended so. What is known of it: the client's address, its end, the server's.
pub fn play(listener: &TcpListener, way: Way, bytes: u64) -> Result<(SocketAddr, End, End), Failed> {
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, address) = listener.accept()?;
    let answer = 7;
    // Both have data of the other, so both know the state of the other.
    client.write_all(&vec![1; bytes as usize])?;
    read(&mut server, bytes)?;
    server.write_all(&vec![2; answer as usize])?;
    read(&mut client, answer)?;
    let ends = match way {
        Way::FinByClient => {
            drop(client);
            read_to_end(&mut server)?;
            drop(server);
            (end(How::FinLocal, bytes, answer), end(How::FinRemote, answer, bytes))
        }
        Way::FinByServer => {
            drop(server);
            read_to_end(&mut client)?;
            drop(client);
            (end(How::FinRemote, bytes, answer), end(How::FinLocal, answer, bytes))
        }
        Way::ResetByClient => {
            set_socket_linger(client.as_fd(), Some(Duration::ZERO))?;
            drop(client);
            expect(&server.read(&mut [0; 1]), io::ErrorKind::ConnectionReset)?;
            drop(server);
            (end(How::ResetLocal, bytes, answer), end(How::ResetRemote, answer, bytes))
        }
        Way::ResetByServer => {
            client.write_all(&[3; 5])?;
            // It is here: a FIN would pass the data otherwise.
            server.peek(&mut [0; 5])?;
            drop(server);
            expect(&client.read(&mut [0; 1]), io::ErrorKind::ConnectionReset)?;
            drop(client);
            (end(How::ResetRemote, bytes + 5, answer), end(How::ResetLocal, answer, bytes + 5))
        }
        Way::WrittenAfterClose => {
            drop(client);
            // It knows that the client has closed, and nobody has acknowledged that yet, or somebody has.
            read_to_end(&mut server)?;
            server.write_all(&[4; 9])?;
            expect(&server.read(&mut [0; 1]), io::ErrorKind::ConnectionReset)
                .or_else(|_| expect(&server.write(&[4]), io::ErrorKind::BrokenPipe))?;
            drop(server);
            return Ok((address, end(How::Unknown, bytes, answer), end(How::ResetRemote, answer + 9, bytes)));
        }
        Way::WrittenAfterShutdown => {
            client.shutdown(Shutdown::Both)?;
            read_to_end(&mut server)?;
            server.write_all(&[4; 9])?;
            let _ = server.read(&mut [0; 1]);
            drop((client, server));
            (end(How::ResetLocal, bytes, answer), end(How::ResetRemote, answer + 9, bytes))
        }
    };
    Ok((address, ends.0, ends.1))
}

fn read(stream: &mut TcpStream, bytes: u64) -> io::Result<()> {
    stream.read_exact(&mut vec![0; bytes as usize])
}

fn read_to_end(stream: &mut TcpStream) -> Result<(), Failed> {
    match stream.read(&mut [0; 1])? {
        0 => Ok(()),
        _ => Err("there is more to read".into()),
    }
}

fn expect(result: &io::Result<usize>, kind: io::ErrorKind) -> Result<(), Failed> {
    match result {
        Err(error) if error.kind() == kind => Ok(()),
        other => Err(format!("{other:?}, not {kind}").into()),
    }
}

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("ends::each_way_is_told", each_way).lab().needs(Need::Bpf),
        Case::new("ends::what_could_not_be_opened", refused).lab().needs(Need::Bpf),
        Case::new("ends::what_was_there_before", before).lab().needs(Need::Bpf),
    ]
}

fn each_way() -> Result<(), Failed> {
    let mut watch = pree::Query::new().watch_source(pree::WatchSource::Bpf).watch()?;
    for way in WAYS {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(host)?;
            let (client, of_client, of_server) = play(&listener, way, 1000)?;
            let server = listener.local_addr()?;
            let told = crate::storm::ends_of(&mut watch, client, server, 2)?;
            let [client, server] = told[..] else { return Err(format!("{way:?}: {told:?}").into()) };
            let client_how = if of_client.how == How::Unknown.name() { client.how } else { of_client.how };
            if client != (End { how: client_how, ..of_client }) || server != of_server {
                return Err(format!(
                    "{way:?} {host}: {client:?} and {server:?}, not {of_client:?} and {of_server:?}"
                )
                .into());
            }
        }
    }
    if watch.lost() != Some(0) {
        return Err("records were lost".into());
    }
    Ok(())
}

/// Each socket that has a state to leave is told once as there, and then to its end; one that is only bound has none.
fn before() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    client.write_all(&[1; 10])?;
    read(&mut server, 10)?;
    let bound = pree_testkit::Socket::tcp(pree_testkit::Family::V4)?;
    bound.bind("127.0.0.1:0".parse::<SocketAddr>()?)?;
    let mut watch = pree::Query::new().watch_source(pree::WatchSource::Bpf).watch()?;
    client.write_all(&[1; 5])?;
    drop((client, server, listener, bound));
    let (mut current, mut closed) = (Vec::new(), Vec::new());
    let end = watch.now() + Duration::from_secs(10);
    while closed.len() < 3 {
        let event = watch.next_before(end)?.ok_or_else(|| format!("{current:?}, then {closed:?}"))?;
        let Some(socket) = &event.socket else { continue };
        match event.kind {
            pree::EventKind::Current => current.push((socket.id(), socket.state)),
            pree::EventKind::Closed(ending) => {
                let owner = socket.owners.first().map(|owner| owner.pid());
                if owner != Some(std::process::id()) || ending.lasted.is_some() {
                    return Err(format!("{ending:?} of {owner:?}").into());
                }
                closed.push((socket.id(), ending.how, ending.sent.unwrap_or(0)));
            }
            _ => {}
        }
    }
    let (mut ids, mut ended): (Vec<_>, Vec<_>) = (
        current.iter().map(|(id, _)| id.clone()).collect(),
        closed.iter().map(|(id, ..)| id.clone()).collect(),
    );
    let by_text = |id: &Option<pree::SocketId>| format!("{id:?}");
    ids.sort_by_key(by_text);
    ended.sort_by_key(by_text);
    // What was not read is answered by a reset.
    let mut hows: Vec<_> = closed.iter().map(|(_, how, sent)| (how.name(), *sent)).collect();
    hows.sort_unstable();
    let expected = [("other", 0), ("reset_local", 0), ("reset_remote", 15)];
    if ids == ended && hows == expected {
        Ok(())
    } else {
        Err(format!("{current:?}, then {closed:?}").into())
    }
}

/// Refused, and refused again with the same socket; given up; and nobody answers.
fn refused() -> Result<(), Failed> {
    let mut watch = pree::Query::new().watch_source(pree::WatchSource::Bpf).watch()?;
    let nobody: SocketAddr = "127.0.0.1:9".parse()?;
    for _ in 0..2 {
        if TcpStream::connect(nobody).is_ok() {
            return Err("somebody listens".into());
        }
    }
    // Its queue is full: it takes no more, and says nothing.
    let listener = pree_testkit::Socket::tcp(pree_testkit::Family::V4)?;
    listener.bind("127.0.0.1:0".parse::<SocketAddr>()?)?;
    listener.listen(0)?;
    let full = listener.local()?;
    let _waits = TcpStream::connect(full)?;
    let given_up = TcpStream::connect_timeout(&full, Duration::from_millis(300));
    if given_up.is_ok() {
        return Err("the queue has room".into());
    }
    let mut told = Vec::new();
    let end = watch.now() + Duration::from_secs(10);
    while let Some(event) = watch.next_before(end)? {
        let (pree::EventKind::Closed(ending), Some(socket)) = (event.kind, &event.socket) else { continue };
        if !ending.is_failed_connect() {
            continue;
        }
        let owner = socket.owners.first().map(|owner| owner.pid());
        if owner != Some(std::process::id()) {
            return Err(format!("the owner is {owner:?}").into());
        }
        told.push((ending.how, ending.errno.map(|errno| errno.number())));
        if told.len() == 3 {
            break;
        }
    }
    let expected = [(How::Refused, Some(111)), (How::Refused, Some(111)), (How::Other, None)];
    if told != expected {
        return Err(format!("{told:?}").into());
    }
    Ok(())
}
