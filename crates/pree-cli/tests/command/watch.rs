//! `pree watch` beside connections that the test makes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pree_testkit::link::Namespace;
use pree_testkit::{Case, Failed, Need};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::folder::Folder;
use crate::run;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("a_watch_tells_every_connection_as_it_ends", ends).lab().needs(Need::Bpf),
        Case::new("a_watch_tells_what_could_not_be_opened", failed).lab().needs(Need::Bpf),
        Case::new("a_watch_ends_by_signal_time_and_number", ends_itself).lab(),
        Case::new("a_watch_without_rights_polls_and_says_so", polls).lab(),
        Case::new("a_recorded_watch_is_the_same_each_time", recorded).lab().needs(Need::Bpf),
        Case::new("a_watch_of_other_namespaces", elsewhere).lab().needs(Need::Bpf),
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

fn polls() -> Result<(), Failed> {
    pree_testkit::lab::give_up_rights()?;
    let answer = run::pree("watch --for 300ms --jsonl")?;
    let (_, end) = events(&answer.out)?;
    let says =
        answer.err.contains("connections shorter than 100 ms are not seen") && answer.err.contains("CAP_BPF");
    if !says || end["source"] != "poll" {
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
    run::pree(&format!("capture -q --for 2s {name}"))?.whole()?;
    maker.join().map_err(|_| "the maker panicked")??;
    let first = run::pree(&format!("watch --jsonl --replay {name}"))?.code(0)?.out;
    let again = run::pree(&format!("watch --jsonl --replay {name}"))?.code(0)?.out;
    let (events, _) = events(&first)?;
    let closed = events.iter().filter(|event| event["event"] == "closed" && event["sent"] == 10).count();
    if first != again || closed < 10 {
        return Err(format!("{closed} ends; the same: {}", first == again).into());
    }
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
