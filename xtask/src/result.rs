//! The result of chores.

/// A failed chore: the line to print, or nothing where everything has been said already.
pub(crate) type Result<T> = std::result::Result<T, String>;

/// A failed call in words.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn told(error: std::io::Error) -> String {
    error.to_string()
}
