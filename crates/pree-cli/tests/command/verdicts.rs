//! `pree explain` and `pree doctor`: what they say of trouble that was made on purpose, and of none.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{self, UnixListener, UnixStream};

use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::peer::Peer;
use pree_testkit::wire::Wire;
use pree_testkit::{Case, Failed, Family, Need, Socket, hostile, population, wait_for};
use serde_json::{Value, json};

use crate::check::check;
use crate::folder::Folder;
use crate::run::{self, Terminal};

pub fn cases() -> Vec<Case> {
    let lab = |name, run: fn() -> Result<(), Failed>| Case::new(name, run).lab();
    vec![
        lab("a_quiet_machine_is_well", quiet),
        lab("trouble_is_named_and_explained", trouble).needs(Need::Veth),
        lab("what_happens_meanwhile_is_judged", meanwhile).needs(Need::Veth),
        lab("sockets_that_are_no_connection_are_explained", others),
        lab("sockets_that_proc_tells_of_are_explained", by_proc),
        lab("a_full_unix_listener_is_found", full_unix_listener),
        lab("local_ports_are_counted", local_ports),
        lab("hostile_names_are_told_apart_and_harmless_in_verdicts", hostile_names),
    ]
}

/// A connection whose peer acknowledges nothing any more, or can take nothing.
pub fn to_peer(wire: Wire, address: SocketAddr) -> Result<(Socket, Peer), Failed> {
    let mut peer = wire.peer(address)?;
    let socket = Socket::tcp(Family::V4)?;
    socket.start_connect(address)?;
    peer.accept()?;
    Ok((socket, peer))
}

/// A peer that announces that it can take nothing; then data waits.
pub fn closed_window(wire: Wire) -> Result<(Socket, Peer), Failed> {
    let (socket, mut peer) = to_peer(wire, wire.far_address(Family::V4))?;
    peer.set_window(0);
    // The window must have arrived before the first byte is sent.
    peer.send(b"!")?;
    socket.receive(&mut [0; 8])?;
    socket.send(&[1; 1000])?;
    Ok((socket, peer))
}

/// A listener whose queue of one overflows.
fn overflow() -> Result<(Socket, Vec<Socket>), Failed> {
    let listener = Socket::tcp(Family::V4)?;
    listener.bind((Family::V4.loopback(), 0))?;
    listener.listen(0)?;
    let mut clients = Vec::new();
    for _ in 0..3 {
        let client = Socket::tcp(Family::V4)?;
        client.start_connect(listener.local()?)?;
        clients.push(client);
    }
    Ok((listener, clients))
}

pub fn await_count(filter: &str, count: usize) -> Result<(), Failed> {
    wait_for(&format!("{count} with {filter}"), || {
        let answer = run::pree(&format!("--count {filter}")).ok()?;
        (answer.out.trim() == count.to_string()).then_some(())
    })
}

fn ensure(condition: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failed> {
    if condition { Ok(()) } else { Err(otherwise().into()) }
}

fn fits(text: &str) -> Result<(), Failed> {
    let wide = |line: &&str| line.chars().count() > 80 || line.trim_end() != *line;
    ensure(!text.lines().any(|line| wide(&line)), || format!("too wide, or blanks at the end:\n{text}"))
}

pub fn follows(of: &str, text: &str) -> Result<Value, Failed> {
    let root: Value = serde_json::from_str(&run::pree("schema")?.whole()?.out)?;
    let value: Value = serde_json::from_str(text)?;
    let schema = json!({ "$ref": format!("#/$defs/{of}") });
    let wrong = check(&root, &schema, &value, "");
    ensure(wrong.is_empty(), || format!("{wrong:?}"))?;
    Ok(value)
}

fn names(findings: &Value) -> BTreeSet<&str> {
    findings.as_array().into_iter().flatten().filter_map(|finding| finding["name"].as_str()).collect()
}

fn quiet() -> Result<(), Failed> {
    let mut all = population::listeners()?;
    all.merge(population::connections()?);
    all.merge(population::udp()?);
    let answer = run::pree("doctor")?.whole()?;
    fits(&answer.out)?;
    // Words are wrapped anywhere.
    let words = answer.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "no problems found",
        &format!("looked at {} sockets", all.truth().len()),
        "zero window",
        "close wait leak",
        "over their lifetimes",
    ] {
        ensure(words.contains(said), || format!("no {said:?} in\n{}", answer.out))?;
    }
    ensure(!answer.out.contains('!'), || answer.out.clone())?;
    run::pree("doctor -q")?.whole()?.silent()?;
    through_proc()?;
    let document = follows("diagnosis", &run::pree("doctor --json")?.whole()?.out)?;
    let empty = |key: &str| document[key].as_array().is_some_and(Vec::is_empty);
    ensure(empty("sockets"), || document.to_string())?;
    let serious = document["findings"].as_array().into_iter().flatten();
    ensure(serious.into_iter().all(|finding| finding["severity"] == "info"), || document.to_string())?;
    ensure(document["looked_at"]["sockets"] == all.truth().len(), || document.to_string())
}

