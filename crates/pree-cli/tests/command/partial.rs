//! Less than everything may be seen: all rows are there, each gap is one line on stderr and one entry in JSON, and
//! `--strict` makes it a code.

use std::fs;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Case, Failed, Family, Need, Population, lab, population};

use crate::run::{self, Answer};
use crate::table::{self, Form, USUAL};
use crate::truth::{self, FULL, Owners, View, has_stats};
use crate::{json, population as populations};

pub fn cases() -> Vec<Case> {
    let lab = |name, run: fn() -> Result<(), Failed>| Case::new(name, run).lab().needs(Need::Ipv6);
    vec![
        lab("without_rights_owners_are_told_missing", without_rights),
        lab("hidepid_is_told", hidepid),
        lab("proc_hidden_is_told", proc_hidden),
        lab("proc_has_no_statistics_and_says_so", proc_source),
        lab("what_proc_does_not_tell_is_missing_where_it_is_asked_for", proc_fields),
        lab("what_a_filter_cannot_know_is_missing_in_every_output", outputs),
        lab("marks_are_missing_without_the_right_where_they_are_asked_for", marks),
        lab("who_is_at_the_other_end_of_a_unix_socket_is_missing_in_proc", ends_of_unix_sockets),
        lab("proc_that_lacks_a_table_is_told", proc_lacks_udp),
        lab("proc_that_makes_no_sense_is_told", proc_nonsense),
    ]
}

/// One gap: `what` and its number of sockets.
struct Gap {
    what: &'static str,
    why: &'static str,
    count: Option<u64>,
    /// On stderr.
    words: &'static str,
}

/// The gap is told in every format, with these codes without and with `--strict`; all rows are there.
fn told(all: &Population, view: View<'_>, gap: &Gap, flags: &str, codes: [i32; 2]) -> Result<(), Failed> {
    for (strict, code) in [("", codes[0]), ("--strict", codes[1])] {
        let run = |format: &str| -> Result<Answer, Failed> {
            let words = format!("{flags} {strict} {format}");
            let answer = run::pree(&words)?.code(code);
            let answer = if view.diag { answer } else { answer.and_then(Answer::through_proc) };
            let answer = answer.and_then(|answer| answer.tells(gap.words));
            answer.map_err(|failed| run::while_doing(&words, failed))
        };
        truth::same(all.truth(), &table::parse(&run("")?.out, USUAL)?, view)?;
        for document in [json::document(&run("--json")?.out)?, json::lines(&run("--jsonl")?.out)?] {
            truth::same(all.truth(), &document.rows()?, view)?;
            // JSON asks for more than the table, and /proc does not tell it.
            let of_both = document.missing.iter().filter(|gap| view.diag || gap.what != "fields");
            let missing: Vec<_> = of_both.map(|m| (&*m.what, &*m.why, m.count)).collect();
            if missing != [(gap.what, gap.why, gap.count)] || document.missing[0].hint.is_empty() {
                return Err(format!("{:?}", document.missing).into());
            }
        }
    }
    Ok(())
}

/// Sockets of this process and of another one that has all rights.
fn two_owners() -> Result<(Population, u32, u64), Failed> {
    let mut all = population::listeners()?;
    all.merge(population::connections()?);
    let holder = Holder::start(HolderSpec::many(7))?;
    holder.truth().iter().for_each(|truth| all.know(truth.clone()));
    all.keep(holder);
    Ok((all, std::process::id(), 7))
}

fn without_rights() -> Result<(), Failed> {
    let (all, own, others) = two_owners()?;
    run::pree("--strict")?.whole()?;
    lab::give_up_rights()?;
    let view = View { diag: true, owners: Owners::Only(&[own]) };
    let words = "owner unknown for 7: not permitted";
    told(&all, view, &Gap { what: "owners", why: "not_permitted", count: Some(others), words }, "", [0, 3])?;
    // Who does not ask for owners misses nothing, and neither does who asks for sockets whose owners are known.
    run::pree("--strict --owners none")?.whole()?;
    run::pree("--strict -t")?.whole()?;
    // Without rows the answer is no more complete.
    for (words, code) in [
        ("-q", 0),
        ("-q --strict", 3),
        ("-q --strict --owners none", 0),
        ("-s -q", 0),
        ("-s -q --strict", 3),
        ("explain -q proto=udp", 0),
        ("explain -q --strict proto=udp", 3),
    ] {
        run::pree(words)?.code(code)?;
    }
    // Whether one that may not be looked into holds any, nobody knows.
    let parent = format!(
        "pid={}",
        all.truth().iter().flat_map(|t| &t.owners).find(|o| o.0 != own).ok_or("another")?.0
    );
    for words in ["", "-q", "--json"] {
        run::pree(&format!("{words} {parent}"))?.code(3)?.tells("filter by owner")?;
    }
    run::pree(&format!("pid={own}"))?.code(0)?;
    Ok(())
}

