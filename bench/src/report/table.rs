//! The tables, in Markdown.

use std::fmt::Write;

use super::{Comparison, Report, Verdict, value};
use crate::rounds::Measured;
use crate::rows::{Figure, ROWS};
use crate::stats::Spread;

/// Versions, the comparisons, and the figures of each program.
pub(crate) fn markdown(report: &Report) -> String {
    let mut text = String::new();
    let machine = &report.machine;
    let kind = if machine.virtual_machine { ", a virtual machine" } else { "" };
    line(
        &mut text,
        &format!(
            "{}, {} processors, {} MiB, Linux {}{kind}.\n",
            machine.processor, machine.processors, machine.memory_mib, machine.kernel
        ),
    );
    let programs = report.programs.iter().map(|program| match (&program.version, &program.absent) {
        (_, Some(why)) => format!("{}: absent ({why})", program.name),
        (Some(version), None) => format!("{}: {version}", program.name),
        _ => program.name.to_owned(),
    });
    line(&mut text, &format!("{}.\n", programs.collect::<Vec<_>>().join("; ")));
    line(
        &mut text,
        "A ratio is pree's figure by the other's, the median of the pairs; half of the pairs lie within the brackets.\n",
    );
    line(&mut text, "| sockets | work | pree | other | ratio | limit | |");
    line(&mut text, "|--:|---|--:|--:|--:|--:|---|");
    for comparison in &report.comparisons {
        line(&mut text, &row(comparison));
    }
    for taken in &report.populations {
        let population = &taken.population;
        line(
            &mut text,
            &format!(
                "\n{}: {} TCP sockets ({} IPv6, {} listeners) and {} UDP sockets in {} processes; {} other descriptors in {} more.\n",
                size(taken.size),
                population.tcp,
                population.tcp6,
                population.listeners,
                population.udp,
                population.processes,
                population.idle_descriptors,
                population.idle_processes
            ),
        );
        line(
            &mut text,
            "| program | beside | runs | CPU ms | user | system | wall ms | peak RSS MiB | lines |",
        );
        line(&mut text, "|---|---|--:|--:|--:|--:|--:|--:|--:|");
        for measured in &taken.measured {
            line(&mut text, &figures(measured));
        }
        for failed in &taken.failed {
            line(&mut text, &format!("| `{}` | | 0 | {} | | | | | |", failed.label, one(&failed.why)));
        }
    }
    text
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn row(comparison: &Comparison) -> String {
    let figure = |spread: Option<Spread>| {
        spread.map_or("-".to_owned(), |spread| match comparison.figure {
            "cpu_ms" => format!("{} ms", number(spread.median)),
            "peak_rss_kib" => format!("{:.1} MiB", spread.median / 1024.0),
            _ => format!("{:.1} %", spread.median),
        })
    };
    let beside = comparison.other.as_ref().map_or(String::new(), |other| format!(" : `{other}`"));
    let ratio = comparison.ratio.map_or("-".to_owned(), |ratio| {
        format!("{} [{} {}]", number(ratio.median), number(ratio.low), number(ratio.high))
    });
    let limit =
        comparison.limit.map_or(String::new(), |limit| match (&comparison.other, comparison.figure) {
            (Some(_), _) => number(limit),
            (None, "cpu_ms") => format!("{limit} s"),
            (None, "peak_rss_kib") => format!("{} MiB", limit / 1024.0),
            (None, _) => format!("{} %", limit * 100.0),
        });
    let verdict = match comparison.verdict {
        Verdict::Met => "met".to_owned(),
        Verdict::NotMet => "**not met**".to_owned(),
        Verdict::Told => String::new(),
        Verdict::NotMeasured => {
            format!("not measured: {}", one(comparison.why.as_deref().unwrap_or("no run")))
        }
    };
    format!(
        "| {} | {}: `{}`{beside} | {} | {} | {ratio} | {limit} | {verdict} |",
        size(comparison.size),
        comparison.work,
        comparison.ours,
        figure(comparison.ours_figure),
        figure(comparison.other_figure)
    )
}

fn figures(measured: &Measured) -> String {
    let spread = |value: &dyn Fn(&crate::measure::Run) -> f64| {
        let spread = Spread::of(measured.runs.iter().map(value));
        spread.map_or("-".to_owned(), |spread| number(spread.median))
    };
    let beside = if measured.beside == measured.label { "" } else { &measured.beside };
    let cpu = Spread::of(measured.runs.iter().map(|run| value(Figure::Cpu, run)));
    let cpu = cpu.map_or("-".to_owned(), |cpu| {
        format!("{} [{} {}]", number(cpu.median), number(cpu.low), number(cpu.high))
    });
    format!(
        "| `{}` | {} | {} | {cpu} | {} | {} | {} | {} | {} |",
        measured.label,
        if beside.is_empty() { String::new() } else { format!("`{beside}`") },
        measured.runs.len(),
        spread(&|run| run.user_us as f64 / 1e3),
        spread(&|run| run.system_us as f64 / 1e3),
        spread(&|run| run.wall_us as f64 / 1e3),
        spread(&|run| run.peak_rss_kib as f64 / 1024.0),
        measured.lines
    )
}

/// A line of progress.
pub(crate) fn one_line(measured: &Measured) -> String {
    let cpu = Spread::of(measured.runs.iter().map(|run| value(Figure::Cpu, run)));
    let rss = Spread::of(measured.runs.iter().map(|run| value(Figure::PeakRss, run) / 1024.0));
    format!(
        "{:<44} {:>9} ms CPU {:>7} MiB  {} runs",
        measured.label,
        cpu.map_or("-".to_owned(), |cpu| number(cpu.median)),
        rss.map_or("-".to_owned(), |rss| number(rss.median)),
        measured.runs.len()
    )
}

/// The comparisons and their limits, without any run.
pub(crate) fn limits() -> String {
    let mut text = String::new();
    for row in ROWS {
        let _ = write!(text, "{}: {}", row.work, row.ours.label());
        if let Some(other) = row.other {
            let _ = write!(text, " : {}", other.label());
        }
        for (at, limit) in row.limits {
            let _ = write!(text, "   {} ≤ {}", size(*at), number(*limit));
        }
        text.push('\n');
    }
    text
}

/// Three digits that matter.
pub(super) fn number(value: f64) -> String {
    let digits = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

pub(super) fn size(sockets: u32) -> String {
    match sockets {
        0 => "almost none".to_owned(),
        1_000_000.. => format!("{} M", sockets / 1_000_000),
        _ => format!("{} k", sockets / 1_000),
    }
}

/// Text from a program as one cell.
fn one(text: &str) -> String {
    text.replace('|', "/")
}
