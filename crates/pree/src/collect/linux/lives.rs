//! Lives of sockets from BPF programs: what to ask for them.

use super::bpf_owners::starts;
use super::owners::OwnerSearch;
use super::program::hint;
use super::scope::Scope;
use crate::error::{Error, Result};
use crate::model::{BootId, Process, StartTime};
use crate::needs::Needs;
use crate::source::{Answer, Failure, Namespaces, Question, Source, read_all};

/// An answer that goes on, and what its sockets are known by.
pub(crate) struct LifeStream {
    pub(crate) answer: Answer,
    pub(crate) boot: BootId,
}

impl LifeStream {
    /// Lives in these network namespaces, from now on.
    pub(crate) fn open(source: &mut dyn Source, namespaces: &Namespaces) -> Result<Self> {
        let namespace = match namespaces {
            Namespaces::All => 0,
            Namespaces::Own => own_namespace(source).map_err(about_namespace)?,
            Namespaces::One(_) => {
                let found = source.namespaces(namespaces).map_err(about_namespace)?;
                found.namespaces.first().map_or(0, |namespace| namespace.inode)
            }
        };
        let namespace = u32::try_from(namespace).map_err(|_| about_namespace(Failure::MALFORMED))?;
        let levels_above = Scope::of(source).levels();
        let boot = read_all(source, &Question::BootId).map(|text| BootId::parse(&text)).unwrap_or_default();
        let answer = source.ask(&Question::Lives { namespace, levels_above }).map_err(refused)?;
        Ok(Self { answer, boot })
    }
}

/// What is known of processes beside what programs report: from /proc, while they live.
pub(crate) struct ProcessDetails(OwnerSearch);

impl ProcessDetails {
    pub(crate) fn new(needs: Needs, source: &mut dyn Source) -> Self {
        let mut search = OwnerSearch::default();
        search.needs = needs;
        search.prepare(source);
        Self(search)
    }

    /// Completes a process with what was asked for, if it is still the one that has this id.
    pub(crate) fn complete(&mut self, process: &mut Process, source: &mut dyn Source) {
        process.start_time =
            process.start_time.and_then(|start| Some(StartTime::new(start.ticks()?, self.0.boot_time)));
        if self.0.wants_details() && process.pid != 0 {
            let lives = starts(source, process.pid).ok() == process.start_time.and_then(StartTime::ticks);
            if lives {
                self.0.add_details(source, process);
            }
        }
    }
}

fn refused(failure: Failure) -> Error {
    Error::of(failure, "follow", "sockets through BPF").with_hint(hint(failure))
}

fn own_namespace(source: &mut dyn Source) -> std::result::Result<u64, Failure> {
    let link = read_all(source, &Question::NetNamespace)?;
    let digits: String =
        link.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| char::from(*byte)).collect();
    digits.parse().map_err(|_| Failure::MALFORMED)
}

fn about_namespace(failure: Failure) -> Error {
    Error::of(failure, "find", "the network namespace")
}
