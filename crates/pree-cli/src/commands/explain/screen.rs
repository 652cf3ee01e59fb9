//! A socket's judgement in words for people.

use std::time::Duration;

use pree::field::{self, Field, Section};
use pree::quality::{Assessment, Basis, Capacity, Evidence, Intervals, Unknown, Value};
use pree::{Coverage, Family, Origin, Protocol, Socket, State, TcpStats};

use crate::commands::page::{self, Page, figure};
use crate::commands::{look, phrases};
use crate::text::figures;
use crate::text::value::{self, Form};

/// When and from where sockets were seen.
pub(super) struct Seen<'c> {
    pub(super) now: Option<Duration>,
    pub(super) coverage: &'c Coverage,
    pub(super) intervals: Option<&'c Intervals>,
}

impl Seen<'_> {
    /// The file of /proc/net that lists the socket, if it came from one.
    fn file_of(&self, socket: &Socket) -> Option<String> {
        let table = socket.protocol.name();
        let six = if socket.family == Family::Ipv6 { "6" } else { "" };
        let is_from_proc = self.coverage.is_from_proc(socket.protocol) && socket.kernel_id.is_none();
        is_from_proc.then(|| format!("/proc/net/{table}{six}"))
    }

    /// What passed from the first look to the last, by the time between them; empty in a single look.
    fn rates(&self, socket: &Socket, assessment: &Assessment) -> String {
        let view = look::view(self.intervals, socket, assessment);
        let rate = |field: &Field| {
            let mut text = format!("{} ", field.name).into_bytes();
            let known = text.len();
            value::write(field, (field.get)(&view), Form::Human, &mut text);
            (text.len() > known).then(|| String::from_utf8_lossy(&text).into_owned())
        };
        field::of(Section::Rates).filter_map(rate).collect::<Vec<_>>().join(", ")
    }

    /// The source of the socket on systems other than Linux, since the registry has Linux's names of fields.
    fn elsewhere(&self, socket: &Socket) -> Option<Vec<&'static str>> {
        let mut names = Vec::new();
        for (_, origin) in self.coverage.origins() {
            let of_this = match origin {
                Origin::IpHelper if socket.tcp.is_some() => &["IP Helper", "EStats"][..],
                Origin::IpHelper => &["IP Helper"],
                Origin::Sysctl => &["sysctl"],
                Origin::Libproc => &["libproc"],
                _ => return None,
            };
            names.extend(of_this.iter().filter(|name| !names.contains(*name)).collect::<Vec<_>>());
        }
        (!names.is_empty()).then_some(names)
    }
}

/// The first few in full, the next in a line each.
pub(super) fn write(
    page: &mut Page,
    sockets: &[(Socket, Assessment)],
    whole: usize,
    limit: usize,
    seen: &Seen<'_>,
) {
    for (index, (socket, assessment)) in sockets.iter().take(whole.min(limit)).enumerate() {
        if index > 0 {
            page.line("");
        }
        one(page, socket, assessment, seen);
    }
    let rest = sockets.get(whole..).unwrap_or_default();
    let told = limit.saturating_sub(whole).min(rest.len());
    if told > 0 {
        page.line("");
        page.line("SCORE ISSUES, SOCKET");
        rest.iter().take(told).for_each(|(socket, assessment)| brief(page, socket, assessment));
    }
    let untold = sockets.len().saturating_sub(whole.min(limit) + told);
    if untold > 0 {
        page.line(&format!("and {}: --limit {}", phrases::plural(untold, "other"), sockets.len()));
    }
}

/// A socket in a line.
fn brief(page: &mut Page, socket: &Socket, assessment: &Assessment) {
    let score = assessment.score.map_or("-".to_owned(), |score| figure(figures::score, score.get()));
    let names: Vec<&str> = assessment.findings.iter().map(|finding| finding.name).collect();
    let names = if names.is_empty() { String::new() } else { format!("{}, ", names.join(" ")) };
    page.line(&format!("{score:>5} {names}{}", page::line(socket)));
}

