//! A copy of the command that lends rights to everybody who starts it: for owners, never for what the user names.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use pree_testkit::link::Namespace;
use pree_testkit::{Case, Failed, Need};
use rustix::fs::{CWD, FileType, Mode, XattrFlags, mknodat, setxattr};
use rustix::mount::{UnmountFlags, mount_bind, unmount};

use crate::folder::Folder;
use crate::run::{self, Answer, PREE};

/// An ordinary user, in no group.
const NOBODY: u32 = 65534;
/// `CAP_DAC_READ_SEARCH` and `CAP_SYS_PTRACE`, which the README names.
const RECOMMENDED: u64 = 1 << 2 | 1 << 19;

pub fn cases() -> Vec<Case> {
    let as_others = |name, run: fn() -> Result<(), Failed>| Case::new(name, run).needs(Need::RealRoot);
    vec![
        as_others("what_a_user_names_is_opened_with_the_users_rights", named),
        as_others("lent_rights_are_put_aside_first_and_dropped_when_nothing_needs_them", put_aside),
        as_others("lent_rights_enter_a_namespace_that_its_user_may_open", entered).lab(),
        as_others("lent_rights_end_no_process_and_close_no_socket", not_for_acts).lab(),
        as_others("closed_streams_are_told_with_lent_rights_too", closed),
        Case::new("what_is_no_namespace_is_never_opened_as_one", no_namespace),
        Case::new("a_mistake_in_a_file_is_shown_without_the_file", excerpt),
    ]
}

/// Copies of the command that lend rights, by what lends them.
fn copies(folder: &Folder) -> Result<Vec<(&'static str, String)>, Failed> {
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let copy = |name: &'static str, mode: u32| -> Result<_, Failed> {
        let path = folder.file(name);
        copy_program(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        Ok((name, path))
    };
    // As many as this machine gives at all.
    let every = capabilities(std::process::id(), "CapBnd")?;
    let copies = vec![copy("recommended", 0o755)?, copy("every", 0o755)?, copy("suid", 0o4755)?];
    for ((_, path), capabilities) in copies.iter().zip([RECOMMENDED, every]) {
        set_capabilities(path, capabilities)?;
    }
    Ok(copies)
}

/// Permitted and effective: `struct vfs_cap_data`, version 2.
fn set_capabilities(path: &str, capabilities: u64) -> Result<(), Failed> {
    let halves = [capabilities as u32, (capabilities >> 32) as u32];
    let words = [0x0200_0001, halves[0], 0, halves[1], 0];
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    Ok(setxattr(path, "security.capability", &bytes, XattrFlags::empty())?)
}

/// By another process: while this one had the copy open for writing, programs that other tests start would inherit that, and
/// a file that is open for writing cannot be run.
pub fn copy_program(path: &str) -> Result<(), Failed> {
    let done = run::hermetic("/bin/cp").args([PREE, path]).status()?;
    if done.success() { Ok(()) } else { Err(format!("cp: {done}").into()) }
}

fn as_nobody(program: &str, words: &str) -> Command {
    let mut command = run::hermetic(program);
    command.args(words.split_whitespace()).uid(NOBODY).gid(NOBODY);
    command
}

