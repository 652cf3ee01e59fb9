//! Operators are never words to search for; what is quoted is; what is short for conditions is those.

use super::*;
use crate::field::View;

#[test]
fn operators_are_never_words() {
    for (text, carets, says) in [
        ("and", "^^^", "expected a condition before and"),
        ("or", "^^", "expected a condition before or"),
        ("OR", "^^", "expected a condition before OR"),
        ("eq", "^^", "expected a condition before eq"),
        ("geq 80", "^^^", "expected a condition before geq"),
        ("not", "   ^", "expected a condition here"),
        ("not and", "    ^^^", "expected a condition before and"),
        ("!", " ^", "expected a condition here"),
        ("(", " ^", "expected a condition here"),
        ("()", " ^", "expected a condition before )"),
        (",", "^", "expected a condition before ,"),
        ("= 80", "^", "expected a condition before ="),
        ("nginx or", "        ^", "expected a condition here"),
        ("nginx and", "         ^", "expected a condition here"),
        ("and sport = :80", "^^^", "expected a condition before and"),
        ("or sport = :80", "^^", "expected a condition before or"),
        ("sport=1 and and dport=2", "            ^^^", "expected a condition before and"),
        ("sport=1 or or dport=2", "           ^^", "expected a condition before or"),
        ("sport=1 && || dport=2", "           ^^", "expected a condition before ||"),
        ("sport=1 & and dport=2", "          ^^^", "expected a condition before and"),
        ("(or)", " ^^", "expected a condition before or"),
        ("sport = not", "        ^^^", "expected a value for sport before not"),
        ("process=or", "        ^^", "in quotes \"or\" is a text"),
        ("process=nginx,and", "              ^^^", "expected a value for process before and"),
        ("process eq eq", "           ^^", "expected a value for process before eq"),
        ("state or", "^^^^^", "expected a state here"),
        ("state established or", "                  ^^", "state=STATE or"),
        ("state established or dport = 443", "                  ^^", "state=STATE or"),
        ("state established and", "                     ^", "expected a condition here"),
        ("has and", "^^^", "expected a key after has"),
        ("sport = 80 exclude listen", "           ^^^^^^^", "state!="),
    ] {
        let error = text.parse::<Filter>().expect_err(text);
        assert!(error.to_string().contains(says), "{text}: {error}");
        assert_eq!(error.excerpt().1, carets, "{text}: {error}");
    }
}

#[test]
fn operators_in_quotes_are_words() {
    for word in ["and", "or", "not", "eq", "OR"] {
        let quoted = format!("\"{word}\"");
        assert_eq!(parse(&quoted).words(), [Text::from(word.as_bytes())]);
        assert_eq!(parse(&quoted).to_string(), quoted);
        assert!(parse(&format!("process={quoted} user={quoted}")).words().is_empty());
        let user = parse(&format!("user={quoted}"));
        assert_eq!(parse(&user.to_string()), user);
    }
    let established = socket("10.0.0.5:80", "10.9.9.9:443", State::Established);
    assert!(parse("state established and dport = 443").matches(&established));
    assert!(parse("sport = 81 OR dport = 443").matches(&established));
    assert_eq!(parse("nginx not orange").words().len(), 2);
}

