//! Arguments that make no sense: code 2, one line on stderr that says what would be right, nothing on stdout.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use pree_testkit::{Case, Failed, Family, Socket};

use crate::run::{self, PREE};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("arguments_that_make_no_sense_are_refused_with_what_would_be_right", senseless),
        Case::new("questions_that_a_command_does_not_answer_are_refused", unanswered),
        Case::new("filters_that_make_no_sense_are_shown_with_the_place", filters),
        Case::new("arguments_that_are_no_text_are_refused_and_shown_harmless", not_text),
        Case::new("a_word_that_finds_nothing_says_where_it_was_searched", word_without_answer).lab(),
        Case::new("a_flag_that_a_command_does_not_take_is_refused", flags_of_others),
        Case::new("help_is_given_whatever_else_was_written", helped),
    ]
}

fn senseless() -> Result<(), Failed> {
    for words in ["-r", "--resolve", "--no-runtime", "top", "record", "history"] {
        refused(words, "not implemented yet")?;
    }
    for (words, says) in [
        ("watch autobound", "no event tells it"),
        ("watch tx>1MiB", "pree watch --stats"),
        ("how=refused", "pree watch"),
        ("explain how=refused --for 1s", "pree watch"),
        ("-c +how", "pree watch"),
        ("--nonsense", "no flag --nonsense"),
        ("-Z", "no flag -Z"),
        ("-tZ", "no flag -Z"),
        ("--tc", "no flag --tc"),
        ("--TCP", "no flag --TCP"),
        ("-K", "pree close"),
        ("-tK", "pree close"),
        ("-K dst 10.0.0.1", "pree close"),
        ("-N", "needs a value"),
        ("process=\"\\q\"", "q after a backslash is no escape: n, r, t, x1b (a byte)"),
        ("--limit 1 --limit 2", "--limit is given twice, and takes one value"),
        ("--json --count --limit 2", "--count is one number"),
        ("-N blue -N red", "-N is given twice, and takes one value"),
        ("-x -4", "leave one out"),
        ("-0 -4", "leave one out"),
        ("-4 -f unix", "leave one out"),
        ("-6 -A netlink,vsock", "leave one out"),
        ("-N blue --all-netns", "one -N, or --all-netns"),
        ("--all-netns=yes", "takes no value"),
        ("--all-netns explain tcp:80", "takes no --all-netns"),
        ("--all-netns capture /nonexistent/file", "one network namespace"),
        ("--all-netns --replay /nonexistent/file", "one network namespace"),
        ("-N blue --replay /nonexistent/file", "one network namespace"),
        ("-N pree-no-such-namespace", "no network namespace"),
        ("-N 4294967295", "no network namespace"),
        ("-N .", "no network namespace"),
        ("-N ..", "no network namespace"),
        ("-N /nonexistent/namespace", "no network namespace"),
        ("-N /proc/self/ns/mnt", "not a network namespace"),
        ("-N /proc/self/stat", "not a network namespace"),
        ("-N /etc", "not a network namespace"),
        ("-N=", "no network namespace"),
        ("cgroup=/nonexistent/cgroup", "that of a process is pcgroup=PATH"),
        ("capture -N pree-no-such-namespace -", "no network namespace"),
        ("--json --jsonl", "two output formats"),
        ("--ndjson --json", "two output formats"),
        ("--csv --json", "two output formats"),
        ("--json --ndjson --version", "two output formats"),
        ("--source", "needs a value"),
        ("--source netlink", "auto, diag, proc, procfs, bpf, destroy or poll"),
        ("--source=", "auto, diag, proc, procfs, bpf, destroy or poll"),
        ("--source=DIAG", "auto, diag, proc, procfs, bpf, destroy or poll"),
        ("--owners", "needs a value"),
        ("--owners everyone", "auto, bpf, proc, first or none"),
        ("--color sometimes", "auto, always or never"),
        ("--limit", "needs a value"),
        ("--limit -1", "a number of rows"),
        ("-A tcp,tpc", "inet or all"),
        ("--json=yes", "takes no value"),
        ("--strict=1", "takes no value"),
        ("-t=1", "takes no value"),
        ("--version --nonsense", "no flag"),
        ("summary --sort nonsense -c nonsense", "pree summary takes no --sort, which is for list and port"),
        ("-s -c nonsense", "pree summary takes no -c"),
        ("capture --sort rtt /nonexistent/file", "pree capture takes no --sort"),
        ("schema --json", "pree schema takes no --json"),
        ("help -F /nonexistent/filter", "pree help takes no -F"),
        ("-F /nonexistent/filter port 80", "pree port takes no -F"),
        ("doctor -s", "pree doctor takes no -s"),
        ("-s port 80", "pree port takes no -s"),
        ("doctor -V", "pree doctor takes no -V"),
        ("-V -t", "pree --version takes no -t"),
        ("schema x", "pree schema takes no words"),
        ("man x", "pree man takes no words"),
        ("-V x", "pree --version takes no words"),
        ("--help nonsense", "no help on \"nonsense\""),
        ("-t -h nonsense", "no help on \"nonsense\""),
        ("sport=80 --help nonsense", "no help on \"nonsense\""),
        ("--help FILTER x", "one topic or command at most"),
        ("schema --help x", "one topic or command at most"),
        ("--version 80", "pree --version takes no words"),
        ("doctor x", "pree doctor takes no words"),
        ("completions bash x", "pree completions takes one shell"),
        ("completions", "pree completions takes one shell"),
        ("capture a b", "pree capture takes one file"),
        ("port", "takes one port"),
        ("port -q", "takes one port"),
        ("port 80 81", "pree port takes one port"),
        ("port 70000", "expected 0 to 65535"),
        ("port nonsense", "service name"),
        ("port 53/icmp", "is not a port"),
        ("capture", "pree capture"),
        ("capture a --replay b", "pree capture"),
        ("help FILTER x", "pree help takes one topic or command at most"),
    ] {
        refused(words, says)?;
    }
    // The line makes sense: what it names cannot be read.
    for words in ["-F /nonexistent/filter", "-F /", "-F /nonexistent/filter summary"] {
        run::pree(words)?.code(4)?.silent()?.tells("cannot read \"/")?;
    }
    Ok(())
}

