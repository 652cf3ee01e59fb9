//! What can be completed: flags, their values, keys, states, columns.

use pree::Filter;
use pree::field;

use crate::args::{self, Command, Entry, FLAGS, Flag, Value, Words, protocol_names};
use crate::columns;
use crate::docs::help;

/// The shells that have a script.
pub(super) const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

/// What can stand there.
pub(super) enum Takes {
    Nothing,
    /// One of these.
    One(Vec<&'static str>),
    /// Several of these, with commas.
    Several(Vec<&'static str>),
    File,
    /// Anything else.
    Anything,
}

pub(super) fn takes(flag: &Flag) -> Takes {
    match (&flag.takes, flag.value()) {
        // What may stand behind = does not stand for itself.
        (_, None) => Takes::Nothing,
        (_, Some(value @ Value::Word(_))) => Takes::One(value.words().collect()),
        (_, Some(Value::Protocol(_))) => Takes::Several(protocol_names().collect()),
        (args::Takes::Several(_), Some(Value::Field(_))) => Takes::Several(fields()),
        (_, Some(Value::Field(_))) => Takes::One(fields()),
        (_, Some(Value::File(_))) => Takes::File,
        (_, Some(Value::Other(_))) => Takes::Anything,
    }
}

/// Names of columns.
pub(super) fn fields() -> Vec<&'static str> {
    columns::all().filter(|column| !column.is_of_events()).map(columns::Column::name).collect()
}

/// Keys of filters.
pub(super) fn keys() -> Vec<&'static str> {
    Filter::keys().collect()
}

/// States, and ss's names of several.
pub(super) fn states() -> Vec<&'static str> {
    Filter::choices(field::STATE.name)
}

/// Keys whose values are words.
pub(super) fn values_of_keys() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    Filter::keys().map(|key| (key, Filter::choices(key))).filter(|(_, words)| !words.is_empty())
}

/// Commands whose words are no filter, and what their words are.
pub(super) fn other_commands() -> impl Iterator<Item = (&'static str, Takes)> {
    let others = Command::ALL.iter().filter(|entry| entry.words != Words::Filter);
    others.map(|entry| (entry.name, words_after(entry)))
}

pub(super) fn words_after(entry: &Entry) -> Takes {
    let commands = Command::ALL.iter().map(|entry| entry.name);
    match entry.command {
        Command::Completions => Takes::One(SHELLS.to_vec()),
        Command::Help => Takes::One(help::TOPICS.into_iter().chain(commands).collect()),
        Command::Capture => Takes::File,
        _ if entry.words == Words::None => Takes::Nothing,
        _ => Takes::Anything,
    }
}

/// The flags of a command.
pub(super) fn flags_of(entry: &Entry) -> impl Iterator<Item = &'static Flag> + use<'_> {
    FLAGS.iter().filter(|flag| flag.is_for(entry.command))
}

/// `-t` and `--tcp`.
pub(super) fn spellings(flag: &Flag) -> Vec<String> {
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
                let is_taken = |command: &str| {
                    let line = vec![command.into(), format!("--{}", flag.long).into(), value.into()];
                    args::parse(line).is_ok()
                };
                let commands = flag.names_of_commands();
                assert!(commands.is_empty() || commands.into_iter().any(is_taken), "--{} {value}", flag.long);
            }
        }
    }
}
