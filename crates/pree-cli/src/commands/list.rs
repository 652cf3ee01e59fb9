//! `pree`: the list of sockets.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;

use pree::{Coverage, Filter, Needs, Query, States};

use crate::args::{Args, Format, Which};
use crate::exit::{ANSWERED, Failure, INCOMPLETE};
use crate::output::{self, escape};

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let terminal = io::stdout().is_terminal();
    let mut output = output::of(args, terminal, BufWriter::with_capacity(64 * 1024, output::stdout()));
    let query = query(args, terminal);
    let mut written = Ok(());
    let coverage = query.visit(|socket| {
        written = output.row(socket);
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    output.end(&coverage)?;
    tell(&coverage);
    let missing = coverage.lacks_rows() || (args.strict && !coverage.is_complete());
    Ok(ExitCode::from(if missing { INCOMPLETE } else { ANSWERED }))
}

fn query(args: &Args, terminal: bool) -> Query {
    let mut query = Query::new().owner_lookup(args.owners).source(args.source);
    if let Some(protocols) = args.protocols {
        query = query.protocols(protocols);
    }
    for family in &args.families {
        query = query.family(*family);
    }
    let folded = terminal && args.format == Format::Table;
    query = query.states(match args.which {
        Some(Which::Listening) => States::LISTENING,
        Some(Which::Bound) => States::BOUND_INACTIVE,
        // A filter that names states is about those.
        None if folded && !args.filter.as_ref().is_some_and(Filter::names_states) => {
            States::all() - States::TIME_WAIT
        }
        Some(Which::All) | None => States::all(),
    });
    if let Some(filter) = &args.filter {
        query = query.filter(filter.clone());
    }
    let mut needs = Needs::empty();
    needs.set(Needs::STATS, args.tcp_info || args.format != Format::Table);
    needs.set(Needs::MEMORY, args.memory || args.format != Format::Table);
    needs.set(Needs::TRAFFIC_CLASS, args.extended || args.format != Format::Table);
    query.needs(needs)
}

/// What is missing is always told; what is only good to know is not.
fn tell(coverage: &Coverage) {
    let mut stderr = io::stderr().lock();
    for gap in coverage.gaps() {
        // With stderr gone there is nobody left to tell; the exit code still says it.
        let _ = writeln!(stderr, "pree: {}", escape::text(gap.to_string().as_bytes()));
    }
}
