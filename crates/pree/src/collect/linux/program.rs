//! Programs of ours in the kernel: what they report, why one is refused, and what helps.

use crate::error::{Error, NOT_RECORDED};
use crate::source::{Errno, Failure, Question, Source};

/// Why there are no owners from the program.
pub(super) fn refused(failure: Failure) -> Error {
    Error::of(failure, "read", "owners through BPF").with_hint(hint(failure))
}

/// What helps when a program is refused.
pub(super) fn hint(failure: Failure) -> &'static str {
    match failure {
        Failure::NotRecorded => NOT_RECORDED,
        Failure::Answer(Errno::ENOENT) => {
            "the kernel must describe its types (CONFIG_DEBUG_INFO_BTF) and /sys be mounted"
        }
        Failure::Answer(Errno::EPERM) => {
            "CAP_BPF and CAP_PERFMON together are needed, outside of any user namespace, and a sandbox must let bpf(2) \
             pass: run as the machine's root"
        }
        Failure::Answer(Errno::EACCES) => "the kernel is locked down (lockdown=confidentiality)",
        Failure::Answer(_) => "it takes Linux 5.12 with BPF and BTF",
        Failure::Transport(_) => "try again",
    }
}

/// Asks a program; `take` takes the records that are whole from the front of what came.
pub(super) fn read_records(
    source: &mut dyn Source,
    question: &Question<'_>,
    mut take: impl FnMut(&mut &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut answer = source.ask(question)?;
    let (mut batch, mut pending) = (Vec::new(), Vec::new());
    while source.next(&mut answer, &mut batch)? {
        pending.extend_from_slice(&batch);
        let mut rest = &pending[..];
        take(&mut rest)?;
        let done = pending.len() - rest.len();
        pending.drain(..done);
    }
    if pending.is_empty() { Ok(()) } else { Err(Failure::MALFORMED) }
}
