//! Command lines of ss, netstat, lsof and fuser, and what pree makes of them: the same sockets, descriptors or processes, or
//! a usage error that names pree's way. What the README says that pree replaces is from this table.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::net::{AddressFamily, SocketType, ipproto};

use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Case, Failed, Family, Need, Population, Socket, need, population};
use serde_json::Value;

use crate::run;

pub fn cases() -> Vec<Case> {
    let lab = Case::new("lines_of_other_tools_find_the_same", same).lab().needs(Need::RealRoot);
    let tools = ["ss", "netstat", "lsof", "fuser"];
    vec![
        tools.into_iter().fold(lab, |case, tool| case.needs(Need::Tool(tool))),
        Case::new("other_lines_of_other_tools_are_refused_with_the_way", refused),
        Case::new("the_readme_claims_what_is_compared", readme),
    ]
}

/// What is compared: each program shows another thing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Socket,
    Descriptor,
    Process,
    /// The exit code and the output of a whole shell line.
    Shell,
}
use By::{Descriptor, Process, Shell, Socket as Sockets};

/// Their line, and pree's: `8080`, `1234`, `www-data` and `10/8` stand for what the test makes.
const SAME: &[(&str, &str, By)] = &[
    ("ss -tulpn", "-tulpn", Sockets),
    ("ss -tan", "-tan", Sockets),
    ("ss -uan", "-uan", Sockets),
    ("ss -tanp4", "-tanp4", Sockets),
    ("ss -tan6", "-tan6", Sockets),
    ("ss -lnt", "-lnt", Sockets),
    ("ss -tano", "-tano", Sockets),
    ("ss -tanm -f inet", "-tanm -f inet", Sockets),
    ("ss -tan -f inet6", "-tan -f inet6", Sockets),
    // ss tells no inode of raw sockets.
    ("ss -Hna -f inet | grep -c ^raw", "-Hna -f inet | grep -c ^raw", Shell),
    ("ss -Hna -f inet6 | grep -c ^raw", "-Hna -f inet6 | grep -c ^raw", Shell),
    ("ss -A tcp,udp -a", "-A tcp,udp -a", Sockets),
    ("ss -A 'tcp,udp,!udp' -a", "-A 'tcp,udp,!udp' -a", Sockets),
    ("ss -tuan --inet-sockopt", "-tuan --inet-sockopt", Sockets),
    ("ss -tai dst 10/8", "-tai dst 10/8", Sockets),
    ("ss -tan sport = :8080", "-tan sport = :8080", Sockets),
    ("ss -t state time-wait", "-t state time-wait", Sockets),
    (
        "ss -t state established '( dport = :443 or dport = :80 )'",
        "-t state established 'dport=443,80'",
        Sockets,
    ),
    ("ss -Hltn sport = :8080 | grep -q . && echo busy", "port 8080 -lq && echo busy", Shell),
    ("ss -Hltn sport = :9 | grep -q . && echo busy", "port 9 -lq && echo busy", Shell),
    ("netstat -tulpn", "-tulpn", Sockets),
    ("netstat -tulpnW", "-tulpnW", Sockets),
    ("netstat -tan", "-tan", Sockets),
    ("netstat -tuanp", "-tuanp", Sockets),
    ("netstat -antp --inet", "-antp --inet", Sockets),
    ("netstat -tan --numeric-ports --timers --wide", "-tan --numeric-ports --timers --wide", Sockets),
    ("lsof -i", "-i", Descriptor),
    ("lsof -nP -i", "-nP -i", Descriptor),
    ("lsof -i :8080", "-i :8080", Descriptor),
    ("lsof -i :8080,443", "-i :8080,443", Descriptor),
    ("lsof -i :1-1024", "-i :1-1024", Descriptor),
    ("lsof -i tcp", "-i tcp", Descriptor),
    ("lsof -i UDP", "-i UDP", Descriptor),
    ("lsof -i TCP:8080", "-i TCP:8080", Descriptor),
    ("lsof -i @127.0.0.1", "-i @127.0.0.1", Descriptor),
    ("lsof -i TCP@127.0.0.1:8080", "-i TCP@127.0.0.1:8080", Descriptor),
    ("lsof -nP -iTCP -sTCP:LISTEN", "-tl", Descriptor),
    ("lsof -nP -iTCP:8080 -sTCP:LISTEN", "-tl :8080", Descriptor),
    ("lsof -p 1234 -a -i", "pid=1234", Descriptor),
    ("lsof -u www-data -a -iTCP", "-t puser=www-data", Descriptor),
    ("lsof -t -i :8080", "-i :8080", Process),
    ("fuser 8080/tcp", "-t sport=8080", Process),
];

