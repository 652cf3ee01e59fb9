//! `--owners bpf`: an answer where it is permitted, an error with the missing right where it is not.

use pree_testkit::{Case, Failed, Need, lab, population};

use crate::run;

pub fn cases() -> Vec<Case> {
    let lab = |name: &str, run: fn() -> Result<(), Failed>| Case::new(name, run).lab().needs(Need::Ipv6);
    vec![
        lab("owners_by_program_and_by_walk", both_ways).needs(Need::Bpf),
        lab("owners_by_program_without_the_right", without_the_right),
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
