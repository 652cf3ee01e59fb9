//! Which families of sockets the kernel tells of through `sock_diag`, asked with bytes of our own, and that the
//! command lists them.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::os::fd::OwnedFd;

use pree_testkit::Failed;
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{
    self, AddressFamily, Protocol, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
};

use serde_json::{Value, json};

use crate::pree::pree;
use crate::{OUT, fact};

/// A family by name, and a question for all of its sockets, all states, everything that can be shown. The bytes are
/// `struct unix_diag_req`, `packet_diag_req`, `netlink_diag_req`, `vsock_diag_req` and `inet_diag_req_v2`.
const FAMILIES: &[(&str, &[u8])] = &[
    (
        "unix",
        &[1, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0x7f, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255],
    ),
    ("packet", &[17, 0, 0, 0, 0, 0, 0, 0, 0x3f, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]),
    ("netlink", &[16, 255, 0, 0, 0, 0, 0, 0, 0xb, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]),
    (
        "vsock",
        &[40, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255],
    ),
    ("raw", &inet(255)),
    ("sctp", &inet(132)),
];

const fn inet(protocol: u8) -> [u8; 56] {
    let mut request = [0; 56];
    request[0] = 2;
    request[1] = protocol;
    let mut at = 4;
    while at < 8 {
        request[at] = 255;
        at += 1;
    }
    request
}

const SOCK_DIAG_BY_FAMILY: u16 = 20;
pub const REQUEST_DUMP: u16 = 0x301;
const ERROR: u16 = 2;
const DONE: u16 = 3;

/// One socket of each family is made, and its family asked for; the answers are kept, and the inodes of the sockets.
pub fn told() -> Result<(), Failed> {
    let folder = format!("{OUT}/golden");
    fs::create_dir_all(&folder)?;
    let sockets = make()?;
    let mut told = Vec::new();
    let mut inodes = String::new();
    for ((name, question), socket) in FAMILIES.iter().zip(&sockets) {
        if let Some(answer) = ask(question)? {
            fs::write(format!("{folder}/{name}.bin"), answer)?;
            inodes += &format!("{name} {}\n", rustix::fs::fstat(socket)?.st_ino);
            told.push(*name);
        }
    }
    fs::write(format!("{folder}/families.txt"), inodes)?;
    Ok(fact("families of sock_diag", told.join(" "))?)
}

/// The command lists each of these sockets, with its owner and nothing missing, by whatever way the kernel tells of it.
pub fn listed() -> Result<(), Failed> {
    let sockets = make()?;
    for ((name, question), socket) in FAMILIES.iter().zip(&sockets) {
        if *name == "vsock" && ask(question)?.is_none() {
            continue;
        }
        let answer = pree(&format!("-A {name} --json"))?;
        let document: Value = serde_json::from_slice(&answer.out)?;
        let inode = rustix::fs::fstat(socket)?.st_ino;
        let rows = document["sockets"].as_array().ok_or("no sockets")?;
        let row = rows.iter().find(|row| row["inode"] == inode);
        if *name == "sctp" {
            associations(rows, &sockets)
                .map_err(|failed| format!("{}: {document}", failed.message().unwrap_or_default()))?;
        }
        let row = row.ok_or_else(|| format!("-A {name}: no row of {inode}: {document}"))?;
        let found = (&row["protocol"], &row["owners"][0]["pid"], &document["missing"]);
        if found != (&Value::from(*name), &Value::from(std::process::id()), &json!([])) {
            return Err(format!("-A {name}: {found:?}: {row}").into());
        }
    }
    Ok(())
}

/// Without modules of `sock_diag`: from /proc/net, with owners, and said so.
pub fn listed_without_diag() -> Result<(), Failed> {
    let open = |family: AddressFamily, kind: SocketType, protocol: u32| {
        net::socket_with(
            family,
            kind,
            SocketFlags::CLOEXEC,
            NonZeroU32::new(protocol).map(Protocol::from_raw),
        )
    };
    let sockets = [
        ("unix", open(AddressFamily::UNIX, SocketType::SEQPACKET, 0)?),
        ("packet", open(AddressFamily::PACKET, SocketType::RAW, 0x0300)?),
        ("netlink", open(AddressFamily::NETLINK, SocketType::RAW, 0)?),
        ("raw", open(AddressFamily::INET, SocketType::RAW, 253)?),
    ];
    net::bind(&sockets[2].1, &SocketAddrNetlink::new(4242, 0))?;
    for (name, socket) in &sockets {
        let answer = pree(&format!("-A {name} --json"))?;
        let document: Value = serde_json::from_slice(&answer.out)?;
        let inode = rustix::fs::fstat(socket)?.st_ino;
        let rows = document["sockets"].as_array().ok_or("no sockets")?;
        let row = rows.iter().find(|row| row["inode"] == inode);
        let row = row.ok_or_else(|| format!("-A {name}: no row of {inode}: {document}"))?;
        let notes = document["notes"].to_string();
        let from_proc = notes.contains(&format!("{name} sockets come from /proc/net"));
        // JSON asks for everything: of each socket, /proc lacks something.
        let [gap] = document["missing"].as_array().ok_or("no gaps")?.as_slice() else {
            return Err(format!("-A {name}: not one gap: {document}").into());
        };
        let lacking = (gap["what"] == "fields").then_some(&gap["count"]);
        let found = (&row["protocol"], &row["owners"][0]["pid"], lacking, from_proc);
        if found != (&json!(name), &json!(std::process::id()), Some(&json!(rows.len())), true) {
            return Err(format!("-A {name}: {found:?}: {document}").into());
        }
    }
    Ok(())
}

