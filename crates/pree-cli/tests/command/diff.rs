//! `pree --save` and `pree diff`: a restart is quiet, and what listens anew is not.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};

use pree_testkit::{Case, Failed, Need, need};
use serde_json::Value;

use crate::folder::Folder;
use crate::run;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("a_difference_is_told_and_sameness_too", told).lab(),
        Case::new("a_restart_is_no_difference", restart).lab().needs(Need::PythonModule("socket")),
        Case::new("saved_lists_are_stable_and_never_replaced_unasked", files).lab(),
        Case::new("recordings_are_sides_too", recordings).lab(),
    ]
}

/// What a difference says, and its exit code.
fn differs(words: &str, code: i32, lines: &[String]) -> Result<(), Failed> {
    let answer = run::pree(words)?.code(code)?;
    let told: Vec<&str> = answer.out.lines().collect();
    if told == lines { Ok(()) } else { Err(format!("{words}: {told:?}, not {lines:?}").into()) }
}

fn told() -> Result<(), Failed> {
    let folder = Folder::new("diff")?;
    let saved = folder.file("saved");
    let (gone, moves) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    let (stays, port) = (UdpSocket::bind("0.0.0.0:0")?, moves.local_addr()?.port());
    run::pree(&format!("-l --save {saved}"))?.code(0)?;
    differs(&format!("diff {saved}"), 0, &[])?;
    // Who is connected is no listener.
    let client = UdpSocket::bind("127.0.0.1:0")?;
    client.connect(stays.local_addr()?)?;
    differs(&format!("diff {saved} now"), 0, &[])?;

    let me = fs::read_link("/proc/self/exe")?.display().to_string();
    let was = gone.local_addr()?.port();
    drop((gone, moves));
    let _wider = TcpListener::bind(("0.0.0.0", port))?;
    let new = UdpSocket::bind("127.0.0.1:0")?;
    let mut lines = vec![
        (was, format!("- tcp 127.0.0.1:{was}  {me}")),
        (port, format!("~ tcp 127.0.0.1:{port}, now 0.0.0.0:{port}  {me}")),
    ];
    lines.sort();
    let mut lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    lines.push(format!("+ udp {}  {me}", new.local_addr()?));
    differs(&format!("diff {saved}"), 1, &lines)?;
    let text = run::pree(&format!("diff {saved} --json"))?.code(1)?.out;
    let document: Value = serde_json::from_str(&text)?;
    let kinds: Vec<&str> = document["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|change| change["change"].as_str())
        .collect();
    let mut sorted = kinds.clone();
    sorted.sort_unstable();
    if sorted != ["appeared", "exposure", "vanished"] || document["complete"] != true {
        return Err(text.into());
    }
    if !run::pree(&format!("diff -q {saved}"))?.code(1)?.out.is_empty() {
        return Err("-q says nothing".into());
    }
    Ok(())
}

const LISTENS: &str = "
import socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(('127.0.0.1', int(sys.argv[1])))
listener.listen()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
";

fn server(port: u16) -> Result<(Child, u16), Failed> {
    let python = need::python("socket").ok_or("python")?;
    let mut child = Command::new(python)
        .args(["-c", LISTENS, &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no pipe")?).read_line(&mut line)?;
    Ok((child, line.trim().parse()?))
}

fn end(mut child: Child) -> Result<(), Failed> {
    drop(child.stdin.take());
    child.wait()?;
    Ok(())
}

/// Another process of the same program at the same place; with process ids it is another one.
fn restart() -> Result<(), Failed> {
    let folder = Folder::new("restart")?;
    let (by_name, by_pid) = (folder.file("by_name"), folder.file("by_pid"));
    let (first, port) = server(0)?;
    let pid = first.id();
    run::pree(&format!("--save {by_name}"))?.code(0)?;
    run::pree(&format!("--save {by_pid} --strict-pid"))?.code(0)?;
    end(first)?;
    let (second, _) = server(port)?;
    let again = second.id();
    differs(&format!("diff {by_name}"), 0, &[])?;
    // The more exact list can be compared without its numbers.
    differs(&format!("diff {by_pid}"), 0, &[])?;
    let answer = run::pree(&format!("diff {by_pid} --strict-pid"))?.code(1)?.out;
    let line = answer.trim_end();
    let names = [format!("[{pid} "), "now ".to_owned(), format!("[{again} ")];
    if !line.starts_with(&format!("~ tcp 127.0.0.1:{port}  "))
        || names.iter().any(|name| !line.contains(name))
    {
        return Err(answer.into());
    }
    end(second)?;
    run::pree(&format!("diff {by_name} --strict-pid"))?.code(4)?.tells("save it with --strict-pid")?;
    Ok(())
}

fn files() -> Result<(), Failed> {
    let folder = Folder::new("saved")?;
    let (one, other) = (folder.file("one"), folder.file("other"));
    let _listeners: Vec<_> = (0..5).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    run::pree(&format!("--save {one}"))?.code(0)?;
    run::pree(&format!("-l --save {other}"))?.code(0)?;
    let text = fs::read_to_string(&one)?;
    if text != fs::read_to_string(&other)? || text.lines().count() != 7 || text.contains(" [") {
        return Err(text.into());
    }
    run::pree(&format!("--save {one}"))?.code(4)?.tells("--force replaces it")?;
    run::pree(&format!("--save {one} --force"))?.code(0)?;
    for words in ["-t", "dport=1", "--json", "-c +rtt", "--watch", "--pager"] {
        run::pree(&format!("--save {other} --force {words}"))?.code(2)?;
    }
    for words in ["--force", "--strict-pid", "diff", "diff a b c", "diff --save a b"] {
        run::pree(words)?.code(2)?;
    }
    // Cut short, of another version, incomplete, and nothing of the kind.
    let cut: Vec<&str> = text.lines().take(4).collect();
    for (content, code, says) in [
        (cut.join("\n"), 4, "cut short"),
        (text.replace("pree/1", "pree/9"), 4, "another version"),
        (text.replace("true}", "false}"), 3, "a side is incomplete"),
        (text.replace("127.0.0.1:", "nowhere"), 4, "is no listener"),
        ("{}".to_owned(), 4, "no saved list"),
        ("no list".to_owned(), 4, "not a pree recording"),
    ] {
        fs::write(&other, content)?;
        run::pree(&format!("diff {other}"))?.code(code)?.tells(says)?;
    }
    Ok(())
}

fn recordings() -> Result<(), Failed> {
    let folder = Folder::new("sides")?;
    let (recorded, saved) = (folder.file("recorded"), folder.file("saved"));
    let listener = TcpListener::bind("[::1]:0")?;
    run::pree(&format!("capture {recorded}"))?.code(0)?;
    run::pree(&format!("--save {saved} --replay {recorded}"))?.code(0)?;
    differs(&format!("diff {recorded}"), 0, &[])?;
    differs(&format!("diff {recorded} {saved}"), 0, &[])?;
    let line = format!("- tcp {}  {}", listener.local_addr()?, fs::read_link("/proc/self/exe")?.display());
    drop(listener);
    differs(&format!("diff {recorded}"), 1, &[line])
}
