//! Completions for PowerShell.

use std::fmt::Write as _;

use super::words::{Takes, fields, keys, other_commands, spellings, states, takes, values_of_keys};
use pree::Filter;

use crate::args::{Command, FLAGS};

pub(super) fn script() -> String {
    let mut flags = String::new();
    let mut values = String::new();
    for flag in FLAGS {
        let doc = quoted(flag.doc);
        let names = spellings(flag);
        for name in &names {
            // The comma keeps the three together: a list in a list is one list else.
            let _ = writeln!(flags, "        ,@('{name}', '{doc}', {})", list(&flag.names_of_commands()));
        }
        let words = match takes(flag) {
            Takes::One(words) | Takes::Several(words) => list(&words),
            Takes::File | Takes::Anything => "$null".to_owned(),
            Takes::Nothing => continue,
        };
        for name in &names {
            // Names differ by case alone: -s and -S would be one key in an ordinary table.
            let _ = writeln!(values, "    $values['{name}'] = {words}");
        }
    }
    let mut commands = String::new();
    for entry in Command::ALL {
        let _ = writeln!(commands, "        ,@('{}', '{}')", entry.name, quoted(entry.doc));
    }
    let mut after = String::new();
    for (command, words) in other_commands() {
        if let Takes::One(words) | Takes::Several(words) = words {
            let _ = writeln!(after, "    $values['{command}'] = {}", list(&words));
        }
    }
    let states = states();
    let mut filter: Vec<String> = keys().iter().map(|key| format!("{key}=")).collect();
    for (key, values) in values_of_keys() {
        filter.extend(values.iter().map(|value| format!("{key}={value}")));
    }
    filter.extend(Filter::WORDS.map(str::to_owned));
    let filter: Vec<&str> = filter.iter().map(String::as_str).collect();
    format!(
        r"# pree completions for PowerShell: pree completions powershell >> $PROFILE
Register-ArgumentCompleter -Native -CommandName 'pree' -ScriptBlock {{
    param($wordToComplete, $commandAst, $cursorPosition)
    $flags = @(
{flags}    )
    $commands = @(
{commands}    )
    $values = New-Object 'System.Collections.Generic.Dictionary[string,object]'
{values}{after}    $values['state'] = {states}
    $values['exclude'] = $values['state']
    $values['has'] = {fields}
    $filter = {filter}
    $words = @($commandAst.CommandElements | ForEach-Object {{ $_.ToString() }})
    $command = 'list'
    foreach ($word in ($words | Select-Object -Skip 1)) {{
        if (@($commands | Where-Object {{ $_[0] -ceq $word }}).Count) {{ $command = $word; break }}
    }}
    $last = if ($wordToComplete) {{ $words.Count - 2 }} else {{ $words.Count - 1 }}
    $before = if ($last -ge 1) {{ $words[$last] }} else {{ '' }}
    $found = if ($before -and $values.ContainsKey($before)) {{
        # Of a list the last part counts.
        $done = if ($wordToComplete -match '^(.*,)') {{ $Matches[1] }} else {{ '' }}
        $values[$before] | Where-Object {{ $_ }} | ForEach-Object {{ ,@(($done + $_), $_) }}
    }} elseif ($wordToComplete -like '-*') {{
        $flags | Where-Object {{ $_[2] -ccontains $command }}
    }} else {{
        if ($last -lt 1) {{ $commands }}
        $filter | ForEach-Object {{ ,@($_, $_) }}
    }}
    $found | Where-Object {{ $_[0] -clike ($wordToComplete + '*') }} | ForEach-Object {{
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
    }}
}}
",
        states = list(&states),
        fields = list(&fields()),
        filter = list(&filter),
    )
}

fn list(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("'{}'", quoted(word))).collect();
    format!("@({})", words.join(", "))
}

/// Text inside single quotes.
fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}
