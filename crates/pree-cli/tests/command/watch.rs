//! `pree watch` beside connections that the test makes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pree_testkit::link::Namespace;
use pree_testkit::{Case, Failed, Need};
use rustix::net::sockopt::set_socket_linger;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::folder::Folder;
use crate::run;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("a_watch_tells_every_connection_as_it_ends", ends).lab().needs(Need::Bpf),
        Case::new("a_watch_tells_what_could_not_be_opened", failed).lab().needs(Need::Bpf),
        Case::new("a_watch_ends_by_signal_time_and_number", ends_itself).lab(),
        Case::new("a_watch_that_nobody_reads_ends_in_time", unread).lab().needs(Need::Bpf),
        Case::new("a_watch_that_was_stopped_says_what_it_lost", stopped).lab().needs(Need::Bpf),
        Case::new("a_watch_without_rights_polls_and_says_so", polls).lab(),
        Case::new("a_recorded_watch_is_the_same_each_time", recorded).lab().needs(Need::Bpf),
        Case::new("what_a_watch_prints_it_reads", pasted).lab().needs(Need::DatagramEvents),
        Case::new("a_watch_of_other_namespaces", elsewhere).lab().needs(Need::Bpf),
        Case::new("windows_sum_up_what_was_sent", windows).lab().needs(Need::Bpf),
        Case::new("ticks_tell_rates_and_filters_ask_them", ticks).lab().needs(Need::Bpf),
        Case::new("a_list_repeats_with_rates", repeats).lab(),
        Case::new("a_summary_and_groups_repeat", repeats_others).lab(),
        Case::new("a_list_repeats_in_place", in_place).lab(),
    ]
}

/// A watch that runs, once it has told what is there.
fn start(words: &str) -> Result<(Child, BufReader<std::process::ChildStdout>), Failed> {
    let mut child = run::command(words).stderr(Stdio::null()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no pipe")?);
    let mut line = String::new();
    while !line.contains("\"ready\"") {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Err("it ended before it was ready".into());
        }
    }
    Ok((child, lines))
}

fn events(text: &str) -> Result<(Vec<Value>, Value), Failed> {
    let mut lines = text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    let end = lines.pop().ok_or("no lines")?;
    Ok((lines, end))
}

/// The client sends so much and reads so much, then closes first.
fn connect(listener: &TcpListener, bytes: usize) -> Result<SocketAddr, Failed> {
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, address) = listener.accept()?;
    client.write_all(&vec![1; bytes])?;
    server.read_exact(&mut vec![0; bytes])?;
    server.write_all(&[2; 3])?;
    client.read_exact(&mut [0; 3])?;
    drop(client);
    if server.read(&mut [0; 1])? != 0 {
        return Err("there is more".into());
    }
    Ok(address)
}

fn ends() -> Result<(), Failed> {
    let (mut child, mut lines) = start("watch --jsonl")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut expected = Vec::new();
    for bytes in [1, 1000, 50_000] {
        expected.push((u64::from(connect(&listener, bytes)?.port()), bytes as u64));
    }
    thread::sleep(Duration::from_millis(300));
    kill_process(pid(&child), Signal::INT)?;
    let mut text = String::new();
    lines.read_to_string(&mut text)?;
    let status = child.wait()?;
    let (events, end) = events(&text)?;
    let number = |event: &Value, path: &str| event.pointer(path).and_then(Value::as_u64);
    let of_clients: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "closed" && event["how"] == "fin_local")
        .filter_map(|event| Some((number(event, "/local/port")?, number(event, "/sent")?)))
        .collect();
    let me = u64::from(std::process::id());
    let closed: Vec<_> = events.iter().filter(|event| event["event"] == "closed").collect();
    let are_ours = closed.iter().all(|event| number(event, "/owners/0/pid") == Some(me));
    let of_servers = closed.iter().filter(|event| event["how"] == "fin_remote" && event["sent"] == 3).count();
    if of_clients != expected || of_servers != 3 || !are_ours {
        return Err(format!("{of_clients:?}, not {expected:?}; {of_servers}\n{text}").into());
    }
    let is_whole = end["lost"] == 0 && end["source"] == "bpf" && end["complete"] == true;
    if status.code() == Some(0) && is_whole { Ok(()) } else { Err(format!("{status}: {end}").into()) }
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

