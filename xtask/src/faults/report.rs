//! The table of what came of the faults: on the terminal, and in `docs/faults.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::errnos::{ERRNOS, SHORT};
use super::judge::Verdict;
use crate::{Result, cargo};

const PAGE: &str = "docs/faults.md";

/// What came of each fault, by command and call.
pub(crate) type Seen = BTreeMap<(String, String), Vec<(String, Verdict)>>;

/// Prints what came of it; an error when anything was wrong and not said.
pub(crate) fn tell(seen: &Seen, short: bool, write: bool) -> Result<()> {
    let count =
        |wanted: fn(&Verdict) -> bool| seen.values().flatten().filter(|(_, verdict)| wanted(verdict)).count();
    let right = count(|verdict| *verdict == Verdict::Right);
    let told = count(|verdict| *verdict == Verdict::Told);
    let faults = count(|verdict| matches!(verdict, Verdict::Fault(_)));
    println!("{right} complete and right, {told} told, {faults} neither");
    if write {
        std::fs::write(cargo::root().join(PAGE), page(seen, short))
            .map_err(|error| format!("{PAGE}: {error}"))?;
    }
    if right == 0 || told == 0 {
        return Err("nothing was injected".to_owned());
    }
    if faults == 0 { Ok(()) } else { Err(format!("{faults} faults were neither made good nor told")) }
}

fn page(seen: &Seen, short: bool) -> String {
    let errnos: &[&str] = if short { &SHORT } else { &ERRNOS };
    let (name, which) = if short {
        ("--short --write", "the first")
    } else {
        ("--write", "all, or four from the first to the last")
    };
    let mut page = format!(
        "# Faults\n\n\
         What `cargo xtask faults {name}` found: each system call of the release build fails, one occurrence at a time\n\
         ({which}), with each of {} errors: {}.\n\
         strace does it, in namespaces of their own with five processes and known sockets. *Right*: the answer is complete and the\n\
         same as without the fault. *Told*: something is missing or failed, and standard error or `complete: false` says so. Anything\n\
         else (a quiet loss, a panic, a hang) would be a fault, and there are {}. Calls of the loader, the allocator and Rust's runtime\n\
         are left out: without memory or threads a program ends, by design.\n\n",
        errnos.len(),
        errnos.iter().map(|errno| format!("`{errno}`")).collect::<Vec<_>>().join(" "),
        seen.values().flatten().filter(|(_, verdict)| matches!(verdict, Verdict::Fault(_))).count(),
    );
    let mut by_command: BTreeMap<&str, Vec<(&str, [usize; 3])>> = BTreeMap::new();
    for ((command, call), verdicts) in seen {
        let mut counts = [0; 3];
        for (_, verdict) in verdicts {
            counts[match verdict {
                Verdict::Right => 0,
                Verdict::Told => 1,
                Verdict::Fault(_) => 2,
            }] += 1;
        }
        by_command.entry(command).or_default().push((call, counts));
    }
    for (command, calls) in by_command {
        let _ = writeln!(page, "## `pree {command}`\n\n| Call | Right | Told | Neither |\n|---|---|---|---|");
        for (call, [right, told, neither]) in calls {
            let _ = writeln!(page, "| `{call}` | {right} | {told} | {neither} |");
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}
