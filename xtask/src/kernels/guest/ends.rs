//! What the command joins from several rows, and what it reads beside them: which end opened a connection, what the other
//! end is called, descriptors in flight, vsock connections.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use pree_testkit::{Failed, vsock};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::{Value, json};

use crate::pree::document;

fn rows(words: &str) -> Result<Vec<Value>, Failed> {
    Ok(document(words)?.whole()?.sockets)
}

/// The row of this socket has these members.
fn is(rows: &[Value], socket: &impl AsFd, expected: &Value) -> Result<(), Failed> {
    let inode = rustix::fs::fstat(socket)?.st_ino;
    let row = rows
        .iter()
        .find(|row| row["inode"] == inode)
        .ok_or_else(|| format!("no row of {inode}: {rows:?}"))?;
    for (key, value) in expected.as_object().into_iter().flatten() {
        if row[key] != *value {
            return Err(format!("{key} is {} and not {value}: {row}", row[key]).into());
        }
    }
    Ok(())
}

pub fn directions() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let accepted = listener.accept()?.0;
    // Without the listener, only the kernel's counters tell.
    drop(listener);
    let rows = rows("-t --json -c +dir")?;
    is(&rows, &client, &json!({"direction": "out"}))?;
    is(&rows, &accepted, &json!({"direction": "in"}))
}

pub fn unix() -> Result<(), Failed> {
    let name = SocketAddr::from_abstract_name(b"ends")?;
    let listener = UnixListener::bind_addr(&name)?;
    let client = UnixStream::connect_addr(&name)?;
    let accepted = listener.accept()?.0;
    let waiting = UnixStream::connect_addr(&name)?;
    let files = [client.as_fd(); 3];
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = SendAncillaryBuffer::new(&mut room);
    control.push(SendAncillaryMessage::ScmRights(&files));
    sendmsg(&client, &[IoSlice::new(b"x")], &mut control, SendFlags::empty())?;
    let rows = rows("-x --json -c +dir,+fds_in_flight")?;
    let there = json!({"path": "\u{0}ends", "abstract": true});
    is(&rows, &client, &json!({"remote": there, "direction": "out", "unix": {"fds_in_flight": 0}}))?;
    is(&rows, &waiting, &json!({"remote": there, "direction": "out"}))?;
    is(&rows, &accepted, &json!({"local": there, "direction": "in", "unix": {"fds_in_flight": 3}}))
}

pub fn between_machines() -> Result<(), Failed> {
    let made = vsock::connection(4711)?;
    let rows = rows("--vsock --json")?;
    let any = json!({"cid": null, "port": 4711});
    let server = json!({"cid": vsock::LOCAL, "port": 4711});
    is(&rows, &made.listener, &json!({"state": "listen", "local": any, "remote": null}))?;
    is(&rows, &made.client, &json!({"state": "established", "type": "stream", "remote": server}))?;
    is(&rows, &made.accepted, &json!({"state": "established", "local": server}))
}
