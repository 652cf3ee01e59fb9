//! pree beside `ss -tuanpieOmo`: everything that both show, number by number.
//!
//! pree looks before and after; ss must say what pree said both times, and where time alone moves a number, something
//! between. ss leaves out zeros: what it does not say is 0.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use pree::model::{CongestionDetail, Timer};
use pree::{Protocol, Query, Snapshot, Socket, State, TcpStats};
use pree_testkit::oracle::ss;
use pree_testkit::wire::Wire;
use pree_testkit::{Case, Failed, Family, Need, Population, population, wait_for};

use crate::compare::{self, Differences, View, owners, timer_name, without_scope};
use crate::conversations::conversations;

pub fn cases() -> Vec<Case> {
    let case = |name: &str, run: fn() -> Result<(), Failed>| {
        Case::new(name, run).lab().needs(Need::Ipv6).needs(Need::Veth).needs(Need::Tool("ss"))
    };
    vec![
        case("ss_agrees", || agrees(&talkative()?, SPOKEN)),
        case("ss_agrees_about_users", || agrees(&population::users()?, &["uid"])).needs(Need::RealRoot),
        Case::new("ss_time_is_read", time_is_read),
    ]
}

/// What the population must have made ss say, so that the comparison is not of nothing.
const SPOKEN: &[&str] = &[
    "ino",
    "sk",
    "cgroup",
    "fwmark",
    "v6only",
    "shutdown",
    "timer",
    "skmem",
    "congestion",
    "wscale",
    "rto",
    "rtt",
    "ato",
    "mss",
    "pmtu",
    "rcvmss",
    "advmss",
    "cwnd",
    "ssthresh",
    "bytes_sent",
    "bytes_retrans",
    "bytes_acked",
    "bytes_received",
    "segs_out",
    "segs_in",
    "data_segs_out",
    "data_segs_in",
    "lastsnd",
    "lastrcv",
    "lastack",
    "send",
    "pacing_rate",
    "delivery_rate",
    "delivered",
    "busy",
    "rwnd_limited",
    "unacked",
    "retrans",
    "lost",
    "sacked",
    "dsack_dups",
    "reordering",
    "rcv_rtt",
    "rcv_space",
    "rcv_ssthresh",
    "notsent",
    "minrtt",
    "rcv_ooopack",
    "snd_wnd",
    "backoff",
    "ts",
    "sack",
    "ecn",
    "ecnseen",
    "app_limited",
];

/// What ss tells of a listener and pree does not: a listener's `tcp_info` is what its connections will begin with.
const OF_LISTENERS: &[&str] = &["congestion", "cwnd", "reordering"];

