//! The last step of a row on the systems whose rows come with their owners: is it asked for, does it match, off to the
//! visitor. Linux, where owners are found apart, has its own in `linux/delivery.rs`.
use std::ops::ControlFlow;
use std::rc::Rc;

use super::Visitor;
use super::collection::Collection;
use super::untold::Undecided;
use crate::coverage::{Coverage, Gap, Missing};
use crate::error::{Error, ErrorKind, Result};
use crate::field::{self, Field, View};
use crate::filter::{Filter, Name, Unmet, Verdicts};
use crate::model::{Socket, Unowned};
use crate::needs::{Needs, OwnerLookup, OwnerSource, SourceChoice};
use crate::plan::Plan;
use crate::source::{Namespaces, System};

/// In what rows are missing of which it is not known who holds them.
pub(super) const FILTER_BY_OWNER: &str = "filter by owner";

pub(super) struct Delivery<'v> {
    plan: Rc<Plan>,
    visitor: &'v mut Visitor<'v>,
    /// The fields that the filter is about.
    subjects: Vec<&'static Field>,
    verdicts: Verdicts,
    /// Whether it can be asked before the owners are known too: that saves looking them up.
    asks_twice: bool,
    /// Rows that might match if more were known about them.
    undecided: Undecided,
    /// Rows that might match if it were known who holds them.
    undecided_owners: u64,
    /// Of the filter's conditions on processes, those that nobody unseen meets.
    pub(super) unmet: Unmet,
    /// Rows that went to the visitor.
    told: u64,
}

impl<'v> Delivery<'v> {
    /// `number` gives the number that goes by a name of the filter, `None` when nothing does.
    ///
    /// # Errors
    /// The plan asks for what only Linux has, or the filter names what is not there.
    pub(super) fn new(
        collection: &mut Collection<'_>,
        visitor: &'v mut Visitor<'v>,
        number: impl Fn(&mut Collection<'_>, Name, &str) -> Result<Option<u64>>,
    ) -> Result<Self> {
        refuse_what_only_linux_has(&collection.plan, collection.source.system())?;
        collection.resolve(number)?;
        let plan = Rc::clone(&collection.plan);
        let subjects = plan.filter.as_ref().map_or(Vec::new(), Filter::subjects);
        let unmet = plan.filter.as_ref().map(Filter::unmet).unwrap_or_default();
        let needs = plan.filter.as_ref().map(Filter::needs);
        let asks_twice = needs.is_some_and(|needs| !needs.intersects(Needs::OWNERS | Needs::PEERS));
        Ok(Self {
            plan,
            visitor,
            subjects,
            verdicts: match collection.source.system() {
                System::Windows => Verdicts::in_any_case(),
                _ => Verdicts::default(),
            },
            asks_twice,
            undecided: Undecided::new(collection.source.system()),
            undecided_owners: 0,
            unmet,
            told: 0,
        })
    }

    /// Passes the row on if it is asked for. `complete` adds what costs a question: it is called for rows that may be
    /// wanted only. [`Socket::owners`] may have all owners; what was not asked for is taken out here.
    pub(super) fn deliver(
        &mut self,
        socket: &mut Socket,
        complete: impl FnOnce(&mut Socket),
    ) -> ControlFlow<()> {
        if !self.may_want(socket) {
            return ControlFlow::Continue(());
        }
        complete(socket);
        if self.plan.owners == OwnerLookup::None {
            socket.owners.clear();
            socket.unowned = None;
        }
        if !self.matches(socket) {
            return ControlFlow::Continue(());
        }
        if self.plan.is_undecided(socket) {
            self.undecided.count(&[field::STATE], &View::new(socket));
            return ControlFlow::Continue(());
        }
        self.plan.shorten_owners(socket);
        self.told += 1;
        (self.visitor)(socket)
    }

    /// How many rows went to the visitor.
    pub(super) fn told(&self) -> u64 {
        self.told
    }

    /// True when the row may be delivered, as far as is known of it: what is not known yet excludes nothing.
    pub(super) fn may_want(&self, socket: &Socket) -> bool {
        let view = View::new(socket);
        let untold = |field: &Field| self.undecided.is_untold(field, &view);
        let excluded = || self.plan.filter.as_ref().is_some_and(|filter| filter.excludes(&view, &untold));
        self.plan.wants(socket) && !(self.asks_twice && excluded())
    }

    fn matches(&mut self, socket: &Socket) -> bool {
        let Some(filter) = &self.plan.filter else { return true };
        let view = View::new(socket);
        let untold = |field: &Field| self.undecided.is_untold(field, &view);
        let decided = filter.decides(&view, &untold, &self.verdicts);
        if decided.is_none() {
            self.undecided.count(&self.subjects, &view);
        }
        let matches = decided == Some(true);
        let unknown = socket.unowned.is_some_and(Unowned::is_unknown);
        if !matches && unknown && filter.may_match_without(&view, Needs::OWNERS, &self.unmet, &self.verdicts)
        {
            self.undecided_owners += 1;
        }
        matches
    }

    /// The gap that rows are which might match if their owners were known; `why`: why these are not, and what helps.
    pub(super) fn undecided_owners(&self, (why, hint): (ErrorKind, &'static str)) -> Option<Gap> {
        let count = Some(self.undecided_owners).filter(|count| *count > 0)?;
        let (count, object) = (Some(count), FILTER_BY_OWNER.to_owned());
        Some(Gap { what: Missing::Rows, why, count, object, hint })
    }

    /// Adds the other rows that could not be decided.
    pub(super) fn finish(self, coverage: &mut Coverage) {
        self.undecided.gaps().for_each(|gap| coverage.add(gap));
    }
}

/// What is forced or asked for and does not exist elsewhere is an error, never an answer to another question.
fn refuse_what_only_linux_has(plan: &Plan, system: System) -> Result<()> {
    let refused = |operation, object: String| Err(Error::new(ErrorKind::Unsupported, operation, object));
    if plan.namespaces != Namespaces::Own {
        return refused("enter", format!("network namespaces of {system}"));
    }
    if plan.source != SourceChoice::Auto {
        let name = match plan.source {
            SourceChoice::Diag => "sock_diag",
            _ => "/proc/net",
        };
        return refused("read", format!("{name} of {system}"));
    }
    match plan.owner_source {
        OwnerSource::Auto => {}
        OwnerSource::Proc => return refused("read", format!("/proc of {system}")),
        OwnerSource::Bpf => return refused("run", format!("a BPF program on {system}")),
    }
    if plan.needs_the_kernel() {
        return refused("decide", format!("autobound on {system}"));
    }
    Ok(())
}
