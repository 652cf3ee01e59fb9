//! `pree help EXIT`: what the exit code says.

use super::layout::row;
use crate::text::paragraph::paragraph;

pub(in crate::docs) const CODES: [(u8, &str); 6] = [
    (0, "answered; an empty list is an answer"),
    (1, "nothing matched, where something was asked for: port, explain, watch, and -q"),
    (2, "the command line makes no sense"),
    (3, "incomplete: sockets or events are missing; with --strict, anything is"),
    (4, "failed: could not read, could not write, no memory, or not permitted"),
    (5, "doctor found something wrong"),
];

pub(super) fn text() -> String {
    let mut text = String::from("Exit codes\n\n");
    for (code, doc) in CODES {
        row(&mut text, &format!("  {code}"), 5, doc);
    }
    text.push('\n');
    for words in [
        "What is missing is always reported: a line on stderr says what, of how many sockets, why, and what would help; \
         JSON says it under \"missing\". Owners that this user may not see are missing, but they are not code 3: \
         the sockets are all there. With --strict they are.",
        "A reader that goes away (pree | head) ends pree quietly, with code 0. A full disk is code 4.",
    ] {
        paragraph(&mut text, 0, words);
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}