/// What is not the same, with the way that is named and that works.
const REFUSED: &[(&str, &str, &str)] = &[
    ("-i 4", "IPv4 is -4", "-4"),
    ("-i 6", "IPv6 -6", "-6"),
    ("-i 4tcp", "IPv4 is -4", "-4 -i tcp"),
    ("-i 6@[::1]:80", "IPv6 -6", "-6 -i @[::1]:80"),
    ("-i6TCP", "-i takes no value", "-6 -i tcp"),
    ("-iTCP", "write -i TCP", "-i TCP"),
    ("-itcp", "write -i tcp", "-i tcp"),
    ("-iTCP:8080", "write -i TCP:8080", "-i TCP:8080"),
    ("-i:8080", "write -i :8080", "-i :8080"),
    ("-i@127.0.0.1", "write -i @127.0.0.1", "-i @127.0.0.1"),
    ("-ti:8080", "-i takes no value", "-ti :8080"),
    ("-nPiTCP", "-i takes no value", "-i tcp"),
    ("-nP -iTCP -sTCP:LISTEN", "write -i TCP", "-i TCP"),
    ("-i @localhost:8080", "names of hosts are not looked up", "-i @127.0.0.1:8080"),
    ("-i tcp -s TCP:LISTEN", "listeners are -l", "-tl"),
    ("-i tcp -sTCP:LISTEN", "listeners are -l", "-tl"),
    ("-s tcp:established", "state NAME", "-t state established"),
    ("-p 1234", "pid=1234", "pid=1234"),
    ("-p1234", "pid=1234", "pid=1234"),
    ("-p 12,34 -a -i", "pid=12,34", "pid=12,34"),
    ("-p ^1234", "pid!=1234", "pid!=1234"),
    ("-a -i -p 1234", "pid=1234", "pid=1234"),
    ("-nPp 1234", "pid=1234", "pid=1234"),
    ("-u nobody", "user=nobody", "user=nobody"),
    ("-unobody", "user=NAME", "user=nobody"),
    ("-u 1000 -a -i", "user=1000", "user=1000"),
    ("-c nginx", "process=nginx", "process=nginx"),
    ("-R", "-c +ppid", "-c +ppid"),
    ("-U", "-x, UDP-Lite sockets -A udplite", "-x"),
    ("-d 3", "fd=3", "fd=3"),
    ("-c", "columns, as in -c +rtt", "-c +rtt"),
    ("-tnc", "again and again is --watch", ""),
    ("-tulpnc", "again and again is --watch", ""),
    ("-tc -n", "again and again is --watch", ""),
    ("-g", "ip maddr", "-g state"),
    ("-tg", "a field to group by, as in -g state", "-tg state"),
    ("-g -n", "ip maddr", ""),
    ("-g 123", "process groups are not shown", "pid=123"),
    ("-g 12,^34", "process groups are not shown", ""),
    ("-nP +c 0 -i tcp", "--no-trunc", "-nP --no-trunc -i tcp"),
    ("+c15", "--no-trunc", "--no-trunc"),
    ("+E -i", "-c +peer", "-i -c +peer"),
    ("+L1", "no flag begins with a plus", ""),
    ("-N", "a network namespace, as in -N blue", ""),
    ("-tN", "names are not looked up", ""),
    ("-N -t", "names are not looked up", ""),
    ("-F", "ip route", ""),
    ("-i -F", "--json or --format", "--json"),
    ("-F -n", "a file with a filter", ""),
    ("-F pcn -i", "fields for programs are --json or --format", "--format {pid}"),
    ("-Fpcn -i", "fields for programs are --json or --format", "--format {pid}"),
    ("-A", "protocols, as in -A tcp,unix", "-A tcp,unix"),
    ("-A inet6", "-f inet6", "-f inet6"),
    ("-an -f", "a family, as in -f inet6", "-an -f inet6"),
    ("-f -i", "a descriptor is fd=3", "fd=3"),
    ("--protocol=inet", "-f FAMILY", "-f inet"),
    ("-tQ", "-c -recvq,-sendq", "-t -c -recvq,-sendq"),
    ("-tulpnZ", "SELinux contexts are not shown", "-tulpn"),
    ("-rn", "ip route", ""),
    ("--route", "ip route", ""),
    ("-C", "ip route", ""),
    ("--interfaces", "ip -s link", ""),
    ("--groups", "ip maddr", ""),
    ("--statistics", "pree -s", "-s"),
    ("--masquerade", "conntrack", ""),
    ("--continuous", "again and again is --watch", ""),
    ("-tr", "names of hosts are not looked up", "-t"),
    ("-b", "-0 -c +packet_filter", "-0 -c +packet_filter"),
    ("--bpf", "-0 -c +packet_filter", "-0 -c +packet_filter"),
    ("-Z", "SELinux", ""),
    ("-z", "SELinux", ""),
    ("--contexts", "SELinux", ""),
    ("-T", "-c +thread", "-c +thread"),
    ("-tpT", "-c +thread", "-c +thread"),
    ("-d", "-A other proto=dccp", "-A other proto=dccp"),
    ("--dccp", "-A other proto=dccp", "-A other proto=dccp"),
    ("-D file", "pree capture FILE", ""),
    ("--tos", "-c +tos,+tclass,+class_id", "-c +tos,+tclass,+class_id"),
    ("--cgroup", "-c +cgroup_id,+pcgroup", "-c +cgroup_id,+pcgroup"),
    ("--tipc", "-A other proto=tipc", "-A other proto=tipc"),
    ("--tipcinfo", "-A other proto=tipc", "-A other proto=tipc"),
    ("--xdp", "-A other proto=xdp", "-A other proto=xdp"),
    ("-f xdp", "-A other proto=xdp", "-A other proto=xdp"),
    ("-f help", "inet, inet6, link, unix, netlink or vsock", "-f link"),
    ("-A unix_stream", "-A unix type=stream", "-A unix type=stream"),
    ("-A u_dgr,tcp", "-A unix type=dgram", "-A unix type=dgram"),
    ("-A packet_raw", "-A packet type=raw", "-A packet type=raw"),
    ("-A v_str", "-A vsock type=stream", "-A vsock type=stream"),
    ("-A !tcp", "-A 'all,!tcp'", "-A all,!tcp"),
    ("-A all,!all", "leaves nothing", ""),
    ("-K dst 10.0.0.1", "pree close", ""),
    ("-k 8080/tcp", "pree kill :8080", ""),
    ("-E", "pree watch", ""),
];

