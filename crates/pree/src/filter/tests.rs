//! The language by example: what it reads and what it says of mistakes.

use super::*;
use crate::field::View;
use crate::model::{Address, Family, Protocol, Protocols, Socket, State, Text};

mod addresses;
mod kernel;
mod sensible;
mod shown;
mod steps;
mod words;

fn socket(local: &str, remote: &str, state: State) -> Socket {
    Socket { uid: Some(33), ..Socket::tcp(state, local, remote) }
}

fn parse(text: &str) -> Filter {
    text.parse().unwrap_or_else(|error: FilterError| panic!("{text}\n{}\n{error}", error.excerpt().1))
}

#[test]
fn examples() {
    let web = socket("10.0.0.5:80", "192.168.1.7:50000", State::Established);
    let listener = socket("[::]:8080", "", State::Listen);
    let mapped = socket("[::ffff:10.0.0.5]:80", "[::ffff:10.9.9.9]:443", State::CloseWait);
    // Filter, and whether each of the three matches.
    for (text, expected) in [
        ("", [true, true, true]),
        ("sport = 80", [true, false, true]),
        ("sport=:80", [true, false, true]),
        ("sport = :http", [true, false, true]),
        ("sport eq 80", [true, false, true]),
        ("sport != 80", [false, true, false]),
        ("sport neq 80", [false, true, false]),
        ("sport 80", [true, false, true]),
        ("sport=80,8080", [true, true, true]),
        ("sport!=80,8080", [false, false, false]),
        ("sport=79-81", [true, false, true]),
        ("sport>80", [false, true, false]),
        ("sport >= :80", [true, true, true]),
        ("sport lt 81", [true, false, true]),
        ("sport <= 79", [false, false, false]),
        ("src >= :8080", [false, true, false]),
        ("dport = 443", [false, false, true]),
        ("dport != 443", [true, true, false]),
        ("dport < 1024", [false, false, true]),
        (":80", [true, false, true]),
        (":443", [false, false, true]),
        ("port = 80", [true, false, true]),
        ("80/tcp", [true, false, true]),
        ("tcp:8080", [false, true, false]),
        ("80/udp", [false, false, false]),
        ("tcp:10.0.0.5:80", [true, false, true]),
        ("src 10.0.0.5", [true, false, true]),
        ("src = 10/8", [true, false, true]),
        ("src 10.0.0.0/8:80", [true, false, true]),
        ("src 10.0.0.0/8:81", [false, false, false]),
        ("src [::ffff:10.0.0.5]", [false, false, true]),
        ("src = [::]:8080", [false, true, false]),
        ("src ::", [false, true, false]),
        ("src [::ffff:0:0/96]", [false, false, true]),
        ("src [::/0]:8080", [false, true, false]),
        ("src ::/0:8080", [false, true, false]),
        ("src [::ffff:0:0]/96", [false, false, true]),
        ("dst 192.168/16", [true, false, false]),
        ("dst *:443", [false, false, true]),
        ("not dst 192.168/16", [false, true, true]),
        ("host 10.9.9.9", [false, false, true]),
        ("state established", [true, false, false]),
        ("state listening", [false, true, false]),
        ("state established state listening", [true, true, false]),
        ("state established sport = 80", [true, false, false]),
        ("state connected exclude close-wait", [true, false, false]),
        ("exclude close-wait", [true, true, false]),
        ("state = established,close_wait", [true, false, true]),
        ("state established,listening", [true, true, false]),
        ("state != listen", [true, false, true]),
        ("sport = 80 and state established", [true, false, false]),
        ("( sport = :80 or sport = :8080 )", [true, true, true]),
        ("(sport=80||sport=8080)&&!state=listen", [true, false, true]),
        ("sport = 80 | sport = 8080 & state = listen", [true, true, true]),
        ("sport=8080 or sport=80 dport=443", [false, true, true]),
        ("! ( sport = 80 )", [false, true, false]),
        ("not not sport 80", [true, false, true]),
        ("family = ipv6", [false, true, true]),
        ("proto = tcp", [true, true, true]),
        ("scope = private", [true, false, true]),
        ("scope=public", [false, true, false]),
        ("uid = 33", [true, true, true]),
        ("user != 33", [false, false, false]),
        // Unknown: neither this nor its opposite.
        ("rtt > 5ms", [false, false, false]),
        ("not rtt > 5ms", [false, false, false]),
        ("rtt != 5ms", [false, false, false]),
        ("rtt > 5ms or sport = 80", [true, false, true]),
        ("not (rtt > 5ms and sport = 8080)", [true, false, true]),
        ("has rtt", [false, false, false]),
        ("not has rtt", [true, true, true]),
        ("has dst", [true, false, true]),
        ("has process", [false, false, false]),
        ("process = nginx", [false, false, false]),
        ("dev = 3", [false, false, false]),
        ("192.168.1", [true, false, false]),
        ("\"10.9.9.9\"", [false, false, true]),
        ("autobound", [true, true, true]),
    ] {
        let filter = parse(text);
        let matches = [&web, &listener, &mapped].map(|socket| filter.matches(socket));
        assert_eq!(matches, expected, "{text}");
    }
}

