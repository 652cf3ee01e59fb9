//! A /proc of another pid namespace than one's own, and one that hides processes: no owner that either source names is
//! lost, ids are those of /proc where we are in it, and what was not looked at is never said to have no holder.

use std::fs;

use pree::{Missing, Namespaces, OwnerSource, Query, Snapshot, Unowned};
use pree_testkit::forked::{self, Forked, told_by};
use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Case, Failed, Family, Need, Socket, lab};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::sys;

pub fn cases() -> Vec<Case> {
    let lab = |name: &str, run: fn() -> Result<(), Failed>| Case::new(name, run).lab().needs(Need::Bpf);
    vec![
        lab("proc_of_an_outer_pid_namespace", outer_proc),
        lab("proc_of_an_inner_pid_namespace", inner_proc),
        lab("proc_of_a_pid_namespace_elsewhere", proc_elsewhere),
        lab("no_proc_in_an_inner_pid_namespace", no_proc),
        lab("hidepid_though_process_1_is_listed", hidepid).needs(Need::RealRoot),
        lab("ids_of_another_namespace_are_not_compared", foreign_ids),
    ]
}

const SOURCES: [OwnerSource; 3] = [OwnerSource::Auto, OwnerSource::Proc, OwnerSource::Bpf];

fn listener() -> Result<Socket, Failed> {
    let socket = Socket::tcp(Family::V4)?;
    socket.bind((Family::V4.loopback(), 0))?;
    socket.listen(1)?;
    Ok(socket)
}

/// A listener that only this other process holds: its inode and the process.
fn held(name: &[u8]) -> Result<(u64, Holder), Failed> {
    let socket = listener()?;
    let holder = Holder::start(HolderSpec::hold().name(name).inherit(&socket))?;
    Ok((socket.inode()?, holder))
}

/// Our id in /proc.
fn id_in_proc() -> Result<u32, Failed> {
    Ok(fs::read_link("/proc/self")?.to_str().ok_or("a number")?.parse()?)
}

/// Whose a socket is by each source: ids of its owners, or the reason.
fn owners(inode: u64) -> Result<[String; 3], Failed> {
    let mut told = Vec::new();
    for source in SOURCES {
        let snapshot = Query::new().owners().owner_source(source).collect()?;
        told.push(shown(&snapshot, inode)?);
    }
    told.try_into().map_err(|_| "three sources".into())
}

fn shown(snapshot: &Snapshot, inode: u64) -> Result<String, Failed> {
    let row = snapshot.iter().find(|row| row.inode == Some(inode)).ok_or("a row")?;
    let ids: Vec<String> = row.owners.iter().map(|owner| owner.pid().to_string()).collect();
    let unknown = snapshot.coverage().gaps().iter().any(|gap| gap.what == Missing::Owners);
    match row.unowned {
        None => Ok(ids.join(" ")),
        Some(reason) => {
            // No right was missing: it is said that it lies with /proc.
            let of_proc = snapshot.coverage().gaps().iter().filter(|gap| gap.hint.contains("/proc"));
            assert!(reason != Unowned::NotLookedUp || of_proc.count() == 1, "{}", snapshot.coverage());
            // Who is not told whose a socket is, is told that something is missing.
            assert_eq!(unknown, reason.is_unknown(), "{}", snapshot.coverage());
            Ok(reason.name().to_owned())
        }
    }
}

/// As `owners` in what another process told.
fn told(auto: &str, proc: &str, bpf: &str) -> [String; 3] {
    [auto, proc, bpf].map(str::to_owned)
}

/// Whether a search for every network namespace says that processes may be hidden.
fn hidden_processes() -> Result<bool, Failed> {
    let snapshot = Query::new().network_namespaces(Namespaces::All).collect()?;
    Ok(snapshot
        .coverage()
        .gaps()
        .iter()
        .any(|gap| gap.what == Missing::Rows && gap.object.contains("hidden processes")))
}

