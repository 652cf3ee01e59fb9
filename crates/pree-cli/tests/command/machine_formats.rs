//! `--json` and `--jsonl` member by member: every member that was ever told, on every socket, and what it says.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use pree_testkit::{Case, Failed, Need, Truth};
use serde_json::Value;

use crate::truth::{self, Differences, FULL, has_stats};
use crate::{json, population, run};

pub fn cases() -> Vec<Case> {
    let lab = |name, run: fn() -> Result<(), Failed>| {
        Case::new(name, run).lab().needs(Need::Ipv6).needs(Need::Veth)
    };
    vec![
        lab("json_has_every_member_with_its_value", values),
        lab("json_tells_when_owners_started", start_times),
        lab("json_is_the_same_with_any_flag", flags_make_no_difference),
    ]
}

/// What every socket has. `listen` is only there for listeners; `name_bytes` where text is none.
const SOCKET: &[&str] = &[
    "protocol",
    "family",
    "type",
    "state",
    "local",
    "remote",
    "inode",
    "cookie",
    "uid",
    "recv_queue",
    "send_queue",
    "owners",
    "unowned",
    "tcp",
    "quality",
    "interface",
    "v6only",
    "upper_layer",
    "cgroup_id",
    "mark",
    "tos",
    "tclass",
    "class_id",
    "drops",
    "netns",
    "timer",
    "memory",
];

/// What only full sockets have.
const FULL_SOCKET: &[&str] = &["shutdown", "options"];

const TCP: &[&str] = &[
    "rtt_us",
    "rttvar_us",
    "min_rtt_us",
    "rto_us",
    "ato_us",
    "cwnd",
    "cwnd_bytes",
    "ssthresh",
    "snd_mss",
    "rcv_mss",
    "advmss",
    "pmtu",
    "bytes_sent",
    "bytes_acked",
    "bytes_received",
    "bytes_retrans",
    "retrans",
    "total_retrans",
    "notsent_bytes",
    "congestion_algorithm",
    "unacked",
    "sacked",
    "lost",
    "reordering",
    "snd_wnd",
    "rcv_wnd",
    "busy_time_us",
    "delivery_rate",
    "pacing_rate",
    "snd_una",
    "snd_nxt",
    "rcv_nxt",
    "write_seq",
    "copied_seq",
];

const QUALITY: &[&str] =
    &["score", "loss", "bloat", "efficiency", "utilisation", "limited_by", "basis", "findings"];

const MEMORY: &[&str] = &[
    "receive_alloc_bytes",
    "receive_buffer_bytes",
    "send_alloc_bytes",
    "send_buffer_bytes",
    "forward_alloc_bytes",
    "send_queued_bytes",
    "option_bytes",
    "backlog_bytes",
];

fn values() -> Result<(), Failed> {
    let all = population::everything()?;
    let document = json::document(&run::pree("--json")?.whole()?.out)?.whole()?;
    truth::same(all.truth(), &document.rows()?, FULL)?;
    let lines = json::lines(&run::pree("--jsonl")?.whole()?.out)?.whole()?;
    for sockets in [&document.sockets, &lines.sockets] {
        let mut left: Vec<&Value> = sockets.iter().collect();
        for truth in all.truth() {
            let differences = left.iter().map(|socket| differences(truth, socket)).enumerate();
            match differences.min_by_key(|(_, differences)| differences.len()) {
                Some((at, none)) if none.is_empty() => left.swap_remove(at),
                nearest => {
                    let socket = nearest.as_ref().map(|(at, _)| left[*at]);
                    return Err(format!("{truth}: {:?} in {socket:?}", nearest.map(|n| n.1)).into());
                }
            };
        }
        // The same of both, whatever the socket.
        for socket in sockets {
            members(socket)?;
        }
    }
    cookies_are_unique(&document.sockets)
}

