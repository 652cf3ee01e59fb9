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

/// What is before the details that are on lines of their own.
const INDENT: usize = 6;

/// Adds details, each after a space: behind the columns if they fit, else on lines of their own that do.
pub(super) fn details(line: &mut Vec<u8>, details: &[u8], room: Option<usize>) {
    let Some(room) = room.filter(|room| seen(line) + seen(details) > *room) else {
        return line.extend_from_slice(details);
    };
    let mut column = room;
    for word in details.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        if column + 1 + seen(word) > room {
            line.push(b'\n');
            line.resize(line.len() + INDENT, b' ');
            column = INDENT;
        } else {
            line.push(b' ');
            column += 1;
        }
        line.extend_from_slice(word);
        column += seen(word);
    }
}

/// Columns that it takes: colours take none.
fn seen(text: &[u8]) -> usize {
    let mut parts = text.split(|byte| *byte == b'\x1b');
    let first = parts.next().map_or(0, width);
    let after = |part: &[u8]| {
        part.iter().position(|byte| *byte == b'm').and_then(|end| part.get(end + 1..)).map_or(0, width)
    };
    first + parts.map(after).sum::<usize>()
}

/// Takes away the spaces before an empty last cell.
pub(super) fn trim(line: &mut Vec<u8>) {
    let end = line.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    line.truncate(end);
}