/// Rows are compared in a look during which they stood still: what a timer sends on its own moves many numbers at once,
/// and then nothing says at which moment ss looked. Each has its turn.
fn agrees(population: &Population, spoken_of: &[&str]) -> Result<(), Failed> {
    let mut compared = BTreeSet::new();
    let mut spoken = BTreeSet::new();
    let mut failures = Vec::new();
    wait_for("every row to stand still for a look", || {
        match look(population, &mut compared, &mut spoken, &mut failures) {
            Ok(moving) => (moving == 0).then_some(Ok(())),
            Err(failed) => Some(Err(failed)),
        }
    })??;
    let silent: Vec<_> = spoken_of.iter().filter(|word| !spoken.contains(**word)).collect();
    if !silent.is_empty() {
        failures.push(format!("ss never said {silent:?}, so it was not compared; it said {spoken:?}"));
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

/// One look of ss between two of pree. Returns how many rows are still to be compared.
fn look(
    population: &Population,
    compared: &mut BTreeSet<u64>,
    spoken: &mut BTreeSet<String>,
    failures: &mut Vec<String>,
) -> Result<usize, Failed> {
    let before = Query::new().stats().owners().collect()?;
    let rows = ss::all()?;
    let after = Query::new().stats().owners().collect()?;
    for snapshot in [&before, &after] {
        assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    }
    compare::check(population.truth(), before.sockets(), View::Diag)?;
    let (before, after) = (by_cookie(&before), by_cookie(&after));
    let mut moving = 0;
    for row in &rows {
        let cookie = row.cookie().ok_or("a row of ss without a cookie")?;
        let (Some(before), Some(after)) = (before.get(&cookie), after.get(&cookie)) else {
            return Err(format!("only ss has {row:?}").into());
        };
        if compared.contains(&cookie) {
            continue;
        }
        if !stood_still(before, after) {
            moving += 1;
            continue;
        }
        compared.insert(cookie);
        let differences = Look { row, before, after, spoken }.differences()?;
        if !differences.is_empty() {
            failures.push(format!("{}\n  {row:?}\n  {before:?}", differences.join(", ")));
        }
    }
    match before.iter().find(|(cookie, _)| !rows.iter().any(|row| row.cookie() == Some(**cookie))) {
        Some((_, socket)) => Err(format!("only pree has {socket:?}").into()),
        None => Ok(moving),
    }
}

/// Whether nothing happened to it between two looks but that time went by.
fn stood_still(before: &Socket, after: &Socket) -> bool {
    let without_time = |socket: &Socket| {
        let mut socket = socket.clone();
        // When a process started is computed from two clocks.
        socket.owners.clear();
        if let Some(timer) = &mut socket.timer {
            timer.expires = Duration::default();
        }
        if let Some(tcp) = &mut socket.tcp {
            (tcp.last_data_sent, tcp.last_data_recv, tcp.last_ack_recv) = (None, None, None);
            (tcp.busy_time, tcp.rwnd_limited, tcp.sndbuf_limited) = (None, None, None);
            tcp.total_rto_time = None;
        }
        socket
    };
    let times = |socket: &Socket| SINCE.map(|(_, get, _)| socket.tcp.as_deref().and_then(get));
    let expires = |socket: &Socket| socket.timer.map(|timer| timer.expires);
    without_time(before) == without_time(after)
        && times(before).iter().zip(times(after)).all(|(before, after)| *before <= after)
        && expires(before) >= expires(after)
}

fn talkative() -> Result<Population, Failed> {
    let mut all = conversations()?;
    all.merge(population::listeners()?);
    all.merge(population::link_local()?);
    all.merge(population::shared()?);
    all.merge(population::accept_queue(Family::V4)?);
    all.merge(population::accept_queue(Family::V6)?);
    all.merge(population::states(Family::V4)?);
    all.merge(population::states(Family::V6)?);
    all.merge(population::states_mapped()?);
    all.merge(population::queues(Family::V4)?);
    all.merge(population::queues(Family::V6)?);
    all.merge(population::udp()?);
    all.merge(population::options()?);
    Ok(all)
}

/// What ss can show: no UDP-Lite, no bound TCP sockets.
fn by_cookie(snapshot: &Snapshot) -> HashMap<u64, &Socket> {
    let shown =
        |socket: &&Socket| socket.protocol != Protocol::UdpLite && socket.state != State::BoundInactive;
    snapshot.iter().filter(shown).filter_map(|socket| Some((socket.kernel_id?.cookie, socket))).collect()
}

/// One row of ss between two of pree.
struct Look<'l> {
    row: &'l ss::Row,
    before: &'l Socket,
    after: &'l Socket,
    spoken: &'l mut BTreeSet<String>,
}

/// How a number behaves while nobody does anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Still {
    /// It stands still.
    Yes,
    /// It grows with time.
    Grows,
}

