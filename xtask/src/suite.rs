//! `cargo xtask test`: the whole suite through `cargo test`, its output passed on as it comes, then one summary.
//!
//! A test whose right or tool is missing reports itself as ignored, with the need in its kind (`[skip: needs ss]`).
//! The sum over all test programs, and the names behind it, is what `cargo test` alone does not say.

use std::io::{self, Read, Write};
use std::process::ExitStatus;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::{Result, cargo};

/// Tells the test programs that an unmet need is a failure.
const STRICT: &str = "PREE_TEST_STRICT";

pub(crate) fn run(args: &[&str]) -> Result<()> {
    let (cargo_args, test_args) = match args.iter().position(|&arg| arg == "--") {
        Some(at) => (&args[..at], &args[at..]),
        None => (args, &[][..]),
    };
    let strict = cargo_args.contains(&"--strict");
    let cargo_args: Vec<&str> = cargo_args.iter().copied().filter(|&arg| arg != "--strict").collect();
    let chosen = |arg: &&str| {
        ["-p", "--workspace"].contains(arg) || arg.starts_with("--package") || arg.starts_with("-p")
    };

    let mut command = cargo::command();
    command.args(["test", "--all-features", "--no-fail-fast"]);
    if !cargo_args.iter().any(chosen) {
        command.arg("--workspace");
    }
    command.args(&cargo_args).args(test_args).env_remove(STRICT);
    if strict {
        command.env(STRICT, "1");
    }

    let mut tally = Tally::default();
    let success = follow(command, &mut tally)?.success();
    tally.program_ends();
    print!("{}", tally.summary(strict, success));
    if tally.good(strict, success) { Ok(()) } else { Err(String::new()) }
}

/// Runs the command, shows its output as it comes, and feeds it to the tally line by line.
fn follow(mut command: std::process::Command, tally: &mut Tally) -> Result<ExitStatus> {
    // One pipe for both streams, so that cargo's headings stay before what they head.
    let (mut reader, writer) = io::pipe().map_err(|error| format!("cannot make a pipe: {error}"))?;
    let errors = writer.try_clone().map_err(|error| format!("cannot make a pipe: {error}"))?;
    let mut child = command
        .stdout(writer)
        .stderr(errors)
        .spawn()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    drop(command); // It holds the pipe's other end.

    let (sender, chunks) = mpsc::sync_channel::<Vec<u8>>(64);
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer[..length].to_vec()).is_err() {
                break;
            }
        }
    });

    let mut line = Vec::new();
    let mut quiet = 0;
    loop {
        match chunks.recv_timeout(Duration::from_millis(200)) {
            Ok(chunk) => {
                quiet = 0;
                let mut out = io::stdout().lock();
                out.write_all(&chunk)
                    .and_then(|()| out.flush())
                    .map_err(|error| format!("cannot write: {error}"))?;
                for byte in chunk {
                    if byte == b'\n' {
                        tally.line(&String::from_utf8_lossy(&line));
                        line.clear();
                    } else {
                        line.push(byte);
                    }
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
            // A process that a test left behind may hold the pipe open for ever: cargo's end is the end.
            Err(RecvTimeoutError::Timeout) => {
                let ended = child.try_wait().map_err(|error| format!("cannot wait for cargo: {error}"))?;
                quiet = if ended.is_some() { quiet + 1 } else { 0 };
                if quiet == 5 {
                    break;
                }
            }
        }
    }
    tally.line(&String::from_utf8_lossy(&line));
    child.wait().map_err(|error| format!("cannot wait for cargo: {error}"))
}

/// What the test programs have said so far.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
    /// The test program whose output is being read, until its summary line.
    running: Option<String>,
    program: String,
    skips: Vec<String>,
    failures: Vec<String>,
    /// Programs that ended, or were killed, before they could sum up.
    broken: Vec<String>,
}

impl Tally {
    fn line(&mut self, raw: &str) {
        let line = without_colour(raw);
        if let Some(program) = heading(&line) {
            self.program_ends();
            self.program.clone_from(&program);
            self.running = Some(program);
        } else if let Some(result) = line.strip_prefix("test result: ") {
            self.running = None;
            self.passed += count(result, "passed");
            self.failed += count(result, "failed");
            self.skipped += count(result, "ignored");
        } else if let Some(test) = line.strip_prefix("test ") {
            if let Some((test, reason)) = test.split_once(" ... ignored") {
                let (name, need) = name_and_need(test);
                let reason = reason.strip_prefix(", ").unwrap_or(reason);
                let reason = need.unwrap_or(reason).trim();
                let reason = if reason.is_empty() { "no reason given" } else { reason };
                self.skips.push(format!("{}: {name}: {reason}", self.program));
            } else if let Some(test) = test.strip_suffix(" ... FAILED") {
                self.failures.push(format!("{}: {}", self.program, name_and_need(test).0));
            }
        }
    }

    /// Called when the next program starts and at the end: the last one should have summed up by now.
    fn program_ends(&mut self) {
        self.broken.extend(self.running.take());
    }

    fn good(&self, strict: bool, success: bool) -> bool {
        success && self.failed == 0 && self.broken.is_empty() && !(strict && self.skipped > 0)
    }