fn refused() -> Result<(), Failed> {
    for (words, says, way) in REFUSED {
        let answer = run::pree(words)?.code(2).and_then(|answer| answer.tells(says)?.silent());
        answer.map_err(|failed| run::while_doing(words, failed))?;
        // 3 where a process of the machine lets nobody look into it.
        if !matches!(run::pree(way)?.code, 0 | 3) {
            return Err(format!("{words}: the way {way} is none").into());
        }
    }
    // A word among UDP sockets, and other letters before it.
    for words in
        ["-tu nosuchword", "-lu nosuchword", "nosuchword -u", "-u state established", "-p nosuchword"]
    {
        if !matches!(run::pree(words)?.code, 0 | 3) {
            return Err(words.into());
        }
    }
    Ok(())
}

/// Ends with the test.
struct Sleeper(Child);

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn listener(port: u16) -> Result<Socket, Failed> {
    let socket = Socket::tcp(Family::V4)?;
    socket.bind((Family::V4.loopback(), port))?;
    socket.listen(4)?;
    Ok(socket)
}

fn population() -> Result<(Population, Holder, Sleeper), Failed> {
    let mut all = population::listeners()?;
    all.merge(population::connections()?);
    all.merge(population::udp()?);
    all.merge(population::shared()?);
    all.merge(population::accept_queue(Family::V4)?);
    all.merge(population::states(Family::V4)?);
    for port in [8080, 443, 80] {
        let listener = listener(port)?;
        let client = Socket::tcp(Family::V4)?;
        client.connect((Family::V4.loopback(), port))?;
        all.keep((listener.accept()?, client));
        all.keep(listener);
    }
    for family in [AddressFamily::INET, AddressFamily::INET6] {
        all.keep(rustix::net::socket(family, SocketType::RAW, Some(ipproto::UDP))?);
    }
    let inherited = listener(0)?;
    let holder = Holder::start(HolderSpec::hold().inherit(&inherited))?;
    let nobodys = OwnedFd::from(listener(0)?);
    let mut sleep = Command::new("/bin/sleep");
    let sleep = sleep.arg("600").uid(65_534).gid(65_534).stdin(Stdio::from(nobodys)).stdout(Stdio::null());
    Ok((all, holder, Sleeper(sleep.stderr(Stdio::null()).spawn()?)))
}

