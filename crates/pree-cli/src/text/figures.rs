//! Figures for people and for programs: digits without `format!`, times, sizes and rates with three digits that count.

use std::io::Write as _;
use std::time::Duration;

use pree::field::date_of;

/// Decimal digits. The standard formatter costs five times as much, and a row of statistics has fifty numbers.
#[inline]
pub(crate) fn number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Microseconds, as many as fit.
pub(crate) fn microseconds(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000_000).saturating_add(time.subsec_micros().into())
}

/// Milliseconds, as many as fit.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000).saturating_add(time.subsec_millis().into())
}

/// A time in the unit that fits.
pub(crate) fn duration(time: Duration, out: &mut Vec<u8>) {
    let us = microseconds(time);
    match us {
        0..=999 => with_unit(us, b"us", out),
        1_000..=99_999 => one_decimal(us / 100, b"ms", out),
        100_000..=999_999 => with_unit(us / 1_000, b"ms", out),
        1_000_000..=119_999_999 => one_decimal(us / 100_000, b"s", out),
        120_000_000..=7_199_999_999 => with_unit(us / 60_000_000, b"min", out),
        7_200_000_000..=172_799_999_999 => with_unit(us / 3_600_000_000, b"h", out),
        _ => with_unit(us / 86_400_000_000, b"d", out),
    }
}

/// A size: exact to 9999 bytes, then three digits in the binary unit that fits. Rounded down, as times are.
pub(crate) fn bytes(bytes: u64, out: &mut Vec<u8>) {
    if bytes < 10_000 {
        return with_unit(bytes, b"B", out);
    }
    let mut shift = 10;
    while shift < 60 && bytes >> shift >= 1024 {
        shift += 10;
    }
    let unit: &[u8] = match shift {
        10 => b"KiB",
        20 => b"MiB",
        30 => b"GiB",
        40 => b"TiB",
        50 => b"PiB",
        _ => b"EiB",
    };
    let whole = bytes >> shift;
    // 128 bits: a hundred times the rest of an exbibyte is more than 64 hold.
    let hundredths = ((u128::from(bytes & ((1 << shift) - 1)) * 100) >> shift) as u64;
    number(whole, out);
    if whole < 10 {
        out.push(b'.');
        out.push(b'0' + (hundredths / 10) as u8);
        out.push(b'0' + (hundredths % 10) as u8);
    } else if whole < 100 {
        out.push(b'.');
        out.push(b'0' + (hundredths / 10) as u8);
    }
    out.extend_from_slice(unit);
}

/// A part of 1 in per cent, with three digits that count.
pub(crate) fn percent(share: f64, out: &mut Vec<u8>) {
    let percent = share * 100.0;
    // Writing to a Vec cannot fail.
    let _ = match percent {
        0.0 => write!(out, "0%"),
        p if p < 9.995 => write!(out, "{p:.2}%"),
        p if p < 99.95 => write!(out, "{p:.1}%"),
        // Rounded to 100 % it would be read back as all of it.
        p if p < 100.0 => write!(out, "{p:.2}%"),
        p => write!(out, "{p:.0}%"),
    };
}

/// A mark from 0 to 1.
pub(crate) fn score(score: f64, out: &mut Vec<u8>) {
    let _ = write!(out, "{score:.2}");
}

/// A fraction for programs: at most six digits.
pub(crate) fn fraction(value: f64, out: &mut Vec<u8>) {
    let _ = write!(out, "{}", (value * 1e6).round() / 1e6);
}

/// A point in time, UTC: `2026-01-31T23:59:59Z`. The machine's time zone would need its database.
pub(crate) fn date(since_epoch: Duration, out: &mut Vec<u8>) {
    day(since_epoch, out);
    out.push(b'T');
    time(since_epoch, out);
    out.push(b'Z');
}

/// The same to the microsecond: `2026-01-31T23:59:59.000001Z`.
pub(crate) fn timestamp(since_epoch: Duration, out: &mut Vec<u8>) {
    day(since_epoch, out);
    out.push(b'T');
    time(since_epoch, out);
    let _ = write!(out, ".{:06}Z", since_epoch.subsec_micros());
}

