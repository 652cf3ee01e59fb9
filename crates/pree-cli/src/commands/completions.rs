//! `pree completions SHELL`: made from the tables of flags, commands, keys, states and columns.

mod bash;
mod fish;
mod powershell;
mod zsh;

use std::process::ExitCode;

use pree::field::{self, Field};
use pree::{Filter, OtherProtocol, Protocol, States};

use super::help;
use crate::args::{Args, Command, Entry, FLAGS, Flag, Words};
use crate::columns;
use crate::exit::Failure;
use crate::output::escape;

/// Shells and what makes their script.
type Script = fn() -> String;
const SHELLS: [(&str, Script); 4] = [
    ("bash", bash::script),
    ("zsh", zsh::script),
    ("fish", fish::script),
    ("powershell", powershell::script),
];

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let shell = args.words.concat();
    if let Some((_, script)) = SHELLS.iter().find(|(name, _)| *name == shell.to_ascii_lowercase()) {
        return help::print(&script());
    }
    let shell = escape::quoted(shell.as_bytes());
    Err(Failure::Usage(format!(
        "no completions for {shell}: take {}",
        SHELLS.map(|(name, _)| name).join(", ")
    )))
}

/// What a flag takes.
enum Takes {
    Nothing,
    /// One of these.
    One(Vec<&'static str>),
    /// Several of these, with commas.
    Several(Vec<&'static str>),
    File,
    /// What nobody can guess.
    Anything,
}

fn takes(flag: &Flag) -> Takes {
    match (flag.long, flag.value) {
        (_, None) => Takes::Nothing,
        ("query", _) => Takes::Several(vec!["tcp", "udp", "udplite", "inet", "all"]),
        ("columns" | "sort", _) => Takes::Several(fields()),
        ("group-by", _) => Takes::One(fields()),
        _ if flag.takes_path() => Takes::File,
        (_, Some(choices)) if choices.contains('|') => Takes::One(choices.split('|').collect()),
        _ => Takes::Anything,
    }
}

/// Names of columns.
fn fields() -> Vec<&'static str> {
    columns::all().map(columns::Column::name).collect()
}

/// Keys of filters.
fn keys() -> Vec<&'static str> {
    Filter::keys().collect()
}

/// Words that a filter is made of beside its keys.
const FILTER_WORDS: [&str; 7] = ["state", "exclude", "not", "and", "or", "has", "autobound"];

/// States, and ss's names of several.
fn states() -> Vec<String> {
    let named = States::all().iter_names().map(|(name, _)| name.to_ascii_lowercase().replace('_', "-"));
    let single = named.filter(|name| !["listening", "connected", "other"].contains(&name.as_str()));
    single.chain(["all", "connected", "synchronized", "bucket", "big"].map(str::to_owned)).collect()
}

/// Protocols, and names of those that have no table.
fn protocols() -> Vec<String> {
    let known = Protocol::ALL.iter().map(|protocol| protocol.name().to_owned());
    known.chain(OtherProtocol::KNOWN.map(str::to_owned)).collect()
}

/// Keys whose values are words.
fn values_of_keys() -> Vec<(&'static str, Vec<String>)> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let of_field = |field: &'static Field| Some((field.name, words(&field::words(field)?)));
    let mut values = vec![
        ("state", states()),
        ("family", words(&["ipv4", "ipv6", "unix", "packet", "netlink", "vsock"])),
        ("proto", protocols()),
        ("protocol", protocols()),
        ("scope", words(&["loopback", "link", "private", "public"])),
    ];
    values.extend(field::all().filter_map(of_field));
    values
}

/// Commands whose words are no filter, and what their words are.
fn other_commands() -> impl Iterator<Item = (&'static str, Takes)> {
    let others = Command::ALL.iter().filter(|entry| entry.words != Words::Filter);
    others.map(|entry| (entry.name, words_after(entry)))
}

fn words_after(entry: &Entry) -> Takes {
    let commands = Command::ALL.iter().map(|entry| entry.name);
    match entry.command {
        Command::Completions => Takes::One(SHELLS.map(|(name, _)| name).to_vec()),
        Command::Help => Takes::One(help::TOPICS.into_iter().chain(commands).collect()),
        Command::Capture => Takes::File,
        _ if entry.words == Words::None => Takes::Nothing,
        _ => Takes::Anything,
    }
}

/// The flags of a command.
fn flags_of(entry: &Entry) -> impl Iterator<Item = &'static Flag> + use<'_> {
    FLAGS.iter().filter(|flag| flag.is_for(entry.command))
}

/// `-t` and `--tcp`.
fn spellings(flag: &Flag) -> Vec<String> {
    let short = flag.short.map(|short| format!("-{short}"));
    short.into_iter().chain([format!("--{}", flag.long)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_that_is_offered_is_taken() {
        for state in states() {
            assert!(format!("state={state}").parse::<Filter>().is_ok(), "{state}");
        }
        for (key, values) in values_of_keys() {
            for value in values {
                assert!(format!("{key}={value}").parse::<Filter>().is_ok(), "{key}={value}");
            }
        }
        for flag in FLAGS {
            let (Takes::One(values) | Takes::Several(values)) = takes(flag) else { continue };
            for value in values {
                for command in flag.names_of_commands().into_iter().take(1) {
                    let line = vec![command.into(), format!("--{}", flag.long).into(), value.into()];
                    assert!(crate::args::parse(line).is_ok(), "--{} {value}", flag.long);
                }
            }
        }
    }

    /// Whether this stands there by itself, not as a part of another word.
    fn has_word(script: &str, word: &str) -> bool {
        let inside = |c: char| c.is_alphanumeric() || "-_".contains(c);
        let stands =
            |(at, _)| !script[..at].ends_with(inside) && !script[at + word.len()..].starts_with(inside);
        script.match_indices(word).any(stands)
    }

    #[test]
    fn every_script_knows_everything() {
        for (shell, script) in SHELLS {
            let script = script();
            let before = if shell == "fish" { "-l " } else { "--" };
            let flags = FLAGS.iter().map(|flag| format!("{before}{}", flag.long));
            let keys = keys().into_iter().map(|key| format!("{key}="));
            let commands = Command::ALL.iter().map(|entry| entry.name.to_owned());
            let fields = fields().into_iter().map(str::to_owned);
            for word in flags.chain(keys).chain(commands).chain(fields).chain(states()) {
                assert!(has_word(&script, &word), "{shell}: {word}");
            }
        }
    }

    #[test]
    fn a_part_of_a_word_is_not_the_word() {
        assert!(has_word("a pid,id b", "id") && !has_word("pid id_2 id-3 --id", "id"));
        assert!(has_word("'id=' x", "id=") && !has_word("id=1 pid=", "id="));
    }
}
