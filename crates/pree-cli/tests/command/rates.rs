//! `pree explain --for` by what passes meanwhile.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pree_testkit::{Case, Failed};
use serde_json::Value;

use crate::run;

pub fn cases() -> Vec<Case> {
    vec![Case::new("filters_by_rates_are_asked_after_the_last_look", by_rates).lab()]
}

fn by_rates() -> Result<(), Failed> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let connect = || -> Result<[TcpStream; 2], Failed> {
        let client = TcpStream::connect(listener.local_addr()?)?;
        Ok([client, listener.accept()?.0])
    };
    let ([mut busy, mut reader], [idle, _other]) = (connect()?, connect()?);
    let port = |stream: &TcpStream| Ok::<_, Failed>(stream.local_addr()?.port());
    let (busy_port, idle_port) = (port(&busy)?, port(&idle)?);
    let done = Arc::new(AtomicBool::new(false));
    let is_done = Arc::clone(&done);
    let sender = thread::spawn(move || -> std::io::Result<()> {
        let mut bytes = [0; 16384];
        while !is_done.load(Ordering::Relaxed) {
            busy.write_all(&bytes)?;
            reader.read_exact(&mut bytes)?;
        }
        Ok(())
    });
    let compared = compare(busy_port, idle_port);
    done.store(true, Ordering::Relaxed);
    sender.join().map_err(|_| "the sender panicked")??;
    compared
}

fn compare(busy: u16, idle: u16) -> Result<(), Failed> {
    let pid = std::process::id();
    for (filter, expected) in [
        ("tx>1KiB".to_owned(), vec![busy]),
        (format!("sport={busy},{idle} not tx>1KiB"), vec![idle]),
        (format!("sport={busy},{idle} (tx>1KiB or sport={idle})"), vec![busy, idle]),
        (format!("pid={pid} tx>1KiB"), vec![busy]),
        ("tx>1KiB sport=1".to_owned(), vec![]),
    ] {
        let words = format!("explain {filter} --for 300ms --json");
        let code = if expected.is_empty() { 1 } else { 0 };
        let answer: Value = serde_json::from_str(&run::pree(&words)?.code(code)?.out)?;
        let sockets = answer["sockets"].as_array().ok_or("no sockets")?;
        let ports: BTreeSet<u64> =
            sockets.iter().filter_map(|socket| socket["local"]["port"].as_u64()).collect();
        let expected: BTreeSet<u64> = expected.into_iter().map(u64::from).collect();
        if ports != expected || sockets.len() != expected.len() || answer["complete"] != true {
            return Err(format!("{words}: {answer}").into());
        }
    }
    // /proc has no statistics: what may match is missing, and that is said.
    let answer = run::pree("explain tx>1KiB --for 300ms --source proc")?.code(3)?.silent()?;
    if !answer.err.contains("sockets missing for 4 (filter by rates)") {
        return Err(answer.err.into());
    }
    let page = run::pree("explain tx>1KiB --for 300ms")?.whole()?.out;
    let rates = page.lines().find(|line| line.starts_with("   rates")).unwrap_or_default();
    if !rates.contains(" tx ") || !rates.contains("/s, rx ") {
        return Err(page.into());
    }
    let page = run::pree(&format!("explain sport={busy}"))?.whole()?.out;
    if page.contains("   rates") { Err(page.into()) } else { Ok(()) }
}