fn differences(truth: &Truth, socket: &Value) -> Vec<String> {
    let mut all = Differences::default();
    let text = |key: &str| socket[key].as_str();
    let number = |key: &str| socket[key].as_u64();
    let owners: BTreeSet<_> = owners(socket).collect();
    all.same("owners", truth.owners.iter().map(|&(pid, fd)| (pid.into(), fd.into())).collect(), owners);
    all.same("local", Some(u64::from(truth.local.port())), socket["local"]["port"].as_u64());
    all.same("protocol", Some(truth.protocol), text("protocol"));
    all.same("state", Some(truth.state), text("state"));
    let family = if truth.local.is_ipv4() { "ipv4" } else { "ipv6" };
    all.same("family", Some(family), text("family"));
    let kind = if truth.protocol == "tcp" { "stream" } else { "dgram" };
    all.same("type", Some(kind), text("type"));
    all.same("ip", Some(truth.local.ip().to_string()).as_deref(), socket["local"]["ip"].as_str());
    let remote = truth.remote.filter(|_| truth.state != "bound_inactive");
    all.same("remote", remote.map(|at| at.ip().to_string()).as_deref(), socket["remote"]["ip"].as_str());
    all.same("unowned", truth.unowned, text("unowned"));
    all.same("inode", truth.inode, number("inode"));
    all.known("cookie", truth.cookie.map(|cookie| cookie.to_string()).as_deref(), text("cookie"));
    all.known("uid", truth.uid.map(u64::from), number("uid"));
    all.same("interface", truth.interface.map(u64::from), number("interface"));
    all.known("v6only", truth.v6only, socket["v6only"].as_bool());
    all.same("mark", truth.mark.map(u64::from), number("mark").filter(|mark| *mark != 0));
    all.known("drops", truth.drops.map(u64::from), number("drops"));
    let buffer = socket["memory"]["receive_buffer_bytes"].as_u64();
    all.known("receive buffer", truth.receive_buffer_bytes.map(u64::from), buffer);
    let listen = socket.get("listen").map(|listen| (listen["queue"].as_u64(), listen["limit"].as_u64()));
    let known = truth.listen.map(|(queue, limit)| (Some(queue.into()), Some(limit.into())));
    all.same("listen", known, listen);
    all.known("timer", truth.timer.map(crate::flags::timer_name), socket["timer"]["kind"].as_str());
    all.same("statistics", has_stats(truth), socket["tcp"].is_object());
    if has_stats(truth) {
        let algorithm = socket["tcp"]["congestion_algorithm"].as_str();
        all.same("an algorithm", true, algorithm.is_some());
        all.known("algorithm", truth.congestion, algorithm);
    }
    if truth.state == "established" && truth.protocol == "tcp" {
        all.same("rtt was measured", true, socket["tcp"]["rtt_us"].as_u64().is_some_and(|rtt| rtt > 0));
    }
    if let Some(bytes) = truth.receive_queue_bytes.filter(|_| has_stats(truth) && truth.inode.is_some()) {
        // All that came is unread.
        all.same("bytes received", Some(u64::from(bytes)), socket["tcp"]["bytes_received"].as_u64());
    }
    all.0
}

fn owners(socket: &Value) -> impl Iterator<Item = (u64, u64)> {
    let owners = socket["owners"].as_array().into_iter().flatten();
    owners.map(|owner| (owner["pid"].as_u64().unwrap_or(0), owner["fd"].as_u64().unwrap_or(u64::MAX)))
}

fn members(socket: &Value) -> Result<(), Failed> {
    let lacks = |value: &Value, members: &[&str]| -> Result<(), Failed> {
        match members.iter().find(|member| value.get(**member).is_none()) {
            Some(member) => Err(format!("no member {member}: {value}").into()),
            None => Ok(()),
        }
    };
    lacks(socket, SOCKET)?;
    if (socket["state"] == "listen") != socket.get("listen").is_some() {
        return Err(format!("listen is for listeners: {socket}").into());
    }
    lacks(&socket["netns"], &["inode", "name"])?;
    if socket["timer"].is_object() {
        lacks(&socket["timer"], &["kind", "expires_ms", "retransmits"])?;
    }
    if socket["memory"].is_object() {
        lacks(socket, FULL_SOCKET)?;
        lacks(&socket["memory"], MEMORY)?;
    }
    if socket["tcp"].is_object() {
        lacks(&socket["tcp"], TCP)?;
    }
    let found = socket["quality"]["findings"].as_array().is_some_and(|findings| !findings.is_empty());
    if socket["quality"].is_object() {
        lacks(&socket["quality"], QUALITY)?;
    }
    if (socket["tcp"].is_object() || found) != socket["quality"].is_object() {
        return Err(format!("judged without statistics and findings, or not with them: {socket}").into());
    }
    for owner in socket["owners"].as_array().ok_or("owners is no list")? {
        lacks(owner, &["pid", "name", "fd", "start_time", "parent"])?;
    }
    // Unknown is null; what is 64 bits wide is text; no other number is beyond what every reader holds exactly.
    for key in ["cookie", "cgroup_id"] {
        let digits = |text: &str| text.parse::<u64>().is_ok_and(|number| number.to_string() == text);
        if !(socket[key].is_null() || socket[key].as_str().is_some_and(digits)) {
            return Err(format!("{key} is {}", socket[key]).into());
        }
    }
    numbers_are_exact(socket)
}