fn hidepid() -> Result<(), Failed> {
    let (all, own, others) = two_owners()?;
    // 4, `ptraceable`: the milder ones hide nothing from group 0, in which this is.
    lab::mount_proc("hidepid=4")?;
    // With all rights nothing is hidden.
    run::pree("--strict")?.whole()?;
    lab::give_up_rights()?;
    let view = View { diag: true, owners: Owners::Only(&[own]) };
    told(
        &all,
        view,
        &Gap { what: "owners", why: "not_permitted", count: Some(others), words: "hidepid" },
        "",
        [0, 3],
    )
}

fn proc_hidden() -> Result<(), Failed> {
    let all = populations::few()?;
    let owned = all.truth().iter().filter(|truth| truth.inode.is_some()).count() as u64;
    lab::hide_proc()?;
    let view = View { diag: true, owners: Owners::NotLookedUp };
    let document = json::document(&run::pree("--owners proc --json")?.code(0)?.tells("owner unknown")?.out)?;
    truth::same(all.truth(), &document.rows()?, view)?;
    let [gap] = document.missing.as_slice() else { return Err(format!("{:?}", document.missing).into()) };
    if (&*gap.what, gap.count) != ("owners", Some(owned)) || !gap.hint.contains("/proc") {
        return Err(format!("{gap:?}").into());
    }
    run::pree("--owners proc --strict")?.code(3)?.tells("owner unknown")?;
    // Every screen has the same reason.
    let listener = all.truth().iter().find(|truth| truth.state == "listen").ok_or("a listener")?;
    let port = run::pree(&format!("port {} --owners proc", listener.local.port()))?;
    if !port.out.contains("could not be looked up") || port.out.contains("not permitted") {
        return Err(port.out.into());
    }
    let form = Form { owners: false, ..USUAL };
    let rows = table::parse(&run::pree("--strict --owners none")?.whole()?.out, form)?;
    truth::same(all.truth(), &rows, View { owners: Owners::None, ..FULL })?;
    for words in
        ["--source proc", "--source procfs --json", "--source proc --owners none -H", "-l --source proc"]
    {
        run::pree(words)?.code(4)?.tells("cannot read /proc/net")?.silent()?;
    }
    Ok(())
}

fn proc_source() -> Result<(), Failed> {
    let all = populations::few()?;
    let stats = all.truth().iter().filter(|truth| has_stats(truth)).count() as u64;
    let view = View { diag: false, owners: Owners::All };
    for source in ["proc", "procfs"] {
        let gap =
            Gap { what: "stats", why: "unsupported", count: Some(stats), words: "statistics unknown for" };
        told(&all, view, &gap, &format!("-i --source {source}"), [0, 3])?;
        // Who does not ask for statistics misses none; listeners and UDP have none.
        run::pree(&format!("--strict -c state,sport,recvq --source {source}"))?.whole()?;
        run::pree(&format!("--strict -li -c sport --source {source}"))?.whole()?;
        run::pree(&format!("--strict -ui -c sport --source {source}"))?.whole()?;
    }
    Ok(())
}

