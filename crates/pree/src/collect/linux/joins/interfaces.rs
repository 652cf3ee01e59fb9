//! Names of the interfaces that sockets are bound to. No row tells them, and while rows come by nothing can be asked: the rows
//! of an interface that is met for the first time wait.

use std::collections::BTreeSet;

use super::join::{At, Join};
use crate::collect::linux::owners::OwnerSearch;
use crate::collect::names::InterfaceNames;
use crate::coverage::Coverage;
use crate::model::Socket;
use crate::source::Source;

/// Those of one network namespace.
#[derive(Default)]
pub(super) struct Interfaces {
    names: InterfaceNames,
    wanted: BTreeSet<u32>,
}

impl Join for Interfaces {
    fn complete(&mut self, socket: &mut Socket, at: &mut At<'_>) -> bool {
        let is_known = self.names.complete(socket);
        if !is_known {
            self.wanted.extend(socket.interface);
        }
        is_known || at.is_last()
    }

    fn ask(&mut self, source: &mut dyn Source) {
        for index in std::mem::take(&mut self.wanted) {
            self.names.ask(index, source);
        }
    }

    fn tell(&self, _: &OwnerSearch, coverage: &mut Coverage) {
        self.names.gap().into_iter().for_each(|gap| coverage.add(gap));
    }
}
