//! Arguments that make no sense: code 2, one line on stderr that says what would be right, nothing on stdout.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use pree_testkit::{Case, Failed, Family, Socket};

use crate::run::{self, PREE};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("arguments_that_make_no_sense", senseless),
        Case::new("filters_that_make_no_sense", filters),
        Case::new("arguments_that_are_no_text", not_text),
        Case::new("a_word_that_finds_nothing_says_where_it_was_searched", word_without_answer).lab(),
    ]
}

fn senseless() -> Result<(), Failed> {
    for words in [
        "-r",
        "-E",
        "--watch",
        "--watch=1s",
        "--resolve",
        "--save",
        "--no-runtime",
        "--yes",
        "top",
        "watch",
        "record",
        "history",
        "diff",
        "kill :80",
        "close",
    ] {
        refused(words, "not there yet")?;
    }
    for (words, says) in [
        ("--nonsense", "no flag --nonsense"),
        ("-Z", "no flag -Z"),
        ("-tZ", "no flag -Z"),
        ("--tc", "no flag --tc"),
        ("--TCP", "no flag --TCP"),
        ("-K", "pree close"),
        ("-tK", "pree close"),
        ("-K dst 10.0.0.1", "pree close"),
        ("-N", "needs a value"),
        ("-N blue -N red", "one -N, or --all-netns"),
        ("-N blue --all-netns", "one -N, or --all-netns"),
        ("--all-netns=yes", "takes no value"),
        ("--all-netns doctor", "choose one with -N"),
        ("--all-netns port 80", "choose one with -N"),
        ("--all-netns explain tcp:80", "choose one with -N"),
        ("--all-netns capture /nonexistent/file", "one network namespace"),
        ("--all-netns --replay /nonexistent/file", "one network namespace"),
        ("-N blue --replay /nonexistent/file", "one network namespace"),
        ("-N pree-no-such-namespace", "no such thing"),
        ("-N 4294967295", "no such thing"),
        ("-N .", "no such thing"),
        ("-N ..", "no such thing"),
        ("-N /nonexistent/namespace", "no such thing"),
        ("-N /proc/self/ns/mnt", "no network namespace"),
        ("-N /proc/self/stat", "no network namespace"),
        ("-N /etc", "no network namespace"),
        ("-N=", "no such thing"),
        ("capture -N pree-no-such-namespace -", "no such thing"),
        ("--json --jsonl", "two output formats"),
        ("--ndjson --json", "two output formats"),
        ("--csv --json", "two output formats"),
        ("--json --ndjson --version", "two output formats"),
        ("--source", "needs a value"),
        ("--source netlink", "auto, diag, proc or procfs"),
        ("--source=", "auto, diag, proc or procfs"),
        ("--source=DIAG", "auto, diag, proc or procfs"),
        ("--owners", "needs a value"),
        ("--owners everyone", "auto, bpf, proc, first or none"),
        ("--color sometimes", "auto, always or never"),
        ("--limit", "needs a value"),
        ("--limit -1", "a number of rows"),
        ("-A tcp,tpc", "inet or all"),
        ("-F /nonexistent/filter", "/nonexistent/filter"),
        ("--json=yes", "takes no value"),
        ("--strict=1", "takes no value"),
        ("-t=1", "takes no value"),
        ("--version --nonsense", "no flag"),
    ] {
        refused(words, says)?;
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
        ("not", "a condition must follow"),
        ("!", "a condition must follow"),
        ("(", "a condition must follow"),
        ("()", "before )"),
        ("and sport = :80", "before and"),
        ("state established or", "state=STATE or"),
        ("sport=1 and and dport=2", "before and"),
        ("summary or", "before or"),
        ("explain not", "a condition must follow"),
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
