//! One file a command.

mod capture;
mod completions;
mod doctor;
mod explain;
mod finding;
mod help;
mod judged;
mod list;
mod look;
mod man;
mod phrases;
mod port;
mod rows;
mod schema;
mod source;
mod summary;

use std::process::ExitCode;

use crate::args::{Args, Command};
use crate::exit::Failure;

/// Carries out what was asked for.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    match args.command {
        Command::List => list::run(args),
        Command::Port => port::run(args),
        Command::Explain => explain::run(args),
        Command::Doctor => doctor::run(args),
        Command::Capture => capture::run(args),
        Command::Summary => summary::run(args),
        Command::Schema => schema::run(),
        Command::Completions => completions::run(args),
        Command::Man => man::run(),
        Command::Help => help::help(args),
        Command::Version => help::version(),
    }
}
