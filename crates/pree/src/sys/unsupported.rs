//! A system that pree has no way into yet: every question is an error that says so. Recordings work all the same.

use crate::error::{Error, ErrorKind, Result};
use crate::model::TcpStats;
use crate::source::{Answer, Failure, Question, Source};

/// Never made.
pub(crate) enum Live {}

/// # Errors
/// Always [`ErrorKind::Unsupported`].
pub(crate) fn live() -> Result<Live> {
    Err(unsupported("list", "sockets"))
}

impl Source for Live {
    fn ask(&mut self, _: &Question<'_>) -> std::result::Result<Answer, Failure> {
        match *self {}
    }
}

impl TcpStats {
    /// Statistics of a socket that the caller holds: not on this system.
    ///
    /// # Errors
    /// Always [`ErrorKind::Unsupported`].
    pub fn of<S>(_socket: S) -> Result<Self> {
        Err(unsupported("read", "TCP statistics"))
    }
}

fn unsupported(operation: &'static str, object: &str) -> Error {
    Error::new(ErrorKind::Unsupported, operation, object)
        .with_hint("this build of pree cannot ask this operating system; recordings can be replayed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_so() {
        let error = crate::Query::new().collect().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(TcpStats::of(()).unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
