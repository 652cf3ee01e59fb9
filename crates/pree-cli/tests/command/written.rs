//! Files that the command writes, in directories that others can write to, and files that it reads without an end.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use pree_testkit::{Case, Failed, Need, need};
use rustix::fs::{CWD, FileType, Gid, Mode, OFlags, Uid, chown, mknodat};
use rustix::io::Errno;

use crate::folder::Folder;
use crate::run::Answer;
use crate::seccomp::{self, Refusal};
use crate::{population, rights, run};

/// An ordinary user.
const NOBODY: u32 = 65534;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("a_link_that_comes_and_goes_leads_nowhere", flipped).lab(),
        Case::new("a_capture_that_is_ended_leaves_nothing", ended)
            .lab()
            .needs(Need::PythonModule(seccomp::MODULE)),
        Case::new("a_pipe_of_somebody_else_gets_nothing", foreign).lab().needs(Need::RealRoot),
        Case::new("what_is_no_file_is_written_to_if_it_is_ones_own", own).lab(),
        Case::new("devices_are_the_systems_in_a_user_namespace_too", devices)
            .needs(Need::RealRoot)
            .needs(Need::Tool("unshare")),
        Case::new("files_without_an_end_are_refused", endless),
        Case::new("nesting_takes_little_stack", little_stack).lab(),
        Case::new("memory_that_is_not_given_is_told_and_nothing_aborts", little_memory).lab(),
    ]
}

/// The name of the recording leads to another file at times.
fn flipped() -> Result<(), Failed> {
    const BEFORE: &str = "another's file";
    let folder = Folder::new("flipped")?;
    let (victim, file) = (folder.file("victim"), folder.file("recording"));
    fs::write(&victim, BEFORE)?;
    let (ended, flips) = (AtomicBool::new(false), AtomicU32::new(0));
    let runs = thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                flips.fetch_add(u32::from(symlink(&victim, &file).is_ok()), Ordering::Relaxed);
                let _ = fs::remove_file(&file);
            }
        });
        let runs = (0..40).map(|_| run::pree(&format!("capture {file} --owners none -q")));
        let runs = runs.collect::<Result<Vec<_>, _>>();
        ended.store(true, Ordering::Relaxed);
        runs
    })?;
    if fs::read(&victim)? != BEFORE.as_bytes() {
        return Err("the file that the link leads to was written".into());
    }
    let mut refused = 0;
    for answer in runs {
        // Written, or a link stood there.
        if answer.code == 4 {
            refused += 1;
            answer.tells("symbolic link")?;
        } else {
            answer.whole()?;
        }
    }
    let flips = flips.into_inner();
    if refused == 0 || flips < 1000 {
        return Err(format!("{refused} refused, {flips} links: it did not arise").into());
    }
    let left: Vec<_> = fs::read_dir(folder.path())?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with('.'))
        .collect();
    if left.is_empty() { Ok(()) } else { Err(format!("left: {left:?}").into()) }
}

/// By a signal in the midst of writing, and by what nobody can hold back before it has its name.
fn ended() -> Result<(), Failed> {
    const BEFORE: &str = "what was there";
    let nameless = (OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC | OFlags::LARGEFILE).bits();
    let killed = Refusal { call: libc::SYS_fsync, argument: None, errno: None };
    let no_nameless =
        Refusal { call: libc::SYS_openat, argument: Some((2, nameless)), errno: Some(Errno::OPNOTSUPP) };
    for name in ["new", "there"] {
        let folder = Folder::new("ended")?;
        fs::write(folder.file("there"), BEFORE)?;
        let words = format!("capture {} -q", folder.file(name));
        // The signal comes with the first byte beyond so many blocks. What has ended is not kept as a file either.
        let limited = |blocks: &str, command: Command| {
            let mut shell = run::hermetic("/bin/sh");
            shell.args(["-c", "ulimit -c 0; ulimit -f $0; exec \"$@\"", blocks]);
            shell.arg(command.get_program()).args(command.get_args());
            shell
        };
        let ends = [
            (limited("1", run::command(&words)), libc::SIGXFSZ),
            (limited("unlimited", seccomp::command(killed, &words)?), libc::SIGSYS),
            // Where files have names from the first on, which the last one witnesses.
            (limited("1", seccomp::command(no_nameless, &words)?), libc::SIGXFSZ),
            (
                limited("unlimited", seccomp::command(Refusal { errno: None, ..no_nameless }, &words)?),
                libc::SIGSYS,
            ),
        ];
        for (index, (mut command, signal)) in ends.into_iter().enumerate() {
            let output = command.output()?;
            if output.status.signal() != Some(signal) {
                return Err(format!("{index}: {output:?}").into());
            }
            let names = fs::read_dir(folder.path())?.map(|entry| Ok(entry?.file_name()));
            let names = names.collect::<Result<Vec<_>, std::io::Error>>()?;
            if names != ["there"] || fs::read_to_string(folder.file("there"))? != BEFORE {
                return Err(format!("{index} left {names:?}").into());
            }
        }
        // Nobody ends it: the other way writes the same.
        run::judge(seccomp::command(no_nameless, &words)?.output()?)?.whole()?;
        if fs::metadata(folder.file(name))?.permissions().mode() & 0o777 != 0o600 {
            return Err("it is not private".into());
        }
    }
    Ok(())
}

