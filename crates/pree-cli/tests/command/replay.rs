//! What a recording of everything answers is what the machine answered, whatever is asked of it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};

use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::link::Namespace;
use pree_testkit::{Case, Failed, Family, Need, Socket, every};
use serde_json::Value;

use crate::folder::Folder;
use crate::{population, run};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("keys_of_tcp_md5_have_peers_and_are_in_no_recording", md5).lab().needs(Need::Md5),
        Case::new("a_recording_answers_as_the_machine_did", same_answers)
            .lab()
            .needs(Need::Ipv6)
            .needs(Need::Veth),
        Case::new("a_recording_in_one_pass_is_whole_for_every_flag", many).lab().needs(Need::Ipv6),
        Case::new("a_recording_is_a_private_whole_file", files).lab(),
        Case::new("a_recording_goes_into_the_systems_devices", devices),
        Case::new("a_recording_keeps_what_its_sockets_need_and_that_once", small).lab(),
        Case::new("damaged_and_unreadable_recordings_are_refused", damage).lab(),
        Case::new("the_format_is_as_documented", documented).lab().needs(Need::Ipv6),
    ]
}

/// Narrower, differently flagged, of other sources: none of these was asked when the recording was made. Each finds
/// something in the population.
const ASKED: &[&str] = &[
    "",
    "-a",
    "-t",
    "-u",
    "-l",
    "-B",
    "-4",
    "-6",
    "-4t",
    "-6t",
    "-4u",
    "-6u",
    "-t4l",
    "-tulpn",
    "-tanpi",
    "--owners none",
    "--owners first",
    "--owners none -4t",
    "--source diag",
    "--source diag -6t",
    "--source proc",
    "--source proc -t",
    "--source proc -4t",
    "--source proc -6u --owners none",
    "--source procfs -t4",
    "state established",
    "exclude time-wait,listen",
    "not scope=loopback",
    "has rtt -4",
    "family=ipv6 proto=tcp",
    "dst 127/8 or src ::/0",
    "sport>1024 dport<65535 -6t",
    "user=root",
    "cgroup_id>0",
    "process~exe",
    "--strict -t",
    "-x",
    "-w0M",
];

/// What this kernel, or the lab, has none of: the recording says so too.
const NOTHING: &[&str] = &["-wM", "user=nobody", "sport=1", "state=established pid=1"];

fn same_answers() -> Result<(), Failed> {
    let population = population::everything()?;
    let _unix = std::os::unix::net::UnixDatagram::unbound()?;
    let folder = Folder::new("replay")?;
    let file = folder.file("all");
    let captured = run::pree(&format!("capture {file}"))?.code(0)?.silent()?;
    // Beside the population there are the kernel's own, and the one that asks.
    let all = run::pree("-A all --jsonl")?.code(0)?.out.lines().count() - 1;
    assert!(all > population.truth().len());
    let count = format!("kept {all} sockets in");
    if !captured.err.contains(&count) {
        return Err(format!("{count}: {}", captured.err).into());
    }
    let found = answers_alike(&file)?;
    if found != ASKED {
        return Err(format!("found something: {found:?}").into());
    }
    for command in ["-s", "-s --json", "-l -c local,state", "--count"] {
        let live = run::pree(command)?.whole()?;
        let replayed = run::pree(&format!("{command} --replay {file}"))?.whole()?;
        if live.out != replayed.out {
            return Err(format!("{command}: {:?} is not {:?}", replayed.out, live.out).into());
        }
    }
    // From standard input, and a recording of it all again.
    let read = run::shell("", "--replay - --count", &format!("<{file}"));
    let count = run::judge({ read }.output()?)?.whole()?.out;
    if count.trim() != population.truth().len().to_string() {
        return Err(format!("from standard input: {count}").into());
    }
    run::pree(&format!("--replay {file} autobound"))?.code(2)?.tells("autobound")?;
    Ok(())
}

/// A machine with so many connections that only its standing still makes one pass enough: a filter asks for another one.
fn many() -> Result<(), Failed> {
    let mut kept = Vec::new();
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let listener = TcpListener::bind(address)?;
        for _ in 0..40 {
            let client = TcpStream::connect(listener.local_addr()?)?;
            kept.push((client, listener.accept()?.0));
        }
    }
    let folder = Folder::new("many")?;
    let file = folder.file("all");
    run::pree(&format!("capture {file}"))?.code(0)?.silent()?;
    let bytes = fs::read(&file)?;
    let has = |key: &str| bytes.windows(key.len()).any(|part| part == key.as_bytes());
    if !has("diag 0 6 first") || has("diag 0 6 check") {
        return Err("TCP was not recorded in one pass".into());
    }
    let found = answers_alike(&file)?;
    // All that is not about other protocols and users.
    if found.len() > 25 { Ok(()) } else { Err(format!("found something: {found:?}").into()) }
}

