//! Answers whose length is reported by the call that reads them: the buffer grows until the answer fits.
//!
//! Between learning the length and reading, the answer can have grown, so it is asked for again, with room to spare.
//! Not for ever: not more often than [`TRIES`], and not into more than [`LARGEST`] bytes.

use pree_wire::errno::windows as code;

use crate::source::{Errno, Failure};

/// A table that grows faster than this many larger buffers is given up.
pub(super) const TRIES: usize = 16;
/// Bytes: a table of a million rows has less.
pub(super) const LARGEST: usize = 256 << 20;
/// Bytes that most answers fit in.
const FIRST: usize = 64 << 10;

/// Calls `fill` with a buffer, aligned for every structure, and the number of its bytes, which it replaces by the number
/// that the answer has.
pub(super) fn grown(mut fill: impl FnMut(&mut [u64], &mut u32) -> u32) -> Result<Vec<u8>, Failure> {
    let mut size = FIRST;
    for _ in 0..TRIES {
        let mut buffer = vec![0_u64; size.div_ceil(8)];
        let bytes = buffer.len() * 8;
        let mut told = u32::try_from(bytes).map_err(|_| Failure::Transport(code::ERROR_NOT_ENOUGH_MEMORY))?;
        match Errno::windows(fill(&mut buffer, &mut told)) {
            SUCCESS => {
                let length = bytes.min(told as usize);
                let mut answer: Vec<u8> = buffer.into_iter().flat_map(u64::to_ne_bytes).collect();
                answer.truncate(length);
                return Ok(answer);
            }
            code::ERROR_INSUFFICIENT_BUFFER => {
                // An eighth more, for what comes meanwhile; never less than twice what was too little.
                let wanted = told as usize + told as usize / 8;
                size = wanted.max(size * 2);
                if size > LARGEST {
                    return Err(Failure::Transport(code::ERROR_NOT_ENOUGH_MEMORY));
                }
            }
            error => return Err(Failure::of_call(REFUSALS, error)),
        }
    }
    Err(Failure::Transport(code::ERROR_INSUFFICIENT_BUFFER))
}

/// With these the system says that it has no such table or row, does not know the question, or does not permit it.
pub(super) const REFUSALS: &[Errno] = &[
    code::ERROR_NOT_SUPPORTED,
    code::ERROR_INVALID_PARAMETER,
    code::ERROR_INVALID_FUNCTION,
    code::ERROR_CALL_NOT_IMPLEMENTED,
    code::ERROR_NOT_FOUND,
    code::ERROR_FILE_NOT_FOUND,
    code::ERROR_NO_DATA,
    code::ERROR_ACCESS_DENIED,
];

const SUCCESS: Errno = Errno::windows(0);
