//! `pree kill`: who listens ends, nobody else, and what could not be ended is told.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

use pree_testkit::link::Namespace;
use pree_testkit::{Case, Failed, Need, lab, wait_until};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use serde_json::Value;

use crate::run;
use crate::verdicts::follows;

pub fn cases() -> Vec<Case> {
    let lab = |name, run: fn() -> Result<(), Failed>| Case::new(name, run).lab();
    vec![
        lab("a_port_is_freed_and_its_clients_live", clients_live),
        lab("every_process_that_shares_a_listener_ends", shared),
        lab("who_ignores_the_signal_is_forced_after_the_grace", ignores),
        lab("another_signal_is_sent_alone", other_signals),
        lab("of_udp_who_is_not_connected_ends", udp),
        lab("a_filter_means_the_owners_that_match_it", by_filter),
        lab("who_must_not_end_is_told_and_the_rest_ends", protected),
        lab("nothing_is_done_without_leave", without_leave),
        lab("nobody_is_found_where_nobody_listens", nobody),
        lab("who_has_the_number_by_then_lives", number_again).needs(Need::RealRoot),
        lab("who_has_let_go_meanwhile_lives", let_go),
        lab("what_belongs_to_a_service_is_told_with_what_stops_that", of_a_service),
        lab("processes_of_other_network_namespaces_are_found", elsewhere),
    ]
}

/// A program that holds these sockets, which are closed here.
fn holds(program: &str, sockets: impl IntoIterator<Item = OwnedFd>) -> Result<Child, Failed> {
    let sockets: Vec<OwnedFd> = sockets.into_iter().collect();
    for socket in &sockets {
        fcntl_setfd(socket, FdFlags::empty())?;
    }
    Ok(Command::new("/bin/sh").args(["-c", program]).spawn()?)
}

/// One that does nothing else.
const SLEEP: &str = "exec sleep 600";

fn listener(port: u16) -> Result<OwnedFd, Failed> {
    Ok(TcpListener::bind(("127.0.0.1", port))?.into())
}

/// The signal that ended it.
fn ended_by(child: &mut Child) -> Result<Option<i32>, Failed> {
    Ok(child.wait()?.signal())
}

fn lives(child: &mut Child) -> Result<(), Failed> {
    match child.try_wait()? {
        None => Ok(()),
        Some(status) => Err(format!("it should live: {status}").into()),
    }
}

fn end(mut child: Child) -> Result<(), Failed> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

fn document(words: &str, code: i32) -> Result<Value, Failed> {
    let out = run::pree(words)?.code(code).map_err(|failed| run::while_doing(words, failed))?.out;
    Ok(follows("killed", &out)?["kill"].take())
}

/// Each process with what came of it.
fn outcomes(kill: &Value) -> Vec<(u64, &str)> {
    let all = kill["processes"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|one| Some((one["pid"].as_u64()?, one["outcome"].as_str()?))).collect()
}

