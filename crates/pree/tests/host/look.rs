//! A look at the lab, as the command takes it, and what it says.

use std::fs;
use std::time::Instant;

use pree::quality::{
    Assessment, Context, HostAssessment, HostFinding, Intervals, Peers, Severity, Value, assess, assess_host,
    assess_interval,
};
use pree::{Needs, Query, Snapshot};
use pree_testkit::{Failed, Family, Socket, wait_for};

/// Every socket of the lab, and the judgement.
pub struct Look {
    pub snapshot: Snapshot,
    pub host: HostAssessment,
}

pub fn query() -> Query {
    Query::new().tcp().udp().stats().owners().needs(Needs::HOST)
}

impl Look {
    /// Looks; everything must be there to be judged.
    pub fn take() -> Result<Self, Failed> {
        let snapshot = query().collect().map_err(|error| error.to_string())?;
        if !snapshot.coverage().is_complete() {
            return Err(snapshot.coverage().to_string().into());
        }
        let host = assess_host(&snapshot);
        if !host.unchecked.is_empty() {
            return Err(format!("not checked: {:?}", host.unchecked).into());
        }
        Ok(Self { snapshot, host })
    }

    /// The only issue across sockets that there is.
    pub fn only(&self, name: &str, severity: Severity) -> Result<&HostFinding, Failed> {
        match self.host.findings.as_slice() {
            [finding] if (finding.name, finding.severity) == (name, severity) => Ok(finding),
            other => Err(format!("expected {severity:?} {name}, found {other:#?}").into()),
        }
    }

    /// The one of this name.
    pub fn finding(&self, name: &str) -> Option<&HostFinding> {
        self.host.findings.iter().find(|finding| finding.name == name)
    }

    /// The judgement of one socket of this process.
    pub fn of(&self, socket: &Socket) -> Result<Assessment, Failed> {
        let cookie = socket.cookie()?;
        let has_cookie = |id: pree::model::KernelId| id.cookie == cookie;
        let mut all = self.snapshot.iter();
        let socket =
            all.find(|it| it.kernel_id.is_some_and(has_cookie)).ok_or("a socket that is not there")?;
        Ok(assess(socket, &Peers::of(&self.snapshot).context(socket)))
    }

    /// Severity and evidence that one socket has this issue.
    pub fn issue(&self, socket: &Socket, name: &str) -> Result<Option<(Severity, Vec<Said>)>, Failed> {
        Ok(said(self.of(socket)?, name))
    }
}

/// Looks at the lab over some time.
pub struct OverTime {
    began: Instant,
    intervals: Intervals,
}

impl OverTime {
    pub fn start() -> Result<Self, Failed> {
        let mut this = Self { began: Instant::now(), intervals: Intervals::default() };
        this.last()?;
        Ok(this)
    }

    /// Looks again.
    pub fn last(&mut self) -> Result<Snapshot, Failed> {
        let look = Look::take()?.snapshot;
        self.intervals.add(self.began.elapsed(), &look);
        Ok(look)
    }

    /// Looks again: severity and evidence that one socket has this issue in the time since the first look.
    pub fn issue(&mut self, socket: &Socket, name: &str) -> Result<Option<(Severity, Vec<Said>)>, Failed> {
        let cookie = socket.cookie()?;
        let look = self.last()?;
        let socket = look.iter().find(|it| it.kernel_id.is_some_and(|id| id.cookie == cookie));
        let interval = socket.and_then(|it| self.intervals.get(it)).ok_or("a socket that is not there")?;
        let judged = assess_interval(interval, &self.intervals.context(Context::default()));
        Ok(said(judged, name))
    }
}

fn said(judged: Assessment, name: &str) -> Option<(Severity, Vec<Said>)> {
    let found = judged.findings.into_iter().find(|it| it.name == name)?;
    Some((found.severity, found.evidence.iter().map(|it| (it.name, it.value)).collect()))
}

/// A name of the evidence and what it says.
pub type Said = (&'static str, Value);

/// Nothing is wrong: no issue across sockets, and none of a socket that costs anything.
pub fn all_well() -> Result<(), Failed> {
    let look = Look::take()?;
    let (of_host, of_sockets) = (&look.host.findings, &look.host.troubled);
    if of_host.is_empty() && of_sockets.is_empty() {
        return Ok(());
    }
    Err(format!("nothing is wrong, but: {of_host:#?} {of_sockets:#?}").into())
}

/// Looks until this issue shows as `wanted`.
pub fn look_until(what: &str, wanted: impl Fn(&Look) -> bool) -> Result<Look, Failed> {
    wait_for(what, || Look::take().ok().filter(|look| wanted(look)))
}

/// A number of the evidence.
pub fn count(finding: &HostFinding, name: &str) -> Option<u64> {
    let evidence = finding.evidence.iter().find(|evidence| evidence.name == name)?;
    match evidence.value {
        Value::Count(count) => Some(count),
        _ => None,
    }
}

/// Sets a limit of the lab's network namespace.
pub fn set(name: &str, value: &str) -> Result<(), Failed> {
    let path = format!("/proc/sys/net/ipv4/{name}");
    fs::write(&path, value).map_err(|error| format!("{path}: {error}").into())
}

/// A counter of this namespace, of /proc/net/netstat.
pub fn counter(name: &str) -> Result<u64, Failed> {
    let text = fs::read_to_string("/proc/thread-self/net/netstat")?;
    let mut lines = text.lines();
    while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
        if let Some(at) = names.split(' ').position(|it| it == name) {
            return Ok(values.split(' ').nth(at).ok_or("a counter without a value")?.parse()?);
        }
    }
    Err(format!("no counter {name}").into())
}

pub fn listener(port: u16, backlog: i32) -> Result<Socket, Failed> {
    let listener = Socket::tcp(Family::V4)?;
    listener.bind((Family::V4.loopback(), port))?;
    listener.listen(backlog)?;
    Ok(listener)
}

/// A connection to a listener, from a port that the kernel chooses: both ends.
pub fn connect(listener: &Socket) -> Result<(Socket, Socket), Failed> {
    let client = Socket::tcp(Family::V4)?;
    client.connect(listener.local()?)?;
    let server = listener.accept()?;
    Ok((client, server))
}

pub fn ensure(condition: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failed> {
    if condition { Ok(()) } else { Err(otherwise().into()) }
}
