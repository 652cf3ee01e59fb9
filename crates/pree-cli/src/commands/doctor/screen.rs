//! The diagnosis in words for people.

use std::net::IpAddr;

use pree::model::NetworkNamespace;
use pree::quality::{
    About, Assessment, Basis, DETECTORS, Finding, HostAssessment, HostFinding, LocalPorts, Severity,
};
use pree::{Snapshot, Socket};

use crate::commands::page::{self, Page, figure};
use crate::commands::phrases::{self, plural};
use crate::text::{escape, figures, words};

pub(super) fn write(
    page: &mut Page,
    (snapshot, place): (&Snapshot, &str),
    host: &HostAssessment,
    troubled: &[(&Socket, &Assessment)],
    limit: usize,
) {
    let serious: Vec<_> =
        host.findings.iter().filter(|finding| finding.severity >= Severity::Warning).collect();
    let well = serious.is_empty() && troubled.is_empty();
    let groups = groups(troubled);
    let looked_at = plural(snapshot.sockets().len(), "socket");
    page.line(&match (snapshot.coverage().lacks_rows(), host.unchecked.is_empty()) {
        _ if !well => heading(serious.len(), groups.len(), troubled.len()),
        (true, false) => {
            "no problems found, but sockets are missing, and not everything could be checked".to_owned()
        }
        (true, true) => "no problems found, but sockets are missing".to_owned(),
        (false, false) => "no problems found, but not everything could be checked".to_owned(),
        (false, true) => format!("no problems found (looked at {looked_at})"),
    });
    for finding in &host.findings {
        page.line("");
        of_host(page, finding);
    }
    for group in groups.iter().take(limit) {
        page.line("");
        of_group(page, group);
    }
    let rest = groups.len().saturating_sub(limit);
    if rest > 0 {
        page.line("");
        page.line(&format!("and {} more of connections: --limit {}", rest, groups.len()));
    }
    page.line("");
    checked(page, (snapshot, place), host);
}

fn heading(host: usize, groups: usize, sockets: usize) -> String {
    let affected = plural(sockets, "affected socket");
    match (host, sockets) {
        (0, _) => format!("{}, {affected}", plural(groups, "problem")),
        (_, 0) => plural(host, "machine-wide problem"),
        _ => format!("{}, {affected}", plural(host, "machine-wide problem")),
    }
}

fn of_host(page: &mut Page, found: &HostFinding) {
    let name = found.interface_name.as_ref().map(|name| escape::word(name.as_bytes()).into_owned());
    let device = name.or_else(|| Some(found.interface?.to_string()));
    let device = device.map(|device| format!(" on interface {device}")).unwrap_or_default();
    let namespace = of_namespace(found.network_namespace.as_deref());
    let whose = format!("{}{device}{namespace}", about(&found.about));
    page.heading(found.severity, found.name, &whose);
    page.more(&page::evidence(&found.evidence));
    page.more(&format!("{}; see {}", found.advice, found.more));
}

fn of_namespace(namespace: Option<&NetworkNamespace>) -> String {
    namespace.map(|namespace| format!(" in network namespace {namespace}")).unwrap_or_default()
}

/// Whose it is, escaped.
fn about(about: &About) -> String {
    match about {
        About::Process(process) => page::process(process),
        About::Remote(ip) => format!("to {}", figure(words::ip, *ip)),
        About::Destination(address) => format!("to {address}"),
        About::Local(address) => format!("at {address}"),
        _ => "this machine".to_owned(),
    }
}

/// Sockets of one process with the same trouble: with one peer, where the path may cause it.
struct Group<'s> {
    sockets: Vec<(&'s Socket, &'s Assessment)>,
    worst: &'s Finding,
}

/// What sockets of one group have in common. An address is one host within a network namespace and on one link.
type Key<'s> = (&'s str, Option<u32>, Option<IpAddr>, Option<u32>, Option<u64>, String);