#[test]
fn judgements() {
    let mut lossy = socket("10.0.0.5:80", "192.168.1.7:50000", State::Established);
    let stats = |retransmitted: u32| crate::TcpStats {
        data_segs_out: Some(10_000),
        bytes_sent: Some(14_480_000),
        bytes_retrans: Some(u64::from(retransmitted) * 1448),
        total_retrans: Some(retransmitted),
        dsack_dups: Some(0),
        ..crate::TcpStats::default()
    };
    let unknown = socket("[::]:8080", "", State::Listen);
    lossy.tcp = Some(Box::new(stats(100)));
    let well = Socket { tcp: Some(Box::new(stats(0))), ..lossy.clone() };
    // Filter, and whether each of the three matches.
    for (text, expected) in [
        ("score < 0.8", [true, false, false]),
        ("score = 1", [false, true, false]),
        ("not score < 80%", [false, true, false]),
        ("has score", [true, true, false]),
        ("loss > 0.9%", [true, false, false]),
        ("loss = 1%", [true, false, false]),
        ("loss >= 0.01", [true, false, false]),
        ("loss = 0", [false, true, false]),
        ("loss != 1%", [false, true, false]),
        ("issue = lossy", [true, false, false]),
        ("issue ~ LOSS", [true, false, false]),
        ("issue = loss*", [true, false, false]),
        ("issue != lossy", [false, true, false]),
        ("issue = zero_window,lossy", [true, false, false]),
        ("has issue", [true, false, false]),
        ("not has issue", [false, true, true]),
        // Nothing was ever timed.
        ("bloat = no", [false, false, false]),
        ("bloat != no", [false, false, false]),
        ("has limited", [false, false, false]),
    ] {
        let filter = parse(text);
        let matches = [&lossy, &well, &unknown].map(|socket| filter.matches(socket));
        assert_eq!(matches, expected, "{text}");
    }
}

