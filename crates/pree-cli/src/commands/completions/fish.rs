//! Completions for fish: a file `pree.fish` in its folder of completions.

use std::fmt::Write as _;

use super::{FILTER_WORDS, Takes, fields, keys, states, takes, values_of_keys, words_of_commands};
use crate::args::{Command, FLAGS};

pub(super) fn script() -> String {
    let mut out = String::from(
        "# pree completions for fish: pree completions fish > ~/.config/fish/completions/pree.fish\n\
         complete -c pree -f\n",
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
        let _ = writeln!(out, "complete -c pree{short} -l {}{value} -d '{}'", flag.long, quoted(flag.doc));
    }
    for (name, _, doc) in Command::ALL {
        let doc = quoted(doc);
        let _ = writeln!(out, "complete -c pree -n __fish_use_subcommand -a {name} -d '{doc}'");
    }
    for (command, words) in words_of_commands() {
        let words = words.join(" ");
        let _ = writeln!(out, "complete -c pree -n '__fish_seen_subcommand_from {command}' -a '{words}'");
    }
    out.push_str("complete -c pree -n '__fish_seen_subcommand_from capture' -F\n");
    out.push_str(
        "function __pree_filter\n    \
         not __fish_seen_subcommand_from port capture schema completions man help\nend\n\
         function __pree_after\n    \
         set -l words (commandline -opc)\n    contains -- $words[-1] $argv\nend\n",
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
    let _ = writeln!(out, "complete -c pree -n __pree_filter -a '{}'", FILTER_WORDS.join(" "));
    out
}

/// Text inside single quotes.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}
