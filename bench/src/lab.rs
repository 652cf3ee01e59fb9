//! A population in namespaces of its own, and the runs beside it.
//!
//! Driver → *namespaces* stage (unshares) → *inside* stage (process 1: `/proc`, `lo`, the population, the runs). Each
//! dies with the one before it, and with process 1 the kernel ends whatever else is inside. So nothing is left behind,
//! however the driver ends.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Result, Write};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::mount::{MountFlags, MountPropagationFlags};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::thread::UnshareFlags;
use serde::{Deserialize, Serialize};

use crate::population::{EPHEMERAL_PORTS, Population};
use crate::rounds::{Failed, Measured, Series};
use crate::{hold, rounds, sys};

/// What is to be done inside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) population: Population,
    pub(crate) series: Vec<Series>,
    /// A command for sh.
    pub(crate) inside: Option<String>,
}

/// What the inside tells, a line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// The population stands; how long it took to make.
    Ready {
        seconds: f64,
    },
    /// A command cannot be measured.
    Failed(Failed),
    Measured(Measured),
    /// Everything was done.
    Finished,
}

/// Makes the lab, does the job and calls `told` with each thing that is told.
pub(crate) fn run(job: &Job, mut told: impl FnMut(Event)) -> Result<()> {
    let mut command = stage("namespaces")?;
    let mut child = sys::tie(command.stdin(Stdio::piped()).stdout(Stdio::piped())).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        serde_json::to_writer(&mut stdin, job)?;
    }
    let mut finished = false;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let event = serde_json::from_str(&line?)?;
            finished |= matches!(event, Event::Finished);
            told(event);
        }
    }
    let status = child.wait()?;
    if finished { Ok(()) } else { Err(io::Error::other(format!("the lab ended early ({status})"))) }
}

/// This program again, in another part.
fn stage(name: &str) -> Result<Command> {
    // This very program: building the tools may have put a new one in its place.
    let mut command = Command::new("/proc/self/exe");
    command.arg("stage").arg(name);
    Ok(command)
}

/// First process of a lab, still outside.
pub(crate) fn namespaces_stage() -> Result<ExitCode> {
    let all = UnshareFlags::NEWNET | UnshareFlags::NEWPID | UnshareFlags::NEWNS | UnshareFlags::NEWIPC;
    sys::unshare(all)?;
    let status = sys::tie(&mut stage("inside")?).status()?;
    Ok(ExitCode::from(status.code().map_or(1, |code| code as u8)))
}

/// Process 1 of a lab.
pub(crate) fn inside_stage() -> Result<ExitCode> {
    let job: Job = serde_json::from_reader(io::stdin().lock())?;
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    rustix::mount::mount("proc", "/proc", "proc", flags, None)?;
    set_up_loopback()?;
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", EPHEMERAL_PORTS)?;
    hold::raise_limit()?;

    let start = Instant::now();
    let holders = populate(&job.population)?;
    check(&job.population)?;
    tell(&Event::Ready { seconds: start.elapsed().as_secs_f64() })?;
    // Timers of the last connections (delayed acknowledgements) run out.
    std::thread::sleep(Duration::from_millis(300));
    for series in &job.series {
        rounds::run(series, |outcome| tell(&outcome.map_or_else(Event::Failed, Event::Measured)))?;
    }
    if let Some(command) = &job.inside {
        // Standard output is for what is told.
        let words = rustix::io::dup(rustix::stdio::stderr())?;
        sys::tie(Command::new("sh").arg("-c").arg(command).stdin(Stdio::null()).stdout(words)).status()?;
    }
    tell(&Event::Finished)?;
    drop(holders);
    Ok(ExitCode::SUCCESS)
}

fn tell(event: &Event) -> Result<()> {
    let mut stdout = io::stdout().lock();
    serde_json::to_writer(&mut stdout, event)?;
    stdout.write_all(b"\n")?;
    stdout.flush()
}

/// A process of the population. It ends when its standard input does.
struct Holder {
    child: Child,
    _stdin: Option<ChildStdin>,
}

/// Starts all processes, then waits until each has what it shall have.
fn populate(population: &Population) -> Result<Vec<Holder>> {
    let mut holders = Vec::new();
    let text = serde_json::to_string(population)?;
    for index in 0..population.processes + population.idle_processes {
        let mut command = stage("hold")?;
        command.arg(&text).arg(index.to_string());
        let mut child = sys::tie(command.stdin(Stdio::piped()).stdout(Stdio::piped())).spawn()?;
        let _stdin = child.stdin.take();
        holders.push(Holder { child, _stdin });
    }
    for holder in &mut holders {
        let mut answer = Vec::new();
        if let Some(stdout) = &mut holder.child.stdout {
            stdout.take(6).read_to_end(&mut answer)?;
        }
        if answer != b"ready\n" {
            return Err(io::Error::other("a process of the population could not make its sockets"));
        }
        holder.child.stdout = None;
    }
    Ok(holders)
}

/// Counts the sockets of this namespace in the kernel's own words.
fn check(population: &Population) -> Result<()> {
    let count = |path: &str, label: &str| -> Result<u32> {
        let text = fs::read_to_string(path)?;
        let line = text.lines().find_map(|line| line.strip_prefix(label)).unwrap_or_default();
        line.split_whitespace()
            .nth(1)
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| io::Error::other(format!("{path} does not tell of {label}")))
    };
    let v4 = count("/proc/net/sockstat", "TCP:")?;
    let v6 = count("/proc/net/sockstat6", "TCP6:")?;
    if (v4 + v6, v6) == (population.tcp, population.tcp6) {
        return Ok(());
    }
    Err(io::Error::other(format!("the population has {v4} + {v6} TCP sockets instead of {}", population.tcp)))
}

/// `ip link set lo up`, as one `RTM_NEWLINK` message.
fn set_up_loopback() -> Result<()> {
    let socket =
        rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    let mut message = Vec::new();
    message.extend(32_u32.to_ne_bytes());
    // RTM_NEWLINK; a request that wants an answer.
    message.extend([16_u16, 0x5].map(u16::to_ne_bytes).concat());
    message.extend([0; 12]);
    // Interface 1 is lo in every namespace; IFF_UP, and nothing but that.
    message.extend([1_u32, 1, 1].map(u32::to_ne_bytes).concat());
    rustix::net::send(&socket, &message, SendFlags::empty())?;
    let mut answer = [0; 4096];
    let (length, _) = rustix::net::recv(&socket, &mut answer, RecvFlags::empty())?;
    match answer[..length] {
        [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, 0, 0, 0, 0, ..] => Ok(()),
        _ => Err(io::Error::other("lo cannot be set up")),
    }
}