#[test]
fn mistakes() {
    for (text, carets, says) in [
        ("dprot = 80", "^^^^^", "did you mean dport?"),
        ("dport = 4294967296", "        ^^^^^^^^^^", "expected 0 to 65535"),
        ("dport =", "^^^^^", "dport needs a value"),
        ("dport = and", "        ^^^", "in quotes \"and\" is a text"),
        ("(sport = 80", "^", "never closed"),
        ("sport = 80)", "          ^", "closes no open parenthesis"),
        ("sport = 80 or", "             ^", "expected a condition here"),
        ("state nonsense", "      ^^^^^^^^", "not a state"),
        ("state", "^^^^^", "expected a state here"),
        ("rtt > 5", "      ^", "needs a unit"),
        ("rtt ~ 5ms", "      ^^^", "=, !=, <"),
        ("age > 2h", "^^^", "not implemented yet"),
        ("has age", "    ^^^", "not implemented yet"),
        ("score < 7", "        ^", "a fraction"),
        ("score < -1", "        ^^", "a fraction"),
        ("score ~ 0.7", "        ^^^", "=, !=, <"),
        ("loss > 101%", "       ^^^^", "a fraction"),
        ("loss > %", "       ^", "a fraction"),
        ("loss > 1ms", "       ^^^", "a fraction"),
        ("issue = losy", "        ^^^^", "did you mean lossy?"),
        ("issue = nonsense", "        ^^^^^^^^", "issue must be one of"),
        ("issue > lossy", "        ^^^^^", "=, !=, ~"),
        ("bloat = maybe", "        ^^^^^", "no, mild, yes, severe"),
        ("limited = nic", "          ^^^", "network, receiver"),
        ("has sport", "    ^^^^^", "always known"),
        ("sport > 1,2", "        ^", "take several values"),
        ("sport = 90-80", "        ^^^^^", "smaller port"),
        ("src = example.org", "      ^^^^^^^^^^^", "not an address"),
        ("src = [::/0]/0", "      ^^^^^^^^", "not an address"),
        ("src = [::]80", "      ^^^^^^", "not an address"),
        ("src = [::/", "      ^^^^", "not an address"),
        ("src = 10.0.0.0/33", "      ^^^^^^^^^^^", "not an address"),
        ("process = \"x", "          ^^", "never closed"),
        ("not autobound", "^^^^^^^^^^^^^", "only the kernel"),
        ("v6only = maybe", "         ^^^^^", "not a yes or no"),
        ("cwnd = many", "       ^^^^", "not a whole number"),
        ("owner = (nobody)", "        ^^^^^^^^", "not a reason for having no owner"),
        ("owner = (a b)", "        ^", "one reason for having no owner"),
        ("unowned = nobody", "          ^^^^^^", "not a reason for having no owner"),
        ("grün = 80", "^^^^", "no key"),
    ] {
        let error = text.parse::<Filter>().expect_err(text);
        assert!(error.to_string().contains(says), "{text}: {error}");
        assert_eq!(error.excerpt().1, carets, "{text}: {error}");
    }
    let deep = "(".repeat(10_000);
    assert!(deep.parse::<Filter>().is_err());
    assert!("!".repeat(10_000).parse::<Filter>().is_err());
    assert!("a ".repeat(100_000).parse::<Filter>().is_err());
}

#[test]
fn what_is_not_told_decides_nothing() {
    let mut of_proc = socket("10.0.0.5:80", "10.9.9.9:443", State::Established);
    let dev = parse("dev = 3");
    assert_eq!((dev.matches(&of_proc), parse("dev != 3").matches(&of_proc)), (false, false));
    // What was not told; whether it matches whatever that is, and whether it may.
    let of_row = Needs::INTERFACE | Needs::MARK | Needs::MEMORY;
    for (text, untold, matches, may_match) in [
        ("dev = 3", of_row, false, true),
        ("not dev = 3", of_row, false, true),
        ("dev = 3 and sport = 81", of_row, false, false),
        ("dev = 3 or sport = 80", of_row, true, true),
        ("fwmark = 1 or sport = 81", of_row, false, true),
        ("not (fwmark = 1 or sport = 80)", of_row, false, false),
        ("rmem > 0", of_row, false, true),
        // It is not known, and nobody kept it back.
        ("rtt > 5ms", of_row, false, false),
        ("not rtt > 5ms", of_row, false, false),
        ("rtt > 5ms and rmem > 0", of_row, false, false),
        ("rtt > 5ms or rmem > 0", of_row, false, true),
        ("rmem > 0", Needs::empty(), false, false),
        // Whether it has it is not known either.
        ("has rmem", of_row, false, true),
        ("not has rmem", of_row, false, true),
        ("has rmem", Needs::empty(), false, false),
        ("not has rmem", Needs::empty(), true, true),
        ("has uid", Needs::UID, true, true),
        ("not has uid", Needs::UID, false, false),
        ("has process", Needs::OWNERS, false, true),
        ("not has process", Needs::OWNERS, false, true),
        ("not has process", Needs::PROCESS_USER, true, true),
        ("not puser = x", Needs::PROCESS_USER, false, true),
    ] {
        let filter = parse(text);
        let verdicts = Verdicts::default();
        let told = (
            filter.matches_without(&View::new(&of_proc), untold, &Unmet::default(), &verdicts),
            filter.may_match_without(&View::new(&of_proc), untold, &Unmet::default(), &verdicts),
        );
        // Who knows that it matches does not ask whether it may.
        assert_eq!((told.0, told.0 || told.1), (matches, may_match), "{text} without {untold:?}");
    }
    of_proc.protocol = Protocol::Unix;
    assert!(parse("dev != 3").matches(&of_proc), "it cannot be bound to an interface");
}

