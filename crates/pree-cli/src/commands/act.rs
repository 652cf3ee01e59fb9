//! What `kill` and `close` share: they show what they would do and ask, do it with the user's own rights, and say what came of
//! each.

use std::io::{self, IsTerminal, Write};

use pree::field::View;
use pree::{Coverage, Error, ErrorKind, Socket};

use crate::args::Acting;
use crate::exit::{ANSWERED, FAILED, Failure, INCOMPLETE, NOTHING};
use crate::output;
use crate::output::Format;
use crate::output::json::document::{completeness, socket};
use crate::output::json::repeated::Repeated;
use crate::output::json::writer::Json;
use crate::session;
use crate::sys::Rights;

/// Whether anything is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// `--yes`
    Given,
    /// `--dry-run`
    Preview,
    /// The user is asked on his terminal.
    Asked,
}

impl Consent {
    /// Of these flags; refused before anything is looked at where nobody can be asked.
    pub(super) fn of(acting: Acting, format: Format, command: &str) -> Result<Self, Failure> {
        let usage = |text: &str| Err(Failure::Usage(format!("pree {command} {text}")));
        match (acting.yes, acting.dry_run) {
            (true, true) => usage("does it with --yes and only shows it with --dry-run: choose"),
            (true, false) => Ok(Self::Given),
            (false, true) => Ok(Self::Preview),
            (false, false) if format != Format::Table => {
                usage("asks for no leave in --json: --yes does it, --dry-run only shows it")
            }
            (false, false) if !(io::stdin().is_terminal() && io::stderr().is_terminal()) => usage(
                "asks before it does anything, and here is no terminal: --yes does it, --dry-run only shows it",
            ),
            (false, false) => Ok(Self::Asked),
        }
    }

    /// Shows what would be done: as the answer, or above the question.
    pub(super) fn show(self, plan: &str) -> Result<(), Failure> {
        match self {
            Self::Given => Ok(()),
            Self::Preview => output::print(plan).map(drop),
            Self::Asked => Ok(io::stderr().write_all(plan.as_bytes())?),
        }
    }

    /// Whether it may be done. A question is answered with yes, or it may not.
    pub(super) fn may(self, question: &str) -> Result<bool, Failure> {
        match self {
            Self::Given => Ok(true),
            Self::Preview => Ok(false),
            Self::Asked => {
                write!(io::stderr(), "{question} [y/N] ")?;
                let mut answer = String::new();
                io::stdin().read_line(&mut answer)?;
                let is_yes = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
                if !is_yes {
                    session::say("not confirmed: nothing was done");
                }
                Ok(is_yes)
            }
        }
    }
}

/// What came of one thing that was to be done.
#[derive(Default)]
pub(super) enum Outcome {
    /// Nothing was tried.
    #[default]
    Planned,
    /// What was to be done is done, by this name.
    Done(&'static str),
    /// There was nothing left to do.
    Gone,
    /// It could not be done.
    Refused(Error),
    /// The same, where no error says why.
    Failed(&'static str),
}

impl From<Error> for Outcome {
    fn from(error: Error) -> Self {
        if error.kind() == ErrorKind::Absent { Self::Gone } else { Self::Refused(error) }
    }
}

impl Outcome {
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Failed(_))
    }

    pub(super) fn is_planned(&self) -> bool {
        matches!(self, Self::Planned)
    }

    /// In JSON.
    pub(super) fn members(&self, json: &mut Json) {
        json.key("outcome");
        json.string(match self {
            Self::Planned => "planned",
            Self::Done(name) => name,
            Self::Gone => "gone",
            Self::Refused(_) | Self::Failed(_) => "failed",
        });
        json.key("why");
        match self {
            Self::Refused(error) => json.string(&text(error)),
            Self::Failed(why) => json.string(why),
            _ => json.null(),
        }
    }
}

/// An error with its hint, in one line.
pub(super) fn text(error: &Error) -> String {
    match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
}

/// The exit code.
pub(super) fn code(found: bool, failed: bool, lacks: bool) -> u8 {
    match (found, failed, lacks) {
        (_, true, _) => FAILED,
        (_, false, true) => INCOMPLETE,
        (false, false, false) => NOTHING,
        (true, false, false) => ANSWERED,
    }
}

/// The user's own rights: what the program's file lends is for looking.
pub(super) fn own_rights() -> Result<Rights, Failure> {
    Rights::put_lent_aside()
        .map_err(|error| Failure::File(format!("cannot put aside rights that are not the user's: {error}")))
}

/// The document, with these members of its own.
pub(super) fn document(coverage: &Coverage, name: &str, members: impl FnOnce(&mut Json)) -> Vec<u8> {
    let mut json = Json::default();
    json.open(b'{');
    completeness(&mut json, coverage);
    json.key(name);
    json.open(b'{');
    members(&mut json);
    json.raw(b"}}\n");
    json.into_text()
}

/// A list of sockets, each as the list of sockets has it.
pub(super) fn rows<'s>(json: &mut Json, name: &str, sockets: impl IntoIterator<Item = &'s Socket>) {
    json.key(name);
    json.open(b'[');
    sockets.into_iter().for_each(|socket| row(json, socket));
    json.close(b']');
}

pub(super) fn row(json: &mut Json, of: &Socket) {
    socket(json, &View::new(of), false, &mut Repeated::new());
}
