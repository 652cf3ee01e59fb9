//! `pree explain --json` and `pree doctor --json`: documents with judgements that were made already.

use pree::field::{self, View};
use pree::quality::{About, HostAssessment, HostFinding, LocalPorts, Unchecked};
use pree::{Coverage, Snapshot};

use super::document::{completeness, socket};
use super::quality::{basis, evidence, told};
use super::repeated::Repeated;
use super::writer::Json;

/// Sockets of one finding that are named: the rest is counted.
const NAMED: usize = 100;

/// Sockets with their judgements.
pub(crate) fn explained<'s>(judged: impl Iterator<Item = View<'s>>, coverage: &Coverage) -> Vec<u8> {
    let mut json = Json::default();
    json.open(b'{');
    completeness(&mut json, coverage);
    sockets(&mut json, judged);
    end(json)
}

/// What was found on a machine, and in which of its sockets; what was looked for, and what not and why.
pub(crate) fn diagnosed<'s>(
    snapshot: &Snapshot,
    host: &HostAssessment,
    troubled: impl Iterator<Item = View<'s>>,
) -> Vec<u8> {
    let mut json = Json::default();
    json.open(b'{');
    completeness(&mut json, snapshot.coverage());
    json.key("findings");
    json.open(b'[');
    host.findings.iter().for_each(|found| finding(&mut json, found, snapshot));
    json.close(b']');
    sockets(&mut json, troubled);
    basis(&mut json, host.basis);
    json.key("looked_at");
    json.open(b'{');
    let (sockets, judged, scored) = (snapshot.sockets().len(), host.judged, host.scored);
    json.numbers(
        [("sockets", sockets), ("connections", judged), ("scored", scored)].map(|(key, n)| (key, n as u64)),
    );
    json.close(b'}');
    json.key("local_ports");
    local_ports(&mut json, LocalPorts::of(snapshot).as_ref());
    let (looked_for, not) = host.looked_for();
    json.key("looked_for");
    json.open(b'[');
    for name in looked_for {
        json.string(name);
    }
    json.close(b']');
    json.key("not_looked_for");
    json.open(b'[');
    for Unchecked { name, why, .. } in not {
        json.open(b'{');
        json.key("name");
        json.string(name);
        json.key("why");
        json.string(why);
        json.close(b'}');
    }
    json.close(b']');
    end(json)
}

/// How many there are and how many are in use at least and in all; null where that is not known.
pub(crate) fn local_ports(json: &mut Json, ports: Option<&LocalPorts>) {
    let Some(ports) = ports else { return json.null() };
    json.open(b'{');
    json.key("used");
    match ports.used() {
        Some(used) => json.number(used.into()),
        None => json.null(),
    }
    json.numbers([("at_least", ports.at_least().into()), ("all", ports.all().into())]);
    json.close(b'}');
}

fn end(mut json: Json) -> Vec<u8> {
    json.close(b'}');
    json.raw(b"\n");
    json.as_bytes().to_vec()
}

fn sockets<'s>(json: &mut Json, judged: impl Iterator<Item = View<'s>>) {
    json.key("sockets");
    json.open(b'[');
    let mut before = Repeated::new();
    judged.for_each(|view| socket(json, &view, true, &mut before));
    json.close(b']');
}

fn finding(json: &mut Json, found: &HostFinding, snapshot: &Snapshot) {
    json.open(b'{');
    json.key("name");
    json.string(found.name);
    json.key("severity");
    json.string(found.severity.name());
    basis(json, found.basis);
    json.key("about");
    about(json, found);
    json.key("count");
    json.number(found.sockets.len() as u64);
    json.key("cookies");
    json.open(b'[');
    let of_place = |place: &usize| Some(snapshot.sockets().get(*place)?.kernel_id?.cookie);
    found.sockets.iter().filter_map(of_place).take(NAMED).for_each(|cookie| json.string(&cookie.to_string()));
    json.close(b']');
    evidence(json, &found.evidence);
    told(json, found.advice, found.more);
    json.close(b'}');
}

fn about(json: &mut Json, found: &HostFinding) {
    json.open(b'{');
    json.key("kind");
    json.string(found.about.kind());
    let address = match &found.about {
        About::Process(process) => {
            json.key(field::PID.key);
            json.number(process.pid.into());
            json.text("name", process.name.as_bytes());
            None
        }
        About::Remote(ip) => Some((*ip, None)),
        About::Destination(address) | About::Local(address) => Some((address.ip(), Some(address.port()))),
        _ => None,
    };
    if let Some((ip, port)) = address {
        json.key("ip");
        json.string(&ip.to_string());
        if let Some(port) = port {
            json.key("port");
            json.number(port.into());
        }
    }
    if let Some(index) = found.interface {
        json.key("interface");
        json.number(index.into());
    }
    if let Some(name) = &found.interface_name {
        json.text(field::DEV_NAME.key, name.as_bytes());
    }
    if let Some(namespace) = &found.network_namespace {
        json.key(field::NETNS.name);
        json.number(namespace.inode);
        if let Some(name) = &namespace.name {
            json.text(field::NETNS_NAME.name, name.as_bytes());
        }
    }
    json.close(b'}');
}
