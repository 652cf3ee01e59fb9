//! What a process belongs to: a unit of systemd, a container.

use super::Text;
use crate::named::named;

/// A unit of systemd (Linux: by the name of the process's cgroup).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Unit {
    /// `shop.service`, `session-3.scope`, as systemctl(1) takes it.
    pub name: Text,
    /// The user whose manager has it, by id; `None`: it is one of the system's.
    pub user: Option<u32>,
}

impl Unit {
    /// One of the system's, or of this user's manager.
    pub fn new(name: impl Into<Text>, user: Option<u32>) -> Self {
        Self { name: name.into(), user }
    }
}

/// A container (Linux: by the name of the process's cgroup). The innermost, where one runs in another.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Container {
    /// Its id as the runtime has it, or its name where that is what the runtime calls it by (LXC, nspawn).
    pub id: Text,
    /// `None` where its cgroup does not say.
    pub runtime: Option<Runtime>,
}

/// Digits of an id that runtimes show, and take for the whole.
const SHORT: usize = 12;
/// Digits of a whole one.
const WHOLE: usize = 64;

impl Container {
    /// With this id or name.
    pub fn new(id: impl Into<Text>, runtime: Option<Runtime>) -> Self {
        Self { id: id.into(), runtime }
    }

    /// As the runtime's own commands show and take it: the name, or the first 12 digits of its id.
    pub fn shown(&self) -> &[u8] {
        let id = self.id.as_bytes();
        let is_id = id.len() == WHOLE && id.iter().all(u8::is_ascii_hexdigit);
        if is_id { id.get(..SHORT).unwrap_or(id) } else { id }
    }
}

named! {
    /// Who runs containers.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
    #[non_exhaustive]
    pub enum Runtime, name: "The name in JSON and filters." {
        /// Docker.
        Docker = "docker",
        /// podman.
        Podman = "podman",
        /// containerd, for Kubernetes or nerdctl.
        Containerd = "containerd",
        /// CRI-O.
        CriO = "cri-o",
        /// LXC, Incus, LXD.
        Lxc = "lxc",
        /// systemd-nspawn, and others that systemd-machined knows.
        Nspawn = "nspawn",
    }
}

impl Runtime {
    /// The names of all.
    pub(crate) const NAMES: [&str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut place = 0;
        while place < names.len() {
            names[place] = Self::ALL[place].name();
            place += 1;
        }
        names
    };
}