/// Runs as many times as `PREE_KILL_RUNS` says: a browser with many connections, one that is connected to itself, and a server
/// that starts its workers again.
fn clients_live() -> Result<(), Failed> {
    let runs = std::env::var("PREE_KILL_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(5);
    for _ in 0..runs {
        let socket = TcpListener::bind("127.0.0.1:3000")?;
        let mut accepted = Vec::new();
        let mut connect = || -> Result<OwnedFd, Failed> {
            let stream = TcpStream::connect("127.0.0.1:3000")?;
            accepted.push(OwnedFd::from(socket.accept()?.0));
            Ok(stream.into())
        };
        let mut browser = holds(SLEEP, (0..20).map(|_| connect()).collect::<Result<Vec<_>, _>>()?)?;
        let mut other = holds(SLEEP, [connect()?])?;
        accepted.push(socket.into());
        let mut server = holds(
            "for i in 1 2 3; do (while :; do sleep 600; done) & done; while :; do sleep 600; done",
            accepted,
        )?;
        // Four shells and their sleeps.
        wait_until("all hold it", || {
            run::pree("-l sport=3000 --json").ok().is_some_and(|answer| {
                let document: Value = serde_json::from_str(&answer.out).unwrap_or_default();
                document["sockets"][0]["owners"].as_array().is_some_and(|owners| owners.len() == 8)
            })
        })?;
        let answer = run::pree("kill :3000 --yes")?.code(0)?;
        assert!(answer.out.ends_with("free: tcp 127.0.0.1:3000\n"), "{}", answer.out);
        assert_eq!(answer.out.matches("ended ").count(), 8, "{}", answer.out);
        assert_eq!(ended_by(&mut server)?, Some(15));
        lives(&mut browser)?;
        lives(&mut other)?;
        end(browser)?;
        end(other)?;
        // The port can be had again at once.
        drop(TcpListener::bind("127.0.0.1:3001")?);
    }
    Ok(())
}

fn shared() -> Result<(), Failed> {
    let socket = listener(3000)?;
    let (mut one, mut two) = (holds(SLEEP, [socket.try_clone()?])?, holds(SLEEP, [socket])?);
    let kill = document("kill :3000 --yes --json", 0)?;
    let mut pids = [u64::from(one.id()), u64::from(two.id())];
    pids.sort_unstable();
    let mut ended = outcomes(&kill);
    ended.sort_unstable();
    assert_eq!(ended, pids.map(|pid| (pid, "ended")));
    assert_eq!((kill["dry_run"].as_bool(), kill["signal"].as_str()), (Some(false), Some("TERM")));
    assert_eq!(kill["free"][0]["local"]["port"], 3000);
    assert_eq!(kill["held"].as_array().map(Vec::len), Some(0));
    assert_eq!((ended_by(&mut one)?, ended_by(&mut two)?), (Some(15), Some(15)));
    Ok(())
}

fn ignores() -> Result<(), Failed> {
    let mut child = holds("trap '' TERM; exec sleep 600", [listener(3000)?])?;
    is_sleep(&child)?;
    let answer = run::pree("kill :3000 --yes --grace 100ms")?.code(0)?;
    let name = format!("killed sleep[{}]: it did not end in 100ms\n", child.id());
    assert_eq!(answer.out, format!("{name}free: tcp 127.0.0.1:3000\n"));
    assert_eq!(ended_by(&mut child)?, Some(9));
    Ok(())
}

/// Waits until the shell has become what it is to be.
fn is_sleep(child: &Child) -> Result<(), Failed> {
    let name = format!("/proc/{}/comm", child.id());
    wait_until("it sleeps", || fs::read_to_string(&name).is_ok_and(|name| name == "sleep\n"))
}

fn other_signals() -> Result<(), Failed> {
    let mut child = holds("trap '' HUP; exec sleep 600", [listener(3000)?])?;
    is_sleep(&child)?;
    let answer = run::pree("kill :3000 --yes --signal SIGHUP")?.code(0)?;
    assert_eq!(answer.out, format!("sent HUP to sleep[{}], which lives on\n", child.id()));
    answer.tells("tcp 127.0.0.1:3000 is still held by sleep[")?;
    lives(&mut child)?;
    run::pree("kill :3000 --yes --signal INT -q")?.code(0)?.silent()?;
    assert_eq!(ended_by(&mut child)?, Some(2));
    run::pree("kill :3000 --signal STOP")?.code(2)?.tells("--signal takes TERM, KILL, INT")?;
    run::pree("kill :3000 --grace 2d")?.code(2)?.tells("a time up to 1h")?;
    Ok(())
}

fn udp() -> Result<(), Failed> {
    let server = UdpSocket::bind("127.0.0.1:5300")?;
    let client = UdpSocket::bind("127.0.0.2:5300")?;
    client.connect("127.0.0.1:5300")?;
    let (mut server, mut client) = (holds(SLEEP, [server.into()])?, holds(SLEEP, [client.into()])?);
    run::pree("kill 5300/tcp --yes")?.code(1)?.silent()?.tells("nobody listens on 5300/tcp")?;
    let answer = run::pree("kill 5300/udp --yes")?.code(0)?;
    assert!(answer.out.ends_with("free: udp 127.0.0.1:5300\n"), "{}", answer.out);
    assert_eq!(ended_by(&mut server)?, Some(15));
    lives(&mut client)?;
    end(client)
}

/// Of several that hold what matches, only those of whom the filter is.
fn by_filter() -> Result<(), Failed> {
    let socket = listener(3000)?;
    let mut keeps = holds("read x < /dev/zero; exec sleep 600", [socket.try_clone()?])?;
    let mut sleeps = holds(SLEEP, [socket])?;
    let mut elsewhere = holds(SLEEP, [listener(3001)?])?;
    is_sleep(&sleeps)?;
    is_sleep(&elsewhere)?;
    let answer = run::pree("kill process=sleep sport=3000 --yes")?.code(4)?;
    assert_eq!(answer.out, format!("ended sleep[{}]\n", sleeps.id()));
    answer.tells("tcp 127.0.0.1:3000 is still held by sh[")?;
    assert_eq!(ended_by(&mut sleeps)?, Some(15));
    lives(&mut keeps)?;
    lives(&mut elsewhere)?;
    end(keeps)?;
    end(elsewhere)
}

/// This very program is an ancestor.
fn protected() -> Result<(), Failed> {
    let socket = listener(3000)?;
    let mut other = holds(SLEEP, [socket.try_clone()?])?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    let own = std::process::id();
    let plan = document("kill :3000 --dry-run --json", 4)?;
    let mut expected = vec![(u64::from(own), "failed"), (u64::from(other.id()), "planned")];
    expected.sort_unstable();
    let mut found = outcomes(&plan);
    found.sort_unstable();
    assert_eq!(found, expected);
    lives(&mut other)?;
    let answer = run::pree("kill :3000 --yes")?.code(4)?;
    assert_eq!(answer.out, format!("ended sleep[{}]\n", other.id()));
    for says in [
        &*format!("cannot end process {own}: this one was started by it"),
        "tcp 127.0.0.1:3000 is still held by ",
    ] {
        assert!(answer.err.contains(says), "{says}: {}", answer.err);
    }
    assert_eq!(ended_by(&mut other)?, Some(15));
    Ok(())
}

fn without_leave() -> Result<(), Failed> {
    let mut child = holds(SLEEP, [listener(3000)?])?;
    is_sleep(&child)?;
    for (words, says) in [
        ("kill :3000", "here is no terminal: --yes does it"),
        ("kill :3000 --json", "--dry-run only shows it"),
        ("kill :3000 --yes --dry-run", "choose"),
        ("kill", "takes a port or a filter"),
        ("kill --yes", "takes a port or a filter"),
        ("kill :70000 --yes", "expected 0 to 65535"),
        ("kill 70000 --yes", "expected 0 to 65535"),
        ("kill :3000 --yes --owners none", "--owners none looks for none"),
        ("kill :3000 --replay x --yes", "takes no --replay"),
    ] {
        run::pree(words)?.code(2)?.silent()?.tells(says)?;
    }
    let plan = run::pree("kill :3000 --dry-run")?.whole()?.out;
    assert!(plan.starts_with(&format!("sleep[{}] user root  sleep 600\n", child.id())), "{plan}");
    assert!(plan.ends_with("  tcp LISTEN 127.0.0.1:3000\n"), "{plan}");
    for (answer, code) in [("n", 2), ("", 2), ("yes", 0)] {
        let said = converse("kill :3000", |_| Ok(()), answer, code)?;
        assert!(said.contains("end it with TERM, after 5s with KILL? [y/N] "), "{said}");
        if code == 2 {
            assert!(said.contains("nothing was done"), "{said}");
            lives(&mut child)?;
        }
    }
    assert_eq!(ended_by(&mut child)?, Some(15));
    Ok(())
}

/// Runs it on a terminal, does something when it asks, and answers.
fn converse(
    words: &str,
    meanwhile: impl FnOnce(&str) -> Result<(), Failed>,
    answer: &str,
    code: i32,
) -> Result<String, Failed> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let screen = openpt(flags)?;
    unlockpt(&screen)?;
    let line: OwnedFd = ioctl_tiocgptpeer(&screen, flags)?;
    let mut command = run::command(words);
    command.stdin(line.try_clone()?).stdout(line.try_clone()?).stderr(line);
    let mut child = command.spawn()?;
    drop(command);
    let (mut screen, mut said) = (File::from(screen), Vec::new());
    let mut buffer = [0; 4096];
    while !said.ends_with(b"[y/N] ") {
        match screen.read(&mut buffer) {
            Ok(length) if length > 0 => said.extend_from_slice(&buffer[..length]),
            _ => return Err(format!("it did not ask: {}", String::from_utf8_lossy(&said)).into()),
        }
    }
    meanwhile(&String::from_utf8_lossy(&said))?;
    screen.write_all(format!("{answer}\n").as_bytes())?;
    // A terminal's line ends with an error.
    while let Ok(length) = screen.read(&mut buffer) {
        said.extend_from_slice(&buffer[..length]);
        if length == 0 {
            break;
        }
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    let status = child.wait()?;
    if status.code() == Some(code) { Ok(said) } else { Err(format!("{status}: {said}").into()) }
}

fn nobody() -> Result<(), Failed> {
    let _server = TcpListener::bind("127.0.0.1:3000")?;
    let client = TcpStream::connect("127.0.0.1:3000")?;
    let port = client.local_addr()?.port();
    let mut client = holds(SLEEP, [client.into()])?;
    let says = format!("nobody listens on port {port}");
    let answer = run::pree(&format!("kill :{port} --yes"))?.code(1)?.silent()?.tells(&says)?;
    assert!(answer.err.contains("a connection of sleep"), "{}", answer.err);
    run::pree(&format!("kill :{port} --yes -q"))?.code(1)?.silent()?;
    run::pree("kill process=nosuch --yes")?.code(1)?.silent()?.tells("nothing matches")?;
    run::pree("kill nosuch --dry-run")?.code(1)?.silent()?.tells("\"nosuch\" was searched for")?;
    let empty = document("kill :3999 --dry-run --json", 1)?;
    assert_eq!(outcomes(&empty), []);
    lives(&mut client)?;
    end(client)
}

/// While it asks, the server ends, and another process gets its number.
fn number_again() -> Result<(), Failed> {
    let mut server = holds(SLEEP, [listener(3000)?])?;
    is_sleep(&server)?;
    let pid = server.id();
    let mut other = None;
    let said = converse(
        "kill :3000",
        |_| {
            server.kill()?;
            server.wait()?;
            fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string())?;
            // It is even the owner of that port by then.
            let started = holds(SLEEP, [listener(3000)?])?;
            is_sleep(&started)?;
            other = Some(started);
            Ok(())
        },
        "y",
        4,
    )?;
    let mut other = other.ok_or("nothing was started")?;
    assert_eq!(other.id(), pid, "the number was not given again");
    lives(&mut other)?;
    assert!(said.contains(&format!("is still held by sleep[{pid}]")), "{said}");
    end(other)
}

