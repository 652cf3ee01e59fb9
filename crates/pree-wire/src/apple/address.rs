//! Addresses and ports as the kernel of macOS keeps them.

use super::layout;
use super::place::Place;

/// A port in network order: the first two bytes of the member, which is wider in some structures.
pub(super) fn port(bytes: &[u8], place: Place) -> Option<u16> {
    let [high, low, ..] = place.of(bytes)? else { return None };
    Some(u16::from_be_bytes([*high, *low]))
}

/// The 16 bytes of an address; an IPv4 address is the last four of them.
pub(super) fn address(bytes: &[u8], place: Place) -> Option<[u8; 16]> {
    place.of(bytes)?.try_into().ok()
}

/// The path in a `struct sockaddr_un`, which may be longer than the structure: up to its own length and before the first
/// NUL. Empty for a socket without a name.
pub fn unix_path(address: &[u8]) -> &[u8] {
    const PATH: usize = layout::sockaddr_un::SUN_PATH.offset;
    let length = address.get(layout::sockaddr_un::SUN_LEN.offset).map_or(0, |length| usize::from(*length));
    let path = address.get(PATH..length.min(address.len())).unwrap_or_default();
    path.split(|byte| *byte == 0).next().unwrap_or_default()
}
