//! Values of flags that are times, and what is said of those that are none.

use std::time::Duration;

use pree::Filter;

use super::options::Args;
use crate::text::escape;

/// Shorter holds too few looks, longer too many surprises.
const LOOK: Times = Duration::from_millis(200)..=Duration::from_secs(3600);

/// Too short a time counts nothing, and too long a wait is a mistake.
const COLLECT: Times = Duration::from_millis(10)..=Duration::from_secs(3600);

/// A process that needs longer to end is one to look at, not to wait for.
const GRACE: Times = Duration::ZERO..=Duration::from_secs(3600);

type Times = std::ops::RangeInclusive<Duration>;

fn time(flag: &str, value: &str, times: &Times, right: &str) -> Result<Option<Duration>, String> {
    let time = Filter::duration(value).ok().filter(|time| times.contains(time));
    time.map(Some).ok_or_else(|| choice(flag, value, right))
}

pub(super) fn estats(args: &mut Args, value: &str) -> Result<(), String> {
    args.asked.estats = time("--estats", value, &COLLECT, "a time from 10ms to 1h, such as 5s")?;
    Ok(())
}

pub(super) fn look_for(args: &mut Args, value: &str) -> Result<(), String> {
    args.look_for = time("--for", value, &LOOK, "a time from 200ms to 1h, such as 10s")?;
    Ok(())
}

pub(super) fn grace(args: &mut Args, value: &str) -> Result<(), String> {
    args.acting.grace = time("--grace", value, &GRACE, "a time up to 1h, such as 5s")?;
    Ok(())
}

/// What to say of a value that a flag does not take.
pub(super) fn choice(flag: &str, value: &str, right: &str) -> String {
    format!("{flag} takes {right}, not {}", escape::quoted(value.as_bytes()))
}