fn proc_fields() -> Result<(), Failed> {
    let _all = populations::few()?;
    for (asks, name) in [
        ("-l", "accept-queue limits"),
        ("-l -c backlog_limit", "accept-queue limits"),
        ("-l -c local --sort sendq", "accept-queue limits"),
        ("-l --format {queue}", "accept-queue limits"),
        ("-m", "memory"),
        ("-c rmem", "memory"),
        ("-c sport,id,sendq", "cookies, accept-queue limits"),
        ("-c id", "cookies"),
        ("-e", "cgroups"),
        ("-c cgroup_id", "cgroups"),
        ("-c fwmark", "marks"),
        ("-c sockopt", "options"),
        ("-c tos", "traffic classes"),
        ("-c local", "interfaces, v6only"),
        ("-u", "interfaces, v6only"),
        ("--json", "memory, cookies, accept-queue limits"),
        ("--jsonl", "memory, cookies, accept-queue limits"),
    ] {
        for (strict, code) in [("", 0), ("--strict", 3)] {
            let words = format!("{asks} --source proc {strict}");
            let answer = run::pree(&words)?.code(code);
            let answer = answer.map_err(|failed| run::while_doing(&words, failed))?;
            // One line for all of it.
            let told: Vec<_> =
                answer.err.lines().filter(|line| line.contains("fields unknown for")).collect();
            if told.len() != 1 || !told[0].contains(name) {
                return Err(format!("{words}: {}", answer.err).into());
            }
        }
        // sock_diag tells all of them.
        run::pree(&format!("{asks} --strict"))?.whole()?;
    }
    Ok(())
}

/// Marks are told to `CAP_NET_ADMIN` alone: who asks for them in so many words is told that they are missing.
fn marks() -> Result<(), Failed> {
    let _all = populations::few()?;
    lab::give_up_rights()?;
    for (asks, things) in [
        ("-e", "marks, md5"),
        ("-c fwmark", "marks"),
        ("--json -c +fwmark", "marks"),
        ("--sort fwmark", "marks"),
        ("--format {fwmark}", "marks"),
        ("-c md5", "md5"),
    ] {
        for (strict, code) in [("", 0), ("--strict", 3)] {
            let words = format!("{asks} --owners none {strict}");
            let says = format!("({things}): not permitted; shown only to holders of CAP_NET_ADMIN");
            let answer = run::pree(&words)?.code(code).and_then(|answer| answer.tells(&says));
            answer.map_err(|failed| run::while_doing(&words, failed))?;
        }
    }
    for words in ["--strict --owners none", "--strict --json --owners none", "--strict -i -m --owners none"] {
        run::pree(words)?.whole()?;
    }
    Ok(())
}

/// A /proc of our own making, with these files of `thread-self/net`.
fn false_proc(files: &[(&str, Vec<u8>)]) -> Result<(), Failed> {
    lab::hide_proc()?;
    fs::create_dir_all("/proc/thread-self/net")?;
    for (name, text) in files {
        fs::write(format!("/proc/thread-self/net/{name}"), text)?;
    }
    Ok(())
}