#[test]
fn short_for_conditions() {
    let web = socket("10.0.0.5:80", "192.168.1.7:50000", State::Established);
    let six = socket("[::1]:8080", "", State::Listen);
    for (text, expected) in [
        ("tcp", [true, true]),
        ("TCP", [true, true]),
        ("udp", [false, false]),
        ("TCP:8080", [false, true]),
        ("tcp:http", [true, false]),
        ("tcp:79-81", [true, false]),
        ("tcp:81,80", [true, false]),
        (":8080,81", [false, true]),
        (":1-1024", [true, false]),
        ("udp:80", [false, false]),
        ("@10.0.0.5", [true, false]),
        ("@192.168.1.7:50000", [true, false]),
        ("@192.168.1.7:80", [false, false]),
        ("@192.168.1.7:80,50000", [true, false]),
        ("@[::1]:8080", [false, true]),
        ("@::1", [false, true]),
        ("TCP@10.0.0.5:80", [true, false]),
        ("tcp@[::1]:8080", [false, true]),
        ("UDP@10.0.0.5", [false, false]),
    ] {
        let filter = parse(text);
        assert_eq!([&web, &six].map(|socket| filter.matches(socket)), expected, "{text}");
        assert!(filter.words().is_empty(), "{text}");
        assert_eq!(parse(&filter.to_string()), filter, "{text}");
    }
    for (text, says) in [
        ("tcp:nowhere", "service name"),
        ("tcp@localhost", "not an address"),
        ("tcp:80,nowhere", "service name"),
        ("nginx,80", "before ,"),
    ] {
        let error = text.parse::<Filter>().expect_err(text);
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
    for text in ["tcpdump", "4", "4tcp", "@name", "@localhost:80", "tcp4", "httpd"] {
        assert_eq!(parse(text).words().len(), 1, "{text}");
    }
}

#[test]
fn interfaces_of_addresses() {
    let mut local = socket("[fe80::1%3]:53", "", State::Listen);
    local.interface = Some(3);
    let mut bound = socket("127.0.0.53:53", "", State::Listen);
    bound.interface = Some(1);
    // /proc does not tell.
    let untold = socket("[fe80::1]:53", "", State::Listen);
    let named = |text: &str| {
        let mut filter = parse(text);
        filter.resolve(|_, name| Ok((name == "eth0").then_some(3))).unwrap();
        filter
    };
    for (text, expected) in [
        ("src=[fe80::1%3]:53", [Some(true), Some(false), None]),
        ("src=[fe80::1%3]", [Some(true), Some(false), None]),
        ("src=fe80::1%3", [Some(true), Some(false), None]),
        ("local=[fe80::1%eth0]:53", [Some(true), Some(false), None]),
        ("src=[fe80::1]%eth0:53", [Some(true), Some(false), None]),
        ("src=[fe80::%eth0]/10", [Some(true), Some(false), None]),
        ("src=fe80::%eth0/10", [Some(true), Some(false), None]),
        ("src=[fe80::1%4]:53", [Some(false), Some(false), None]),
        ("src=[fe80::1%3]:54", [Some(false), Some(false), Some(false)]),
        ("src=127.0.0.53%1:53", [Some(false), Some(true), Some(false)]),
        ("src=*%3", [Some(true), Some(false), None]),
        ("not src=[fe80::1%3]:53", [Some(false), Some(true), None]),
        ("[fe80::1%eth0]:53", [Some(true), Some(false), None]),
        ("tcp:[fe80::1%3]:53", [Some(true), Some(false), None]),
        ("dst=[fe80::1%3]:53", [Some(false), Some(false), Some(false)]),
    ] {
        let filter = named(text);
        let answers = [&local, &bound, &untold]
            .map(|socket| eval::eval(&filter.expr, &View::new(socket), &Verdicts::default()));
        assert_eq!(answers, expected, "{text}");
        assert_eq!(named(&filter.to_string()), filter, "{text}: {filter}");
    }
    assert!("src=fe80::1%".parse::<Filter>().is_err());
    assert!(parse("src=fe80::1%nowhere").resolve(|_, _| Ok(None)).is_err());
    // The kernel's condition knows no interface: it must not decide the opposite.
    assert!(parse("not src=[fe80::1%3]:53").program(true).is_none());
    assert!(parse("src=[fe80::1%3]:53").program(true).is_some());
}

#[test]
fn escapes_are_those_of_outputs() {
    for (text, bytes) in [
        (r#""a b""#, &b"a b"[..]),
        (r#""a\nb\t\r""#, b"a\nb\t\r"),
        (r#""\xff\x1b[m""#, b"\xff\x1b[m"),
        (r#""\u{200b}\u{0}""#, "\u{200b}\u{0}".as_bytes()),
        (r#""\"\\""#, b"\"\\"),
        (r#"'\'\"'"#, b"'\""),
        (r#"@"a b""#, b"@a b"),
        (r#"a"b c"'d e'"#, b"ab cd e"),
        ("'\u{e4}'", "\u{e4}".as_bytes()),
    ] {
        assert_eq!(parse(text).words(), [Text::from(bytes)], "{text}");
        assert_eq!(parse(&parse(text).to_string()), parse(text), "{text}");
    }
    for (text, carets) in [
        (r#""\q""#, " ^^"),
        (r#"process="C:\Users""#, "           ^^"),
        (r#""\x""#, " ^^"),
        (r#""\xg1""#, " ^^"),
        (r#""\u""#, " ^^"),
        (r#""\u{}""#, " ^^"),
        (r#""a\u{d800}""#, "  ^^"),
        ("'\\\u{e4}'", " ^^"),
    ] {
        let error = text.parse::<Filter>().expect_err(text);
        assert!(error.what().contains(" after a backslash is no escape: n, r, t, x1b"), "{text}: {error}");
        assert_eq!(error.excerpt().1, carets, "{text}: {error}");
    }
}

#[test]
fn command_lines_as_they_are_shown() {
    let line = |bytes: &[u8]| {
        let process = crate::model::Process { command_line: Some(Text::from(bytes)), ..Default::default() };
        let owner = crate::model::Owner::new(std::sync::Arc::new(process), None);
        let mut socket = socket("10.0.0.5:80", "", State::Listen);
        socket.owners.push(owner);
        socket
    };
    let shell = line(b"/bin/sh\0-c\0a b\0");
    let manage = line(b"python3\0manage.py\0runserver\0");
    for (text, expected) in [
        (r#"cmd="/bin/sh -c \"a b\"""#, [true, false]),
        (r#"cmd="/bin/sh -c a b""#, [true, false]),
        (r#"cmd="/bin/sh\u{0}-c\u{0}a b\u{0}""#, [true, false]),
        (r#"cmd="/bin/sh \"-c a\" b""#, [false, false]),
        (r#"cmd="*manage.py run*""#, [false, true]),
        (r#"cmd~"manage.py runserver""#, [false, true]),
        (r#""MANAGE.PY runserver""#, [false, true]),
        ("cmd~sh", [true, false]),
        ("cmd=python3*", [false, true]),
    ] {
        assert_eq!([&shell, &manage].map(|socket| parse(text).matches(socket)), expected, "{text}");
    }
}

#[test]
fn dates() {
    for text in [
        "2026-01-31T23:59:59Z",
        "2026-01-31T23:59:59",
        "2026-01-31T23:59:59.5Z",
        "2026-01-31T23:59:59.123456789012Z",
        "2026-01-31T23:59Z",
        "2026-01-31T23",
        "1970-01-01",
        "2026-12",
        "2026",
        "0",
    ] {
        assert!(format!("started>{text}").parse::<Filter>().is_ok(), "{text}");
    }
    for text in [
        "2026-02-29",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "1969-12-31",
        "2026-01-31T24:00",
        "2026-01-31T23:59:59.Z",
        "2026-01-31T23:59.5Z",
        "2026-01-31.5",
        "2026-01-31T23:59:59.5.5Z",
        "2026-01-31T23:59:59.xZ",
        "2026-01-31T23:60",
        "2026-01-31T23:59:59:01Z",
        "2026-01T12",
        "2026-01-31-01",
        "+2026-01-01",
        "yesterday",
        "12:00",
        "Z",
    ] {
        assert!(format!("started>{text}").parse::<Filter>().is_err(), "{text}");
    }
}

/// Words of ours are the same in capitals; texts from outside are not.
#[test]
fn our_words_are_the_same_in_capitals() {
    for (capitals, small) in [
        ("proto=TCP", "proto=tcp"),
        ("proto=Dccp", "proto=dccp"),
        ("family=IPv4", "family=ipv4"),
        ("family=INET6", "family=ipv6"),
        ("state=LISTEN", "state=listen"),
        ("scope=Public", "scope=public"),
        ("dport=HTTPS", "dport=443"),
        (":HTTPS", ":443"),
        ("443/TCP", "443/tcp"),
        ("1000/MPTCP", "1000/mptcp"),
        ("dir=IN", "dir=in"),
        ("bloat=Yes", "bloat=yes"),
        ("limited=Receiver", "limited=receiver"),
        ("issue=Zero_Window", "issue=zero_window"),
        ("unowned=TIME_WAIT", "unowned=time_wait"),
        ("owner=(Time_Wait)", "owner=(time_wait)"),
        ("v6only=NO", "v6only=no"),
    ] {
        assert_eq!(parse(capitals), parse(small), "{capitals}");
    }
    for (one, other) in
        [("process=A", "process=a"), ("proto=\"TCP\"", "proto=tcp"), ("src=/A", "src=/a"), ("cmd=A", "cmd=a")]
    {
        assert_ne!(parse(one), parse(other), "{one}");
    }
}

/// Only these can match: a list that leaves such states out by itself does not then.
#[test]
fn reasons_that_are_states() {
    for (filter, states) in [
        ("unowned = time_wait", States::TIME_WAIT),
        ("owner = (time_wait) and sport = 1", States::TIME_WAIT),
        ("unowned = time_wait or state listen", States::TIME_WAIT | States::LISTEN),
        ("unowned != time_wait", States::all()),
        ("unowned = no_visible_holder", States::all()),
    ] {
        assert_eq!(parse(filter).states(), states, "{filter}");
    }
}
