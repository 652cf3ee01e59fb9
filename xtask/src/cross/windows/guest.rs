//! Runs where `pree.exe` runs: makes sockets and compares what the command says with what was made. Says `ok` for each
//! thing that was right, and ends with a failure when one was not.
//!
//! `windows_guest FOLDER RECORDING`: FOLDER has the programs, RECORDING is written.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test program: it runs the command and speaks"
)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

/// Fixed, because the recording is kept and tests know it: `crates/pree/tests/scripted/recorded.rs`.
const TCP4: &str = "127.0.0.1:41001";
const TCP6: &str = "[::1]:41002";
const UDP4: &str = "127.0.0.1:41003";
const UDP6: &str = "[::1]:41004";
const CHILDS: &str = "127.0.0.1:41005";

struct Guest {
    folder: PathBuf,
    recording: PathBuf,
    good: bool,
}

fn main() -> ExitCode {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match args.as_slice() {
        [child] if child.as_os_str() == "child" => {
            let _listener = TcpListener::bind(CHILDS).unwrap();
            println!("listening");
            // Until the parent has seen enough.
            let _ = std::io::stdin().read(&mut [0]);
            ExitCode::SUCCESS
        }
        [folder, recording] => {
            let mut guest = Guest { folder: folder.clone(), recording: recording.clone(), good: true };
            guest.run();
            if guest.good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        _ => {
            eprintln!("usage: windows_guest FOLDER RECORDING");
            ExitCode::from(2)
        }
    }
}

/// What a row says that tests compare: protocol, state, ends, owners' process ids.
type Row = (String, String, String, Option<String>, Vec<u64>);

fn rows(output: &Output) -> Vec<Row> {
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let end = |value: &Value| {
        let (ip, port) = (value["ip"].as_str()?, value["port"].as_u64()?);
        let ip = ip.parse().ok()?;
        Some(SocketAddr::new(ip, u16::try_from(port).ok()?).to_string())
    };
    let sockets = document["sockets"].as_array().cloned().unwrap_or_default();
    sockets
        .iter()
        .map(|socket| {
            let owners = socket["owners"].as_array().cloned().unwrap_or_default();
            let pids = owners.iter().filter_map(|owner| owner["pid"].as_u64()).collect();
            let (protocol, state) = (text(&socket["protocol"]), text(&socket["state"]));
            (protocol, state, end(&socket["local"]).unwrap_or_default(), end(&socket["remote"]), pids)
        })
        .collect()
}

fn row(protocol: &str, state: &str, local: &str, remote: Option<SocketAddr>, pid: u32) -> Row {
    (protocol.into(), state.into(), local.into(), remote.map(|end| end.to_string()), vec![pid.into()])
}

/// Whether these are the sockets that were made, and no other. An accepted socket's handle is inherited by children, and
/// Wine has a row for each process that holds one; Windows has one row, of the process that made it.
fn are(told: &[Row], made: &BTreeSet<Row>) -> bool {
    let without_owner = |row: &Row| (row.0.clone(), row.1.clone(), row.2.clone(), row.3.clone());
    let known: BTreeSet<_> = made.iter().map(without_owner).collect();
    made.iter().all(|row| told.iter().filter(|other| *other == row).count() == 1)
        && told.iter().all(|row| known.contains(&without_owner(row)))
}

impl Guest {
    fn check(&mut self, what: &str, good: bool) {
        self.good &= good;
        println!("{} {what}", if good { "ok" } else { "WRONG" });
    }

    fn program(&self, name: &str, args: &[&str]) -> Output {
        let mut command = Command::new(self.folder.join(name));
        command.args(args).stdin(Stdio::null()).output().unwrap()
    }

    fn pree(&self, args: &[&str]) -> Output {
        self.program("pree.exe", args)
    }

    fn code(&mut self, args: &[&str], code: i32) {
        let output = self.pree(args);
        let told = output.status.code();
        let words = args.join(" ");
        self.check(&format!("pree {words} ends with {code} ({told:?})"), told == Some(code));
        if code > 1 {
            let lines = String::from_utf8_lossy(&output.stderr).lines().count();
            self.check("and says why in a line", lines == 1);
        }
    }

    fn run(&mut self) {
        let (four, six) = (TcpListener::bind(TCP4).unwrap(), TcpListener::bind(TCP6).unwrap());
        let _udp = (UdpSocket::bind(UDP4).unwrap(), UdpSocket::bind(UDP6).unwrap());
        let (client, client6) = (TcpStream::connect(TCP4).unwrap(), TcpStream::connect(TCP6).unwrap());
        let _accepted = (four.accept().unwrap(), six.accept().unwrap());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("child")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        let me = std::process::id();
        let end = |stream: &TcpStream| stream.local_addr().unwrap();
        let made: BTreeSet<Row> = [
            row("tcp", "listen", TCP4, None, me),
            row("tcp", "listen", TCP6, None, me),
            row("udp", "unconnected", UDP4, None, me),
            row("udp", "unconnected", UDP6, None, me),
            row("tcp", "established", &end(&client).to_string(), Some(TCP4.parse().unwrap()), me),
            row("tcp", "established", TCP4, Some(end(&client)), me),
            row("tcp", "established", &end(&client6).to_string(), Some(TCP6.parse().unwrap()), me),
            row("tcp", "established", TCP6, Some(end(&client6)), me),
            row("tcp", "listen", CHILDS, None, child.id()),
        ]
        .into();
        let listed = self.pree(&["-a", "--json"]);
        let told: Vec<Row> = rows(&listed);
        let same = are(&told, &made);
        self.check("every socket that was made, no other, each with its process", same);
        if !same {
            println!("made {made:#?}\ntold {told:#?}\n{}", String::from_utf8_lossy(&listed.stderr));
        }
        self.recorded(&made);
        self.while_the_table_grows(&made);
        self.by_name_and_by_code(me);
        self.compatibility();
        child.stdin.take().unwrap().write_all(b"x").unwrap();
        child.wait().unwrap();
        let told = rows(&self.pree(&["-a", "--json"]));
        self.check("the child's socket is gone with it", told.iter().all(|row| row.2 != CHILDS));
    }

    fn recorded(&mut self, made: &BTreeSet<Row>) {
        let path = self.recording.clone();
        let name = path.to_str().unwrap();
        // What Windows does not list is missing, and told.
        let captured = self.pree(&["capture", "-q", name]).status.code();
        self.check("capture", captured == Some(3));
        let told = rows(&self.pree(&["-a", "--json", "--replay", name]));
        self.check("and replay", are(&told, made));
    }

    fn while_the_table_grows(&mut self, made: &BTreeSet<Row>) {
        let enough = AtomicBool::new(false);
        let mut whole = true;
        let mut most = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut sockets = Vec::new();
                while !enough.load(Ordering::SeqCst) {
                    if sockets.len() < 2000 {
                        sockets.push(UdpSocket::bind("127.0.0.1:0").unwrap());
                    } else {
                        std::thread::sleep(std::time::Duration::from_millis(10));
                    }
                }
            });
            for _ in 0..4 {
                let told = rows(&self.pree(&["-a", "--json"]));
                most = most.max(told.len());
                whole &= made.is_subset(&told.into_iter().collect());
            }
            enough.store(true, Ordering::SeqCst);
        });
        self.check(&format!("the table grows meanwhile, up to {most} rows"), whole && most > 500);
    }

    fn by_name_and_by_code(&mut self, me: u32) {
        self.code(&["-t"], 0);
        self.code(&["port", "41001"], 0);
        self.code(&["port", "9"], 1);
        self.code(&["--nope"], 2);
        self.code(&["-x"], 4);
        self.code(&["--source", "diag"], 4);
        self.code(&["-N", "1"], 4);
        let table = self.pree(&["-tl", "sport = 41001"]);
        let text = String::from_utf8(table.stdout).unwrap_or_default();
        let named = text.contains("windows_guest") && text.contains(&me.to_string());
        self.check("a table in a pipe, in UTF-8, without colours", named && !text.contains('\u{1b}'));
        let output = self.pree(&["-t", "--json", "-i"]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let gap = document["missing"][0]["what"].as_str();
        let connections = document["sockets"].as_array().into_iter().flatten();
        let mut tcp = connections.filter(|s| s["state"] == "established").map(|s| &s["tcp"]);
        // Wine has no EStats.
        self.check("statistics are missing and never zero", gap == Some("stats") && tcp.all(Value::is_null));
    }

    fn compatibility(&mut self) {
        let output = self.program("examples/socket_info_libproc.exe", &[]);
        let text = String::from_utf8(output.stdout).unwrap_or_default();
        self.check("the compatibility API", output.status.success() && text.contains(TCP4));
    }
}