/// In words of what is there, by the names that the files have.
fn by_proc() -> Result<(), Failed> {
    let listener = Socket::tcp(Family::V4)?;
    listener.bind((Family::V4.loopback(), 7001))?;
    listener.listen(5)?;
    let clients: Vec<Socket> = (0..2)
        .map(|_| {
            let client = Socket::tcp(Family::V4)?;
            client.connect(listener.local()?)?;
            Ok::<_, Failed>(client)
        })
        .collect::<Result<_, _>>()?;
    let datagrams = Socket::udp(Family::V6)?;
    datagrams.bind((Family::V6.loopback(), 7002))?;
    await_count("sport = 7001 state established", clients.len())?;
    for (words, said) in [
        (
            "explain sport = 7001 -l",
            &["waiting 2 connections to be accepted, limit unknown", "evidence /proc/net/tcp: st, rx_queue;"]
                [..],
        ),
        (
            "explain dport = 7001 --limit 1",
            &["waiting 0B not yet read, 0B not yet", "evidence /proc/net/tcp: st, tx_queue, rx_queue;"],
        ),
        ("explain -u sport = 7002", &["evidence /proc/net/udp6: st, tx_queue, rx_queue, drops;"]),
        // Each look finds it by its inode.
        ("explain sport = 7001 -l --for 300ms", &["waiting 2 connections to be accepted", "judged over "]),
        ("explain -u sport = 7002 --for 300ms", &["judged over ", "evidence /proc/net/udp6"]),
        // It may be bound by more than listen on it.
        ("port 7001", &["2 connections to be accepted, limit unknown"]),
    ] {
        let code = if words.starts_with("port") { 3 } else { 0 };
        let answer = run::pree(&format!("{words} --source proc"))?.code(code)?;
        fits(&answer.out)?;
        let text = answer.out.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in said {
            ensure(text.contains(said), || format!("{words}: no {said:?} in\n{}", answer.out))?;
        }
    }
    let answer = run::pree("explain sport = 7001 -l")?.whole()?;
    let text = answer.out.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure(text.contains("accept queue 2/5") && text.contains("SK_MEMINFO_DROPS"), || answer.out.clone())
}

