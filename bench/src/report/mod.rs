//! What came of it: raw runs, comparisons, verdicts; as JSON, as a Markdown table and as a chart.

mod chart;
pub(crate) mod table;

use std::fs;
use std::io::Result;
use std::path::Path;
use std::time::SystemTime;

use serde::Serialize;

use crate::lab::Event;
use crate::machine::Machine;
use crate::measure::Run;
use crate::population::Population;
use crate::rounds::{Failed, Measured};
use crate::rows::{Figure, ROWS, Row};
use crate::stats::Spread;
use crate::tools::Tools;

/// Everything, as it is kept in JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    /// Unix time.
    taken_at: u64,
    machine: Machine,
    programs: Vec<ProgramNote>,
    populations: Vec<Taken>,
    comparisons: Vec<Comparison>,
}

#[derive(Debug, Serialize)]
struct ProgramNote {
    name: &'static str,
    version: Option<String>,
    absent: Option<String>,
}

/// What was measured at one population.
#[derive(Debug, Serialize)]
pub(crate) struct Taken {
    size: u32,
    population: Population,
    seconds_to_make: f64,
    measured: Vec<Measured>,
    failed: Vec<Failed>,
}

/// One comparison at one population.
#[derive(Debug, Serialize)]
struct Comparison {
    work: &'static str,
    size: u32,
    ours: String,
    other: Option<String>,
    figure: &'static str,
    /// Ours and the other's: milliseconds, KiB, or percent of a core.
    ours_figure: Option<Spread>,
    other_figure: Option<Spread>,
    /// Of ours to the other's, pair by pair; of ours to the limit where there is no other.
    ratio: Option<Spread>,
    limit: Option<f64>,
    verdict: Verdict,
    /// Why it was not measured.
    why: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Met,
    NotMet,
    /// There is no limit here.
    Told,
    NotMeasured,
}

impl Taken {
    pub(crate) fn new(size: u32, population: Population, failed: Vec<Failed>) -> Self {
        Self { size, population, seconds_to_make: 0.0, measured: Vec::new(), failed }
    }

    pub(crate) fn take(&mut self, event: Event) {
        match event {
            Event::Ready { seconds } => self.seconds_to_make = seconds,
            Event::Measured(measured) => self.measured.push(measured),
            Event::Failed(failed) => self.failed.push(failed),
            Event::Finished => {}
        }
    }

    /// The runs of a program in the series of another, or in its own.
    fn runs(&self, label: &str, beside: &str) -> Option<&[Run]> {
        let found = self.measured.iter().find(|one| one.label == label && one.beside == beside)?;
        Some(&found.runs)
    }

    fn why(&self, label: &str) -> Option<String> {
        self.failed.iter().find(|failed| failed.label == label).map(|failed| failed.why.clone())
    }
}

impl Report {
    pub(crate) fn new(tools: &Tools) -> Self {
        let programs = tools.list().into_iter().map(|(tool, state)| ProgramNote {
            name: tool.name(),
            version: state.ok().filter(|version| !version.is_empty()).map(str::to_owned),
            absent: state.err().map(str::to_owned),
        });
        let taken_at =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self {
            schema: "pree-bench/1",
            taken_at,
            machine: Machine::look(),
            programs: programs.collect(),
            populations: Vec::new(),
            comparisons: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, taken: Taken) {
        let comparisons = ROWS.iter().filter_map(|row| compare(row, &taken));
        self.comparisons.extend(comparisons);
        self.populations.push(taken);
    }

    /// `NAME.json`, `NAME.md` and `NAME.svg`.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> Result<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(format!("{name}.json")), serde_json::to_string(self)? + "\n")?;
        fs::write(folder.join(format!("{name}.md")), table::markdown(self))?;
        fs::write(folder.join(format!("{name}.svg")), chart::svg(self))
    }
}

/// `None` when nothing of it was to be measured here.
fn compare(row: &Row, taken: &Taken) -> Option<Comparison> {
    let limit = row.at(taken.size)?;
    let ours = row.ours.label();
    let other = row.other.map(|other| other.label());
    let beside = other.as_deref().unwrap_or(&ours);
    let our_runs = taken.runs(&ours, beside);
    let other_runs = other.as_deref().and_then(|other| taken.runs(other, other));
    let why = match (our_runs, &other, other_runs) {
        (None, ..) => taken.why(&ours),
        (_, Some(other), None) => taken.why(other),
        _ => None,
    };
    let whole = our_runs.is_some() && (other.is_none() || other_runs.is_some());
    if !whole && why.is_none() {
        // Left out by `--only`, or the program that it is compared with is absent.
        let why_other = other.as_deref().and_then(|other| taken.why(other));
        why_other.as_ref()?;
        return Some(comparison(row, taken.size, limit, (None, None, None), why_other));
    }
    let figure = |runs: Option<&[Run]>| Spread::of(runs?.iter().map(|run| value(row.figure, run)));
    let ratio = match (our_runs, other_runs) {
        (Some(ours), Some(others)) => Spread::of(
            ours.iter()
                .zip(others)
                .map(|(a, b)| value(row.figure, a) / value(row.figure, b).max(f64::MIN_POSITIVE)),
        ),
        (Some(ours), None) if other.is_none() => limit.and_then(|limit| {
            Spread::of(ours.iter().map(|run| value(row.figure, run) / in_unit(row.figure, limit)))
        }),
        _ => None,
    };
    Some(comparison(row, taken.size, limit, (figure(our_runs), figure(other_runs), ratio), why))
}

fn comparison(
    row: &Row,
    size: u32,
    limit: Option<f64>,
    (ours_figure, other_figure, ratio): (Option<Spread>, Option<Spread>, Option<Spread>),
    why: Option<String>,
) -> Comparison {
    // Where there is no other, the ratio is to the limit itself.
    let most = if row.other.is_none() { limit.map(|_| 1.0) } else { limit };
    let verdict = match (ratio, most) {
        (None, _) => Verdict::NotMeasured,
        (Some(_), None) => Verdict::Told,
        (Some(ratio), Some(most)) if ratio.median <= most => Verdict::Met,
        _ => Verdict::NotMet,
    };
    Comparison {
        work: row.work,
        size,
        ours: row.ours.label(),
        other: row.other.map(|other| other.label()),
        figure: match row.figure {
            Figure::Cpu => "cpu_ms",
            Figure::PeakRss => "peak_rss_kib",
            Figure::CoreShare => "percent_of_a_core",
        },
        ours_figure,
        other_figure,
        ratio,
        limit,
        verdict,
        why,
    }
}

/// A run's figure: milliseconds, KiB or percent.
fn value(figure: Figure, run: &Run) -> f64 {
    match figure {
        Figure::Cpu => run.cpu_us() as f64 / 1e3,
        Figure::PeakRss => run.peak_rss_kib as f64,
        // Waiting for the next second is part of it.
        Figure::CoreShare => run.cpu_us() as f64 / run.wall_us as f64 * 100.0,
    }
}

/// A limit of the table in the same unit.
fn in_unit(figure: Figure, limit: f64) -> f64 {
    match figure {
        Figure::Cpu => limit * 1e3,
        Figure::PeakRss => limit,
        Figure::CoreShare => limit * 100.0,
    }
}