/// The flags whose value can be a path, as the help has them, with the commands that take them.
fn uses() -> Result<Vec<String>, Failed> {
    let known: [(&str, &[&str]); 4] = [
        ("--filter", &["", "summary", "explain", "-q", "kill --dry-run", "close --dry-run"]),
        (
            "--net",
            &[
                "",
                "summary",
                "explain",
                "doctor",
                "port 80",
                "capture -",
                "kill :80 --yes",
                "close :80 --yes",
            ],
        ),
        ("--replay", &["", "summary", "explain", "doctor", "port 80", "-q"]),
        ("--save", &["", "--force"]),
    ];
    let help = run::pree("--help")?.whole()?.out;
    let takes_path = |words: &[&str]| {
        words.iter().any(|word| word.split('|').any(|value| ["FILE", "PATH"].contains(&value)))
    };
    let flags: BTreeSet<&str> = help
        .lines()
        .filter_map(|line| line.split_once("--").map(|(_, rest)| rest.split_whitespace().collect::<Vec<_>>()))
        .filter(|words| takes_path(&words[1..]))
        .filter_map(|words| words.first().copied())
        .collect();
    let names: BTreeSet<&str> = known.iter().map(|(name, _)| name.trim_start_matches('-')).collect();
    if flags != names {
        return Err(format!("flags with a path are {flags:?}; this test knows {names:?}").into());
    }
    let mut uses: Vec<String> = known
        .iter()
        .flat_map(|(flag, commands)| commands.iter().map(move |command| format!("{command} {flag} PATH")))
        .collect();
    uses.extend(["capture PATH".to_owned(), "diff PATH".to_owned(), "diff now PATH".to_owned()]);
    Ok(uses)
}

fn named() -> Result<(), Failed> {
    const SECRET: &str = "hunter2";
    let folder = Folder::new("rights")?;
    let copies = copies(&folder)?;
    let private = folder.file("private");
    fs::create_dir(&private)?;
    let file = |name: &str| format!("{private}/{name}");
    fs::write(file("text"), format!("PASSWORD = {SECRET}\n"))?;
    // What both would read, were it permitted.
    let _holder = TcpListener::bind("127.0.0.1:0")?;
    // 3: some process of this machine may be closed to root too.
    let kept = run::pree(&format!("capture {}", file("recording")))?;
    if ![0, 3].contains(&kept.code) {
        return Err(format!("{kept:?}").into());
    }
    fs::write(file("filter"), "sport > 0\n")?;
    fs::create_dir(file("folder"))?;
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700))?;
    let before = contents(Path::new(&private))?;
    // It is there, and readable for those who may.
    if !run::pree(&format!("-F {}", file("text")))?.code(2)?.err.contains(SECRET) {
        return Err("root does not read it either".into());
    }
    run::pree(&format!("--replay {} -F {} --owners none", file("recording"), file("filter")))?.whole()?;
    for (name, program) in &copies {
        for words in uses()? {
            let answer = |path: &str| -> Result<Answer, Failed> {
                let words = words.replace("PATH", path);
                let answer = run::judge(as_nobody(program, &words).output()?)?;
                let Answer { code, out, err } = answer;
                let without = |text: &str| text.replace(path, "PATH");
                Ok(Answer { code, out: without(&out), err: without(&err) })
            };
            let missing = answer(&file("missing"))?;
            if ![2, 4].contains(&missing.code) {
                return Err(format!("{name} {words}: {missing:?}").into());
            }
            for there in ["text", "recording", "filter", "folder"] {
                let there = answer(&file(there))?;
                let same = (there.code, &there.out, &there.err) == (missing.code, &missing.out, &missing.err);
                if !same || there.err.contains(SECRET) {
                    return Err(format!("{name} {words}: {there:?} instead of {missing:?}").into());
                }
            }
        }
    }
    let after = contents(Path::new(&private))?;
    if after == before { Ok(()) } else { Err("something was written".into()) }
}

/// Every file in a folder, in order, with what is in it.
fn contents(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Failed> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let bytes = if path.is_dir() { Vec::new() } else { fs::read(&path)? };
        files.push((path.display().to_string(), bytes));
    }
    files.sort();
    Ok(files)
}

/// A set of capabilities of a running process, as its `status` has it.
fn capabilities(pid: u32, set: &str) -> Result<u64, Failed> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(set)?.strip_prefix(":\t"));
    Ok(u64::from_str_radix(line.ok_or("no such set")?, 16)?)
}

