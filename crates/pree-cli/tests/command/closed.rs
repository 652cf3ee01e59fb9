//! The reader is gone, the disk is full, the descriptor is closed: told by the code, never a panic, never a list that
//! ends early and says nothing.

use std::fs::{self, File};
use std::io::{Read, pipe};
use std::os::fd::OwnedFd;

use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Case, Failed};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::mount::{MountFlags, mount};

use crate::run::{self, Answer, judge};
use crate::table::USUAL;
use crate::{json, table};

/// Every way to write something.
const OUTPUTS: [&str; 13] = [
    "",
    "-liemo",
    "--json",
    "--jsonl",
    "-s",
    "-s --json",
    "--help",
    "help port",
    "help FILTER",
    "--version",
    "schema",
    "man",
    "completions bash",
];
/// Those whose size depends on the sockets.
const LISTS: [&str; 4] = ["", "-liemo", "--json", "--jsonl"];
/// Sockets enough to fill every buffer on the way, and a pipe.
const MANY: usize = 3000;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("a_full_disk_fails", full),
        Case::new("a_disk_that_fills_up_fails", fills_up).lab(),
        Case::new("a_reader_that_never_came_is_no_failure", never_read),
        Case::new("a_reader_that_goes_is_no_failure", stops_reading).lab(),
        Case::new("a_pipe_that_does_not_wait_fails", does_not_wait).lab(),
        Case::new("nobody_to_tell_is_no_panic", nobody_to_tell),
        Case::new("output_that_cannot_be_written_fails", not_writable),
        Case::new("every_row_goes_out", all_of_many).lab(),
    ]
}

fn full() -> Result<(), Failed> {
    for words in OUTPUTS {
        let file = File::options().write(true).open("/dev/full")?;
        cannot_write(words, run::into_file(words, file)?, "No space left")?;
    }
    Ok(())
}

/// Failed with one line, for gaps are told only of what was written.
fn cannot_write(words: &str, answer: Answer, why: &str) -> Result<(), Failed> {
    let answer = answer.code(4).and_then(|answer| answer.tells("cannot write the output")?.tells(why));
    answer.map(drop).map_err(|failed| run::while_doing(words, failed))
}

fn fills_up() -> Result<(), Failed> {
    let _many = Holder::start(HolderSpec::many(MANY))?;
    mount("none", "/mnt", "tmpfs", MountFlags::empty(), Some(c"size=64k"))?;
    for words in LISTS {
        let file = File::create("/mnt/list")?;
        cannot_write(words, run::into_file(words, file)?, "No space left")?;
    }
    Ok(())
}

fn never_read() -> Result<(), Failed> {
    for words in OUTPUTS {
        let (reader, writer) = pipe()?;
        drop(reader);
        let answer = judge(run::command(words).stdout(writer).output()?)?;
        answer.whole().map_err(|failed| run::while_doing(words, failed))?;
    }
    Ok(())
}

fn stops_reading() -> Result<(), Failed> {
    let _many = Holder::start(HolderSpec::many(MANY))?;
    for words in LISTS {
        for read in [1, 70_000] {
            let mut child = run::command(words).spawn()?;
            let mut reader = child.stdout.take().ok_or("no pipe")?;
            reader.read_exact(&mut vec![0; read])?;
            drop(reader);
            let answer = judge(child.wait_with_output()?)?;
            answer.whole().map_err(|failed| run::while_doing(words, failed))?;
        }
    }
    Ok(())
}

/// Whoever shares the pipe can make it so.
fn does_not_wait() -> Result<(), Failed> {
    let _many = Holder::start(HolderSpec::many(MANY))?;
    for words in LISTS {
        let (_reader, writer) = pipe()?;
        fcntl_setfl(&writer, fcntl_getfl(&writer)? | OFlags::NONBLOCK)?;
        let answer = judge(run::command(words).stdout(writer).output()?)?;
        cannot_write(words, answer, "temporarily unavailable")?;
    }
    Ok(())
}

