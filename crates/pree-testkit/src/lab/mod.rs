//! A lab: a process tree in namespaces of its own, which end with it.
//!
//! Test program → *namespaces* stage (unshares) → *init* stage (process 1 inside: `/proc`, `lo`, reaping) → *case*
//! stage (process 2). Each dies with its parent, and with process 1 the kernel kills whatever else is in the lab.

mod inside;

use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::process::{Child, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::process::{Signal, WaitOptions};
use rustix::thread::UnshareFlags;

use crate::link::{Link, Plan};
use crate::stage::Stage;
use crate::wire::Wire;
use crate::{Failed, rtnetlink, sys};

pub use inside::{
    add_address, become_ordinary, cover_file, give_up_rights, hide_proc, keep_bpf_rights, mount_proc,
    uncover_proc,
};

const CASE: &str = "PREE_TESTKIT_CASE";
const CHILD_EHASH: &str = "PREE_TESTKIT_CHILD_EHASH";
/// No more than this much of a failed case's output is shown.
const SHOWN_OUTPUT_BYTES: usize = 64 * 1024;

/// What is special about a lab.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lab {
    /// Buckets of the network namespace's own TCP hash table; shared with the machine's when `None`.
    pub(crate) child_ehash: Option<u32>,
}

/// A case of the kit's own, which shows what this machine permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    /// A lab.
    Nothing,
    /// A veth pair in a lab.
    Wire,
    /// A link with a relay in a lab.
    Link,
    /// A VXLAN tunnel in a lab.
    Tunnel,
}

impl Probe {
    /// What no program names its own cases.
    fn case(self) -> &'static str {
        match self {
            Self::Nothing => "?nothing",
            Self::Wire => "?wire",
            Self::Link => "?link",
            Self::Tunnel => "?tunnel",
        }
    }
}

/// Whether this machine lets us make labs, and this in them.
pub(crate) fn probe(what: Probe) -> Result<(), String> {
    run(Lab::default(), what.case(), crate::PATIENCE).map_err(|failed| {
        let message = failed.message().unwrap_or_default();
        message.lines().next().unwrap_or_default().to_owned()
    })
}

/// Runs one case in a new lab and waits for its end.
pub(crate) fn run(lab: Lab, case: &str, timeout: Duration) -> Result<(), Failed> {
    let (output, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let mut command = Stage::Namespaces.command();
    command.env(CASE, case).stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    if let Some(buckets) = lab.child_ehash {
        command.env(CHILD_EHASH, buckets.to_string());
    }
    let mut child = command.spawn().map_err(|error| format!("cannot start the lab: {error}"))?;
    // The command owns this process's copies of the pipe's writing end.
    drop(command);
    let outcome = watch(&mut child, output, timeout);
    // Whatever happened: process 1 dies with this child, and the lab with process 1.
    let _ = child.kill();
    let _ = child.wait();
    outcome
}

fn watch(child: &mut Child, output: OwnedFd, timeout: Duration) -> Result<(), Failed> {
    let (sender, receiver) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        let _ = File::from(output).read_to_end(&mut text);
        let _ = sender.send(());
        text
    });
    // The output ends when the last process of the lab has ended.
    let in_time = receiver.recv_timeout(timeout).is_ok();
    if !in_time {
        child.kill()?;
    }
    let status = child.wait()?;
    let text = reader.join().unwrap_or_default();
    if in_time && status.success() {
        return Ok(());
    }
    let skipped = text.len().saturating_sub(SHOWN_OUTPUT_BYTES);
    let text = String::from_utf8_lossy(&text[skipped..]);
    let what = if in_time { status.to_string() } else { format!("killed after {} s", timeout.as_secs()) };
    Err(format!("{}\n({what})", text.trim_end()).into())
}

/// First process of a lab, still outside: makes the namespaces, starts process 1, and passes on how it ended.
pub(crate) fn namespaces_stage() -> ExitCode {
    finish(enter_namespaces().and_then(|()| {
        let mut init = Stage::Init.command().spawn()?;
        init.wait().map(code)
    }))
}