/// What /proc does not tell was not looked for: nothing found does not mean that all is well.
fn through_proc() -> Result<(), Failed> {
    let answer = run::pree("doctor --source proc")?.code(0)?;
    fits(&answer.out)?;
    ensure(answer.out.starts_with("no problems found, but not everything"), || answer.out.clone())?;
    ensure(answer.err.contains("statistics unknown") && answer.err.contains("memory"), || {
        answer.err.clone()
    })?;
    run::pree("doctor --source proc -q --strict")?.code(3)?;
    let meanwhile = run::pree("doctor --source proc --for 300ms")?.code(0)?.out;
    ensure(meanwhile.starts_with("no problems found, but not everything"), || meanwhile.clone())?;
    let answer = run::pree("doctor --source proc --json")?.code(0)?;
    let document = follows("diagnosis", &answer.out)?;
    ensure(document["complete"] == false, || document.to_string())?;
    let not = names(&document["not_looked_for"]);
    let looked: BTreeSet<&str> =
        document["looked_for"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    ensure(looked.is_disjoint(&not), || document.to_string())?;
    for (names, is_looked) in [
        (
            &["zero_window", "lossy", "download_bloat", "accept_overflow", "unread_data", "path_trouble"][..],
            false,
        ),
        // Though there is no such socket here.
        (&["udp_drops", "close_wait_leak", "ports_exhausted"], false),
        (&["half_open", "time_wait_pile"], true),
    ] {
        for name in names {
            ensure(looked.contains(name) == is_looked, || format!("{name}: {document}"))?;
            ensure(not.contains(name) != is_looked, || format!("{name}: {document}"))?;
        }
    }
    Ok(())
}

fn trouble() -> Result<(), Failed> {
    let wire = Wire::open()?;
    let (closed, _peer) = closed_window(wire)?;
    let (stalled, _other) = to_peer(wire, wire.far_address(Family::V4))?;
    stalled.send(&[1; 1000])?;
    let (listener, _clients) = overflow()?;
    // The second of them takes a second of waiting.
    await_count("issue=zero_window issue=receiver_limited", 1)?;
    await_count("issue=rto_stall,path_dead", 1)?;
    await_count("issue=accept_overflow", 1)?;
    let me = format!("[{}]", std::process::id());
    for (filter, issue, words) in [
        (
            format!("tcp:{}", closed.local()?),
            "zero_window",
            vec!["snd_wnd 0B", "progress 0.50", "score 0.50"],
        ),
        (format!(":{}", stalled.local()?.port()), "", vec!["backoff", "score 0."]),
        (format!(":{} state=listen", listener.local()?.port()), "accept_overflow", vec!["accept queue 1/0"]),
    ] {
        let answer = run::pree(&format!("explain {filter}"))?.whole()?;
        fits(&answer.out)?;
        let marked = answer
            .out
            .lines()
            .any(|line| (line.starts_with(" ! ") || line.starts_with("!! ")) && line.contains(issue));
        ensure(marked, || format!("{filter}: no {issue:?} in\n{}", answer.out))?;
        for said in words.into_iter().chain([me.as_str(), "evidence", "judged", "; see "]) {
            ensure(answer.out.contains(said), || format!("{filter}: no {said:?} in\n{}", answer.out))?;
        }
        let document = follows("document", &run::pree(&format!("explain {filter} --json"))?.whole()?.out)?;
        let found = &document["sockets"][0]["quality"]["findings"];
        ensure(issue.is_empty() || names(found).contains(issue), || document.to_string())?;
    }
    // The worst first, whatever the order of the table.
    let all = run::pree("explain state=all --json")?.whole()?.out;
    let document: Value = serde_json::from_str(&all)?;
    let rank = |socket: &Value| {
        let findings = socket["quality"]["findings"].as_array();
        let severity = |finding: &Value| match finding["severity"].as_str() {
            Some("critical") => 3,
            Some("warning") => 2,
            _ => 1,
        };
        findings.into_iter().flatten().map(severity).max().unwrap_or(0)
    };
    let ranks: Vec<i32> = document["sockets"].as_array().into_iter().flatten().map(rank).collect();
    ensure(ranks.is_sorted_by(|a, b| a >= b) && ranks.len() > 4, || format!("{ranks:?}"))?;
    let text = run::pree("explain state=all --limit 4")?.whole()?.out;
    ensure(text.contains("SCORE ISSUES, SOCKET\n"), || text.clone())?;
    let rest = format!("and {} others: --limit {}\n", ranks.len() - 4, ranks.len());
    ensure(text.ends_with(&rest), || text.clone())?;
    diagnosed(&[&closed, &stalled, &listener], &me)?;
    columns(&closed)?;
    replayed(&closed)
}

fn diagnosed(troubled: &[&Socket], me: &str) -> Result<(), Failed> {
    run::pree("doctor -q")?.code(5)?.silent()?;
    let answer = run::pree("doctor")?.code(5)?;
    for said in ["zero_window", "accept_overflow", me, "affected sockets"] {
        ensure(answer.out.contains(said), || format!("no {said:?} in\n{}", answer.out))?;
    }
    let document = follows("diagnosis", &run::pree("doctor --json")?.code(5)?.out)?;
    let sockets = document["sockets"].as_array().ok_or("no sockets")?;
    let told: BTreeSet<String> =
        sockets.iter().filter_map(|socket| Some(socket["cookie"].as_str()?.to_owned())).collect();
    for socket in troubled {
        let cookie = socket.cookie()?.to_string();
        ensure(told.contains(&cookie), || format!("{} is not in {told:?}", socket.number()))?;
    }
    let first = run::pree("doctor --json --limit 1")?.code(5)?.out;
    let first: Value = serde_json::from_str(&first)?;
    ensure(first["sockets"].as_array().map(Vec::len) == Some(1), || first.to_string())?;
    Ok(())
}

/// The same judgement as columns, in each format.
fn columns(closed: &Socket) -> Result<(), Failed> {
    let (local, port) = (closed.local()?.to_string(), closed.local()?.port());
    let filter = format!("sport={port}");
    for (words, expected) in [
        ("-H -c score,issue", "0.50 zero_window"),
        ("-H -c worst", "! window"),
        ("--raw-units -H -c score", "0.5"),
        ("--tsv -c score,issue,worst", "score issue worst\n0.5 zero_window,receiver_limited zero_window"),
        ("--csv -H -c score,bloat", "0.5,"),
        ("--format {score}/{worst}/{loss}", "0.5/zero_window/-"),
    ] {
        let mut command = run::command(words);
        let mut output = command.arg(&filter).output()?;
        // Ends of lines of CSV, and what stands between cells.
        output.stdout.retain(|byte| *byte != b'\r');
        let plain = |byte: &mut u8| *byte = if *byte == b'\t' { b' ' } else { *byte };
        output.stdout.iter_mut().for_each(plain);
        let out = run::judge(output)?.whole()?.out;
        ensure(out.trim().contains(expected), || format!("{words}: {out:?} has no {expected:?}"))?;
    }
    for (filter, count) in [
        (format!("score<0.7 {filter}"), 1),
        (format!("score>=0.7 {filter}"), 0),
        (format!("not score<0.7 {filter}"), 0),
        (format!("has issue {filter}"), 1),
        (format!("issue!=zero_window {filter}"), 0),
        (format!("has loss {filter}"), 0),
    ] {
        let out = run::pree(&format!("--count {filter}"))?.whole()?.out;
        ensure(out.trim() == count.to_string(), || format!("{filter}: {out}"))?;
    }
    let groups = run::pree(&format!("-H -g issue --count {filter}"))?.whole()?.out;
    ensure(groups.split_whitespace().eq(["zero_window,receiver_limited", "1"]), || groups.clone())?;
    // In order: the unknown last both ways, the worst issue by severity.
    let first = |words: &str| -> Result<String, Failed> {
        let out = run::pree(&format!("-tH --owners none {words} --limit 1"))?.whole()?.out;
        Ok(out.trim().to_owned())
    };
    let lowest: f64 = first("-c score --sort score")?.parse()?;
    let highest: f64 = first("-c score --sort -score")?.parse()?;
    ensure(lowest <= highest && lowest <= 0.5, || format!("{lowest} to {highest}"))?;
    let severe = ["accept_overflow", "path_dead"];
    let worst = first("-c issue --sort -issue")?;
    ensure(severe.iter().any(|name| worst.starts_with(name)), || worst.clone())?;
    // On a terminal without being asked.
    let wide = Terminal { columns: 120, ..Terminal::default() };
    let out = run::judge(run::on(wide, "")?)?.whole()?.out;
    let row = out.lines().find(|line| line.split_whitespace().any(|word| word == local)).unwrap_or_default();
    ensure(row.contains(" 0.50 ") && row.ends_with("! window"), || out.clone())?;
    let piped = run::pree(&filter)?.whole()?.out;
    ensure(!piped.contains("window") && !piped.contains("SCORE"), || piped.clone())
}

/// A recording tells the same.
fn replayed(closed: &Socket) -> Result<(), Failed> {
    let folder = Folder::new("verdicts")?;
    let file = folder.file("all");
    run::pree(&format!("capture {file} -q"))?.whole()?;
    let answer = run::pree(&format!("explain tcp:{} --replay {file}", closed.local()?))?.whole()?;
    ensure(answer.out.contains(" ! zero_window"), || answer.out.clone())?;
    let answer = run::pree(&format!("doctor --replay {file}"))?.code(5)?;
    ensure(answer.out.contains(" zero_window"), || answer.out.clone())
}

fn meanwhile() -> Result<(), Failed> {
    let wire = Wire::open()?;
    let (socket, _peer) = closed_window(wire)?;
    await_count("issue=zero_window", 1)?;
    let filter = format!("tcp:{}", socket.local()?);
    let answer = run::pree(&format!("explain {filter} --for 500ms"))?.whole()?;
    fits(&answer.out)?;
    ensure(answer.out.contains(" ! zero_window"), || answer.out.clone())?;
    // However long the looks took on a busy machine: it is said.
    let length = answer.out.split_once("  over ").and_then(|(_, length)| {
        let unit = length.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = length[..unit].parse().ok()?;
        Some(if length[unit..].trim_start().starts_with("ms") { number / 1e3 } else { number })
    });
    ensure(length.is_some_and(|seconds| (0.2..60.0).contains(&seconds)), || answer.out.clone())?;
    // An owner's name is looked for once, and narrows all the same.
    let pid = std::process::id();
    for filter in [filter.clone(), format!("pid={pid} state=established")] {
        let out = run::pree(&format!("explain {filter} --for 300ms --json"))?.whole()?.out;
        let document = follows("document", &out)?;
        let socket = &document["sockets"][0];
        ensure(socket["rates"]["tx"].is_u64() && socket["rates"]["rx_packets"].is_u64(), || out.clone())?;
        let quality = &socket["quality"];
        let seconds = quality["basis"]["seconds"].as_f64().unwrap_or_default();
        ensure(seconds >= 0.2, || out.clone())?;
        ensure(names(&quality["findings"]).contains("zero_window"), || out.clone())?;
    }
    let out = run::pree("doctor --for 300ms --json")?.code(5)?.out;
    let document = follows("diagnosis", &out)?;
    ensure(document["basis"]["seconds"].as_f64() >= Some(0.2), || out.clone())?;
    ensure(document["sockets"][0]["rates"]["rx"].is_u64(), || out.clone())?;
    let out = run::pree(&format!("explain {filter} --json"))?.whole()?.out;
    ensure(!out.contains("\"rates\""), || out.clone())
}

fn others() -> Result<(), Failed> {
    let mut all = population::listeners()?;
    all.merge(population::udp()?);
    for truth in all.truth() {
        let words = format!("explain {}:{} state={}", truth.protocol, truth.local, truth.state);
        let out = run::pree(&words)?.whole()?.out;
        fits(&out)?;
        let label = format!("{} {}", truth.protocol, truth.shown_local()?);
        ensure(out.contains(&label), || format!("{words}: no {label:?} in\n{out}"))?;
        ensure(!out.contains("score"), || format!("{words}: a score?\n{out}"))?;
        let waits = if truth.state == "listen" { "accept queue 0/" } else { "B not yet read" };
        ensure(out.contains(waits), || format!("{words}: no {waits:?} in\n{out}"))?;
    }
    run::pree("explain :1")?.code(1)?.silent()?.tells("nothing matches")?;
    run::pree("explain :1 -q")?.code(1)?.silent()?;
    let none = follows("document", &run::pree("explain :1 --json")?.code(1)?.out)?;
    ensure(none["sockets"].as_array().is_some_and(Vec::is_empty), || none.to_string())
}

fn full_unix_listener() -> Result<(), Failed> {
    fs::write("/proc/sys/net/core/somaxconn", "4")?;
    let name = net::SocketAddr::from_abstract_name("queue")?;
    let _listener = UnixListener::bind_addr(&name)?;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(UnixStream::connect_addr(&name)?);
    }
    run::pree("doctor -q")?.whole()?;
    // One more than the limit is let in.
    clients.push(UnixStream::connect_addr(&name)?);
    let answer = run::pree("doctor")?.code(5)?;
    fits(&answer.out)?;
    for said in ["1 problem, 1 affected socket\n", "accept_overflow", "@queue", "sk_max_ack_backlog 4"] {
        ensure(answer.out.contains(said), || format!("no {said:?} in\n{}", answer.out))?;
    }
    ensure(!answer.out.contains("tcp"), || answer.out.clone())?;
    // It was full at every look.
    let meanwhile = run::pree("doctor --for 300ms")?.code(5)?.out;
    ensure(meanwhile.contains("accept_overflow"), || meanwhile.clone())?;
    run::pree("doctor -q --fail-on warning")?.code(5)?;
    run::pree("doctor -q --fail-on critical")?.whole()?;
    Ok(())
}

