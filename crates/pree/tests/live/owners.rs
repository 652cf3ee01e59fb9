//! Whose sockets: the hard cases of finding out from /proc, and what is said when it cannot be found out.

use std::ffi::CString;
use std::fs;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::process;
use std::time::Duration;

use pree::source::{ProcessPart, Question, Source, live};
use pree::{
    ErrorKind, Gap, Missing, Needs, OwnerLookup, OwnerSource, Query, Snapshot, Socket, SourceChoice, Unowned,
};
use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::need::kernel_version;
use pree_testkit::{Case, Failed, Family, Need, Population, Truth, hostile, lab, population};

use crate::compare::{self, View, owners};
use crate::meddling::Meddling;
use crate::sys;

pub fn cases() -> Vec<Case> {
    let lab = |name: &str, run: fn() -> Result<(), Failed>| Case::new(name, run).lab().needs(Need::Ipv6);
    vec![
        lab("owners_in_a_private_table", in_a_private_table),
        lab("owners_without_a_leader", without_a_leader),
        lab("owners_that_have_ended_do_not_refuse", ended),
        lab("owners_of_hostile_names", hostile_names),
        lab("owners_all_first_none", all_first_none),
        lab("owners_of_a_named_process", of_a_named_process),
        lab("owners_that_exit_meanwhile", exit_meanwhile),
        lab("owners_whose_pid_is_used_again", pid_used_again),
        lab("owners_without_rights", without_rights),
        lab("owners_behind_hidepid", behind_hidepid).needs(Need::RealRoot),
        lab("owners_without_proc", without_proc),
        lab("owners_in_detail", in_detail),
        lab("owners_where_descriptors_are_not_counted", descriptors_not_counted),
    ]
}

/// From /proc, also where BPF is permitted: `tests/owners_bpf/` is about that.
fn query() -> Query {
    Query::new().owner_source(OwnerSource::Proc)
}

fn collect() -> Result<Snapshot, Failed> {
    Ok(query().stats().owners().collect()?)
}

fn row<'s>(snapshot: &'s Snapshot, truth: &Truth) -> Result<&'s Socket, Failed> {
    let same = |socket: &&Socket| socket.inode.is_some() && socket.inode == truth.inode;
    Ok(snapshot.iter().find(same).ok_or_else(|| format!("no row of {truth}"))?)
}

fn the_gap(snapshot: &Snapshot) -> Result<&Gap, Failed> {
    match snapshot.coverage().gaps() {
        [gap] => Ok(gap),
        _ => Err(format!("one gap, not: {}", snapshot.coverage()).into()),
    }
}

fn in_a_private_table() -> Result<(), Failed> {
    threads(&Holder::start(HolderSpec::thread_private().name(b"private"))?)
}

fn without_a_leader() -> Result<(), Failed> {
    threads(&Holder::start(HolderSpec::zombie_leader().name(b"headless"))?)
}

fn threads(holder: &Holder) -> Result<(), Failed> {
    // One of another process beside it: the second look must not lose what the first found.
    let mut all = population::shared()?;
    holder.truth().iter().for_each(|truth| all.know(truth.clone()));
    for (source, view) in [(SourceChoice::Auto, View::Diag), (SourceChoice::Proc, View::Proc)] {
        let snapshot = query().stats().owners().source(source).collect()?;
        compare::check(all.truth(), snapshot.sockets(), view)?;
        let [truth] = holder.truth() else { return Err("one socket".into()) };
        let [owner] = &row(&snapshot, truth)?.owners[..] else { return Err("one owner".into()) };
        assert_eq!(owner.thread, holder.thread());
        assert!(owner.thread.is_some());
        assert_eq!(Some(owner.process.name.as_bytes()), holder.name());
    }
    Ok(())
}