/// Questions, judged by what is said of them: some of them are shown with the place.
fn unanswered() -> Result<(), Failed> {
    for (words, says) in [
        ("explain", "takes a socket"),
        ("explain :80 --for", "--for"),
        ("explain tx>1MiB", "tx takes several looks: pree explain --for"),
        ("explain not(tx>1MiB or user=root) --for 1s", "cannot stand in an or or not with it"),
        ("list utilisation>.5", "utilisation takes several looks"),
        (
            "list -c local,rx",
            "-c: rx takes several looks: --watch, pree watch --stats, or pree explain --for",
        ),
        ("list --sort -tx_packets", "--sort: tx_packets takes several looks"),
        ("list --format {retrans_rate}", "--format: retrans_rate takes several looks"),
        ("list -g tx", "--group-by: tx takes several looks"),
        ("list --json -c +tx", "-c: tx takes several looks"),
        ("explain :80 --for 10", "from 200ms to 1h"),
        ("explain :80 --for 1ms", "from 200ms to 1h"),
        ("explain :80 --for 2h", "from 200ms to 1h"),
        ("explain :80 --for 1s --replay /dev/null", "a recording is one look"),
        ("doctor :80", "pree explain takes a filter"),
        ("doctor -t", "pree explain takes a filter"),
        ("explain score<7", "a fraction"),
        ("explain issue=losy", "did you mean lossy?"),
    ] {
        let answer = run::pree(words)?.code(2)?.silent()?;
        if !answer.err.contains(says) {
            return Err(format!("{words}: {}", answer.err).into());
        }
    }
    Ok(())
}

