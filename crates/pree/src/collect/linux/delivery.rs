//! The last step of a row: completed by the joins, asked the filter, and off to the visitor. A row that cannot be completed
//! yet is held until every row came by.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::joins::{At, Joins};
use super::namespaces::Stop;
use super::owners::OwnerSearch;
use super::untold::Untold;
use crate::collect::Visitor;
use crate::collect::collection::Collection;
use crate::filter::Filter;
use crate::model::{Socket, State};
use crate::needs::Needs;
use crate::plan::Plan;
use crate::source::{Namespaces, Source};

/// Rows that are held when few are expected; more are better met with every owner known.
const HELD_MOST: usize = 4096;

/// The rows of one network namespace that are held.
struct Part {
    /// With the numbers that names have there.
    plan: Rc<Plan>,
    /// Stored on each row, if requested.
    namespace: Stop,
    held: Vec<Socket>,
}

pub(super) struct Delivery<'v> {
    /// Who holds sockets.
    pub(super) owners: OwnerSearch,
    joins: Joins,
    visitor: &'v mut Visitor<'v>,
    /// The namespace whose rows come now is the last one. Those before it have rows that are held.
    parts: Vec<Part>,
    pub(super) untold: Untold,
}

impl<'v> Delivery<'v> {
    pub(super) fn new(plan: &Plan, visitor: &'v mut Visitor<'v>) -> Self {
        let filter = plan.filter.as_ref().map_or(Needs::empty(), Filter::needs);
        Self {
            joins: Joins::new(plan.needs, filter),
            untold: Untold::new(plan.asked, filter),
            owners: OwnerSearch::new(plan),
            visitor,
            parts: Vec::new(),
        }
    }

    /// The rows to come are of this namespace. Before the first ones, owners are looked for, unless so few rows are to
    /// be expected that it is better to have these first.
    pub(super) fn begin(&mut self, namespace: Stop, collection: &mut Collection<'_>) {
        let is_narrow = collection.plan.is_narrow() && !collection.plan.searches_holders();
        if self.owners.is_awaited() && !is_narrow {
            self.owners.look(collection.source);
        }
        if let Some(ports) = self.owners.bound_ports(collection.source) {
            Rc::make_mut(&mut collection.plan).local_ports = Some(ports);
        }
        // Of one without rows that are held nothing is needed later.
        if self.parts.last().is_some_and(|part| part.held.is_empty()) {
            self.parts.pop();
        }
        let place = self.parts.len();
        self.joins.all().for_each(|join| join.begin(place, collection));
        self.untold.refused = self.joins.refused();
        self.parts.push(Part { plan: Rc::clone(&collection.plan), namespace, held: Vec::new() });
    }

    /// True when so many rows were to be held that reading them stopped.
    pub(super) fn holds_too_many(&self) -> bool {
        let held = || self.parts.iter().map(|part| part.held.len()).sum::<usize>();
        self.owners.is_awaited() && held() > HELD_MOST
    }

    /// Begins anew, with the owners of everything. Rows that are held are forgotten.
    pub(super) fn restart(&mut self, source: &mut dyn Source) {
        self.parts.clear();
        self.owners.look(source);
    }

    /// Completes the row and passes it on, or holds it.
    pub(super) fn deliver(&mut self, socket: &mut Socket) -> ControlFlow<()> {
        let Some(part) = self.parts.last_mut() else { return ControlFlow::Continue(()) };
        if part.namespace.is_some() {
            socket.network_namespace.clone_from(&part.namespace);
        }
        self.untold.saw_bound |= socket.state == State::BoundInactive;
        self.owners.note_row(socket);
        self.joins.all().for_each(|join| join.see(socket));
        // The kernel was asked for just these, but a recording or /proc gives all.
        if !part.plan.wants(socket) {
            return ControlFlow::Continue(());
        }
        let mut at = At { owners: &self.owners, source: None };
        // The filter is asked as soon as it can be: what else is to be found is not looked for in vain.
        let mut is_complete = self.joins.complete(0..self.joins.of_filter, socket, &mut at);
        if is_complete {
            if !self.untold.lets_through(&part.plan, socket, &self.owners) {
                return ControlFlow::Continue(());
            }
            is_complete = self.joins.complete(self.joins.of_filter..usize::MAX, socket, &mut at);
        }
        if is_complete {
            part.plan.shorten_owners(socket);
            return self.pass_on(socket);
        }
        part.held.push(socket.clone());
        if self.holds_too_many() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// A table was read to its end: what its rows turned out to need is asked for.
    pub(super) fn end_table(&mut self, source: &mut dyn Source) {
        self.joins.all().for_each(|join| join.ask(source));
    }

    fn pass_on(&mut self, socket: &Socket) -> ControlFlow<()> {
        self.owners.details.unread.count(socket);
        self.untold.count(socket);
        (self.visitor)(socket)
    }

    /// Completes the rows held, now that every row came by, and passes them on.
    pub(super) fn finish(&mut self, collection: &mut Collection<'_>) -> ControlFlow<()> {
        let flow = self.finish_held(collection.source);
        self.untold.tell_owners(&self.owners, &mut collection.coverage);
        self.joins.all().for_each(|join| join.tell(&self.owners, &mut collection.coverage));
        flow
    }

    fn finish_held(&mut self, source: &mut dyn Source) -> ControlFlow<()> {
        let mut parts = std::mem::take(&mut self.parts);
        for (place, part) in parts.iter_mut().enumerate() {
            self.joins.all().for_each(|join| join.resume(place));
            for socket in &mut part.held {
                let mut at = At { owners: &self.owners, source: Some(source) };
                self.joins.complete(0..self.joins.with_rows, socket, &mut at);
            }
        }
        self.owners.look_for(source, parts.iter().flat_map(|part| &part.held));
        match parts.as_slice() {
            // What a look left without a holder may be gone, or with a process that is younger.
            [Part { plan, held, .. }] if plan.namespaces == Namespaces::Own => {
                self.owners.look_for_the_young(source, plan, held);
            }
            // Tables of other namespaces are not read again.
            parts => self.owners.look_for_in_rings(source, parts.iter().flat_map(|part| &part.held)),
        }
        for (place, Part { plan, held, .. }) in parts.into_iter().enumerate() {
            self.joins.all().for_each(|join| join.resume(place));
            for mut socket in held {
                let mut at = At { owners: &self.owners, source: Some(source) };
                self.joins.complete(self.joins.with_rows..usize::MAX, &mut socket, &mut at);
                self.untold.refused = self.joins.refused();
                if self.untold.lets_through(&plan, &socket, &self.owners) {
                    plan.shorten_owners(&mut socket);
                    self.pass_on(&socket)?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}
