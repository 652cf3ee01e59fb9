//! Holders and churners do what they say.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use pree_testkit::churn::{ChurnSpec, Churner};
use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::oracle::{diag, proc_net};
use pree_testkit::{Case, Failed, Family, Socket, hostile, wait_until};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("holder_names_are_exact", names).lab(),
        Case::new("holder_keeps_what_it_inherits", inherits).lab(),
        Case::new("holder_thread_private", thread_private).lab(),
        Case::new("holder_zombie_leader", zombie_leader).lab(),
        Case::new("holder_many", many).lab(),
        Case::new("churner_churns_and_ends", churner).lab(),
    ]
}

fn names() -> Result<(), Failed> {
    for name in hostile::NAMES {
        assert!(name.len() <= 15 && !name.contains(&0), "{name:?}");
        let holder = Holder::start(HolderSpec::hold().name(name))?;
        let mut comm = fs::read(format!("/proc/{}/comm", holder.pid()))?;
        assert_eq!(comm.pop(), Some(b'\n'));
        assert_eq!(comm, *name);
    }
    Ok(())
}

fn inherits() -> Result<(), Failed> {
    let socket = Socket::tcp(Family::V4)?;
    socket.bind((Family::V4.loopback(), 0))?;
    socket.listen(1)?;
    let inode = socket.inode()?;
    let holder = Holder::start(HolderSpec::hold().inherit(&socket))?;
    drop(socket);
    assert_eq!(sockets_of(&format!("/proc/{}/fd", holder.pid())), [inode]);
    assert!(proc_net::all()?.iter().any(|row| row.inode == inode));
    holder.stop();
    assert!(proc_net::all()?.is_empty());
    Ok(())
}

fn thread_private() -> Result<(), Failed> {
    let holder = Holder::start(HolderSpec::thread_private())?;
    let [truth] = holder.truth() else { return Err("one socket".into()) };
    let (pid, thread) = (holder.pid(), holder.thread().ok_or("a thread")?);
    assert_ne!(pid, thread);
    assert_eq!(sockets_of(&format!("/proc/{pid}/fd")), []);
    assert_eq!(sockets_of(&format!("/proc/{pid}/task/{pid}/fd")), []);
    assert_eq!(Some(sockets_of(&format!("/proc/{pid}/task/{thread}/fd"))[0]), truth.inode);
    let rows = diag::all()?;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (Some(rows[0].inode), Some(rows[0].cookie), rows[0].local),
        (truth.inode, truth.cookie, truth.local)
    );
    Ok(())
}

fn zombie_leader() -> Result<(), Failed> {
    let holder = Holder::start(HolderSpec::zombie_leader().name(b"headless"))?;
    let [truth] = holder.truth() else { return Err("one socket".into()) };
    let (pid, thread) = (holder.pid(), holder.thread().ok_or("a thread")?);
    assert!(fs::read_to_string(format!("/proc/{pid}/stat"))?.contains("(headless) Z"));
    assert_eq!(sockets_of(&format!("/proc/{pid}/fd")), []);
    assert_eq!(Some(sockets_of(&format!("/proc/{pid}/task/{thread}/fd"))[0]), truth.inode);
    holder.stop();
    assert!(proc_net::all()?.is_empty());
    Ok(())
}

fn many() -> Result<(), Failed> {
    let holder = Holder::start(HolderSpec::many(500))?;
    assert_eq!(holder.truth().len(), 500);
    let mut inodes: Vec<u64> = holder.truth().iter().filter_map(|truth| truth.inode).collect();
    inodes.sort_unstable();
    assert_eq!(sockets_of(&format!("/proc/{}/fd", holder.pid())), inodes);
    let mut rows: Vec<u64> = proc_net::all()?.iter().map(|row| row.inode).collect();
    rows.sort_unstable();
    assert_eq!(rows, inodes);
    Ok(())
}

fn churner() -> Result<(), Failed> {
    let mut churner = Churner::start(ChurnSpec::MIXED)?;
    let mut counts = churner.counts()?;
    wait_until("some traffic", || match churner.counts() {
        Ok(now) => {
            counts = now;
            now.connections > 400 && now.others > 400
        }
        Err(_) => false,
    })?;
    assert_eq!(counts.refused, 0);
    let rows = proc_net::all()?;
    assert!(rows.iter().any(|row| row.state == "time_wait"), "{rows:#?}");
    assert!(rows.iter().any(|row| row.state == "established" && row.protocol == "tcp"), "{rows:#?}");
    drop(churner);
    wait_until("nothing but TIME_WAIT", || {
        proc_net::all().is_ok_and(|rows| rows.iter().all(|row| row.state == "time_wait"))
    })
}

/// The inodes of the sockets in a folder of descriptors, sorted; none when it is refused.
fn sockets_of(folder: &str) -> Vec<u64> {
    let mut inodes: Vec<u64> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter_map(|link| {
            let text = std::str::from_utf8(link.as_os_str().as_bytes()).ok()?;
            text.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
        })
        .collect();
    inodes.sort_unstable();
    inodes
}
