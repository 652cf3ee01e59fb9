//! Layouts of cgroups, as the programs that make them document them.

extern crate std;

use std::format;
use std::string::String;

use super::*;

const A: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const UID: &str = "12345678-1234-1234-1234-123456789abc";
const UID_: &str = "12345678_1234_1234_1234_123456789abc";

/// What a file says, in short: `unit`, `unit of USER`, container, runtime, pod.
fn says(content: &str) -> String {
    let found = Membership::parse(content.as_bytes());
    let text = |text: Option<&[u8]>| {
        text.map_or(String::from("-"), |text| String::from_utf8_lossy(text).replace(A, "A"))
    };
    let user = found.unit_user.map_or(String::new(), |user| format!(" of {user}"));
    let runtime = found.runtime.map_or(String::from("-"), |runtime| format!("{runtime:?}"));
    format!("{}{user} {} {runtime} {}", text(found.unit), text(found.container), text(found.pod))
}

fn check(cases: &[(&str, &str)]) {
    for (path, expected) in cases {
        let path = path.replace("UID_", UID_).replace("UID", UID).replace("ID", A);
        let expected = expected.replace("UID_", UID_).replace("UID", UID);
        // v2 alone; v1 with systemd's hierarchy; both, where v2 is empty and where it is used.
        for content in [
            format!("0::{path}\n"),
            format!("12:pids:{path}\n4:cpu,cpuacct:{path}\n1:name=systemd:{path}\n"),
            format!("3:memory:{path}\n1:name=systemd:{path}\n0::/\n"),
            format!("3:memory:{path}\n1:name=systemd:{path}\n0::{path}\n"),
            format!("0::{path} (deleted)\n"),
            format!("0::/../..{path}"),
        ] {
            assert_eq!(says(&content), expected, "{content}");
        }
    }
}

#[test]
fn units() {
    check(&[
        ("/system.slice/shop.service", "shop.service - - -"),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service - - -"),
        ("/system.slice/cups.socket", "cups.socket - - -"),
        ("/init.scope", "init.scope - - -"),
        ("/user.slice/user-1000.slice/session-3.scope", "session-3.scope - - -"),
        ("/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service - - -"),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/node.service",
            "node.service of 1000 - - -",
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-org.a\\x2db-12.scope",
            "app-gnome-org.a\\x2db-12.scope of 1000 - - -",
        ),
        // What a service delegates to itself is no unit of the manager's.
        ("/system.slice/shop.service/worker.service", "shop.service - - -"),
        ("/system.slice/with space.service", "with space.service - - -"),
        ("/system.slice/_cgroup.service", "cgroup.service - - -"),
        ("/system.slice/.service", "- - - -"),
        ("/user.slice", "- - - -"),
        ("/mine/shop.service", "- - - -"),
        ("/", "- - - -"),
        ("", "- - - -"),
    ]);
}

#[test]
fn containers() {
    check(&[
        ("/docker/ID", "- A Docker -"),
        ("/system.slice/docker-ID.scope", "docker-A.scope A Docker -"),
        // systemd in a container has units of its own.
        ("/docker/ID/system.slice/nginx.service", "- A Docker -"),
        ("/system.slice/docker-ID.scope/init.scope", "docker-A.scope A Docker -"),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/docker-ID.scope",
            "docker-A.scope of 1000 A Docker -",
        ),
        ("/mine/ID", "- A - -"),
        ("/ecs/task/ID", "- A - -"),
        ("/machine.slice/libpod-ID.scope", "libpod-A.scope A Podman -"),
        ("/machine.slice/libpod-ID.scope/container", "libpod-A.scope A Podman -"),
        ("/machine.slice/libpod-conmon-ID.scope", "libpod-conmon-A.scope - - -"),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container",
            "libpod-A.scope of 1000 A Podman -",
        ),
        ("/libpod_parent/libpod-ID", "- A Podman -"),
        ("/libpod_parent/conmon", "- - - -"),
        ("/system.slice/shop.service/libpod-payload-ID", "shop.service A Podman -"),
        ("/machine.slice/machine-libpod_pod_ID.slice/libpod-ID.scope", "libpod-A.scope A Podman A"),
        ("/default/ID", "- A Containerd -"),
        ("/system.slice/nerdctl-ID.scope", "nerdctl-A.scope A Containerd -"),
        ("/lxc/web", "- web Lxc -"),
        ("/lxc/101/ns", "- 101 Lxc -"),
        ("/lxc.payload.web/system.slice/nginx.service", "- web Lxc -"),
        ("/lxc.monitor.web", "- - - -"),
        (
            "/machine.slice/systemd-nspawn@my\\x2dweb.service/payload",
            "systemd-nspawn@my\\x2dweb.service my\\x2dweb Nspawn -",
        ),
        ("/machine.slice/machine-my\\x2dweb.scope", "machine-my\\x2dweb.scope my\\x2dweb Nspawn -"),
        ("/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", "machine-qemu\\x2d1\\x2dvm.scope - - -"),
        // Only alike.
        ("/system.slice/docker-0123.scope", "docker-0123.scope - - -"),
        ("/system.slice/docker.service", "docker.service - - -"),
        ("/docker/web", "- - - -"),
        ("/lxc", "- - - -"),
    ]);
}

#[test]
fn pods() {
    check(&[
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID_.slice/cri-containerd-ID.scope",
            "cri-containerd-A.scope A Containerd UID_",
        ),
        ("/kubepods.slice/kubepods-podUID_.slice/crio-ID.scope", "crio-A.scope A CriO UID_"),
        ("/kubepods.slice/kubepods-podUID_.slice/crio-conmon-ID.scope", "crio-conmon-A.scope - - UID_"),
        ("/kubepods.slice/kubepods-podUID_.slice/docker-ID.scope", "docker-A.scope A Docker UID_"),
        ("/kubepods/besteffort/podUID/ID", "- A - UID"),
        ("/kubepods/pod0123456789abcdef0123456789abcdef/ID", "- A - 0123456789abcdef0123456789abcdef"),
        ("/system.slice/k3s.service/kubepods/podUID/ID", "k3s.service A - UID"),
        (
            "/system.slice/containerd.service/kubepods-burstable-podUID_.slice:cri-containerd:ID",
            "containerd.service A Containerd UID_",
        ),
        // kind: a node is a container too.
        (
            "/docker/ID/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-podUID_.slice/cri-containerd-ID.scope",
            "- A Containerd UID_",
        ),
        ("/system.slice/podcast.service", "podcast.service - - -"),
        ("/podUID", "- - - -"),
    ]);
}

#[test]
fn what_is_no_such_file_says_nothing() {
    for content in ["", "\n", "0", "0:", "0::", ":::", "0::/\n0::/", "x:y:z", "0::/a\u{0}b\n\u{ff}"] {
        assert_eq!(says(content), "- - - -", "{content:?}");
    }
    // Whatever the line is cut to, nothing but what is there is said.
    let whole = format!("0::/system.slice/docker-{A}.scope\n");
    for end in 0..whole.len() - 7 {
        let cut = Membership::parse(&whole.as_bytes()[..end]);
        assert_eq!((cut.unit, cut.container), (None, None), "{end}");
    }
    assert_eq!(Membership::parse(b"0::/system.slice/\xff.service").unit, Some(&b"\xff.service"[..]));
}