fn same() -> Result<(), Failed> {
    let (_all, holder, sleeper) = population()?;
    let pid = holder.pid().to_string();
    let wait = std::time::Instant::now();
    while run::pree("puser=nobody -q")?.code != 0 {
        if wait.elapsed().as_secs() > 20 {
            return Err(format!("{} holds nothing", sleeper.0.id()).into());
        }
    }
    let made = |line: &str| {
        line.replace("1234", &pid).replace("www-data", "nobody").replace("10/8", "127/8").to_owned()
    };
    let mut failures = Vec::new();
    for (theirs, ours, by) in SAME {
        let (theirs, ours) = (made(theirs), made(ours));
        let (expected, got) = if *by == Shell {
            (shell(&theirs)?, shell(&format!("{} {ours}", run::PREE))?)
        } else {
            (of_tool(&theirs, *by)?, of_pree(&ours, *by)?)
        };
        if expected != got || expected.is_empty() {
            failures.push(format!(
                "{theirs}: only there {:?}\n  pree {ours}: only here {:?}",
                expected.difference(&got).collect::<Vec<_>>(),
                got.difference(&expected).collect::<Vec<_>>()
            ));
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

/// The exit code and what was written.
fn shell(line: &str) -> Result<BTreeSet<String>, Failed> {
    let output =
        run::hermetic("/bin/sh").env("PATH", "/usr/bin:/bin:/usr/sbin").args(["-c", line]).output()?;
    Ok([format!("{:?}", output.status.code()), String::from_utf8(output.stdout)?].into())
}

fn output(line: &str) -> Result<String, Failed> {
    let output =
        run::hermetic("/bin/sh").env("PATH", "/usr/bin:/bin:/usr/sbin").args(["-c", line]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What their line shows, with a flag more that makes it readable.
fn of_tool(line: &str, by: By) -> Result<BTreeSet<String>, Failed> {
    let (tool, rest) = line.split_once(' ').ok_or("no arguments")?;
    let program = need::tool(tool).ok_or("not installed")?.display().to_string();
    let text = match (tool, by) {
        ("ss", _) => output(&format!("{program} -HOne {rest}"))?,
        ("netstat", _) => output(&format!("{program} -eWn {rest}"))?,
        ("lsof", Descriptor) => output(&format!("{program} -nP -Fpf {rest}"))?,
        _ => output(&format!("{program} {rest} 2>/dev/null"))?,
    };
    let mut found = BTreeSet::new();
    let mut pid = "";
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (tool, by) {
            ("ss", _) => {
                let inode = words.iter().find_map(|word| word.strip_prefix("ino:")).unwrap_or("0");
                let ends: Vec<&str> = words.iter().copied().filter(|word| is_end(word)).take(2).collect();
                found.insert(socket(inode, &ends)?);
            }
            ("netstat", _) if words.first().is_some_and(|word| word.starts_with(['t', 'u'])) => {
                let state =
                    words.get(5).is_some_and(|word| word.starts_with(|c: char| c.is_ascii_uppercase()));
                let inode = words.get(if state { 7 } else { 6 }).ok_or("no inode")?;
                found.insert(socket(inode, words.get(3..5).ok_or("no ends")?)?);
            }
            ("lsof", Descriptor) => match line.split_at_checked(1) {
                Some(("p", number)) => pid = number,
                Some(("f", fd)) => drop(found.insert(format!("{pid}/{fd}"))),
                _ => {}
            },
            ("netstat", _) => {}
            _ => found.extend(words.into_iter().map(str::to_owned)),
        }
    }
    Ok(found)
}

fn is_end(word: &str) -> bool {
    let port = word.rsplit_once(':').map(|(_, port)| port);
    port.is_some_and(|port| port == "*" || port.parse::<u16>().is_ok()) && !word.starts_with("ino:")
}

/// By its inode, or where it has none by its ports.
fn socket(inode: &str, ends: &[&str]) -> Result<String, Failed> {
    if inode != "0" {
        return Ok(format!("inode {inode}"));
    }
    let port = |end: &str| end.rsplit_once(':').map(|(_, port)| port.to_owned());
    let ports: Option<Vec<String>> = ends.iter().map(|end| port(end)).collect();
    Ok(format!("ports {}", ports.filter(|ports| ports.len() == 2).ok_or("no ports")?.join(" ")))
}

fn of_pree(line: &str, by: By) -> Result<BTreeSet<String>, Failed> {
    let text = output(&format!("{} {line} --jsonl", run::PREE))?;
    let mut lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let last = lines.pop().ok_or("no answer")?;
    if last["complete"] != true {
        return Err(format!("pree {line}: {last}").into());
    }
    let mut found = BTreeSet::new();
    for row in lines {
        let owners = row["owners"].as_array().ok_or("no owners")?;
        match by {
            Descriptor => {
                found.extend(owners.iter().map(|owner| format!("{}/{}", owner["pid"], owner["fd"])))
            }
            Process => found.extend(owners.iter().map(|owner| owner["pid"].to_string())),
            _ => {
                let port = |end: &str| row[end]["port"].to_string();
                let inode = row["inode"].as_u64().unwrap_or(0);
                found.insert(match inode {
                    0 => format!("ports {} {}", port("local"), port("remote")),
                    inode => format!("inode {inode}"),
                });
            }
        }
    }
    Ok(found)
}

/// Every line in the table of what pree replaces is one that was compared.
fn readme() -> Result<(), Failed> {
    let text = include_str!("../../../../README.md");
    let (_, table) = text.split_once("| pree | what it replaces |\n|---|---|\n").ok_or("no table")?;
    let mut claims = 0;
    for row in table.lines().take_while(|line| line.starts_with('|')) {
        let row = row.replace("\\|", "\u{1}");
        let cells: Vec<Vec<String>> = row
            .split('|')
            .filter(|cell| !cell.trim().is_empty())
            .map(|cell| cell.split('`').skip(1).step_by(2).map(|code| code.replace('\u{1}', "|")).collect())
            .collect();
        let [ours, theirs] = cells.as_slice() else { return Err(format!("not two cells: {row}").into()) };
        if theirs.is_empty() {
            return Err(format!("nothing that was compared: {row}").into());
        }
        for line in theirs {
            let is_compared = |(other, own, _): &&(&str, &str, By)| {
                other == line && ours.iter().any(|ours| ours.strip_prefix("pree ") == Some(own))
            };
            if !SAME.iter().any(|entry| is_compared(&entry)) {
                return Err(format!("{line} and {ours:?} were not compared").into());
            }
            claims += 1;
        }
    }
    if claims >= 8 { Ok(()) } else { Err(format!("{claims} claims").into()) }
}
