//! `cgroup`: the kernel knows in which cgroup (v2) a socket was made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pree::{Filter, Query, SourceChoice};
use pree_testkit::need::tool;
use pree_testkit::{Failed, Family, Socket};

/// Where pree looks for the tree; on this machine something else may be mounted there.
const ROOT: &str = "/sys/fs/cgroup";

/// A cgroup of our own, gone at the end.
struct Group(PathBuf);

impl Group {
    fn new(parent: &Path) -> Result<Self, Failed> {
        let path = parent
            .join(format!("pree-filter-test-{}", fs::read_to_string("/proc/sys/kernel/random/uuid")?.trim()));
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

fn enter(group: &Path) -> Result<(), Failed> {
    let file = group.join("cgroup.procs");
    Ok(fs::write(&file, "0").map_err(|error| format!("{}: {error}", file.display()))?)
}

pub fn run() -> Result<(), Failed> {
    let mount = tool("mount").ok_or("no mount")?;
    let done = Command::new(mount).args(["-t", "cgroup2", "none", ROOT]).status()?;
    assert!(done.success(), "mount: {done}");
    let own = fs::read_to_string("/proc/self/cgroup")?;
    let own = own.lines().find_map(|line| line.strip_prefix("0::")).ok_or("no cgroup v2")?.to_owned();
    let home = Path::new(ROOT).join(own.trim_start_matches('/'));
    let group = Group::new(&home)?;

    let listen = |port: u16| -> Result<Socket, Failed> {
        let socket = Socket::tcp(Family::V4)?;
        socket.bind((Family::V4.loopback(), port))?;
        socket.listen(4)?;
        Ok(socket)
    };
    let outside = listen(1000)?;
    enter(&group.0)?;
    let inside = listen(1001)?;
    let udp = Socket::udp(Family::V6)?;
    udp.bind((Family::V6.loopback(), 1002))?;
    enter(&home)?;
    // It is where it was made that counts.
    let client = Socket::tcp(Family::V4)?;
    client.bind((Family::V4.loopback(), 1003))?;
    client.connect(inside.local()?)?;
    let server = inside.accept()?;
    // And what TIME_WAIT leaves has none.
    let gone = Socket::tcp(Family::V4)?;
    gone.bind((Family::V4.loopback(), 1004))?;
    gone.connect(outside.local()?)?;
    let other = outside.accept()?;
    drop(gone);
    drop(other);

    let below = group.0.strip_prefix(ROOT)?.to_str().ok_or("path")?.to_owned();
    let full = group.0.to_str().ok_or("path")?.to_owned();
    let ports = |text: &str, change: fn(Query) -> Query| -> Result<Vec<u16>, Failed> {
        let snapshot = change(Query::new().filter(text.parse::<Filter>()?)).collect()?;
        let mut ports: Vec<u16> = snapshot.iter().filter_map(|socket| socket.local.port()).collect();
        ports.sort_unstable();
        Ok(ports)
    };
    for (text, expected) in [
        (format!("cgroup = /{below}"), &[1001, 1001, 1002][..]),
        (format!("cgroup = {below}"), &[1001, 1001, 1002]),
        (format!("cgroup {full}"), &[1001, 1001, 1002]),
        (format!("cgroup = /{below} and sport = 1001"), &[1001, 1001]),
        (format!("cgroup = /{below} or sport = 1000"), &[1000, 1001, 1001, 1002]),
        // Unknown of TIME_WAIT either way.
        (format!("cgroup != /{below}"), &[1000, 1003]),
        (format!("not cgroup = /{below} state != listen"), &[1003]),
        (format!("cgroup = \"{}\"", own), &[1000, 1003]),
        (format!("cgroup = \"{}\",/{below}", own), &[1000, 1001, 1001, 1002, 1003]),
        ("has cgroup".to_owned(), &[1000, 1001, 1001, 1002, 1003]),
        ("not has cgroup".to_owned(), &[1004]),
    ] {
        assert_eq!(ports(&text, |query| query)?, expected, "{text}");
        assert_eq!(ports(&text, |query| query.push_down(false))?, expected, "{text} not pushed down");
    }
    let through_proc =
        Query::new().filter(format!("cgroup = /{below}").parse()?).source(SourceChoice::Proc).collect()?;
    assert!(
        through_proc.sockets().is_empty() && through_proc.coverage().lacks_rows(),
        "/proc does not tell it"
    );
    let output = Command::new(tool("ss").ok_or("no ss")?).args(["-Htan", "cgroup", &full]).output()?;
    let lines = String::from_utf8_lossy(&output.stdout).lines().count();
    assert_eq!(lines, 2, "{output:?}");
    drop((udp, client, server));
    Ok(())
}
