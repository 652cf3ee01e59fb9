//! Names of network namespaces, also of those that come while a watch runs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::NetworkNamespace;
use crate::needs::Needs;
use crate::query::Query;
use crate::source::{Namespaces, Source};

/// Between two searches; after one that took long, ten times as long.
const REST: Duration = Duration::from_millis(100);
/// Namespaces that are remembered: of others it is asked anew.
const MOST: usize = 1 << 16;

pub(super) struct Names {
    which: Namespaces,
    /// By their inodes.
    known: HashMap<u64, Arc<NetworkNamespace>>,
    next: Duration,
}

impl Names {
    /// Where others than the own namespace are followed, or names are asked for.
    pub(super) fn wanted(query: &Query) -> Option<Self> {
        let which = query.namespaces.clone();
        let wanted = which != Namespaces::Own || query.needs.contains(Needs::NAMESPACE_NAME);
        wanted.then(|| Self { which, known: HashMap::new(), next: Duration::ZERO })
    }

    /// The namespace with this inode. One that is not known is searched for, but not all the time.
    pub(super) fn find(&mut self, inode: u64, source: &mut dyn Source) -> Option<Arc<NetworkNamespace>> {
        if let Some(known) = self.known.get(&inode) {
            return Some(Arc::clone(known));
        }
        let begun = source.now().monotonic.unwrap_or_default();
        if begun >= self.next {
            self.search(source);
            let took = source.now().monotonic.unwrap_or_default().saturating_sub(begun);
            self.next = begun + REST.max(took.saturating_mul(10));
        }
        self.known.get(&inode).cloned()
    }

    fn search(&mut self, source: &mut dyn Source) {
        let Ok(found) = source.namespaces(&self.which) else { return };
        // What is gone needs no name any more, and its inode may be used again.
        self.known.clear();
        let found = found.namespaces.into_iter().take(MOST);
        self.known.extend(found.map(|namespace| (namespace.inode, Arc::new(namespace))));
    }
}