#[test]
fn numbers_are_exact() {
    for (text, printed) in [
        ("rtt < 1.5s", "rtt < 1500ms"),
        ("rtt < 9007199254740993ns", "rtt < 9007199254740993ns"),
        ("rtt < 0.0009us", "rtt < 0s"),
        ("rtt < 200000d", "rtt < 17280000000s"),
        ("rtt < .5ms", "rtt < 500us"),
        ("bytes_sent > 9007199254740993", "bytes_sent > 9007199254740993"),
        ("bytes_sent > 18446744073709551615", "bytes_sent > 18446744073709551615"),
        ("bytes_sent > 1.5KiB", "bytes_sent > 1536"),
        ("rtt = 1.5ms", "rtt >= 1500us and rtt <= 1599999ns"),
        ("rtt = 1500", "rtt >= 1500us and rtt <= 1500999ns"),
        ("rtt != 1500us", "not (rtt >= 1500us and rtt <= 1500999ns)"),
        ("timer_expires = 200", "timer_expires >= 200ms and timer_expires <= 200999999ns"),
        ("bytes_sent = 1.5KiB", "bytes_sent >= 1536 and bytes_sent <= 1638"),
        ("bytes_sent = 1536", "bytes_sent = 1536"),
        ("bytes_sent = 1536B", "bytes_sent = 1536"),
        ("bytes_sent = 15.9EiB", "bytes_sent >= 18331451923248866919 and bytes_sent <= 18446744073709551615"),
        ("rate = 12.0KiB/s", "delivery_rate >= 12288 and delivery_rate <= 12390"),
        ("started = 1970-01-02", "started >= 86400 and started <= 172799.999999999"),
        ("started < 2000-02-29T00:00:01Z", "started < 951782401"),
        ("started = 1.23", "started >= 1.23 and started <= 1.239999999"),
        ("score < 0.70", "score < 0.7"),
        ("score >= 70%", "score >= 0.7"),
        ("loss > .1%", "loss > 0.001"),
        ("loss <= 0.0000000019", "loss <= 0.000000001"),
        ("score = 100%", "score >= 0.9999995 and score <= 1"),
        ("score = 0.41", "score >= 0.405 and score <= 0.415"),
        ("loss = 1.80%", "loss >= 0.01795 and loss <= 0.01805"),
        ("loss = 0", "loss >= 0 and loss <= 0.0000005"),
        ("issue != lossy,zero_window", "not (issue = \"lossy\" or issue = \"zero_window\")"),
    ] {
        assert_eq!(parse(text).to_string(), printed, "{text}");
    }
    for text in [
        "bytes_sent > 18446744073709551616",
        "bytes_sent > 1.2.3",
        "bytes_sent > .",
        "rtt < 1000000d",
        "bytes_sent > 99999999T",
    ] {
        assert!(text.parse::<Filter>().is_err(), "{text}");
    }
}

#[test]
fn whatever_is_read_can_be_printed_and_read() {
    let nested = |depth: usize, open: &str, inner: &str| {
        format!("{}{inner}{}", open.repeat(depth), ")".repeat(if open.contains('(') { depth } else { 0 }))
    };
    for (open, each) in
        [("(", 1), ("!", 1), ("!(", 2), ("(:1 | :2 :3 ", 1), (":1 | :2 !(", 2), ("state=listen (", 1)]
    {
        for inner in [":9", "udp:*:3", "sport!=1,2", "9/tcp", "tcp:9 or sport = 1,2", "!:8 :9 | :7"] {
            for depth in 55 / each..=66 / each {
                for before in ["", "exclude listen "] {
                    let text = format!("{before}{}", nested(depth, open, inner));
                    let Ok(filter) = text.parse::<Filter>() else { continue };
                    let printed = filter.to_string();
                    assert_eq!(printed.parse().as_ref(), Ok(&filter), "{text}\n{printed}");
                }
            }
            assert!(nested(60 / each, open, inner).parse::<Filter>().is_ok(), "{open} {inner}");
        }
    }
}

