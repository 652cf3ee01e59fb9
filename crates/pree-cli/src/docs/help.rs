//! `pree help`, `--help` and `--version`: everything is made from the tables of flags, commands, fields and keys.

pub(super) mod columns;
pub(super) mod exit;
pub(super) mod filter;
pub(crate) mod layout;

use std::process::ExitCode;

use crate::args::{Command, Entry};
use crate::exit::Failure;
use crate::output::print;
use crate::text::escape;
use crate::text::paragraph::paragraph;
use layout::{WIDTH, flags, given_again, row};

/// Texts beside the one about flags.
pub(super) const TOPICS: [&str; 3] = ["FILTER", "COLUMNS", "EXIT"];

pub(super) const EXAMPLES: &[(&str, &str)] = &[
    ("pree -tulpn", "who listens where"),
    ("pree port 8080", "who has this port, and since when"),
    ("pree -ti dst 10/8", "connections into a network, with statistics"),
    ("pree 'rtt>50ms retrans>0' --sort -rtt", "slow and losing connections, the slowest first"),
    ("pree state close-wait -g process", "which program forgets to close"),
    ("pree explain :5432", "how these connections are doing, and why"),
    ("pree doctor", "what is wrong here; exit code 5 if anything"),
    ("pree user=www-data -l", "what one user's programs listen on"),
    ("pree --json | jq .", "everything, for programs"),
    ("pree capture now.pree", "keep it all for later and elsewhere"),
    ("pree --replay now.pree -ti", "and ask it anything"),
];

pub(crate) fn help(topic: Option<&String>) -> Result<ExitCode, Failure> {
    let text = match topic {
        None => help_text(),
        Some(topic) => match topic.to_ascii_uppercase().as_str() {
            "FILTER" | "FILTERS" => filter::text(),
            "COLUMNS" | "COLUMN" | "FIELDS" => columns::text(),
            "EXIT" => exit::text(),
            _ => match Command::named(topic) {
                Some(entry) => command_text(entry),
                None => return Err(unknown(topic)),
            },
        },
    };
    print(&text)
}

fn unknown(topic: &str) -> Failure {
    let names: Vec<&str> = Command::ALL.iter().map(|entry| entry.name).collect();
    let shown = escape::quoted(topic.as_bytes());
    let topics = TOPICS.join(", ");
    Failure::Usage(format!("no help on {shown}: the topics are {topics}, the commands: {}", names.join(", ")))
}

pub(crate) fn version() -> Result<ExitCode, Failure> {
    print(format!("pree {}\n", env!("CARGO_PKG_VERSION")))
}

fn help_text() -> String {
    let mut text = String::from(
        "pree: which sockets exist, whose are they, and how is each connection doing\n\n\
         Usage: pree [FLAGS] [FILTER]\n       \
         pree COMMAND [FLAGS] [WORDS]\n\n\
         Without flags: all TCP, UDP and UDP-Lite sockets with their owners;\n\
         on a terminal without TIME-WAIT.\n\n\
         Commands:\n",
    );
    for entry in Command::ALL {
        row(&mut text, &format!("  {}", entry.name), 16, entry.doc);
    }
    flags(&mut text, |_| true);
    text.push('\n');
    paragraph(&mut text, 0, &given_again());
    text.push_str("\nExit codes:\n");
    for (code, doc) in exit::CODES {
        row(&mut text, &format!("  {code}"), 5, doc);
    }
    text.push_str("\nExamples:\n");
    for (example, doc) in EXAMPLES {
        row(&mut text, &format!("  {example}"), WIDTH, doc);
    }
    text.push_str("\nMore: pree help FILTER, pree help COLUMNS, pree help EXIT; pree help COMMAND has\nthe flags that a command takes\n");
    text
}

/// The help on a command, with the flags that it takes.
fn command_text(entry: &Entry) -> String {
    let mut text = format!("pree {}: {}\n\n", entry.name, entry.doc);
    for line in entry.usage {
        text.push_str("  ");
        text.push_str(line);
        text.push('\n');
    }
    for words in entry.more {
        text.push('\n');
        paragraph(&mut text, 0, words);
    }
    flags(&mut text, |flag| flag.is_for(entry.command));
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::args::FLAGS;
    use crate::text::paragraph::SCREEN;

    #[test]
    fn everything_fits_the_screen() {
        let of_commands = Command::ALL.iter().map(command_text);
        for text in
            [help_text(), filter::text(), columns::text(), exit::text()].into_iter().chain(of_commands)
        {
            for line in text.lines() {
                assert!(line.chars().count() <= SCREEN, "{line}");
                assert_eq!(line.trim_end(), line);
            }
            assert!(text.ends_with('\n') && !text.contains("\n\n\n"));
        }
    }

    #[test]
    fn examples_are_right() {
        for (example, _) in EXAMPLES {
            let line = example.split(" |").next().unwrap().replace('\'', "");
            let words = line.split_whitespace().skip(1).map(Into::into).collect();
            assert!(crate::args::parse(words).is_ok(), "{example}");
        }
    }

    #[test]
    fn every_flag_is_told_and_no_other() {
        let told: BTreeSet<String> = help_text()
            .lines()
            // Further right is explanation.
            .filter(|line| line.trim_start().starts_with('-') && !line.starts_with("        "))
            .filter_map(|line| line.split_whitespace().take(2).find_map(|word| word.strip_prefix("--")))
            .filter_map(|word| Some(word.split('[').next()?.to_owned()))
            .collect();
        let flags: BTreeSet<String> = FLAGS.iter().map(|flag| flag.long.to_owned()).collect();
        assert_eq!(told, flags);
    }

    #[test]
    fn every_command_has_help() {
        for entry in Command::ALL {
            assert!(!entry.usage.is_empty() && !entry.more.is_empty(), "{}", entry.name);
        }
    }
}
