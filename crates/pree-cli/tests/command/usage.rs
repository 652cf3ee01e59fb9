//! Arguments that make no sense: code 2, one line on stderr that says what would be right, nothing on stdout.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use pree_testkit::{Case, Failed};

use crate::run::{self, PREE};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("arguments_that_make_no_sense", senseless),
        Case::new("filters_that_make_no_sense", filters),
        Case::new("arguments_that_are_no_text", not_text),
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
        ("( dport = 80", ""),
        ("dport =", ""),
    ] {
        let answer = run::pree(words)?.code(2).and_then(run::Answer::silent);
        let answer = answer.map_err(|failed| run::while_doing(words, failed))?;
        // What is wrong, the filter as it was written, and where in it.
        let lines: Vec<&str> = answer.err.lines().collect();
        let shown = match lines[..] {
            [what, text, carets] => {
                what.contains(says)
                    && text.trim() == words
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