fn key<'s>(socket: &Socket, worst: &'s Finding) -> Key<'s> {
    let namespace = socket.network_namespace.as_ref().map(|namespace| namespace.inode);
    let owner = socket.owners.first().map(pree::Owner::pid);
    let is_local = DETECTORS.iter().any(|detector| detector.name == worst.name && detector.is_local());
    if is_local && owner.is_some() {
        return (worst.name, owner, None, None, namespace, String::new());
    }
    let remote = socket.remote.as_ref().and_then(pree::Address::ip).map(|ip| ip.to_canonical());
    // What waits for peers has an address of its own.
    let local = if remote.is_none() { socket.local.to_string() } else { String::new() };
    (worst.name, owner, remote, socket.interface, namespace, local)
}

/// In the order of their worst sockets.
fn groups<'s>(troubled: &[(&'s Socket, &'s Assessment)]) -> Vec<Group<'s>> {
    let mut places = std::collections::HashMap::new();
    let mut groups: Vec<Group<'s>> = Vec::new();
    for (socket, assessment) in troubled {
        // Of several equally bad ones the first, as the detectors stand.
        let Some(worst) = assessment.findings.iter().rev().max_by_key(|finding| finding.severity) else {
            continue;
        };
        let place = *places.entry(key(socket, worst)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.sockets.push((socket, assessment)),
            None => groups.push(Group { sockets: vec![(socket, assessment)], worst }),
        }
    }
    groups
}

fn of_group(page: &mut Page, group: &Group<'_>) {
    let Some((socket, assessment)) = group.sockets.first() else { return };
    let line = page::line(socket) + &of_namespace(socket.network_namespace.as_deref());
    page.heading(group.worst.severity, group.worst.name, &line);
    let mut facts = Vec::new();
    // A score is of the path: where that is well, the trouble is another.
    if let Some(score) = assessment.score.filter(|score| score.get() < 1.0) {
        facts.push(format!("score {}", figure(figures::score, score.get())));
    }
    let others: Vec<&str> = assessment
        .findings
        .iter()
        .filter(|finding| finding.severity >= Severity::Warning && finding.name != group.worst.name)
        .map(|finding| finding.name)
        .collect();
    if !others.is_empty() {
        facts.push(format!("also {}", others.join(", ")));
    }
    match group.sockets.len() - 1 {
        0 => {}
        1 => facts.push("another one is alike".to_owned()),
        others => facts.push(format!("{others} others are alike")),
    }
    if !facts.is_empty() {
        page.more(&facts.join("; "));
    }
    page.more(&page::evidence(&group.worst.evidence));
    page.more(&format!("{}; see {}", group.worst.advice, group.worst.more));
}

/// What the answer rests on.
fn checked(page: &mut Page, (snapshot, place): (&Snapshot, &str), host: &HostAssessment) {
    let basis = match host.basis {
        Basis::Interval(length) => format!("over {}", figure(figures::duration, length)),
        _ => phrases::since(snapshot.iter().filter_map(|socket| socket.tcp.as_deref()), "their lifetimes"),
    };
    page.row(
        "looked at",
        &format!(
            "{} in {place}, of which {} with statistics, {basis}",
            plural(snapshot.sockets().len(), "socket"),
            plural(host.judged, "connection"),
        ),
    );
    if let Some(ports) = LocalPorts::of(snapshot) {
        page.row("local ports", &phrases::local_ports(&ports));
    }
    let unknown = host.judged.saturating_sub(host.scored);
    if unknown > 0 {
        page.row(
            "not known",
            &format!("the score of {}: too little was sent", plural(unknown, "connection")),
        );
    }
    let (names, not) = host.looked_for();
    let names: Vec<String> = names.into_iter().map(|name| name.replace('_', " ")).collect();
    page.row("looked for", &names.join(", "));
    // Those with one reason follow each other.
    let not: Vec<String> = not
        .chunk_by(|a, b| a.why == b.why)
        .filter_map(|alike| {
            let names: Vec<String> = alike.iter().map(|one| one.name.replace('_', " ")).collect();
            Some(format!("{} ({})", names.join(", "), alike.first()?.why))
        })
        .collect();
    if !not.is_empty() {
        page.row("not looked for", &not.join("; "));
    }
}
