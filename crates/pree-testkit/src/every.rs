//! `all` alone is true of nothing.
#![allow(unreachable_pub, reason = "a module of tests too that cannot use the kit on every system")]

use std::fmt::Debug;

/// Asserts that it holds of every item, and that there was one.
///
/// # Panics
/// There is none, or it does not hold of one.
#[track_caller]
pub fn every<T: Debug>(items: impl IntoIterator<Item = T>, holds: impl Fn(&T) -> bool) {
    let mut items = items.into_iter().peekable();
    assert!(items.peek().is_some(), "there is nothing to look at");
    for item in items {
        assert!(holds(&item), "not so of {item:?}");
    }
}
