//! Completions for zsh: a file `_pree` in a folder of `$fpath`.

use std::fmt::Write as _;

use super::{FILTER_WORDS, Takes, fields, keys, states, takes, values_of_keys, words_of_commands};
use crate::args::{Command, FLAGS};

pub(super) fn script() -> String {
    let mut flags = String::new();
    for flag in FLAGS {
        let doc = quoted(flag.doc);
        let value = match takes(flag) {
            Takes::Nothing => String::new(),
            Takes::One(words) => format!(":value:({})", words.join(" ")),
            Takes::Several(_) if flag.long == "query" => ":list:_pree_protocols".to_owned(),
            Takes::Several(_) => ":list:_pree_fields".to_owned(),
            Takes::File => ":file:_files".to_owned(),
            Takes::Anything => ":value: ".to_owned(),
        };
        let equals = if value.is_empty() { "" } else { "=" };
        let plus = if value.is_empty() { "" } else { "+" };
        if let Some(short) = flag.short {
            let _ = writeln!(flags, "    '-{short}{plus}[{doc}]{value}' \\");
        }
        let _ = writeln!(flags, "    '--{}{equals}[{doc}]{value}' \\", flag.long);
    }
    let mut commands = String::new();
    for (name, _, doc) in Command::ALL {
        let _ = writeln!(commands, "    '{name}:{}'", quoted(doc));
    }
    let mut of_commands = String::new();
    for (command, words) in words_of_commands() {
        let _ = writeln!(of_commands, "      {command}) compadd -- {}; return;;", words.join(" "));
    }
    let mut of_keys = String::new();
    for (key, values) in values_of_keys() {
        let values = values.join(" ");
        let _ = writeln!(of_keys, "  if compset -P '{key}='; then _sequence compadd - {values}; return; fi");
    }
    let states = states().join(" ");
    let filter: Vec<String> = keys().iter().map(|key| format!("{key}=")).collect();
    format!(
        r"#compdef pree
# pree completions for zsh: pree completions zsh > _pree, in a folder of $fpath
_pree_fields() {{
  compset -P '*,'
  compset -P '[+-]'
  compadd -S '' -- {fields}
}}
_pree_protocols() {{
  compset -P '*,'
  compadd -S '' -- tcp udp udplite inet all
}}
_pree_word() {{
  local command i
  local -a commands
  commands=(
{commands}  )
  for (( i = 2; i < CURRENT; i++ )); do
    if [[ $words[i] != -* ]]; then command=$words[i]; break; fi
  done
  if [[ -n $command ]]; then
    case $command in
{of_commands}      capture) _files; return;;
      port|schema|man) return;;
    esac
    case $words[CURRENT-1] in
      state|exclude) compadd -- {states}; return;;
      has) compadd -- {fields}; return;;
    esac
  else
    _describe -t commands command commands
  fi
{of_keys}  compadd -S '' -- {filter}
  compadd -- {filter_words}
}}
_pree() {{
  _arguments -s -S \
{flags}    '*:word:_pree_word'
}}
if [[ $funcstack[1] == _pree ]]; then
  _pree
else
  compdef _pree pree
fi
",
        fields = fields().join(" "),
        filter = filter.join(" "),
        filter_words = FILTER_WORDS.join(" "),
    )
}

/// Text inside a specification inside quotes.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\'' => out.push_str("'\\''"),
            '[' | ']' | ':' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}
