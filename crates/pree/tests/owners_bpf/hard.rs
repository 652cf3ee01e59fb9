//! Where a walk through /proc sees less or is too slow: no /proc, no rights in it, processes that come and go.

use std::collections::HashSet;
use std::{fs, process};

use pree::source::live;
use pree::{ErrorKind, Missing, Origin, Query, Unowned};
use pree_testkit::churn::{ChurnSpec, Churner};
use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Case, Failed, Family, Need, lab, population};

use crate::compare::{self, View, owners};
use crate::meddling::Meddling;
use crate::{by_program, by_walk};

pub fn cases() -> Vec<Case> {
    let lab = |name: &str, run: fn() -> Result<(), Failed>| {
        Case::new(name, run).lab().needs(Need::Bpf).needs(Need::Ipv6)
    };
    vec![
        lab("without_proc", without_proc),
        lab("beside_churn", beside_churn).needs(Need::BoundInactive),
        lab("exit_meanwhile", exit_meanwhile),
        lab("pid_used_again", pid_used_again),
        lab("without_rights", without_rights),
        lab("an_end_in_common", end_in_common),
    ]
}

fn without_proc() -> Result<(), Failed> {
    let mut all = population::workers(Family::V6, 2)?;
    all.merge(population::shared()?);
    let before = by_walk().stats().collect()?;
    lab::hide_proc()?;
    for query in [by_program(), Query::new().owners()] {
        let snapshot = query.stats().collect()?;
        assert_eq!(snapshot.coverage().owners_origin(), Some(Origin::Bpf));
        assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
        compare::check(all.truth(), snapshot.sockets(), View::Diag)?;
        for socket in &snapshot {
            let same = before.iter().find(|other| other.inode == socket.inode).ok_or("a row")?;
            assert_eq!(crate::owners_of(socket), crate::owners_of(same));
        }
    }
    // The program is not told of everybody: that nobody holds a socket is not proven, whatever is asked for.
    let unheld = population::in_flight(Family::V4)?;
    let inodes: Vec<_> = unheld.truth().iter().filter(|truth| truth.owners.is_empty()).collect();
    assert_eq!(inodes.len(), 1);
    for filter in ["", "unowned = no_visible_holder", "unowned != no_visible_holder", "has unowned"] {
        for query in [by_program(), Query::new().owners()] {
            let snapshot = query.tcp().udp().filter(filter.parse()?).collect()?;
            let row = snapshot.iter().find(|row| row.inode == inodes[0].inode);
            let reason = row.and_then(|row| row.unowned);
            assert_eq!(reason, filter.is_empty().then_some(Unowned::NotLookedUp), "{filter}");
            let [gap] = snapshot.coverage().gaps() else {
                return Err(format!("{}", snapshot.coverage()).into());
            };
            let what = if filter.is_empty() { Missing::Owners } else { Missing::Rows };
            assert_eq!((gap.what, gap.why, gap.count), (what, ErrorKind::Absent, Some(1)), "{filter}: {gap}");
        }
    }
    Ok(())
}

/// What stays keeps its owners, and what comes and goes is never somebody else's.
fn beside_churn() -> Result<(), Failed> {
    let mut all = population::listeners()?;
    all.merge(population::connections()?);
    all.merge(population::shared()?);
    let stays: HashSet<u64> = all.truth().iter().filter_map(|truth| truth.inode).collect();
    let mut churner = Churner::start(ChurnSpec { open: 64, ..ChurnSpec::MIXED })?;
    let mut strangers = 0;
    for run in 0..60 {
        let snapshot = by_program().collect()?;
        for truth in all.truth() {
            let row = snapshot.iter().find(|row| row.inode == truth.inode);
            let row = row.ok_or_else(|| format!("run {run}: no row of {truth}"))?;
            let mut expected = truth.owners.clone();
            let mut got = owners(row);
            expected.sort_unstable();
            got.sort_unstable();
            assert_eq!(got, expected, "run {run}: {truth}");
        }
        for row in snapshot.iter().filter(|row| row.inode.is_some_and(|inode| !stays.contains(&inode))) {
            strangers += row.owners.len();
            assert!(row.owners.iter().all(|owner| owner.pid() == churner.pid()), "run {run}: {row:?}");
        }
    }
    assert!(strangers > 60, "only {strangers} sockets of the churner had an owner");
    assert!(churner.counts()?.connections > 100);
    Ok(())
}

/// The process ends before the n-th question, for every n: whoever stays is told.
fn exit_meanwhile() -> Result<(), Failed> {
    for n in 0.. {
        let shared = pree_testkit::Socket::tcp(Family::V4)?;
        shared.bind((Family::V4.loopback(), 0))?;
        shared.listen(16)?;
        let inode = shared.inode()?;
        let holder = Holder::start(HolderSpec::hold().name(b"mortal").inherit(&shared))?;
        let pid = holder.pid();
        let mut mortal = Some(holder);
        let mut source = Meddling::new(live()?, |asked| {
            if asked == n {
                mortal = None;
            }
        });
        let snapshot = by_program().needs(pree::Needs::PROCESS_EXECUTABLE).collect_from(&mut source)?;
        assert!(snapshot.coverage().is_complete(), "question {n}: {}", snapshot.coverage());
        let row = snapshot.iter().find(|row| row.inode == Some(inode)).ok_or("a row")?;
        let here = (process::id(), shared.number());
        let got = owners(row);
        assert!(got == [here] || got == [here, (pid, shared.number())], "question {n}: {got:?}");
        if n == 0 {
            assert_eq!(got, [here]);
        }
        for owner in row.owners.iter().filter(|owner| owner.pid() == pid) {
            assert_eq!(owner.process.name.as_bytes(), b"mortal");
        }
        if source.asked <= n {
            assert_eq!(got.len(), 2);
            assert!(n > 5, "only {n} questions");
            break;
        }
    }
    Ok(())
}

