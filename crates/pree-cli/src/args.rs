//! Arguments: read and validated, nothing else. `Command::ALL` and `FLAGS` are the tables of them: what a command takes,
//! help, man page and completions are made from these.

mod command;
mod commands;
mod flags;
mod habits;
mod options;
mod values;

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};
use pree::{Family, Namespaces, Protocol, Protocols, WatchSource};

use crate::exit::Failure;
use crate::output::Format;
use crate::text::escape;
use crate::text::words::nearest;
pub(crate) use command::Command;
pub(crate) use commands::{Entry, Words};
pub(crate) use flags::{FLAGS, Flag, GROUPS, Takes, Value};
pub(crate) use options::{Acting, Args, Watched};
pub(crate) use values::protocol_names;

/// Reads the arguments.
pub(crate) fn parse(arguments: Vec<OsString>) -> Result<Args, Failure> {
    let mut args = Args::default();
    let Given { flags, misread, before_help } = read(arguments, &mut args)?;
    if let Some(before) = before_help {
        return help(args, before);
    }
    if args.whole_family {
        args.asked.protocols.get_or_insert(Protocols::INET);
    }
    let named = commands::take(&mut args.words)?.map(|entry| entry.command);
    args.command = match (args.instead.take(), named) {
        (Some(instead), None | Some(Command::List)) => instead,
        (_, named) => named.unwrap_or_default(),
    };
    if let Some(says) = misread.filter(|_| args.command.words() == Words::Filter) {
        return Err(Failure::Usage(says));
    }
    args.command.check(&flags, &args.words)?;
    if args.command.words() == Words::Filter && !args.words.is_empty() {
        args.asked.filter = Some(args.words.join(" ").parse().map_err(Failure::Filter)?);
        let first = args.words.first().filter(|word| named.is_none() && Command::named(word).is_none());
        args.asked.meant = first.and_then(|word| nearest(word, Command::ALL.iter().map(|entry| entry.name)));
    }
    refuse_contradictions(&args)?;
    Ok(args)
}

/// `--help` wins over everything before it: it is about the command that was named, or the topic behind it.
fn help(mut args: Args, before: usize) -> Result<Args, Failure> {
    let mut topics = args.words.split_off(before);
    if before == 0 {
        std::mem::swap(&mut args.words, &mut topics);
    }
    let words = match commands::take(&mut args.words)? {
        Some(entry) => [entry.name.to_owned()].into_iter().chain(topics).collect(),
        None if before == 0 => args.words,
        None => topics,
    };
    Command::Help.check(&[], &words)?;
    Ok(Args { command: Command::Help, words, ..Args::default() })
}

