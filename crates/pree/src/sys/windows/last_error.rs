//! What the last call of a thread left.

use pree_wire::errno::windows as code;

use crate::source::{Errno, System};

/// The last error of this thread.
pub(super) fn last_error() -> Errno {
    let number = std::io::Error::last_os_error().raw_os_error();
    number.map_or(code::ERROR_GEN_FAILURE, |number| System::Windows.errno(number))
}