/// Who has ended and stays as a zombie refuses an ordinary user, which is no lack of rights.
fn ended() -> Result<(), Failed> {
    lab::become_ordinary()?;
    let headless = Holder::start(HolderSpec::zombie_leader())?;
    let (pid, thread) = (headless.pid(), headless.thread().ok_or("no thread")?);
    let fd = headless.truth()[0].owners[0].1;
    // The very thing that reads as a refusal.
    let table = fs::read_dir(format!("/proc/{pid}/fd")).map(drop).map_err(|error| error.kind());
    assert_eq!(table, Err(std::io::ErrorKind::PermissionDenied));
    let mut source = live()?;
    let mut ask =
        |part| source.ask(&Question::Process { pid, part }).map(drop).map_err(|failure| failure.kind());
    assert_eq!(ask(ProcessPart::HeldSocket { thread: 0, fd }), Err(ErrorKind::Absent));
    assert_eq!(ask(ProcessPart::HeldSocket { thread, fd }), Ok(()));
    assert_eq!(ask(ProcessPart::ThreadSockets(thread)), Ok(()));
    // Linux 6.2 tells before that there is none.
    assert!(matches!(ask(ProcessPart::Sockets), Ok(()) | Err(ErrorKind::Absent)));
    Ok(())
}

fn hostile_names() -> Result<(), Failed> {
    let mut all = Population::new();
    let mut holders = Vec::new();
    for name in hostile::NAMES {
        let (socket, mut truth) = listener("listener of a hostile name")?;
        let holder = Holder::start(HolderSpec::hold().name(name).inherit(&socket))?;
        truth.owners = vec![(holder.pid(), socket.number())];
        all.know(truth);
        holders.push(holder);
    }
    assert_eq!(holders.len(), 43);
    let snapshot = collect()?;
    compare::check(all.truth(), snapshot.sockets(), View::Diag)?;
    assert_eq!(all.truth().len(), hostile::NAMES.len());
    for (truth, name) in all.truth().iter().zip(hostile::NAMES) {
        assert_eq!(row(&snapshot, truth)?.owners[0].process.name.as_bytes(), *name);
    }
    assert!(snapshot.coverage().is_complete());
    Ok(())
}

fn listener(label: &'static str) -> Result<(pree_testkit::Socket, Truth), Failed> {
    let socket = pree_testkit::Socket::tcp(Family::V4)?;
    socket.bind((Family::V4.loopback(), 0))?;
    socket.listen(16)?;
    let mut truth = Truth::of(label, &socket, "listen")?;
    truth.listen = Some((0, 16));
    Ok((socket, truth))
}

fn all_first_none() -> Result<(), Failed> {
    let all = population::shared()?;
    let [truth] = all.truth() else { return Err("one socket".into()) };
    assert!(truth.owners.len() >= 5);
    let first = query().owner_lookup(OwnerLookup::First).collect()?;
    let [owner] = owners(row(&first, truth)?)[..] else { return Err("one owner".into()) };
    assert!(truth.owners.contains(&owner));
    let none = query().collect()?;
    let row = row(&none, truth)?;
    assert_eq!((row.owners.len(), row.unowned), (0, None));
    Ok(())
}

/// The process ends before the n-th question, for every n: whoever stays is told, and the answer is complete.
fn of_a_named_process() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    let other = TcpListener::bind("[::1]:0")?;
    let datagrams = UdpSocket::bind("[::1]:0")?;
    let connected = UdpSocket::bind("127.0.0.1:0")?;
    connected.connect(datagrams.local_addr()?.to_string().replace("[::1]", "127.0.0.1"))?;
    let spec = HolderSpec::hold().name(b"named").inherit(&listener).inherit(&server).inherit(&datagrams);
    let holder = Holder::start(spec.inherit(&connected))?;
    let mut expected = Vec::new();
    for socket in [listener.as_fd(), server.as_fd(), datagrams.as_fd(), connected.as_fd()] {
        expected.push(rustix::fs::fstat(socket)?.st_ino);
    }
    expected.sort_unstable();
    for filter in [format!("pid = {}", holder.pid()), "process = named".to_owned()] {
        for push_down in [true, false] {
            for source in [SourceChoice::Diag, SourceChoice::Proc] {
                let query = Query::new().filter(filter.parse()?).push_down(push_down).source(source).owners();
                let snapshot = query.collect()?;
                let mut inodes: Vec<u64> = snapshot.iter().filter_map(|socket| socket.inode).collect();
                inodes.sort_unstable();
                assert_eq!(inodes, expected, "{filter}, {push_down}, {source:?}");
                // We hold them all too, and are not named.
                let pids = snapshot.iter().flat_map(|socket| &socket.owners).map(|owner| owner.pid());
                assert_eq!(pids.collect::<Vec<_>>(), vec![holder.pid(); 4], "{filter}");
            }
        }
    }
    drop((client, other));
    Ok(())
}

