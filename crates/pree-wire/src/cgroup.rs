//! What a process belongs to, by the names of its cgroups in /proc/PID/cgroup: a unit of systemd, a container, a pod.
//!
//! Names are conventions of the programs that make cgroups, listed below with where each is from. What follows none of them is
//! not known, and never guessed from something alike.

/// Length of a container's id in hex, as docker, podman, containerd and CRI-O make them.
const ID: usize = 64;

/// Who runs a container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Runtime {
    /// Docker, moby.
    Docker,
    /// podman, libpod.
    Podman,
    /// containerd, through Kubernetes or nerdctl.
    Containerd,
    /// CRI-O.
    CriO,
    /// LXC, Incus, LXD.
    Lxc,
    /// systemd-nspawn, and containers that systemd-machined knows.
    Nspawn,
}

/// What the cgroups of a process say. Texts are as they are in the path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Membership<'a> {
    /// The unit of systemd: `shop.service`, `session-3.scope`. Of a user's manager, that one's unit.
    pub unit: Option<&'a [u8]>,
    /// Of a unit of a user's manager, the user's id.
    pub unit_user: Option<u32>,
    /// The innermost container: its id, or where `is_escaped` its name as systemd escapes it.
    pub container: Option<&'a [u8]>,
    /// Whether `\x2d` stands for a dash in the container's name.
    pub is_escaped: bool,
    /// Who runs it, where its name says so.
    pub runtime: Option<Runtime>,
    /// The pod's id; `_` can stand for `-`.
    pub pod: Option<&'a [u8]>,
}

impl<'a> Membership<'a> {
    /// From the file's content: a line a hierarchy, `0::PATH` for v2, `1:name=systemd:PATH` or `4:memory:PATH` for v1. Both can be there.
    pub fn parse(content: &'a [u8]) -> Self {
        let mut all = Self::default();
        for line in content.split(|byte| *byte == b'\n') {
            let mut parts = line.splitn(3, |byte| *byte == b':');
            let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            let found = Self::of(path.strip_suffix(b" (deleted)").unwrap_or(path));
            if matches!(controllers, b"" | b"name=systemd") && all.unit.is_none() {
                (all.unit, all.unit_user) = (found.unit, found.unit_user);
            }
            if found.container.is_some() && all.runtime.is_none() {
                (all.container, all.is_escaped, all.runtime) =
                    (found.container, found.is_escaped, found.runtime);
            }
            all.pod = all.pod.or(found.pod);
        }
        all
    }

    /// Of one path.
    fn of(path: &'a [u8]) -> Self {
        let mut found = Self::default();
        let (mut before, mut is_in_kubepods) = (&b""[..], false);
        // Units are those of the manager at the top: not below what no manager made, such as /docker/ID.
        let mut may_be_unit = true;
        for name in path.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b"..")) {
            // systemd puts it before names that the kernel could mistake for files of its own.
            let name = name.strip_prefix(b"_").unwrap_or(name);
            is_in_kubepods |= name.windows(8).any(|part| part == b"kubepods");
            let container = Container::of(name, before);
            if may_be_unit && is_unit(name) {
                found.add_unit(name);
            } else if !name.ends_with(b".slice") && found.unit.is_none() {
                may_be_unit = false;
            }
            if let Some(Container { name, is_escaped, runtime }) = container {
                (found.container, found.is_escaped, found.runtime) = (Some(name), is_escaped, runtime);
            }
            found.pod = pod(name, is_in_kubepods).or(found.pod);
            before = name;
        }
        found
    }

    fn add_unit(&mut self, name: &'a [u8]) {
        match self.unit {
            None => self.unit = Some(name),
            // Below a user's manager, unless it is the manager itself. What is below other units is theirs.
            Some(unit) if self.unit_user.is_none() && name != b"init.scope" => {
                if let Some(user) = manager_of(unit) {
                    (self.unit, self.unit_user) = (Some(name), Some(user));
                }
            }
            Some(_) => {}
        }
    }
}

/// systemd.unit(5): units that have processes.
fn is_unit(name: &[u8]) -> bool {
    let suffixes = [&b".service"[..], b".scope", b".socket", b".mount", b".swap"];
    suffixes.iter().any(|suffix| name.strip_suffix(*suffix).is_some_and(|stem| !stem.is_empty()))
}

/// `user@1000.service`
fn manager_of(unit: &[u8]) -> Option<u32> {
    let id = unit.strip_prefix(b"user@")?.strip_suffix(b".service")?;
    crate::bytes::decimal(id).and_then(|id| u32::try_from(id).ok())
}