/// What was read beside words.
#[derive(Default)]
struct Given {
    /// The flags, as they were written.
    flags: Vec<(&'static Flag, String)>,
    /// What to say where a filter would take a word that was meant as a flag's value.
    misread: Option<String>,
    /// How many words stand before `--help`.
    before_help: Option<usize>,
}

/// Flags set what they say; the rest are words.
fn read(arguments: Vec<OsString>, args: &mut Args) -> Result<Given, Failure> {
    let mut given = Given::default();
    let mut parser = Parser::from_args(arguments);
    // Of one word, those that were read.
    let mut letters = String::new();
    loop {
        if let Some(word) = next_word(&mut parser) {
            letters.clear();
            if let Some(says) = habits::misread_letters(&word) {
                return Err(Failure::Usage(says));
            }
        }
        let Some(argument) = parser.next().map_err(usage)? else { break };
        let (found, written) = match &argument {
            Arg::Short(letter) => {
                letters.push(*letter);
                let flag = FLAGS.iter().find(|flag| flag.short == Some(*letter));
                (flag, format!("-{}", escape::text(letter.to_string().as_bytes())))
            }
            Arg::Long(name) => (flags::long(name), format!("--{}", escape::text(name.as_bytes()))),
            Arg::Value(word) => {
                let word = word.to_str().ok_or_else(|| not_utf8(word))?;
                given.misread = given.misread.or_else(|| habits::plus(word));
                args.words.push(word.to_owned());
                continue;
            }
        };
        let Some(flag) = found else {
            letters.pop();
            return Err(Failure::Usage(flags::unknown(&written, &letters)));
        };
        let value = match flag.takes {
            Takes::Nothing => String::new(),
            Takes::Maybe(_) => match parser.optional_value() {
                // `--stats=` says as little as nothing.
                Some(value) => value.string().map_err(usage)?,
                None => String::new(),
            },
            Takes::One(_) | Takes::Several(_) => value(&mut parser, flag, &written)?,
        };
        let next = next_word(&mut parser).filter(|_| flag.value().is_none());
        let is_name =
            |word: &OsString| args.words.is_empty() && word.to_str().and_then(Command::named).is_some();
        if let Some(word) = next.filter(|word| !is_name(word)) {
            given.misread = given.misread.or_else(|| habits::misread_value(&letters, &word));
        }
        let again = given.flags.iter().any(|(other, _)| other.long == flag.long);
        flag.read(args, &written, &value, again).map_err(Failure::Usage)?;
        if args.instead == Some(Command::Help) {
            given.before_help.get_or_insert(args.words.len());
        }
        given.flags.push((flag, written));
    }
    Ok(given)
}

/// The value of a flag, or what to say where people mean another program's flag of that letter, which takes none.
fn value(parser: &mut Parser, flag: &Flag, written: &str) -> Result<String, Failure> {
    let Some(way) = flag.short.and_then(habits::takes_one) else {
        return parser.value().and_then(ValueExt::string).map_err(usage);
    };
    // The next flag is none; but `-` is standard input, and `-c -rtt` is a column less.
    let is_flag = |word: &OsString| word.len() > 1 && word.as_encoded_bytes().starts_with(b"-");
    let none = flag.short != Some('c') && next_word(parser).as_ref().is_some_and(is_flag);
    match parser.value() {
        Ok(value) if !none => value.string().map_err(usage),
        Err(error) if !matches!(error, lexopt::Error::MissingValue { .. }) => Err(usage(error)),
        _ => Err(Failure::Usage(format!("{written} needs a value: {way}"))),
    }
}

/// Flags that the command takes, and not together.
fn refuse_contradictions(args: &Args) -> Result<(), Failure> {
    let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
    let watches =
        args.command == Command::Watch || (args.command == Command::Capture && args.look_for.is_some());
    if !watches && args.asked.watch_source != WatchSource::Auto {
        let name = args.asked.watch_source.name();
        return usage(&format!(
            "--source {name} is how pree watch sees what happens: rows come from diag, proc or procfs"
        ));
    }
    if let Some(text) = args.watched.contradiction(args.command, args.shown.group_by.is_some()) {
        return usage(text);
    }
    if args.repeat.is_some() {
        let Args { asked, pager, .. } = args;
        let others = [(*pager, "--pager"), (asked.quiet, "-q"), (asked.replay.is_some(), "--replay")];
        if let Some((_, other)) = others.into_iter().find(|(given, _)| *given) {
            return usage(&format!("--watch goes on until ^C: it does not go with {other}"));
        }
        if matches!(args.shown.format, Format::Csv | Format::Tsv | Format::Template) {
            return usage(
                "--watch writes a table in place, or lines of JSON: for rows as they change see pree watch --csv",
            );
        }
    }
    if args.look_for.is_some() && args.asked.replay.is_some() && args.command != Command::Watch {
        return usage("--for looks at the running system: a recording is one look");
    }
    if args.asked.estats.is_some() && args.look_for.is_some() {
        return usage("--estats collects for one look: with --for there are many");
    }
    if args.asked.namespaces != Namespaces::Own && args.asked.replay.is_some() {
        return usage(
            "a recording is of one network namespace, chosen when it was made: pree capture -N NAME FILE",
        );
    }
    if args.asked.protocols.is_some_and(|protocols| !some_have(protocols, &args.asked.families)) {
        return usage(
            "-4, -6 and -f inet ask for IP, and no protocol that was asked for is one of IP: leave one out",
        );
    }
    Ok(())
}

/// Whether any of these protocols can be of one of these families, or none is named.
fn some_have(protocols: Protocols, families: &[Family]) -> bool {
    let has = |protocol: &Protocol| protocol.families().iter().any(|family| families.contains(family));
    // The families of others are not known.
    families.is_empty()
        || protocols.contains(Protocols::OTHER)
        || Protocol::ALL.iter().any(|protocol| protocols.contains(protocol.set()) && has(protocol))
}

/// The next word, when all letters of the one before were read.
fn next_word(parser: &mut Parser) -> Option<OsString> {
    parser.try_raw_args()?.peek().map(OsString::from)
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