/// Every question has the answer of the running system. Those to which that is any socket.
fn answers_alike(file: &str) -> Result<Vec<&'static str>, Failed> {
    let mut found = Vec::new();
    for flags in ASKED.iter().chain(NOTHING) {
        let live = run::pree(&format!("{flags} --jsonl"))?;
        let replayed = run::pree(&format!("--replay {file} {flags} --jsonl"))?;
        let same = (live.code, &live.err) == (replayed.code, &replayed.err);
        if !same {
            let (a, b) = ((live.code, live.err), (replayed.code, replayed.err));
            return Err(format!("{flags}: live {a:?}, replayed {b:?}").into());
        }
        let (rows, others) = (sockets(&live.out)?, sockets(&replayed.out)?);
        if rows != others {
            let lacks = |from: &[String], in_: &[String]| {
                from.iter().filter(|r| !in_.contains(r)).map(|r| format!("\n  {r}")).collect::<String>()
            };
            let (gone, new) = (lacks(&rows, &others), lacks(&others, &rows));
            return Err(format!("{flags}: not replayed{gone}\nonly replayed{new}").into());
        }
        // The last line is the end's.
        if rows.len() > 1 {
            found.push(*flags);
        }
    }
    Ok(found)
}

/// What does not change from one moment to the next, sorted.
fn sockets(text: &str) -> Result<Vec<String>, Failed> {
    let mut rows = Vec::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line)?;
        let members = ["protocol", "family", "state", "local", "remote", "inode", "cookie", "uid", "listen"];
        let mut row: Vec<String> = members.iter().map(|key| format!("{}", value[*key])).collect();
        for key in ["owners", "unowned", "v6only", "options", "missing", "complete"] {
            row.push(value[key].to_string());
        }
        // Statistics are there or not, whatever they are.
        row.push(format!("{} {}", value["tcp"].is_null(), value["memory"].is_null()));
        rows.push(row.join(" "));
    }
    rows.sort();
    Ok(rows)
}

fn files() -> Result<(), Failed> {
    let folder = Folder::new("files")?;
    let file = folder.file("one");
    fs::write(&file, "what was there before")?;
    run::pree(&format!("capture {file} -q"))?.whole()?.silent()?;
    let mode = fs::metadata(&file)?.permissions().mode() & 0o777;
    if mode != 0o600 {
        return Err(format!("mode {mode:o}").into());
    }
    run::pree(&format!("--replay {file}"))?.whole()?;
    run::pree(&format!("capture {}", folder.path().display()))?.code(4)?.tells("cannot write")?;
    run::pree(&format!("capture {}", folder.file("none/one")))?.code(4)?.tells("cannot write")?;
    let names: Vec<_> = fs::read_dir(folder.path())?.filter_map(Result::ok).map(|e| e.file_name()).collect();
    if names != ["one"] {
        return Err(format!("left: {names:?}").into());
    }
    // Standard output is the recording and nothing else.
    let output = run::command("capture - -q").output()?;
    if !output.stdout.starts_with(b"pree rec") || !output.stderr.is_empty() {
        return Err(format!("{output:?}").into());
    }
    // Without processes.
    for (flags, processes) in [("--owners proc", true), ("--owners none", false)] {
        run::pree(&format!("capture {file} {flags}"))?.code(0)?;
        if fs::read(&file)?.windows(8).any(|bytes| bytes == b"process ") != processes {
            return Err(format!("capture {flags}: processes or none, against what was asked").into());
        }
    }
    run::pree(&format!("--replay {file}"))?.whole()?;
    Ok(())
}

/// Of the machine as it is: in a lab of a user, the devices are nobody's.
fn devices() -> Result<(), Failed> {
    let answer = run::pree("capture /dev/null -q")?;
    // Others' sockets may be closed to us.
    if ![0, 3].contains(&answer.code) {
        return Err(format!("capture /dev/null: {answer:?}").into());
    }
    run::pree("capture /dev/full")?.code(4)?.tells("No space left")?;
    run::into_file("capture -", File::options().write(true).open("/dev/full")?)?.code(4)?;
    if !fs::metadata("/dev/full")?.file_type().is_char_device() {
        return Err("/dev/full was replaced".into());
    }
    Ok(())
}

