//! One quiet population, two ways, one answer; and the same through a recording.

use pree::source::{Recorder, live};
use pree::{Missing, Needs, Origin, Query, Snapshot, Socket, Unowned};
use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Case, Failed, Family, Need, Population, hostile, population};

use crate::compare::{self, View};
use crate::{by_program, by_walk};

pub fn cases() -> Vec<Case> {
    let lab = |name: &str, run: fn() -> Result<(), Failed>| {
        Case::new(name, run).lab().needs(Need::Bpf).needs(Need::Ipv6)
    };
    vec![
        lab("same_owners", same_owners).needs(Need::Veth).needs(Need::BoundInactive),
        lab("same_hostile_names", hostile_names),
        lab("same_tables_of_threads", tables_of_threads),
        lab("same_details", details),
        lab("same_of_one_port", of_one_port),
        lab("many_processes", many_processes),
        lab("same_from_a_recording", recording),
    ]
}

/// Both ways tell the truth, and the same to the last detail.
fn check(all: &Population, more: Needs) -> Result<Snapshot, Failed> {
    let program = by_program().stats().needs(more).collect()?;
    assert_eq!(program.coverage().owners_origin(), Some(Origin::Bpf));
    compare::check(all.truth(), program.sockets(), View::Diag)?;
    assert!(program.coverage().is_complete(), "{}", program.coverage());
    let walk = by_walk().stats().needs(more).collect()?;
    assert_eq!(walk.coverage().owners_origin(), Some(Origin::Proc));
    same(program.sockets(), walk.sockets());
    Ok(program)
}

/// The same sockets with the same owners, in the same order.
fn same(program: &[Socket], walk: &[Socket]) {
    assert_eq!(program.len(), walk.len());
    assert!(!program.is_empty());
    for socket in program {
        let other = walk.iter().find(|other| other.kernel_id == socket.kernel_id).unwrap();
        assert_eq!(crate::owners_of(socket), crate::owners_of(other), "{socket:?}");
        assert_eq!(socket.unowned, other.unowned);
    }
}

fn same_owners() -> Result<(), Failed> {
    let mut all = population::listeners()?;
    for more in [
        population::connections()?,
        population::bound_only()?,
        population::shared()?,
        population::workers(Family::V6, 3)?,
        population::accept_queue(Family::V6)?,
        population::udp()?,
        population::states(Family::V4)?,
    ] {
        all.merge(more);
    }
    check(&all, Needs::empty())?;
    // What nobody is seen to hold, the program alone does not prove to be nobody's.
    let unheld = population::in_flight(Family::V4)?;
    let inode = unheld.truth().iter().find(|truth| truth.owners.is_empty()).ok_or("one in flight")?.inode;
    for (query, reason) in [
        (by_program(), Unowned::NotLookedUp),
        (by_walk(), Unowned::NoVisibleHolder),
        (Query::new().owners(), Unowned::NoVisibleHolder),
    ] {
        let snapshot = query.collect()?;
        let row = snapshot.iter().find(|row| row.inode == inode).ok_or("a row")?;
        assert_eq!(row.unowned, Some(reason));
        assert_eq!(snapshot.coverage().is_complete(), reason == Unowned::NoVisibleHolder);
    }
    Ok(())
}

fn listener(label: &'static str) -> Result<(pree_testkit::Socket, pree_testkit::Truth), Failed> {
    let socket = pree_testkit::Socket::tcp(Family::V4)?;
    socket.bind((Family::V4.loopback(), 0))?;
    socket.listen(16)?;
    let mut truth = pree_testkit::Truth::of(label, &socket, "listen")?;
    truth.listen = Some((0, 16));
    Ok((socket, truth))
}

fn hostile_names() -> Result<(), Failed> {
    let mut all = Population::new();
    for name in hostile::NAMES {
        let (socket, mut truth) = listener("listener of a hostile name")?;
        let holder = Holder::start(HolderSpec::hold().name(name).inherit(&socket))?;
        truth.owners = vec![(holder.pid(), socket.number())];
        all.know(truth);
        all.keep(holder);
    }
    let snapshot = check(&all, Needs::empty())?;
    assert_eq!(all.truth().len(), hostile::NAMES.len());
    for (truth, name) in all.truth().iter().zip(hostile::NAMES) {
        let row = snapshot.iter().find(|row| row.inode == truth.inode).ok_or("a row")?;
        assert_eq!(row.owners[0].process.name.as_bytes(), *name);
    }
    Ok(())
}

