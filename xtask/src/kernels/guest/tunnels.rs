//! UDP sockets that the kernel holds for tunnels, beside some of a process.

use std::collections::BTreeSet;
use std::net::UdpSocket;

use pree_testkit::{Failed, lab, wire};
use rustix::net::netlink::GENERIC;
use serde_json::Value;

use crate::families::{REQUEST_DUMP, exchange};
use crate::pree::pree;

const REQUEST_ACK: u16 = 0x5;
/// The family of families (`GENL_ID_CTRL`).
const CONTROL: u16 = 16;

const KEY: [u8; 32] = *b"a key that nobody else must have";

/// What a row says: its ends, the tunnel, and why it has no owner.
type Row = (String, String, Value, Value);

/// Each is the kernel's, for the tunnel that was made; without a right, where that is told to everybody.
pub fn told() -> Result<(), Failed> {
    wire::tunnel("vx0", 4789)?;
    wire::wireguard("wg0")?;
    let (wireguard, l2tp) = (family(b"wireguard\0")?, family(b"l2tp\0")?);
    let index = rustix::net::netdevice::name_to_index(UdpSocket::bind("127.0.0.1:0")?, "wg0")?;
    // `WG_CMD_SET_DEVICE`: `WGDEVICE_A_IFINDEX`, `WGDEVICE_A_PRIVATE_KEY`, `WGDEVICE_A_LISTEN_PORT`.
    change(wireguard, 1, &[(1, &index.to_ne_bytes()), (3, &KEY), (6, &51820_u16.to_ne_bytes())])?;
    let (v4, v6) = ([127, 0, 0, 1], std::net::Ipv6Addr::LOCALHOST.octets());
    make_l2tp(l2tp, 10, 1701, [(24, &v4), (25, &v4)])?;
    make_l2tp(l2tp, 11, 1801, [(31, &v6), (32, &v6)])?;
    // `FOU_CMD_ADD`: `FOU_ATTR_PORT`, `FOU_ATTR_IPPROTO` (GRE), `FOU_ATTR_TYPE` (direct).
    change(family(b"fou\0")?, 1, &[(1, &5555_u16.to_be_bytes()), (3, &[47]), (4, &[1])])?;
    let _bound = UdpSocket::bind("0.0.0.0:7000")?;
    let connected = UdpSocket::bind("127.0.0.1:7001")?;
    connected.connect("127.0.0.1:7000")?;

    let row = |local: &str, remote: &str, tunnel: &str| -> Row {
        (local.into(), remote.into(), tunnel.into(), "kernel".into())
    };
    let owned =
        |local: &str, remote: &str| -> Row { (local.into(), remote.into(), Value::Null, Value::Null) };
    // Without another end it is one of IPv4.
    let to_all = [row("0.0.0.0:4789", "", "vx0"), row("0.0.0.0:5555", "", "fou:5555")];
    let to_admins = [
        row("0.0.0.0:51820", "", "wg0"),
        row("[::]:51820", "", "wg0"),
        row("127.0.0.1:1701", "127.0.0.1:1702", "l2tp:10"),
        row("[::1]:1801", "[::1]:1802", "l2tp:11"),
    ];
    let of_process = [owned("0.0.0.0:7000", ""), owned("127.0.0.1:7001", "127.0.0.1:7000")];
    let expected: BTreeSet<_> = [&to_all[..], &to_admins, &of_process].concat().iter().map(text).collect();
    is(&expected, &rows("")?)?;
    replayed(&expected)?;
    for (filter, count) in [("unowned=kernel", 6), ("tunnel=wg0", 2), ("tunnel=l2tp:10", 1)] {
        let out = pree(&format!("-Hu -c local {filter}"))?.out;
        let lines = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        if lines != count {
            return Err(format!("{filter}: {lines} of {count}").into());
        }
    }
    lab::give_up_rights()?;
    let unknown = to_admins.map(|(local, remote, ..)| (local, remote, Value::Null, "not_permitted".into()));
    let expected = [&to_all[..], &unknown, &of_process].concat().iter().map(text).collect();
    is(&expected, &rows("")?)
}