/// A number of ss: its key, which of two (`a/b`), how it behaves, and pree's number in ss's unit.
type Number = (&'static str, usize, Still, fn(&TcpStats) -> Option<f64>);

const NUMBERS: &[Number] = &[
    ("wscale", 0, Still::Yes, |tcp| shift(tcp, tcp.snd_wscale)),
    ("wscale", 1, Still::Yes, |tcp| shift(tcp, tcp.rcv_wscale)),
    // ss takes exactly 3 s for "not set".
    ("rto", 0, Still::Yes, |tcp| ms(tcp.rto).filter(|rto| *rto != 3000.0)),
    ("backoff", 0, Still::Yes, |tcp| n(tcp.backoff)),
    ("rtt", 0, Still::Yes, |tcp| ms(tcp.rtt)),
    ("rtt", 1, Still::Yes, |tcp| ms(tcp.rttvar)),
    ("ato", 0, Still::Yes, |tcp| ms(tcp.ato)),
    ("mss", 0, Still::Yes, |tcp| n(tcp.snd_mss)),
    ("pmtu", 0, Still::Yes, |tcp| n(tcp.pmtu)),
    ("rcvmss", 0, Still::Yes, |tcp| n(tcp.rcv_mss)),
    ("advmss", 0, Still::Yes, |tcp| n(tcp.advmss)),
    ("cwnd", 0, Still::Yes, |tcp| n(tcp.snd_cwnd)),
    // ss takes all of 16 bits and more for "infinite".
    ("ssthresh", 0, Still::Yes, |tcp| n(tcp.snd_ssthresh).filter(|segments| *segments < 65_535.0)),
    ("bytes_sent", 0, Still::Yes, |tcp| big(tcp.bytes_sent)),
    ("bytes_retrans", 0, Still::Yes, |tcp| big(tcp.bytes_retrans)),
    ("bytes_acked", 0, Still::Yes, |tcp| big(tcp.bytes_acked)),
    ("bytes_received", 0, Still::Yes, |tcp| big(tcp.bytes_received)),
    ("segs_out", 0, Still::Yes, |tcp| n(tcp.segs_out)),
    ("segs_in", 0, Still::Yes, |tcp| n(tcp.segs_in)),
    ("data_segs_out", 0, Still::Yes, |tcp| n(tcp.data_segs_out)),
    ("data_segs_in", 0, Still::Yes, |tcp| n(tcp.data_segs_in)),
    ("pacing_rate", 0, Still::Yes, |tcp| bits(tcp.pacing_rate)),
    ("pacing_rate", 1, Still::Yes, |tcp| bits(tcp.max_pacing_rate)),
    ("delivery_rate", 0, Still::Yes, |tcp| bits(tcp.delivery_rate)),
    ("delivered", 0, Still::Yes, |tcp| n(tcp.delivered)),
    ("delivered_ce", 0, Still::Yes, |tcp| n(tcp.delivered_ce)),
    ("busy", 0, Still::Grows, |tcp| ms(tcp.busy_time)),
    ("rwnd_limited", 0, Still::Grows, |tcp| ms(tcp.rwnd_limited)),
    ("sndbuf_limited", 0, Still::Grows, |tcp| ms(tcp.sndbuf_limited)),
    ("unacked", 0, Still::Yes, |tcp| n(tcp.unacked)),
    ("retrans", 0, Still::Yes, |tcp| n(tcp.retrans)),
    ("retrans", 1, Still::Yes, |tcp| n(tcp.total_retrans)),
    ("lost", 0, Still::Yes, |tcp| n(tcp.lost)),
    ("sacked", 0, Still::Yes, |tcp| n(tcp.sacked)),
    ("fackets", 0, Still::Yes, |tcp| n(tcp.fackets)),
    ("dsack_dups", 0, Still::Yes, |tcp| n(tcp.dsack_dups)),
    // ss leaves out the kernel's own default.
    ("reordering", 0, Still::Yes, |tcp| n(tcp.reordering).filter(|segments| *segments != 3.0)),
    ("reord_seen", 0, Still::Yes, |tcp| n(tcp.reord_seen)),
    ("rcv_rtt", 0, Still::Yes, |tcp| ms(tcp.rcv_rtt)),
    ("rcv_space", 0, Still::Yes, |tcp| n(tcp.rcv_space)),
    ("rcv_ssthresh", 0, Still::Yes, |tcp| n(tcp.rcv_ssthresh)),
    ("notsent", 0, Still::Yes, |tcp| n(tcp.notsent_bytes)),
    ("minrtt", 0, Still::Yes, |tcp| ms(tcp.min_rtt)),
    ("rcv_ooopack", 0, Still::Yes, |tcp| n(tcp.rcv_ooopack)),
    ("snd_wnd", 0, Still::Yes, |tcp| n(tcp.snd_wnd)),
    // What ss computes of three of these.
    ("send", 0, Still::Yes, |tcp| {
        let rtt = tcp.rtt?.as_secs_f64();
        Some(f64::from(tcp.snd_cwnd?) * f64::from(tcp.snd_mss?) * 8.0 / rtt)
    }),
];

/// A time since something: ss's key, pree's time in milliseconds, and whether it never happened.
type Since = (&'static str, fn(&TcpStats) -> Option<f64>, fn(&TcpStats) -> bool);

/// pree does not tell the time since what never happened (ss: since boot).
const SINCE: [Since; 3] = [
    ("lastsnd", |tcp| ms(tcp.last_data_sent), |tcp| tcp.data_segs_out == Some(0)),
    ("lastrcv", |tcp| ms(tcp.last_data_recv), |tcp| tcp.data_segs_in == Some(0)),
    ("lastack", |tcp| ms(tcp.last_ack_recv), |tcp| tcp.state == Some(2)),
];

/// `TCPI_OPT_*`: ss's word and the bit.
const OPTIONS: &[(&str, u8)] = &[("ts", 1), ("sack", 2), ("ecn", 8), ("ecnseen", 16), ("fastopen", 32)];
const HAS_WSCALE: u8 = 4;

fn shift(tcp: &TcpStats, shift: Option<u8>) -> Option<f64> {
    n(shift.filter(|_| tcp.options.is_some_and(|options| options & HAS_WSCALE != 0)))
}

fn n(number: Option<impl Into<f64>>) -> Option<f64> {
    number.map(Into::into)
}

fn big(number: Option<u64>) -> Option<f64> {
    number.map(|number| number as f64)
}

fn ms(time: Option<Duration>) -> Option<f64> {
    time.map(|time| time.as_secs_f64() * 1e3)
}

fn bits(bytes: Option<u64>) -> Option<f64> {
    big(bytes).map(|bytes| bytes * 8.0)
}

/// ss prints six digits.
fn alike(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-5 * a.abs().max(b.abs())
}

impl Look<'_> {
    fn differences(mut self) -> Result<Vec<String>, Failed> {
        let mut all = Differences::default();
        self.identity(&mut all)?;
        self.timer(&mut all);
        self.memory(&mut all);
        let listens = self.before.state == State::Listen;
        match (&self.before.tcp, &self.after.tcp) {
            (Some(before), Some(after)) => self.statistics(before, after, &mut all),
            (None, None) if listens => {
                let queue = self.row.number("unacked").unwrap_or(0.0);
                all.same(
                    "a listener's queue",
                    self.before.listen.map(|listen| f64::from(listen.queue)),
                    Some(queue),
                );
                self.spoken.insert("unacked".into());
            }
            (before, after) => all.same("statistics before and after", before.is_some(), after.is_some()),
        }
        // Whatever else ss says is not known here and must be looked at.
        for word in self.row.fields.keys().chain(&self.row.flags) {
            let known = self.known(word);
            if !(known || (listens && OF_LISTENERS.contains(&word.as_str()))) {
                all.0.push(format!("ss says {word}, which is not compared"));
            }
        }
        Ok(all.0)
    }

    /// Whether a word of ss was compared, of this kind of socket.
    fn known(&self, word: &str) -> bool {
        const ALWAYS: &[&str] =
            &["ino", "sk", "uid", "cgroup", "fwmark", "v6only", "shutdown", "timer", "skmem"];
        let of_connections = || {
            NUMBERS
                .iter()
                .map(|number| number.0)
                .chain(SINCE.iter().map(|number| number.0))
                .any(|key| key == word)
                || OPTIONS.iter().any(|option| option.0 == word)
                || ["congestion", "bbr", "app_limited"].contains(&word)
        };
        ALWAYS.contains(&word)
            || (self.before.tcp.is_some() && of_connections())
            || (self.before.state == State::Listen && word == "unacked")
    }

    fn say(&mut self, word: &str) {
        if self.row.fields.contains_key(word) || self.row.flags.contains(word) {
            self.spoken.insert(word.to_owned());
        }
    }

    fn identity(&mut self, all: &mut Differences) -> Result<(), Failed> {
        let (row, socket) = (self.row, self.before);
        all.same("protocol", row.protocol.as_str(), socket.protocol.name());
        if self.after.state.name() != Some(row.state) {
            all.same("state", Some(row.state), socket.state.name());
        }
        all.same("local", Some(row.local), socket.local.socket_addr().map(without_scope));
        all.same(
            "remote",
            row.remote,
            socket.remote.as_ref().and_then(pree::Address::socket_addr).map(without_scope),
        );
        all.same("inode", row.inode(), socket.inode.unwrap_or(0));
        all.same("uid", row.number("uid").unwrap_or(0.0), socket.uid.unwrap_or(0).into());
        let users: Vec<_> = row.users.iter().map(|&(_, pid, fd)| (pid, fd)).collect();
        all.same("users", users, owners(socket));
        for (name, pid, _) in &row.users {
            let owner = socket.owners.iter().find(|owner| owner.pid() == *pid);
            let known = owner.map(|owner| owner.process.name.to_string_lossy().into_owned());
            all.same("name of a user", Some(name), known.as_ref());
        }
        for (what, theirs, before, after) in [
            ("receive queue", row.receive_queue, socket.recv_queue, self.after.recv_queue),
            ("send queue", row.send_queue, socket.send_queue, self.after.send_queue),
        ] {
            if Some(theirs) != after.map(u64::from) {
                all.same(what, Some(theirs), before.map(u64::from));
            }
        }
        let interface = match row.interface.as_deref() {
            None => None,
            Some("lo") => Some(1),
            Some(name) => {
                let wire = Wire::open()?;
                all.same("interface name", wire.interface_name(), name);
                Some(wire.interface())
            }
        };
        all.same("interface", interface, socket.interface);
        let mark = row.field("fwmark").map(|mark| u32::from_str_radix(mark.trim_start_matches("0x"), 16));
        all.same("mark", mark.transpose()?, socket.mark.filter(|mark| *mark != 0));
        all.same("v6only", row.field("v6only").map(|only| only == "1"), socket.v6only);
        let shut = socket.shutdown.map(|shut| match (shut.receive, shut.send) {
            (false, false) => "<->",
            (true, false) => "-->",
            (false, true) => "<--",
            (true, true) => "---",
        });
        all.same("shutdown", row.field("shutdown"), shut);
        let group = row.field("cgroup").map(cgroup_id).transpose()?;
        all.same("cgroup", group, socket.cgroup_id);
        for word in ["ino", "sk", "uid", "cgroup", "fwmark", "v6only", "shutdown"] {
            self.say(word);
        }
        Ok(())
    }

    fn timer(&mut self, all: &mut Differences) {
        let timers = [self.before.timer, self.after.timer];
        let of = |timer: &Timer| (timer_name(timer.kind).to_owned(), u32::from(timer.retransmits));
        let told = self.row.field("timer").and_then(timer_of);
        all.same("a timer is understood", self.row.field("timer").is_some(), told.is_some());
        let same_kind = told.as_ref().map(|told| (told.kind.clone(), told.retransmits));
        if timers.iter().all(|timer| timer.as_ref().map(of) != same_kind) {
            all.same("timer", same_kind, timers[0].as_ref().map(of));
        }
        if let (Some(told), [Some(before), Some(after)]) = (told, timers) {
            let [before, after] = [before, after].map(|timer| timer.expires);
            if told.least > before || told.most < after {
                all.same("timer expires between", format!("{:?} and {:?}", told.least, told.most), {
                    format!("{before:?} and {after:?}")
                });
            }
        }
        self.say("timer");
    }

    fn memory(&mut self, all: &mut Differences) {
        let members = |socket: &Socket| {
            socket.memory.map(|memory| {
                [
                    ("r", memory.receive_alloc_bytes),
                    ("rb", memory.receive_buffer_bytes),
                    ("t", memory.send_alloc_bytes),
                    ("tb", memory.send_buffer_bytes),
                    ("f", memory.forward_alloc_bytes),
                    ("w", memory.send_queued_bytes),
                    ("o", memory.option_bytes),
                    ("bl", memory.backlog_bytes),
                    ("d", memory.drops),
                ]
                .map(|(name, bytes)| (name, bytes.map(u64::from)))
            })
        };
        let told = self.row.field("skmem").map(|_| {
            ["r", "rb", "t", "tb", "f", "w", "o", "bl", "d"].map(|name| (name, self.row.memory(name)))
        });
        if told != members(self.after) {
            all.same("memory", told, members(self.before));
        }
        self.say("skmem");
    }

    fn statistics(&mut self, before: &TcpStats, after: &TcpStats, all: &mut Differences) {
        for &(key, part, still, get) in NUMBERS {
            let told = self.number(key, part);
            let [before, after] = [before, after].map(|tcp| get(tcp).unwrap_or(0.0));
            let same = alike(told, before) || alike(told, after);
            // ss cuts off what is less than a millisecond.
            let between = still == Still::Grows && told + 1.0 >= before && told <= after;
            if !same && !between {
                all.0.push(format!("{key}[{part}] {told} is {before} to {after}"));
            }
            self.say(key);
        }
        for (key, get, never) in SINCE {
            let told = self.number(key, 0);
            match (get(before), get(after)) {
                (Some(before), Some(after)) => {
                    if told < before || told > after {
                        all.0.push(format!("{key} {told} is {before} to {after}"));
                    }
                }
                _ => all.same("it never happened", true, never(before) || never(after)),
            }
            self.say(key);
        }
        for &(word, bit) in OPTIONS {
            let set = before.options.is_some_and(|options| options & bit != 0);
            all.same(word, self.row.flags.contains(word), set);
            self.say(word);
        }
        // Of a rate that is not known pree does not say whether the program limited it.
        if let Some(limited) = before.delivery_rate_app_limited {
            all.same("app_limited", self.row.flags.contains("app_limited"), limited);
            self.say("app_limited");
        }
        let algorithm =
            before.congestion_algorithm.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
        all.same("congestion", self.row.field("congestion").map(str::to_owned), algorithm);
        self.say("congestion");
        let detail = |tcp: &TcpStats| match tcp.congestion_detail {
            Some(CongestionDetail::Bbr(bbr)) => {
                let (bits, rtt) = (bbr.bandwidth_bytes_per_s * 8, f64::from(bbr.min_rtt_us.unwrap()) / 1e3);
                // A gain is left out when it is 0.
                let gain = |name: &str, gain: u32| match f64::from(gain) / 256.0 {
                    0.0 => String::new(),
                    gain => format!(",{name}:{}", six_digits(gain)),
                };
                let (pacing, window) =
                    (gain("pacing_gain", bbr.pacing_gain), gain("cwnd_gain", bbr.congestion_window_gain));
                Some(format!("(bw:{bits}bps,mrtt:{}{pacing}{window})", six_digits(rtt)))
            }
            _ => None,
        };
        let told = self.row.field("bbr").map(str::to_owned);
        if told != detail(after) {
            all.same("bbr", told, detail(before));
        }
        self.say("bbr");
    }

    /// One of the numbers `a/b` or `a,b` of a field; 0 when ss does not say it.
    fn number(&self, key: &str, part: usize) -> f64 {
        let Some(text) = self.row.field(key) else { return 0.0 };
        let Some(text) = text.split(['/', ',']).nth(part) else { return 0.0 };
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        text[..end].parse().unwrap_or(f64::NAN)
    }
}

/// `%g` of what needs no exponent.
fn six_digits(number: f64) -> String {
    if number == 0.0 {
        return "0".into();
    }
    let decimals = (5 - number.abs().log10().floor() as i32).max(0) as usize;
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The id of the cgroup that ss shows by its path, or by the id itself where it finds no path.
fn cgroup_id(shown: &str) -> Result<u64, Failed> {
    if let Some(id) = shown.strip_prefix("unreachable:") {
        return Ok(u64::from_str_radix(id, 16)?);
    }
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let mount = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .find(|words| words.get(2) == Some(&"cgroup2"))
        .ok_or("no cgroup2 is mounted, yet ss knows a path")?;
    Ok(fs::metadata(format!("{}{shown}", mount[1]))?.ino())
}

/// `(on,1.234ms,0)`, where ss means 1 s and 234 ms.
#[derive(Debug, PartialEq)]
struct Told {
    kind: String,
    least: Duration,
    most: Duration,
    retransmits: u32,
}

fn timer_of(text: &str) -> Option<Told> {
    let mut parts = text.strip_prefix('(')?.strip_suffix(')')?.split(',');
    let kind = parts.next()?.to_owned();
    let (least, digit) = time(parts.next()?)?;
    let retransmits = parts.next()?.parse().ok()?;
    let [least, most] = [least, least + digit].map(Duration::from_millis);
    Some(Told { kind, least, most, retransmits })
}

/// Milliseconds, and how many the last digit shown stands for.
fn time(mut text: &str) -> Option<(u64, u64)> {
    let mut total = 0;
    let mut digit = 1_000;
    if let Some((minutes, rest)) = text.split_once("min") {
        let minutes: u64 = minutes.parse().ok()?;
        total += minutes * 60_000;
        digit = if minutes > 9 { 60_000 } else { 1_000 };
        text = rest;
    }
    if let Some(seconds) = text.strip_suffix("sec") {
        total += seconds.parse::<u64>().ok()? * 1_000;
    } else if let Some(rest) = text.strip_suffix("ms") {
        let (seconds, rest) = rest.split_once('.').unwrap_or(("0", rest));
        total += seconds.parse::<u64>().ok()? * 1_000 + rest.parse::<u64>().ok()?;
        digit = 1;
    } else if !text.is_empty() {
        return None;
    }
    Some((total, digit))
}

fn time_is_read() -> Result<(), Failed> {
    for (text, expected) in [
        ("204ms", Some((204, 1))),
        ("004ms", Some((4, 1))),
        ("1.234ms", Some((1_234, 1))),
        ("12sec", Some((12_000, 1_000))),
        ("1min", Some((60_000, 1_000))),
        ("1min59sec", Some((119_000, 1_000))),
        ("119min", Some((119 * 60_000, 60_000))),
        ("soon", None),
    ] {
        assert_eq!(time(text), expected, "{text}");
    }
    for (number, text) in
        [(2.886_72, "2.88672"), (0.007, "0.007"), (0.25, "0.25"), (12.0, "12"), (1.5, "1.5")]
    {
        assert_eq!(six_digits(number), text);
    }
    Ok(())
}
