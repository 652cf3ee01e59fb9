//! `ss` (iproute2 6.1) with the same words.

use std::collections::BTreeSet;
use std::process::Command;

use pree::{Filter, Query};
use pree_testkit::need::tool;
use pree_testkit::{Failed, oracle};

use crate::table::{difference, table};
use crate::world::{Id, Known, World, id_of, make_id};

/// ss shows no bound sockets and no UDP-Lite, and no peer whose port is 0.
fn shown(known: &Known) -> bool {
    !known.is("bound_inactive")
        && known.truth.protocol != "udplite"
        && known.truth.remote.is_none_or(|r| r.port() != 0)
}

fn ask(expression: &str) -> Result<Vec<oracle::ss::Row>, Failed> {
    let ss = tool("ss").ok_or("no ss")?;
    let output = Command::new(ss).arg("-HtuanpieOmo").args(expression.split_whitespace()).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || !errors.is_empty() {
        return Err(format!("ss {expression}: {errors}").into());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let parse = |line: &str| {
        let mut words = line.split_whitespace();
        let (protocol, second) = (words.next()?, words.next()?);
        if second.parse::<u64>().is_err() {
            return oracle::ss::parse(line);
        }
        // Where one state is asked for, ss leaves its column out.
        let state = match expression.split_whitespace().nth(1)? {
            "established" => "ESTAB".to_owned(),
            "listening" => "LISTEN".to_owned(),
            "closed" | "unconnected" => "UNCONN".to_owned(),
            "syn-rcv" => "SYN-RECV".to_owned(),
            other => other.to_ascii_uppercase(),
        };
        oracle::ss::parse(&line.replacen(protocol, &format!("{protocol} {state}"), 1))
    };
    text.lines().map(|line| parse(line).ok_or_else(|| format!("ss {expression}: {line}").into())).collect()
}

fn id_of_ss(row: &oracle::ss::Row) -> Id {
    let inode = Some(row.inode()).filter(|inode| *inode != 0);
    make_id(&row.protocol, row.state, row.local, row.remote, inode)
}

pub fn run(world: &World) -> Result<(), Failed> {
    let hidden: BTreeSet<Id> =
        world.expect(|known| known.truth.remote.is_some_and(|remote| remote.port() == 0));
    let mut failures = Vec::new();
    let mut asked = 0;
    for entry in table().0.iter().filter(|entry| entry.ss) {
        asked += 1;
        let ours: BTreeSet<Id> = world.expect(|known| (entry.expect)(known) && shown(known));
        if ours.is_empty() && !entry.trivial {
            failures.push(format!("{}: nothing that ss could show", entry.text));
        }
        let theirs: Vec<Id> = ask(&entry.text)?
            .iter()
            // The one whose peer has port 0.
            .filter(|row| !hidden.iter().any(|id| id.ends_with(&format!(" {}", row.inode()))))
            .map(id_of_ss)
            .collect();
        failures.extend(difference(&format!("ss {}", entry.text), &ours, &theirs));
    }
    assert!(asked >= 60, "{asked}");
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

/// Where ss answers differently, and pree does not follow: ss takes "no peer" for the address 0.0.0.0 and port 0, for
/// ss `and` binds no tighter than `or`, and ss calls a port the kernel's choice only within the range of such ports.
pub fn differences(world: &World) -> Result<(), Failed> {
    type Holds = fn(&Known) -> bool;
    let nobody: Holds = |_| false;
    // Expression; what ss shows and pree does not; what pree shows and ss does not.
    let table: [(&str, Holds, Holds); 7] = [
        ("dport < :1024", |k| k.dst().is_none(), nobody),
        ("dport <= 65535", |k| k.dst().is_none(), nobody),
        ("dst 0.0.0.0", |k| k.dst().is_none() && k.is_v4(), nobody),
        ("dst [::]", |k| k.dst().is_none() && !k.is_v4(), nobody),
        ("sport = :22 or sport = :80 and src 127.1.0.1", nobody, |k| k.sport() == 22),
        ("sport = :22 or sport = :80 src 127.1.0.1", nobody, |k| k.sport() == 22),
        ("autobound", nobody, |k| k.autobound && k.sport() < 32_768),
    ];
    for (text, only_theirs, only_ours) in table {
        let differ = world.expect(|known| shown(known) && (only_theirs(known) || only_ours(known)));
        assert!(!differ.is_empty(), "{text}: no socket on which they differ");
        let ours: BTreeSet<Id> =
            Query::new().filter(text.parse::<Filter>()?).collect()?.iter().map(id_of).collect();
        let theirs: BTreeSet<Id> = ask(text)?.iter().map(id_of_ss).collect();
        let both = world.expect(shown);
        for (who, more, less, expected) in
            [("ss", &theirs, &ours, only_theirs), ("pree", &ours, &theirs, only_ours)]
        {
            let got: Vec<Id> = both.intersection(more).filter(|id| !less.contains(*id)).cloned().collect();
            let expected = world.expect(|known| shown(known) && expected(known));
            if let Some(text) = difference(&format!("only {who} for {text}"), &expected, &got) {
                return Err(text.into());
            }
        }
    }
    Ok(())
}