fn one(page: &mut Page, socket: &Socket, assessment: &Assessment, seen: &Seen<'_>) {
    heading(page, socket, assessment);
    page.whole("socket", &ends(socket));
    if let Some(stats) = &socket.tcp {
        page.row(field::SCORE.name, &score(assessment));
        findings(page, assessment);
        if let Ok(loss) = assessment.loss {
            page.row(field::LOSS.name, &loss_words(&loss));
        }
        if let Ok(share) = assessment.efficiency {
            let again = figure(figures::percent, 1.0 - share);
            page.row(field::EFFICIENCY.name, &format!("{again} of bytes retransmitted"));
        }
        if let Ok(capacity) = assessment.capacity {
            page.row("in use", &in_use(assessment.utilisation.ok(), capacity));
        }
        if let Ok(shares) = assessment.limited_by {
            let parts = [
                ("network", Some(shares.network)),
                ("receiver", Some(shares.receiver)),
                ("send buffer", Some(shares.send_buffer)),
                ("program", shares.app),
            ];
            page.row("limited by", &shares_words(&parts));
        }
        page.row("path", &path(stats));
        let rates = seen.rates(socket, assessment);
        if !rates.is_empty() {
            page.row("rates", &rates);
        }
    } else {
        findings(page, assessment);
    }
    page.row("waiting", &waiting(socket));
    let unknown: Vec<String> = assessment.unknowns().map(|(what, why)| format!("{what} ({why})")).collect();
    if !unknown.is_empty() {
        page.row("not known", &unknown.join("; "));
    }
    page.row("judged", &basis(assessment.basis, socket));
    let sources = match seen.file_of(socket) {
        Some(file) => format!("{file}: {}", columns(socket).join(", ")),
        None => seen.elsewhere(socket).unwrap_or_else(|| sources(socket, assessment)).join(", "),
    };
    let at = seen.now.map(|now| format!("; sampled {}", figure(figures::date, now))).unwrap_or_default();
    page.row("evidence", &format!("{sources}{at}"));
}

fn heading(page: &mut Page, socket: &Socket, assessment: &Assessment) {
    let who = page::who(socket);
    let state = phrases::state(socket.state);
    let local = socket.shown_local();
    let left = match (who.is_empty(), socket.shown_remote()) {
        (false, Some(remote)) => format!("{who} -> {remote}  {state}"),
        (true, Some(remote)) => format!("{local} -> {remote}  {state}"),
        (false, None) => format!("{who}  {state} {local}"),
        (true, None) => format!("{state} {local}"),
    };
    let idle = socket.tcp.as_deref().and_then(idle);
    let idle = idle.map(|idle| format!(", idle {}", figure(figures::duration, idle))).unwrap_or_default();
    let right = match (assessment.score, &socket.tcp) {
        (Some(score), _) => format!("score {}", figure(figures::score, score.get())),
        (None, Some(_)) => "score unknown".to_owned(),
        (None, None) => String::new(),
    };
    page.ends(&format!("{left}{idle}"), &right);
}

/// Time since data went either way.
fn idle(stats: &TcpStats) -> Option<Duration> {
    stats.last_data_sent.into_iter().chain(stats.last_data_recv).min()
}

fn ends(socket: &Socket) -> String {
    let local = format!("{} {}", socket.protocol, socket.shown_local());
    socket.shown_remote().map(|remote| format!("{local} -> {remote}")).unwrap_or(local)
}

/// What the score is the product of.
fn score(assessment: &Assessment) -> String {
    let factor = |name: &str, factor: Result<f64, Unknown>| match factor {
        Ok(worth) => format!("{name} {}", figure(figures::score, worth)),
        Err(why) => format!("{name} unknown ({why})"),
    };
    let factors = assessment.factors;
    let parts = [
        factor(field::LOSS.name, factors.loss),
        factor("delay", factors.delay),
        factor("progress", Ok(factors.progress)),
    ];
    match assessment.score {
        Some(score) => format!("{} = {}", figure(figures::score, score.get()), parts.join(" x ")),
        None => format!("unknown: {}", parts.join(", ")),
    }
}

fn findings(page: &mut Page, assessment: &Assessment) {
    let mut findings: Vec<_> = assessment.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for found in findings {
        page.finding(found.severity, found.name, &found.evidence);
        page.more(&format!("{}; see {}", found.advice, found.more));
    }
}

fn loss_words(loss: &pree::quality::Estimate) -> String {
    let percent = |share| figure(figures::percent, share);
    let most = if loss.upper_bound { "at most " } else { "" };
    format!(
        "{most}{} of {} segments, {} (95 %: {} to {})",
        loss.count,
        loss.samples,
        percent(loss.value),
        percent(loss.low),
        percent(loss.high)
    )
}

/// How much of what the path can carry.
fn in_use(utilisation: Option<f64>, capacity: Capacity) -> String {
    let rate = format!("{}/s", figure(figures::bytes, capacity.bytes_per_s));
    let seen = format!("seen {} ago", figure(figures::duration, capacity.seen_ago));
    match utilisation {
        Some(share) => format!("{} of {rate}, {seen}", figure(figures::percent, share)),
        None => format!("the path carries {rate} at least, {seen}"),
    }
}

fn shares_words(parts: &[(&str, Option<f64>)]) -> String {
    let known =
        parts.iter().filter_map(|(name, share)| Some(format!("{name} {:.0} %", share.as_ref()? * 100.0)));
    known.collect::<Vec<_>>().join(", ")
}

