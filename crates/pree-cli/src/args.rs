//! Arguments: read and validated, nothing else. `FLAGS` is the one table of them: help, man page and completions are
//! made from it.

mod flags;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use pree::{Family, Filter, Namespaces, OwnerLookup, OwnerSource, Protocols, SourceChoice};

use crate::exit::Failure;
use crate::output::escape;
pub(crate) use flags::{FLAGS, Flag, GROUPS};

/// What was asked for on the command line.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Args {
    pub(crate) command: Command,
    /// Words after the command's name: a filter for most, a topic, a shell, a file for others.
    pub(crate) words: Vec<String>,
    pub(crate) filter: Option<Filter>,
    pub(crate) protocols: Option<Protocols>,
    pub(crate) families: Vec<Family>,
    /// `-l`, `-a` or `-B`; none: what the output usually shows.
    pub(crate) which: Option<Which>,
    pub(crate) owners: OwnerLookup,
    pub(crate) owner_source: OwnerSource,
    pub(crate) source: SourceChoice,
    pub(crate) replay: Option<PathBuf>,
    /// `-N` or `--all-netns`.
    pub(crate) namespaces: Namespaces,
    pub(crate) format: Format,
    /// `--format`'s template.
    pub(crate) template: Option<String>,
    /// `-c`, as written.
    pub(crate) columns: Option<String>,
    /// `--sort`: fields as written, a `-` before those that go down.
    pub(crate) sort: Vec<String>,
    pub(crate) group_by: Option<String>,
    pub(crate) count: bool,
    pub(crate) limit: Option<usize>,
    /// `--for`: how long is looked.
    pub(crate) look_for: Option<Duration>,
    /// `--estats`: Windows: how long statistics are collected first.
    pub(crate) estats: Option<Duration>,
    pub(crate) tcp_info: bool,
    pub(crate) extended: bool,
    pub(crate) memory: bool,
    pub(crate) timers: bool,
    pub(crate) raw_units: bool,
    pub(crate) no_trunc: bool,
    pub(crate) color: When,
    pub(crate) pager: bool,
    pub(crate) no_header: bool,
    pub(crate) strict: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

/// The command's first word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Command {
    #[default]
    List,
    Port,
    Explain,
    Doctor,
    Summary,
    Capture,
    Schema,
    Completions,
    Man,
    Help,
    Version,
}

impl Command {
    /// Commands by the word that calls them, with what they do.
    pub(crate) const ALL: &[(&str, Self, &str)] = &[
        ("list", Self::List, "the sockets that match a filter (the default)"),
        ("port", Self::Port, "who has this port, since when, reachable from where"),
        ("explain", Self::Explain, "how a connection is doing, what holds it up, and what is not known"),
        ("doctor", Self::Doctor, "what is wrong on this machine, the worst first"),
        ("summary", Self::Summary, "how many sockets of each protocol and state; also -s"),
        ("capture", Self::Capture, "keep the kernel's answer in a file for --replay"),
        ("schema", Self::Schema, "the JSON schema of --json"),
        ("completions", Self::Completions, "completions for bash, zsh, fish or powershell"),
        ("man", Self::Man, "the manual page"),
        ("help", Self::Help, "help on FILTER, COLUMNS or EXIT"),
    ];

    /// Commands that are agreed and not there yet.
    const LATER: &[&str] = &["top", "watch", "record", "history", "diff", "kill", "close"];