fn filters() -> Result<(), Failed> {
    for (words, says) in [
        ("dprot=80", "did you mean dport?"),
        ("state nowhere", "nowhere"),
        ("( dport = 80", "never closed"),
        ("dport =", "dport needs a value"),
        ("and", "before and"),
        ("or", "before or"),
        ("not", "expected a condition here"),
        ("!", "expected a condition here"),
        ("(", "expected a condition here"),
        ("()", "before )"),
        ("and sport = :80", "before and"),
        ("state established or", "state=STATE or"),
        ("sport=1 and and dport=2", "before and"),
        ("summary or", "before or"),
        ("explain not", "expected a condition here"),
    ] {
        let written = words.trim_start_matches("summary ").trim_start_matches("explain ");
        let answer = run::pree(words)?.code(2).and_then(run::Answer::silent);
        let answer = answer.map_err(|failed| run::while_doing(words, failed))?;
        // What is wrong, the filter as it was written, and where in it.
        let lines: Vec<&str> = answer.err.lines().collect();
        let shown = match lines[..] {
            [what, text, carets] => {
                what.contains(says)
                    && text.trim() == written
                    && !carets.trim().is_empty()
                    && carets.trim().chars().all(|c| c == '^')
                    && carets.len() <= text.len() + 1
            }
            _ => false,
        };
        if !shown {
            return Err(format!("pree {words}: {}", answer.err).into());
        }
    }
    Ok(())
}

/// One line, and the end is that of any empty list.
fn word_without_answer() -> Result<(), Failed> {
    let all = " (-A all: of every protocol)\n";
    for (words, code, says) in [
        (
            "nosuchword",
            0,
            "\"nosuchword\" was searched for in process names, command lines, programs and addresses",
        ),
        ("nosuchword --json", 0, "\"nosuchword\" was"),
        ("nosuchword --count", 0, "\"nosuchword\" was"),
        ("-s nosuchword", 0, "\"nosuchword\" was"),
        ("explain nosuchword", 1, "\"nosuchword\" was"),
        ("one or two", 0, "\"one\" and \"two\" were"),
        ("\"and\"", 0, "\"and\" was"),
    ] {
        let answer = run::pree(words)?.code(code)?.tells(says)?;
        if !answer.err.ends_with(all) {
            return Err(format!("{words}: {}", answer.err).into());
        }
    }
    for (words, code, says) in [
        ("src=/nonexistent", 0, "found nothing: only unix sockets can match this filter\n"),
        ("-t sport=70000 --json", 0, "found nothing: only vsock sockets can match this filter\n"),
        ("summary -t proto=udp", 0, "only udp sockets can match"),
        ("explain -t src=@nonexistent", 1, "only unix sockets can match"),
        ("-x sport=80", 0, "no socket of the protocols that were asked for can match"),
        ("proto=tcp proto=udp", 0, "no socket can match"),
        ("-l state established", 0, "no socket can be in all the states"),
        ("-B state=listen --json", 0, "no socket can be in all the states"),
        ("state=listen state=established", 0, "no socket can be in all the states"),
    ] {
        run::pree(words)?.code(code)?.tells(says)?;
    }
    for (words, code, meant) in [
        ("explian", 0, "explain"),
        ("dcotor --count", 0, "doctor"),
        ("sumary nosuchword", 0, "summary"),
        ("-t pot nosuchword", 0, "port"),
    ] {
        run::pree(words)?.code(code)?.tells(&format!("; did you mean the command {meant}?\n"))?;
    }
    run::pree("-A all nosuchword")?.code(0)?.tells("addresses\n")?;
    // Who names a key, or wants only the exit code, or no row at all, is told nothing.
    for (words, code) in
        [("process=nosuchword", 0), ("-q nosuchword", 1), ("--limit 0 nosuchword", 0), ("", 0)]
    {
        let answer = run::pree(words)?.code(code)?;
        if !answer.err.is_empty() {
            return Err(format!("{words}: {}", answer.err).into());
        }
    }
    let socket = Socket::tcp(Family::V4)?;
    socket.bind((Family::V4.loopback(), 4321))?;
    socket.listen(1)?;
    let found = run::pree("4321")?.whole()?;
    if found.out.lines().count() == 2 { Ok(()) } else { Err(format!("not found: {}", found.out).into()) }
}

fn refused(words: &str, says: &str) -> Result<(), Failed> {
    let refused = run::pree(words)?.code(2).and_then(|answer| answer.tells(says)?.silent());
    refused.map(drop).map_err(|failed| run::while_doing(words, failed))
}

