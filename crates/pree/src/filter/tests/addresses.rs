//! Addresses with several ports, ss's words for any address, and dates that are longer than a day.

use super::*;

#[test]
fn what_is_no_address_or_date_is_told() {
    for (text, carets, says) in [
        // An empty variable, not every address.
        ("@", "^", "not an address"),
        ("tcp@", "^^^^", "not an address"),
        ("src = ''", "      ^^", "not an address"),
        ("host []", "     ^^", "not an address"),
        ("tcp@127.0.0.1:9003-9001", "^^^^^^^^^^^^^^^^^^^^^^^", "smaller port"),
        ("src 127.0.0.1,80", "              ^^", "not an address"),
        ("tcp@[::1],80", "^^^^^^^^^^^^", "has no port"),
        ("src 127.0.0.1:80,nonsense", "                 ^^^^^^^^", "not an address"),
        ("src > 127.0.0.1:1-2", "      ^^^^^^^^^^^^^", "takes only = and !="),
        ("src > :1-2", "      ^^^^", "a range takes only"),
        ("src inet:[::1]", "    ^^^^^^^^^^", "family"),
        ("started > 1800", "          ^^^^", "not a date"),
        ("started > 2026-13", "          ^^^^^^^", "not a date"),
        ("started > 2026T12", "          ^^^^^^^", "not a date"),
    ] {
        let error = text.parse::<Filter>().expect_err(text);
        assert!(error.to_string().contains(says), "{text}: {error}");
        assert_eq!(error.excerpt().1, carets, "{text}: {error}");
    }
}

#[test]
fn what_is_written_otherwise_is_the_same() {
    for (text, same) in [
        ("tcp@127.0.0.1:9001-9003", "proto = tcp and host = 127.0.0.1:9001-9003"),
        ("@[::1]:80,90-99", "host = [::1]:80 or host = [::1]:90-99"),
        ("[::1]:80,443", "host = [::1]:80 or host = [::1]:443"),
        ("127.0.0.1:9001-9003", "host = 127.0.0.1:9001-9003"),
        ("tcp:127.0.0.1:80,443", "proto = tcp and (src = 127.0.0.1:80 or src = 127.0.0.1:443)"),
        ("src [::1]:80,443,90-99", "src = [::1]:80 or src = [::1]:443 or src = [::1]:90-99"),
        ("src != :80,443", "not (sport = 80 or sport = 443)"),
        ("src :80-90", "sport = 80-90"),
        ("@:80-90", "port = 80-90"),
        ("src any", "src *"),
        ("dst all:80", "dport = 80"),
        ("src default", "src *"),
        ("src inet:127.0.0.1:80", "src 127.0.0.1:80"),
        ("src inet:any", "src 0.0.0.0/0"),
        ("src inet6:*", "src [::]/0"),
        ("src inet6:[::1]:80", "src [::1]:80"),
        ("started > 2026", "started > 2026-01-01"),
        ("started > 2026-02", "started > 2026-02-01"),
        ("started = 2024-02", "started >= 2024-02-01 and started <= 1709251199.999999999"),
    ] {
        assert_eq!(parse(text), parse(same), "{text}");
        assert_eq!(parse(&parse(text).to_string()), parse(text), "{text}");
    }
    // A second of 1970 is not printed as a year.
    let early = parse("started >= 1970-01-01T00:33:20");
    assert_eq!(parse(&early.to_string()), early);
}

#[test]
fn several_ports_are_at_the_end_of_the_address() {
    let here = socket("10.0.0.5:80", "192.168.1.7:50000", State::Established);
    for (text, expected) in [
        ("src 10.0.0.5:79-80", true),
        ("src 10.0.0.5:81-90", false),
        ("src 10.0.0.6:80-90", false),
        ("@10.0.0.5:40000-50000", false),
        ("@192.168.1.7:40000-50000", true),
        ("src 10.0.0.5:79,80", true),
        ("src 10.0.0.5:79,81", false),
        ("dst != 192.168.1.7:1-49999", true),
    ] {
        let filter = parse(text);
        assert_eq!(filter.matches(&here), expected, "{text}");
        assert!(filter.program(true).is_some() || text.contains("!="), "{text}: the kernel decides it");
    }
}

#[test]
fn what_has_no_ports_matches_none_and_none_of_their_opposites() {
    let mut named = unix(b"/run/x");
    let mut connected = unix(b"");
    connected.state = State::Established;
    connected.peer = Some(Box::default());
    named.state = State::Listen;
    let mut listener = socket("10.0.0.5:80", "", State::Listen);
    listener.remote = None;
    let connection = socket("10.0.0.5:80", "192.168.1.7:50000", State::Established);
    for (text, expected) in [
        ("dport = 5", [false, false, false, false]),
        ("dport != 5", [false, false, true, true]),
        ("not dport >= 5", [false, false, true, false]),
        ("not dport = 1-9", [false, false, true, true]),
        ("sport != 5", [false, false, true, true]),
        ("port != 5", [false, false, true, true]),
        ("has dport", [false, false, false, true]),
        ("not has dport", [true, true, true, false]),
        ("has dport dport != 5", [false, false, false, true]),
        ("has dst", [false, true, false, true]),
    ] {
        let filter = parse(text);
        let matches = [&named, &connected, &listener, &connection].map(|socket| filter.matches(socket));
        assert_eq!(matches, expected, "{text}");
    }
}
