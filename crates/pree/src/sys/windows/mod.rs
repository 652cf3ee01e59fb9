//! Windows: IP Helper, Toolhelp and the process functions, as bytes.

mod functions;
mod grown;
mod last_error;
mod layout;
mod own_socket;
mod processes;
mod tables;
#[cfg(test)]
mod tests;

use std::time::{SystemTime, UNIX_EPOCH};

use pree_wire::errno::windows as code;

use crate::error::Result;
use crate::model::Moment;
use crate::source::{
    Answer, EstatsClass, Failure, Question, Source, System, WindowsConnection, WindowsQuestion,
};
use crate::sys::clock;
use functions::Functions;

/// Answers from the running system.
pub(crate) struct Live {
    functions: Functions,
    /// Statistics that were switched on and not yet off.
    switched_on: Vec<(EstatsClass, WindowsConnection)>,
}

/// A source that answers from the running system.
#[allow(clippy::unnecessary_wraps, reason = "other systems can refuse")]
pub(crate) fn live() -> Result<Live> {
    Ok(Live::with(Functions::load()))
}

impl Live {
    /// With these functions for what not every Windows has: tests put their own here.
    fn with(functions: Functions) -> Self {
        Self { functions, switched_on: Vec::new() }
    }

    fn answer(&mut self, question: &Question<'_>) -> std::result::Result<Vec<u8>, Failure> {
        match *question {
            Question::Time => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Ok(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX).to_le_bytes().to_vec())
            }
            Question::Windows(question) => self.answer_windows(question),
            // Linux's own.
            _ => Err(Failure::Answer(code::ERROR_NOT_SUPPORTED)),
        }
    }

    fn answer_windows(&mut self, question: WindowsQuestion<'_>) -> std::result::Result<Vec<u8>, Failure> {
        match question {
            WindowsQuestion::Table(table, class) => tables::table(table, class),
            WindowsQuestion::Module { table, row } => self.functions.module(table, row),
            WindowsQuestion::Processes => processes::list(),
            WindowsQuestion::Process { pid, part } => processes::ask(pid, part),
            WindowsQuestion::Estats { class, connection } => self.functions.estats(class, connection),
            WindowsQuestion::SwitchEstats { class, connection, on } => {
                self.functions.switch_estats(class, connection, on)?;
                self.switched_on.retain(|switched| *switched != (class, connection));
                if on {
                    self.switched_on.push((class, connection));
                }
                Ok(Vec::new())
            }
            WindowsQuestion::Wait(time) => {
                std::thread::sleep(time);
                Ok(Vec::new())
            }
            WindowsQuestion::TcpStatistics { v6 } => tables::tcp_statistics(v6),
            WindowsQuestion::TcpStatistics2 { v6 } => self.functions.tcp_statistics2(v6),
        }
    }
}

impl Source for Live {
    fn system(&self) -> System {
        System::Windows
    }

    fn ask(&mut self, question: &Question<'_>) -> std::result::Result<Answer, Failure> {
        self.answer(question).map(Answer::whole)
    }

    fn now(&mut self) -> Moment {
        clock::now()
    }
}

impl Drop for Live {
    /// Whoever asked did not come to switching them off.
    fn drop(&mut self) {
        for (class, connection) in std::mem::take(&mut self.switched_on) {
            // There is nobody left to tell.
            let _ = self.functions.switch_estats(class, connection, false);
        }
    }
}