struct Container<'a> {
    name: &'a [u8],
    is_escaped: bool,
    runtime: Option<Runtime>,
}

/// Prefixes of cgroups with ids behind them: moby `daemon/cgroups`, containers/podman `libpod/container_internal_linux.go`, containerd
/// `pkg/cri`, nerdctl `pkg/cmd/container`, CRI-O `internal/config/cgmgr`. The monitors beside (`libpod-conmon-`, `crio-conmon-`) are in no
/// container.
const PREFIXES: &[(&[u8], Runtime)] = &[
    (b"docker-", Runtime::Docker),
    (b"libpod-payload-", Runtime::Podman),
    (b"libpod-", Runtime::Podman),
    (b"cri-containerd-", Runtime::Containerd),
    (b"cri-containerd:", Runtime::Containerd),
    (b"nerdctl-", Runtime::Containerd),
    (b"crio-", Runtime::CriO),
    (b"crio:", Runtime::CriO),
];

/// Cgroups above those that are called by the id alone.
const ABOVE: &[(&[u8], Runtime)] = &[
    (b"docker", Runtime::Docker),
    (b"libpod_parent", Runtime::Podman),
    (b"default", Runtime::Containerd),
    (b"k8s.io", Runtime::Containerd),
];

impl<'a> Container<'a> {
    fn of(name: &'a [u8], before: &[u8]) -> Option<Self> {
        let plain = |name, runtime| Some(Self { name, is_escaped: false, runtime });
        if let Some(machine) = machine(name, before) {
            return Some(Self { name: machine, is_escaped: true, runtime: Some(Runtime::Nspawn) });
        }
        if let Some(name) = name.strip_prefix(b"lxc.payload.").filter(|name| !name.is_empty()) {
            return plain(name, Some(Runtime::Lxc));
        }
        if matches!(before, b"lxc" | b"lxc.payload") {
            return plain(name, Some(Runtime::Lxc));
        }
        let stem = name.strip_suffix(b".scope").unwrap_or(name);
        if is_id(stem) {
            let runtime = ABOVE.iter().find(|(above, _)| *above == before).map(|(_, runtime)| *runtime);
            return plain(stem, runtime);
        }
        // runc's form for systemd, `SLICE:PREFIX:ID`, where it was used as a plain path.
        let stem = stem.iter().position(|byte| *byte == b':').map_or(stem, |colon| &stem[colon + 1..]);
        let of_prefix = |(prefix, runtime): &(&[u8], Runtime)| {
            stem.strip_prefix(*prefix).filter(|id| is_id(id)).map(|id| (id, *runtime))
        };
        let (id, runtime) = PREFIXES.iter().find_map(of_prefix)?;
        plain(id, Some(runtime))
    }
}

/// systemd-nspawn(1), systemd-machined(8). Virtual machines are no containers.
fn machine<'a>(name: &'a [u8], before: &[u8]) -> Option<&'a [u8]> {
    let nspawn = name.strip_prefix(b"systemd-nspawn@").and_then(|rest| rest.strip_suffix(b".service"));
    let scope = name.strip_prefix(b"machine-").and_then(|rest| rest.strip_suffix(b".scope"));
    let scope = scope.filter(|rest| before == b"machine.slice" && !rest.starts_with(b"qemu"));
    nspawn.or(scope).filter(|name| !name.is_empty())
}

fn is_id(text: &[u8]) -> bool {
    text.len() == ID && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The id of a pod: of Kubernetes (`kubepods-burstable-podUID.slice`, `podUID`; a UUID, or of static pods 32 digits) or of podman.
fn pod(name: &[u8], is_in_kubepods: bool) -> Option<&[u8]> {
    let end =
        name.iter().position(|byte| *byte == b':').map_or(name, |colon| name.get(..colon).unwrap_or(name));
    let stem = end.strip_suffix(b".slice").unwrap_or(end);
    let after = |mark: &[u8]| {
        let at = stem.windows(mark.len()).rposition(|part| part == mark)?;
        stem.get(at + mark.len()..)
    };
    if let Some(id) = after(b"libpod_pod_").filter(|id| is_id(id)) {
        return Some(id);
    }
    let id = stem.strip_prefix(b"pod").or_else(|| after(b"-pod")).filter(|_| is_in_kubepods)?;
    let is_of_uuid = |byte: &u8| matches!(byte, b'-' | b'_') || byte.is_ascii_hexdigit();
    (matches!(id.len(), 32 | 36) && id.iter().all(is_of_uuid)).then_some(id)
}

#[cfg(test)]
mod tests;