fn pipe(path: &str) -> Result<(), Failed> {
    Ok(mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?)
}

fn foreign() -> Result<(), Failed> {
    let folder = Folder::new("foreign")?;
    let planted = folder.file("planted");
    pipe(&planted)?;
    chown(&planted, Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY)))?;
    // A reader, so that nobody waits: what it would be given stays in the pipe.
    let _reader = fs::File::options().read(true).write(true).open(&planted)?;
    run::pree(&format!("capture {planted}"))?.code(4)?.silent()?.tells("neither yours nor the system's")?;
    // A file of somebody else is replaced, not written to.
    let file = folder.file("file");
    fs::write(&file, "another's")?;
    fs::hard_link(&file, folder.file("also"))?;
    chown(&file, Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY)))?;
    run::pree(&format!("capture {file} -q"))?.whole()?;
    let there = fs::metadata(&file)?;
    if there.uid() != 0 || there.permissions().mode() & 0o777 != 0o600 {
        return Err(format!("{there:?}").into());
    }
    let also = fs::read_to_string(folder.file("also"))?;
    if also == "another's" { Ok(()) } else { Err("the other name has the bytes too".into()) }
}

fn own() -> Result<(), Failed> {
    let folder = Folder::new("own")?;
    let mine = folder.file("mine");
    pipe(&mine)?;
    let path = mine.clone();
    let reader = thread::spawn(move || fs::read(path));
    run::pree(&format!("capture {mine} -q"))?.whole()?.silent()?;
    let read = reader.join().map_err(|_| "the reader panicked")??;
    let is_recording = |bytes: &[u8]| bytes.starts_with(b"pree rec") && bytes.len() > 1000;
    if !is_recording(&read) || !fs::symlink_metadata(&mine)?.file_type().is_fifo() {
        return Err(format!("{} bytes through a pipe", read.len()).into());
    }
    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let output = run::command(&format!("capture {name} -q")).output()?;
        if !is_recording(&output.stdout) || !output.stderr.is_empty() {
            return Err(format!("{name}: {} bytes", output.stdout.len()).into());
        }
    }
    let third = folder.file("third");
    let redirection = format!("3>{third}");
    run::judge(run::shell("", "capture /dev/fd/3 -q", &redirection).output()?)?.whole()?.silent()?;
    if !is_recording(&fs::read(&third)?) {
        return Err("/dev/fd/3".into());
    }
    let long = folder.file(&"n".repeat(252));
    run::pree(&format!("capture {long} -q"))?.whole()?;
    if is_recording(&fs::read(&long)?) { Ok(()) } else { Err("a long name".into()) }
}

/// To those whom no id there stands for, as for an ordinary user who is root in it.
fn devices() -> Result<(), Failed> {
    let unshare = need::tool("unshare").ok_or("no unshare")?;
    let folder = Folder::new("devices")?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let program = folder.file("pree");
    rights::copy_program(&program)?;
    let inside = |words: &[&str]| {
        let mut command = run::hermetic("/usr/bin/env");
        command.arg(&unshare).args(["--user", "--map-root-user"]).args(words).uid(NOBODY).gid(NOBODY);
        command.output()
    };
    let owners =
        String::from_utf8(inside(&["/usr/bin/stat", "-c", "%u", "/dev/null", "/proc/self/status"])?.stdout)?;
    if owners != format!("{NOBODY}\n0\n") {
        return Err(format!("it did not arise: {owners:?}").into());
    }
    let capture = |device| run::judge(inside(&[&program, "capture", device, "--owners", "none", "-q"])?);
    let kept = capture("/dev/null")?;
    // Not every process is seen from there.
    if ![0, 3].contains(&kept.code) {
        return Err(format!("{kept:?}").into());
    }
    capture("/dev/full")?.code(4)?.tells("No space left")?;
    Ok(())
}

