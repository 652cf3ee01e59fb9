//! `cargo xtask faults`: every system call of the command fails, one at a time, with each of [`ERRNOS`], in a lab of a few
//! processes with known sockets. What comes out must be complete and right, or told; never a crash, never a hang.
//!
//! strace does it, so it needs neither a special build nor a special kernel. Calls of the loader, the allocator and Rust's
//! runtime are left out: they come before `main`, or end the program by design.

mod errnos;
mod judge;
mod lab;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::result::told;
use crate::{Result, cargo};
use errnos::{ERRNOS, SHORT};
use judge::{Outcome, Verdict};
use report::Seen;

/// The commands that ask the system.
const COMMANDS: [&str; 10] = [
    "-c proto,state,local,remote,owner",
    "-c proto,state,local,remote,owner --owners proc",
    "--json",
    "-A all -c proto,state,local,remote,owner",
    "--all-netns -c proto,state,local,remote,netns,owner",
    "port 7000",
    "explain :7000",
    "doctor --for 200ms",
    "capture -",
    "summary",
];

/// Of the loader, the allocator and Rust's runtime: without memory, threads and signals a program ends, by design.
const RUNTIME: [&str; 24] = [
    "execve",
    "brk",
    "mmap",
    "munmap",
    "mprotect",
    "mremap",
    "madvise",
    "arch_prctl",
    "set_tid_address",
    "set_robust_list",
    "rseq",
    "prlimit64",
    "getrandom",
    "futex",
    "rt_sigaction",
    "rt_sigprocmask",
    "sigaltstack",
    "sched_getaffinity",
    "gettid",
    "exit",
    "exit_group",
    "rt_sigreturn",
    "clock_nanosleep",
    "restart_syscall",
];

/// A run takes some milliseconds.
const PATIENCE: Duration = Duration::from_secs(40);

/// One call that is made to fail.
struct Fault<'c> {
    command: &'c str,
    call: String,
    occurrence: usize,
    errno: &'static str,
}

pub(crate) fn run(args: &[&str]) -> Result<()> {
    let (mut short, mut write, mut program, mut inside) = (false, false, None, false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match *arg {
            "--short" => short = true,
            "--write" => write = true,
            "--inside" => inside = true,
            "--hold" => return lab::hold(args.next().copied().unwrap_or_default()),
            "--pree" => program = args.next().map(PathBuf::from),
            other => return Err(format!("faults takes --short, --write and --pree FILE, not {other:?}")),
        }
    }
    let program = match program {
        Some(program) => program,
        None => cargo::release_build()?,
    };
    if !inside {
        return lab::enter(&program, short, write);
    }
    let _held = lab::populate()?;
    let seen = inject_all(&program, short)?;
    report::tell(&seen, short, write)
}

