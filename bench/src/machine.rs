//! This machine: what it is, for those who read the results, and whether it has what a population needs.

use std::fs;

use rustix::process::{Resource, getrlimit};
use serde::{Deserialize, Serialize};

use crate::population::Population;

/// What figures depend on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) kernel: String,
    pub(crate) processor: String,
    pub(crate) processors: usize,
    pub(crate) memory_mib: u64,
    /// The kernel says that it runs on another one.
    pub(crate) virtual_machine: bool,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let line = |label: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(label));
            line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
        };
        Self {
            kernel: release(&rustix::system::uname().release().to_string_lossy()),
            processor: line("model name").to_owned(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: memory_kib("MemTotal").unwrap_or(0) / 1024,
            virtual_machine: line("flags").split(' ').any(|flag| flag == "hypervisor"),
        }
    }
}

fn memory_kib(label: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What this machine lacks for a population, each with what would do.
pub(crate) fn lacks(population: &Population) -> Vec<String> {
    let mut lacks = Vec::new();
    if !rustix::process::geteuid().is_root() {
        lacks.push("root: it makes network, pid and mount namespaces".to_owned());
    }
    let needed = population.descriptors_a_process().max(u64::from(population.processes) * 2 + 256);
    let limit = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    if limit < needed {
        lacks.push(format!(
            "{needed} descriptors a process, and the hard limit is {limit}: ulimit -Hn {needed}"
        ));
    }
    if let Some((used, most)) = open_files() {
        let needed = population.descriptors();
        if most.saturating_sub(used) < needed {
            lacks.push(format!(
                "{needed} more open files, and of {most} {used} are taken: sysctl fs.file-max={}",
                used + needed
            ));
        }
    }
    let processes = u64::from(population.processes + population.idle_processes) + 32;
    if let Some(limit) = getrlimit(Resource::Nproc).current.filter(|&limit| limit < processes) {
        lacks.push(format!("{processes} processes, and the limit is {limit}: ulimit -u {processes}"));
    }
    let needed = population.memory_kib();
    match memory_kib("MemAvailable") {
        Some(available) if available < needed => lacks.push(format!(
            "{} MiB of memory, and {} MiB are available",
            needed.div_ceil(1024),
            available / 1024
        )),
        _ => {}
    }
    lacks
}

/// Files open in the whole system, and the most there may be.
fn open_files() -> Option<(u64, u64)> {
    let text = fs::read_to_string("/proc/sys/fs/file-nr").ok()?;
    let mut numbers = text.split_whitespace().map(str::parse);
    let used = numbers.next()?.ok()?;
    Some((used, numbers.nth(1)?.ok()?))
}

/// `6.18.1` of `6.18.1-3-amd64`: what a builder added says nothing here.
fn release(text: &str) -> String {
    text.chars().take_while(|&letter| letter.is_ascii_digit() || letter == '.').collect()
}
