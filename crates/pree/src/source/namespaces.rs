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
    /// Processes that could not be examined: there can be namespaces that only they are in.
    pub refused: u64,
    /// Some processes are hidden (`hidepid`).
    pub hidden: bool,
    /// Why processes could not be listed at all.
    pub without_processes: Option<Failure>,
    /// Processes that could not be examined for another reason than rights, and the last such reason.
    pub unread: u64,
    /// See [`Reachable::unread`].
    pub why_unread: Option<Failure>,
    /// Why the mounts could not be read: there can be namespaces that only a mount holds.
    pub without_mounts: Option<Failure>,
    /// Why some names could not be read; what has them is found through its mount all the same.
    pub without_names: Option<Failure>,
    /// Processes or mounts came and went faster than they could be examined.
    pub unsettled: bool,
}

/// What a recording calls the question which namespace it is of.
pub(super) const KEY: &str = "namespace";

/// Inode, a little-endian u64, and each name with a NUL behind it.
pub(super) fn encode(namespace: &NetworkNamespace) -> Vec<u8> {
    let mut bytes = namespace.inode.to_le_bytes().to_vec();
    for name in namespace.names() {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
    }
    bytes
}

pub(super) fn decode(bytes: &[u8]) -> Option<NetworkNamespace> {
    let (inode, names) = bytes.split_first_chunk()?;
    let mut names = names.split_inclusive(|byte| *byte == 0).map(|name| name.strip_suffix(&[0]));
    let first = names.next();
    let mut namespace = NetworkNamespace::new(u64::from_le_bytes(*inode), None);
    if let Some(first) = first {
        namespace.name = Some(Text::from(first?));
    }
    namespace.other_names = names.map(|name| name.map(Text::from)).collect::<Option<_>>()?;
    Some(namespace)
}
