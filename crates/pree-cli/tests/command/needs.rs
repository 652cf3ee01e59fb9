//! A filter finds what it names whatever is shown of it: what it must know is asked for though no output shows it.

use std::collections::BTreeSet;

use pree::{Filter, Needs};
use pree_testkit::{Case, Failed, Need, lab};
use serde_json::Value;

use crate::folder::Folder;
use crate::{population, run};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("every_output_finds_what_a_filter_names_owners_by", owners).lab().needs(Need::Ipv6),
        Case::new("filters_about_owners_are_refused_where_none_are_looked_for", refused),
    ]
}

/// How many sockets an output says that there are.
type Counted = fn(&str) -> Option<usize>;

fn lines(out: &str) -> Option<usize> {
    Some(out.lines().count())
}

fn number(out: &str) -> Option<usize> {
    out.split_whitespace().next()?.parse().ok()
}

/// The numbers of all groups, which stand behind what the sockets of each have in common.
fn groups(out: &str) -> Option<usize> {
    out.lines().map(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok()).sum()
}

fn document(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_default()
}

fn total(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

fn sockets(out: &str) -> Option<usize> {
    Some(document(out)["sockets"].as_array()?.len())
}

/// All but the last line, which says how complete the answer is.
fn json_lines(out: &str) -> Option<usize> {
    out.lines().count().checked_sub(1)
}

const OUTPUTS: &[(&str, Counted)] = &[
    ("-H", lines),
    ("--count", number),
    ("--count --json", |out| total(&document(out)["count"])),
    ("-H -c local", lines),
    ("-H -c local --sort local", lines),
    ("--format {local}", lines),
    ("-H -g state", groups),
    ("-H -g uid", groups),
    ("-H --csv -c local", lines),
    ("-H --tsv -c local", lines),
    ("--json -c local", sockets),
    ("--jsonl -c local", json_lines),
    ("--owners first -H -c local", lines),
    ("--owners first -H -c pid", lines),
    ("-s", number),
    ("-s --json", |out| total(&document(out)["summary"]["sockets"])),
    ("explain --json", sockets),
];

/// Outputs that say only whether there are any.
const QUIET: &[&str] = &["-q", "-q -c local", "-q --json", "-s -q", "explain -q"];

/// Keys that no TCP or UDP socket here has a value of.
const OF_OTHERS: &[&str] = &["fds_in_flight", "io_uring"];

fn owners() -> Result<(), Failed> {
    let all = population::few()?;
    // In a container and a pod, whatever this machine has.
    let cgroup = "0::/kubepods.slice/kubepods-pod12345678_1234_1234_1234_123456789abc.slice/crio-ID.scope\n";
    let cgroup = cgroup.replace("ID", &"0123456789abcdef".repeat(4));
    let pids: BTreeSet<u32> =
        all.truth().iter().flat_map(|truth| &truth.owners).map(|(pid, _)| *pid).collect();
    for pid in pids {
        lab::cover_file(&format!("/proc/{pid}/cgroup"), cgroup.as_bytes())?;
    }
    let folder = Folder::new("needs")?;
    let recording = folder.file("all");
    run::pree(&format!("capture {recording}"))?.code(0)?;
    let places = [String::new(), format!("--replay {recording}")];

    let about_owners = |filter: &str| {
        let filter = filter.parse::<Filter>();
        filter.is_ok_and(|filter| filter.needs().intersects(Needs::FROM_OWNERS))
    };
    let mut filters = Vec::new();
    for key in Filter::keys().filter(|key| !OF_OTHERS.contains(key)) {
        let filter = format!("has {key}");
        if about_owners(&filter) {
            filters.push(filter);
        }
    }
    for key in ["pid", "process", "fd", "thread", "started", "ppid", "puid", "exe", "cmd", "peer"] {
        if !filters.contains(&format!("has {key}")) {
            return Err(format!("{key} is not about owners: {filters:?}").into());
        }
    }
    // By the owner that is not the first.
    let listed = document(&run::pree("--json")?.code(0)?.out);
    let sockets = listed["sockets"].as_array().ok_or("no sockets")?;
    let second = sockets.iter().find_map(|socket| socket["owners"].get(1)).ok_or("none is shared")?;
    let word = |member: &str| second[member].as_str().map(str::to_owned);
    let id = |member: &str| second[member].as_u64().map(|id| id.to_string());
    let pid = id("pid").ok_or("no pid")?;
    for (key, value) in
        [("pid=", id("pid")), ("fd=", id("fd")), ("ppid=", id("parent")), ("process=", word("name"))]
    {
        filters.push(format!("{key}{}", value.ok_or_else(|| format!("no {key}"))?));
    }
    filters.push(format!("pid={pid} state listen,unconnected,established"));
    filters.push(format!("not pid=1 pid={pid} or pid={pid}"));
    // In quotes no word is a key.
    filters.push(format!("\"{}\"", word("name").ok_or("no name")?));

    for filter in &filters {
        let expected = lines(&run::pree(&format!("-H {filter}"))?.code(0)?.out).unwrap_or_default();
        if expected == 0 {
            return Err(format!("{filter} finds nothing, so the others prove nothing").into());
        }
        for place in &places {
            for (output, counted) in OUTPUTS {
                let words = words(output, place, filter);
                // CSV ends its lines as no other output does.
                let run = run::command(&words).output()?;
                let found = counted(&String::from_utf8(run.stdout)?);
                if found != Some(expected) {
                    return Err(format!("pree {words}: {found:?} instead of {expected}").into());
                }
            }
            for output in QUIET {
                run::pree(&words(output, place, filter))?.code(0)?.silent()?;
            }
        }
    }
    // Beside what the population knows.
    let truth =
        all.truth().iter().filter(|truth| truth.owners.iter().any(|(of, _)| of.to_string() == pid)).count();
    let found = lines(&run::pree(&format!("-H -c local pid={pid}"))?.out).unwrap_or_default();
    if truth == 0 || truth != found {
        return Err(format!("pid {pid} holds {truth}, found {found}").into());
    }
    Ok(())
}

fn words(output: &str, place: &str, filter: &str) -> String {
    format!("{output} {place} {filter}")
}

fn refused() -> Result<(), Failed> {
    for filter in [
        "pid=1",
        "process=x",
        "cmd~x",
        "fd>2",
        "ppid=1",
        "has pid",
        "peer=x",
        "nginx",
        "not pid=1 or sport=1",
    ] {
        for command in ["list", "summary", "explain", "list --count", "list -q", "list --json"] {
            let words = format!("{command} --owners none {filter}");
            let answer =
                run::pree(&words)?.code(2).and_then(|answer| answer.tells("--owners none")?.silent());
            answer.map_err(|failed| run::while_doing(&words, failed))?;
        }
    }
    run::pree("--owners none sport=1 state listen")?.code(0)?;
    Ok(())
}
