//! What a watch tells of connections that end while it runs.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pree_testkit::Failed;
use serde_json::Value;

use crate::fact;
use crate::pree::pree;

/// What each client sends.
const BYTES: [u8; 5] = [1; 5];

/// Every end that is told has its owner, bytes and reason where programs in the kernel report it; else a line says what is
/// not seen, and why.
pub fn watched() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (lines, err) = beside("watch --for 3s --jsonl", move || connect(&listener))?;
    let end = lines.last().ok_or("no lines")?;
    if end["source"] != "bpf" {
        let says = err.contains("owners of connections shorter than 100 ms are not known")
            && end["source"] == "destroy"
            && err.contains("Linux 5.12");
        fact("events by BPF", "no")?;
        return if says { Ok(()) } else { Err(err.into()) };
    }
    fact("events by BPF", "yes")?;
    let of_clients: Vec<&Value> =
        lines.iter().filter(|event| event["event"] == "closed" && event["how"] == "fin_local").collect();
    let me = u64::from(std::process::id());
    let is_right = |event: &&&Value| {
        event["sent"] == BYTES.len()
            && event["received"] == 0
            && event["owners"][0]["pid"] == me
            && event["tcp"]["segs_out"].is_u64()
    };
    let right = of_clients.iter().filter(is_right).count();
    if right == 0 || right != of_clients.len() || end["lost"] != 0 {
        return Err(format!("{right} of {} are right: {of_clients:?} {end}", of_clients.len()).into());
    }
    Ok(())
}

/// The same of UDP: each has the bytes that it sent, where programs count them.
pub fn datagrams() -> Result<(), Failed> {
    let server = UdpSocket::bind("127.0.0.1:0")?;
    let to = server.local_addr()?;
    let (lines, err) = beside("watch -u --for 3s --jsonl", move || {
        UdpSocket::bind("127.0.0.1:0")?.send_to(&BYTES, to).map(drop)
    })?;
    let end = lines.last().ok_or("no lines")?;
    if end["source"] != "bpf" {
        let says = end["source"] == "destroy" && (err.contains("Linux 6.3") || err.contains("Linux 5.12"));
        fact("UDP events by BPF", "no")?;
        return if says { Ok(()) } else { Err(err.into()) };
    }
    fact("UDP events by BPF", "yes")?;
    let me = u64::from(std::process::id());
    let ended: Vec<&Value> = lines.iter().filter(|event| event["event"] == "closed").collect();
    let is_right = |event: &&&Value| {
        let udp = &event["udp"];
        event["sent"] == BYTES.len() && udp["datagrams_sent"] == 1 && event["owners"][0]["pid"] == me
    };
    let right = ended.iter().filter(is_right).count();
    if right == 0 || right != ended.len() || end["lost"] != 0 {
        return Err(format!("{right} of {} are right: {ended:?} {end}", ended.len()).into());
    }
    Ok(())
}

/// What this says while something happens again and again.
fn beside(
    arguments: &str,
    mut happens: impl FnMut() -> std::io::Result<()> + Send + 'static,
) -> Result<(Vec<Value>, String), Failed> {
    let over = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&over);
    let maker = thread::spawn(move || -> Result<(), String> {
        while !stop.load(Ordering::Relaxed) {
            happens().map_err(|error| error.to_string())?;
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    });
    let answer = pree(arguments);
    over.store(true, Ordering::Relaxed);
    maker.join().map_err(|_| "the maker panicked")??;
    let answer = answer?;
    if answer.code != 0 {
        return Err(format!("code {}: {}", answer.code, answer.err).into());
    }
    let lines = answer.out.split(|byte| *byte == b'\n');
    Ok((lines.filter_map(|line| serde_json::from_slice(line).ok()).collect(), answer.err))
}

fn connect(listener: &TcpListener) -> std::io::Result<()> {
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    client.write_all(&BYTES)?;
    drop(client);
    server.read_to_end(&mut Vec::new())?;
    Ok(())
}