fn exit_meanwhile() -> Result<(), Failed> {
    for n in 0.. {
        let (shared, both) = listener("shared with one that exits")?;
        let (lone, alone) = listener("of one that exits")?;
        let holder = Holder::start(HolderSpec::hold().name(b"mortal").inherit(&shared).inherit(&lone))?;
        drop(lone);
        let pid = holder.pid();
        let mut mortal = Some(holder);
        let mut source = Meddling::new(live()?, |asked| {
            if asked == n {
                mortal = None;
            }
        });
        let snapshot = query().stats().owners().collect_from(&mut source)?;
        assert!(snapshot.coverage().is_complete(), "question {n}: {}", snapshot.coverage());
        let here = (process::id(), shared.number());
        let got = owners(row(&snapshot, &both)?);
        assert!(got == [here] || got == [here, (pid, shared.number())], "question {n}: {got:?}");
        // It may be gone, or have been told before, or be there without the one who held it.
        for row in snapshot.iter().filter(|row| row.inode == alone.inode) {
            let got = owners(row);
            let told = got.len() == 1 && got[0].0 == pid && row.unowned.is_none();
            let gone = got.is_empty() && row.unowned == Some(Unowned::NoVisibleHolder);
            assert!(told || gone, "question {n}: {row:?}");
        }
        assert!(snapshot.sockets().len() <= 2, "question {n}: {:?}", snapshot.sockets());
        if source.asked <= n {
            assert_eq!(snapshot.sockets().len(), 2);
            assert!(n > 10, "only {n} questions");
            break;
        }
    }
    Ok(())
}

/// Before the n-th question the process ends and another one gets its pid: nobody gets the other's sockets.
fn pid_used_again() -> Result<(), Failed> {
    let mut reused = 0;
    for n in 0.. {
        let (old, of_first) = listener("of the first process")?;
        let (new, of_second) = listener("of the second process")?;
        let holder = Holder::start(HolderSpec::hold().name(b"first").inherit(&old))?;
        let pid = holder.pid();
        let mut first = Some(holder);
        let mut second = None;
        let mut source = Meddling::new(live()?, |asked| {
            if asked == n {
                first = None;
                fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
                second = Some(Holder::start(HolderSpec::hold().name(b"second").inherit(&new)).unwrap());
            }
        });
        let snapshot = query().stats().owners().collect_from(&mut source)?;
        let asked = source.asked;
        let Some(second) = &second else {
            assert!(asked <= n && n > 10);
            break;
        };
        reused += usize::from(second.pid() == pid);
        for socket in &snapshot {
            for owner in socket.owners.iter().filter(|owner| owner.pid() == pid) {
                let name = if socket.inode == of_first.inode { &b"first"[..] } else { &b"second"[..] };
                assert_eq!(owner.process.name.as_bytes(), name, "question {n}: {socket:?}");
            }
        }
        assert!(owners(row(&snapshot, &of_first)?).contains(&(process::id(), old.number())));
        assert!(owners(row(&snapshot, &of_second)?).contains(&(process::id(), new.number())));
    }
    // The lab's pids are its own: nobody but us takes one.
    assert!(reused > 10, "a pid was used again {reused} times");
    Ok(())
}

/// What belongs to others: workers' listeners, and one in flight. And a listener of our own.
fn of_others_and_own() -> Result<Population, Failed> {
    let mut all = population::workers(Family::V4, 2)?;
    all.merge(population::in_flight(Family::V6)?);
    let (socket, truth) = listener("own listener")?;
    all.keep(socket);
    all.know(truth);
    Ok(all)
}