fn endless() -> Result<(), Failed> {
    for words in ["-F /dev/zero", "-F /dev/zero summary", "-F /dev/urandom"] {
        run::pree(words)?.code(4)?.silent()?.tells("it has more than 1 MiB")?;
    }
    run::pree("--replay /dev/zero")?.code(4)?.silent()?.tells("not a pree recording")?;
    Ok(())
}

/// `ulimit -s`, in KiB, with filters as deep as they may be, and one deeper.
fn little_stack() -> Result<(), Failed> {
    let _few = population::few()?;
    let alternating = |depth: usize| {
        (0..depth).fold("sport>0".to_owned(), |inner, level| {
            let join = if level % 2 == 0 { "and" } else { "or" };
            format!("({inner} {join} sport<65535)")
        })
    };
    let parentheses = |depth: usize| format!("{}sport>0{}", "(".repeat(depth), ")".repeat(depth));
    let negations = |depth: usize| format!("{}sport>0", "not ".repeat(depth));
    let nested: [&dyn Fn(usize) -> String; 3] = [&parentheses, &negations, &alternating];
    for nest in nested {
        let answer = |words: &str, depth: usize| -> Result<Answer, Failed> {
            run::judge(run::shell("ulimit -s 64;", words, "").arg(nest(depth)).output()?)
        };
        for words in ["", "--json", "--source proc -l -c local", "summary"] {
            if answer(words, 64)?.code(0)?.out.is_empty() {
                return Err(format!("nothing of {words}").into());
            }
        }
        answer("", 65)?.code(2)?.silent()?;
    }
    Ok(())
}

/// `ulimit -v`, in KiB: from what the loader needs to what is plenty.
fn little_memory() -> Result<(), Failed> {
    const TOLD: &str = "pree: the system gives no more memory (see ulimit -v)\n";
    let _few = population::few()?;
    let folder = Folder::new("memory")?;
    let file = folder.file("recording");
    run::pree(&format!("capture {file} -q"))?.whole()?;
    let replay = format!("--replay {file} --json");
    let commands =
        ["", "-A all --jsonl", "--all-netns -l", "port 1", "doctor", "-s", "capture -", "schema", &replay];
    let mut answered = 0;
    for words in commands {
        let steps = (8000..12_000).step_by(250).chain([14_000, 20_000, 50_000, 200_000]);
        for limit in steps {
            // A recording is no text.
            let away = if words.starts_with("capture") { ">/dev/null" } else { "" };
            let output = run::shell(&format!("ulimit -v {limit} &&"), words, away).output()?;
            // Before the program there is the loader.
            if output.status.code() == Some(127) {
                continue;
            }
            let answer = run::judge(output);
            let answer = answer.map_err(|failed| run::while_doing(&format!("{words} at {limit}"), failed))?;
            match answer.code {
                4 if answer.err.ends_with(TOLD) => {}
                0 | 1 | 3 | 5 => answered += 1,
                _ => return Err(format!("{words} at {limit}: {answer:?}").into()),
            }
        }
    }
    // Where there is no room for the kernel's types, owners come from /proc.
    let owners = "-l -c local,owner --owners auto";
    let limited = run::judge(run::shell("ulimit -v 10000 &&", owners, "").output()?)?.whole()?;
    if limited.out != run::pree(owners)?.whole()?.out || !limited.out.contains('[') {
        return Err(format!("other owners: {}", limited.out).into());
    }
    if answered <= 100 {
        return Err(format!("{answered} answered").into());
    }
    // More than there is room for, however little the program itself needs.
    OpenOptions::new().append(true).open(&file)?.set_len(64 << 20)?;
    run::judge(run::shell("ulimit -v 40000 &&", &replay, "").output()?)?
        .code(4)?
        .silent()?
        .tells(TOLD.trim_end())?;
    Ok(())
}
