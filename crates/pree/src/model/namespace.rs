//! Network namespaces: which there are, and by what name they go.

use std::fmt;

use super::Text;

/// A network namespace: what a socket's addresses, ports and interfaces belong to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct NetworkNamespace {
    /// Its inode (`/proc/PID/ns/net`); 0 when it cannot be read.
    pub inode: u64,
    /// The name it has below `/run/netns`, as `ip netns` gives it; of several the one by which it was asked for, else the
    /// first.
    pub name: Option<Text>,
    /// Its further names there.
    pub other_names: Vec<Text>,
}

impl NetworkNamespace {
    /// The namespace with this inode, and at most one name.
    pub fn new(inode: u64, name: Option<Text>) -> Self {
        Self { inode, name, other_names: Vec::new() }
    }

    /// Every name it has.
    pub fn names(&self) -> impl Iterator<Item = &Text> {
        self.name.iter().chain(&self.other_names)
    }
}

/// Name or inode, for messages. What is not UTF-8 in a name is shown as escapes.
impl fmt::Display for NetworkNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}", name.as_bytes().escape_ascii()),
            None => write!(f, "{}", self.inode),
        }
    }
}
