//! `-N` and `--all-netns`: the rows of other network namespaces, and which namespace each row is of.

use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd};

use pree_testkit::link::Namespace;
use pree_testkit::{Case, Failed, Family, Socket, lab};
use serde_json::Value;

use crate::run;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("all_namespaces_and_one", all_and_one).lab(),
        Case::new("namespaces_that_stay_closed_are_told", closed).lab(),
    ]
}

fn listener(port: u16) -> std::io::Result<Socket> {
    let socket = Socket::tcp(Family::V4)?;
    socket.bind((Family::V4.loopback(), port))?;
    socket.listen(1)?;
    Ok(socket)
}

/// A listener on port 7001 here, and one on 7002 in a namespace called `blue`.
fn two() -> Result<[Socket; 2], Failed> {
    let blue = Namespace::new()?;
    File::create("/run/netns/blue")?;
    rustix::mount::mount_bind(format!("/proc/self/fd/{}", blue.as_fd().as_raw_fd()), "/run/netns/blue")?;
    Ok([listener(7001)?, blue.run(|| listener(7002))?])
}

fn all_and_one() -> Result<(), Failed> {
    let _sockets = two()?;
    let lines = |words: &str| -> Result<Vec<String>, Failed> {
        Ok(run::pree(words)?.whole()?.out.lines().map(str::to_owned).collect())
    };
    assert_eq!(lines("--format {sport} -l")?, ["7001"]);
    assert_eq!(lines("--format {sport} -l -N blue")?, ["7002"]);
    assert_eq!(lines("--format {sport} -l -N /run/netns/blue")?, ["7002"]);
    assert_eq!(lines("--format {sport} -l --net=blue")?, ["7002"]);
    assert_eq!(lines("--format {sport}:{netns_name} -l --all-netns")?, ["7001:-", "7002:blue"]);
    assert_eq!(lines("--format {sport} -l --all-netns netns=blue")?, ["7002"]);
    assert_eq!(lines("-l --count --all-netns")?, ["2"]);

    let table = lines("-l --all-netns")?;
    assert!(table[0].contains("NETNS"), "{table:?}");
    assert!(table.iter().any(|line| line.contains(":7002") && line.contains("/blue")), "{table:?}");
    assert!(!table.iter().any(|line| line.contains(":7001") && line.contains("/blue")), "{table:?}");
    assert!(!lines("-l")?[0].contains("NETNS"));

    let inode =
        |path| -> Result<u64, Failed> { Ok(std::os::unix::fs::MetadataExt::ino(&fs::metadata(path)?)) };
    let document: Value = serde_json::from_str(&run::pree("--json -l --all-netns")?.whole()?.out)?;
    assert_eq!(document["complete"], true);
    for (port, name, path) in
        [(7001, Value::Null, "/proc/self/ns/net"), (7002, "blue".into(), "/run/netns/blue")]
    {
        let sockets = document["sockets"].as_array().ok_or("no sockets")?;
        let socket = sockets.iter().find(|s| s["local"]["port"] == port).ok_or("no such row")?;
        assert_eq!(socket["netns"]["name"], name);
        assert_eq!(socket["netns"]["inode"], inode(path)?);
        // The holder is this process, wherever its socket is.
        assert_eq!(socket["owners"][0]["pid"], std::process::id());
    }

    // Commands that say what is not there say where they looked.
    let port = run::pree("port 7002")?.code(1)?.silent()?;
    port.tells("nobody has port 7002 (tcp, udp and udplite in this network namespace)")?;
    let port = lines("port 7002 --all-netns")?;
    assert!(port[0].contains("7002/tcp LISTEN 127.0.0.1 in network namespace blue"), "{port:?}");
    run::pree("port 7003 --all-netns")?.code(1)?.silent()?.tells("in all network namespaces)")?;
    run::pree("port 7001 -N blue")?.code(1)?.silent()?.tells("in network namespace blue)")?;
    run::pree("port 7002 -q --all-netns")?.whole()?;
    let doctor = |words: &str| -> Result<String, Failed> { Ok(lines(words)?.remove(0)) };
    assert_eq!(doctor("doctor")?, "all is well: nothing is a warning or worse in this network namespace");
    assert_eq!(
        doctor("doctor --all-netns")?,
        "all is well: nothing is a warning or worse in all network namespaces"
    );
    let document: Value = serde_json::from_str(&run::pree("doctor --json --all-netns")?.whole()?.out)?;
    assert_eq!(document["looked_at"]["sockets"], 2);

    // A recording of that one, which needs no right and no name to be read.
    run::pree("capture -q -N blue /run/netns/kept")?.whole()?;
    assert_eq!(lines("--replay /run/netns/kept --format {sport} -l")?, ["7002"]);
    Ok(())
}

fn closed() -> Result<(), Failed> {
    let _sockets = two()?;
    lab::give_up_rights()?;
    let answer = run::pree("--format {sport} -l --all-netns --owners none")?.code(3)?;
    assert_eq!(answer.out, "7001\n");
    assert!(answer.err.contains("network namespaces blue): not permitted"), "{}", answer.err);
    run::pree("-l -N blue")?.code(4)?.tells("CAP_SYS_ADMIN")?.silent()?;
    Ok(())
}
