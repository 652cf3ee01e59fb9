//! The last step of a row: is it asked for, whose is it, and off to the visitor.

use std::ops::ControlFlow;

use super::owners::OwnerSearch;
use crate::collect::Visitor;
use crate::coverage::{Coverage, Gap, Missing};
use crate::error::ErrorKind;
use crate::model::{Socket, State, Unowned};
use crate::plan::Plan;
use crate::query::{Needs, OwnerLookup};
use crate::source::Source;

pub(super) struct Delivery<'p, 'v> {
    plan: &'p Plan,
    owners: OwnerSearch<'p>,
    visitor: &'p mut Visitor<'v>,
    /// Whether the filter can be asked before the owners are known: that saves looking them up.
    filter_first: bool,
    /// What the filter asks for and some rows did not tell, and whether that was a matter of rights.
    undecided: Option<(&'static str, ErrorKind)>,
    /// Rows with an inode that nobody was seen to hold: looked up once more at the end.
    held: Vec<Socket>,
}

impl<'p, 'v> Delivery<'p, 'v> {
    pub(super) fn new(plan: &'p Plan, owners: OwnerSearch<'p>, visitor: &'p mut Visitor<'v>) -> Self {
        let filter_first = plan.filter.as_ref().is_some_and(|filter| !filter.needs().contains(Needs::OWNERS));
        Self { plan, owners, visitor, filter_first, undecided: None, held: Vec::new() }
    }

    /// True when the query asks for this row. The kernel was asked for just these, but a recording or /proc gives all.
    pub(super) fn wants(&self, socket: &Socket) -> bool {
        self.plan.states.contains(socket.state.set()) && self.plan.wants_family(socket.family)
    }

    /// Gives the row its owners and passes it on, or holds it.
    pub(super) fn deliver(&mut self, socket: &mut Socket) -> ControlFlow<()> {
        socket.owners.clear();
        socket.unowned = None;
        if !self.wants(socket) || (self.filter_first && !self.matches(socket)) {
            return ControlFlow::Continue(());
        }
        if self.plan.owners != OwnerLookup::None {
            match socket.inode {
                None => socket.unowned = Some(reason_without_inode(socket.state)),
                Some(inode) => {
                    self.owners.find(inode, &mut socket.owners);
                    if socket.owners.is_empty() {
                        self.held.push(socket.clone());
                        return ControlFlow::Continue(());
                    }
                }
            }
        }
        if self.filter_first || self.matches(socket) {
            (self.visitor)(socket)
        } else {
            ControlFlow::Continue(())
        }
    }

    fn matches(&mut self, socket: &Socket) -> bool {
        let Some(filter) = &self.plan.filter else { return true };
        if filter.matches(socket) {
            return true;
        }
        if let (None, Some(key)) = (self.undecided, filter.undecided(socket)) {
            // sock_diag, which gives an identity, keeps to itself only what is not everybody's business.
            let refused = socket.id.is_some();
            let why = if refused { ErrorKind::NotPermitted } else { ErrorKind::Unsupported };
            self.undecided = Some((key, why));
        }
        false
    }

    /// Looks once more for the owners of the rows held, and passes them on.
    pub(super) fn finish(mut self, source: &mut dyn Source, coverage: &mut Coverage) -> ControlFlow<()> {
        let flow = self.finish_held(source, coverage);
        if let Some((key, why)) = self.undecided {
            let hint = if why == ErrorKind::NotPermitted {
                "only those with CAP_NET_ADMIN are told marks: run as root"
            } else {
                "/proc does not tell it: sock_diag must be permitted and its modules loaded"
            };
            coverage.add(Gap {
                what: Missing::Rows,
                why,
                count: None,
                object: format!("filter by {key}"),
                hint,
            });
        }
        flow
    }

    fn finish_held(&mut self, source: &mut dyn Source, coverage: &mut Coverage) -> ControlFlow<()> {
        if self.held.is_empty() {
            return ControlFlow::Continue(());
        }
        let inodes = self.held.iter().filter_map(|socket| socket.inode).collect();
        self.owners.look_again(source, &inodes);
        let mut unknown = 0;
        for mut socket in std::mem::take(&mut self.held) {
            if let Some(inode) = socket.inode {
                self.owners.find(inode, &mut socket.owners);
            }
            if socket.owners.is_empty() {
                let reason = self.owners.reason_unowned();
                unknown += u64::from(reason == Unowned::NotPermitted);
                socket.unowned = Some(reason);
            }
            if !self.matches(&socket) {
                continue;
            }
            if (self.visitor)(&socket).is_break() {
                return ControlFlow::Break(());
            }
        }
        if unknown > 0 {
            coverage.add(self.owners.gap(unknown));
        }
        ControlFlow::Continue(())
    }
}

/// Why a socket that no file stands for has no owner: its state says so.
fn reason_without_inode(state: State) -> Unowned {
    match state {
        State::TimeWait => Unowned::TimeWait,
        State::SynReceived => Unowned::Handshake,
        // close(2) never leaves a socket in these, so it was never accepted.
        State::Established | State::CloseWait => Unowned::AcceptQueue,
        State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck => Unowned::Orphaned,
        _ => Unowned::NoVisibleHolder,
    }
}
