//! One file a command.

mod capture;
mod help;
mod list;
mod port;
mod source;

use std::process::ExitCode;

use crate::args::{Args, Command};
use crate::exit::Failure;

/// Carries out what was asked for.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    match args.command {
        Command::List => list::run(args),
        Command::Port => port::run(args),
        Command::Capture => capture::run(args),
        Command::Summary | Command::Schema | Command::Completions | Command::Man => {
            Err(Failure::Usage("this command is not there yet".to_owned()))
        }
        Command::Help => help::help(),
        Command::Version => help::version(),
    }
}
