//! A kernel that refuses what the command needs: another way is taken, or what is missing is told, or it fails. It never
//! passes off less as all.

use pree_testkit::{Case, Failed, Need, lab};
use rustix::io::Errno;
use rustix::net::AddressFamily;

use crate::run::{Answer, judge};
use crate::seccomp::{self, Refusal};
use crate::table::{self, Form, USUAL};
use crate::truth::{self, FULL, Owners, View};
use crate::{json, population, run};

pub fn cases() -> Vec<Case> {
    let case = |name, run: fn() -> Result<(), Failed>| {
        Case::new(name, run).lab().needs(Need::Ipv6).needs(Need::PythonModule(seccomp::MODULE))
    };
    vec![
        case("no_sock_diag_means_proc", no_sock_diag),
        case("neither_sock_diag_nor_proc_fails", neither),
        case("descriptors_that_cannot_be_read_are_told", no_descriptors),
        case("an_answer_that_never_comes_means_proc", no_answer),
    ]
}

const PROC: View<'static> = View { diag: false, owners: Owners::All };

fn refused(refusal: Refusal, words: &str) -> Result<Answer, Failed> {
    judge(seccomp::command(refusal, words)?.output()?)
        .map_err(|failed| run::while_doing(&format!("{words} under {refusal:?}"), failed))
}

fn no_netlink(errno: Errno) -> Refusal {
    let family = AddressFamily::NETLINK.as_raw().into();
    Refusal { call: libc::SYS_socket, argument: Some((0, family)), errno: Some(errno) }
}

fn no_sock_diag() -> Result<(), Failed> {
    let all = population::few()?;
    let with_stats = all.truth().iter().filter(|truth| truth::has_stats(truth)).count() as u64;
    // What sandboxes answer: seccomp profiles, SELinux, RestrictAddressFamilies=; and a table that is full.
    for (errno, why) in [
        (Errno::PERM, "not_permitted"),
        (Errno::ACCESS, "not_permitted"),
        (Errno::AFNOSUPPORT, "absent"),
        (Errno::MFILE, "exhausted"),
    ] {
        let run = |words: &str| refused(no_netlink(errno), words);
        let document =
            json::document(&run("--json")?.code(0)?.through_proc()?.tells("statistics unknown")?.out)?;
        truth::same(all.truth(), &document.rows()?, PROC)?;
        let told: Vec<_> = document.missing.iter().map(|m| (&*m.what, &*m.why, m.count)).collect();
        let sockets = u64::try_from(document.rows()?.len())?;
        if told != [("stats", why, Some(with_stats)), ("fields", why, Some(sockets))] {
            return Err(format!("{errno}: {told:?}").into());
        }
        // Of what is asked for only limits of accept queues are missing.
        truth::same(
            all.truth(),
            &table::parse(&run("")?.code(0)?.through_proc()?.whole()?.out, USUAL)?,
            PROC,
        )?;
        // Forced, there is no other way.
        run("--source diag")?.code(4)?.tells("sock_diag")?.silent()?;
    }
    let run = |words: &str| refused(no_netlink(Errno::PERM), words);
    for (words, code) in [("-i", 0), ("-i --strict", 3)] {
        let answer = run(words)?.code(code)?.through_proc()?.tells("statistics unknown")?;
        truth::same(all.truth(), &table::parse(&answer.out, USUAL)?, PROC)?;
    }
    let lines =
        json::lines(&run("--jsonl --strict")?.code(3)?.through_proc()?.tells("statistics unknown")?.out)?;
    truth::same(all.truth(), &lines.rows()?, PROC)?;
    for words in ["--source diag --json", "-H --source diag --owners none --jsonl"] {
        run(words)?.code(4)?.tells("sock_diag")?.silent()?;
    }
    Ok(())
}

fn neither() -> Result<(), Failed> {
    let _all = population::few()?;
    lab::hide_proc()?;
    for words in [
        "",
        "-H --source auto",
        "--json",
        "--jsonl",
        "-l --owners none",
        "-u --owners none",
        "--source diag",
        "--source proc",
        "--source procfs --json",
    ] {
        refused(no_netlink(Errno::PERM), words)?.code(4)?.tells("cannot")?.silent()?;
    }
    Ok(())
}

fn no_descriptors() -> Result<(), Failed> {
    let all = population::few()?;
    let owned = all.truth().iter().filter(|truth| !truth.owners.is_empty()).count() as u64;
    for (call, errno, why) in [
        (libc::SYS_getdents64, Errno::IO, "io"),
        (libc::SYS_getdents64, Errno::PERM, "not_permitted"),
        (libc::SYS_readlinkat, Errno::ACCESS, "not_permitted"),
        (libc::SYS_readlinkat, Errno::NOMEM, "exhausted"),
    ] {
        let run = |words: &str| refused(Refusal { call, argument: None, errno: Some(errno) }, words);
        let owners = if why == "not_permitted" { Owners::Only(&[]) } else { Owners::NotLookedUp };
        let nobody = View { diag: true, owners };
        let answer = run("--owners proc")?.code(0)?.tells(&format!("owner unknown for {owned}"))?;
        truth::same(all.truth(), &table::parse(&answer.out, USUAL)?, nobody)?;
        let document =
            json::document(&run("--owners proc --json --strict")?.code(3)?.tells("owner unknown")?.out)?;
        truth::same(all.truth(), &document.rows()?, nobody)?;
        let told: Vec<_> = document.missing.iter().map(|m| (&*m.what, &*m.why, m.count)).collect();
        if told != [("owners", why, Some(owned))] {
            return Err(format!("{errno}: {told:?}").into());
        }
        // Who does not ask misses nothing.
        let form = Form { owners: false, ..USUAL };
        let rows = table::parse(&run("--owners none --strict")?.whole()?.out, form)?;
        truth::same(all.truth(), &rows, View { owners: Owners::None, ..FULL })?;
    }
    Ok(())
}

fn no_answer() -> Result<(), Failed> {
    let all = population::few()?;
    for errno in [Errno::NOBUFS, Errno::IO, Errno::PERM] {
        for call in [libc::SYS_recvfrom, libc::SYS_sendto] {
            let run = |words: &str| refused(Refusal { call, argument: None, errno: Some(errno) }, words);
            let rows = table::parse(&run("")?.code(0)?.through_proc()?.whole()?.out, USUAL)?;
            truth::same(all.truth(), &rows, PROC)?;
            run("--source diag")?.code(4)?.tells("sock_diag")?.silent()?;
        }
    }
    Ok(())
}
