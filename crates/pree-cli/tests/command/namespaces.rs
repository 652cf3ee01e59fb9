//! `-N` and `--all-netns`: the rows of other network namespaces, and which namespace each row is of.

use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::PermissionsExt;

use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::link::Namespace;
use pree_testkit::{Case, Failed, Family, Socket, lab};
use serde_json::Value;

use crate::run;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("all_namespaces_and_one_have_their_rows", all_and_one).lab(),
        Case::new("every_name_of_a_namespace_finds_it_live_and_recorded", several_names).lab(),
        Case::new("namespaces_that_stay_closed_are_told", closed).lab(),
        Case::new("names_of_no_namespace_are_told_from_those_of_closed_ones", no_namespaces).lab(),
        Case::new("many_namespaces_need_few_descriptors", many).lab(),
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
    name(&blue, "/run/netns/blue")?;
    Ok([listener(7001)?, blue.run(|| listener(7002))?])
}

fn name(namespace: &Namespace, path: &str) -> Result<(), Failed> {
    File::create(path)?;
    rustix::mount::mount_bind(format!("/proc/self/fd/{}", namespace.as_fd().as_raw_fd()), path)?;
    Ok(())
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
    run::pree("port 7003 --all-netns")?
        .code(1)?
        .silent()?
        .tells("in all network namespaces that could be found)")?;
    run::pree("port 7001 -N blue")?.code(1)?.silent()?.tells("in network namespace blue)")?;
    run::pree("port 7002 -q --all-netns")?.whole()?;
    let doctor = |words: &str| -> Result<String, Failed> { Ok(lines(words)?.remove(0)) };
    assert_eq!(doctor("doctor")?, "no problems found (looked at 1 socket)");
    assert_eq!(
        doctor("doctor --all-netns")?,
        // Ports and limits are those of each.
        "no problems found, but not everything could be checked"
    );
    let document: Value = serde_json::from_str(&run::pree("doctor --json --all-netns")?.whole()?.out)?;
    assert_eq!(document["looked_at"]["sockets"], 2);

    // A recording of that one, which needs no right and no name to be read.
    run::pree("capture -q -N blue /run/netns/kept")?.whole()?;
    assert_eq!(lines("--replay /run/netns/kept --format {sport} -l")?, ["7002"]);
    Ok(())
}

fn several_names() -> Result<(), Failed> {
    let namespace = Namespace::new()?;
    for path in ["/run/netns/azure", "/run/netns/blue"] {
        name(&namespace, path)?;
    }
    let _sockets = [listener(7001)?, namespace.run(|| listener(7002))?];
    let lines = |words: &str| -> Result<String, Failed> { Ok(run::pree(words)?.whole()?.out) };
    let format = "-l --format {sport}:{netns_name}";
    for (which, shown) in [("azure", "azure"), ("blue", "blue"), ("/run/netns/blue", "blue")] {
        let row = format!("7002:{shown}\n");
        for filter in ["netns=azure", "netns=blue", "netns_name=blue", "netns=a*", "has netns_name"] {
            assert_eq!(lines(&format!("{format} -N {which} {filter}"))?, row, "{which} {filter}");
            assert_eq!(lines(&format!("{format} --all-netns {filter}"))?, "7002:azure\n", "{filter}");
        }
        for filter in ["netns=red", "netns!=azure", "netns!=blue"] {
            assert_eq!(lines(&format!("{format} -N {which} {filter}"))?, "", "{which} {filter}");
        }
        // A recording of it has its names, also one without processes, and answers each question in the same way.
        for owners in ["auto", "none"] {
            let file = format!("/run/netns/{owners}.pree");
            let captured = run::pree(&format!("capture --owners {owners} -N {which} {file}"))?.code(0)?;
            captured.silent()?.tells("kept ")?;
            for filter in ["netns=azure", "netns=blue", "netns_name=blue", ""] {
                let replayed = lines(&format!("{format} --owners none --replay {file} {filter}"))?;
                assert_eq!(replayed, row, "{which} {owners} {filter}");
            }
            assert_eq!(lines(&format!("{format} --owners none --replay {file} netns!=blue"))?, "");
            fs::remove_file(file)?;
        }
    }
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

/// What is said of a name fits what is there.
fn no_namespaces() -> Result<(), Failed> {
    fs::create_dir("/run/closed")?;
    name(&Namespace::new()?, "/run/closed/ns")?;
    File::create("/run/netns/gone")?;
    let check = |which: &str, code, told: &str, not: &str| -> Result<(), Failed> {
        let answer = run::pree(&format!("-l -N {which}"))?.code(code)?.silent()?;
        assert!(answer.err.contains(told) && !answer.err.contains(not), "{which}: {}", answer.err);
        answer.tells("network namespace").map(drop)
    };
    for there in ["/etc/passwd", "/", "gone", "/proc/self/ns/mnt"] {
        check(there, 2, "it is not a network namespace", "no such")?;
    }
    for nothing in ["red", "/run/netns/red", "/etc/passwd/ns", "4294967295"] {
        check(nothing, 2, "pree: no network namespace \"", "what is there")?;
    }
    run::pree("-l -N /run/closed/ns")?.whole()?;
    // A process of before, which one may not trace any more.
    let holder = Holder::start(HolderSpec::hold())?;
    fs::set_permissions("/run/closed", fs::Permissions::from_mode(0o0))?;
    lab::give_up_rights()?;
    check("/run/closed/ns", 4, "a directory on the way is closed to you", "CAP_")?;
    let (number, path) = (holder.pid().to_string(), format!("/proc/{}/ns/net", holder.pid()));
    for (process, says) in
        [(number, "; needs CAP_SYS_PTRACE"), (path, "; a path is opened with your own rights")]
    {
        check(&process, 4, says, "directory")?;
    }
    Ok(())
}

/// More namespaces than descriptors: all are read.
fn many() -> Result<(), Failed> {
    const MANY: usize = 290;
    let mut holders = Vec::new();
    for part in 0..10 {
        let mut inherited = Vec::new();
        for number in 0..MANY / 10 {
            let namespace = Namespace::new()?;
            name(&namespace, &format!("/run/netns/n{part}.{number}"))?;
            inherited.push(namespace.run(|| listener(7000))?);
        }
        // Elsewhere: this process may have few descriptors too.
        let spec = inherited.iter().fold(HolderSpec::hold(), HolderSpec::inherit);
        holders.push(Holder::start(spec)?);
    }
    for limit in [16, 64] {
        let words = "--count -l --all-netns";
        let answer = run::judge(run::shell(&format!("ulimit -n {limit};"), words, "").output()?)?;
        assert_eq!((answer.code, answer.err.as_str(), answer.out.as_str()), (0, "", "290\n"), "{limit}");
    }
    Ok(())
}
