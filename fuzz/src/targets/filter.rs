//! The filter language: any text.

use pree::{Filter, Query, SourceChoice};

use crate::kernel::{kernel, sockets};

/// The parser takes this much.
const LONGEST: usize = 64 * 1024;

pub(super) const WORDS: &[&str] = &[
    "state ",
    "exclude ",
    "established",
    "listen",
    "time-wait",
    "closed_only",
    " and ",
    " or ",
    " not ",
    "!",
    "&",
    "|",
    "||",
    "&&",
    "(",
    ")",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "~",
    "!~",
    " eq ",
    " neq ",
    ",",
    "sport",
    "dport",
    "src",
    "dst",
    "port",
    "host",
    "dev",
    "fwmark",
    "cgroup",
    "autobound",
    "user",
    "uid",
    "process",
    "pid",
    "cmd",
    "family",
    "ipv4",
    "ipv6",
    "proto",
    "tcp",
    "udp",
    "udplite",
    "tcp:",
    "/tcp",
    ":80",
    "443",
    "65535",
    "10/8",
    "127.0.0.1",
    "[::1]",
    "[::ffff:10.0.0.5]",
    "/128",
    "fe80::/10",
    "*",
    "\"",
    "'",
    "\\",
    "rtt",
    "minrtt",
    "cwnd",
    "retrans",
    "tx",
    "recvq",
    "5ms",
    "1.5s",
    "250us",
    "ns",
    "10MiB",
    "0.5k",
    "0x10/0xf0",
    "18446744073709551615",
    "has ",
    "v6only",
    "yes",
    "scope",
    "loopback",
    "public",
    "type",
    "dgram",
    "lo",
    "eth0",
    "root",
    "www-data",
    "web*",
    " ",
];

/// What is read can be printed and read again; what the kernel decides and what pree decides is the same.
pub(super) fn target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let filter: Filter = match text.parse() {
        Ok(filter) => filter,
        Err(error) => {
            assert!(!error.to_string().is_empty() && error.excerpt().1.ends_with('^'));
            assert!(error.text().get(error.range()).is_some(), "{error}");
            return;
        }
    };
    let printed = filter.to_string();
    if printed.len() <= LONGEST {
        match printed.parse::<Filter>() {
            Ok(again) => assert!(again == filter && again.to_string() == printed, "{printed}\n{again}"),
            Err(error) => panic!("{printed}\n{}\n{error}", error.excerpt().1),
        }
    }
    let _ = (filter.names_states(), filter.needs());
    for socket in sockets() {
        let _ = filter.matches(socket);
    }
    let ask = |query: Query| query.filter(filter.clone()).collect_from(&mut kernel());
    match (ask(Query::new()), ask(Query::new().push_down(false))) {
        (Ok(pushed), Ok(plain)) => {
            // Rows that are few wait for their owners; many stream.
            let by_id = |snapshot: &pree::Snapshot| {
                let mut sockets = snapshot.sockets().to_vec();
                sockets.sort_by_key(|socket| socket.kernel_id);
                sockets
            };
            assert_eq!(by_id(&pushed), by_id(&plain), "{text}");
            assert_eq!(pushed.coverage().is_complete(), plain.coverage().is_complete());
        }
        // A name that nobody has.
        (Err(_), Err(_)) => {}
        (pushed, plain) => panic!("{text}: {pushed:?} {plain:?}"),
    }
    let _ = ask(Query::new().source(SourceChoice::Proc));
}