fn put_aside() -> Result<(), Failed> {
    let folder = Folder::new("aside")?;
    let fifo = folder.file("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
    rustix::fs::chown(&fifo, Some(rustix::fs::Uid::from_raw(NOBODY)), None)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let owner = format!("[{}]", std::process::id());
    for (name, program) in copies(&folder)? {
        // Somebody else's processes are seen: rights are lent.
        let seen = run::judge(as_nobody(&program, &format!("port {port}")).output()?)?.whole()?;
        if !seen.out.contains(&owner) {
            return Err(format!("{name}: {owner} is not in {}", seen.out).into());
        }
        // While it waits for what the user named, they are not in force; where no look follows, they are gone.
        for (words, kept) in [("-F", true), ("--replay", false)] {
            let mut child = as_nobody(&program, words).arg(&fifo).stdout(Stdio::null()).spawn()?;
            let pid = child.id();
            // Opening it to write waits for the reader.
            let writer = fs::File::options().write(true).open(&fifo)?;
            let found = (capabilities(pid, "CapEff")?, capabilities(pid, "CapPrm")?);
            drop(writer);
            child.wait()?;
            if found.0 != 0 || (found.1 & RECOMMENDED == RECOMMENDED) != kept || (found.1 != 0) != kept {
                return Err(format!("{name} {words}: {found:x?}").into());
            }
        }
    }
    // Without the loan nobody sees it.
    let plain = folder.file("plain");
    copy_program(&plain)?;
    let seen = run::judge(as_nobody(&plain, &format!("port {port}")).output()?)?.code(0)?;
    if seen.out.contains(&owner) { Err("this machine shows it to everybody".into()) } else { Ok(()) }
}

fn entered() -> Result<(), Failed> {
    let folder = Folder::new("entered")?;
    let copies = copies(&folder)?;
    let blue = Namespace::new()?;
    let path = folder.file("blue");
    fs::File::create(&path)?;
    mount_bind(format!("/proc/self/fd/{}", blue.as_fd().as_raw_fd()), &path)?;
    let listener = blue.run(|| TcpListener::bind("127.0.0.1:7002"))?;
    let answer = |program: &str, words: &str| -> Result<Answer, Failed> {
        let words = format!("-l --format {{sport}} -N {path} {words}");
        run::judge(as_nobody(program, &words).output()?)
    };
    // The recommended ones do not enter.
    answer(&copies[0].1, "")?.code(4)?.silent()?.tells("CAP_SYS_ADMIN")?;
    for (name, program) in &copies[1..] {
        for words in ["", "not dev=lo"] {
            let seen = answer(program, words)?.code(0)?;
            if seen.out != "7002\n" {
                return Err(format!("{name} {words}: {seen:?}").into());
            }
        }
    }
    drop(listener);
    // What its user may not reach is not entered.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
    let private = folder.file("private");
    fs::create_dir(&private)?;
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700))?;
    let hidden = format!("{private}/blue");
    fs::File::create(&hidden)?;
    mount_bind(&path, &hidden)?;
    for (_, program) in &copies {
        let refused = run::judge(as_nobody(program, &format!("-N {hidden}")).output()?)?;
        refused.code(4)?.silent()?.tells("EACCES")?;
        // Nor is a path through a process, whatever rights there are to look into processes.
        let through = format!("-N /proc/{}/ns/net", std::process::id());
        let refused = run::judge(as_nobody(program, &through).output()?)?;
        refused.code(4)?.silent()?.tells("a path is opened with your own rights: name the process")?;
    }
    unmount(&hidden, UnmountFlags::empty())?;
    Ok(unmount(&path, UnmountFlags::empty())?)
}