/// While it asks, the server hands its listener to another one.
fn let_go() -> Result<(), Failed> {
    let socket = listener(3000)?;
    // Closes the listener when it is told to.
    let number = socket.as_raw_fd();
    let program = format!("trap 'exec {number}>&-; touch /run/gone' USR1; while :; do sleep 0.01; done");
    let mut server = holds(&program, [socket])?;
    wait_until("the shell holds it alone", || {
        // Of the sleeps each has it for a moment too.
        run::pree("-l sport=3000 -q").is_ok_and(|answer| answer.code == 0)
    })?;
    converse(
        "kill process=sh",
        |_| {
            Command::new("/bin/kill").args(["-USR1", &server.id().to_string()]).status()?;
            wait_until("it has let go", || fs::exists("/run/gone").unwrap_or(false))
        },
        "y",
        0,
    )?;
    lives(&mut server)?;
    end(server)
}

fn of_a_service() -> Result<(), Failed> {
    let mut child = holds(SLEEP, [listener(3000)?])?;
    is_sleep(&child)?;
    let cgroup = "1:name=systemd:/system.slice/shop.service\n0::/system.slice/shop.service\n";
    lab::cover_file(&format!("/proc/{}/cgroup", child.id()), cgroup.as_bytes())?;
    let page = run::pree("port 3000")?.whole()?.out;
    for says in ["    unit shop.service\n", "  stop: pree kill :3000    see: pree explain :3000\n"] {
        assert!(page.contains(says), "{says}: {page}");
    }
    let row = run::pree("-l sport=3000 unit=shop.service --format {unit}/{container}")?.whole()?.out;
    assert_eq!(row, "shop.service/-\n");
    let plan = run::pree("kill :3000 --dry-run")?.whole()?.out;
    assert!(
        plan.contains("  unit shop.service\n  to stop that instead: systemctl stop shop.service\n"),
        "{plan}"
    );
    let planned = document("kill :3000 --dry-run --json", 0)?;
    assert_eq!(planned["processes"][0]["unit"], "shop.service");
    assert_eq!(planned["processes"][0]["instead"], "systemctl stop shop.service");
    let done = run::pree("kill unit=shop.service --yes")?.code(0)?.out;
    let says = "  unit shop.service, which may start it again: systemctl stop shop.service\nfree: tcp 127.0.0.1:3000\n";
    assert!(done.ends_with(says), "{done}");
    assert_eq!(ended_by(&mut child)?, Some(15));
    Ok(())
}

fn elsewhere() -> Result<(), Failed> {
    let blue = Namespace::new()?;
    let there = blue.run(|| TcpListener::bind("127.0.0.1:3000"))?;
    let mut there = holds(SLEEP, [there.into()])?;
    let mut here = holds(SLEEP, [listener(3000)?])?;
    let path = format!("/proc/{}/fd/{}", std::process::id(), blue.as_fd().as_raw_fd());
    run::pree(&format!("kill :3000 --yes -N {path}"))?.code(0)?;
    assert_eq!(ended_by(&mut there)?, Some(15));
    lives(&mut here)?;
    run::pree("kill :3000 --yes --all-netns")?.code(0)?;
    assert_eq!(ended_by(&mut here)?, Some(15));
    Ok(())
}
