//! Small tables that are known as a whole.

use super::line;
use crate::text::width;

/// The first so many columns are text, the others are numbers.
pub(in crate::output) fn lines(rows: &[Vec<Vec<u8>>], texts: usize) -> Vec<u8> {
    let columns = rows.first().map_or(0, Vec::len);
    let widest =
        |index: usize| rows.iter().filter_map(|row| row.get(index)).map(|cell| width::width(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|index| widest(index).unwrap_or(0)).collect();
    let mut out = Vec::new();
    for row in rows {
        for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
            line::add(&mut out, cell, *width, index >= texts, false, index + 1 == columns);
        }
        out.push(b'\n');
    }
    out
}