/// They show whose a socket is, and that is all.
fn not_for_acts() -> Result<(), Failed> {
    let folder = Folder::new("acts")?;
    let listener = TcpListener::bind("127.0.0.1:3000")?;
    rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty())?;
    let mut child = Command::new("/bin/sleep").arg("600").spawn()?;
    rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::CLOEXEC)?;
    drop(listener);
    let here = TcpListener::bind("127.0.0.1:3001")?;
    let near = std::net::TcpStream::connect(here.local_addr()?)?;
    for (name, program) in copies(&folder)? {
        let answer = |words: &str| run::judge(as_nobody(&program, words).output()?);
        for words in ["kill :3000 --yes", "kill :3000 --dry-run"] {
            let refused = answer(words)?.code(4)?.silent()?;
            let says = format!("cannot end process {}: EPERM", child.id());
            if !refused.err.contains(&says) || !refused.err.contains("another user's") {
                return Err(format!("{name} {words}: {}", refused.err).into());
            }
        }
        answer("close dport=3001 --yes")?.code(4)?.silent()?.tells("CAP_NET_ADMIN")?;
    }
    assert_eq!(child.try_wait()?, None);
    assert!(near.take_error()?.is_none());
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// The C library opens something in their place before the program has begun.
fn closed() -> Result<(), Failed> {
    let folder = Folder::new("closed")?;
    let not_readable = "it is closed or not open for reading";
    let not_writable = "it is closed or not open for writing";
    for (name, program) in copies(&folder)? {
        let ends = |words: &str, redirections: &str, code: i32, told: &str| -> Result<(), Failed> {
            let mut shell = as_nobody("/bin/sh", "-c");
            shell.arg(format!("exec {program} {words} {redirections}"));
            let answer =
                run::judge(shell.output()?)?.code(code).and_then(|answer| answer.silent()?.tells(told));
            answer
                .map(drop)
                .map_err(|failed| run::while_doing(&format!("{name}: {words} {redirections}"), failed))
        };
        for input in ["-", "/dev/stdin", "/dev/fd/0"] {
            ends(&format!("-l -F {input}"), "<&-", 4, not_readable)?;
            ends(&format!("--replay {input}"), "<&-", 4, not_readable)?;
        }
        for words in ["-l", "--json", "--version", "capture -", "capture /dev/stdout"] {
            ends(words, ">&-", 4, not_writable)?;
        }
        for redirections in ["<&- >&-", "<&- >&- 2>&-"] {
            let mut shell = as_nobody("/bin/sh", "-c");
            shell.arg(format!("exec {program} -l {redirections}"));
            run::judge(shell.output()?)?.code(4)?;
        }
        ends("--nonsense", ">&-", 2, "--nonsense")?;
    }
    Ok(())
}

/// A Unix socket cannot be opened: who tries has another error.
fn no_namespace() -> Result<(), Failed> {
    let folder = Folder::new("no-namespace")?;
    let socket = folder.file("socket");
    let _listener = UnixListener::bind(&socket)?;
    let fifo = folder.file("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
    for path in [&*socket, &*fifo, "/dev/null", "/etc/passwd", "/"] {
        run::pree(&format!("-N {path}"))?.code(2)?.silent()?.tells("it is not a network namespace")?;
    }
    run::pree("-N /proc/self/ns/net -l")?.code(0)?;
    Ok(())
}

fn excerpt() -> Result<(), Failed> {
    let folder = Folder::new("excerpt")?;
    let file = folder.file("filter");
    let far: Vec<String> = (0..200).map(|n| format!("sport={n} or")).collect();
    fs::write(&file, format!("{}\nspotr=1 or\n{}\nsport=1", far.join("\n"), far.join("\n")))?;
    let long = format!("{} spotr=1 or sport=1", far.join(" "));
    let by_file = run::pree(&format!("-F {file}"))?;
    let by_words = run::judge(run::hermetic(PREE).arg(long).output()?)?;
    for answer in [by_file, by_words] {
        let answer = answer.code(2)?.silent()?;
        let shows = answer.err.contains("spotr=1") && answer.err.contains("^^^^^");
        if !shows || answer.err.len() > 300 || answer.err.contains("sport=100 ") {
            return Err(answer.err.into());
        }
    }
    Ok(())
}