fn failed() -> Result<(), Failed> {
    let maker: JoinHandle<()> = thread::spawn(|| {
        for _ in 0..20 {
            thread::sleep(Duration::from_millis(50));
            let _ = TcpStream::connect("127.0.0.1:9");
        }
    });
    let answer = run::pree("watch --failed --format {how}/{errno}/{dst}/{dport}/{pid} --limit 3 --for 20s")?
        .whole()?;
    maker.join().map_err(|_| "the maker panicked")?;
    let expected = format!("refused/111/127.0.0.1/9/{}\n", std::process::id()).repeat(3);
    if answer.out == expected { Ok(()) } else { Err(format!("{:?}", answer.out).into()) }
}

fn ends_itself() -> Result<(), Failed> {
    // Nothing happens.
    run::pree("watch --source poll --for 300ms --limit 1 dport=1")?.code(1)?;
    let out = run::pree("watch --source poll --for 300ms --jsonl")?.whole()?.out;
    let (told, end) = events(&out)?;
    if told.last().is_none_or(|event| event["event"] != "ready") || !end["lost"].is_null() {
        return Err(out.into());
    }
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (mut child, mut lines) = start("watch --source poll --jsonl")?;
        kill_process(pid(&child), signal)?;
        let mut rest = String::new();
        lines.read_to_string(&mut rest)?;
        let (status, (_, end)) = (child.wait()?, events(&rest)?);
        if status.code() != Some(0) || end["source"] != "poll" {
            return Err(format!("{signal:?}: {status} {end}").into());
        }
    }
    Ok(())
}

/// Its pipe is full, and stays so.
fn unread() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (mut child, lines) = start("watch --jsonl --for 1s")?;
    // Some 2,000 bytes each: many times what a pipe holds.
    for _ in 0..1000 {
        connect(&listener, 1)?;
    }
    // Nothing but a hang lasts so long.
    for _ in 0..600 {
        if let Some(status) = child.try_wait()? {
            drop(lines);
            return if status.success() { Err("it says that all was written".into()) } else { Ok(()) };
        }
        thread::sleep(Duration::from_millis(100));
    }
    child.kill()?;
    child.wait()?;
    Err("it did not end".into())
}

/// It does not run while more happens than the kernel keeps for it: that is told, put right, and takes no memory.
fn stopped() -> Result<(), Failed> {
    let (mut child, mut lines) = start("watch --jsonl")?;
    kill_process(pid(&child), Signal::STOP)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    for _ in 0..12_000 {
        let client = TcpStream::connect(listener.local_addr()?)?;
        drop(listener.accept()?);
        set_socket_linger(&client, Some(Duration::ZERO))?;
    }
    kill_process(pid(&child), Signal::CONT)?;
    let (mut text, mut line) = (String::new(), String::new());
    while !line.contains("\"resynchronised\"") {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Err("it ended before it was put right".into());
        }
        text.push_str(&line);
    }
    let memory = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let most =
        memory.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    kill_process(pid(&child), Signal::INT)?;
    lines.read_to_string(&mut text)?;
    let code = child.wait()?.code();
    let (events, end) = events(&text)?;
    let lost = events.iter().filter(|event| event["event"] == "lost").map(|event| event["count"].as_u64());
    let lost = lost.sum::<Option<u64>>().ok_or("a loss without its count")?;
    let says = end["lost"] == lost && end["complete"] == false && end["missing"][0]["what"] == "events";
    if code != Some(3) || lost == 0 || !says || most.is_none_or(|kib: u64| kib > 64 << 10) {
        return Err(format!("code {code:?}, {lost} lost, {most:?} KiB, {end}").into());
    }
    Ok(())
}

fn polls() -> Result<(), Failed> {
    pree_testkit::lab::give_up_rights()?;
    let answer = run::pree("watch --for 300ms --jsonl")?;
    let (_, end) = events(&answer.out)?;
    let says = answer.err.contains("owners of connections shorter than 100 ms are not known")
        && answer.err.contains("CAP_BPF");
    if !says || end["source"] != "destroy" || end["lost"] != 0 {
        return Err(format!("{} {end}", answer.err).into());
    }
    run::pree("watch --for 300ms --source bpf")?.code(4)?.silent()?;
    Ok(())
}

