//! Why a program of ours in the kernel is refused, and what helps.

use crate::error::{Error, NOT_RECORDED};
use crate::source::{Errno, Failure};

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
