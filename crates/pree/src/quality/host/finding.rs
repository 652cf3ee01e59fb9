//! The judgement of a machine, as data.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::model::{NetworkNamespace, Process, Text};
use crate::quality::{Assessment, Basis, Evidence, Severity};

/// The judgement of everything in one snapshot.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct HostAssessment {
    /// What was judged: lifetimes so far, or the time between looks.
    pub basis: Basis,
    /// The sockets with an issue of their own that costs (warning or worse), by their places in the snapshot, in order.
    pub troubled: Vec<(usize, Assessment)>,
    /// How many connections have statistics.
    pub judged: usize,
    /// How many of those have a score.
    pub scored: usize,
    /// What shows only across sockets, the worst first.
    pub findings: Vec<HostFinding>,
    /// What could not be checked, or not on every socket. Everything else in [`HOST_DETECTORS`](super::HOST_DETECTORS) and
    /// [`DETECTORS`](crate::quality::DETECTORS) was checked, as far as its basis allows, so that no finding means no issue.
    pub unchecked: Vec<Unchecked>,
}

/// A named issue of several sockets together, or of the machine. Its `Display` is one line, without what it is about.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct HostFinding {
    /// Stable name: `close_wait_leak`, `ports_exhausted`, …
    pub name: &'static str,
    /// How much it matters here.
    pub severity: Severity,
    /// Which part of the sockets' lives it covers.
    pub basis: Basis,
    /// What it is about.
    pub about: About,
    /// The network namespace of all its sockets, where that was asked for.
    pub network_namespace: Option<Arc<NetworkNamespace>>,
    /// Index of the interface that all its sockets are bound to; `None` where they are not bound to one.
    pub interface: Option<u32>,
    /// Its name, where the sockets were asked for with it.
    pub interface_name: Option<Text>,
    /// The sockets it rests on: their places in the snapshot, in order.
    pub sockets: Vec<usize>,
    /// The numbers it rests on.
    pub evidence: Vec<Evidence>,
    /// What to do about it, in one sentence.
    pub advice: &'static str,
    /// Where to read more: a standard, a manual page.
    pub more: &'static str,
}

impl fmt::Display for HostFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        for (index, evidence) in self.evidence.iter().enumerate() {
            write!(f, "{} {evidence}", if index == 0 { ":" } else { "," })?;
        }
        write!(f, "; {}", self.advice)
    }
}

/// What an issue across sockets concerns.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum About {
    /// The machine, or this network namespace of it.
    Host,
    /// The sockets of one process.
    Process(Arc<Process>),
    /// Connections to one remote address, whatever the port.
    Remote(IpAddr),
    /// Connections to one remote address and port.
    Destination(SocketAddr),
    /// What arrives at one local address and port.
    Local(SocketAddr),
}

impl About {
    /// Every word of [`Self::kind`].
    pub const KINDS: [&str; 5] = ["host", "process", "remote", "destination", "local"];

    /// The kind, in a word.
    pub const fn kind(&self) -> &'static str {
        let [host, process, remote, destination, local] = Self::KINDS;
        match self {
            Self::Host => host,
            Self::Process(_) => process,
            Self::Remote(_) => remote,
            Self::Destination(_) => destination,
            Self::Local(_) => local,
        }
    }
}

/// An issue that was not checked everywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Unchecked {
    /// The name its findings would have.
    pub name: &'static str,
    /// What is missing, in a few words.
    pub why: &'static str,
}
