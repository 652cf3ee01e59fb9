//! The holder's own process: takes on its role, reports on stdout, and lives until stdin ends.

use std::env;
use std::ffi::CString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::thread::UnshareFlags;

use super::{ARGUMENT, LIMIT, NAME, ROLE};
use crate::socket::{Family, Socket};
use crate::stage::Stage;
use crate::{Failed, churn, sys, wait_until};

/// The process of a holder.
pub(crate) fn stage() -> ExitCode {
    match play() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("holder: {}", failed.message().unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

fn play() -> Result<(), Failed> {
    if let Some(name) = env::var_os(NAME) {
        rustix::thread::set_name(&CString::new(name.as_bytes())?)?;
    }
    let argument = env::var(ARGUMENT).unwrap_or_default();
    match env::var(ROLE).unwrap_or_default().as_str() {
        "hold" => {}
        "thread-private" => thread_private()?,
        "zombie-leader" => return zombie_leader(),
        "many" => return many(argument.parse()?),
        "successors" => return successors(argument.is_empty()),
        "churn" => return churn::play(&argument),
        role => return Err(format!("no role {role}").into()),
    }
    ready()?;
    wait_for_end();
    Ok(())
}

pub(crate) fn ready() -> io::Result<()> {
    say("ready")
}

pub(crate) fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// The parent closes the pipe, or has died.
fn wait_for_end() {
    let _ = io::stdin().lock().read_to_end(&mut Vec::new());
}

fn open_listener() -> io::Result<Socket> {
    let socket = Socket::tcp(Family::V4)?;
    socket.bind((Family::V4.loopback(), 0))?;
    socket.listen(LIMIT)?;
    Ok(socket)
}

fn report(socket: &Socket) -> io::Result<String> {
    let (protocol, fd, local) = (socket.protocol(), socket.number(), socket.local()?);
    let (inode, cookie, uid) = (socket.inode()?, socket.cookie()?, socket.uid()?);
    Ok(format!("socket {protocol} {fd} {local} {inode} {cookie} {uid}"))
}

fn this_thread() -> i32 {
    rustix::thread::gettid().as_raw_pid()
}

fn thread_private() -> Result<(), Failed> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let opened = sys::unshare(UnshareFlags::FILES).and_then(|()| open_listener());
        let line = opened.and_then(|socket| {
            let line = report(&socket)?;
            // Its number means nothing to other threads, so no one but this one may close it.
            std::mem::forget(socket);
            Ok(line)
        });
        let _ = sender.send((this_thread(), line));
        loop {
            thread::park();
        }
    });
    let (thread, line) = receiver.recv()?;
    say(&format!("thread {thread}"))?;
    say(&line?)?;
    Ok(())
}

fn zombie_leader() -> Result<(), Failed> {
    let socket = open_listener()?;
    thread::spawn(move || {
        let leader = format!("/proc/{}/stat", std::process::id());
        let dead = || {
            let stat = std::fs::read(&leader).unwrap_or_default();
            // After the name, which may contain anything, comes the state.
            stat.rsplit(|&byte| byte == b')').next().is_some_and(|rest| rest.starts_with(b" Z"))
        };
        let done = wait_until("the main thread's end", dead).and_then(|()| {
            say(&format!("thread {}", this_thread()))?;
            say(&report(&socket)?)?;
            ready()?;
            wait_for_end();
            Ok(())
        });
        std::process::exit(i32::from(done.is_err()));
    });
    sys::exit_this_thread()
}

fn successors(is_first: bool) -> Result<(), Failed> {
    if is_first {
        ready()?;
    }
    thread::spawn(|| {
        wait_for_end();
        std::process::exit(0);
    });
    thread::sleep(Duration::from_millis(10));
    let mut next = Stage::Holder.command();
    next.env(ROLE, "successors").env(ARGUMENT, "next").stdin(Stdio::inherit()).stdout(Stdio::null());
    drop(next.spawn()?);
    Ok(())
}

fn many(count: usize) -> Result<(), Failed> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let socket = Socket::udp(Family::V4)?;
        socket.bind((Family::V4.loopback(), 0))?;
        say(&report(&socket)?)?;
        all.push(socket);
    }
    ready()?;
    wait_for_end();
    Ok(())
}
