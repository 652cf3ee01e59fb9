//! What pree prints it reads: every value of every field, pasted into a filter, finds its socket.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use pree::field::{self, Field, Section};
use pree::source::Recording;
use pree::{Filter, Needs, Protocols, Query, Socket};
use pree_testkit::packet::join_fanout;
use pree_testkit::{Case, Failed, Need};
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, connect, getsockname, ipproto, listen, socket_with,
};
use serde_json::Value;

use crate::folder::Folder;
use crate::{population, run};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("what_is_printed_of_this_machine_finds_its_socket", live)
            .lab()
            .needs(Need::Ipv6)
            .needs(Need::Veth),
        Case::new("what_is_printed_of_recordings_finds_its_socket", recorded),
    ]
}

fn live() -> Result<(), Failed> {
    let _all = population::everything()?;
    let folder = Folder::new("pasted")?;
    let _unix = UnixListener::bind(folder.file("with a space"))?;
    let _abstract = UnixListener::bind_addr(&SocketAddr::from_abstract_name("a \"b\" \n\u{200b}")?)?;
    let _judged = transfer()?;
    let _families = families()?;
    let file = folder.file("all");
    run::pree(&format!("capture {file} -q"))?.code(0)?;
    let seen = all_of(Path::new(&file))?;
    every_field_asks_for_what_it_needs()?;
    // How a value is written and read follows from its unit.
    for field in in_one_look() {
        let is_seen = |other: &Field| other.unit == field.unit && seen.contains(other.name);
        if !field::all().any(is_seen) {
            return Err(format!("no {:?} was printed, as {} is", field.unit, field.name).into());
        }
    }
    for name in [
        "src", "dev", "id", "inode", "pid", "process", "cmd", "started", "path", "netns", "peer", "local",
        "owner", "unowned",
    ] {
        if !seen.contains(name) {
            return Err(format!("{name} was never printed: {seen:?}").into());
        }
    }
    Ok(())
}

/// A field is known alone where it is known beside all others, of which one may have asked for what another needs.
fn every_field_asks_for_what_it_needs() -> Result<(), Failed> {
    // Which row it is; these are told of every row, whatever is asked for.
    const WHICH: &str = "protocol,inode,src,sport,dst,dport,path";
    let rows = |names: &str| -> Result<Vec<csv::StringRecord>, Failed> {
        // States that do not end by themselves while the test looks.
        let states = "state=listen,established,unconnected,bound-inactive";
        let words = format!("-A tcp,udp,unix,packet,mptcp --csv -c {WHICH},{names} {states}");
        // CSV ends its lines as no other output does.
        let out = run::command(&words).output()?.stdout;
        Ok(csv::Reader::from_reader(out.as_slice()).records().collect::<Result<_, _>>()?)
    };
    let which = WHICH.split(',').count();
    // Timers and judgements come and go.
    let stands = |field: &&Field| !matches!(field.section, Section::Timer | Section::Quality);
    let names: Vec<&str> = in_one_look().filter(stands).map(|field| field.name).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| WHICH.split(',').all(|of| of != *name)).collect();
    let together = rows(&names.join(","))?;
    let mut known = 0;
    for (at, name) in names.iter().enumerate() {
        let one = |row: &csv::StringRecord, at: usize| -> Vec<String> {
            let is_known = row.get(which + at).is_some_and(|cell| !cell.is_empty());
            row.iter().take(which).map(str::to_owned).chain([is_known.to_string()]).collect()
        };
        let mut expected: Vec<_> = together.iter().map(|row| one(row, at)).collect();
        let mut alone: Vec<_> = rows(name)?.iter().map(|row| one(row, 0)).collect();
        expected.sort();
        alone.sort();
        known += usize::from(expected.iter().any(|row| row.last().is_some_and(|cell| cell == "true")));
        let differ = expected.iter().zip(&alone).find(|(expected, alone)| expected != alone);
        if let Some((expected, alone)) = differ {
            return Err(format!("-c {name} alone: {alone:?}, beside all others: {expected:?}").into());
        }
        if alone.len() != expected.len() || alone.is_empty() {
            return Err(format!("-c {name}: {} rows, not {}", alone.len(), expected.len()).into());
        }
    }
    if known < 80 { Err(format!("only {known} fields have any value").into()) } else { Ok(()) }
}

