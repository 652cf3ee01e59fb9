//! How help stands on the screen.

use std::fmt::Write as _;

use crate::args::{FLAGS, Flag, GROUPS, Takes};
use crate::text::paragraph::{SCREEN, wrapped};
use crate::text::words::listed;

/// Column in which the explanations begin.
pub(super) const WIDTH: usize = 34;

/// The flags of which this is true, group by group.
pub(super) fn flags(text: &mut String, is_meant: impl Fn(&Flag) -> bool) {
    for group in GROUPS {
        let mut heading = Some(group);
        for flag in FLAGS.iter().filter(|flag| flag.group == group && is_meant(flag)) {
            // Writing to a String cannot fail.
            if let Some(group) = heading.take() {
                let _ = writeln!(text, "\n{group}:");
            }
            let mut left = match flag.short {
                Some(short) => format!("  -{short}, --{}", flag.long),
                None => format!("      --{}", flag.long),
            };
            if let Some((before, name, after)) = flag.written_value() {
                let _ = write!(left, "{before}{name}{after}");
            }
            row(text, &left, WIDTH, flag.doc);
        }
    }
}

/// Which flags can be given again.
pub(crate) fn given_again() -> String {
    let several = FLAGS.iter().filter(|flag| matches!(flag.takes, Takes::Several(_)));
    let names: Vec<String> = several.map(Flag::shortest).collect();
    format!(
        "{} can be given several times, and add up; any other flag with a value is given once.",
        listed(&names, "and")
    )
}

/// A word, and what it means from a column on. A word that is too long for its column has it on the next line.
pub(super) fn row(text: &mut String, left: &str, column: usize, doc: &str) {
    let mut left = left;
    // Writing to a String cannot fail.
    if left.chars().count() + 1 > column {
        let _ = writeln!(text, "{left}");
        left = "";
    }
    for line in wrapped(doc, SCREEN - column) {
        let _ = writeln!(text, "{left:column$}{line}");
        left = "";
    }
}