/// A recording tells the same, and has no key.
fn replayed(expected: &BTreeSet<String>) -> Result<(), Failed> {
    const FILE: &str = "/tmp/tunnels.pree";
    let captured = pree(&format!("capture -q {FILE}"))?;
    // The kernel changes the ends of a key.
    let secret = &KEY[8..24];
    if captured.code != 0 || std::fs::read(FILE)?.windows(secret.len()).any(|bytes| bytes == secret) {
        return Err(format!("capture: code {}, or the key is in it: {}", captured.code, captured.err).into());
    }
    is(expected, &rows(&format!("--replay {FILE}"))?)
}

fn text(row: &Row) -> String {
    format!("{} {} {} {}", row.0, row.1, row.2, row.3)
}

fn is(expected: &BTreeSet<String>, told: &[Row]) -> Result<(), Failed> {
    let found: BTreeSet<_> = told.iter().map(text).collect();
    if found == *expected && told.len() == expected.len() {
        return Ok(());
    }
    Err(format!("told {found:#?}, expected {expected:#?}").into())
}

fn rows(words: &str) -> Result<Vec<Row>, Failed> {
    let document: Value = serde_json::from_slice(&pree(&format!("-u --json {words}"))?.out)?;
    let end = |end: &Value| match end["ip"].as_str() {
        Some(ip) if ip.contains(':') => format!("[{ip}]:{}", end["port"]),
        Some(ip) => format!("{ip}:{}", end["port"]),
        None => String::new(),
    };
    let sockets = document["sockets"].as_array().ok_or("no sockets")?;
    let row = |socket: &Value| {
        (end(&socket["local"]), end(&socket["remote"]), socket["tunnel"].clone(), socket["unowned"].clone())
    };
    Ok(sockets.iter().map(row).collect())
}

/// `L2TP_CMD_TUNNEL_CREATE`, version 3 over UDP: to the next port of the other address.
fn make_l2tp(family: u16, id: u32, port: u16, addresses: [(u16, &[u8]); 2]) -> Result<(), Failed> {
    let id = id.to_ne_bytes();
    let (from, to) = (port.to_ne_bytes(), (port + 1).to_ne_bytes());
    let numbers = [(9, &id[..]), (10, &id), (7, &[3]), (2, &[0, 0]), (26, &from), (27, &to)];
    change(family, 1, &[&numbers[..], &addresses].concat())
}

/// The number of a family, from the list of all.
fn family(name: &[u8]) -> Result<u16, Failed> {
    // `CTRL_CMD_GETFAMILY`.
    let mut answer = &exchange(GENERIC, (CONTROL, REQUEST_DUMP), &[3, 1, 0, 0])?[..];
    // A message has the name as an attribute (`CTRL_ATTR_FAMILY_NAME`), and behind it the number.
    while let Some(header) = answer.first_chunk::<4>() {
        let length = (u32::from_ne_bytes(*header) as usize).max(16);
        let (message, rest) = answer.split_at(length.next_multiple_of(4).min(answer.len()));
        answer = rest;
        let mut attributes = message.get(20..).unwrap_or_default();
        let (mut is_it, mut number) = (false, None);
        while let Some([a, b, c, d]) = attributes.first_chunk() {
            let length = usize::from(u16::from_ne_bytes([*a, *b])).max(4);
            let value = attributes.get(4..length).unwrap_or_default();
            match u16::from_ne_bytes([*c, *d]) {
                1 => number = value.first_chunk().copied().map(u16::from_ne_bytes),
                2 => is_it = value == name,
                _ => {}
            }
            attributes = attributes.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        if let Some(number) = number.filter(|_| is_it) {
            return Ok(number);
        }
    }
    Err(format!("no family {}", String::from_utf8_lossy(name)).into())
}

fn change(family: u16, command: u8, attributes: &[(u16, &[u8])]) -> Result<(), Failed> {
    let mut request = vec![command, 1, 0, 0];
    for (kind, value) in attributes {
        request.extend([value.len() as u16 + 4, *kind].map(u16::to_ne_bytes).concat());
        request.extend(*value);
        request.resize(request.len().next_multiple_of(4), 0);
    }
    let answer = exchange(GENERIC, (family, REQUEST_ACK), &request)?;
    match answer.get(16..20) {
        Some([0, 0, 0, 0]) => Ok(()),
        errno => Err(format!("family {family}, command {command}: {errno:?}").into()),
    }
}