fn numbers_are_exact(value: &Value) -> Result<(), Failed> {
    match value {
        Value::Array(values) => values.iter().try_for_each(numbers_are_exact),
        Value::Object(members) => members.iter().try_for_each(|(key, value)| {
            numbers_are_exact(value).map_err(|failed| {
                let text = failed.message().unwrap_or_default();
                Failed::from(format!("{key}: {text}"))
            })
        }),
        Value::Number(number) if number.as_u64().is_some_and(|number| number >= 1 << 53) => {
            Err(format!("{number} is more than 53 bits").into())
        }
        _ => Ok(()),
    }
}

fn cookies_are_unique(sockets: &[Value]) -> Result<(), Failed> {
    let cookies: BTreeSet<_> = sockets.iter().filter_map(|socket| socket["cookie"].as_str()).collect();
    if cookies.len() == sockets.len() { Ok(()) } else { Err("two sockets have one cookie".into()) }
}

fn start_times() -> Result<(), Failed> {
    let _all = population::few()?;
    let stat = fs::read_to_string("/proc/stat")?;
    let boot = stat.lines().find_map(|line| line.strip_prefix("btime ")).ok_or("no btime")?;
    let boot: f64 = boot.trim().parse()?;
    let document = json::document(&run::pree("--json")?.whole()?.out)?.whole()?;
    let mut seen = BTreeSet::new();
    for owner in document.sockets.iter().flat_map(|socket| socket["owners"].as_array().into_iter().flatten())
    {
        let pid = owner["pid"].as_u64().ok_or("no pid")?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let mut fields = stat.rsplit_once(") ").ok_or("no name")?.1.split(' ');
        let parent: u64 = fields.nth(1).ok_or("short")?.parse()?;
        // Field 22, in hundredths of a second since boot, which btime gives in whole seconds.
        let ticks: f64 = fields.nth(17).ok_or("short")?.parse()?;
        let told = owner["start_time"].as_f64().ok_or("no start time")?;
        if (told - (boot + ticks / 100.0)).abs() > 1.1 || owner["parent"].as_u64() != Some(parent) {
            return Err(format!("{owner} started at {} as child of {parent}", boot + ticks / 100.0).into());
        }
        if !seen.insert(pid) {
            continue;
        }
        let now = std::time::UNIX_EPOCH.elapsed()?;
        if now.abs_diff(Duration::from_secs_f64(told)) > Duration::from_secs(60) {
            return Err(format!("{owner} was started by this case, which is not that old").into());
        }
    }
    if seen.len() == 5 { Ok(()) } else { Err(format!("not five owners: {seen:?}").into()) }
}

fn flags_make_no_difference() -> Result<(), Failed> {
    let _all = population::few()?;
    let plain = json::document(&run::pree("--json")?.whole()?.out)?;
    let flagged = json::document(&run::pree("-aiemonpH --json")?.whole()?.out)?;
    let shape = |document: &json::Document| -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        document.sockets.iter().for_each(|socket| collect_keys("", socket, &mut keys));
        keys
    };
    if shape(&plain) == shape(&flagged) { Ok(()) } else { Err("other members".into()) }
}

fn collect_keys(path: &str, value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            let path = format!("{path}.{key}");
            collect_keys(&path, value, keys);
            keys.insert(path);
        }),
        Value::Array(values) => values.iter().for_each(|value| collect_keys(path, value, keys)),
        _ => {}
    }
}
