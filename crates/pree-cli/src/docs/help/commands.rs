//! `pree help COMMAND`: how each command is called.

use crate::args::Entry;

use super::layout::{flags, paragraph};

/// Command, how it is written, what there is to know.
const USES: &[(&str, &[&str], &[&str])] = &[
    (
        "list",
        &["pree [FLAGS] [FILTER]", "pree list [FLAGS] [FILTER]"],
        &["The word list is needed only where the filter begins with the name of a command: pree list port."],
    ),
    (
        "port",
        &[
            "pree port 8080",
            "pree port https",
            "pree port 53/udp",
            "pree port [::1]:8080",
            "pree port 8080 -q && echo busy",
        ],
        &[
            "Who has the port at this end: every owner with user, command and origin, the addresses, from where these \
             can be reached (a firewall may say otherwise), the accept queue and the clients. Without a listener, \
             whose connections begin there.",
            "Exit code 1 when nobody has it, 3 when that is not told. -q says only that; -l asks for listeners alone. --json, --csv and -c \
             show the sockets as the list would.",
        ],
    ),
    (
        "explain",
        &[
            "pree explain tcp:10.0.0.5:51002",
            "pree explain :8080",
            "pree explain pid=1234 --for 10s",
            "pree explain 'score<0.7' --json",
        ],
        &[
            "How each socket that matches is doing: its score and what it is made of, what was found with the numbers it \
             rests on and what to do about it, what it waits for, what is not known and why. Of several matches the three \
             worst are explained, the next are told in a line each; --limit says how many in all.",
            "A connection is judged over its lifetime, with what other connections know of the way to the same address. \
             --for 10s looks ten times a second for so long, and judges only what happens meanwhile; looks that fail, and \
             sockets that nothing knows again, are told as missing. Exit code 1 when nothing matches.",
        ],
    ),
    (
        "doctor",
        &["pree doctor", "pree doctor --for 10s", "pree doctor --json", "pree doctor -q || echo trouble"],
        &[
            "Looks at every TCP, UDP and Unix socket of the machine: first at what shows only across sockets, such as a process that does \
             not close its connections or ports that run out, then at each by itself, the worst first. It says what was \
             looked for and what could not be.",
            "Exit code 5 when anything is a warning or worse, 0 when nothing is, 3 when nothing was found and sockets \
             are missing. What could not be checked, and why, is listed. --limit says how many connections are shown, -q shows nothing. What is only good to know is \
             told by pree explain and --json.",
        ],
    ),
    (
        "summary",
        &["pree -s", "pree summary [FLAGS] [FILTER]", "pree summary --json"],
        &["Numbers of sockets by protocol, state and family, and how many have an owner or why not."],
    ),
    (
        "capture",
        &["pree capture FILE", "pree capture - > FILE", "pree --replay FILE [FLAGS] [FILTER]"],
        &[
            "Keeps the kernel's own answer about all sockets, their statistics and their owners, for this and other \
             machines: list, port, explain, doctor and summary answer from it with --replay FILE, whatever flags and filter.",
            "It holds addresses, users, process names and command lines, so the file is for its owner alone (mode \
             0600), written whole or not at all. A symbolic link is not followed, and a pipe or device of somebody \
             else gets nothing. --owners none leaves processes out, and sockets to which only \
             processes lead.",
        ],
    ),
    ("schema", &["pree schema > pree.schema.json"], &["The JSON Schema (2020-12) of what --json writes."]),
    (
        "completions",
        &[
            "source <(pree completions bash)",
            "pree completions zsh > ~/.zfunc/_pree",
            "pree completions fish > ~/.config/fish/completions/pree.fish",
            "pree completions powershell >> $PROFILE",
        ],
        &["Flags and their values, commands, keys of filters, states and columns."],
    ),
    (
        "man",
        &["pree man | man -l -", "pree man > /usr/local/share/man/man1/pree.1"],
        &["The manual page, as roff."],
    ),
    ("help", &["pree help", "pree help FILTER", "pree help port"], &["Help on flags, a topic or a command."]),
];

/// The help on a command, with the flags that it takes.
pub(super) fn text(entry: &Entry) -> String {
    let (usage, more) = uses(entry.name);
    let mut text = format!("pree {}: {}\n\n", entry.name, entry.doc);
    for line in usage {
        text.push_str("  ");
        text.push_str(line);
        text.push('\n');
    }
    for words in more {
        text.push('\n');
        paragraph(&mut text, 0, words);
    }
    flags(&mut text, |flag| flag.is_for(entry.command));
    text
}

/// How it is written, and what there is to know.
fn uses(name: &str) -> (&'static [&'static str], &'static [&'static str]) {
    let known = USES.iter().find(|(known, ..)| *known == name);
    known.map_or((&[], &[]), |(_, usage, more)| (usage, more))
}

#[cfg(test)]
pub(super) fn is_written(name: &str) -> bool {
    !uses(name).0.is_empty()
}

/// What there is to know about a command, for the manual page.
pub(in crate::docs) fn more(name: &str) -> &'static [&'static str] {
    uses(name).1
}
