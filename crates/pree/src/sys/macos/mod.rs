//! macOS: sysctl(3) and libproc, as bytes.

mod errno;
mod names;
mod own_socket;
mod process;
mod sysctl;

use std::time::{SystemTime, UNIX_EPOCH};

use pree_wire::errno::apple::{EACCES, ENOENT, ENOTSUP, EPERM};

use errno::errno;

use crate::error::Result;
use crate::model::Moment;
use crate::source::{Answer, AppleQuestion, Errno, Failure, Question, Source, System};
use crate::sys::clock;

/// Answers from the running system. No question leaves anything open.
pub(crate) struct Live;

/// A source that answers from the running system.
#[allow(clippy::unnecessary_wraps, reason = "other systems can refuse")]
pub(crate) fn live() -> Result<Live> {
    Ok(Live)
}

impl Source for Live {
    fn system(&self) -> System {
        System::Macos
    }

    fn ask(&mut self, question: &Question<'_>) -> std::result::Result<Answer, Failure> {
        Ok(Answer::whole(match *question {
            Question::Apple(question) => ask(question)?,
            Question::BootId => sysctl::text(c"kern.bootsessionuuid")?,
            Question::KernelRelease => sysctl::text(c"kern.osrelease")?,
            Question::Time => now().to_le_bytes().to_vec(),
            Question::Users => {
                std::fs::read("/etc/passwd").map_err(|error| Failure::of_call(LOOKUP, errno(&error)))?
            }
            Question::InterfaceName(index) => names::interface_name(index)?,
            Question::Interface(name) => names::interface_index(name)?.to_le_bytes().to_vec(),
            _ => return Err(Failure::Answer(ENOTSUP)),
        }))
    }

    fn now(&mut self) -> Moment {
        clock::now()
    }
}

fn ask(question: AppleQuestion) -> std::result::Result<Vec<u8>, Failure> {
    match question {
        AppleQuestion::EffectiveUser => Ok(process::effective_user().to_le_bytes().to_vec()),
        AppleQuestion::ArgumentsRoom => sysctl::most_arguments().map(|room| room.to_le_bytes().to_vec()),
        AppleQuestion::ListSize(list) => sysctl::size(list).map(|size| size.to_le_bytes().to_vec()),
        AppleQuestion::List { list, room } => sysctl::list(list, room),
        AppleQuestion::Processes { room } => process::ids(room),
        AppleQuestion::Process { pid, part } => process::part(pid, part),
    }
}

/// Unix time in nanoseconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(0)
}

/// The answers of a path that is looked up: it is not there, or it may not be read.
const LOOKUP: &[Errno] = &[ENOENT, EACCES, EPERM];
