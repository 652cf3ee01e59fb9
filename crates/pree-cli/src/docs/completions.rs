//! `pree completions SHELL`: made from the tables of flags, commands, keys, states and columns.

mod bash;
mod fish;
mod powershell;
mod words;
mod zsh;

use std::process::ExitCode;

use crate::exit::Failure;
use crate::output::print;
use crate::text::escape;
use words::SHELLS;

pub(crate) fn run(shell: &str) -> Result<ExitCode, Failure> {
    if let Some(script) = script(&shell.to_ascii_lowercase()) {
        return print(&script);
    }
    let shell = escape::quoted(shell.as_bytes());
    Err(Failure::Usage(format!("no completions for {shell}: expected {}", SHELLS.join(", "))))
}

fn script(shell: &str) -> Option<String> {
    Some(match shell {
        "bash" => bash::script(),
        "zsh" => zsh::script(),
        "fish" => fish::script(),
        "powershell" => powershell::script(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::words::{fields, keys, states};
    use super::*;
    use crate::args::{Command, FLAGS};

    /// Whether this stands there by itself, not as a part of another word.
    fn has_word(script: &str, word: &str) -> bool {
        let inside = |c: char| c.is_alphanumeric() || "-_".contains(c);
        let stands =
            |(at, _)| !script[..at].ends_with(inside) && !script[at + word.len()..].starts_with(inside);
        script.match_indices(word).any(stands)
    }

    #[test]
    fn every_script_knows_everything() {
        for shell in SHELLS {
            let script = script(shell).unwrap_or_default();
            let before = if shell == "fish" { "-l " } else { "--" };
            let flags = FLAGS.iter().map(|flag| format!("{before}{}", flag.long));
            let keys = keys().into_iter().map(|key| format!("{key}="));
            let commands = Command::ALL.iter().map(|entry| entry.name.to_owned());
            let fields = fields().into_iter().map(str::to_owned);
            for word in
                flags.chain(keys).chain(commands).chain(fields).chain(states().into_iter().map(str::to_owned))
            {
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
