//! One line: cells with what fills them up.

use crate::output::screen::{CALM, TROUBLE};
use crate::text::width::width;

/// Adds a cell of this width, and a space after it unless it is the last. A wider one pushes the rest: addresses are
/// never cut.
pub(super) fn add(line: &mut Vec<u8>, cell: &[u8], columns: usize, right: bool, trouble: bool, last: bool) {
    let fill = columns.saturating_sub(width(cell));
    if right {
        line.resize(line.len() + fill, b' ');
    }
    if trouble {
        line.extend_from_slice(TROUBLE);
    }
    line.extend_from_slice(cell);
    if trouble {
        line.extend_from_slice(CALM);
    }
    if !last {
        let fill = if right { 0 } else { fill };
        line.resize(line.len() + fill + 1, b' ');
    }
}

/// What [`add`] puts behind a cell on the left, for one that is in the line already and begins at `start`.
pub(super) fn fill(line: &mut Vec<u8>, start: usize, columns: usize, last: bool) {
    if !last {
        let fill = columns.saturating_sub(width(line.get(start..).unwrap_or_default()));
        line.resize(line.len() + fill + 1, b' ');
    }
}

/// Takes away the spaces before an empty last cell.
pub(super) fn trim(line: &mut Vec<u8>) {
    let end = line.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    line.truncate(end);
}
