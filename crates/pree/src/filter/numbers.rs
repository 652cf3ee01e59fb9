//! Numbers with a unit: as exact as they are written, because outputs round.

use std::time::Duration;

use crate::field::Unit;

type Read<T> = Result<T, String>;

/// A number in its smallest unit: nanoseconds, bytes, billionths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span {
    /// What less and more are measured at.
    pub(super) written: u64,
    /// Everything from here …
    pub(super) first: u64,
    /// … up to here is written so: `1.5ms` begins at 1.5 and ends before 1.6.
    pub(super) last: u64,
}

/// A time with its unit.
pub(super) fn duration(text: &str) -> Read<Duration> {
    span_of_time(text).map(|span| Duration::from_nanos(span.written))
}

/// The same for a field. A plain number is in the unit of machine formats, and good for `=` only: `rtt>50` could be meant
/// in any.
pub(super) fn duration_of(unit: Unit, is_equal: bool, text: &str) -> Read<Span> {
    let nanos = if unit == Unit::Milliseconds { 1_000_000 } else { 1_000 };
    match span_of_time(text) {
        Err(_) if is_equal && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            cut(text, nanos).ok_or_else(|| format!("{text:?} is too long"))
        }
        other => other,
    }
}

fn span_of_time(text: &str) -> Read<Span> {
    let wrong = || format!("{text:?} needs a unit, for example 250us, 5ms, 1.5s, 10min, 2h or 3d");
    let (number, unit) = split_unit(text);
    let nanos = match unit {
        "ns" => 1,
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "min" | "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        "d" => DAY * SECOND,
        _ => return Err(wrong()),
    };
    cut(number, nanos).ok_or_else(wrong)
}

const SECOND: u64 = 1_000_000_000;
/// In seconds.
const DAY: u64 = 86_400;

/// Bytes, with 1024s (`KiB`, `k`) or 1000s (`kB`), and anything after `/s`.
pub(super) fn size(text: &str) -> Read<Span> {
    let wrong = || format!("{text:?} is not a size: expected 1500, 64k, 10MiB or 5MB");
    let (number, unit) = split_unit(text.strip_suffix("/s").unwrap_or(text));
    let factor: u64 = match unit {
        "" | "B" | "b" => 1,
        "k" | "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        "T" | "TiB" => 1 << 40,
        "PiB" => 1 << 50,
        "EiB" => 1 << 60,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return Err(wrong()),
    };
    cut(number, factor).ok_or_else(wrong)
}

/// A part of 1, in billionths: `0.7`, `1%`.
pub(super) fn share(text: &str) -> Read<Span> {
    let wrong = || format!("{text:?} is not a share: expected a fraction such as 0.7, or 70%");
    let (number, whole) = match text.strip_suffix('%') {
        Some(percent) => (percent, SHARE_WHOLE / 100),
        None => (text, SHARE_WHOLE),
    };
    let written = cut(number, whole).map(|span| span.written).filter(|share| *share <= SHARE_WHOLE);
    let written = written.ok_or_else(wrong)?;
    // Rounded to what is written of a fraction, and never to less than a millionth.
    let digits = number.split_once('.').map_or(0, |(_, fraction)| fraction.len().min(18) as u32);
    let step = if digits == 0 { 0 } else { whole / 10_u64.pow(digits) };
    let half = (step / 2).max(SHARE_WHOLE / 2_000_000);
    let last = written.saturating_add(half).min(SHARE_WHOLE);
    Ok(Span { written, first: written.saturating_sub(half), last })
}

/// Billionths in 1.
pub(super) const SHARE_WHOLE: u64 = 1_000_000_000;

/// A point in time, since the Unix epoch: `2026-01-31T23:59:59.123456Z` or less of it, down to the year, or seconds. UTC, as
/// outputs have it.
pub(super) fn date(text: &str) -> Read<Span> {
    let wrong = || {
        format!(
            "{text:?} is not a date: expected 2026-01-31T23:59:59Z or the beginning of it, down to 2026, or seconds since 1970"
        )
    };
    // Nobody means the first hours of 1970 with four digits.
    let is_year = text.len() == 4 && digits(text).is_some();
    if let Some(span) = cut(text, SECOND).filter(|_| !is_year) {
        return Ok(span);
    }
    let (day, time) = text.strip_suffix('Z').unwrap_or(text).split_once('T').unwrap_or((text, ""));
    let (time, fraction) =
        time.split_once('.').map_or((time, None), |(time, fraction)| (time, Some(fraction)));
    let parts: Option<Vec<u64>> = day.split('-').map(digits).collect();
    let (begins, ends) = match *parts.unwrap_or_default() {
        [year] if time.is_empty() => (days(year, 1, 1), days(year + 1, 1, 1)),
        [year, 12] if time.is_empty() => (days(year, 12, 1), days(year + 1, 1, 1)),
        [year, month] if time.is_empty() => (days(year, month, 1), days(year, month + 1, 1)),
        [year, month, of_month] => {
            let day = days(year, month, of_month);
            (day, day.map(|day| day + 1))
        }
        _ => return Err(wrong()),
    };
    let (begins, ends) = begins.zip(ends).ok_or_else(wrong)?;
    let mut seconds = begins * DAY;
    let mut length = (ends - begins) * DAY;
    if !time.is_empty() {
        for part in time.split(':') {
            length = if length == DAY { 3_600 } else { length / 60 };
            let largest = if length == 3_600 { 23 } else { 59 };
            let number = digits(part).filter(|number| *number <= largest && length > 0).ok_or_else(wrong)?;
            seconds += number * length;
        }
    }
    let begins = seconds.checked_mul(SECOND).ok_or_else(wrong)?;
    let within = match fraction {
        None => Span { written: 0, first: 0, last: length * SECOND - 1 },
        // Of a whole second.
        Some(digits) if length == 1 && !digits.is_empty() => {
            cut(&format!("0.{digits}"), SECOND).ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    let at = |nanos: u64| begins.checked_add(nanos).ok_or_else(wrong);
    Ok(Span { written: at(within.written)?, first: at(within.first)?, last: at(within.last)? })
}

fn digits(text: &str) -> Option<u64> {
    text.parse()
        .ok()
        .filter(|_| (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Days from 1970-01-01 to a date not before it. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// `days_from_civil`: years begin in March.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + u64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year < 1970 || !(1..=longest).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// `1.5ms` → 1.5 and `ms`. Never negative.
fn split_unit(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()))
}

/// A decimal number times a whole one, and what is cut down to it when it is shown with as many digits. Exact.
fn cut(number: &str, factor: u64) -> Option<Span> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    // More digits than these are less than any unit's smallest part.
    let fraction = fraction.get(..18).unwrap_or(fraction);
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let scaled: u128 = format!("{whole}{fraction}").parse().ok()?;
    let at = |scaled: u128| scaled.checked_mul(factor.into());
    let written = u64::try_from(at(scaled)? / scale).ok()?;
    let first = u64::try_from(at(scaled)?.div_ceil(scale)).unwrap_or(u64::MAX);
    let next = at(scaled.checked_add(1)?)?.div_ceil(scale);
    let last = u64::try_from(next.saturating_sub(1)).unwrap_or(u64::MAX);
    // Digits below the smallest unit add nothing.
    Some(Span { written, first: first.min(last), last })
}