/// Processes that hold a socket of this network namespace, and some that hold many of another one.
fn small() -> Result<(), Failed> {
    const HOLDERS: usize = 60;
    const SOCKETS: usize = 300;
    let folder = Folder::new("small")?;
    let file = folder.file("recording");
    let here = Socket::tcp(Family::V4)?;
    here.bind((Family::V4.loopback(), 7001))?;
    here.listen(1)?;
    let elsewhere = Namespace::new()?;
    let many: Vec<Socket> =
        elsewhere.run(|| (0..SOCKETS).map(|_| Socket::udp(Family::V4)).collect::<Result<_, _>>())?;
    let spec =
        |sockets: &[Socket]| sockets.iter().fold(HolderSpec::hold(), |spec, socket| spec.inherit(socket));
    let owner = Holder::start(spec(&[here]))?;
    let mut others = Vec::new();
    for _ in 0..HOLDERS {
        others.push(Holder::start(spec(&many))?);
    }
    for owners in ["auto", "proc"] {
        let live = run::pree(&format!("-l --owners {owners} -c local,owner,user,cmd"))?.whole()?;
        if !live.out.contains(&format!("[{}]", owner.pid())) {
            return Err(format!("the owner is not in {}", live.out).into());
        }
        run::pree(&format!("capture {file} --owners {owners}"))?.code(0)?.tells("process names")?;
        let bytes = fs::read(&file)?;
        // All descriptors alone would take this much, and each process some thousand bytes.
        if bytes.len() > HOLDERS * SOCKETS * 12 {
            return Err(format!("--owners {owners}: {} bytes", bytes.len()).into());
        }
        let replayed = run::pree(&format!("--replay {file} -l --owners {owners} -c local,owner,user,cmd"))?;
        if replayed.whole()?.out != live.out {
            return Err(format!("--owners {owners}: the replay says something else").into());
        }
        let about = |pid: u32| {
            let key = format!("process {pid} cmdline");
            bytes.windows(key.len()).any(|part| part == key.as_bytes())
        };
        if !about(owner.pid()) || others.iter().any(|other| about(other.pid())) {
            return Err(format!("--owners {owners}: other processes than the owner").into());
        }
    }
    // Without processes: also those whose descriptors are looked at for other families.
    run::pree(&format!("capture {file} --owners none"))?.code(0)?.tells("user ids, no processes")?;
    let kept = questions(&fs::read(&file)?)?;
    let of_processes = |key: &&String| key.starts_with("process") || ["holders", "users"].contains(&&***key);
    if let Some(key) = kept.iter().find(of_processes) {
        return Err(format!("{key}, with --owners none").into());
    }
    let replayed = run::pree(&format!("--replay {file} -l --owners none --format {{local}}"))?.whole()?;
    if replayed.out == "127.0.0.1:7001\n" { Ok(()) } else { Err(replayed.out.into()) }
}