fn inject_all(program: &Path, short: bool) -> Result<Seen> {
    let mut faults = Vec::new();
    let mut right = BTreeMap::new();
    for command in COMMANDS {
        let twice = [strace(program, command, &[])?, strace(program, command, &[])?];
        let [one, other] = twice.map(|outcome| judge::essence(command, &outcome));
        if one != other {
            return Err(format!(
                "pree {command} answers differently each time: {}",
                one.differs_from(&other)
            ));
        }
        if one.lines.len() < 3 && !command.starts_with("doctor") {
            return Err(format!("pree {command} shows nothing: {one:?}"));
        }
        right.insert(command, one);
        for (call, first, last) in calls(program, command)? {
            for occurrence in chosen(first, last, short) {
                let errnos: &[&'static str] = if short { &SHORT } else { &ERRNOS };
                faults.extend(errnos.iter().map(|errno| Fault {
                    command,
                    call: call.clone(),
                    occurrence,
                    errno,
                }));
            }
        }
    }
    println!("{} faults in {} commands", faults.len(), COMMANDS.len());
    let (next, seen) = (AtomicUsize::new(0), Mutex::new(Seen::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = inject(program, fault, &right[fault.command]);
                    if let Verdict::Fault(why) = &verdict {
                        println!(
                            "FAULT {} {}:{} {}: {why}",
                            fault.command, fault.call, fault.occurrence, fault.errno
                        );
                    }
                    let mut seen = seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    let key = (fault.command.to_owned(), fault.call.clone());
                    seen.entry(key).or_default().push((fault.errno.to_owned(), verdict));
                }
            });
        }
    });
    Ok(seen.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

fn inject(program: &Path, fault: &Fault<'_>, right: &judge::Essence) -> Verdict {
    let Fault { command, call, occurrence, errno } = fault;
    let inject = format!("inject={call}:error={errno}:when={occurrence}");
    match strace(program, command, &["-e", &format!("trace={call}"), "-e", &inject]) {
        Ok(outcome) => judge::verdict(command, right, &outcome),
        Err(why) => Verdict::Fault(why),
    }
}

/// Which occurrences of a call are made to fail: all, or some from its first to its last.
fn chosen(first: usize, last: usize, short: bool) -> Vec<usize> {
    let most = if short { 1 } else { 3 };
    let count = last - first + 1;
    let mut chosen: Vec<usize> =
        (0..count.min(most)).map(|n| first + n * (count - 1) / most.max(2).min(count)).collect();
    if !short {
        chosen.push(last);
    }
    chosen.dedup();
    chosen
}

/// The calls that a command makes after its start: name, first and last occurrence.
fn calls(program: &Path, command: &str) -> Result<Vec<(String, usize, usize)>> {
    let trace = std::env::temp_dir().join(format!("pree-faults-{}", std::process::id()));
    let file = trace.display().to_string();
    strace(program, command, &["-o", &file])?;
    let text = std::fs::read_to_string(&trace).map_err(|error| format!("{file}: {error}"))?;
    let _ = std::fs::remove_file(&trace);
    let calls: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| {
            let (thread, rest) = line.split_once(' ')?;
            let (name, arguments) = rest.trim_start().split_once('(')?;
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                .then_some((thread, name, arguments))
        })
        .map(|(thread, name, _)| (thread, name))
        .collect();
    let main = calls.first().map_or("", |(thread, _)| thread);
    // Rust's runtime makes a stack for signals last.
    let start = calls
        .iter()
        .enumerate()
        .filter(|(_, (thread, name))| *thread == main && *name == "sigaltstack")
        .nth(1)
        .map(|(index, _)| index)
        .ok_or("the start of the program is not in its trace")?;
    let mut ranges: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    // strace counts the calls of each thread.
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (index, (thread, name)) in calls.iter().enumerate() {
        let count = counts.entry((thread, name)).or_default();
        *count += 1;
        if index > start && !RUNTIME.contains(name) {
            let range = ranges.entry(name).or_insert((*count, *count));
            *range = (range.0.min(*count), range.1.max(*count));
        }
    }
    // An occurrence that the loader has too would end the program before it begins.
    for (name, range) in &mut ranges {
        let before = calls[..start].iter().filter(|(thread, call)| *thread == main && call == name).count();
        range.0 = range.0.max(before + 1);
    }
    Ok(ranges
        .into_iter()
        .filter(|(_, (first, last))| first <= last)
        .map(|(name, (first, last))| (name.to_owned(), first, last))
        .collect())
}

/// Runs the command under strace.
fn strace(program: &Path, command: &str, options: &[&str]) -> Result<Outcome> {
    let mut child = Command::new("strace");
    child.args(["-f", "-qq"]);
    if !options.contains(&"-o") {
        child.args(["-o", "/dev/null"]);
    }
    child.args(options).arg(program).args(command.split_whitespace());
    child.env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    let files = [judge::scratch()?, judge::scratch()?];
    let [out, err] = &files;
    child.stdout(out.try_clone().map_err(told)?).stderr(err.try_clone().map_err(told)?);
    let mut child = child.spawn().map_err(|error| format!("strace: {error} (apt-get install strace)"))?;
    let start = Instant::now();
    let status = loop {
        match child.try_wait().map_err(told)? {
            Some(status) => break status,
            None if start.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("did not end within {} s", PATIENCE.as_secs()));
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let [out, err] = files.map(judge::read_back);
    Ok(Outcome { status, out: out?, err: String::from_utf8_lossy(&err?).into_owned() })
}
