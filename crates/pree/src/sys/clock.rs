//! The clocks that every system has.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::Moment;

/// Now. The clock that only goes forward counts from the first time this process asked.
pub(crate) fn now() -> Moment {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    Moment {
        wall: SystemTime::now().duration_since(UNIX_EPOCH).ok(),
        monotonic: Some(FIRST.get_or_init(Instant::now).elapsed()),
    }
}
