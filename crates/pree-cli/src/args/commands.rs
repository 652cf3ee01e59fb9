//! Every command, once: the word that calls it, what it does, which words follow it.

use super::command::Command;
use super::flags::Flag;
use super::options::Args;
use crate::exit::Failure;
use crate::text::escape;
use crate::text::words::listed;

/// Which words follow a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Words {
    None,
    /// They are a filter together.
    Filter,
    /// Exactly one: what it is.
    One(&'static str),
    /// One or none.
    OneAtMost(&'static str),
}

/// One command.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) command: Command,
    pub(crate) doc: &'static str,
    pub(crate) words: Words,
    /// What would be right for those who give it what it does not take.
    rather: &'static str,
}

/// Commands that are agreed and not implemented yet.
const LATER: &[&str] = &["top", "watch", "record", "history", "diff", "kill", "close"];

macro_rules! command {
    ($name:literal, $command:ident, $doc:literal, $words:expr, $rather:literal) => {
        Entry { name: $name, command: Command::$command, doc: $doc, words: $words, rather: $rather }
    };
}

impl Command {
    pub(crate) const ALL: &[Entry] = &[
        command!("list", List, "the sockets that match a filter (the default)", Words::Filter, ""),
        command!(
            "port",
            Port,
            "who has this port, since when, reachable from where",
            Words::One("port, as 8080, https, 53/udp or 10.0.0.5:8080"),
            "with more conditions it is a filter: pree list sport=8080 and what else"
        ),
        command!(
            "explain",
            Explain,
            "how a connection is doing, what holds it up, and what is not known",
            Words::Filter,
            ""
        ),
        command!(
            "doctor",
            Doctor,
            "what is wrong on this machine, the worst first",
            Words::None,
            "it looks at the whole machine: pree explain takes a filter"
        ),
        command!(
            "summary",
            Summary,
            "how many sockets of each protocol and state; also -s",
            Words::Filter,
            ""
        ),
        command!(
            "capture",
            Capture,
            "keep the kernel's answer in a file for --replay",
            Words::One("file, - for standard output"),
            "it keeps everything of one network namespace: choose with flags and filters when you --replay it"
        ),
        command!("schema", Schema, "the JSON schema of --json", Words::None, ""),
        command!(
            "completions",
            Completions,
            "completions for bash, zsh, fish or powershell",
            Words::One("shell: bash, zsh, fish or powershell"),
            ""
        ),
        command!("man", Man, "the manual page", Words::None, ""),
        command!("help", Help, "help on FILTER, COLUMNS or EXIT", Words::OneAtMost("topic or command"), ""),
    ];

    /// The command that this word calls.
    pub(crate) fn named(name: &str) -> Option<&'static Entry> {
        Self::ALL.iter().find(|entry| entry.name == name)
    }

    pub(super) fn is_named(name: &str) -> bool {
        Self::named(name).is_some()
    }

    /// How it is called.
    pub(crate) fn usage(self) -> String {
        self.entry().map_or_else(|| "pree --version".to_owned(), |entry| format!("pree {}", entry.name))
    }

    fn entry(self) -> Option<&'static Entry> {
        Self::ALL.iter().find(|entry| entry.command == self)
    }

    pub(crate) fn words(self) -> Words {
        self.entry().map_or(Words::None, |entry| entry.words)
    }

    /// Refuses flags that the command does not take, and words.
    pub(super) fn check(self, given: &[(&Flag, String)], words: &[String]) -> Result<(), Failure> {
        let rather = self.entry().map_or("", |entry| entry.rather);
        let refused = |text: String| {
            let colon = if rather.is_empty() { "" } else { "; " };
            Err(Failure::Usage(format!("{} takes {text}{colon}{rather}", self.usage())))
        };
        if let Some((flag, written)) = given.iter().find(|(flag, _)| !flag.is_for(self)) {
            return refused(format!(
                "no {written}, which is for {}",
                listed(&flag.names_of_commands(), "and")
            ));
        }
        match (self.words(), words) {
            (Words::Filter, _)
            | (Words::None | Words::OneAtMost(_), [])
            | (Words::One(_) | Words::OneAtMost(_), [_]) => Ok(()),
            (Words::None, [first, ..]) => {
                refused(format!("no words, and {} is one", escape::quoted(first.as_bytes())))
            }
            (Words::One(what), _) => refused(format!("one {what}")),
            (Words::OneAtMost(what), _) => refused(format!("one {what} at most")),
        }
    }
}

/// Takes the first word away if it is the name of a command, unless an operator follows: then it is a filter.
pub(super) fn take(args: &mut Args) -> Result<Option<Command>, Failure> {
    let Some(first) = args.words.first() else { return Ok(None) };
    let operator_follows = args.words.get(1).is_some_and(|word| {
        word.starts_with(['=', '!', '<', '>', '~'])
            || ["eq", "ne", "neq", "lt", "le", "leq", "gt", "ge", "geq"].contains(&word.as_str())
    });
    if operator_follows {
        return Ok(None);
    }
    if LATER.contains(&first.as_str()) {
        let text =
            format!("pree {first} is not implemented yet; to search for the word, write pree list {first}");
        return Err(Failure::Usage(text));
    }
    let command = Command::named(first).map(|entry| entry.command);
    if command.is_some() {
        args.words.remove(0);
    }
    Ok(command)
}
