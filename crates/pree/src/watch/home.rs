//! The one network namespace that is watched, as long as something leads to it.
//!
//! Who watches it holds it, so it does not end: but when its name is deleted and no socket is left in it, nothing will happen there
//! any more.

use std::time::Duration;

use crate::error::ErrorKind;
use crate::needs::{Needs, OwnerLookup};
use crate::query::Query;
use crate::source::{Namespaces, Question, Source, read_all};

/// Between two looks whether it is there.
const REST: Duration = Duration::from_secs(1);

pub(super) struct Home {
    name: String,
    inode: u64,
    /// Asks for the sockets in it.
    sockets: Query,
    next: Duration,
}

impl Home {
    /// Where one is watched.
    pub(super) fn of(looks: &Query, source: &mut dyn Source) -> Option<Self> {
        let Namespaces::One(name) = &looks.namespaces else { return None };
        let name = std::str::from_utf8(name.as_bytes()).ok()?.to_owned();
        let inode = source.namespaces(&looks.namespaces).ok()?.namespaces.first()?.inode;
        let mut sockets = looks.clone();
        (sockets.needs, sockets.owners) = (Needs::empty(), Some(OwnerLookup::None));
        Some(Self { name, inode, sockets, next: Duration::ZERO })
    }

    /// Whether nothing can happen there any more. It is not asked all the time.
    pub(super) fn is_deserted(&mut self, source: &mut dyn Source) -> bool {
        let now = source.now().monotonic.unwrap_or_default();
        if now < self.next {
            return false;
        }
        self.next = now.saturating_add(REST);
        let leads_elsewhere = match read_all(source, &Question::NamespaceNamed(&self.name)) {
            Ok(inode) => inode.try_into().is_ok_and(|inode| u64::from_le_bytes(inode) != self.inode),
            Err(failure) => failure.kind() == ErrorKind::Absent,
        };
        leads_elsewhere
            && self.sockets.collect_from(source).is_ok_and(|snapshot| snapshot.sockets().is_empty())
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}
