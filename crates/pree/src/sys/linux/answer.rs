//! The answer that is being given.

use std::os::fd::OwnedFd;

use super::{bpf, netlink};
use crate::source::ProcessPart;

/// What is read on, or known.
pub(super) enum Answer {
    /// Datagrams of one netlink request.
    Diag(netlink::Request),
    /// A program that runs while it is read.
    Bpf(bpf::Run),
    /// Messages about ends, as they come.
    Ends(netlink::Ends),
    /// Programs that go on running.
    Lives(Box<bpf::Lives>),
    /// A file that is read on.
    File(OwnedFd),
    /// The same of a process, which may end meanwhile: this part of it.
    ProcessFile { file: OwnedFd, pid: u32, part: ProcessPart },
    /// Bytes that are known whole.
    Whole(Vec<u8>),
}
