//! The targets by name.

mod apple;
mod bpf_records;
mod btf;
mod bytecode;
mod collection;
mod families;
mod fd_records;
mod filter;
mod netlink;
mod proc_net;
mod proc_pid;
mod recording;
mod row;
mod statistics;
mod windows;

/// Something that reads bytes from outside.
pub struct Target {
    /// Its name on the command line; its corpus is the folder of this name.
    pub name: &'static str,
    /// Reads the bytes; a panic is a finding.
    pub run: fn(&[u8]),
    /// What gets further than noise, to be put in here and there.
    pub words: &'static [&'static str],
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "netlink", run: netlink::target, words: &[] },
    Target { name: "row", run: row::target, words: &["cubic\0", "bbr\0"] },
    Target { name: "families", run: families::target, words: &[] },
    Target { name: "statistics", run: statistics::target, words: &[] },
    Target { name: "proc_net", run: proc_net::target, words: proc_net::WORDS },
    Target { name: "proc_pid", run: proc_pid::target, words: proc_pid::WORDS },
    Target { name: "fd_records", run: fd_records::target, words: &[] },
    Target { name: "apple", run: apple::target, words: &[] },
    Target { name: "bpf_records", run: bpf_records::target, words: &[] },
    Target { name: "btf", run: btf::target, words: &["pid\0", "thread\0", "task\0"] },
    Target { name: "bytecode", run: bytecode::target, words: &[] },
    Target { name: "filter", run: filter::target, words: filter::WORDS },
    Target { name: "recording", run: recording::target, words: recording::WORDS },
    Target { name: "windows", run: windows::target, words: &[] },
    Target { name: "collection", run: collection::target, words: &[] },
];

/// Runs the target of this name.
///
/// # Panics
/// There is none, or the target has found something.
pub fn run(name: &str, data: &[u8]) {
    match TARGETS.iter().find(|target| target.name == name) {
        Some(target) => (target.run)(data),
        None => panic!("no target {name}"),
    }
}