/// Every question in a recording.
fn questions(recording: &[u8]) -> Result<Vec<String>, Failed> {
    let mut rest = recording.get(24..).ok_or("no header")?;
    let mut questions = Vec::new();
    while let Some((kind, after)) = rest.split_first() {
        let (length, after) = after.split_first_chunk::<4>().ok_or("no length")?;
        let (_number_and_time, after) = after.split_first_chunk::<12>().ok_or("no number")?;
        let (body, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or("no body")?;
        rest = after;
        if *kind == 1 {
            questions.push(String::from_utf8(body.to_vec())?);
        }
    }
    Ok(questions)
}

fn damage() -> Result<(), Failed> {
    let population = population::few()?;
    let folder = Folder::new("damage")?;
    let file = folder.file("whole");
    run::pree(&format!("capture {file}"))?.code(0)?;
    let bytes = fs::read(&file)?;
    drop(population);
    let broken = folder.file("broken");
    let replay = || run::pree(&format!("--replay {broken}"));
    for length in [0, 3, 8, 15, bytes.len() / 3, bytes.len() - 1] {
        fs::write(&broken, &bytes[..length])?;
        let answer = replay()?.code(4)?.silent()?;
        answer.tells("damaged: ")?.tells(" at byte ")?.tells(&broken)?;
    }
    for (at, byte, says) in
        [(0, b'x', "at byte 0"), (8, 9, "version 9"), (24, 77, "unknown record at byte 24")]
    {
        let mut other = bytes.clone();
        other[at] = byte;
        fs::write(&broken, &other)?;
        replay()?.code(4)?.silent()?.tells(says)?;
    }
    // Bytes of the kernel that make no sense: an answer with gaps, or an error, never a panic.
    for step in 0..60 {
        let mut other = bytes.clone();
        let at = 40 + step * (other.len() - 40) / 60;
        other[at] ^= 0xff;
        fs::write(&broken, &other)?;
        let answer = run::pree(&format!("--replay {broken} --json"))?;
        if ![0, 3, 4].contains(&answer.code) {
            return Err(format!("byte {at}: {answer:?}").into());
        }
    }
    for (path, says) in [
        (folder.path().display().to_string(), "Is a directory"),
        (folder.file("nothing"), "No such file"),
        ("/dev/zero".to_owned(), "not a pree recording at byte 0"),
        ("/etc/passwd".to_owned(), "not a pree recording at byte 0"),
    ] {
        for command in ["", "port 80", "-s"] {
            run::pree(&format!("{command} --replay {path}"))?.code(4)?.silent()?.tells(says)?.tells(&path)?;
        }
    }
    Ok(())
}

/// `docs/replay-format.md` names every question that is asked.
fn documented() -> Result<(), Failed> {
    let _population = population::few()?;
    let output = run::command("capture - -q").output()?.stdout;
    let text = include_str!("../../../../docs/replay-format.md");
    let keys = questions(&output)?;
    for key in &keys {
        let mut words = key.split(' ');
        let first = words.next().unwrap_or_default();
        let told = text.contains(&format!("`{first}`")) || text.contains(&format!("`{first} "));
        let last = words.next_back().filter(|last| last.chars().all(char::is_alphabetic));
        let is_told = |last: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| word == last);
        if !told || last.is_some_and(|last| !is_told(last)) {
            return Err(format!("{key} is not documented").into());
        }
    }
    // Nothing narrows what a capture asks for.
    let tables: Vec<_> = keys.iter().filter(|key| key.starts_with("diag ")).collect();
    every(&tables, |key| key.split(' ').count() == if key.contains(" exact ") { 5 } else { 4 });
    let questions = keys.len();
    if questions > 20 { Ok(()) } else { Err(format!("{questions} questions").into()) }
}

/// Whom keys are for is shown and found; the keys themselves stand nowhere.
fn md5() -> Result<(), Failed> {
    let socket = Socket::tcp(Family::V4)?;
    let key = b"a secret of two routers";
    socket.set_md5("10.1.2.0".parse()?, 24, key)?;
    socket.set_md5("192.0.2.7".parse()?, 32, key)?;
    socket.bind((Family::V4.loopback(), 179))?;
    socket.listen(1)?;
    let without = Socket::tcp(Family::V4)?;
    without.bind((Family::V4.loopback(), 180))?;
    without.listen(1)?;
    let file = pree_testkit::fresh_path("md5")?;
    run::pree(&format!("capture -q {}", file.display()))?.code(0)?;
    let recording = fs::read(&file)?;
    assert!(!recording.windows(8).any(|part| part == &key[..8]), "a key is in the recording");
    let replay = format!("--replay {} ", file.display());
    for of in ["", &replay] {
        let shown = |words: &str| -> Result<String, Failed> {
            Ok(run::pree(&format!("-Htl {of}{words}"))?.whole()?.out)
        };
        let peers = shown("-c md5 has md5")?;
        let peers: BTreeSet<&str> = peers.trim().trim_matches('"').split(',').collect();
        assert_eq!(peers, ["10.1.2.0/24", "192.0.2.7/32"].into());
        for (filter, port) in [("md5~192.0.2.7", "179"), ("md5=*10.1.2.0/24*", "179"), ("not has md5", "180")]
        {
            assert_eq!(shown(&format!("-c sport {filter}"))?.trim(), port, "{filter}");
        }
        let everything = shown("-e")? + &shown("--json -c +md5,+fwmark,+cgroup")? + &shown("-i")?;
        assert!(everything.contains("192.0.2.7/32") && !everything.contains("secret"), "{everything}");
    }
    Ok(())
}