fn local_ports() -> Result<(), Failed> {
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40099")?;
    fs::write("/proc/sys/net/ipv4/ip_local_reserved_ports", "40005-40014")?;
    let mut held = Vec::new();
    // The fourth is reserved, the fifth outside.
    for port in [40_000, 40_001, 40_099, 40_005, 39_999] {
        let socket = Socket::tcp(Family::V4)?;
        socket.bind((Family::V4.loopback(), port))?;
        socket.listen(1)?;
        held.push(socket);
    }
    let client = Socket::tcp(Family::V4)?;
    // Not the one that is bound below.
    client.bind((Family::V4.loopback(), 40_002))?;
    client.connect(held.last().ok_or("no listener")?.local()?)?;
    let expected = json!({ "used": 4, "at_least": 4, "all": 90 });
    let doctor = follows("diagnosis", &run::pree("doctor --json")?.whole()?.out)?;
    ensure(doctor["local_ports"] == expected, || doctor.to_string())?;
    let summary = follows("summary", &run::pree("-s --json")?.whole()?.out)?;
    ensure(summary["summary"]["local_ports"] == expected, || summary.to_string())?;
    for words in ["doctor", "-s"] {
        let out = run::pree(words)?.whole()?.out;
        ensure(out.contains(" 4 of 90 in use"), || out.clone())?;
    }
    // A port that is only bound is in no file of /proc.
    let bound = Socket::tcp(Family::V4)?;
    bound.bind((Family::V4.loopback(), 40_050))?;
    let least = json!({ "used": null, "at_least": 4, "all": 90 });
    let doctor = follows("diagnosis", &run::pree("doctor --source proc --json")?.code(0)?.out)?;
    ensure(doctor["local_ports"] == least, || doctor.to_string())?;
    let summary = follows("summary", &run::pree("-s --source proc --json")?.code(0)?.out)?;
    ensure(summary["summary"]["local_ports"] == least, || summary.to_string())?;
    for words in ["doctor --source proc", "-s --source proc"] {
        let out = run::pree(words)?.code(0)?.out;
        ensure(out.contains("at least 4 of 90 in use"), || out.clone())?;
    }
    // Of some sockets only, it is not told.
    let some = follows("summary", &run::pree("-s -l --json")?.whole()?.out)?;
    ensure(some["summary"]["local_ports"].is_null(), || some.to_string())
}

fn hostile_names() -> Result<(), Failed> {
    let mut kept = Vec::new();
    for name in hostile::NAMES {
        let (listener, clients) = overflow()?;
        let holder = Holder::start(HolderSpec::hold().name(name).inherit(&listener))?;
        let port = listener.local()?.port();
        // The case's own copy would be an owner too.
        drop(listener);
        kept.push((holder, clients, port));
    }
    await_count("issue=accept_overflow", hostile::NAMES.len())?;
    let doctor = run::pree("doctor --limit 1000")?.code(5)?.out;
    let mut shown = BTreeSet::new();
    for (holder, _, port) in &kept {
        let pid = format!("[{}]", holder.pid());
        let out = run::pree(&format!("explain :{port} state=listen"))?.whole()?.out;
        let of_doctor = doctor.lines().find(|line| line.contains(&pid)).ok_or("not in doctor")?;
        let first = out.lines().next().unwrap_or_default();
        let name = first.split(&pid).next().unwrap_or_default();
        ensure(first.contains(&pid) && of_doctor.contains(name), || format!("{first:?}, {of_doctor:?}"))?;
        shown.insert(name.to_owned());
    }
    ensure(shown.len() == kept.len(), || format!("{} names look like {}", kept.len(), shown.len()))
}
