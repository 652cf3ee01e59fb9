//! Arguments of a process, as the sysctl `kern.procargs2` gives them.

use crate::bytes::Native as _;

/// The arguments, each ended by a NUL: `argc`, the path of the program and its padding are passed over, and what comes
/// after them (the environment) is left out. `None` where the bytes end before the last argument does.
pub fn arguments(bytes: &[u8]) -> Option<&[u8]> {
    let count = u32::at(bytes, 0)?;
    let rest = bytes.get(4..)?;
    let path = rest.iter().position(|byte| *byte == 0)?;
    let padding = rest.get(path..)?.iter().position(|byte| *byte != 0).unwrap_or(rest.len() - path);
    let arguments = rest.get(path + padding..)?;
    let mut end = 0;
    for _ in 0..count {
        end += arguments.get(end..)?.iter().position(|byte| *byte == 0)? + 1;
    }
    arguments.get(..end)
}
