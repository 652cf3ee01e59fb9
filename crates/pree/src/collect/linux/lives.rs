//! Lives of sockets from BPF programs, and ends from the kernel's messages: what to ask for them.

use pree_wire::inet_diag::ends;

use super::bpf_owners::starts;
use super::owners::OwnerSearch;
use super::program::hint;
use super::scope::Scope;
use super::tables::decoder;
use crate::decode::linux::Decoder;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{BootId, Process, Protocols, StartTime};
use crate::needs::Needs;
use crate::source::{Answer, Errno, Failure, Namespaces, Question, Source};

/// An answer that goes on, and what its sockets are known by.
pub(crate) struct LifeStream {
    pub(crate) answer: Answer,
    pub(crate) boot: BootId,
}

impl LifeStream {
    /// Lives of TCP sockets in these network namespaces, from now on.
    pub(crate) fn open(source: &mut dyn Source, namespaces: &Namespaces, buffer: u32) -> Result<Self> {
        let question = |namespace, levels_above| Question::Lives { namespace, levels_above, buffer };
        Self::ask(source, namespaces, question, |failure| {
            Error::of(failure, "follow", "sockets through BPF").with_hint(hint(failure))
        })
    }

    /// The same of UDP sockets.
    pub(crate) fn open_datagrams(
        source: &mut dyn Source,
        namespaces: &Namespaces,
        buffer: u32,
    ) -> Result<Self> {
        let question = |namespace, levels_above| Question::DatagramLives { namespace, levels_above, buffer };
        Self::ask(source, namespaces, question, |failure| {
            let hint = match failure {
                Failure::Answer(Errno::EOPNOTSUPP) => "it takes Linux 6.3 with BPF and BTF",
                other => hint(other),
            };
            Error::of(failure, "follow", "UDP sockets through BPF").with_hint(hint)
        })
    }

    fn ask(
        source: &mut dyn Source,
        namespaces: &Namespaces,
        question: impl FnOnce(u32, u32) -> Question<'static>,
        refused: impl FnOnce(Failure) -> Error,
    ) -> Result<Self> {
        let decoder = enter(source, namespaces)?;
        let namespace = match namespaces {
            Namespaces::All => 0,
            _ => decoder.namespace().ok_or_else(|| about_namespace(Failure::MALFORMED))?.inode,
        };
        let namespace = u32::try_from(namespace).map_err(|_| about_namespace(Failure::MALFORMED))?;
        let levels_above = Scope::of(source).levels();
        let answer = source.ask(&question(namespace, levels_above)).map_err(refused)?;
        Ok(Self { answer, boot: decoder.boot() })
    }
}

/// Ends of sockets of one network namespace, as the kernel reports them.
pub(crate) struct EndStream {
    pub(crate) answer: Answer,
    pub(crate) decoder: Decoder,
}

impl EndStream {
    /// Ends from now on, of those of these protocols that the kernel reports.
    pub(crate) fn open(
        source: &mut dyn Source,
        namespaces: &Namespaces,
        protocols: Protocols,
        buffer: u32,
    ) -> Result<Self> {
        if *namespaces == Namespaces::All {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "follow",
                "ends of sockets in all network namespaces",
            )
            .with_hint("the kernel reports those of one"));
        }
        let decoder = enter(source, namespaces)?;
        let groups = [(Protocols::TCP, ends::TCP), (Protocols::UDP, ends::UDP)];
        let groups = groups.into_iter().filter(|(asked, _)| protocols.contains(*asked));
        let groups = groups.fold(0, |all, (_, groups)| all | groups);
        let answer = source.ask(&Question::Ends { groups, buffer });
        let answer = answer.map_err(|failure| Error::of(failure, "follow", "ends of sockets"))?;
        Ok(Self { answer, decoder })
    }
}

/// Enters the namespace that is meant, of all none; what identities in it are made of.
fn enter(source: &mut dyn Source, namespaces: &Namespaces) -> Result<Decoder> {
    let inode = match namespaces {
        Namespaces::One(_) => {
            let found = source.namespaces(namespaces).map_err(about_namespace)?;
            Some(found.namespaces.first().ok_or_else(|| about_namespace(Failure::MALFORMED))?.inode)
        }
        _ => None,
    };
    source.enter(inode).map_err(about_namespace)?;
    let (decoder, unknown) = decoder(source);
    match unknown {
        Some(failure) if *namespaces == Namespaces::Own => Err(about_namespace(failure)),
        _ => Ok(decoder),
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

fn about_namespace(failure: Failure) -> Error {
    Error::of(failure, "find", "the network namespace")
}