/// What not every kernel has: MPTCP and vsock; and packet sockets that share what comes.
fn families() -> Result<Vec<OwnedFd>, Failed> {
    let mut sockets = Vec::new();
    let open = |family, kind, protocol| socket_with(family, kind, SocketFlags::CLOEXEC, protocol);
    if let Ok(listener) = open(AddressFamily::INET, SocketType::STREAM, Some(ipproto::MPTCP)) {
        bind(&listener, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
        listen(&listener, 4)?;
        let client = open(AddressFamily::INET, SocketType::STREAM, Some(ipproto::MPTCP))?;
        connect(&client, &getsockname(&listener)?)?;
        sockets.extend([listener, client]);
    }
    if let Ok(vsock) = pree_testkit::vsock::connection(70_000) {
        sockets.extend([vsock.listener, vsock.client, vsock.accepted]);
    }
    // ETH_P_ALL.
    let every = NonZeroU32::new(u16::to_be(3).into()).map(rustix::net::Protocol::from_raw);
    for _ in 0..2 {
        let packet = open(AddressFamily::PACKET, SocketType::RAW, every)?;
        join_fanout(&packet, 7, 0)?;
        sockets.push(packet);
    }
    Ok(sockets)
}

/// A connection that has sent enough to be judged.
fn transfer() -> Result<(TcpStream, TcpStream), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut near = TcpStream::connect(listener.local_addr()?)?;
    let (mut far, _) = listener.accept()?;
    let mut buffer = vec![0; 64 * 1024];
    for _ in 0..200 {
        near.write_all(&buffer)?;
        far.read_exact(&mut buffer)?;
    }
    Ok((near, far))
}

fn recorded() -> Result<(), Failed> {
    let mut seen = BTreeSet::new();
    for file in recordings()? {
        seen.extend(all_of(&file)?);
    }
    for name in ["snd_wnd", "peer", "started", "counts_since"] {
        if !seen.contains(name) {
            return Err(format!("{name} was never printed: {seen:?}").into());
        }
    }
    Ok(())
}

fn recordings() -> Result<Vec<PathBuf>, Failed> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../");
    let mut files = Vec::new();
    for folder in ["pree/tests/golden", "pree-wire/tests/golden"] {
        let mut folders = vec![PathBuf::from(root).join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if fs::read(&path)?.starts_with(&Recording::MAGIC) {
                    files.push(path);
                }
            }
        }
    }
    if files.len() >= 3 { Ok(files) } else { Err(format!("{files:?}").into()) }
}

/// Fields that a single look can tell.
fn in_one_look() -> impl Iterator<Item = &'static Field> {
    field::all().filter(|field| !field.takes_time && !field.is_of_events())
}

