//! Which network namespaces are asked for, and which there are.

use super::Failure;
use crate::model::{NetworkNamespace, Text};

/// Which network namespaces a question is about.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Namespaces {
    /// The one of the thread that asks.
    #[default]
    Own,
    /// Every one that can be found: through processes and their threads, through what is mounted, and through
    /// descriptors of processes.
    All,
    /// One: a path when there is a slash in it, else a name below `/run/netns`, else the id of a process in it.
    One(Text),
}

/// The network namespaces that were found, each once.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Reachable {
    /// The asking thread's own first, if it is among them.
    pub namespaces: Vec<NetworkNamespace>,
    /// Processes that could not be looked into: there can be namespaces that only they are in.
    pub refused: u64,
    /// Some processes are hidden (`hidepid`).
    pub hidden: bool,
    /// Why processes could not be listed at all.
    pub without_processes: Option<Failure>,
    /// Processes that could not be looked into for another reason than rights, and the last such reason.
    pub unread: u64,
    /// See [`Reachable::unread`].
    pub why_unread: Option<Failure>,
    /// Why the mounts could not be read: there can be namespaces that only a mount holds.
    pub without_mounts: Option<Failure>,
    /// Why some names could not be read; what has them is found through its mount all the same.
    pub without_names: Option<Failure>,
    /// Processes or mounts came and went faster than they could be looked into.
    pub unsettled: bool,
}
