//! What a case needs from the machine, and whether the machine has it.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::thread::CapabilitySet;

pub use crate::machine::{kernel_version, python, tool};

use crate::lab;
use crate::socket::{Family, Socket};

/// Something that not every machine has. A case that lacks one is skipped by name, or fails under
/// `PREE_TEST_STRICT=1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// The right to make namespaces: uid 0, or user namespaces are permitted. `Case::lab` implies it.
    Root,
    /// The real uid 0, outside any user namespace: other uids can be taken on, sockets given away.
    RealRoot,
    /// A program in `PATH`.
    Tool(&'static str),
    /// A module that some Python 3 of this machine can import (see [`python`]).
    PythonModule(&'static str),
    /// The kernel honours `sock_diag` request bit 13, `BOUND_INACTIVE`: 6.8 or newer.
    BoundInactive,
    /// The kernel has UDP-Lite: gone in 7.x.
    UdpLite,
    /// The kernel has IPv6.
    Ipv6,
    /// The kernel can give child network namespaces their own TCP hash table: 6.1 or newer.
    ChildEhash,
    /// A new network namespace can be made, the same right as [`Need::Root`].
    NewNetns,
    /// BPF iterators are permitted and there: `CAP_BPF` and `CAP_PERFMON` outside of any user namespace, BTF, 5.12.
    Bpf,
    /// The same, and the kernel tells who sends and receives: 6.3.
    DatagramEvents,
    /// The kernel has veth pairs, for [`crate::wire::Wire`] and the populations that are made with it.
    Veth,
    /// The kernel has VXLAN tunnels.
    Vxlan,
    /// The kernel has keys of TCP-MD5.
    Md5,
    /// TUN devices can be made in a lab, for [`crate::link::Link`].
    Tun,
    /// Rings (`io_uring`) can be made, and their files name the sockets in them: 6.14 or newer.
    Ring,
    /// This congestion control, and the right to choose it.
    Congestion(&'static str),
    /// The library under test was built with this feature: say `cfg!(feature = …)` beside its name.
    Feature(&'static str, bool),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root | Self::NewNetns => f.write_str("root or user namespaces"),
            Self::RealRoot => f.write_str("uid 0"),
            Self::Tool(name) => f.write_str(name),
            Self::PythonModule(name) => write!(f, "python3 module {name}"),
            Self::BoundInactive => f.write_str("kernel 6.8 for bound-only sockets"),
            Self::UdpLite => f.write_str("UDP-Lite in the kernel"),
            Self::Ipv6 => f.write_str("IPv6 in the kernel"),
            Self::Bpf => f.write_str("BPF iterators"),
            Self::DatagramEvents => f.write_str("BPF, and kernel 6.3 for sock_send_length"),
            Self::Veth => f.write_str("veth in the kernel"),
            Self::Md5 => f.write_str("TCP-MD5 in the kernel"),
            Self::Vxlan => f.write_str("VXLAN in the kernel"),
            Self::Tun => f.write_str("/dev/net/tun"),
            Self::Ring => f.write_str("kernel 6.14 with io_uring"),
            Self::Congestion(name) => write!(f, "congestion control {name}"),
            Self::Feature(name, _) => write!(f, "the feature {name}"),
            Self::ChildEhash => f.write_str("kernel 6.1 for tcp_child_ehash_entries"),
        }
    }
}

impl Need {
    /// `None` when the machine has it; else what is missing, with the error where one was seen.
    ///
    /// Each need is probed once in the life of the process.
    pub fn missing(self) -> Option<String> {
        static KNOWN: OnceLock<Mutex<HashMap<Need, Option<String>>>> = OnceLock::new();
        let known = KNOWN.get_or_init(Mutex::default);
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(self).or_insert_with(|| self.probe()).clone()
    }

    fn probe(self) -> Option<String> {
        let present = match self {
            Self::Root | Self::NewNetns => {
                return lab::probe(lab::Probe::Nothing).err().map(|error| format!("{self} ({error})"));
            }
            Self::Veth => return lab::probe(lab::Probe::Wire).err().map(|error| format!("{self} ({error})")),
            Self::Vxlan => {
                return lab::probe(lab::Probe::Tunnel).err().map(|error| format!("{self} ({error})"));
            }
            Self::Tun => return lab::probe(lab::Probe::Link).err().map(|error| format!("{self} ({error})")),
            Self::RealRoot => {
                rustix::process::geteuid().is_root() && in_first_user_namespace() && has_full_rights()
            }
            Self::Bpf => {
                in_first_user_namespace()
                    && may_use_bpf()
                    && kernel_version() >= (5, 12)
                    && Path::new("/sys/kernel/btf/vmlinux").exists()
            }
            Self::DatagramEvents => kernel_version() >= (6, 3) && Self::Bpf.probe().is_none(),
            Self::Tool(name) => tool(name).is_some(),
            Self::PythonModule(name) => python(name).is_some(),
            Self::BoundInactive => kernel_version() >= (6, 8),
            // As root it loads the module, which a lab may not.
            Self::Congestion(name) => {
                Socket::tcp(Family::V4).and_then(|socket| socket.set_congestion(name)).is_ok()
            }
            Self::Ring => {
                kernel_version() >= (6, 14) && Socket::tcp(Family::V4).and_then(Socket::into_ring).is_ok()
            }
            Self::Md5 => {
                let any = std::net::Ipv4Addr::LOCALHOST.into();
                Socket::tcp(Family::V4).and_then(|socket| socket.set_md5(any, 32, b"key")).is_ok()
            }
            Self::Feature(_, built) => built,
            Self::UdpLite => Socket::udplite(Family::V4).is_ok(),
            Self::Ipv6 => Socket::udp(Family::V6).is_ok() && Path::new("/proc/net/if_inet6").exists(),
            Self::ChildEhash => Path::new("/proc/sys/net/ipv4/tcp_child_ehash_entries").exists(),
        };
        (!present).then(|| self.to_string())
    }
}

/// Whether a lab of this process needs no user namespace, and can give files away.
fn has_full_rights() -> bool {
    let needed = CapabilitySet::SYS_ADMIN | CapabilitySet::CHOWN | CapabilitySet::SETUID;
    rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(needed))
}

/// Whether this process has the capabilities that BPF iterators take.
fn may_use_bpf() -> bool {
    let both = CapabilitySet::BPF | CapabilitySet::PERFMON;
    rustix::thread::capabilities(None)
        .is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN) || sets.effective.contains(both))
}

/// Whether every uid is mapped to itself, as in the namespace that the machine booted with.
fn in_first_user_namespace() -> bool {
    fs::read_to_string("/proc/self/uid_map")
        .is_ok_and(|map| map.split_whitespace().eq(["0", "0", "4294967295"]))
}