fn recorded() -> Result<(), Failed> {
    let folder = Folder::new("watch")?;
    let file = folder.file("recording");
    let name = file.clone();
    let maker = thread::spawn(|| -> Result<(), String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
        for _ in 0..20 {
            thread::sleep(Duration::from_millis(50));
            connect(&listener, 10).map_err(|failed| failed.message().unwrap_or_default().to_owned())?;
        }
        Ok(())
    });
    run::pree(&format!("capture -q --for 2s --stats=200ms {name}"))?.whole()?;
    maker.join().map_err(|_| "the maker panicked")??;
    let first = run::pree(&format!("watch --jsonl --replay {name}"))?.code(0)?.out;
    let again = run::pree(&format!("watch --jsonl --replay {name}"))?.code(0)?.out;
    let (events, _) = events(&first)?;
    let closed = events.iter().filter(|event| event["event"] == "closed" && event["sent"] == 10).count();
    if first != again || closed < 10 {
        return Err(format!("{closed} ends; the same: {}", first == again).into());
    }
    // Its ticks replay at their times, and at no others.
    let sums = run::pree(&format!("watch --jsonl --every 200ms --replay {name}"))?.code(0)?.out;
    let (windows, _) = self::events(&sums)?;
    let sent: u64 = windows.iter().filter_map(|window| window["tx_bytes"].as_u64()).sum();
    if windows.len() < 5 || sent != closed as u64 * 13 {
        return Err(format!("{sent} of {closed} times 13:\n{sums}").into());
    }
    run::pree(&format!("watch --jsonl --every 1s --replay {name}"))?.code(4)?.tells("--stats=1s")?;
    // The same recording answers a list, as of when it began; one without a watch says so.
    run::pree(&format!("--replay {name}"))?.code(0)?;
    let short = folder.file("short");
    run::pree(&format!("capture -q {short}"))?.whole()?;
    run::pree(&format!("watch --replay {short}"))?
        .code(4)?
        .tells("pree capture --for makes one")?
        .silent()?;
    Ok(())
}

/// Of one network namespace only its own; of all, each with its namespace.
/// Every value of an event's own fields, pasted into a filter, finds the event.
fn pasted() -> Result<(), Failed> {
    let folder = Folder::new("pasted")?;
    let file = folder.file("recording");
    let maker = thread::spawn(|| -> Result<(), String> {
        let made = || -> Result<(), Failed> {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let server = UdpSocket::bind("127.0.0.1:0")?;
            for bytes in [3, 700] {
                thread::sleep(Duration::from_millis(400));
                connect(&listener, bytes)?;
                UdpSocket::bind("127.0.0.1:0")?.send_to(&vec![1; bytes], server.local_addr()?)?;
                server.recv(&mut vec![0; bytes])?;
            }
            Ok(())
        };
        made().map_err(|failed| failed.message().unwrap_or_default().to_owned())
    });
    run::pree(&format!("capture -tu --for 1500ms {file} -q"))?.code(0)?;
    maker.join().map_err(|_| "the maker panicked")??;
    let column = |words: &str, name: &str| -> Result<Vec<String>, Failed> {
        let words = format!("watch --replay {file} --tsv -H -c {name} --raw-units {words}");
        Ok(run::pree(&words)?.code(0)?.out.lines().map(str::to_owned).collect())
    };
    let mut tried = 0;
    for field in pree::field::all().filter(|field| field.is_of_events()) {
        // The end of a UDP socket is told when it is seen, in a replay with other questions at another moment.
        let is_when_seen = ["time", "monotonic", "lasted"].contains(&field.name);
        for protocol in if is_when_seen { &["-t"][..] } else { &["-t", "-u"] } {
            let values: std::collections::BTreeSet<String> =
                column(protocol, field.name)?.into_iter().collect();
            for value in values.iter().filter(|value| !value.is_empty()) {
                let found = column(&format!("{protocol} {}={value}", field.name), field.name)?;
                // A socket that was told once is told to its end, also with another value.
                if !found.contains(value) {
                    return Err(format!("{}={value} finds {found:?}", field.name).into());
                }
                tried += 1;
            }
        }
    }
    if tried < 40 { Err(format!("only {tried} values").into()) } else { Ok(()) }
}

fn elsewhere() -> Result<(), Failed> {
    let (mut here, mut lines) = start("watch --jsonl")?;
    let (mut everywhere, mut all_lines) = start("watch --jsonl --all-netns")?;
    let inode = Namespace::new()?.run(|| {
        let link = std::fs::read_link("/proc/thread-self/ns/net")?.display().to_string();
        drop(TcpListener::bind("0.0.0.0:0")?);
        let digits: String = link.chars().filter(char::is_ascii_digit).collect();
        Ok(digits)
    })?;
    let inode: u64 = inode.parse()?;
    thread::sleep(Duration::from_millis(300));
    let mut texts = [String::new(), String::new()];
    for ((child, lines), text) in
        [(&mut here, &mut lines), (&mut everywhere, &mut all_lines)].into_iter().zip(&mut texts)
    {
        kill_process(pid(child), Signal::INT)?;
        lines.read_to_string(text)?;
        child.wait()?;
    }
    let opened = |text: &str| -> Result<usize, Failed> {
        let (events, _) = events(text)?;
        Ok(events
            .iter()
            .filter(|event| event["netns"]["inode"] == inode && event["event"] == "opened")
            .count())
    };
    match (opened(&texts[0])?, opened(&texts[1])?) {
        (0, 1) => Ok(()),
        other => Err(format!("{other:?} {inode}\n{}", texts[1]).into()),
    }
}

