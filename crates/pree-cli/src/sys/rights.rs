//! Systems where a file lends no single rights, but at most another user's: as that, nothing may be opened that the
//! user names.

use std::io;

/// The user's own rights, and no others.
pub(crate) struct Rights;

impl Rights {
    /// Makes sure that nothing is lent.
    ///
    /// # Errors
    /// When the program runs as another user than the one who started it.
    #[cfg(unix)]
    pub(crate) fn put_lent_aside() -> io::Result<Self> {
        use rustix::process::{getegid, geteuid, getgid, getuid};
        if (getuid(), getgid()) != (geteuid(), getegid()) {
            return Err(io::Error::other("set-user-ID and set-group-ID copies do not run on this system"));
        }
        Ok(Self)
    }

    /// There is nothing that could be lent.
    ///
    /// # Errors
    /// None.
    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps, reason = "other systems can refuse")]
    pub(crate) fn put_lent_aside() -> io::Result<Self> {
        Ok(Self)
    }

    /// Does this with the same rights.
    ///
    /// # Errors
    /// None.
    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "other systems can refuse")]
    pub(crate) fn with_lent<T>(&self, work: impl FnOnce() -> T) -> io::Result<T> {
        Ok(work())
    }

    /// There is nothing to drop.
    pub(crate) fn end(self) {
        let Self = self;
    }
}