#[test]
fn needs_are_those_of_the_keys() {
    assert_eq!(parse("sport = 80").needs(), Needs::STATE_AND_ENDS);
    assert_eq!(parse("proto = tcp").needs(), Needs::empty());
    assert_eq!(parse("rtt > 5ms").needs(), Needs::STATS);
    assert_eq!(parse("pid = 7").needs(), Needs::OWNERS);
    assert_eq!(parse("cmd ~ java").needs(), Needs::OWNERS | Needs::PROCESS_COMMAND_LINE);
    assert_eq!(parse("has drops").needs(), Needs::MEMORY);
    for text in ["score < 0.7", "has loss", "bloat = yes", "issue ~ rto", "limited = network"] {
        assert_eq!(parse(text).needs(), Needs::STATS | Needs::MEMORY, "{text}");
    }
}

fn unix(name: &[u8]) -> Socket {
    let local = Address::Unix(Text::from(name));
    Socket::new(Protocol::Unix, Family::Unix, State::Established, local)
}

#[test]
fn paths_and_peers_of_unix_sockets() {
    let mut peered = unix(b"");
    let process = crate::model::Process { name: Text::from(&b"nginx"[..]), ..Default::default() };
    let owner = crate::model::Owner::new(std::sync::Arc::new(process), None);
    peered.peer = Some(Box::new(crate::model::Peer { inode: Some(7), owners: vec![owner] }));
    let tcp = socket("127.0.0.1:80", "", State::Listen);
    for (text, name, expected) in [
        ("src = /run/*", &b"/run/x.sock"[..], Some(true)),
        ("src /run/x.sock", b"/run/x.sock", Some(true)),
        ("src '/run/*'", b"/var/run/x", Some(false)),
        ("src != /run/*", b"/var/run/x", Some(true)),
        ("src = @x*", b"\0xyz", Some(true)),
        ("src = @x*", b"@xyz", Some(true)),
        ("src = /*", b"\0/x", Some(false)),
        ("src = /*", b"", Some(false)),
        ("host = /run/*", b"/run/x", Some(true)),
        ("path = x*", b"xyz", Some(true)),
        ("path ~ RUN", b"/run/x", Some(true)),
        ("abstract = yes", b"\0x", Some(true)),
        ("abstract = yes", b"x", Some(false)),
        ("abstract = yes", b"", Some(false)),
        ("run", b"/run/x", Some(true)),
        ("\"\u{e4}\"", "/run/\u{e4}".as_bytes(), Some(true)),
        ("sport = 80", b"/run/x", None),
        ("run/unix", b"/run/unix", Some(true)),
    ] {
        assert_eq!(
            eval::eval(&parse(text).expr, &View::new(&unix(name)), &Verdicts::default()),
            expected,
            "{text}"
        );
        // What is printed is read the same.
        assert_eq!(parse(&parse(text).to_string()), parse(text), "{text}");
    }
    // Another end is there, and how it is called is not told.
    let answer =
        |text: &str, socket: &Socket| eval::eval(&parse(text).expr, &View::new(socket), &Verdicts::default());
    assert_eq!(answer("dst = /run/*", &peered), None);
    assert_eq!(answer("dst = /run/*", &unix(b"/run/x")), Some(false));
    assert_eq!(answer("src = /run/*", &tcp), Some(false));
    assert_eq!((answer("peer = ng*", &peered), answer("peer = x", &peered)), (Some(true), Some(false)));
    assert_eq!((answer("peer = ng*", &unix(b"")), answer("peer_inode = 7", &peered)), (None, Some(true)));
    assert_eq!(parse("src = /run/*").protocols(), Protocols::UNIX);
}
