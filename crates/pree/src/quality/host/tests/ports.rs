//! Ports that run out, and what waits in `TIME_WAIT`.

use super::*;
use crate::quality::LocalPorts;

#[test]
fn ports_exhausted() {
    let name = "ports_exhausted";
    let used = |count| many(count, 40_000, State::Established, WEB);
    check(name, used(31), None);
    check(name, used(32), Some((Warning, to(WEB), 32)));
    check(name, used(39), Some((Warning, to(WEB), 39)));
    check(name, used(40), Some((Critical, to(WEB), 40)));
    // Ports outside the range; to other destinations; from another address; a handshake from outside.
    check(name, many(40, 50_000, State::Established, WEB), None);
    let split = |a: &str, b: &str| {
        [many(20, 40_000, State::Established, a), many(20, 40_020, State::Established, b)].concat()
    };
    check(name, split(WEB, "198.51.100.8:443"), None);
    check(name, split(WEB, "198.51.100.7:80"), None);
    let moved = |mut socket: Socket| {
        socket.local = Address::Inet(SocketAddr::new([192, 0, 2, 9].into(), socket.local.port().unwrap()));
        socket
    };
    check(name, used(20).into_iter().chain(used(40).into_iter().skip(20).map(moved)).collect(), None);
    check(name, many(40, 40_000, State::SynReceived, WEB), None);
    // v4-mapped ends are the same ends.
    let mapped = (40_000..40_016).map(|port| {
        Socket::tcp(State::Established, &format!("[::ffff:192.0.2.1]:{port}"), "[::ffff:198.51.100.7]:443")
    });
    let both = many(16, 40_016, State::SynSent, WEB).into_iter().chain(mapped).collect();
    check(name, both, Some((Warning, to(WEB), 32)));
    // A listener keeps its port from every destination; two of them at one port keep one.
    let listener = |port: u16| Socket::tcp(State::Listen, &format!("[::]:{port}"), "");
    check(name, [used(31), vec![listener(40_035)]].concat(), Some((Warning, to(WEB), 31)));
    check(name, [used(30), vec![listener(40_035), listener(40_035)]].concat(), None);
    check(name, [used(31), vec![listener(40_005)]].concat(), None);
    check(name, (40_000..40_032).map(listener).collect(), Some((Warning, About::Host, 0)));
    // Reserved ports are no choice.
    let reserved =
        HostLimits { reserved_ports: Some(vec![PortRange::new(40_010, 40_029).unwrap()]), ..limits() };
    check_with(name, used(10), reserved.clone(), None);
    check_with(name, used(40), reserved, Some((Critical, to(WEB), 20)));
    check_with(name, used(40), HostLimits { local_ports: None, ..limits() }, None);
}

/// What connect(2) chose serves several destinations by chance; where no port does, bind(2) took them all.
#[test]
fn ports_taken_by_bind() {
    let name = "ports_exhausted";
    let hundred = HostLimits { local_ports: PortRange::new(40_000, 40_099), ..limits() };
    let spread = |count: u16, port: fn(u16) -> u16| -> Vec<Socket> {
        let to = |at: u16| format!("198.51.100.{}:443", at % 50 + 1);
        (0..count)
            .map(|at| Socket::tcp(State::Established, &format!("192.0.2.1:{}", port(at)), &to(at)))
            .collect()
    };
    let bound = |at| 40_000 + at;
    check_with(name, spread(79, bound), hundred.clone(), None);
    check_with(name, spread(80, bound), hundred.clone(), Some((Warning, About::Host, 80)));
    check_with(name, spread(100, bound), hundred.clone(), Some((Critical, About::Host, 100)));
    // One port serves two.
    let shared = [spread(100, bound), spread(1, |_| 40_001)].concat();
    check_with(name, shared, hundred.clone(), None);
    // Who comes to a listener shares its port.
    let listener = Socket::tcp(State::Listen, "0.0.0.0:40099", "");
    let clients = spread(10, |_| 40_099);
    let served = [spread(79, bound), vec![listener], clients].concat();
    check_with(name, served, hundred.clone(), Some((Warning, About::Host, 79)));
    // To few destinations it may be chance.
    let two: Vec<_> = [("198.51.100.1:443", 40_000), ("198.51.100.2:443", 40_040)].into_iter().collect();
    let two = two.into_iter().flat_map(|(to, first)| many(40, first, State::Established, to)).collect();
    check_with(name, two, hundred, None);
}

#[test]
fn ports_in_time_wait() {
    let name = "ports_exhausted";
    let reuse = |time_wait_reuse| HostLimits { time_wait_reuse, ..limits() };
    let resting = |count, remote| many(count, 40_000, State::TimeWait, remote);
    let expected = Some((Critical, to(WEB), 40));
    check_with(name, resting(40, WEB), reuse(Some(TimeWaitReuse::Never)), expected.clone());
    check_with(name, resting(40, WEB), reuse(Some(TimeWaitReuse::Loopback)), expected);
    check_with(name, resting(40, WEB), reuse(Some(TimeWaitReuse::Always)), None);
    check_with(name, resting(40, WEB), reuse(None), None);
    check_with(name, resting(40, "127.0.0.1:80"), reuse(Some(TimeWaitReuse::Loopback)), None);
    let mixed = [resting(20, WEB), many(20, 40_020, State::FinWait1, WEB)].concat();
    let host = assess_host(&snapshot(mixed, limits()));
    assert_eq!(evidence(&host, name, "time_wait"), Some(Value::Count(20)));
    assert_eq!(evidence(&host, name, "share"), Some(Value::Share(1.0)));
}

#[test]
fn time_wait_pile() {
    let name = "time_wait_pile";
    let resting = |count| many(count, 40_000, State::TimeWait, WEB);
    check(name, resting(19), None);
    check(name, resting(20), Some((Warning, to(WEB), 20)));
    let always = HostLimits { time_wait_reuse: Some(TimeWaitReuse::Always), ..limits() };
    check_with(name, resting(20), always, Some((Info, to(WEB), 20)));
    check(name, many(40, 40_000, State::Established, WEB), None);
    // At a service of ours they hold no port that is chosen, but a place.
    let served = |count: u16| {
        (1..=count).map(|n| Socket::tcp(State::TimeWait, "192.0.2.1:80", &format!("10.0.0.1:{n}")))
    };
    check(name, served(49).collect(), None);
    check(name, served(50).collect(), Some((Info, About::Host, 50)));
    check(name, served(100).collect(), Some((Warning, About::Host, 100)));
    check_with(name, served(100).collect(), HostLimits { time_wait_limit: None, ..limits() }, None);
}

/// Where sockets that are only bound are not reported, more ports are taken than can be seen.
#[test]
fn ports_that_are_only_bound_may_be_taken_unseen() {
    let name = "ports_exhausted";
    let mut coverage = Coverage::default();
    coverage.without_bound();
    for (used, found) in [(0, false), (31, false), (32, true)] {
        let sockets = many(used, 40_000, State::Established, WEB);
        let unseen = snapshot(sockets, limits()).with_coverage(coverage.clone());
        let host = assess_host(&unseen);
        assert!(
            host.unchecked.iter().any(|unchecked| unchecked.name == name),
            "{used}: {:?}",
            host.unchecked
        );
        assert_eq!(said(&host, name).is_some(), found, "{used}");
        let ports = LocalPorts::of(&unseen).unwrap();
        assert_eq!((ports.used(), ports.at_least(), ports.all()), (None, used.into(), 40));
        let ports = LocalPorts::of(&unseen.with_coverage(Coverage::default())).unwrap();
        assert_eq!(ports.used(), Some(used.into()));
    }
}
