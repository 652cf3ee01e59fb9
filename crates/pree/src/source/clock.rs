//! What time it was, in a recording.

use std::time::Duration;

use crate::model::Moment;

/// What a recording calls the question what time it is.
pub(super) const KEY: &str = "clock";

/// Nanoseconds by the wall clock and by the one that only goes forward, each a little-endian u64; 0: unknown.
pub(super) fn encode(moment: Moment) -> [u8; 16] {
    let nanos = |time: Option<Duration>| {
        time.and_then(|time| u64::try_from(time.as_nanos()).ok()).unwrap_or(0).to_le_bytes()
    };
    let mut bytes = [0; 16];
    let (wall, monotonic) = bytes.split_at_mut(8);
    wall.copy_from_slice(&nanos(moment.wall));
    monotonic.copy_from_slice(&nanos(moment.monotonic));
    bytes
}

pub(super) fn decode(bytes: &[u8]) -> Option<Moment> {
    let (wall, monotonic) = bytes.split_first_chunk()?;
    let time = |bytes: [u8; 8]| {
        Some(u64::from_le_bytes(bytes)).filter(|nanos| *nanos != 0).map(Duration::from_nanos)
    };
    Some(Moment { wall: time(*wall), monotonic: time(monotonic.try_into().ok()?) })
}
