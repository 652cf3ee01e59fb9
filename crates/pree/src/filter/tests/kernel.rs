//! What of a filter the kernel and the plan are given.

use super::*;

#[test]
fn what_the_kernel_and_the_plan_are_told() {
    for (text, pushed, states) in [
        ("sport = 80", true, States::all()),
        ("rtt > 5ms", false, States::all()),
        ("rtt > 5ms and dport = 80", true, States::all()),
        ("rtt > 5ms or dport = 80", false, States::all()),
        ("not sport = 80", true, States::all()),
        // The kernel sees port 0 where there is no peer.
        ("not dport = 80", false, States::all()),
        ("state listen", false, States::LISTEN),
        ("state listen sport = 80", true, States::LISTEN),
        ("state = listen or state = established", false, States::LISTEN | States::ESTABLISHED),
        ("not state = listen", false, States::all() - States::LISTEN),
        ("not (state = listen and sport = 80)", false, States::all()),
    ] {
        let filter = parse(text);
        assert_eq!(filter.program(true).is_some(), pushed, "{text}");
        assert_eq!(filter.states(), states, "{text}");
    }
    assert_eq!(parse("proto = udp").protocols(), Protocols::UDP);
    assert_eq!(parse("family = unix").protocols(), Protocols::UNIX);
    assert_eq!(parse("family = ipv4 or family = vsock").protocols(), Protocols::INET | Protocols::VSOCK);
    assert_eq!(parse("autobound").protocols(), Protocols::INET - Protocols::SCTP);
    assert_eq!(parse("sport = 80").protocols(), Protocols::INET | Protocols::VSOCK);
    assert_eq!(parse("sport = 65536").protocols(), Protocols::VSOCK);
    assert_eq!(parse("process = x").protocols(), Protocols::all());
    assert_eq!(parse("80/tcp or proto = udp").protocols(), Protocols::TCP | Protocols::UDP);
    // More than the kernel should run is left to ourselves.
    let many = format!("sport = {}", (1..1000).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    assert_eq!(parse(&many).program(true), None);
}

#[test]
fn the_kernel_is_told_what_fits_and_what_it_permits() {
    let program = |text: &str, marks| parse(text).program(marks);
    // Marks are a matter of rights; the rest is decided all the same.
    assert_ne!(program("fwmark = 1 and sport = 80", true), program("fwmark = 1 and sport = 80", false));
    assert_eq!(program("fwmark = 1 and sport = 80", false), program("sport = 80", true));
    assert_eq!(program("fwmark = 1", false), None);
    assert_eq!(program("sport = 80 and (fwmark = 1 or sport = 80)", false), program("sport = 80", true));
    // What is too long or too deep is left out and takes nothing else with it, least of all what cannot be asked of rows.
    let list = format!("sport = {}", (1..1000).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    let deep = (0..20)
        .fold("sport = 7".to_owned(), |inner, _| format!("not (sport = 5 and (sport = 6 or {inner}))"));
    for fill in [list, deep, "sport = 9 ".repeat(70)] {
        let with = program(&format!("{fill} and (autobound dst 10.0.0.1)"), true).unwrap();
        assert_eq!(with.first(), Some(&6), "autobound is asked first");
        assert!(with.windows(4).any(|bytes| bytes == [10, 0, 0, 1]) || fill.starts_with("sport = 9"));
    }
    assert_eq!(program("not not not not sport = 80", true), program("sport = 80", true));
}
