//! The comparisons: what pree is asked, what else is asked the same, and how the two must compare.
//!
//! Adding a comparison is adding an entry of `ROWS`; from it follow the runs, the tables and the chart.

use crate::measure::Sink;

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) tool: Tool,
    pub(crate) arguments: &'static [&'static str],
    pub(crate) sink: Sink,
}

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tool {
    Pree,
    Tick,
    Floor,
    Ss,
    Netstat,
    Lsof,
    Psutil,
    Netstat2,
    Listeners,
    Procfs,
    PreeV1,
}

impl Program {
    /// What one would type.
    pub(crate) fn label(&self) -> String {
        let mut label = self.tool.name().to_owned();
        for argument in self.arguments {
            let quote = if argument.contains(' ') { "'" } else { "" };
            label += &format!(" {quote}{argument}{quote}");
        }
        match self.sink {
            Sink::Null => label,
            Sink::Pipe => label + " (pipe)",
            Sink::Terminal => label + " (terminal)",
        }
    }
}

impl Tool {
    pub(crate) const ALL: [Tool; 11] = [
        Tool::Pree,
        Tool::Tick,
        Tool::Floor,
        Tool::Ss,
        Tool::Netstat,
        Tool::Lsof,
        Tool::Psutil,
        Tool::Netstat2,
        Tool::Listeners,
        Tool::Procfs,
        Tool::PreeV1,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Tool::Pree => "pree",
            Tool::Tick => "tick",
            Tool::Floor => "floor",
            Tool::Ss => "ss",
            Tool::Netstat => "netstat",
            Tool::Lsof => "lsof",
            Tool::Psutil => "psutil",
            Tool::Netstat2 => "netstat2",
            Tool::Listeners => "listeners",
            Tool::Procfs => "procfs",
            Tool::PreeV1 => "pree 1.0.0",
        }
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// User and system time of the whole process.
    Cpu,
    /// The largest resident size of the process.
    PeakRss,
    /// CPU time of a second of watching.
    CoreShare,
}

/// One comparison.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) work: &'static str,
    pub(crate) ours: Program,
    /// `None`: the figure itself is limited, in seconds, KiB or cores.
    pub(crate) other: Option<Program>,
    pub(crate) figure: Figure,
    /// TCP sockets of the population, and the most that the ratio ours / other may be there.
    pub(crate) limits: &'static [(u32, f64)],
    /// More populations to measure it at: there is no limit there.
    pub(crate) also: &'static [u32],
}

/// A population that is almost nothing.
pub(crate) const EMPTY: u32 = 0;
const K1: u32 = 1_000;
const K10: u32 = 10_000;
const K100: u32 = 100_000;
const M1: u32 = 1_000_000;

/// The filters below name it.
const _: () = assert!(crate::population::FIRST_PORT == 10_000);

const fn program(tool: Tool, arguments: &'static [&'static str]) -> Program {
    Program { tool, arguments, sink: Sink::Null }
}

const fn piped(program: Program) -> Program {
    Program { sink: Sink::Pipe, ..program }
}

const fn on_a_terminal(program: Program) -> Program {
    Program { sink: Sink::Terminal, ..program }
}

