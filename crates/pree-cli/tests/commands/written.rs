//! Files that the command writes, in directories that others can write to, and files that it reads without an end.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use pree_testkit::{Case, Failed, Need};
use rustix::fs::{CWD, FileType, Gid, Mode, Uid, chown, mknodat};

use crate::folder::Folder;
use crate::{population, run};

/// An ordinary user.
const NOBODY: u32 = 65534;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("a_link_that_comes_and_goes_leads_nowhere", flipped).lab().timeout(120),
        Case::new("a_pipe_of_somebody_else_gets_nothing", foreign).lab().needs(Need::RealRoot),
        Case::new("what_is_no_file_is_written_to_if_it_is_ones_own", own).lab(),
        Case::new("files_without_an_end_are_refused", endless),
        Case::new("memory_that_is_not_given_is_told_and_nothing_aborts", little_memory).lab().timeout(180),
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

fn endless() -> Result<(), Failed> {
    for words in ["-F /dev/zero", "-F /dev/zero summary", "-F /dev/urandom"] {
        run::pree(words)?.code(2)?.silent()?.tells("it has more than 1 MiB")?;
    }
    run::pree("--replay /dev/zero")?.code(4)?.silent()?.tells("not a pree recording")?;
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