/// Connections that are younger than a window, and one that is older, on three ports.
fn traffic(listeners: &[TcpListener; 2], turns: usize) -> Result<[u64; 2], Failed> {
    let [short, long] = listeners;
    let mut client = TcpStream::connect(long.local_addr()?)?;
    let (mut server, _) = long.accept()?;
    let (mut of_short, mut of_long) = (0, 0);
    for turn in 0..turns {
        connect(short, 10 + turn)?;
        of_short += 10 + turn as u64;
        client.write_all(&vec![7; 1000 * turn])?;
        server.read_exact(&mut vec![0; 1000 * turn])?;
        of_long += 1000 * turn as u64;
        thread::sleep(Duration::from_millis(20));
    }
    Ok([of_short, of_long])
}

fn listeners() -> Result<[TcpListener; 2], Failed> {
    Ok([TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?])
}

fn windows() -> Result<(), Failed> {
    let (mut child, mut lines) = start_windows("watch -g dport --every 200ms --jsonl")?;
    let listeners = listeners()?;
    let [of_short, of_long] = traffic(&listeners, 40)?;
    kill_process(pid(&child), Signal::INT)?;
    let mut text = String::new();
    lines.read_to_string(&mut text)?;
    let status = child.wait()?;
    let (windows, end) = events(&text)?;
    let sum = |port: u16, member: &str| -> u64 {
        let key = port.to_string();
        let of_port = windows.iter().filter(|window| window["key"].as_str() == Some(&key));
        of_port.filter_map(|window| window[member].as_u64()).sum()
    };
    let [short, long] = listeners;
    for (listener, sent, opened, closed) in [(short, of_short, 40, 40), (long, of_long, 1, 1)] {
        let port = listener.local_addr()?.port();
        let told = (sum(port, "tx_bytes"), sum(port, "opened"), sum(port, "closed"));
        if told != (sent, opened, closed) {
            return Err(format!("{told:?} of {sent}, {opened}, {closed}:\n{text}").into());
        }
    }
    let are_exact = windows.iter().all(|window| window["provenance"] == "exact");
    let over: u64 = windows.iter().filter_map(|window| window["over_us"].as_u64()).max().unwrap_or(0);
    if windows.len() < 4 || !are_exact || over < 150_000 || end["lost"] != 0 || status.code() != Some(0) {
        return Err(format!("{status}:\n{text}").into());
    }
    Ok(())
}