const FLOOR: Program = program(Tool::Floor, &[]);
const FLOOR_BPF: Program = program(Tool::Floor, &["--bpf"]);
const SS_TANPI: Program = program(Tool::Ss, &["-tanpi"]);
const SS_TANI: Program = program(Tool::Ss, &["-tani"]);
const SS_PORT: Program = program(Tool::Ss, &["-tlnp", "sport = :10000"]);
const SS_TLN: Program = program(Tool::Ss, &["-tln"]);
const LIST: Program = program(Tool::Pree, &["-tanpi", "--owners", "proc"]);
const LIST_BPF: Program = program(Tool::Pree, &["-tanpi", "--owners", "bpf"]);
const JSON: Program = program(Tool::Pree, &["--json", "--owners", "proc"]);
const JSON_BPF: Program = program(Tool::Pree, &["--json", "--owners", "bpf"]);
const JSONL: Program = program(Tool::Pree, &["--jsonl", "--owners", "proc"]);
const JSONL_BPF: Program = program(Tool::Pree, &["--jsonl", "--owners", "bpf"]);
const CSV: Program = program(Tool::Pree, &["--csv", "--owners", "proc"]);
const PORT: Program = program(Tool::Pree, &["port", "10000", "--owners", "proc"]);
const PORT_BPF: Program = program(Tool::Pree, &["port", "10000", "--owners", "bpf"]);
const ON_PORT: Program = program(Tool::Pree, &["-tlnp", "sport=:10000", "--owners", "proc"]);
const ON_PORT_BPF: Program = program(Tool::Pree, &["-tlnp", "sport=:10000", "--owners", "bpf"]);
const TICK: Program = program(Tool::Tick, &["3"]);

const fn row(
    work: &'static str,
    ours: Program,
    other: Program,
    figure: Figure,
    limits: &'static [(u32, f64)],
) -> Row {
    Row { work, ours, other: Some(other), figure, limits, also: &[] }
}

/// A peer without a limit of its own: how it compares is told.
const fn told(other: Program) -> Row {
    Row { also: &[K1, K10, K100], ..row("the same from a peer", LIST, other, Figure::Cpu, &[]) }
}

const fn alone(work: &'static str, ours: Program, figure: Figure, limits: &'static [(u32, f64)]) -> Row {
    Row { work, ours, other: None, figure, limits, also: &[] }
}

use Figure::{CoreShare, Cpu, PeakRss};

