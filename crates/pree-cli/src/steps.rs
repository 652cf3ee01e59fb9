//! What work comes to, counted in steps: time depends on who else works, steps do not.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

/// So many more: looks into a table, bytes gone through.
pub(crate) fn count(steps: usize) {
    STEPS.set(STEPS.get() + steps);
}

/// Steps of this thread that this takes.
pub(crate) fn of(work: impl FnOnce()) -> usize {
    let before = STEPS.get();
    work();
    STEPS.get() - before
}
