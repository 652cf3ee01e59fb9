//! What was found, in words: a page of labels, each with what there is to say about it.

use std::fmt::Write as _;

use pree::Socket;
use pree::quality::{Evidence, Severity, Value};

use super::phrases;
use crate::output::screen::{self, Screen};
use crate::text::paragraph::SCREEN;
use crate::text::{escape, figures};

/// Columns that the words need beside their labels.
const NARROWEST: usize = COLUMN + 16;

/// Column in which the words begin.
const COLUMN: usize = 22;

/// A text that grows.
pub(super) struct Page {
    pub(super) text: String,
    color: bool,
    width: usize,
}

/// Columns of a page on this screen: wide ones are not filled, lines of text are read with ease up to there.
pub(super) fn width(screen: Screen) -> usize {
    screen.width.unwrap_or(SCREEN).clamp(NARROWEST, SCREEN)
}

impl Page {
    pub(super) fn new(screen: Screen) -> Self {
        Self { text: String::new(), color: screen.color, width: width(screen) }
    }

    /// A line as it is: what comes from outside is escaped already, and nothing in it is moved.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Two texts on one line, the second at the right end, or on two lines.
    pub(super) fn ends(&mut self, left: &str, right: &str) {
        let room = self.width.saturating_sub(left.chars().count() + 1);
        if right.chars().count() <= room {
            self.line(&format!("{left} {right:>room$}"));
        } else {
            self.line(left);
            self.line(&format!("{right:>0$}", self.width));
        }
    }

    /// A label and words of ours, which go on in the same column.
    pub(super) fn row(&mut self, label: &str, words: &str) {
        self.add(&format!("   {label}"), words, None);
    }

    /// A label and a text from outside, escaped already, which is not wrapped.
    pub(super) fn whole(&mut self, label: &str, text: &str) {
        self.line(&format!("{:COLUMN$}{text}", format!("   {label}")));
    }

    /// A finding's name, and whose it is: escaped already.
    pub(super) fn heading(&mut self, severity: Severity, name: &str, whose: &str) {
        let label = Self::label(severity, name);
        self.start(&label, Some(severity));
        if label.chars().count() >= COLUMN {
            self.text.push('\n');
            self.line(&format!("{:COLUMN$}{whose}", ""));
        } else {
            let room = COLUMN - label.chars().count();
            self.line(&format!("{:room$}{whose}", ""));
        }
    }

    /// A finding with its numbers.
    pub(super) fn finding(&mut self, severity: Severity, name: &str, found: &[Evidence]) {
        let label = Self::label(severity, name);
        self.add(&label, &evidence(found), Some(severity));
    }

    /// What goes on below a label.
    pub(super) fn more(&mut self, words: &str) {
        self.add("", words, None);
    }

    /// Understandable without colour.
    fn label(severity: Severity, name: &str) -> String {
        let mark = match severity {
            Severity::Critical => "!!",
            Severity::Warning => " !",
            _ => " i",
        };
        format!("{mark} {name}")
    }

    fn start(&mut self, label: &str, severity: Option<Severity>) {
        let (on, off) = match severity.filter(|_| self.color) {
            Some(Severity::Critical) => (screen::CRITICAL, screen::CALM),
            Some(Severity::Warning) => (screen::TROUBLE, screen::CALM),
            _ => (&b""[..], &b""[..]),
        };
        self.text.push_str(&String::from_utf8_lossy(on));
        self.text.push_str(label);
        self.text.push_str(&String::from_utf8_lossy(off));
    }

    fn add(&mut self, label: &str, words: &str, severity: Option<Severity>) {
        self.start(label, severity);
        let mut column = label.chars().count();
        if column >= COLUMN {
            self.text.push('\n');
            column = 0;
        }
        let mut room = 0;
        for word in words.split_whitespace() {
            let width = word.chars().count();
            if room == 0 {
                // Writing to a String cannot fail.
                let _ = write!(self.text, "{:1$}", "", COLUMN - column);
                room = self.width - COLUMN;
            } else if width < room {
                self.text.push(' ');
                room -= 1;
            } else {
                let _ = write!(self.text, "\n{:COLUMN$}", "");
                room = self.width - COLUMN;
            }
            self.text.push_str(word);
            room = room.saturating_sub(width).max(1);
        }
        self.text.push('\n');
    }
}