/// Before the n-th question the process ends and another one gets its pid: nobody gets the other's name or program.
fn pid_used_again() -> Result<(), Failed> {
    let mut reused = 0;
    for n in 0.. {
        let open = || -> Result<_, Failed> {
            let socket = pree_testkit::Socket::tcp(Family::V4)?;
            socket.bind((Family::V4.loopback(), 0))?;
            socket.listen(16)?;
            Ok(socket)
        };
        let (old, new) = (open()?, open()?);
        let holder = Holder::start(HolderSpec::hold().name(b"first").inherit(&old))?;
        let pid = holder.pid();
        let (mut first, mut second) = (Some(holder), None);
        let mut source = Meddling::new(live()?, |asked| {
            if asked == n {
                first = None;
                // The start of a process is told in ticks of 10 ms: let the next one have another.
                std::thread::sleep(std::time::Duration::from_millis(20));
                fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
                second = Some(Holder::start(HolderSpec::hold().name(b"second").inherit(&new)).unwrap());
            }
        });
        let needs = pree::Needs::PROCESS_COMMAND_LINE | pree::Needs::PROCESS_USER;
        let snapshot = by_program().needs(needs).collect_from(&mut source)?;
        let asked = source.asked;
        let Some(second) = &second else {
            assert!(asked <= n && n > 5);
            break;
        };
        reused += usize::from(second.pid() == pid);
        let start = started(pid)?;
        for (socket, name) in [(&old, &b"first"[..]), (&new, b"second")] {
            let inode = socket.inode()?;
            let row = snapshot.iter().find(|row| row.inode == Some(inode)).ok_or("a row")?;
            assert!(owners(row).contains(&(process::id(), socket.number())));
            for owner in row.owners.iter().filter(|owner| owner.pid() == pid) {
                assert_eq!(owner.process.name.as_bytes(), name, "question {n}: {row:?}");
                let is_second = owner.process.start_time.and_then(|start| start.since_boot()) == Some(start);
                assert_eq!(is_second, second.pid() == pid && name == b"second", "question {n}: {row:?}");
            }
        }
    }
    // The lab's pids are its own: nobody but us takes one.
    assert!(reused > 5, "a pid was used again {reused} times");
    Ok(())
}

/// Field 22 of the process's `stat`.
fn started(pid: u32) -> Result<std::time::Duration, Failed> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after = stat.rsplit(')').next().ok_or("a name")?;
    let ticks: u64 = after.split_whitespace().nth(22 - 3).ok_or("22 fields")?.parse()?;
    Ok(std::time::Duration::from_millis(10 * ticks))
}

/// The program is refused with the rights it takes; without being forced it is left out.
fn without_rights() -> Result<(), Failed> {
    let all = population::shared()?;
    compare::check(all.truth(), by_program().stats().collect()?.sockets(), View::Diag)?;
    lab::give_up_rights()?;
    let error = by_program().collect().unwrap_err();
    assert_eq!((error.kind(), error.errno()), (ErrorKind::NotPermitted, Some(1)));
    assert!(error.hint().is_some_and(|hint| hint.contains("CAP_BPF and CAP_PERFMON")), "{error}");
    // Nobody is asked, nobody refuses.
    assert!(Query::new().owner_source(pree::OwnerSource::Bpf).collect().is_ok());
    let snapshot = Query::new().owners().collect()?;
    assert_eq!(snapshot.coverage().owners_origin(), Some(Origin::Proc));
    let [row] = snapshot.sockets() else { return Err("one row".into()) };
    assert!(row.owners.iter().any(|owner| owner.pid() == process::id()));
    assert_ne!(row.unowned, Some(Unowned::NoVisibleHolder));
    Ok(())
}

/// Clients have one end in common, to which many descriptors lead: its own row tells them all, theirs some, and it is said.
fn end_in_common() -> Result<(), Failed> {
    let name = pree_testkit::fresh_path("common")?;
    let server = std::os::unix::net::UnixDatagram::bind(&name)?;
    let copies: Vec<_> = (0..99).map(|_| server.try_clone()).collect::<Result<_, _>>()?;
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let client = std::os::unix::net::UnixDatagram::unbound()?;
            client.connect(&name)?;
            Ok(client)
        })
        .collect::<std::io::Result<_>>()?;
    fs::remove_file(&name)?;
    let inode =
        |socket: &std::os::unix::net::UnixDatagram| Ok::<_, Failed>(rustix::fs::fstat(socket)?.st_ino);
    for query in [by_program(), by_walk()] {
        let snapshot = query.protocols(pree::Protocols::UNIX).collect()?;
        let of = |wanted: u64| snapshot.iter().find(|row| row.inode == Some(wanted)).ok_or("a row");
        assert_eq!(of(inode(&server)?)?.owners.len(), 1 + copies.len());
        for client in &clients {
            let row = of(inode(client)?)?;
            let peer = row.peer.as_ref().ok_or("another end")?;
            assert_eq!((row.owners.len(), peer.inode, peer.owners.len()), (1, Some(inode(&server)?), 64));
        }
        assert!(snapshot.coverage().notes().iter().any(|note| note.contains("64 owners")));
    }
    Ok(())
}
