//! What the names of a process's cgroups say of it.

use pree_wire::cgroup::{self, Membership};
use pree_wire::proc_pid;

use crate::model::{Container, Process, Runtime, Text, Unit};

/// From the content of /proc/PID/cgroup.
pub(crate) fn add_membership(process: &mut Process, content: &[u8]) {
    process.cgroup = proc_pid::cgroup_v2_path(content).map(Text::from);
    let found = Membership::parse(content);
    process.unit = found.unit.map(|name| Unit::new(name, found.unit_user));
    process.container = found.container.map(|name| {
        let name = if found.is_escaped { unescaped(name) } else { name.to_vec() };
        Container::new(name, found.runtime.and_then(runtime))
    });
    let dashed =
        |id: &[u8]| id.iter().map(|byte| if *byte == b'_' { b'-' } else { *byte }).collect::<Vec<u8>>();
    process.pod = found.pod.map(|id| Text::from(dashed(id)));
}

fn runtime(runtime: cgroup::Runtime) -> Option<Runtime> {
    Some(match runtime {
        cgroup::Runtime::Docker => Runtime::Docker,
        cgroup::Runtime::Podman => Runtime::Podman,
        cgroup::Runtime::Containerd => Runtime::Containerd,
        cgroup::Runtime::CriO => Runtime::CriO,
        cgroup::Runtime::Lxc => Runtime::Lxc,
        cgroup::Runtime::Nspawn => Runtime::Nspawn,
        _ => return None,
    })
}

/// systemd-escape(1): `\x2d` is a byte.
fn unescaped(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let [first, after @ ..] = rest {
        let byte = rest
            .strip_prefix(b"\\x")
            .and_then(|hex| hex.get(..2).filter(|hex| hex.iter().all(u8::is_ascii_hexdigit)))
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        let (byte, length) = byte.map_or((*first, 1), |byte| (byte, 4));
        out.push(byte);
        rest = after.get(length - 1..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_people_gave_them() {
        for (escaped, name) in [
            ("my\\x2dweb", "my-web"),
            ("a\\x2db\\x40c", "a-b@c"),
            ("\\x2", "\\x2"),
            ("\\xzz", "\\xzz"),
            ("\\x+1", "\\x+1"),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&unescaped(escaped.as_bytes())), name);
        }
    }

    #[test]
    fn ids_are_as_their_runtimes_show_them() {
        let id = "0123456789abcdef".repeat(4);
        let mut process = Process::default();
        let pod = "12345678_1234_1234_1234_123456789abc";
        let path = format!("0::/kubepods.slice/kubepods-pod{pod}.slice/crio-{id}.scope\n");
        add_membership(&mut process, path.as_bytes());
        let container = process.container.unwrap();
        assert_eq!((container.shown(), container.id.as_bytes()), (&b"0123456789ab"[..], id.as_bytes()));
        assert_eq!(container.runtime, Some(Runtime::CriO));
        assert_eq!(process.pod.unwrap().as_bytes(), pod.replace('_', "-").as_bytes());
    }
}