/// A watch that tells no event when it is ready: it is when its programs tell of a connection.
fn start_windows(words: &str) -> Result<(Child, BufReader<std::process::ChildStdout>), Failed> {
    let mut child = run::command(words).stderr(Stdio::null()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no pipe")?);
    let probe = TcpListener::bind("127.0.0.1:0")?;
    let teller = thread::spawn(move || -> Result<(), String> {
        for _ in 0..100 {
            connect(&probe, 1).map_err(|failed| failed.message().unwrap_or_default().to_owned())?;
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    });
    let mut line = String::new();
    if lines.read_line(&mut line)? == 0 {
        return Err("it ended before it was ready".into());
    }
    teller.join().map_err(|_| "it panicked")??;
    Ok((child, lines))
}

fn ticks() -> Result<(), Failed> {
    run::pree("watch --for 300ms tx>1KiB")?.code(2)?;
    run::pree("watch --for 300ms -c +tx")?.code(2)?;
    run::pree("watch --for 300ms -g state --stats")?.code(2)?;
    let (mut child, mut lines) = start("watch --stats=100ms --jsonl")?;
    // Nothing waits for room in the pipe.
    let reader = thread::spawn(move || {
        let mut text = String::new();
        lines.read_to_string(&mut text).map(|_| text)
    });
    let listeners = listeners()?;
    let [_, of_long] = traffic(&listeners, 30)?;
    thread::sleep(Duration::from_millis(300));
    kill_process(pid(&child), Signal::INT)?;
    let text = reader.join().map_err(|_| "it panicked")??;
    child.wait()?;
    let (events, _) = events(&text)?;
    let port = listeners[1].local_addr()?.port();
    let of_client: Vec<_> = events.iter().filter(|event| event["remote"]["port"] == port).collect();
    let sent: u64 = of_client.iter().filter_map(|event| event["rates"]["tx_bytes"].as_u64()).sum();
    let ticks: Vec<_> = of_client.iter().filter(|event| event["event"] == "stats").collect();
    let are_judged = ticks.iter().any(|event| event["quality"]["basis"]["seconds"].is_number());
    let have_rates =
        ticks.iter().any(|event| event["rates"]["tx"].as_u64().is_some_and(|rate| rate > 10_000));
    if sent != of_long || ticks.len() < 3 || !are_judged || !have_rates {
        let told: Vec<_> = ticks.iter().map(|event| (&event["rates"], &event["quality"]["basis"])).collect();
        return Err(format!("{sent} of {of_long}, {} ticks: {told:?}", ticks.len()).into());
    }
    Ok(())
}

fn repeats() -> Result<(), Failed> {
    let listeners = listeners()?;
    let port = listeners[1].local_addr()?.port();
    let mut child = run::command(&format!("--watch=100ms -t tx>1 dport={port}")).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no pipe")?).lines();
    let maker = thread::spawn(move || {
        traffic(&listeners, 50).map_err(|failed| failed.message().unwrap_or_default().to_owned())
    });
    let mut found = 0;
    for _ in 0..100 {
        let line: Value = serde_json::from_str(&lines.next().ok_or("it ended")??)?;
        let rows = line["sockets"].as_array().ok_or("no sockets")?;
        let is_dated = line["time"].as_str().is_some_and(|time| time.ends_with('Z'));
        if !is_dated || rows.iter().any(|row| row["rates"]["tx"].as_u64().is_none_or(|rate| rate <= 1)) {
            return Err(format!("{line}").into());
        }
        found += rows.len();
        if found >= 3 {
            break;
        }
    }
    kill_process(pid(&child), Signal::INT)?;
    drop(lines);
    let status = child.wait()?;
    maker.join().map_err(|_| "it panicked")??;
    if found >= 3 && status.code() == Some(0) { Ok(()) } else { Err(format!("{found}, {status}").into()) }
}

fn repeats_others() -> Result<(), Failed> {
    for (words, member) in [("-g state", "groups"), ("-s", "summary"), ("--count", "count")] {
        let mut child = run::command(&format!("--watch=100ms {words}")).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no pipe")?).lines();
        let mut before = String::new();
        for _ in 0..2 {
            let line: Value = serde_json::from_str(&lines.next().ok_or("it ended")??)?;
            let time = line["time"].as_str().unwrap_or_default().to_owned();
            if line.get(member).is_none() || time <= before {
                return Err(format!("{words}: {line}").into());
            }
            before = time;
        }
        kill_process(pid(&child), Signal::TERM)?;
        let status = child.wait()?;
        if status.code() != Some(0) {
            return Err(format!("{words}: {status}").into());
        }
    }
    for words in ["--watch --csv", "--watch -q", "--watch --pager", "--watch=1ms", "--watch --watch"] {
        run::pree(words)?.code(2)?;
    }
    Ok(())
}

/// No frame is longer than the terminal, each begins where the one before did.
fn in_place() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let held = listeners()?;
    let terminal = run::Terminal { columns: 80, frames: 3, ..run::Terminal::default() };
    let output = run::on(terminal, "--watch=100ms -tl")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let frames: Vec<&str> = text.split("\u{1b}[H").skip(1).collect();
    let is_whole = |frame: &&str| {
        let lines: Vec<&str> = frame.split("\u{1b}[K\r\n").collect();
        let ends = frame.contains("\u{1b}[J\u{1b}[?7h");
        ends && lines.len() == 5 && frame.contains(&format!("127.0.0.1:{port}"))
    };
    let dumb = run::Terminal { name: Some("dumb"), ..terminal };
    let plain = run::on(dumb, "--watch=100ms -tl")?;
    if plain.stdout.contains(&b'\x1b') || plain.status.code() != Some(0) {
        return Err(format!("{}: {:?}", plain.status, String::from_utf8_lossy(&plain.stdout)).into());
    }
    drop((held, listener));
    let is_right = frames.len() >= 3 && frames.iter().all(is_whole) && output.status.code() == Some(0);
    if is_right { Ok(()) } else { Err(format!("{}: {text:?}", output.status).into()) }
}
