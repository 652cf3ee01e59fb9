//! A system on which pree changes nothing yet.

use std::time::Duration;

use super::Live;
use crate::signal::Signal;
use crate::source::{Errno, Failure};

/// Whether sockets can be closed.
pub(crate) const IS_HERE: bool = false;

/// Never made.
#[derive(Debug)]
pub(crate) enum Held {}

impl Held {
    /// # Errors
    /// Always.
    pub(crate) fn new(_pid: u32) -> Result<Self, Failure> {
        Err(Failure::Answer(Errno::ENOSYS))
    }

    /// Never called.
    pub(crate) fn signal(&self, _signal: Option<Signal>) -> Result<(), Failure> {
        match *self {}
    }

    /// Never called.
    pub(crate) fn wait(&self, _longest: Duration) -> Result<bool, Failure> {
        match *self {}
    }
}

/// # Errors
/// Always.
pub(crate) fn stat(_pid: u32) -> Result<Vec<u8>, Failure> {
    Err(Failure::Answer(Errno::ENOSYS))
}

/// # Errors
/// Always.
pub(crate) fn own_stat() -> Result<Vec<u8>, Failure> {
    Err(Failure::Answer(Errno::ENOSYS))
}

/// # Errors
/// Always.
pub(crate) fn request(_system: &Live, _message: &[u8]) -> Result<Vec<u8>, Failure> {
    Err(Failure::Answer(Errno::ENOSYS))
}

#[cfg(test)]
mod tests {
    use crate::act::{Signal, close_socket, end_process};
    use crate::model::{Process, Socket, StartTime, State};
    use crate::{ErrorKind, Result};

    #[test]
    fn says_so() {
        let process = Process { pid: 1, start_time: Some(StartTime::new(1, None)), ..Process::default() };
        let unsupported = |answer: Result<()>| answer.unwrap_err().kind() == ErrorKind::Unsupported;
        assert!(unsupported(end_process(&process, Signal::Kill)));
        assert!(unsupported(close_socket(&Socket::tcp(State::Listen, "0.0.0.0:22", ""))));
    }
}
