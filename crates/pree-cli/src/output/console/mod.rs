//! What the terminal on standard output says of itself: one file a kind of system.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{height, show_colors, width};

#[cfg(windows)]
#[allow(unsafe_code, reason = "the console's own calls")]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{height, show_colors, width};

#[cfg(not(any(unix, windows)))]
mod unknown {
    /// Unknown.
    pub(crate) fn width() -> Option<usize> {
        None
    }

    /// Unknown.
    pub(crate) fn height() -> Option<usize> {
        None
    }

    /// Unknown.
    pub(crate) fn show_colors() -> bool {
        false
    }
}
#[cfg(not(any(unix, windows)))]
pub(crate) use unknown::{height, show_colors, width};
