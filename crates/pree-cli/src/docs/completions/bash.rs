//! Completions for bash, without the bash-completion package.
//!
//! Bash breaks words at `=` and `:`, so `state=est` comes as three words.

use std::fmt::Write as _;

use super::words::{Takes, fields, flags_of, keys, other_commands, spellings, states, takes, values_of_keys};
use pree::Filter;

use crate::args::{Command, FLAGS};

pub(super) fn script() -> String {
    let mut flags = String::new();
    for entry in Command::ALL {
        let names: Vec<String> = flags_of(entry).flat_map(spellings).collect();
        let _ = writeln!(flags, "            {}) _pree_words \"{}\";;", entry.name, names.join(" "));
    }
    let mut cases = String::new();
    for flag in FLAGS {
        let pattern = spellings(flag).join("|");
        let _ = match takes(flag) {
            Takes::Nothing => Ok(()),
            Takes::One(words) => {
                writeln!(cases, "        {pattern}) _pree_words \"{}\"; return;;", words.join(" "))
            }
            Takes::Several(words) => {
                writeln!(cases, "        {pattern}) _pree_list \"{}\"; return;;", words.join(" "))
            }
            Takes::File => writeln!(cases, "        {pattern}) _pree_files; return;;"),
            Takes::Anything => writeln!(cases, "        {pattern}) return;;"),
        };
    }
    let mut of_keys = String::new();
    for (key, values) in values_of_keys() {
        let _ = writeln!(of_keys, "        {key}) _pree_list \"{}\"; return;;", values.join(" "));
    }
    let states = states().join(" ");
    let names: Vec<&str> = Command::ALL.iter().map(|entry| entry.name).collect();
    let mut of_commands = String::new();
    for (command, words) in other_commands() {
        let _ = match words {
            Takes::One(words) | Takes::Several(words) => {
                writeln!(of_commands, "        {command}) _pree_words \"{}\"; return;;", words.join(" "))
            }
            Takes::File => writeln!(of_commands, "        {command}) _pree_files; return;;"),
            Takes::Nothing | Takes::Anything => writeln!(of_commands, "        {command}) return;;"),
        };
    }
    let filter: Vec<String> = keys().iter().map(|key| format!("{key}=")).collect();
    format!(
        r#"# pree completions for bash: source <(pree completions bash)
_pree_words() {{
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}}
# Several words with commas between, each with a sign before it if need be.
_pree_list() {{
    local done="" part=$cur
    if [[ $part == *,* ]]; then done="${{part%,*}},"; part=${{part##*,}}; fi
    if [[ $part == [+-]* ]]; then done+=${{part:0:1}}; part=${{part:1}}; fi
    COMPREPLY=($(compgen -P "$done" -W "$1" -- "$part"))
}}
_pree_files() {{
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
}}
_pree() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} key="" command="" i
    COMPREPLY=()
    if [[ $cur == "=" ]]; then
        key=$prev cur=""
    elif [[ $prev == "=" && $COMP_CWORD -ge 2 ]]; then
        key=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    case $key in
        --*) prev=$key;;
{of_keys}        ?*) return;;
    esac
    case $prev in
{cases}        state|exclude) _pree_words "{states}"; return;;
        has) _pree_words "{fields}"; return;;
    esac
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${{COMP_WORDS[i]}} in
            {commands}) command=${{COMP_WORDS[i]}}; break;;
            -*) ;;
            *) command=list; break;;
        esac
    done
    if [[ $cur == -* ]]; then
        case ${{command:-list}} in
{flags}        esac
        return
    fi
    case $command in
{of_commands}    esac
    local words="{filter} {filter_words}"
    [[ -z $command ]] && words+=" {command_words}"
    _pree_words "$words"
    # A key wants its value right behind it.
    if [[ ${{#COMPREPLY[@]}} -eq 1 && ${{COMPREPLY[0]}} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}}
complete -F _pree pree
"#,
        fields = fields().join(" "),
        commands = names.join("|"),
        command_words = names.join(" "),
        filter = filter.join(" "),
        filter_words = Filter::WORDS.join(" "),
    )
}
