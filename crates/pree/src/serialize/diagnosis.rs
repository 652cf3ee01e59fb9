//! What was found on a machine: the document of `pree doctor --json`.

use std::cmp::Reverse;

use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::judgement::Of;
use super::value::{List, Members, Object, member};
use crate::field::{self, Unit, Value, View};
use crate::model::Text;
use crate::quality::{
    About, Assessment, Evidence, HostAssessment, HostFinding, LocalPorts, Score, Severity, Unchecked,
};
use crate::snapshot::Snapshot;

/// Sockets of one finding that are named: the rest is counted.
const NAMED: usize = 100;

/// A machine's assessment with the look that it is about, for serde: as `pree doctor --json` writes it.
#[derive(Clone, Copy, Debug)]
pub struct Diagnosis<'s> {
    snapshot: &'s Snapshot,
    host: &'s HostAssessment,
}

impl<'s> Diagnosis<'s> {
    /// Of the snapshot that was assessed.
    pub fn new(snapshot: &'s Snapshot, host: &'s HostAssessment) -> Self {
        Self { snapshot, host }
    }
}

impl Serialize for Diagnosis<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object(*self).serialize(serializer)
    }
}

/// The worst first: by severity, then by score, the unknown last.
fn rank(judged: &Assessment) -> (Reverse<Option<Severity>>, f64) {
    let worst = judged.findings.iter().map(|finding| finding.severity).max();
    (Reverse(worst), judged.score.map_or(f64::INFINITY, Score::get))
}

impl Members for Diagnosis<'_> {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Self { snapshot, host } = *self;
        snapshot.coverage().add(map)?;
        map.serialize_entry("findings", &List(host.findings.iter().map(|found| Object((found, snapshot)))))?;
        let mut troubled: Vec<_> = host.troubled.iter().collect();
        troubled.sort_by(|(_, a), (_, b)| {
            let ((one, score), (other, than)) = (rank(a), rank(b));
            one.cmp(&other).then_with(|| score.total_cmp(&than))
        });
        let sockets = troubled
            .into_iter()
            .filter_map(|(place, judged)| Some((snapshot.sockets().get(*place)?, judged)));
        let views: Vec<_> = sockets.map(|(socket, judged)| View::new(socket).judged(judged)).collect();
        map.serialize_entry("sockets", &views)?;
        map.serialize_entry("basis", &Of(host.basis))?;
        map.serialize_entry("looked_at", &Object(Looked(snapshot.sockets().len(), host)))?;
        map.serialize_entry("local_ports", &LocalPorts::of(snapshot))?;
        let (looked_for, not) = host.looked_for();
        map.serialize_entry("looked_for", &looked_for)?;
        map.serialize_entry("not_looked_for", &not)
    }
}

/// How many sockets there were, and the assessment of them.
struct Looked<'h>(usize, &'h HostAssessment);

impl Members for Looked<'_> {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("sockets", &self.0)?;
        map.serialize_entry("connections", &self.1.judged)?;
        map.serialize_entry("scored", &self.1.scored)
    }
}

/// `local_ports` of `pree doctor --json` and of `pree -s --json`.
impl Serialize for LocalPorts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object(self).serialize(serializer)
    }
}

impl Members for &LocalPorts {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("used", &self.used())?;
        map.serialize_entry("at_least", &self.at_least())?;
        map.serialize_entry("all", &self.all())
    }
}

/// One of `not_looked_for`.
impl Serialize for Unchecked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("name", self.name), ("why", self.why)])
    }
}

impl Members for (&HostFinding, &Snapshot) {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let (found, snapshot) = *self;
        map.serialize_entry("name", found.name)?;
        map.serialize_entry("severity", found.severity.name())?;
        map.serialize_entry("basis", &Of(found.basis))?;
        map.serialize_entry("about", &Object(Concerned(found)))?;
        map.serialize_entry("count", &found.sockets.len())?;
        let cookie = |place: &usize| Some(snapshot.sockets().get(*place)?.kernel_id?.cookie.to_string());
        map.serialize_entry("cookies", &List(found.sockets.iter().filter_map(cookie).take(NAMED)))?;
        map.serialize_entry("evidence", &Object::<&[Evidence]>(&found.evidence))?;
        map.serialize_entry("advice", found.advice)?;
        map.serialize_entry("more", found.more)
    }
}

/// What it is about.
struct Concerned<'f>(&'f HostFinding);

impl Members for Concerned<'_> {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let found = self.0;
        map.serialize_entry("kind", found.about.kind())?;
        let address = match &found.about {
            About::Process(process) => {
                map.serialize_entry(field::PID.key, &process.pid)?;
                member(map, "name", Unit::Text, Value::Text(process.name.as_bytes()))?;
                None
            }
            About::Remote(ip) => Some((*ip, None)),
            About::Destination(end) | About::Local(end) => Some((end.ip(), Some(end.port()))),
            About::Host => None,
        };
        if let Some((ip, port)) = address {
            map.serialize_entry("ip", &ip.to_string())?;
            port.map_or(Ok(()), |port| map.serialize_entry("port", &port))?;
        }
        found.interface.map_or(Ok(()), |index| map.serialize_entry("interface", &index))?;
        let text = |map: &mut M, key, text: Option<&Text>| {
            text.map_or(Ok(()), |text| member(map, key, Unit::Text, Value::Text(text.as_bytes())))
        };
        text(map, field::DEV_NAME.key, found.interface_name.as_ref())?;
        let Some(namespace) = &found.network_namespace else { return Ok(()) };
        map.serialize_entry(field::NETNS.name, &namespace.inode)?;
        text(map, field::NETNS_NAME.name, namespace.name.as_ref())
    }
}
