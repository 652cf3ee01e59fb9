//! Reads the table back: six columns without spaces, on a terminal up to two more, the owners, an alarm, then
//! `name:value`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use pree_testkit::Failed;

use crate::rows::{Owner, Row};

const HEADING: [&str; 6] = ["PROTO", "STATE", "RECVQ", "SENDQ", "LOCAL", "REMOTE"];

/// Before the owner, on a terminal, where a row has them.
const JUDGED: [&str; 2] = ["RTT", "SCORE"];

/// What was asked about the form.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    pub heading: bool,
    pub owners: bool,
    /// How many of the columns about quality there are; a heading says it itself.
    pub judged: usize,
}

pub const USUAL: Form = Form { heading: true, owners: true, judged: 0 };

pub fn parse(text: &str, form: Form) -> Result<Vec<Row>, Failed> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(format!("the last line has no end: {text:?}").into());
    }
    let mut lines = text.lines();
    let mut form = form;
    if form.heading {
        let mut heading: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
        let whole = heading.len();
        heading.retain(|word| !JUDGED.contains(word));
        form.judged = whole - heading.len();
        let expected: Vec<&str> = HEADING.into_iter().chain(form.owners.then_some("OWNER")).collect();
        if heading != expected {
            return Err(format!("heading {heading:?}").into());
        }
    }
    let row = |line: &str| parse_row(line, form).ok_or_else(|| format!("not a row: {line:?}").into());
    lines.map(row).collect()
}

fn parse_row(line: &str, form: Form) -> Option<Row> {
    if line != line.trim_end() {
        return None;
    }
    let mut rest = line;
    let [protocol, state, recv_queue, send_queue, local, remote] = HEADING.map(|_| word(&mut rest));
    for _ in 0..form.judged {
        let value = word(&mut rest);
        if value != "-" && !value.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
    }
    let number = |text: &str| if text == "-" { Some(None) } else { Some(Some(text.parse().ok()?)) };
    let mut row = Row {
        protocol: protocol.to_owned(),
        state: state_name(state)?.to_owned(),
        recv_queue: number(recv_queue)?,
        send_queue: number(send_queue)?,
        local: address(local)?,
        remote: if remote == "*" { None } else { Some(address(remote)?) },
        owners: Vec::new(),
        unowned: None,
        details: BTreeMap::new(),
    };
    if form.owners {
        rest = rest.trim_start();
        if let Some(reason) = rest.strip_prefix('(') {
            let (reason, after) = reason.split_once(')')?;
            row.unowned = Some(reason.to_owned());
            rest = after;
        } else {
            row.owners.push(owner(&mut rest)?);
            while let Some(more) = rest.strip_prefix(',') {
                rest = more;
                row.owners.push(owner(&mut rest)?);
            }
        }
        if !(rest.is_empty() || rest.starts_with(' ')) {
            return None;
        }
    }
    if let Some(alarm) = rest
        .trim_start()
        .trim_start_matches('!')
        .strip_prefix(' ')
        .filter(|_| rest.trim_start().starts_with('!'))
    {
        rest = alarm;
        word(&mut rest);
    }
    for detail in rest.split_whitespace() {
        let (name, value) = detail.split_once(':')?;
        // A name twice would be two values for one thing.
        if value.is_empty() || row.details.insert(name.to_owned(), value.to_owned()).is_some() {
            return None;
        }
    }
    Some(row)
}

/// Without its interface, inside the brackets or behind the address; `*` is `::` where it takes IPv4 too.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.rsplit_once(':')?;
    let (ip, interface) = host.split_once('%').unwrap_or((host, ""));
    let is_bracketed = ip.starts_with('[');
    let ip = match ip.trim_start_matches('[').trim_end_matches(']') {
        "*" => Ipv6Addr::UNSPECIFIED.into(),
        ip => ip.parse::<IpAddr>().ok().filter(|ip| ip.is_ipv6() == is_bracketed)?,
    };
    (!interface.contains('%')).then_some(SocketAddr::new(ip, port.parse().ok()?))
}

fn word<'l>(rest: &mut &'l str) -> &'l str {
    let start = rest.trim_start();
    let (word, after) = start.split_at(start.find(' ').unwrap_or(start.len()));
    *rest = after;
    word
}

/// `name[pid]/fd`, the name in quotes where it is no plain word.
fn owner(rest: &mut &str) -> Option<Owner> {
    let name;
    if let Some(quoted) = rest.strip_prefix('"') {
        (name, *rest) = unquote(quoted)?;
    } else {
        let (plain, after) = rest.split_at(rest.find('[')?);
        if plain.is_empty() || plain.contains([' ', ',', '"', '\\']) {
            return None;
        }
        (name, *rest) = (plain.as_bytes().to_vec(), after);
    }
    let (pid, after) = rest.strip_prefix('[')?.split_once(']')?;
    let digits = after.strip_prefix('/')?;
    let (fd, after) = digits.split_at(digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()));
    *rest = after;
    Some(Owner { pid: pid.parse().ok()?, fd: fd.parse().ok()?, name })
}

/// The bytes up to the closing quote, and what follows it.
fn unquote(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut bytes = Vec::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((bytes, chars.as_str())),
            '\\' => match chars.next()? {
                'n' => bytes.push(b'\n'),
                'r' => bytes.push(b'\r'),
                't' => bytes.push(b'\t'),
                c @ ('\\' | '"') => bytes.push(c as u8),
                'x' => {
                    let digits = chars.as_str().get(..2)?;
                    bytes.push(u8::from_str_radix(digits, 16).ok()?);
                    chars = chars.as_str()[2..].chars();
                }
                'u' => {
                    let (digits, after) = chars.as_str().strip_prefix('{')?.split_once('}')?;
                    let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
                    bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
                    chars = after.chars();
                }
                _ => return None,
            },
            c => bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

fn state_name(word: &str) -> Option<&'static str> {
    Some(match word {
        "LISTEN" => "listen",
        "SYN-SENT" => "syn_sent",
        "SYN-RECV" => "syn_received",
        "ESTAB" => "established",
        "FIN-WAIT-1" => "fin_wait_1",
        "FIN-WAIT-2" => "fin_wait_2",
        "TIME-WAIT" => "time_wait",
        "CLOSE-WAIT" => "close_wait",
        "LAST-ACK" => "last_ack",
        "CLOSING" => "closing",
        "BOUND" => "bound_inactive",
        "UNCONN" => "unconnected",
        _ => return None,
    })
}
