//! On a terminal: `TIME_WAIT` is folded away unless asked for, and columns fit what is in them.

use pree_testkit::{Case, Failed, Need, Truth};

use crate::flags::same_rows;
use crate::run::Terminal;
use crate::table::{self, Form, USUAL};
use crate::truth::{self, FULL};
use crate::{json, population, run};

pub fn cases() -> Vec<Case> {
    let lab = |name, run: fn() -> Result<(), Failed>| {
        Case::new(name, run).lab().needs(Need::Ipv6).needs(Need::Veth)
    };
    vec![
        lab("terminal_folds_time_wait_away", folds),
        lab("terminal_tells_what_is_folded_away", footer),
        lab("terminal_columns_fit", columns_fit),
        lab("terminal_that_is_narrow_loses_no_address", narrow),
        lab("terminal_colours_change_nothing_else", colours),
    ]
}

/// Only where somebody sits.
fn footer() -> Result<(), Failed> {
    let all = population::everything()?;
    let folded = all.truth().iter().filter(|truth| truth.state == "time_wait").count();
    let both = Terminal { messages: true, ..Terminal::default() };
    for (words, expected) in [("", 1), ("-t", 1), ("-a", 0), ("-l", 0), ("-u", 0), ("--json", 0), ("-q", 0)] {
        let answer = run::judge(run::on(both, words)?)?.code(0)?;
        let footers = answer.out.lines().filter(|line| *line == format!("{folded} time-wait (-a)")).count();
        let time_wait = answer.out.contains("TIME-WAIT");
        if footers != expected || time_wait != (words == "-a") {
            return Err(format!("pree {words}: {footers} footers in\n{}", answer.out).into());
        }
    }
    Ok(())
}

fn narrow() -> Result<(), Failed> {
    let all = population::everything()?;
    for columns in [1, 10, 40, 60, 80, 100] {
        let narrow = Terminal { columns, ..Terminal::default() };
        let out = run::judge(run::on(narrow, "-a")?)?.whole()?.out;
        if out.lines().count() != all.truth().len() + 1 {
            return Err(format!("{columns} columns: rows are missing\n{out}").into());
        }
        for truth in all.truth() {
            let local = truth.shown_local()?;
            let whole = |line: &str| line.split_whitespace().any(|word| word == local);
            if !out.lines().any(whole) {
                return Err(format!("{columns} columns: no {local}\n{out}").into());
            }
        }
        // Wider than the terminal are only rows whose addresses are unusually long.
        let wide = |line: &&str| line.chars().count() > usize::from(columns) && !line.contains('[');
        if let Some(line) = out.lines().find(wide).filter(|_| columns >= 80) {
            return Err(format!("{columns} columns: {line:?}").into());
        }
    }
    Ok(())
}

fn colours() -> Result<(), Failed> {
    let _all = population::everything()?;
    let xterm = Terminal { name: Some("xterm"), ..Terminal::default() };
    let plain = run::on_terminal("-a")?.whole()?.out;
    for (terminal, words, expected) in [
        (xterm, "-a", true),
        (xterm, "-a --color never", false),
        (Terminal { name: Some("dumb"), ..xterm }, "-a", false),
        (Terminal::default(), "-a --color always", true),
    ] {
        let mut output = run::on(terminal, words)?;
        let shown = String::from_utf8(output.stdout)?;
        let colourless = shown.replace("\u{1b}[35m", "").replace("\u{1b}[0m", "");
        if (colourless != shown) != expected {
            return Err(format!("{words} on {terminal:?}: {shown:?}").into());
        }
        // Nothing but colours was added.
        output.stdout = colourless.into_bytes();
        same_rows(
            words,
            &table::parse(&plain, USUAL)?,
            &table::parse(&run::judge(output)?.whole()?.out, USUAL)?,
        )?;
    }
    Ok(())
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
    let columns = shown.lines().next().unwrap_or_default().split_whitespace().count();
    // One more where an alarm stands behind the owner: its heading is empty.
    let alarms = usize::from(lines.iter().any(|line| line.contains(" ! ")));
    if gaps.len() + 1 < columns || gaps.len() + 1 > columns + 2 * alarms {
        return Err(format!("{} gaps between {columns} columns in\n{shown}", gaps.len()).into());
    }
    // Numbers stand right: no queue has a blank behind it.
    let left = |line: &&&str| [2, 3].iter().any(|column| blank(line, gaps[*column] - 1));
    if let Some(line) = lines.iter().find(left) {
        return Err(format!("a queue does not stand right: {line:?}").into());
    }
    // Whether anything was sent that tells of a score changes from one look to the next.
    let bare = run::on_terminal("-aH")?.whole()?.out;
    let is_read = |judged| table::parse(&bare, Form { heading: false, judged, ..USUAL }).is_ok();
    if !(0..=2).any(is_read) {
        return Err(format!("rows that cannot be read\n{bare}").into());
    }
    Ok(())
}