fn outer_proc() -> Result<(), Failed> {
    let (of_outer, holder) = held(b"outside")?;
    let look = || -> Result<String, Failed> {
        let own = listener()?;
        let here = id_in_proc()?.to_string();
        assert_ne!(here, std::process::id().to_string());
        let outside = holder.pid().to_string();
        assert_eq!(owners(of_outer)?, told(&outside, &outside, "not_looked_up"));
        assert!(!hidden_processes()?);
        // The same id whichever source tells it.
        assert_eq!(owners(own.inode()?)?, told(&here, &here, &here));
        // And by that id it is found.
        for (id, inode) in [(&outside, of_outer), (&here, own.inode()?)] {
            let named = Query::new().owners().filter(format!("pid = {id}").parse()?).collect()?;
            assert_eq!(&shown(&named, inode)?, id);
        }
        Ok("all".to_owned())
    };
    assert_eq!(told_by(forked::Namespaces::NEWPID, look)?, "all");
    // Two levels.
    assert_eq!(told_by(forked::Namespaces::NEWPID, || told_by(forked::Namespaces::NEWPID, look))?, "all");
    // What /proc refuses the program tells, by the id that /proc would have; and of who is outside nobody knows.
    let without_rights = || -> Result<String, Failed> {
        let own = Forked::start(forked::Namespaces::empty(), || {
            let own = listener()?;
            Ok((format!("{} {}", own.inode()?, id_in_proc()?), own))
        })?;
        let (inode, id) = own.told().split_once(' ').ok_or("two words")?;
        lab::keep_bpf_rights()?;
        assert_eq!(owners(inode.parse()?)?, told(id, "not_permitted", id));
        assert_eq!(owners(of_outer)?, told("not_permitted", "not_permitted", "not_looked_up"));
        Ok("all".to_owned())
    };
    assert_eq!(told_by(forked::Namespaces::NEWPID, without_rights)?, "all");
    Ok(())
}

/// In a mount namespace of its own, a process that is process 1 of a new pid namespace, whose /proc is mounted, and holds a
/// listener: the listener's inode.
fn inner() -> Result<(u64, Forked), Failed> {
    let inner = Forked::start(forked::Namespaces::NEWPID, || {
        lab::mount_proc("")?;
        let own = listener()?;
        Ok((own.inode()?.to_string(), own))
    })?;
    Ok((inner.told().parse()?, inner))
}

/// Leaves us with the rights for /proc alone.
fn without_bpf() -> Result<(), Failed> {
    let (rights, none) = (CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_READ_SEARCH, CapabilitySet::empty());
    let sets = CapabilitySets { effective: rights, permitted: rights, inheritable: none };
    Ok(rustix::thread::set_capabilities(None, sets)?)
}

fn inner_proc() -> Result<(), Failed> {
    let (of_outer, holder) = held(b"outside")?;
    let outside = holder.pid().to_string();
    let look = || -> Result<String, Failed> {
        let (of_inner, _inner) = inner()?;
        assert!(id_in_proc().is_err());
        assert_eq!(owners(of_outer)?, told(&outside, "not_looked_up", &outside));
        let [auto, proc, bpf] = owners(of_inner)?;
        // Once, by the number that counts here; /proc alone has only its own.
        assert_eq!((auto.as_str(), proc.as_str()), (bpf.as_str(), "1"));
        assert!(bpf.parse::<u32>()? > 1);
        without_bpf()?;
        let alone = Query::new().owners().collect()?;
        assert_eq!(
            (shown(&alone, of_outer)?.as_str(), shown(&alone, of_inner)?.as_str()),
            ("not_looked_up", "1")
        );
        Ok("all".to_owned())
    };
    assert_eq!(told_by(forked::Namespaces::NEWNS, look)?, "all");
    Ok(())
}

/// A /proc that shows nobody of our own pid namespace: each source has owners that the other one has not.
fn proc_elsewhere() -> Result<(), Failed> {
    let look = || -> Result<String, Failed> {
        let (of_other, _other) = inner()?;
        told_by(forked::Namespaces::NEWPID, move || {
            let own = listener()?;
            assert_eq!(owners(of_other)?, told("1", "1", "not_looked_up"));
            assert_eq!(owners(own.inode()?)?, told("1", "not_looked_up", "1"));
            without_bpf()?;
            let alone = Query::new().owners().collect()?;
            assert_eq!(shown(&alone, of_other)?, "1");
            assert_eq!(shown(&alone, own.inode()?)?, "not_looked_up");
            Ok("all".to_owned())
        })
    };
    assert_eq!(told_by(forked::Namespaces::NEWNS, look)?, "all");
    Ok(())
}