/// Everything that is printed of a recording, in each form. The fields that were.
fn all_of(file: &Path) -> Result<BTreeSet<&'static str>, Failed> {
    let sockets = sockets(file)?;
    let mut printed =
        Printed { sockets: &sockets, filters: BTreeMap::new(), seen: BTreeSet::new(), failures: Vec::new() };
    let names: Vec<&'static str> =
        in_one_look().map(|field| field.name).chain(["local", "remote", "owner", "unowned"]).collect();
    let shown = file.display().to_string();
    let printed_by = |mut command: Command| -> Result<String, Failed> {
        let output = command.args(["-A", "all", "--replay", &shown]).output()?;
        let code = output.status.code();
        if !matches!(code, Some(0 | 3)) {
            return Err(format!("{command:?}: {code:?}, {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    };
    let print = |words: &str| printed_by(run::command(words));
    printed.csv(&names, "", &print(&format!("--tsv -H -c {}", names.join(",")))?)?;
    let mut template = run::command("--format");
    template.arg(names.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join("\t"));
    printed.csv(&names, "-", &printed_by(template)?)?;
    for units in ["", "--raw-units"] {
        for name in &names {
            printed.table(name, &print(&format!("-H -c {name} {units}"))?)?;
        }
    }
    printed.json(&print(&format!("--jsonl -c {}", names.join(",")))?)?;
    if printed.failures.is_empty() {
        return Ok(printed.seen);
    }
    printed.failures.sort();
    printed.failures.dedup();
    Err(format!("{shown}\n{}", printed.failures.join("\n")).into())
}

fn sockets(file: &Path) -> Result<Vec<Socket>, Failed> {
    let recording = Recording::from_bytes(&fs::read(file)?).map_err(|error| error.to_string())?;
    let needs = field::all().fold(Needs::empty(), |needs, field| needs | field.needs);
    let mut sockets = Vec::new();
    let query = Query::new().protocols(Protocols::all()).needs(needs).owners();
    query
        .visit_from(&mut recording.replay(), |socket| {
            sockets.push(socket.clone());
            ControlFlow::Continue(())
        })
        .map_err(|error| error.to_string())?;
    if sockets.is_empty() { Err("no sockets".into()) } else { Ok(sockets) }
}

struct Printed<'s> {
    sockets: &'s [Socket],
    /// Each text is read once.
    filters: BTreeMap<String, Option<Filter>>,
    seen: BTreeSet<&'static str>,
    failures: Vec<String>,
}

impl Printed<'_> {
    /// `KEY=VALUE`, the value as a filter has it.
    fn filter(&mut self, name: &'static str, value: &str) -> Option<Filter> {
        let text = format!("{name}={value}");
        self.seen.insert(name);
        let filter = self.filters.entry(text.clone()).or_insert_with(|| text.parse().ok()).clone();
        if filter.is_none() {
            self.failures.push(format!("{text} is no filter"));
        }
        filter
    }

    /// It finds the socket.
    fn finds(&mut self, name: &'static str, value: &str, socket: &Socket) {
        if self.filter(name, value).is_some_and(|filter| !filter.matches(socket)) {
            self.failures.push(format!("{name}={value} does not find its socket"));
        }
    }

    /// TSV and templates: values for programs, escaped, without quotes.
    fn csv(&mut self, names: &[&'static str], unknown: &str, text: &str) -> Result<(), Failed> {
        let lines: Vec<&str> = text.lines().collect();
        self.same_number(lines.len(), "--tsv")?;
        for (line, socket) in lines.into_iter().zip(self.sockets) {
            for (name, cell) in names.iter().zip(line.split('\t')) {
                // Addresses, owners and lists are as in tables; other texts have the escapes, without quotes.
                let is_as_in_tables = matches!(*name, "local" | "remote" | "peer" | "owner" | "issue");
                let value = format!("\"{}\"", cell.replace('"', "\\\""));
                if cell != unknown {
                    self.finds(name, if is_as_in_tables { cell } else { &value }, socket);
                }
            }
        }
        Ok(())
    }

    /// A table of one column: values for people, in quotes where they need some. What takes less to find out comes in
    /// another order, so here as many must be found as are shown.
    fn table(&mut self, name: &'static str, text: &str) -> Result<(), Failed> {
        self.same_number(text.lines().count(), name)?;
        let mut shown: BTreeMap<String, usize> = BTreeMap::new();
        for cell in text.lines().map(str::trim) {
            // Unknown, or no other end.
            if matches!(cell, "" | "-") || (name == "remote" && cell == "*") {
                continue;
            }
            // The share beside the name of the greatest is for people.
            let cell = if name == "limited" { cell.split(' ').next().unwrap_or_default() } else { cell };
            // Arguments with spaces between are one value.
            let is_one = !cell.contains(' ') || (cell.contains('"') && name != "cmd");
            *shown.entry(if is_one { cell.to_owned() } else { quoted(cell) }).or_default() += 1;
        }
        for (value, shown) in shown {
            if let Some(filter) = self.filter(name, &value) {
                let found = self.sockets.iter().filter(|socket| filter.matches(socket)).count();
                if found < shown {
                    self.failures.push(format!("{name}={value} finds {found} of {shown}"));
                }
            }
        }
        Ok(())
    }

    fn json(&mut self, text: &str) -> Result<(), Failed> {
        let mut rows: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        rows.pop();
        self.same_number(rows.len(), "--jsonl")?;
        for (row, socket) in rows.iter().zip(self.sockets) {
            if let Value::String(reason) = &row["unowned"] {
                self.finds("unowned", reason, socket);
            }
            for field in field::all() {
                for value in members(field, row) {
                    let text = match value {
                        Value::String(text) => quoted(text),
                        Value::Number(_) | Value::Bool(_) => value.to_string(),
                        _ => continue,
                    };
                    self.finds(field.name, &text, socket);
                }
            }
        }
        Ok(())
    }

    fn same_number(&self, lines: usize, what: &str) -> Result<(), Failed> {
        if lines == self.sockets.len() {
            return Ok(());
        }
        Err(format!("{what}: {lines} lines for {} sockets", self.sockets.len()).into())
    }
}

/// As the language has a text.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Where JSON has a field.
fn members<'v>(field: &Field, row: &'v Value) -> Vec<&'v Value> {
    let object = match field.section {
        Section::Socket => row,
        Section::Local => &row["local"],
        Section::Remote => &row["remote"],
        Section::Netns => &row["netns"],
        Section::Unix => &row["unix"],
        Section::Packet => &row["packet"],
        Section::Netlink => &row["netlink"],
        Section::Mptcp => &row["mptcp"],
        Section::Listen => &row["listen"],
        Section::Timer => &row["timer"],
        Section::Memory => &row["memory"],
        Section::Tcp => &row["tcp"],
        Section::Peer if field.key == "inode" => &row["peer"],
        Section::Peer | Section::Owner => {
            let owners = if field.section == Section::Peer { &row["peer"]["owners"] } else { &row["owners"] };
            let owners = owners.as_array().into_iter().flatten();
            return owners.map(|owner| &owner[field.key]).collect();
        }
        // The judgement has an order of its own there: what is waited for most is not said.
        Section::Quality => {
            let judgement = &row["quality"];
            return match field.name {
                "loss" => vec![&judgement["loss"]["value"]],
                "issue" => judgement["findings"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|found| &found["name"])
                    .collect(),
                _ => vec![&judgement[field.key]],
            };
        }
        _ => return Vec::new(),
    };
    // What is not UTF-8 is told in bytes, too.
    let is_exact = object[format!("{}_bytes", field.key)].is_null();
    if is_exact { vec![&object[field.key]] } else { Vec::new() }
}
