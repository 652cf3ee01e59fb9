//! What processes and their peers can make many of costs each detector no more than so many times as much.

use super::*;
use crate::quality::limits::PORTS_USED_SHARE;

/// Sockets of which the detector finds something, so many times what is in the name, and the ports to choose from.
type Shape = (&'static str, &'static str, fn(u16) -> (Vec<Socket>, u16));

/// Remote ends, each another one.
fn host(at: u16) -> String {
    let [high, low] = at.to_be_bytes();
    format!("198.18.{high}.{low}:443")
}

fn stalled(remote: &str) -> Socket {
    connection(remote, TcpStats { ca_state: Some(4), backoff: Some(3), ..healthy() })
}

fn waiting(remote: &str, loading: bool) -> Socket {
    let rtt = Some(Duration::from_millis(400));
    let notsent_bytes = Some(if loading { 100_000 } else { 0 });
    let delivery_rate_app_limited = Some(!loading);
    connection(remote, TcpStats { rtt, notsent_bytes, delivery_rate_app_limited, ..healthy() })
}

const SHAPES: [Shape; 12] = [
    ("ports_exhausted", "destinations beside so many bound ports that one more is too many", |n| {
        let many = (f64::from(n) * PORTS_USED_SHARE).ceil() as u16;
        let bound = (0..many - 1).map(|at| listening(&format!("0.0.0.0:{}", 40_000 + at), 0, 1));
        let to = |at| Socket::tcp(State::Established, &format!("192.0.2.1:{}", 40_000 + many), &host(at));
        (bound.chain((0..n).map(to)).collect(), n)
    }),
    ("ports_exhausted", "connections to one destination", |n| {
        (many(n, 40_000, State::Established, "198.51.100.7:443"), n)
    }),
    ("time_wait_pile", "destinations", |n| {
        let each = |at| many(10, 40_000, State::TimeWait, &host(at));
        ((0..n / 10).flat_map(each).collect(), 10)
    }),
    ("time_wait_pile", "connections to one destination", |n| {
        (many(n, 40_000, State::TimeWait, "198.51.100.7:443"), n)
    }),
    ("half_open", "listeners with their handshakes", |n| {
        let address = |at: u16| format!("127.0.{}.{}:80", at >> 8, at & 255);
        let each = |at| {
            let handshakes = (1..9).map(move |port| handshake(&address(at), port, 3));
            handshakes.chain([listening(&address(at), 0, 8)])
        };
        ((0..n / 8).flat_map(each).collect(), 40)
    }),
    ("half_open", "handshakes of one listener, and listeners", |n| {
        let listeners = (0..n).map(|at| listening(&format!("0.0.0.0:{}", 1000 + at), 0, 1));
        ((0..n).map(|port| handshake("192.0.2.1:1000", port, 3)).chain(listeners).collect(), 40)
    }),
    ("close_wait_leak", "connections of one process", |n| {
        ((0..n).map(|port| left_open(port, 7, Some(9_999))).collect(), 40)
    }),
    ("close_wait_leak", "processes with connections", |n| {
        let each = |pid| (0..100).map(move |port| left_open(port, 7 + u32::from(pid), Some(9_999)));
        ((0..n.div_ceil(100)).flat_map(each).collect(), 40)
    }),
    ("path_trouble", "connections to one address", |n| {
        ((0..n).map(|_| stalled("198.51.100.7:443")).collect(), 40)
    }),
    ("path_trouble", "addresses", |n| {
        ((0..n / 4).flat_map(|at| (0..4).map(move |_| stalled(&host(at)))).collect(), 40)
    }),
    ("shared_queue", "connections to one address", |n| {
        ((0..n).map(|at| waiting("198.51.100.7:443", at % 2 == 0)).collect(), 40)
    }),
    ("shared_queue", "addresses", |n| {
        ((0..n / 2).flat_map(|at| [waiting(&host(at), true), waiting(&host(at), false)]).collect(), 40)
    }),
];

#[test]
fn twice_as_many_cost_twice_as_many_steps() {
    for (name, what, shape) in SHAPES {
        // Between looks that tell the same nothing was sent, so that nothing waited.
        let looks = if name == "shared_queue" { &[1][..] } else { &[1, 3] };
        for looks in looks.iter().copied() {
            let steps = |n: u16| {
                let (mut sockets, ports) = shape(n);
                for (socket, cookie) in sockets.iter_mut().zip(1..) {
                    socket.kernel_id =
                        Some(KernelId { boot: BootId::default(), network_namespace: 1, cookie });
                }
                let local_ports = PortRange::new(40_000, 39_999 + ports);
                let limits = HostLimits { local_ports, time_wait_limit: Some(60_000), ..limits() };
                let snapshot = snapshot(sockets, limits);
                let mut intervals = Intervals::default();
                (1..looks).for_each(|second| intervals.add(Duration::from_secs(second), &snapshot));
                let snapshot = intervals.conclude(Duration::from_secs(looks), snapshot);
                crate::steps::of(|| {
                    let host = match looks {
                        1 => assess_host(&snapshot),
                        _ => assess_host_interval(&snapshot, &intervals),
                    };
                    let is_found = host.findings.iter().any(|finding| finding.name == name);
                    assert!(is_found, "{name}, {what}, {looks} looks: {:?}", host.unchecked);
                })
            };
            let (few, many) = (steps(800), steps(1_600));
            assert!(few >= 800, "{name}, {what}: only {few} steps were counted");
            assert!(
                4 * many <= 9 * few,
                "{name}, {what}, {looks} looks: {few} steps, {many} for twice as many"
            );
        }
    }
}
