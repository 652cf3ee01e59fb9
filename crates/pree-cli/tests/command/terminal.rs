//! On a terminal: `TIME_WAIT` is folded away unless asked for, and columns fit what is in them.

use pree_testkit::{Case, Failed, Need, Truth};

use crate::flags::same_rows;
use crate::table::{self, Form, USUAL};
use crate::truth::{self, FULL};
use crate::{json, population, run};

pub fn cases() -> Vec<Case> {
    let lab = |name, run: fn() -> Result<(), Failed>| {
        Case::new(name, run).lab().needs(Need::Ipv6).needs(Need::Veth)
    };
    vec![lab("terminal_folds_time_wait_away", folds), lab("terminal_columns_fit", columns_fit)]
}

fn folds() -> Result<(), Failed> {
    let all = population::everything()?;
    let folded = |truth: &&Truth| truth.state != "time_wait";
    for (flags, all_states) in [("", false), ("-t", false), ("-tinp", false), ("-a", true), ("-ta", true)] {
        let rows = table::parse(&run::on_terminal(flags)?.whole()?.out, USUAL)?;
        let protocol = |truth: &&Truth| !flags.contains('t') || truth.protocol == "tcp";
        let expected = all.truth().iter().filter(protocol).filter(|truth| all_states || folded(truth));
        truth::same(expected, &rows, FULL).map_err(|failed| run::while_doing(flags, failed))?;
    }
    // Machines are told everything, wherever they read.
    for flag in ["--json", "--jsonl"] {
        let shown = run::on_terminal(flag)?.whole()?;
        let piped = run::pree(flag)?.whole()?;
        let read = if flag == "--json" { json::document } else { json::lines };
        let (shown, piped) = (read(&shown.out)?.whole()?.rows()?, read(&piped.out)?.whole()?.rows()?);
        truth::same(all.truth(), &shown, FULL)?;
        same_rows("a pipe", &shown, &piped)?;
    }
    Ok(())
}

fn columns_fit() -> Result<(), Failed> {
    let _all = population::everything()?;
    let shown = run::on_terminal("-a")?.whole()?.out;
    table::parse(&shown, USUAL)?;
    let lines: Vec<&str> = shown.lines().collect();
    let blank = |line: &str, at: usize| line.as_bytes().get(at).is_none_or(|byte| *byte == b' ');
    // Nothing in this lab has blanks in it, so where all lines have one is between two columns: one blank each.
    let widest = lines.iter().map(|line| line.len()).max().unwrap_or(0);
    let gaps: Vec<usize> = (0..widest).filter(|at| lines.iter().all(|line| blank(line, *at))).collect();
    if gaps.len() != 6 {
        return Err(format!("{} gaps instead of 6 in\n{shown}", gaps.len()).into());
    }
    // Numbers stand right: no queue has a blank behind it.
    let left = |line: &&&str| [2, 3].iter().any(|column| blank(line, gaps[*column] - 1));
    if let Some(line) = lines.iter().find(left) {
        return Err(format!("a queue does not stand right: {line:?}").into());
    }
    table::parse(&run::on_terminal("-aH")?.whole()?.out, Form { heading: false, ..USUAL })?;
    Ok(())
}
