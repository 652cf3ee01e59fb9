//! Processes whose names try to break whoever prints them: whole, exact and harmless in every output.

use std::collections::BTreeMap;

use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Case, Failed, Family, Socket, hostile};

use crate::rows::Row;
use crate::table::USUAL;
use crate::{clean, json, run, table};

/// Names that spell what others are escaped to.
const SPELT: [&[u8]; 8] = [
    b"two\\nlines",
    b"\\xff\\xfe\\x80",
    b"del\\u{7f}",
    b"\"\"",
    b"'-1",
    b"''single'",
    b"\"plain\"",
    b"tab\\tbed",
];

pub fn cases() -> Vec<Case> {
    vec![Case::new("hostile_process_names_are_exact_and_harmless_in_every_output", hostile_names).lab()]
}

fn hostile_names() -> Result<(), Failed> {
    // By the pid that owns it: the port and the name.
    let mut known: BTreeMap<u32, (u16, &[u8])> = BTreeMap::new();
    let mut holders = Vec::new();
    for name in hostile::NAMES.iter().chain(&SPELT) {
        let socket = Socket::tcp(Family::V4)?;
        socket.bind((Family::V4.loopback(), 0))?;
        socket.listen(1)?;
        let holder = Holder::start(HolderSpec::hold().name(name).inherit(&socket))?;
        known.insert(holder.pid(), (socket.local()?.port(), name));
        holders.push(holder);
    }
    for flags in ["-l", "-liemo", "-lH"] {
        let form = table::Form { heading: !flags.contains('H'), ..USUAL };
        for answer in [run::pree(flags)?, run::on_terminal(flags)?] {
            let out = answer.whole()?.out;
            if out.lines().count() != known.len() + usize::from(form.heading) {
                return Err(format!("{} lines for {} sockets", out.lines().count(), known.len()).into());
            }
            exact(&known, &table::parse(&out, form)?)?;
            printed_apart(&out, known.len())?;
        }
    }
    for terminal in [false, true] {
        let run = if terminal { run::on_terminal } else { run::pree };
        exact(&known, &json::document(&run("--json")?.whole()?.out)?.rows()?)?;
        let lines = run("--jsonl")?.whole()?.out;
        exact(&known, &json::lines(&lines)?.rows()?)?;
        if lines.lines().count() != known.len() + 1 {
            return Err("not a line a socket".into());
        }
    }
    // Formats without a reader here: harmless, a line a socket, and no two names alike.
    for words in ["--csv -c process", "--tsv -c process", "--format {process}", "-c process"] {
        let mut output = run::command(&format!("{words} -H")).output()?;
        // RFC 4180 ends lines so.
        if words.starts_with("--csv") {
            output.stdout = String::from_utf8(output.stdout)?.replace("\r\n", "\n").into_bytes();
        }
        let out = run::judge(output)?.whole()?.out;
        let mut names: Vec<&str> = out.lines().collect();
        let lines = names.len();
        names.sort_unstable();
        names.dedup();
        if (lines, names.len()) != (known.len(), known.len()) {
            return Err(format!("{words}: {lines} lines, {} names: {names:#?}", names.len()).into());
        }
    }
    Ok(())
}

/// Each name is at its own socket, byte for byte.
fn exact(known: &BTreeMap<u32, (u16, &[u8])>, rows: &[Row]) -> Result<(), Failed> {
    if rows.len() != known.len() {
        return Err(format!("{} rows for {} sockets", rows.len(), known.len()).into());
    }
    for row in rows {
        let [owner] = row.owners.as_slice() else { return Err(format!("not one owner: {row:?}").into()) };
        let expected = known.get(&owner.pid).copied();
        if expected != Some((row.local.port(), owner.name.as_slice())) {
            return Err(format!("{row:?} instead of {expected:?}").into());
        }
    }
    Ok(())
}

/// No two names look the same.
fn printed_apart(out: &str, count: usize) -> Result<(), Failed> {
    clean::check(out.as_bytes())?;
    let shown = |line: &str| -> Option<String> {
        let at = line.match_indices(['"', '[']).map(|(at, _)| at).next()?;
        let start = if line[at..].starts_with('"') { at } else { line[..at].rfind(' ')? + 1 };
        // Up to the last pid: what follows differs from row to row.
        let end = line.find("]/").map(|_| line.rmatch_indices("]/").last().map_or(0, |(at, _)| at))?;
        let name = line[start..end].rsplit_once('[')?.0;
        Some(name.to_owned())
    };
    let mut names: Vec<String> = out.lines().filter_map(shown).collect();
    names.sort();
    names.dedup();
    if names.len() == count {
        Ok(())
    } else {
        Err(format!("{} names for {count}: {names:#?}", names.len()).into())
    }
}
