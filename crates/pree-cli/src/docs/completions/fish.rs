//! Completions for fish: a file `pree.fish` in its folder of completions.

use std::fmt::Write as _;

use super::words::{Takes, fields, keys, other_commands, states, takes, values_of_keys};
use pree::Filter;

use crate::args::{Command, FLAGS};

pub(super) fn script() -> String {
    let mut out = String::from(
        "# pree completions for fish: pree completions fish > ~/.config/fish/completions/pree.fish\n\
         complete -c pree -f\n",
    );
    let names: Vec<&str> = Command::ALL.iter().map(|entry| entry.name).collect();
    let _ = writeln!(
        out,
        "function __pree_is\n    set -l command list\n    for word in (commandline -opc)[2..-1]\n        \
         if contains -- $word {}\n            set command $word\n            break\n        end\n    end\n    \
         contains -- $command $argv\nend",
        names.join(" ")
    );
    for flag in FLAGS {
        let short = flag.short.map(|short| format!(" -s {short}")).unwrap_or_default();
        let value = match takes(flag) {
            Takes::Nothing => String::new(),
            Takes::One(words) => format!(" -x -a '{}'", words.join(" ")),
            Takes::Several(words) => format!(" -x -a '(__fish_append , {})'", words.join(" ")),
            Takes::File => " -r -F".to_owned(),
            Takes::Anything => " -x".to_owned(),
        };
        let commands = flag.names_of_commands().join(" ");
        let doc = quoted(flag.doc);
        let _ = writeln!(
            out,
            "complete -c pree -n '__pree_is {commands}'{short} -l {}{value} -d '{doc}'",
            flag.long
        );
    }
    for entry in Command::ALL {
        let doc = quoted(entry.doc);
        let _ = writeln!(out, "complete -c pree -n __fish_use_subcommand -a {} -d '{doc}'", entry.name);
    }
    for (command, words) in other_commands() {
        let words = match words {
            Takes::One(words) | Takes::Several(words) => format!("-a '{}'", words.join(" ")),
            Takes::File => "-F".to_owned(),
            Takes::Nothing | Takes::Anything => continue,
        };
        let _ = writeln!(out, "complete -c pree -n '__pree_is {command}' {words}");
    }
    let others: Vec<&str> = other_commands().map(|(name, _)| name).collect();
    let _ = writeln!(
        out,
        "function __pree_filter\n    not __pree_is {}\nend\n\
         function __pree_after\n    \
         set -l words (commandline -opc)\n    contains -- $words[-1] $argv\nend",
        others.join(" ")
    );
    let states = states().join(" ");
    let _ = writeln!(out, "complete -c pree -n '__pree_after state exclude' -a '{states}' -d state");
    let _ = writeln!(out, "complete -c pree -n '__pree_after has' -a '{}' -d field", fields().join(" "));
    for (key, values) in values_of_keys() {
        let values: Vec<String> = values.iter().map(|value| format!("{key}={value}")).collect();
        let _ = writeln!(out, "complete -c pree -n __pree_filter -a '{}'", values.join(" "));
    }
    let filter: Vec<String> = keys().iter().map(|key| format!("{key}=")).collect();
    let _ = writeln!(out, "complete -c pree -n __pree_filter -a '{}' -d key", filter.join(" "));
    let _ = writeln!(out, "complete -c pree -n __pree_filter -a '{}'", Filter::WORDS.join(" "));
    out
}

/// Text inside single quotes.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}
