//! Handshakes that peers begin and do not end.

use std::net::SocketAddr;

use pree::quality::{About, Severity};
use pree::{Protocol, State};
use pree_testkit::peer::Peer;
use pree_testkit::wire::Wire;
use pree_testkit::{Failed, Family, Socket};

use crate::look::{Look, all_well, count, ensure, look_until, set};

struct Service {
    wire: Wire,
    listener: Socket,
    at: SocketAddr,
}

impl Service {
    fn open(backlog: i32) -> Result<Self, Failed> {
        let wire = Wire::open()?;
        let listener = Socket::tcp(Family::V4)?;
        listener.bind((Family::V4.any(), 0))?;
        listener.listen(backlog)?;
        let at = SocketAddr::new(wire.near_ip(Family::V4), listener.local()?.port());
        Ok(Self { wire, listener, at })
    }

    fn half(&self, number: usize) -> Result<Vec<Peer>, Failed> {
        let one = |_| {
            let mut peer = self.wire.peer(self.wire.far_address(Family::V4))?;
            peer.half_connect(self.at)?;
            Ok(peer)
        };
        (0..number).map(one).collect()
    }
}

/// Looks when every handshake's answer has been repeated.
fn all_repeated(number: usize) -> Result<Look, Failed> {
    look_until("every SYN+ACK to be repeated", |look| {
        let handshakes = look.snapshot.iter().filter(|socket| socket.state == State::SynReceived);
        handshakes.filter(|socket| socket.timer.is_some_and(|timer| timer.retransmits > 0)).count() == number
    })
}

pub fn half_open() -> Result<(), Failed> {
    let service = Service::open(64)?;
    // Whole handshakes are none.
    let mut well = Vec::new();
    for _ in 0..5 {
        let mut peer = service.wire.peer(service.wire.far_address(Family::V4))?;
        peer.connect(service.at)?;
        well.push((service.listener.accept()?, peer));
    }
    let mut peers = service.half(9)?;
    all_repeated(9)?;
    all_well()?;

    peers.extend(service.half(15)?);
    let look = all_repeated(24)?;
    let finding = look.only("half_open", Severity::Warning)?;
    let most = look.snapshot.iter().filter(|socket| socket.protocol == Protocol::Tcp);
    let most = most
        .filter_map(|socket| socket.timer.filter(|_| socket.state == State::SynReceived))
        .map(|t| t.retransmits);
    let told = ["syn_received", "backlog", "repeated", "most_repeats"].map(|name| count(finding, name));
    let truth = [Some(24), Some(64), Some(24), most.max().map(u64::from)];
    ensure(told == truth, || format!("{told:?} instead of {truth:?}"))?;
    let about = About::Local(service.listener.local()?);
    ensure(finding.about == about && finding.sockets.len() == 24, || format!("{finding:?}"))
}

/// A listener with room for four answers none beyond when cookies are off, and that is critical.
pub fn without_cookies() -> Result<(), Failed> {
    set("tcp_syncookies", "0")?;
    let service = Service::open(4)?;
    let mut peers = service.half(3)?;
    all_repeated(3)?;
    all_well()?;
    peers.extend(service.half(1)?);
    let look = all_repeated(4)?;
    let finding = look.only("half_open", Severity::Critical)?;
    let told = ["syn_received", "backlog"].map(|name| count(finding, name));
    ensure(told == [Some(4), Some(4)], || format!("{finding:?}"))?;
    // The truth of it: an honest client gets no answer. Newer kernels let in one more than the limit.
    let _one_more = service.half(1);
    let before = crate::look::counter("ListenDrops")?;
    let client = Socket::tcp(Family::V4)?;
    client.start_connect((Family::V4.loopback(), service.at.port()))?;
    let dropped = crate::look::counter("ListenDrops")? - before;
    ensure(dropped == 1 && client.state()? == "syn_sent", || format!("{dropped} dropped"))
}