/// What /proc/net really says.
fn real(names: &[&'static str]) -> Result<Vec<(&'static str, Vec<u8>)>, Failed> {
    let read = |name: &&'static str| Ok((*name, fs::read(format!("/proc/thread-self/net/{name}"))?));
    names.iter().map(read).collect()
}

/// /proc does not tell who is at the other end of a Unix socket: whoever asks for that is told that sockets are missing.
fn ends_of_unix_sockets() -> Result<(), Failed> {
    let name = SocketAddr::from_abstract_name("end")?;
    let _listener = UnixListener::bind_addr(&name)?;
    let _client = UnixStream::connect_addr(&name)?;
    for filter in ["dst=@end", "not dst=@end", "host=@nobody", "has remote", "not has remote"] {
        let words = format!("-x --count {filter}");
        let known = run::pree(&words)?.whole()?;
        let answer = run::pree(&format!("{words} --source proc"))?.code(3)?.tells("peers of Unix sockets")?;
        if filter == "dst=@end" && (known.out.trim(), answer.out.trim()) != ("1", "0") {
            return Err(format!("{known:?} {answer:?}").into());
        }
    }
    run::pree("-x --count src=@end --source proc")?.whole()?;
    Ok(())
}

fn proc_lacks_udp() -> Result<(), Failed> {
    let mut all = population::listeners()?;
    all.merge(population::connections()?);
    let files = real(&["tcp", "tcp6"])?;
    let _udp = population::udp()?;
    false_proc(&files)?;
    for words in ["", "--strict"] {
        let flags = format!("{words} --source proc --owners none");
        let answer = run::pree(&flags)?.code(3)?.through_proc()?.tells("sockets missing (udp)")?;
        let view = View { diag: false, owners: Owners::None };
        truth::same(all.truth(), &table::parse(&answer.out, Form { owners: false, ..USUAL })?, view)?;
        let answer = run::pree(&format!("{flags} --json"))?.code(3)?;
        let document = json::document(&answer.out)?;
        truth::same(all.truth(), &document.rows()?, view)?;
        if !document.missing.iter().any(|gap| (&*gap.what, &*gap.why) == ("rows", "absent")) {
            return Err(format!("{:?}", document.missing).into());
        }
        // Nothing of what was asked for is missing.
        run::pree(&format!("{flags} -t -c sport"))?.whole()?;
        // Nothing of it is there.
        run::pree(&format!("{flags} -u"))?.code(4)?.tells("/proc/net/udp")?.silent()?;
    }
    Ok(())
}

fn proc_nonsense() -> Result<(), Failed> {
    let all = population::reuseport(Family::V4, 4)?;
    let mut files = real(&["tcp", "tcp6", "udp", "udp6"])?;
    let (_, tcp) = &mut files[0];
    tcp.extend(b"   9: no\x1b[31m address\n\xff\xfe\x00\n");
    let view = View { diag: false, owners: Owners::None };
    false_proc(&files)?;
    let flags = "--source proc --owners none";
    let answer = run::pree(flags)?.code(3)?.through_proc()?.tells("sockets missing for 2 (/proc/net/tcp)")?;
    truth::same(all.truth(), &table::parse(&answer.out, Form { owners: false, ..USUAL })?, view)?;
    // A file that ends within a line is not all of it.
    fs::write("/proc/thread-self/net/tcp", b"  sl  local_address\n   0: 0100007F:1F90 0000000")?;
    run::pree(&format!("{flags} -t"))?.code(4)?.tells("/proc/net/tcp")?.silent()?;
    run::pree(flags)?.code(3)?.through_proc()?.tells("sockets missing (tcp)")?;
    Ok(())
}

/// Whether sockets match is not known: that ends every output with the same code, strict or not.
fn outputs() -> Result<(), Failed> {
    let _kept = population::listeners()?;
    const OUTPUTS: [&str; 15] = [
        "",
        "--count",
        "-q",
        "-g state",
        "-g process --count",
        "-s",
        "-s -q",
        "summary --json",
        "--json",
        "--jsonl",
        "--format {local}",
        "--sort local",
        "--limit 1",
        "explain",
        "explain -q",
    ];
    for output in OUTPUTS {
        for strict in ["", "--strict"] {
            for filter in ["rmem>=0", "has rmem", "not has rmem", "fwmark=1"] {
                let words = format!("{output} {strict} --source proc {filter}");
                let answer = run::pree(&words)?.code(3).map_err(|failed| run::while_doing(&words, failed))?;
                if !answer.err.contains("(filter by ") {
                    return Err(format!("{words} tells {:?}", answer.err).into());
                }
                let words = format!("{output} {strict} {filter} sport>0");
                let code = run::pree(&words)?.code;
                if code == 3 {
                    return Err(format!("{words}: sock_diag tells it").into());
                }
            }
        }
    }
    // What is asked for itself is missing where it is told, and with -q too.
    for (output, code) in [("-m", 3), ("-m -q", 3), ("-c +rmem", 3), ("--count", 0), ("-s", 0)] {
        let words = format!("{output} --strict --source proc");
        run::pree(&words)?.code(code).map_err(|failed| run::while_doing(&words, failed))?;
    }
    // Sums of what nobody tells are not 0.
    let (_one, _other) = UnixStream::pair()?;
    let answer = run::pree("-x -g state --source proc --strict --json")?.code(3)?;
    let sums = r#"{"key":"established","count":2,"recv_queue":null,"send_queue":null}"#;
    if !answer.out.contains(sums) || !answer.err.contains("receive queues") {
        return Err(format!("{}\n{}", answer.out, answer.err).into());
    }
    Ok(())
}
