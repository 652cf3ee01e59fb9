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
mod running;
mod schema;
mod source;
mod stream;
mod summary;

use std::process::ExitCode;

use crate::args::{Args, Command};
use crate::exit::Failure;
use crate::sys::Rights;

/// Carries out what was asked for. Who looks at no machine takes no rights.
pub(crate) fn run(mut args: Args, rights: Rights) -> Result<ExitCode, Failure> {
    source::read_filters(&mut args)?;
    let args = &args;
    match args.command {
        Command::List => list::run(args, rights),
        Command::Port => port::run(args, rights),
        Command::Explain => explain::run(args, rights),
        Command::Doctor => doctor::run(args, rights),
        Command::Capture => capture::run(args, rights),
        Command::Summary => summary::run(args, rights),
        Command::Schema => schema::run(),
        Command::Completions => completions::run(args),
        Command::Man => man::run(),
        Command::Help => help::help(args),
        Command::Version => help::version(),
    }
}
