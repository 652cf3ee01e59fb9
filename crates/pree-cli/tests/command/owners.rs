//! `--owners bpf`: an answer where it is permitted, an error with the missing right where it is not.

use std::os::fd::AsRawFd;

use pree_testkit::{Case, Failed, Family, Need, Socket, lab, population};
use serde_json::Value;

use crate::run;

pub fn cases() -> Vec<Case> {
    let lab = |name: &str, run: fn() -> Result<(), Failed>| Case::new(name, run).lab().needs(Need::Ipv6);
    vec![
        lab("owners_by_program_are_those_by_walk", both_ways).needs(Need::Bpf),
        lab("owners_by_program_without_the_right_fail", without_the_right),
        lab("a_listener_that_only_a_ring_holds_has_an_owner", in_a_ring).needs(Need::Ring),
        lab("what_the_program_does_not_look_into_is_not_looked_up", ring_by_program)
            .needs(Need::Ring)
            .needs(Need::Bpf),
    ]
}

fn both_ways() -> Result<(), Failed> {
    let _all = population::shared()?;
    let [program, walk] = ["bpf", "proc"].map(|way| -> Result<String, Failed> {
        let answer = run::pree(&format!("-v --owners {way}"))?.code(0)?;
        let origin = format!("owners from {way}");
        let told = answer.err.lines().any(|line| line.ends_with(&origin));
        if told { Ok(answer.out) } else { Err(format!("{way}: {}", answer.err).into()) }
    });
    let (program, walk) = (program?, walk?);
    // A header and a socket.
    if program == walk && program.lines().count() == 2 {
        return Ok(());
    }
    Err(format!("{program}\n{walk}").into())
}

fn without_the_right() -> Result<(), Failed> {
    let _all = population::shared()?;
    lab::give_up_rights()?;
    for words in ["--owners bpf", "--owners bpf --json", "--owners bpf -l"] {
        run::pree(words)?.code(4)?.tells("CAP_BPF and CAP_PERFMON")?.silent()?;
    }
    run::pree("--owners auto")?.code(0)?;
    Ok(())
}

fn in_a_ring() -> Result<(), Failed> {
    let way = "--owners proc";
    let socket = Socket::tcp(Family::V4)?;
    socket.bind((Family::V4.loopback(), 7990))?;
    socket.listen(1)?;
    let ring = socket.into_ring()?;
    let (pid, fd) = (std::process::id(), ring.as_raw_fd());
    let out = run::pree(&format!("-Hl -c owner {way}"))?.whole()?.out;
    let shown = out.trim();
    assert!(shown.ends_with(&format!("[{pid}]/{fd}:io_uring")), "{out}");
    for filter in
        [format!("owner={shown}"), format!("pid={pid}"), "io_uring=yes".to_owned(), shown.to_owned()]
    {
        assert_eq!(
            run::pree(&format!("-Hl -c sport {way} {filter}"))?.whole()?.out.trim(),
            "7990",
            "{filter}"
        );
    }
    let document: Value = serde_json::from_str(&run::pree(&format!("-l --json {way}"))?.whole()?.out)?;
    let owner = &document["sockets"][0]["owners"][0];
    assert_eq!((&owner["pid"], &owner["fd"], &owner["io_uring"]), (&pid.into(), &fd.into(), &true.into()));
    for namespaces in ["--all-netns".to_owned(), format!("-N {pid}")] {
        let out = run::pree(&format!("-Hl -c owner {namespaces} {way}"))?.whole()?.out;
        assert_eq!(out.trim(), shown, "{namespaces}");
    }
    let page = run::pree(&format!("port 7990 {way}"))?.whole()?.out;
    assert!(page.contains("through io_uring"), "{page}");
    drop(ring);
    Ok(())
}

/// Forced, the program is asked alone, and it has no rings; unforced, they are read beside it.
fn ring_by_program() -> Result<(), Failed> {
    let socket = Socket::tcp(Family::V4)?;
    socket.bind((Family::V4.loopback(), 7991))?;
    socket.listen(1)?;
    let ring = socket.into_ring()?;
    let answer = run::pree("-Hl -c owner --owners bpf")?.code(0)?.tells("owner unknown for 1")?;
    assert_eq!(answer.out.trim(), "(not_looked_up)");
    let out = run::pree("-Hl -c owner")?.whole()?.out;
    assert!(
        out.trim().ends_with(&format!("[{}]/{}:io_uring", std::process::id(), ring.as_raw_fd())),
        "{out}"
    );
    Ok(())
}
