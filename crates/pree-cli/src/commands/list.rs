//! `pree`: the list of sockets.

use std::io::{self, BufWriter, IsTerminal};
use std::ops::ControlFlow;
use std::process::ExitCode;

use pree::{Filter, Needs, Query, States};

use super::source;
use crate::args::{Args, Format, Which};
use crate::exit::Failure;
use crate::output;

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let terminal = io::stdout().is_terminal();
    let mut output = output::of(args, terminal, BufWriter::with_capacity(64 * 1024, output::stdout()));
    let query = query(args, terminal);
    let mut written = Ok(());
    let coverage = source::open(args)?.visit(&query, |socket| {
        written = output.row(socket);
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    output.end(&coverage)?;
    Ok(source::end(args, &coverage))
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