/// The two ends of the association: each is one row, with the socket's inode and the ends exchanged.
fn associations(rows: &[Value], sockets: &[OwnedFd]) -> Result<(), Failed> {
    let [.., client, accepted] = sockets else { return Err("no association was made".into()) };
    let end = |port: &Value| json!({"ip": "127.0.0.1", "port": port});
    let server = end(&18090.into());
    let of = |socket: &OwnedFd| -> Result<&Value, Failed> {
        let inode = rustix::fs::fstat(socket)?.st_ino;
        let mut of_socket = rows.iter().filter(|row| row["inode"] == inode);
        let row = of_socket.next().ok_or("no row of an association")?;
        if of_socket.next().is_some() || row["state"] != "established" {
            return Err(format!("not one association of socket {inode}").into());
        }
        Ok(row)
    };
    let (here, there) = (of(client)?, of(accepted)?);
    let ephemeral = end(&here["local"]["port"]);
    let addresses = json!({"local_addresses": ["127.0.0.1"], "remote_addresses": ["127.0.0.1"]});
    for (row, local, remote) in [(here, &ephemeral, &server), (there, &server, &ephemeral)] {
        let found = (&row["local"], &row["remote"], &row["sctp"]);
        if found != (local, remote, &addresses) {
            return Err(format!("association {found:?}").into());
        }
    }
    if rows.len() == 3 { Ok(()) } else { Err(format!("{} rows of 3", rows.len()).into()) }
}

/// In the order of the table: a Unix listener with an abstract name, a netlink socket of port 4242, a raw socket of
/// protocol 253 and a listener of SCTP at 127.0.0.1, of the others one that was opened and no more; then an association.
fn make() -> Result<Vec<OwnedFd>, Failed> {
    let open = |family: AddressFamily, kind: SocketType, protocol: u32| {
        let number = NonZeroU32::new(protocol).map(Protocol::from_raw);
        net::socket_with(family, kind, SocketFlags::CLOEXEC, number)
            .map_err(|error| Failed::from(format!("{family:?} {kind:?} {protocol}: {error}")))
    };
    let unix = open(AddressFamily::UNIX, SocketType::STREAM, 0)?;
    net::bind(&unix, &SocketAddrUnix::new_abstract_name(b"pree")?)?;
    net::listen(&unix, 3)?;
    let packet = open(AddressFamily::PACKET, SocketType::RAW, 0x0300)?;
    let netlink = open(AddressFamily::NETLINK, SocketType::RAW, 0)?;
    net::bind(&netlink, &SocketAddrNetlink::new(4242, 0))?;
    let vsock = open(AddressFamily::VSOCK, SocketType::STREAM, 0)?;
    let raw = open(AddressFamily::INET, SocketType::RAW, 253)?;
    net::bind(&raw, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let sctp = open(AddressFamily::INET, SocketType::STREAM, 132)?;
    net::bind(&sctp, &SocketAddr::from((Ipv4Addr::LOCALHOST, 18090)))?;
    net::listen(&sctp, 3)?;
    // Behind those of the table: the ends of an association with that listener.
    let client = open(AddressFamily::INET, SocketType::STREAM, 132)?;
    net::connect(&client, &net::getsockname(&sctp)?)?;
    let accepted = net::accept(&sctp)?;
    Ok(vec![unix, packet, netlink, vsock, raw, sctp, client, accepted])
}

/// The whole answer; `None` when nobody gives one.
fn ask(question: &[u8]) -> Result<Option<Vec<u8>>, Failed> {
    let answer = exchange(SOCK_DIAG, (SOCK_DIAG_BY_FAMILY, REQUEST_DUMP), question)?;
    Ok(Some(answer).filter(|answer| !kinds(answer).contains(&ERROR)))
}

/// Sends a request of this type, with these flags; all messages up to an end, an error or an acknowledgement.
pub fn exchange(protocol: Protocol, (kind, flags): (u16, u16), request: &[u8]) -> Result<Vec<u8>, Failed> {
    let socket =
        net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(protocol))?;
    let mut message = (16 + request.len() as u32).to_ne_bytes().to_vec();
    message.extend([kind, flags].map(u16::to_ne_bytes).concat());
    message.extend([0; 8]);
    message.extend(request);
    net::send(&socket, &message, SendFlags::empty())?;
    let mut answer = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    // One socket of a family is two datagrams at most; more than this would never end.
    for _ in 0..100 {
        let (length, _) = net::recv(&socket, &mut buffer, RecvFlags::empty())?;
        let datagram = &buffer[..length];
        answer.extend(datagram);
        if kinds(datagram).iter().any(|kind| [ERROR, DONE].contains(kind)) {
            return Ok(answer);
        }
    }
    Err("an answer without an end".into())
}

/// The kinds of the messages of a datagram.
fn kinds(mut datagram: &[u8]) -> Vec<u16> {
    let mut kinds = Vec::new();
    while let Some(header) = datagram.first_chunk::<6>() {
        let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]).max(16) as usize;
        kinds.push(u16::from_ne_bytes([header[4], header[5]]));
        datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    kinds
}
