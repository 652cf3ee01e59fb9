//! The chart: for each population a bar a program, as long as its CPU time.

use std::fmt::Write;

use super::table::{number, size};
use super::{Report, Taken, value};
use crate::rows::Figure;
use crate::stats::Spread;

const WIDTH: f64 = 760.0;
const LABELS: f64 = 230.0;
const BAR: f64 = 16.0;
const STEP: f64 = 21.0;
const HEAD: f64 = 34.0;

/// What lists all TCP sockets; the rest of the runs would be apples beside pears.
const SHOWN: &[&str] = &[
    "floor",
    "floor --bpf",
    "pree -tanpi --owners bpf",
    "pree -tanpi --owners proc",
    "pree --json --owners proc",
    "ss -tanpi",
    "ss -tan",
    "netstat -tanp",
    "lsof -nP -iTCP",
    "psutil",
    "netstat2",
    "procfs",
    "pree 1.0.0",
];

pub(super) fn svg(report: &Report) -> String {
    let mut body = String::new();
    let mut top = 10.0;
    for taken in report.populations.iter().filter(|taken| taken.size > 0) {
        top = panel(&mut body, taken, top);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{top}\" viewBox=\"0 0 {WIDTH} {top}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}

/// Draws one population below `top` and says where the next begins.
fn panel(body: &mut String, taken: &Taken, mut top: f64) -> f64 {
    let bars: Vec<(&str, Spread)> = SHOWN
        .iter()
        .filter_map(|&label| {
            // Beside whom a program ran does not matter here: the first series it was in.
            let measured = taken.measured.iter().find(|measured| measured.label == label)?;
            let cpu = Spread::of(measured.runs.iter().map(|run| value(Figure::Cpu, run)))?;
            Some((label, cpu))
        })
        .collect();
    let Some(longest) = bars.iter().map(|(_, cpu)| cpu.median).max_by(f64::total_cmp) else { return top };
    let _ = writeln!(
        body,
        "<text x=\"10\" y=\"{}\" font-weight=\"bold\" font-size=\"14\">{} TCP sockets: CPU time, ms</text>",
        top + 20.0,
        size(taken.size)
    );
    top += HEAD;
    for (label, cpu) in bars {
        let length = (cpu.median / longest * (WIDTH - LABELS - 80.0)).max(1.0);
        let colour = match label {
            _ if label.starts_with("floor") => "#999",
            _ if label.starts_with("pree -") => "#2a78c2",
            _ => "#d08a3c",
        };
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>\
             <rect x=\"{LABELS}\" y=\"{top}\" width=\"{length:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{}\">{}</text>",
            LABELS - 8.0,
            top + 12.5,
            LABELS + length + 6.0,
            top + 12.5,
            number(cpu.median)
        );
        top += STEP;
    }
    top + 10.0
}