/// Each flag of `pree --help` with each command whose own help does not have it.
fn flags_of_others() -> Result<(), Failed> {
    let listed = |words: &str| -> Result<Vec<(String, Option<String>)>, Failed> {
        let text = run::pree(words)?.whole()?.out;
        Ok(text.lines().filter_map(flag).collect())
    };
    let all = listed("--help")?;
    let mut refusals = 0;
    for (command, words) in [
        ("list", ""),
        ("port", "80"),
        ("explain", ":80"),
        ("doctor", ""),
        ("summary", ""),
        ("capture", "/nonexistent/file"),
        ("schema", ""),
        ("completions", "bash"),
        ("man", ""),
        ("help", ""),
    ] {
        let own = listed(&format!("help {command}"))?;
        if own.is_empty() || !own.iter().all(|flag| all.contains(flag)) {
            return Err(format!("help {command}: {own:?}").into());
        }
        for (flag, value) in all.iter().filter(|flag| !own.contains(flag)) {
            let says = format!("pree {command} takes no {flag}, which is for ");
            let flag = value.as_ref().map_or(flag.clone(), |value| format!("{flag}={value}"));
            refused(&format!("{command} {words} {flag}"), &says)?;
            refused(&format!("{flag} {command} {words}"), &says)?;
            refusals += 1;
        }
    }
    // Of some 45 flags the list lacks one, and what asks nobody has only one.
    if refusals < 5 * (all.len() - 1) {
        return Err(format!("{refusals} refusals of {} flags", all.len()).into());
    }
    Ok(())
}

/// The long name of a flag in a line of the help, and a value that it takes.
fn flag(line: &str) -> Option<(String, Option<String>)> {
    let mut words = line.strip_prefix("  ")?.split_whitespace();
    let name = words.find(|word| word.starts_with("--") || !word.starts_with('-'))?;
    let name = name.strip_prefix("--")?;
    let name = name.split('[').next()?;
    let value = match words.next()? {
        "FILE" | "NAME|PID|PATH" => "/nonexistent/file",
        "TIME" => "1s",
        "N" => "1",
        "LIST" => "tcp",
        "FIELD" | "TEXT" => "state",
        choices if choices.contains('|') => choices.split('|').next()?,
        _ => return Some((format!("--{name}"), None)),
    };
    Some((format!("--{name}"), Some(value.to_owned())))
}

fn helped() -> Result<(), Failed> {
    for (words, begins) in [
        ("--help", "pree: "),
        ("--help -t --for 10s", "pree: "),
        ("dprot = 80 -h", "pree: "),
        ("port --help", "pree port: "),
        ("-h port 80 -t --sort nonsense", "pree port: "),
        ("-s summary -h", "pree summary: "),
        ("help -h", "pree help: "),
        ("--help FILTER", "Filters"),
        ("sport=80 -h exit", "Exit codes"),
    ] {
        let out = run::pree(words)?.whole()?.out;
        if !out.starts_with(begins) {
            return Err(format!("pree {words}: {out}").into());
        }
    }
    Ok(())
}

fn not_text() -> Result<(), Failed> {
    for arguments in [
        &[&b"\xff"[..]][..],
        &[b"-\xff"],
        &[b"-t\xff"],
        &[b"--\xff"],
        &[b"--\xff=1"],
        &[b"--source=\xff"],
        &[b"--source", b"\xff\xfe"],
        &[b"--owners", b"al\xffl"],
        &[b"--json=\xff"],
        &[b"-F", b"/nonexistent\n\xff"],
        &[b"--limit", b"\x1b[1m"],
        &[b"--source", b""],
        &[b"--so\nurce"],
        &[b"-\n"],
        &[b"-\x1b[31m"],
        &[b"--\x1b]0;title\x07"],
        &[b"state", b"\x1b[31mred"],
        &[b"dport", b"=", b"\x1b]0;title\x07"],
        &["dst=\u{202e}1".as_bytes()],
        &[b"--source", b"a\nb\rc\x1b[0m"],
        &["--\u{9b}31m".as_bytes()],
        &["-\u{200b}".as_bytes()],
        &["--\u{feff}json".as_bytes()],
    ] {
        let output = run::hermetic(PREE).args(arguments.iter().copied().map(OsStr::from_bytes)).output()?;
        let judged = run::judge(output).and_then(|answer| answer.code(2)?.silent());
        judged.map_err(|failed| {
            let shown: Vec<_> = arguments.iter().map(|a| a.escape_ascii().to_string()).collect();
            run::while_doing(&shown.join(" "), failed)
        })?;
    }
    Ok(())
}