    fn summary(&self, strict: bool, success: bool) -> String {
        let mut lines = vec![String::new()];
        let mut part = |title: &str, names: &[String], total: usize| {
            if total > 0 {
                lines.push(format!("{title}:"));
                lines.extend(names.iter().map(|name| format!("  {name}")));
                if total > names.len() {
                    lines
                        .push(format!("  and {} whose names were lost in other output", total - names.len()));
                }
            }
        };
        part("failed", &self.failures, self.failed);
        part("ended without a result", &self.broken, self.broken.len());
        let title = if strict { "skipped, which --strict does not allow" } else { "skipped" };
        part(title, &self.skips, self.skipped);
        if !success && self.failed == 0 && self.broken.is_empty() {
            lines.push("cargo test itself failed: does everything build?".into());
        }
        let failed = self.failed + self.broken.len();
        lines.push(format!("{} passed, {failed} failed, {} skipped\n", self.passed, self.skipped));
        lines.join("\n")
    }
}

/// The test program in one of cargo's headings: `Running tests/a.rs (target/…)`, `Doc-tests pree`.
fn heading(line: &str) -> Option<String> {
    let line = line.strip_prefix("   ")?.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{name} doc"));
    }
    let (_, path) = line.strip_prefix("Running ")?.rsplit_once(" (")?;
    // The hash and the folder say nothing; the program's name tells two `unittests src/lib.rs` apart.
    let program = path.strip_suffix(')')?.rsplit(['/', '\\']).next()?;
    Some(program.rsplit_once('-').map_or(program, |(name, _)| name).to_owned())
}

/// `[skip: needs ss] name` → the name, and the need where there is one. libtest-mimic pads both.
pub(crate) fn name_and_need(test: &str) -> (&str, Option<&str>) {
    match test.strip_prefix('[').and_then(|test| test.split_once("] ")) {
        Some((kind, name)) => (name.trim(), Some(kind.strip_prefix("skip: ").unwrap_or(kind))),
        None => (test.trim(), None),
    }
}

/// The number before `word` in `ok. 3 passed; 0 failed; …`.
fn count(result: &str, word: &str) -> usize {
    let mut before = "";
    for part in result.split([' ', ';', '.']).filter(|part| !part.is_empty()) {
        if part == word {
            return before.parse().unwrap_or(0);
        }
        before = part;
    }
    0
}

/// The line without the escape sequences that colour it.
fn without_colour(line: &str) -> String {
    let mut plain = String::new();
    let mut parts = line.trim_end_matches('\r').split("\x1b[");
    plain.extend(parts.next());
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        plain.push_str(&part[end..]);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::Tally;

    /// The summary and the verdict, lenient and strict, of what `cargo test` printed before it ended.
    fn check(output: &str, success: bool, summary: &str, lenient: bool, strict: bool) {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.line(line));
        tally.program_ends();
        assert_eq!(tally.summary(false, success).trim_start(), summary);
        assert_eq!(tally.good(false, success), lenient, "lenient: {output}");
        assert_eq!(tally.good(true, success), strict, "strict: {output}");
    }

    #[test]
    fn programs_are_summed() {
        check(
            "     Running unittests src/lib.rs (target/debug/deps/pree-0123456789abcdef)\n\
             running 2 tests\ntest a ... ok\ntest b ... ok\n\
             test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
             \u{1b}[1m\u{1b}[32m   Doc-tests\u{1b}[0m pree\n\
             test src/lib.rs - (line 1) ... \u{1b}[32mok\u{1b}[0m\n\
             test result: \u{1b}[32mok\u{1b}[0m. 1 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0s",
            true,
            "3 passed, 0 failed, 0 skipped\n",
            true,
            true,
        );
    }

    #[test]
    fn skips_are_named_and_strict_forbids_them() {
        check(
            "     Running tests/owners.rs (target/debug/deps/owners-0123456789abcdef)\n\
             test                  plain        ... ok\n\
             test [skip: needs ss] agrees_with_ss ... ignored\n\
             test later ... ignored, waits for a kernel\n\
             test [x] other ... ignored (not today)\n\
             test src/lib.rs - f (line 3) ... ignored\n\
             test result: ok. 1 passed; 0 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            true,
            "skipped:\n  owners: agrees_with_ss: needs ss\n  owners: later: waits for a kernel\n  \
             owners: other: x\n  owners: src/lib.rs - f (line 3): no reason given\n1 passed, 0 failed, 4 skipped\n",
            true,
            false,
        );
    }

    #[test]
    fn a_skip_whose_line_was_torn_still_counts() {
        check(
            "     Running tests/a.rs (target/debug/deps/a-01)\ntest b ... noise\nignored\n\
             test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            true,
            "skipped:\n  and 1 whose names were lost in other output\n0 passed, 0 failed, 1 skipped\n",
            true,
            false,
        );
    }

    #[test]
    fn failures_and_dead_programs_fail() {
        check(
            "     Running tests/a.rs (target/debug/deps/a-01)\ntest [root] b ... FAILED\n\
             test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\n\
             \x20    Running tests/dies.rs (target/debug/deps/dies-01)\ntest c ... \n\
             \x20    Running tests/z.rs (target/debug/deps/z-01)\n\
             test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            false,
            "failed:\n  a: b\nended without a result:\n  dies\n5 passed, 2 failed, 0 skipped\n",
            false,
            false,
        );
        check(
            "error: could not compile `pree`",
            false,
            "cargo test itself failed: does everything build?\n0 passed, 0 failed, 0 skipped\n",
            false,
            false,
        );
    }
}
