//! Who uses a connection: the process that accepts it in a parent and reads it in a child, that was there before, that
//! lives for one connection only.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use pree::{EventKind, Query, WatchSource};
use pree_testkit::{Case, Failed, Need, need};

const PATIENCE: Duration = Duration::from_secs(60);

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("owners::a_child_that_reads", child)
            .lab()
            .needs(Need::Bpf)
            .needs(Need::PythonModule("socket")),
        Case::new("owners::each_of_many_short_lives", short_lives)
            .lab()
            .needs(Need::Bpf)
            .needs(Need::PythonModule("socket")),
    ]
}

/// The parent accepts, the child reads and closes: the connection's user is the child.
const FORKS: &str = "
import os, socket
listener = socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen()
client = socket.create_connection(listener.getsockname())
client.sendall(b'hello')
server, _ = listener.accept()
child = os.fork()
if child == 0:
    client.close()
    assert server.recv(5) == b'hello'
    os._exit(0)
server.close()
os.waitpid(child, 0)
client.close()
print(os.getpid(), child, client_port := 0, flush=True)
";

fn child() -> Result<(), Failed> {
    let python = need::python("socket").ok_or("python")?;
    let mut watch = Query::new().watch_source(WatchSource::Bpf).watch()?;
    let output = Command::new(python).args(["-c", FORKS]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let pids: Vec<u32> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [parent, child, _] = pids[..] else {
        return Err(format!("{text} {}", String::from_utf8_lossy(&output.stderr)).into());
    };
    let (mut of_client, mut of_server) = (None, None);
    let mut provisional = None;
    let end = watch.now() + PATIENCE;
    while of_client.is_none() || of_server.is_none() {
        let event = watch.next_before(end)?.ok_or("an end is missing")?;
        let Some(socket) = event.socket.as_ref().filter(|socket| socket.remote.is_some()) else { continue };
        let owner = socket.owners.first().map(|owner| owner.pid());
        match event.kind {
            // The accepted side is told with the listener's owner first.
            EventKind::Opened if event.owner_provisional => provisional = owner,
            EventKind::Closed(ending) if ending.received == Some(5) => of_server = owner,
            EventKind::Closed(_) => of_client = owner,
            _ => {}
        }
    }
    let found = (provisional, of_client, of_server);
    let expected = (Some(parent), Some(parent), Some(child));
    if found == expected { Ok(()) } else { Err(format!("{found:?}, not {expected:?}").into()) }
}

const ONE: &str = "
import os, socket, sys
client = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
client.sendall(b'x' * int(sys.argv[2]))
print(client.getsockname()[1], flush=True)
";

/// A process for each connection, which has ended before anybody could look it up.
fn short_lives() -> Result<(), Failed> {
    let python = need::python("socket").ok_or("python")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let mut watch =
        Query::new().filter(format!("dport={port}").parse()?).watch_source(WatchSource::Bpf).watch()?;
    let mut expected = Vec::new();
    for size in 1..=20_u64 {
        let child = Command::new(&python)
            .args(["-c", ONE, &port.to_string(), &size.to_string()])
            .stdout(std::process::Stdio::piped())
            .spawn()?;
        let pid = child.id();
        let output = child.wait_with_output()?;
        drop(listener.accept()?);
        let local: u16 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
        expected.push((local, pid, size));
    }
    let mut found = Vec::new();
    let end = watch.now() + PATIENCE;
    while found.len() < expected.len() {
        let event = watch.next_before(end)?.ok_or("an end is missing")?;
        let (EventKind::Closed(ending), Some(socket)) = (event.kind, &event.socket) else { continue };
        let owner = socket.owners.first().ok_or("no owner")?;
        if !owner.process.name.to_string_lossy().starts_with("python") {
            return Err(format!("it is called {:?}", owner.process.name).into());
        }
        found.push((socket.local.port().unwrap_or(0), owner.pid(), ending.sent.unwrap_or(0)));
    }
    found.sort_unstable();
    expected.sort_unstable();
    if found == expected { Ok(()) } else { Err(format!("{found:?}, not {expected:?}").into()) }
}