/// A table that one thread has for itself, and one that outlived its leader; what the thread has a copy of is told once.
fn tables_of_threads() -> Result<(), Failed> {
    let (shared, mut truth) = listener("in the leader's table and a thread's copy of it")?;
    let private = Holder::start(HolderSpec::thread_private().name(b"private").inherit(&shared))?;
    truth.owners.push((private.pid(), shared.number()));
    let mut all = population::shared()?;
    all.know(truth);
    let headless = Holder::start(HolderSpec::zombie_leader().name(b"headless"))?;
    for holder in [&private, &headless] {
        holder.truth().iter().for_each(|truth| all.know(truth.clone()));
    }
    let snapshot = check(&all, Needs::empty())?;
    for holder in [&private, &headless] {
        let [truth] = holder.truth() else { return Err("one socket".into()) };
        let row = snapshot.iter().find(|row| row.inode == truth.inode).ok_or("a row")?;
        let [owner] = &row.owners[..] else { return Err("one owner".into()) };
        assert!(owner.thread.is_some());
        assert_eq!(owner.thread, holder.thread());
        assert_eq!(Some(owner.process.name.as_bytes()), holder.name());
    }
    Ok(())
}

fn details() -> Result<(), Failed> {
    let needs = Needs::PROCESS_USER
        | Needs::PROCESS_EXECUTABLE
        | Needs::PROCESS_COMMAND_LINE
        | Needs::PROCESS_CGROUP
        | Needs::OWNERS;
    let snapshot = check(&population::shared()?, needs)?;
    let [row] = snapshot.sockets() else { return Err("one socket".into()) };
    assert!(row.owners.len() >= 5);
    for owner in &row.owners {
        let process = &*owner.process;
        assert!(process.uid.is_some() && process.executable.is_some() && process.command_line.is_some());
        assert!(process.start_time.is_some_and(|start| start.since_unix_epoch().is_some()));
    }
    Ok(())
}

/// Where few rows are expected, only their owners are looked for.
fn of_one_port() -> Result<(), Failed> {
    let (socket, truth) = listener("of the port asked for")?;
    let holder = Holder::start(HolderSpec::hold().name(b"holder").inherit(&socket))?;
    let (_other, _) = listener("of another port")?;
    let filter: pree::Filter = format!("sport = :{}", truth.local.port()).parse()?;
    let one = |query: Query| query.tcp().filter(filter.clone()).collect();
    let (program, walk) = (one(by_program())?, one(by_walk())?);
    same(program.sockets(), walk.sockets());
    let [row] = program.sockets() else { return Err("one row".into()) };
    let pids: Vec<u32> = row.owners.iter().map(pree::Owner::pid).collect();
    assert_eq!(pids, [std::process::id(), holder.pid()]);
    Ok(())
}

/// More records than one read of the program gives.
fn many_processes() -> Result<(), Failed> {
    let mut all = Population::new();
    for _ in 0..40 {
        let holder = Holder::start(HolderSpec::many(150))?;
        holder.truth().iter().for_each(|truth| all.know(truth.clone()));
        all.keep(holder);
    }
    let program = by_program().udp().collect()?;
    assert_eq!(program.sockets().len(), 40 * 150);
    same(program.sockets(), by_walk().udp().collect()?.sockets());
    for truth in all.truth() {
        let row = program.iter().find(|row| row.inode == truth.inode).ok_or("a row")?;
        assert_eq!(compare::owners(row), truth.owners);
    }
    Ok(())
}

fn recording() -> Result<(), Failed> {
    let _all = population::shared()?;
    let mut recorder = Recorder::new(live()?);
    let original = by_program().collect_from(&mut recorder)?;
    let recording = recorder.finish();
    for query in [by_program(), Query::new().owners()] {
        let replayed = query.collect_from(&mut recording.replay())?;
        assert_eq!(replayed.sockets(), original.sockets());
        assert_eq!(replayed.coverage().owners_origin(), Some(Origin::Bpf));
    }
    // What was not asked then is said, not guessed.
    let walk = by_walk().collect_from(&mut recording.replay())?;
    assert!(walk.coverage().gaps().iter().any(|gap| gap.what == Missing::Owners), "{}", walk.coverage());
    let mut recorder = Recorder::new(live()?);
    by_walk().collect_from(&mut recorder)?;
    let recording = recorder.finish();
    let error = by_program().collect_from(&mut recording.replay()).unwrap_err();
    assert!(error.hint().is_some_and(|hint| hint.contains("recording")), "{error}");
    let auto = Query::new().owners().collect_from(&mut recording.replay())?;
    assert_eq!(auto.coverage().owners_origin(), Some(Origin::Proc));
    assert!(auto.coverage().is_complete());
    Ok(())
}