/// The truth for one who sees only his own descriptors.
fn blind(truth: &[Truth], reason: &'static str) -> Vec<Truth> {
    let own = |truth: &Truth| truth.owners.iter().any(|owner| owner.0 == process::id());
    let hide = |truth: &Truth| match own(truth) {
        true => truth.clone(),
        false => Truth { owners: Vec::new(), unowned: Some(reason), ..truth.clone() },
    };
    truth.iter().map(hide).collect()
}

fn check_blind(all: &Population, why: ErrorKind, hint: &str) -> Result<(), Failed> {
    let other = why != ErrorKind::NotPermitted;
    let reason = if other { "not_looked_up" } else { "not_permitted" };
    let truth = blind(all.truth(), reason);
    let snapshot = collect()?;
    compare::check(&truth, snapshot.sockets(), View::Diag)?;
    let unknown = truth.iter().filter(|truth| truth.unowned == Some(reason)).count() as u64;
    assert!(unknown >= 3);
    let gap = the_gap(&snapshot)?;
    assert_eq!((gap.what, gap.why, gap.count), (Missing::Owners, why, Some(unknown)));
    assert!(gap.hint.contains(hint), "{gap}");
    // Nothing is missing when nobody asks.
    assert!(query().stats().collect()?.coverage().is_complete());
    Ok(())
}

fn without_rights() -> Result<(), Failed> {
    let all = of_others_and_own()?;
    compare::check(all.truth(), collect()?.sockets(), View::Diag)?;
    lab::give_up_rights()?;
    // The table can be listed, the links cannot be read.
    let other = all.truth()[0].owners[0];
    assert!(fs::read_dir(format!("/proc/{}/fd", other.0))?.count() > 0);
    assert!(fs::read_link(format!("/proc/{}/fd/{}", other.0, other.1)).is_err());
    check_blind(&all, ErrorKind::NotPermitted, "CAP_SYS_PTRACE")
}

fn behind_hidepid() -> Result<(), Failed> {
    let all = of_others_and_own()?;
    lab::mount_proc("hidepid=2")?;
    compare::check(all.truth(), collect()?.sockets(), View::Diag)?;
    sys::become_user(65_534)?;
    assert!(fs::read_dir(format!("/proc/{}", all.truth()[0].owners[0].0)).is_err());
    check_blind(&all, ErrorKind::NotPermitted, "hidepid")
}

fn without_proc() -> Result<(), Failed> {
    let mut all = population::workers(Family::V6, 2)?;
    all.merge(population::in_flight(Family::V4)?);
    lab::hide_proc()?;
    check_blind(&all, ErrorKind::Absent, "mount")?;
    let refused = query().source(SourceChoice::Proc).collect().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Absent);
    lab::uncover_proc()?;
    compare::check(all.truth(), collect()?.sockets(), View::Diag)
}

