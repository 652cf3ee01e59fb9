//! One file a command.

mod act;
mod belongs;
mod capture;
mod close;
mod diff;
mod doctor;
mod explain;
mod judged;
mod kill;
mod list;
mod look;
mod page;
mod phrases;
mod port;
mod repeat;
mod stream;
mod summary;
mod watch;

use std::process::ExitCode;

use crate::args::{Args, Command};
use crate::docs;
use crate::exit::Failure;
use crate::sys::Rights;

/// Runs the command. Commands that look at no machine take no rights.
pub(crate) fn run(args: Args, rights: Rights) -> Result<ExitCode, Failure> {
    match args.command {
        Command::List => list::run(args, rights),
        Command::Port => port::run(args, rights),
        Command::Explain => explain::run(args, rights),
        Command::Doctor => doctor::run(args, rights),
        Command::Kill => kill::run(args, rights),
        Command::Close => close::run(args, rights),
        Command::Capture => capture::run(args, rights),
        Command::Diff => diff::run(args, rights),
        Command::Summary => summary::run(args, rights),
        Command::Watch => watch::run(args, rights),
        Command::Schema => docs::schema::run(),
        Command::Completions => docs::completions::run(&args.words.concat()),
        Command::Man => docs::man::run(),
        Command::Help => docs::help::help(args.words.first()),
        Command::Version => docs::help::version(),
    }
}