fn no_proc() -> Result<(), Failed> {
    let (of_outer, _holder) = held(b"outside")?;
    let look = || -> Result<String, Failed> {
        let own = listener()?;
        lab::hide_proc()?;
        assert_eq!(owners(own.inode()?)?, told("1", "not_looked_up", "1"));
        // Nobody tells of whom the program was not told.
        assert_eq!(owners(of_outer)?, told("not_looked_up", "not_looked_up", "not_looked_up"));
        Ok("all".to_owned())
    };
    assert_eq!(told_by(forked::Namespaces::NEWNS | forked::Namespaces::NEWPID, look)?, "all");
    Ok(())
}

/// Process 1 is our own user's and listed; another user's process is not.
fn hidepid() -> Result<(), Failed> {
    for (option, is_hidden) in [("hidepid=2", true), ("hidepid=4", true), ("hidepid=0", false)] {
        let look = || -> Result<String, Failed> {
            let other = Forked::start(forked::Namespaces::empty(), || {
                let own = listener()?;
                sys::become_user(65_533)?;
                Ok((own.inode()?.to_string(), own))
            })?;
            lab::mount_proc(option)?;
            sys::become_user(65_534)?;
            // As of a program that was started by this user.
            set_dumpable_behavior(DumpableBehavior::Dumpable)?;
            let listed = |id: u32| fs::metadata(format!("/proc/{id}")).is_ok();
            assert!(listed(1));
            assert_eq!(listed(2), !is_hidden);
            let snapshot = Query::new().owners().collect()?;
            assert_eq!(shown(&snapshot, other.told().parse()?)?, "not_permitted");
            let [gap] = snapshot.coverage().gaps() else { return Err("one gap".into()) };
            assert_eq!(gap.hint.contains("hidepid"), is_hidden, "{gap}");
            // Nor is it known in which network namespaces others are.
            assert_eq!(hidden_processes()?, is_hidden);
            Ok("all".to_owned())
        };
        assert_eq!(told_by(forked::Namespaces::NEWNS | forked::Namespaces::NEWPID, look)?, "all", "{option}");
    }
    Ok(())
}

/// Two ids in /proc are, as ids of our own namespace, a process and its thread with one table: whoever compared these
/// would take the other two for such.
fn foreign_ids() -> Result<(), Failed> {
    let private = Holder::start(HolderSpec::thread_private().name(b"private"))?;
    let [truth] = private.truth() else { return Err("one socket".into()) };
    let (pid, thread) = (private.pid(), private.thread().ok_or("a thread")?);
    let inode = truth.inode.ok_or("an inode")?;
    let look = || -> Result<String, Failed> {
        fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string())?;
        let _twin = Forked::start(forked::Namespaces::empty(), || {
            fs::write("/proc/sys/kernel/ns_last_pid", (thread - 1).to_string())?;
            let (tell, ids) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let _ = tell.send(rustix::thread::gettid());
                std::thread::park();
            });
            assert_eq!(ids.recv()?.as_raw_pid().unsigned_abs(), thread);
            assert_eq!(std::process::id(), pid);
            Ok((String::new(), ()))
        })?;
        let snapshot = Query::new().owners().owner_source(OwnerSource::Proc).collect()?;
        let row = snapshot.iter().find(|row| row.inode == Some(inode)).ok_or("a row")?;
        let [owner] = &row.owners[..] else { return Err(format!("one owner: {row:?}").into()) };
        assert_eq!((owner.pid(), owner.thread), (pid, Some(thread)));
        Ok("all".to_owned())
    };
    assert_eq!(told_by(forked::Namespaces::NEWPID, look)?, "all");
    Ok(())
}
