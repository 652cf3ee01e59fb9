//! Arguments: read and validated, nothing else. `FLAGS` is the one table of them; the help is made from it.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};
use pree::{Family, OwnerLookup, Protocols, SourceChoice};

use crate::exit::Failure;

/// What was asked for on the command line.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Args {
    pub(crate) command: Command,
    pub(crate) protocols: Option<Protocols>,
    pub(crate) families: Vec<Family>,
    /// `-l` or `-a`; neither: what the output usually shows.
    pub(crate) which: Option<Which>,
    pub(crate) owners: OwnerLookup,
    pub(crate) source: SourceChoice,
    pub(crate) format: Format,
    pub(crate) tcp_info: bool,
    pub(crate) extended: bool,
    pub(crate) memory: bool,
    pub(crate) timers: bool,
    pub(crate) no_header: bool,
    pub(crate) strict: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Command {
    #[default]
    List,
    Help,
    Version,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Which {
    Listening,
    All,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    Jsonl,
}

/// One flag: how it is written, what it does. `value` names what a flag takes.
pub(crate) struct Flag {
    pub(crate) short: Option<char>,
    pub(crate) long: &'static str,
    pub(crate) value: Option<&'static str>,
    pub(crate) group: &'static str,
    pub(crate) doc: &'static str,
    set: fn(&mut Args, &str) -> Result<(), String>,
}

/// Groups of the help, in order.
pub(crate) const GROUPS: [&str; 4] = ["Which sockets", "What about them", "Output", "How"];

macro_rules! flag {
    ($group:literal, $short:expr, $long:literal, $value:expr, $doc:expr, $set:expr) => {
        Flag { short: $short, long: $long, value: $value, group: $group, doc: $doc, set: $set }
    };
}

macro_rules! set {
    ($args:ident => $do:expr) => {
        |$args, _| {
            $do;
            Ok(())
        }
    };
}

pub(crate) const FLAGS: &[Flag] = &[
    flag!("Which sockets", Some('t'), "tcp", None, "TCP sockets", set!(a => protocol(a, Protocols::TCP))),
    flag!(
        "Which sockets",
        Some('u'),
        "udp",
        None,
        "UDP and UDP-Lite sockets",
        set!(a => protocol(a, Protocols::UDP | Protocols::UDPLITE))
    ),
    flag!(
        "Which sockets",
        Some('4'),
        "ipv4",
        None,
        "only IPv4 sockets",
        set!(a => a.families.push(Family::Ipv4))
    ),
    flag!(
        "Which sockets",
        Some('6'),
        "ipv6",
        None,
        "only IPv6 sockets, v4-mapped ones included",
        set!(a => a.families.push(Family::Ipv6))
    ),
    flag!(
        "Which sockets",
        Some('l'),
        "listening",
        None,
        "only sockets that wait for peers",
        set!(a => a.which = Some(a.which.unwrap_or(Which::Listening)))
    ),
    flag!(
        "Which sockets",
        Some('a'),
        "all",
        None,
        "every state, on a terminal TIME-WAIT too",
        set!(a => a.which = Some(Which::All))
    ),
    flag!(
        "What about them",
        Some('p'),
        "processes",
        None,
        "owning processes (the default)",
        set!(a => if a.owners == OwnerLookup::None { a.owners = OwnerLookup::All })
    ),
    flag!("What about them", Some('i'), "info", None, "TCP statistics", set!(a => a.tcp_info = true)),
    flag!(
        "What about them",
        Some('e'),
        "extended",
        None,
        "user, inode, cookie, mark, cgroup, options",
        set!(a => a.extended = true)
    ),
    flag!(
        "What about them",
        Some('m'),
        "memory",
        None,
        "socket memory and drops",
        set!(a => a.memory = true)
    ),
    flag!("What about them", Some('o'), "options", None, "timers", set!(a => a.timers = true)),
    flag!("Output", None, "json", None, "one JSON document", |a, _| format(a, Format::Json)),
    flag!("Output", None, "jsonl", None, "a JSON object a line, as sockets come; also --ndjson", |a, _| {
        format(a, Format::Jsonl)
    }),
    flag!("Output", Some('H'), "no-header", None, "no heading", set!(a => a.no_header = true)),
    flag!("Output", Some('n'), "numeric", None, "numbers, not names (the default)", |_, _| Ok(())),
    flag!("How", None, "source", Some("auto|diag|proc|procfs"), "where rows are read from", |a, value| {
        a.source = match value {
            "auto" => SourceChoice::Auto,
            "diag" => SourceChoice::Diag,
            "proc" => SourceChoice::Proc,
            "procfs" => SourceChoice::Procfs,
            _ => return Err(choice("--source", value, "auto, diag, proc or procfs")),
        };
        Ok(())
    }),
    flag!(
        "How",
        None,
        "owners",
        Some("auto|proc|first|none"),
        "how far owners are looked for",
        |a, value| {
            a.owners = match value {
                "auto" | "proc" => OwnerLookup::All,
                "first" => OwnerLookup::First,
                "none" => OwnerLookup::None,
                "bpf" => return Err("--owners bpf is not there yet: use auto or proc".to_owned()),
                _ => return Err(choice("--owners", value, "auto, proc, first or none")),
            };
            Ok(())
        }
    ),
    flag!(
        "How",
        None,
        "strict",
        None,
        "exit 3 when anything at all is missing, not only sockets",
        set!(a => a.strict = true)
    ),
    flag!("How", Some('h'), "help", None, "this help", set!(a => a.command = Command::Help)),
    flag!("How", Some('V'), "version", None, "the version", set!(a => a.command = Command::Version)),
];

/// Other ways to write a flag.
const ALIASES: &[(&str, &str)] = &[("ndjson", "jsonl")];

/// ss's letters and cli words that come later: said plainly instead of "unknown".
const LATER: &[&str] = &[
    "w",
    "x",
    "0",
    "M",
    "B",
    "r",
    "s",
    "O",
    "E",
    "N",
    "F",
    "A",
    "c",
    "g",
    "q",
    "v",
    "vsock",
    "csv",
    "tsv",
    "format",
    "columns",
    "sort",
    "group-by",
    "count",
    "limit",
    "watch",
    "save",
    "resolve",
    "replay",
    "raw",
    "unix",
    "packet",
    "no-trunc",
    "raw-units",
    "color",
    "pager",
    "all-netns",
    "no-runtime",
    "yes",
    "quiet",
    "verbose",
];

fn protocol(args: &mut Args, protocols: Protocols) {
    args.protocols = Some(args.protocols.unwrap_or(Protocols::empty()) | protocols);
}

fn format(args: &mut Args, format: Format) -> Result<(), String> {
    if args.format != Format::Table && args.format != format {
        return Err("two output formats at once: choose --json or --jsonl".to_owned());
    }
    args.format = format;
    Ok(())
}

fn choice(flag: &str, value: &str, right: &str) -> String {
    format!("{flag} takes {right}, not {}", crate::output::escape::quoted(value.as_bytes()))
}

/// Reads the arguments.
pub(crate) fn parse(arguments: Vec<OsString>) -> Result<Args, Failure> {
    let mut args = Args { owners: OwnerLookup::All, ..Args::default() };
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(usage)? {
        let (flag, written) = match &argument {
            Arg::Short(letter) => {
                let flag = FLAGS.iter().find(|flag| flag.short == Some(*letter));
                (flag, format!("-{}", crate::output::escape::text(letter.to_string().as_bytes())))
            }
            Arg::Long(name) => {
                let alias = ALIASES.iter().find(|(alias, _)| alias == name);
                let name = alias.map_or(*name, |(_, name)| *name);
                let flag = FLAGS.iter().find(|flag| flag.long == name);
                (flag, format!("--{}", crate::output::escape::text(name.as_bytes())))
            }
            Arg::Value(value) => {
                let value = crate::output::escape::quoted(value.as_encoded_bytes());
                return Err(Failure::Usage(format!(
                    "{value}: filters and commands are not there yet, only flags are"
                )));
            }
        };
        let Some(flag) = flag else { return Err(Failure::Usage(unknown(&written))) };
        let value = match flag.value {
            Some(_) => parser.value().and_then(ValueExt::string).map_err(usage)?,
            None => String::new(),
        };
        (flag.set)(&mut args, &value).map_err(Failure::Usage)?;
    }
    Ok(args)
}

fn unknown(written: &str) -> String {
    let name = written.trim_start_matches('-');
    if name == "K" {
        return "-K is not taken: closing sockets will be `pree close`, which is not there yet".to_owned();
    }
    if LATER.contains(&name) {
        return format!("{written} is not there yet");
    }
    format!("there is no flag {written}")
}

fn usage(error: lexopt::Error) -> Failure {
    Failure::Usage(match error {
        lexopt::Error::MissingValue { option: Some(option) } => format!("{option} needs a value"),
        lexopt::Error::UnexpectedValue { option, .. } => format!("{option} takes no value"),
        lexopt::Error::NonUnicodeValue(value) => {
            format!("{} is not UTF-8", crate::output::escape::quoted(value.as_encoded_bytes()))
        }
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: impl FnOnce(&mut Args)) {
        let mut args = Args { owners: OwnerLookup::All, ..Args::default() };
        expected(&mut args);
        match parse(line.split_whitespace().map(OsString::from).collect()) {
            Ok(parsed) => assert_eq!(parsed, args),
            Err(failure) => panic!("{}", failure.text().map(|t| t.to_string()).unwrap_or_default()),
        }
    }

    #[track_caller]
    fn refused(line: &str, says: &str) {
        match parse(line.split_whitespace().map(OsString::from).collect()) {
            Err(Failure::Usage(text)) => assert!(text.contains(says), "{text}"),
            _ => panic!("{line} was not refused"),
        }
    }

    #[test]
    fn letters_bundle() {
        let all = Protocols::TCP | Protocols::UDP | Protocols::UDPLITE;
        check("-tulpn", |a| {
            a.protocols = Some(all);
            a.which = Some(Which::Listening);
        });
        check("-tanpi", |a| {
            a.protocols = Some(Protocols::TCP);
            a.which = Some(Which::All);
            a.tcp_info = true;
        });
        check("-la", |a| a.which = Some(Which::All));
        check("-64H", |a| {
            a.families = vec![Family::Ipv6, Family::Ipv4];
            a.no_header = true;
        });
    }

    #[test]
    fn long_flags_and_values() {
        check("--owners none --source=proc --ndjson", |a| {
            a.owners = OwnerLookup::None;
            a.source = SourceChoice::Proc;
            a.format = Format::Jsonl;
        });
    }

    #[test]
    fn refusals_say_what_is_right() {
        refused("--json --jsonl", "two output formats");
        refused("--source=netlink", "auto, diag, proc or procfs");
        refused("--owners", "needs a value");
        refused("-K", "pree close");
        refused("-x", "not there yet");
        refused("--nonsense", "no flag --nonsense");
        refused("state listening", "filters");
        refused("--json=yes", "takes no value");
    }

    #[test]
    fn every_flag_is_in_a_group_of_the_help() {
        for flag in FLAGS {
            assert!(GROUPS.contains(&flag.group), "{}", flag.long);
        }
    }
}
