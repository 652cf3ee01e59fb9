//! One collection: the plan, the source, and what is missing from the answer.

use std::rc::Rc;

use crate::coverage::Coverage;
use crate::error::Result;
use crate::filter::Name;
use crate::plan::Plan;
use crate::source::Source;

/// What all steps of a collection share.
pub(super) struct Collection<'s> {
    pub(super) plan: Rc<Plan>,
    pub(super) source: &'s mut dyn Source,
    pub(super) coverage: Coverage,
}

impl<'s> Collection<'s> {
    pub(super) fn new(plan: Plan, source: &'s mut dyn Source) -> Self {
        Self { plan: Rc::new(plan), source, coverage: Coverage::default() }
    }

    /// Resolves the names in the filter; `number` looks them up and returns `None` for a name that nothing has.
    pub(super) fn resolve(
        &mut self,
        number: impl Fn(&mut Self, Name, &str) -> Result<Option<u64>>,
    ) -> Result<()> {
        let Some(mut filter) = self.plan.filter.clone() else { return Ok(()) };
        filter.resolve(|what, name| number(self, what, name))?;
        Rc::make_mut(&mut self.plan).filter = Some(filter);
        Ok(())
    }
}