#[rustfmt::skip] // A table: one comparison an entry.
pub(crate) const ROWS: &[Row] = &[
    row("start", program(Tool::Pree, &["--version"]), SS_TLN, Cpu, &[(EMPTY, 1.0)]),
    row("an almost empty machine", program(Tool::Pree, &["-tln"]), SS_TLN, Cpu, &[(EMPTY, 1.0)]),

    Row { also: &[K1, M1], ..row("complete output against the floor", LIST, FLOOR, Cpu, &[(K10, 1.45), (K100, 1.3)]) },
    row("complete output against the floor, BPF", LIST_BPF, FLOOR_BPF, Cpu, &[(K10, 1.8), (K100, 1.6)]),
    row("complete output", LIST, SS_TANPI, Cpu, &[(K1, 0.6), (K10, 0.5), (K100, 1.0 / 9.0)]),
    row("complete output, BPF", LIST_BPF, SS_TANPI, Cpu, &[(K1, 0.4), (K10, 0.3), (K100, 1.0 / 20.0)]),
    Row { also: &[K1, K10], ..row("complete output", LIST, program(Tool::Netstat2, &[]), Cpu, &[(K100, 0.95)]) },
    row("complete output, BPF", LIST_BPF, program(Tool::Netstat2, &[]), Cpu, &[(K100, 1.0 / 3.0)]),
    Row { also: &[K1, K10], ..row("complete output", LIST, program(Tool::PreeV1, &[]), Cpu, &[(K100, 1.0 / 3.0)]) },
    row("complete output, BPF", LIST_BPF, program(Tool::PreeV1, &[]), Cpu, &[(K100, 1.0 / 6.0)]),
    Row { also: &[K1, K10], ..row("without owners", program(Tool::Pree, &["-tani", "--owners", "none"]), SS_TANI, Cpu,
        &[(K100, 1.0 / 3.5)]) },
    Row { also: &[K1, K10], ..row("one port, first owner",
        program(Tool::Pree, &["-tlnp", "sport=:10000", "--owners", "first"]), SS_PORT, Cpu, &[(K100, 1.0 / 4.0)]) },
    Row { also: &[K1], ..row("one port, all owners", PORT, SS_PORT, Cpu, &[(K10, 0.7), (K100, 1.0 / 2.0)]) },
    row("one port, all owners, BPF", PORT_BPF, SS_PORT, Cpu, &[(K10, 1.0 / 2.0), (K100, 1.0 / 12.0)]),
    Row { also: &[K1], ..row("one port, all owners", ON_PORT, SS_PORT, Cpu, &[(K10, 0.7), (K100, 1.0 / 2.0)]) },
    row("one port, all owners, BPF", ON_PORT_BPF, SS_PORT, Cpu, &[(K10, 1.0 / 2.0), (K100, 1.0 / 12.0)]),
    Row { also: &[K1, K10], ..row("one port, no owners",
        program(Tool::Pree, &["-tln", "sport=:10000", "--owners", "none"]), SS_TLN, Cpu, &[(K100, 1.0 / 20.0)]) },
    // The first process of the population.
    Row { also: &[K1, K10, K100], ..row("one process", program(Tool::Pree, &["-tan", "pid=2"]),
        program(Tool::Lsof, &["-nP", "-a", "-p", "2", "-iTCP"]), Cpu, &[]) },
    Row { also: &[K1, K10], ..row("JSON of everything", JSON, SS_TANPI, Cpu, &[(K100, 1.0 / 7.0)]) },
    row("JSON of everything, BPF", JSON_BPF, SS_TANPI, Cpu, &[(K100, 1.0 / 12.0)]),

    row("memory, table in a pipe", piped(LIST), SS_TANPI, PeakRss, &[(K10, 1.5), (K100, 0.5)]),
    row("memory, table in a pipe, BPF", piped(LIST_BPF), SS_TANPI, PeakRss, &[(K10, 1.5), (K100, 0.5)]),
    Row { also: &[K10], ..row("memory, JSON lines", JSONL, SS_TANPI, PeakRss, &[(K100, 0.5)]) },
    Row { also: &[K10], ..row("memory, CSV", CSV, SS_TANPI, PeakRss, &[(K100, 0.5)]) },
    Row { also: &[K10], ..row("memory, table on a terminal", on_a_terminal(LIST), SS_TANPI, PeakRss, &[(K100, 1.0)]) },

    alone("live tick each second, without owners", TICK, CoreShare, &[(K10, 0.04), (K100, 0.25)]),

    alone("a million sockets", LIST, Cpu, &[(M1, 6.0)]),
    alone("a million sockets, BPF", LIST_BPF, Cpu, &[(M1, 2.5)]),
    alone("a million sockets, memory of JSON lines", JSONL, PeakRss, &[(M1, 65_536.0)]),
    alone("a million sockets, memory of JSON lines, BPF", JSONL_BPF, PeakRss, &[(M1, 65_536.0)]),

    told(program(Tool::Ss, &["-tan"])),
    told(program(Tool::Netstat, &["-tanp"])),
    told(program(Tool::Lsof, &["-nP", "-iTCP"])),
    told(program(Tool::Psutil, &[])),
    told(program(Tool::Listeners, &[])),
    told(program(Tool::Procfs, &[])),
];

impl Row {
    /// The limit at this population, if the comparison is made there at all.
    pub(crate) fn at(&self, sockets: u32) -> Option<Option<f64>> {
        let limit = self.limits.iter().find(|(at, _)| *at == sockets).map(|(_, limit)| *limit);
        (limit.is_some() || self.also.contains(&sockets)).then_some(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_comparison_is_made_somewhere_and_limits_are_positive() {
        for row in ROWS {
            assert!(!row.limits.is_empty() || !row.also.is_empty(), "{}", row.work);
            assert!(row.limits.iter().all(|(_, limit)| *limit > 0.0), "{}", row.work);
            assert!(row.other.is_some() || row.also.is_empty(), "{}", row.work);
        }
    }

    #[test]
    fn labels_can_be_typed() {
        assert_eq!(SS_PORT.label(), "ss -tlnp 'sport = :10000'");
        assert_eq!(piped(LIST).label(), "pree -tanpi --owners proc (pipe)");
    }
}