fn enter_namespaces() -> io::Result<()> {
    let in_words =
        |what: &'static str| move |error: io::Error| io::Error::new(error.kind(), format!("{what}: {error}"));
    // Root without the right (in a container, say) may still have it in a user namespace of its own.
    let rightless = sys::unshare(UnshareFlags::NEWIPC).is_err();
    if rightless || !rustix::process::geteuid().is_root() {
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        sys::unshare(UnshareFlags::NEWUSER).map_err(in_words("a user namespace"))?;
        fs::write("/proc/self/setgroups", "deny").map_err(in_words("setgroups"))?;
        fs::write("/proc/self/uid_map", format!("0 {uid} 1")).map_err(in_words("uid_map"))?;
        fs::write("/proc/self/gid_map", format!("0 {gid} 1")).map_err(in_words("gid_map"))?;
    }
    if let Some(buckets) = env::var_os(CHILD_EHASH) {
        // The size is read from the parent namespace when a child is made, so one namespace is made for it only.
        sys::unshare(UnshareFlags::NEWNET).map_err(in_words("the outer network namespace"))?;
        fs::write("/proc/sys/net/ipv4/tcp_child_ehash_entries", buckets.as_encoded_bytes())
            .map_err(in_words("tcp_child_ehash_entries"))?;
    }
    let all = UnshareFlags::NEWNET | UnshareFlags::NEWPID | UnshareFlags::NEWNS | UnshareFlags::NEWIPC;
    sys::unshare(all).map_err(in_words("network, pid and mount namespaces"))?;
    // After the changes of rights above, each of which clears it.
    die_with_parent()
}

/// Process 1 of a lab.
pub(crate) fn init_stage() -> ExitCode {
    finish(prepare_inside().and_then(|()| {
        let case = Stage::Case.command().spawn()?;
        reap_until(case.id())
    }))
}

fn prepare_inside() -> io::Result<()> {
    die_with_parent()?;
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private)?;
    mount_proc("")?;
    detach_namespaces()?;
    // Names of the machine's network namespaces, which a user may not open, stay outside.
    rustix::mount::mount("none", "/run", "tmpfs", MountFlags::empty(), None)?;
    fs::create_dir("/run/netns")?;
    rtnetlink::Rtnetlink::open()?.set_up(rtnetlink::LOOPBACK)
}

/// Takes the machine's mounted network namespaces out of the lab: a search for every namespace would find them too. In a user
/// namespace they are locked; there nobody may enter them either.
fn detach_namespaces() -> io::Result<()> {
    for line in fs::read_to_string("/proc/self/mountinfo")?.lines().filter(|line| line.contains(" - nsfs ")) {
        let written = line.split(' ').nth(4).unwrap_or_default();
        // A space, a tab, a line end and a backslash are written as octal numbers.
        let (mut parts, mut path) = (written.split('\\'), Vec::new());
        path.extend(parts.next().unwrap_or_default().bytes());
        for part in parts {
            let (number, rest) = part.split_at_checked(3).unwrap_or((part, ""));
            path.push(u8::from_str_radix(number, 8).map_err(io::Error::other)?);
            path.extend(rest.bytes());
        }
        let _ = rustix::mount::unmount(path.as_slice(), UnmountFlags::DETACH);
    }
    Ok(())
}

/// Waits for every child, also those that lost their parent, until `case` has ended.
fn reap_until(case: u32) -> io::Result<ExitCode> {
    loop {
        let Some((pid, status)) = rustix::process::wait(WaitOptions::empty())? else { continue };
        if u32::try_from(pid.as_raw_pid()).is_ok_and(|pid| pid == case) {
            return Ok(match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => ExitCode::from(code as u8),
                (None, signal) => {
                    eprintln!("the case was ended by signal {}", signal.unwrap_or(0));
                    ExitCode::FAILURE
                }
            });
        }
    }
}

/// Process 2 of a lab: runs the case of this name, if there is one.
pub(crate) fn case_stage(run: impl FnOnce(&str) -> Option<Result<(), Failed>>) -> ExitCode {
    let name = env::var(CASE).unwrap_or_default();
    let result = if name == Probe::Nothing.case() {
        Ok(())
    } else if name == Probe::Wire.case() {
        Wire::open().map(drop)
    } else if name == Probe::Link.case() {
        Link::relayed(&[Plan::CLEAN; 2], 1).map(drop)
    } else if name == Probe::Tunnel.case() {
        crate::wire::tunnel("tunnel0", 4789).map_err(Failed::from)
    } else {
        run(&name).unwrap_or_else(|| Err(format!("this program has no case {name}").into()))
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("{}", failed.message().unwrap_or("failed without a message"));
            ExitCode::FAILURE
        }
    }
}

fn die_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)
}

fn code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code().map_or(1, |code| code as u8))
}

fn finish(result: io::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("cannot make a lab: {error}");
        ExitCode::FAILURE
    })
}
