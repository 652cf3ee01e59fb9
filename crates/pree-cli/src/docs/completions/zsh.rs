//! Completions for zsh: a file `_pree` in a folder of `$fpath`.

use std::fmt::Write as _;

use super::words::{Takes, fields, flags_of, keys, other_commands, states, takes, values_of_keys};
use pree::Filter;

use crate::args::{Command, Flag, protocol_names};

pub(super) fn script() -> String {
    let mut flags = String::new();
    for entry in Command::ALL {
        let flags_of_command: String = flags_of(entry).map(specification).collect();
        let _ = write!(
            flags,
            "    {}) _arguments -s -S \\\n{flags_of_command}      '*:word:_pree_word';;\n",
            entry.name
        );
    }
    let names: Vec<&str> = Command::ALL.iter().map(|entry| entry.name).collect();
    let mut commands = String::new();
    for entry in Command::ALL {
        let _ = writeln!(commands, "    '{}:{}'", entry.name, quoted(entry.doc));
    }
    let mut of_commands = String::new();
    for (command, words) in other_commands() {
        let _ = match words {
            Takes::One(words) | Takes::Several(words) => {
                writeln!(of_commands, "      {command}) compadd -- {}; return;;", words.join(" "))
            }
            Takes::File => writeln!(of_commands, "      {command}) _files; return;;"),
            Takes::Nothing | Takes::Anything => writeln!(of_commands, "      {command}) return;;"),
        };
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
  compadd -S '' -- {protocols}
}}
_pree_word() {{
  local -a commands
  commands=(
{commands}  )
  if [[ -n $command ]]; then
    case $command in
{of_commands}    esac
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
  local command i
  for (( i = 2; i < CURRENT; i++ )); do
    case $words[i] in
      {names}) command=$words[i]; break;;
      -*) ;;
      *) command=list; break;;
    esac
  done
  case ${{command:-list}} in
{flags}  esac
}}
if [[ $funcstack[1] == _pree ]]; then
  _pree
else
  compdef _pree pree
fi
",
        names = names.join("|"),
        fields = fields().join(" "),
        protocols = protocol_names().collect::<Vec<_>>().join(" "),
        filter = filter.join(" "),
        filter_words = Filter::WORDS.join(" "),
    )
}

/// What `_arguments` is given for a flag.
fn specification(flag: &Flag) -> String {
    let mut out = String::new();
    let doc = quoted(flag.doc);
    let value = match takes(flag) {
        Takes::Nothing => String::new(),
        Takes::One(words) => format!(":value:({})", words.join(" ")),
        Takes::Several(words) if words == fields() => ":list:_pree_fields".to_owned(),
        Takes::Several(_) => ":list:_pree_protocols".to_owned(),
        Takes::File => ":file:_files".to_owned(),
        Takes::Anything => ":value: ".to_owned(),
    };
    let (equals, plus) = if value.is_empty() { ("", "") } else { ("=", "+") };
    // Writing to a String cannot fail.
    if let Some(short) = flag.short {
        let _ = writeln!(out, "      '-{short}{plus}[{doc}]{value}' \\");
    }
    let _ = writeln!(out, "      '--{}{equals}[{doc}]{value}' \\", flag.long);
    out
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
