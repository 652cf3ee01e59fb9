//! `pree man`: the manual page, as roff, from the same tables as the help.

use std::fmt::Write as _;
use std::process::ExitCode;

use pree::Filter;

use super::help;
use crate::args::{Command, FLAGS, Flag, GROUPS};
use crate::columns;
use crate::exit::Failure;
use crate::output;

pub(crate) fn run() -> Result<ExitCode, Failure> {
    output::print(page())
}

const ENVIRONMENT: &[(&str, &str)] = &[
    ("NO_COLOR", "No colour, whatever its value."),
    ("CLICOLOR_FORCE", "Colour in pipes too, unless it is 0."),
    ("TERM", "No colour when it is dumb."),
    ("COLUMNS", "The width of the table, where the terminal does not say."),
    ("PAGER", "The program for --pager; else less."),
];

const PERMISSIONS: &[&str] = &[
    "Sockets, their states and their statistics need no right at all. Owners of other users' sockets are seen by the \
     machine's root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH together. Firewall marks are told to \
     CAP_NET_ADMIN only.",
    "What may not be seen is said: a line on stderr, and \"missing\" in JSON.",
];

fn page() -> String {
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(page, ".TH PREE 1 \"\" \"pree {}\" \"User Commands\"", env!("CARGO_PKG_VERSION"));
    page.push_str(
        ".SH NAME\npree \\- which sockets exist, whose are they, and how is each connection doing\n",
    );
    page.push_str(".SH SYNOPSIS\n.B pree\n.RI [ FLAGS ]\n.RI [ FILTER ]\n.br\n.B pree\n.I COMMAND\n.RI [ FLAGS ]\n.RI [ WORDS ]\n");
    page.push_str(".SH DESCRIPTION\n");
    text(
        &mut page,
        "Without flags: all TCP, UDP and UDP-Lite sockets with their owners; on a terminal without TIME-WAIT. The \
         letters are those of ss and mean the same. A pipe gets rows as they come.",
    );
    page.push_str(".SH COMMANDS\n");
    for entry in Command::ALL {
        tagged(&mut page, entry.name, entry.doc);
        for words in entry.more {
            page.push_str(".IP\n");
            text(&mut page, words);
        }
        page.push_str(".IP\n");
        let flags: Vec<String> =
            FLAGS.iter().filter(|flag| flag.is_for(entry.command)).map(Flag::shortest).collect();
        text(&mut page, &format!("Flags: {}.", flags.join(" ")));
    }
    page.push_str(".SH OPTIONS\n");
    text(&mut page, &help::layout::given_again());
    for group in GROUPS {
        let _ = writeln!(page, ".SS {}", escaped(group));
        for flag in FLAGS.iter().filter(|flag| flag.group == group) {
            let short = flag.short.map(|short| format!("\\fB\\-{short}\\fR, ")).unwrap_or_default();
            let value = flag
                .written_value()
                .map(|(before, name, after)| format!("{before}\\fI{}\\fR{after}", escaped(&name)))
                .unwrap_or_default();
            let _ = writeln!(page, ".TP\n{short}\\fB\\-\\-{}\\fR{value}", escaped(flag.long));
            text(&mut page, flag.doc);
        }
    }
    page.push_str(".SH FILTER\n");
    text(
        &mut page,
        "Conditions stand side by side (and), with or, not and parentheses between them. A condition is a key, an \
         operator (= != < <= > >= ~ !~) and a value, or several values with commas. pree help FILTER has the whole \
         language.",
    );
    for (key, doc) in help::filter::KEYS {
        tagged(&mut page, key, doc);
    }
    tagged(&mut page, "has KEY", "The value is known.");
    page.push_str(".PP\nEvery column that is a field of its own is a key too:\n");
    let fields: Vec<&str> =
        Filter::keys().filter(|key| !help::filter::KEYS.iter().any(|(special, _)| special == key)).collect();
    text(&mut page, &format!("{}.", fields.join(", ")));
    page.push_str(".SH COLUMNS\n");
    for column in columns::all() {
        tagged(&mut page, column.name(), &help::columns::doc(column.doc()));
    }
    page.push_str(".SH EXIT STATUS\n");
    for (code, doc) in help::exit::CODES {
        tagged(&mut page, &code.to_string(), doc);
    }
    page.push_str(".SH ENVIRONMENT\n");
    for (name, doc) in ENVIRONMENT {
        tagged(&mut page, name, doc);
    }
    page.push_str(".SH PERMISSIONS\n");
    for (index, words) in PERMISSIONS.iter().enumerate() {
        page.push_str(if index == 0 { "" } else { ".PP\n" });
        text(&mut page, words);
    }
    page.push_str(".SH EXAMPLES\n");
    for (example, doc) in help::EXAMPLES {
        tagged(&mut page, example, doc);
    }
    for (filter, doc) in help::filter::EXAMPLES {
        tagged(&mut page, &format!("pree '{filter}'"), doc);
    }
    page.push_str(
        ".SH SEE ALSO\n.BR ss (8),\n.BR netstat (8),\n.BR lsof (8),\n.BR sock_diag (7),\n.BR tcp (7)\n",
    );
    page
}

/// A term and what it means.
fn tagged(page: &mut String, term: &str, doc: &str) {
    let _ = writeln!(page, ".TP\n\\fB{}\\fR", escaped(term));
    text(page, doc);
}

/// A line of text. What roff would take for a request is kept from it.
fn text(page: &mut String, words: &str) {
    let line = escaped(words);
    if line.starts_with(['.', '\'']) {
        page.push_str("\\&");
    }
    page.push_str(&line);
    page.push('\n');
}

/// Text as roff shows it: as it is, and in ASCII.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '`' => out.push_str("\\(ga"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            '\n' => out.push(' '),
            c if c.is_ascii() => out.push(c),
            c => {
                let _ = write!(out, "\\[u{:04X}]", u32::from(c));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_plain_ascii_with_known_requests() {
        const REQUESTS: [&str; 9] = [".TH", ".SH", ".SS", ".TP", ".IP", ".PP", ".B", ".BR", ".br"];
        for line in page().lines() {
            assert!(line.is_ascii() && !line.is_empty(), "{line}");
            let request = line.split(' ').next().unwrap_or_default();
            let known = REQUESTS.contains(&request) || [".RI", ".I"].contains(&request);
            assert!(known || !line.starts_with(['.', '\'']), "{line}");
        }
    }

    #[test]
    fn everything_is_in_it() {
        let page = page();
        let part = |from: &str, to: &str| page.split_once(from).unwrap().1.split_once(to).unwrap().0;
        for flag in FLAGS {
            let options = part(".SH OPTIONS", ".SH FILTER");
            assert!(options.contains(&format!("\\fB\\-\\-{}\\fR", escaped(flag.long))), "{}", flag.long);
        }
        for key in Filter::keys() {
            let filter = part(".SH FILTER", ".SH COLUMNS");
            let entry = filter.contains(&format!("\n\\fB{}\\fR\n", escaped(key)));
            let listed = filter.lines().any(|line| {
                let words = line.trim_end_matches('.').split(", ");
                words.into_iter().any(|word| word == escaped(key))
            });
            assert!(entry || listed, "{key}");
        }
    }

    #[test]
    fn text_shows_as_it_is() {
        for (text, roff) in [
            ("a-b", "a\\-b"),
            ("'x'", "\\(aqx\\(aq"),
            ("cwnd × mss", "cwnd \\[u00D7] mss"),
            ("a\\b", "a\\eb"),
        ] {
            assert_eq!(escaped(text), roff);
        }
    }
}