fn in_detail() -> Result<(), Failed> {
    let (mine, truth) = listener("own listener")?;
    let holder = Holder::start(HolderSpec::hold().name(b"with details").inherit(&mine))?;
    let needs = Needs::PROCESS_USER
        | Needs::PROCESS_EXECUTABLE
        | Needs::PROCESS_COMMAND_LINE
        | Needs::PROCESS_CGROUP
        | Needs::OWNERS;
    let snapshot = query().needs(needs).collect()?;
    let owners = &row(&snapshot, &truth)?.owners;
    let mut pids: Vec<u32> = owners.iter().map(pree::Owner::pid).collect();
    pids.sort_unstable();
    assert_eq!(pids, [process::id(), holder.pid()]);
    for owner in owners {
        let process = &*owner.process;
        let file = |name: &str| fs::read(format!("/proc/{}/{name}", process.pid));
        let stat = file("stat")?;
        let name_end = stat.iter().rposition(|byte| *byte == b')').ok_or("a name")?;
        let name_start = stat.iter().position(|byte| *byte == b'(').ok_or("a name")?;
        // From field 3, the state, on.
        let fields: Vec<&str> = std::str::from_utf8(&stat[name_end + 2..])?.split_whitespace().collect();
        assert_eq!(process.name.as_bytes(), &stat[name_start + 1..name_end]);
        assert_eq!(process.parent, Some(fields[4 - 3].parse()?));
        let start = process.start_time.ok_or("a start")?;
        let since_boot = start.since_boot().ok_or("no time since boot")?;
        assert_eq!(since_boot, Duration::from_millis(10 * fields[22 - 3].parse::<u64>()?));
        let boot: u64 = fs::read_to_string("/proc/stat")?
            .lines()
            .find_map(|line| line.strip_prefix("btime ")?.parse().ok())
            .ok_or("a boot time")?;
        let expected = Duration::from_secs(boot) + since_boot;
        let off = start.since_unix_epoch().ok_or("a boot time")?.abs_diff(expected);
        assert!(off < Duration::from_secs(2), "off by {off:?}");

        let exe = fs::read_link(format!("/proc/{}/exe", process.pid))?;
        assert_eq!(process.executable.as_ref().map(AsRef::as_ref), Some(exe.as_os_str().as_bytes()));
        assert_eq!(process.command_line.as_ref().map(AsRef::as_ref), Some(&file("cmdline")?[..]));
        let cgroup = String::from_utf8(file("cgroup")?)?;
        let path = cgroup.lines().find_map(|line| line.strip_prefix("0::"));
        assert_eq!(process.cgroup.as_ref().map(AsRef::as_ref), path.map(str::as_bytes));
        let status = String::from_utf8(file("status")?)?;
        let uids = status.lines().find_map(|line| line.strip_prefix("Uid:")).ok_or("uids")?;
        let uid: u32 = uids.split_whitespace().nth(1).ok_or("an effective uid")?.parse()?;
        assert_eq!(process.uid, Some(uid));
        let passwd = fs::read_to_string("/etc/passwd")?;
        let user = passwd.lines().find_map(|line| {
            let parts: Vec<&str> = line.split(':').collect();
            (parts.get(2)?.parse() == Ok(uid)).then_some(parts[0])
        });
        assert_eq!(process.user.as_ref().map(AsRef::as_ref), user.map(str::as_bytes));
    }
    // Nobody asked: nobody is told.
    let plain = query().owners().collect()?;
    for owner in &row(&plain, &truth)?.owners {
        let process = &*owner.process;
        assert!(process.executable.is_none() && process.command_line.is_none());
        assert!(process.uid.is_none() && process.user.is_none() && process.cgroup.is_none());
    }
    Ok(())
}

/// Since Linux 6.2 the size of an `fd` directory is the number of descriptors, and empty ones are skipped. Here the
/// library's own seems empty, as on older kernels, so it must look into each.
fn descriptors_not_counted() -> Result<(), Failed> {
    let all = population::workers(Family::V4, 1)?;
    let worker = all.truth()[0].owners[0].0;
    let of = |pid: u32, folder: &str| CString::new(format!("/proc/{pid}/{folder}"));
    // A directory of numbers that has size 0 and no links: who looks into it fails, who believes its size does not.
    sys::cover(&of(worker, "fdinfo")?, &of(worker, "fd")?)?;
    assert_eq!(fs::metadata(format!("/proc/{worker}/fd"))?.len(), 0);
    let counted = kernel_version() >= (6, 2);
    let reasons = |snapshot: &Snapshot| snapshot.iter().map(|socket| socket.unowned).collect::<Vec<_>>();
    if counted {
        let snapshot = collect()?;
        assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
        assert_eq!(reasons(&snapshot), [Some(Unowned::NoVisibleHolder); 2]);
    }
    // Any directory of size 0 will do, if it has no numbers.
    sys::cover(&of(process::id(), "ns")?, &of(process::id(), "fd")?)?;
    let snapshot = collect()?;
    assert_eq!(reasons(&snapshot), [Some(Unowned::NotLookedUp); 2]);
    assert_eq!(the_gap(&snapshot)?.what, Missing::Owners);
    sys::uncover(&of(worker, "fd")?)?;
    // Nothing is skipped, and what is there is found.
    let snapshot = collect()?;
    compare::check(all.truth(), snapshot.sockets(), View::Diag)?;
    assert!(snapshot.coverage().is_complete());
    Ok(())
}