    /// True for those whose words are a filter.
    fn takes_filter(self) -> bool {
        matches!(self, Self::List | Self::Summary | Self::Explain)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Which {
    Listening,
    All,
    Bound,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    Jsonl,
    Csv,
    Tsv,
    Template,
}

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum When {
    #[default]
    Auto,
    Always,
    Never,
}

/// Reads the arguments.
pub(crate) fn parse(arguments: Vec<OsString>) -> Result<Args, Failure> {
    let mut args = Args { owners: OwnerLookup::All, ..Args::default() };
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(usage)? {
        let (found, written) = match &argument {
            Arg::Short(letter) => {
                let flag = FLAGS.iter().find(|flag| flag.short == Some(*letter));
                (flag, format!("-{}", escape::text(letter.to_string().as_bytes())))
            }
            Arg::Long(name) => (flags::long(name), format!("--{}", escape::text(name.as_bytes()))),
            Arg::Value(word) => {
                let word = word.to_str().ok_or_else(|| not_utf8(word))?;
                args.words.push(word.to_owned());
                continue;
            }
        };
        let Some(flag) = found else { return Err(Failure::Usage(flags::unknown(&written))) };
        let value = match flag.value {
            Some(_) => parser.value().and_then(ValueExt::string).map_err(usage)?,
            None => String::new(),
        };
        (flag.set)(&mut args, &value).map_err(Failure::Usage)?;
    }
    take_command(&mut args)?;
    if args.command.takes_filter() && !args.words.is_empty() {
        let text = args.words.join(" ");
        args.filter = Some(filter(args.filter, &text)?);
    }
    let looks = matches!(args.command, Command::Explain | Command::Doctor | Command::Help | Command::Version);
    if args.look_for.is_some() && !looks {
        return Err(Failure::Usage("--for is for pree explain and pree doctor".to_owned()));
    }
    if args.look_for.is_some() && args.replay.is_some() {
        return Err(Failure::Usage("--for looks at the running system: a recording is one look".to_owned()));
    }
    if args.estats.is_some() && args.look_for.is_some() {
        return Err(Failure::Usage("--estats collects for one look: with --for there are many".to_owned()));
    }
    check_namespaces(&args)?;
    Ok(args)
}

fn check_namespaces(args: &Args) -> Result<(), Failure> {
    let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
    let many = matches!(args.command, Command::List | Command::Summary | Command::Help | Command::Version);
    match args.namespaces {
        Namespaces::Own => Ok(()),
        _ if args.replay.is_some() => usage(
            "a recording is of one network namespace, chosen when it was made: pree capture -N NAME FILE",
        ),
        Namespaces::All if args.command == Command::Capture => {
            usage("a recording holds one network namespace: pree capture -N NAME FILE for each")
        }
        Namespaces::All if !many => usage("--all-netns is for the list and the summary: choose one with -N"),
        _ => Ok(()),
    }
}

/// The first word is a command if it is the name of one, unless an operator follows: then it is a filter.
fn take_command(args: &mut Args) -> Result<(), Failure> {
    if args.command == Command::Help {
        // `pree port --help`: no topic was asked for.
        args.words.clear();
    }
    if args.command != Command::List {
        return Ok(());
    }
    let Some(first) = args.words.first() else { return Ok(()) };
    let operator_follows = args.words.get(1).is_some_and(|word| {
        word.starts_with(['=', '!', '<', '>', '~'])
            || ["eq", "ne", "neq", "lt", "le", "leq", "gt", "ge", "geq"].contains(&word.as_str())
    });
    if operator_follows {
        return Ok(());
    }
    if let Some((_, command, _)) = Command::ALL.iter().find(|(name, ..)| name == first) {
        args.command = *command;
        args.words.remove(0);
    } else if Command::LATER.contains(&first.as_str()) {
        let text = format!("pree {first} is not there yet; to search for the word, write pree list {first}");
        return Err(Failure::Usage(text));
    }
    Ok(())
}

/// Reads a filter; with another one from a file, both must hold.
pub(crate) fn filter(before: Option<Filter>, text: &str) -> Result<Filter, Failure> {
    let filter: Filter = text.parse().map_err(Failure::Filter)?;
    match before {
        None => Ok(filter),
        Some(before) => format!("({before}) and ({filter})").parse().map_err(Failure::Filter),
    }
}

fn not_utf8(word: &std::ffi::OsStr) -> Failure {
    Failure::Usage(format!("{} is not UTF-8", escape::quoted(word.as_encoded_bytes())))
}

fn usage(error: lexopt::Error) -> Failure {
    match error {
        lexopt::Error::MissingValue { option: Some(option) } => {
            Failure::Usage(format!("{option} needs a value"))
        }
        lexopt::Error::UnexpectedValue { option, .. } => Failure::Usage(format!("{option} takes no value")),
        lexopt::Error::NonUnicodeValue(value) => not_utf8(&value),
        other => Failure::Usage(escape::text(other.to_string().as_bytes()).into_owned()),
    }
}

#[cfg(test)]
mod tests;