/// What the way there is like.
fn path(stats: &TcpStats) -> String {
    let mut parts = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            parts.push(format!("{name} {value}"));
        }
    };
    let time = |time| figure(figures::duration, time);
    add(field::RTT.name, stats.rtt.map(time));
    add("least rtt", stats.min_rtt.map(time));
    add("mss", stats.snd_mss.map(|mss| mss.to_string()));
    add(field::PMTU.name, stats.pmtu.map(|mtu| mtu.to_string()));
    add(field::CWND.name, stats.snd_cwnd.map(|window| window.to_string()));
    add(field::SSTHRESH.name, stats.snd_ssthresh.map(|window| window.to_string()));
    add("rate", stats.delivery_rate.map(|rate| format!("{}/s", figure(figures::bytes, rate))));
    if let Some(name) = &stats.congestion_algorithm {
        let name = crate::text::escape::word(name.as_bytes()).into_owned();
        parts.push(name);
    }
    parts.join(", ")
}

/// What lies in queues.
fn waiting(socket: &Socket) -> String {
    let bytes = |count: u32| figure(figures::bytes, u64::from(count));
    let mut parts = Vec::new();
    match (socket.listen, socket.state) {
        (_, State::TimeWait) => parts.push("nothing: closed, and the kernel remembers it".to_owned()),
        (Some(listen), _) => parts.push(format!("accept queue {}/{}", listen.queue, listen.limit)),
        (None, State::Listen) => parts.extend(phrases::waiting_at(socket)),
        (None, _) => {
            parts.extend(socket.recv_queue.map(|count| format!("{} not yet read", bytes(count))));
            let what = if socket.protocol == Protocol::Tcp { "not yet acknowledged" } else { "not yet sent" };
            parts.extend(socket.send_queue.map(|count| format!("{} {what}", bytes(count))));
        }
    }
    parts.extend(socket.drops.filter(|drops| *drops > 0).map(|n| format!("{n} dropped since it was made")));
    if parts.is_empty() { "not known".to_owned() } else { parts.join(", ") }
}

fn basis(basis: Basis, socket: &Socket) -> String {
    match basis {
        Basis::Interval(length) if length.is_zero() => "seen once: nothing to judge".to_owned(),
        Basis::Interval(length) => format!("over {}", figure(figures::duration, length)),
        _ => match socket.tcp.as_deref() {
            Some(stats) => format!("{} (length unknown)", phrases::since([stats], "its lifetime")),
            None => "as it is now".to_owned(),
        },
    }
}

/// The columns of /proc/net that were used for this socket: its state, what it sends, receives and drops.
fn columns(socket: &Socket) -> Vec<&'static str> {
    let names = match socket.protocol {
        Protocol::Unix => "St",
        Protocol::Packet => "- - Rmem",
        Protocol::Netlink => "- Wmem Rmem Drops",
        _ => "st tx_queue rx_queue drops",
    };
    let told = [true, socket.send_queue.is_some(), socket.recv_queue.is_some(), socket.drops.is_some()];
    names.split(' ').zip(told).filter(|(name, told)| *told && *name != "-").map(|(name, _)| name).collect()
}

/// The kernel's names of what the judgement rests on, as far as it is known.
fn sources(socket: &Socket, assessment: &Assessment) -> Vec<&'static str> {
    let always: &[&Field] = match (&socket.tcp, socket.listen) {
        (Some(_), _) => {
            &[field::RTT, field::MIN_RTT, field::RETRANS, field::DSACK_DUPS, field::DATA_SEGS_OUT]
        }
        (None, Some(_)) => &[field::BACKLOG, field::BACKLOG_LIMIT, field::DROPS],
        (None, None) => &[field::STATE, field::RECVQ, field::DROPS],
    };
    // Words are pree's own: no field is named by them.
    let numbers = |evidence: &&Evidence| !matches!(evidence.value, Value::Word(_));
    let of_findings = assessment.findings.iter().flat_map(|finding| &finding.evidence).filter(numbers);
    let of_findings = of_findings.filter_map(|evidence| {
        let by_key = || field::all().find(|field| field.key.trim_end_matches("_us") == evidence.name);
        field::named(evidence.name).or_else(by_key)
    });
    let view = field::View::new(socket);
    let is_told = |field: &&Field| (field.get)(&view) != field::Value::Unknown;
    let mut sources = Vec::new();
    for field in always.iter().copied().chain(of_findings).filter(is_told) {
        // Since which kernel stands behind it.
        let source = field.source.split(',').next().unwrap_or(field.source);
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources
}