/// The numbers that a finding rests on, in units that fit.
pub(super) fn evidence(found: &[Evidence]) -> String {
    let of_one = |evidence: &Evidence| {
        let mut text = evidence.name.as_bytes().to_vec();
        text.push(b' ');
        value(evidence.value, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    };
    found.iter().map(of_one).collect::<Vec<_>>().join(", ")
}

fn value(value: Value, out: &mut Vec<u8>) {
    match value {
        Value::Count(number) => figures::number(number, out),
        Value::Share(share) => figures::percent(share, out),
        Value::Time(time) => figures::duration(time, out),
        Value::Bytes(bytes) => figures::bytes(bytes, out),
        Value::BytesPerS(rate) => {
            figures::bytes(rate, out);
            out.extend_from_slice(b"/s");
        }
        other => out.extend_from_slice(other.to_string().as_bytes()),
    }
}

/// A figure as text.
pub(super) fn figure<T>(write: fn(T, &mut Vec<u8>), value: T) -> String {
    let mut out = Vec::new();
    write(value, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Its first owner and how many more there are, or in parentheses why there is none. Empty when owners were not looked for.
pub(super) fn who(socket: &Socket) -> String {
    match (socket.owners.as_slice(), socket.unowned) {
        ([first, others @ ..], _) => {
            let mut pids: Vec<u32> = others.iter().map(pree::Owner::pid).collect();
            pids.retain(|pid| *pid != first.pid());
            pids.sort_unstable();
            pids.dedup();
            let name = process(&first.process);
            if pids.is_empty() { name } else { format!("{name} +{}", pids.len()) }
        }
        ([], Some(reason)) => format!("({})", reason.name()),
        ([], None) => String::new(),
    }
}

/// A process, escaped.
pub(super) fn process(process: &pree::Process) -> String {
    format!("{}[{}]", escape::word(process.name.as_bytes()), process.pid)
}

/// A socket in one line, without what it is doing.
pub(super) fn line(socket: &Socket) -> String {
    let who = who(socket);
    let space = if who.is_empty() { "" } else { " " };
    let (local, state) = (socket.shown_local(), phrases::state(socket.state));
    match socket.shown_remote() {
        Some(remote) => format!("{who}{space}{local} -> {remote}"),
        None => format!("{who}{space}{} {state} {local}", socket.protocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_on_in_their_column() {
        let mut page = Page::new(Screen::default());
        page.row("label", &"word ".repeat(20));
        page.row("a label that is too long", "beside it");
        page.row("nothing", "");
        page.row("long", &"x".repeat(100));
        page.ends("left", "right");
        page.ends(&"l".repeat(78), "right");
        page.heading(Severity::Critical, "name", "\"a  b\"[7]");
        let lines: Vec<&str> = page.text.lines().collect();
        assert_eq!(lines.first().map(|line| line.len()), Some(22 + 11 * 5 - 1));
        assert!(lines.iter().skip(1).take(1).all(|line| line.starts_with(&" ".repeat(22))), "{}", page.text);
        assert!(page.text.contains("   a label that is too long\n                      beside it\n"));
        assert!(page.text.contains(&format!("left{:>76}\n", "right")), "{}", page.text);
        assert!(page.text.contains("!! name               \"a  b\"[7]\n"), "{}", page.text);
        assert!(lines.iter().all(|line| line.trim_end() == *line));
    }

    #[test]
    fn a_page_is_no_wider_than_its_screen() {
        for (columns, wide) in [(Some(60), 60), (Some(10), 38), (Some(200), 80), (None, 80)] {
            let mut page = Page::new(Screen { width: columns, ..Screen::default() });
            page.row("label", &"ab ".repeat(100));
            page.ends("left", "right");
            page.more(&"ab ".repeat(100));
            let widest = page.text.lines().map(str::len).max();
            assert_eq!(widest, Some(wide), "{columns:?}");
        }
    }
}