/// Without the day, to the millisecond: `23:59:59.001Z`.
pub(crate) fn time_of_day(since_epoch: Duration, out: &mut Vec<u8>) {
    time(since_epoch, out);
    let _ = write!(out, ".{:03}Z", since_epoch.subsec_millis());
}

fn time(since_epoch: Duration, out: &mut Vec<u8>) {
    let of_day = since_epoch.as_secs() % 86_400;
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{hour:02}:{minute:02}:{second:02}");
}

fn day(since_epoch: Duration, out: &mut Vec<u8>) {
    let (year, month, day) = date_of(since_epoch.as_secs() / 86_400);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
}

#[inline]
fn with_unit(count: u64, unit: &[u8], out: &mut Vec<u8>) {
    number(count, out);
    out.extend_from_slice(unit);
}

#[inline]
fn one_decimal(tenths: u64, unit: &[u8], out: &mut Vec<u8>) {
    number(tenths / 10, out);
    out.push(b'.');
    out.push(b'0' + (tenths % 10) as u8);
    out.extend_from_slice(unit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: &str, write: impl FnOnce(&mut Vec<u8>)) {
        let mut out = Vec::new();
        write(&mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn numbers() {
        let near = (0..20).map(|power| 10_u64.pow(power)).flat_map(|n| [n - 1, n, n + 1, n / 10 * 17]);
        for n in near.chain([4_294_967_295, 9_999_999_999_999_999_999, u64::MAX, 100_000_000_000_000_007]) {
            check(&n.to_string(), |out| number(n, out));
        }
        for n in (0..100_000_000).step_by(9_973).chain(0..20_000) {
            check(&n.to_string(), |out| number(n, out));
        }
    }

    #[test]
    fn durations() {
        for (us, shown) in [
            (0, "0us"),
            (251, "251us"),
            (1_000, "1.0ms"),
            (99_999, "99.9ms"),
            (184_000, "184ms"),
            (1_500_000, "1.5s"),
            (119_999_999, "119.9s"),
            (120_000_000, "2min"),
            (7_200_000_000, "2h"),
            (u64::MAX, "213503982d"),
        ] {
            check(shown, |out| duration(Duration::from_micros(us), out));
        }
    }

    #[test]
    fn sizes() {
        for (size, shown) in [
            (0, "0B"),
            (1448, "1448B"),
            (9_999, "9999B"),
            (10_000, "9.76KiB"),
            (65_483, "63.9KiB"),
            (131_072, "128KiB"),
            (1_047_552, "1023KiB"),
            (1_048_576, "1.00MiB"),
            (2_202_009, "2.09MiB"),
            (6_291_456, "6.00MiB"),
            (1 << 40, "1.00TiB"),
            (u64::MAX, "15.9EiB"),
        ] {
            check(shown, |out| bytes(size, out));
        }
    }

    #[test]
    fn shares() {
        for (share, percents, plain) in [
            (0.0, "0%", "0"),
            (0.000_012, "0.00%", "0.000012"),
            (0.018, "1.80%", "0.018"),
            (0.099_949, "9.99%", "0.099949"),
            (0.099_96, "10.0%", "0.09996"),
            (0.9996, "99.96%", "0.9996"),
            (0.999_996, "100.00%", "0.999996"),
            (1.0, "100%", "1"),
        ] {
            check(percents, |out| percent(share, out));
            check(plain, |out| fraction(share, out));
        }
        check("0.41", |out| score(0.4149, out));
    }

    #[test]
    fn dates() {
        for (seconds, shown) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
        ] {
            check(shown, |out| date(Duration::from_secs(seconds), out));
        }
        let late = Duration::new(1_767_225_599, 1_999_999);
        check("2025-12-31T23:59:59.001999Z", |out| timestamp(late, out));
        check("23:59:59.001Z", |out| time_of_day(late, out));
    }
}
