//! The running system, asked with the rights that the program's file lends (`sys::Rights`). While statistics are
//! switched on that others have off, an interrupt ends nothing but the questions: first they are switched off.
//!
//! The rights are raised for one question at a time, and never for a name that the user chose: what one may not open oneself
//! is not opened, and pree does not say whether it exists.

use std::io;
use std::time::Duration;

use pree::Moment;
use pree::source::{
    Answer, Errno, Failure, Namespaces, Question, Reachable, Source, System, WindowsQuestion, live,
};

use crate::exit;
use crate::sys::Rights;
use crate::sys::interrupts::{self, Interrupts};

/// What every question is answered with after an interrupt: `ERROR_CANCELLED`.
const CANCELLED: Errno = Errno::windows(1223);

/// This system, live.
pub(crate) struct Running {
    source: Box<dyn Source>,
    rights: Rights,
    /// Held while statistics are switched on. Dropped after the source, which switches off what is still on.
    interrupts: Option<Interrupts>,
    /// After an interrupt it is still asked: what happened until then is to be told.
    asks_on: bool,
}

/// An answer, unless the user ended it and what was changed for it had to be put back first.
pub(crate) fn unless_interrupted<T>(answer: Result<T, impl Into<exit::Failure>>) -> Result<T, exit::Failure> {
    if interrupts::came() { Err(exit::Failure::Interrupted) } else { answer.map_err(Into::into) }
}

impl Running {
    /// With these rights, which end with it.
    pub(crate) fn open(rights: Rights) -> Result<Self, exit::Failure> {
        Ok(Self { source: Box::new(live()?), rights, interrupts: None, asks_on: false })
    }

    /// The same for a watch, which ends by itself after an interrupt.
    pub(crate) fn patient(&mut self) -> &mut Self {
        self.asks_on = true;
        self
    }

    fn hold(&mut self) -> &Interrupts {
        self.interrupts.get_or_insert_with(Interrupts::hold)
    }

    fn with_lent<T>(
        &mut self,
        ask: impl FnOnce(&mut dyn Source) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Self { source, rights, .. } = self;
        rights.with_lent(|| ask(source.as_mut())).unwrap_or_else(|error| Err(failed(&error)))
    }
}

impl Source for Running {
    fn system(&self) -> System {
        self.source.system()
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        use WindowsQuestion::{SwitchEstats, Wait};
        match question {
            Question::Windows(SwitchEstats { on: false, .. }) => {
                self.with_lent(|source| source.ask(question))
            }
            _ if interrupts::came() && !self.asks_on => Err(Failure::Transport(CANCELLED)),
            // A path that the user names.
            Question::Cgroup(_) => self.source.ask(question),
            Question::NamespaceNamed(path) if path.contains('/') => self.source.ask(question),
            Question::Windows(SwitchEstats { on: true, .. }) => {
                self.hold();
                self.with_lent(|source| source.ask(question))
            }
            Question::Windows(Wait(time)) => {
                self.hold().wait(*time);
                self.source.ask(&Question::Windows(Wait(Duration::ZERO)))
            }
            _ => self.with_lent(|source| source.ask(question)),
        }
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.with_lent(|source| source.next(answer, batch))
    }

    fn now(&mut self) -> Moment {
        self.source.now()
    }

    fn namespaces(&mut self, which: &Namespaces) -> Result<Reachable, Failure> {
        match which {
            Namespaces::One(path) if path.as_bytes().contains(&b'/') => self.source.namespaces(which),
            _ => self.with_lent(|source| source.namespaces(which)),
        }
    }

    fn enter(&mut self, inode: Option<u64>) -> Result<(), Failure> {
        self.with_lent(|source| source.enter(inode))
    }
}

/// The rights could not be raised: that is no answer to the question.
fn failed(error: &io::Error) -> Failure {
    Failure::Transport(error.raw_os_error().map_or(Errno::EPERM, Errno::linux))
}