fn nobody_to_tell() -> Result<(), Failed> {
    for (words, code) in [("--nonsense", 2), ("-l --owners none", 0), ("--version", 0)] {
        for redirections in ["2>&-", "2>/dev/full", "2</dev/null"] {
            let answer = judge(run::shell("", words, redirections).output()?)?;
            answer.code(code)?;
        }
        let (reader, writer) = pipe()?;
        drop(reader);
        judge(run::command(words).stderr(writer).output()?)?.code(code)?;
    }
    for (words, code) in [("--version", 4), ("--json", 4), ("--nonsense", 2)] {
        judge(run::shell("", words, ">/dev/full 2>&1").output()?)?.code(code)?;
    }
    Ok(())
}

fn not_writable() -> Result<(), Failed> {
    for words in OUTPUTS {
        let answer = judge(run::shell("", words, "1</dev/null").output()?)?;
        cannot_write(words, answer, "it is closed or not open for writing")?;
        for (redirections, told) in [(">&-", 1), ("<&- >&-", 1), ("<&- >&- 2>&-", 0)] {
            let answer = judge(run::shell("", words, redirections).output()?)?.code(4)?.silent()?;
            if told == 1 {
                answer.tells("cannot write the output: it is closed or not open for writing")?;
            }
        }
        // Thrown away on purpose. Of this machine some owners may be unknown.
        judge(run::shell("", words, ">/dev/null").output()?)?.code(0)?;
    }
    // What writes nothing needs nothing to write to, and what reads nothing nothing to read.
    judge(run::shell("", "-q --owners none sport=0", ">&-").output()?)?.code(1)?;
    judge(run::shell("", "--nonsense", ">&-").output()?)?.code(2)?.tells("--nonsense")?;
    for words in ["-F -", "-F /dev/stdin", "-F /dev/fd/0", "--replay -", "--replay /proc/self/fd/0"] {
        for redirection in ["<&-", "0>/dev/null"] {
            let answer = judge(run::shell("", words, redirection).output()?)?.silent()?;
            if answer.code == 0 {
                return Err(format!("{words}: answered").into());
            }
            answer.tells("it is closed or not open for reading")?;
        }
    }
    for words in ["capture -", "capture /dev/stdout", "capture /dev/fd/1"] {
        for redirection in [">&-", "1</dev/null"] {
            let answer = judge(run::shell("", words, redirection).output()?)?;
            answer.code(4)?.tells("it is closed or not open for writing")?;
        }
    }
    judge(run::shell("", "capture /dev/stderr -q", "2>&-").output()?)?.code(4)?;
    let answer = judge(run::shell("", "--version", "<&-").output()?)?.whole()?;
    if answer.out.is_empty() { Err("nothing without stdin".into()) } else { Ok(()) }
}

/// Files, pipes and short writes: nothing is lost and nothing comes twice.
fn all_of_many() -> Result<(), Failed> {
    let many = Holder::start(HolderSpec::many(MANY))?;
    mount("none", "/mnt", "tmpfs", MountFlags::empty(), None)?;
    let read = |words: &str, out: &str| match words {
        "--json" => json::document(out)?.whole()?.rows(),
        "--jsonl" => json::lines(out)?.whole()?.rows(),
        _ => table::parse(out, USUAL),
    };
    let ports = |rows: &[crate::rows::Row]| {
        let mut ports: Vec<_> = rows.iter().map(|row| row.local).collect();
        ports.sort();
        ports
    };
    let mut expected: Vec<_> = many.truth().iter().map(|truth| truth.local).collect();
    expected.sort();
    for words in LISTS {
        run::into_file(words, File::create("/mnt/list")?)?.whole()?;
        let filed = fs::read_to_string("/mnt/list")?;
        let piped = run::pree(words)?.whole()?.out;
        for out in [filed, piped] {
            if ports(&read(words, &out)?) != expected {
                return Err(format!("pree {words}: not the {MANY} sockets").into());
            }
        }
    }
    // A file that is appended to keeps what it has.
    fs::write("/mnt/list", "before\n")?;
    let file: OwnedFd = File::options().append(true).open("/mnt/list")?.into();
    run::into_file("--version", file.into())?.whole()?;
    let text = fs::read_to_string("/mnt/list")?;
    if text.starts_with("before\npree ") { Ok(()) } else { Err(text.into()) }
}
