//! `pree help FILTER`: the language, its keys, examples, and where it differs from ss.

use pree::Filter;

use super::layout::row;
use crate::text::paragraph::paragraph;

/// Keys that are more than a field, or another name of one.
pub(in crate::docs) const KEYS: &[(&str, &str)] = &[
    (
        "src",
        "address of this end, with or without a port: 10.0.0.5, 10/8, [::1]:443, [fe80::1%eth0]:53, :22; of Unix \
         sockets the path, /run/*, an abstract name, @name, or any other in quotes",
    ),
    ("dst", "address, or name, of the other end"),
    ("host", "address of either end"),
    ("local", "the same as src"),
    ("remote", "the same as dst"),
    ("sport", "port of this end: 443, https, 8000-8999"),
    ("dport", "port of the other end"),
    ("port", "port of either end; :8080 is short for it"),
    (
        "state",
        "listen established syn-sent syn-received fin-wait-1 fin-wait-2 time-wait close-wait last-ack closing \
               closed unconnected bound-inactive, or ss's connected synchronized bucket big all",
    ),
    ("family", "ipv4, ipv6, unix, packet, netlink or vsock, as the socket was made"),
    (
        "proto",
        "tcp, udp, udplite, mptcp, raw, icmp, sctp, unix, packet, netlink or vsock; other, or xdp, tipc, alg … of it",
    ),
    ("protocol", "the same as proto"),
    ("scope", "of the local address: loopback, link, private or public (the wildcard is public)"),
    ("dev", "interface the socket is bound to, by name or index; gone: a packet socket's that is no more"),
    ("fwmark", "firewall mark, with a mask if need be: 0x10/0xf0"),
    ("cgroup", "path or id of the cgroup the socket was made in; pcgroup is that of its process"),
    ("user", "user the socket belongs to, by name or number; puser is the one its process runs as"),
    ("uid", "the same as user"),
    (
        "owner",
        "a process as the column shows it: nginx, nginx[46], nginx[46]/3; or (accept_queue), as unowned has it: in quotes a name",
    ),
    (
        "unowned",
        "why it has no owner: time_wait handshake accept_queue orphaned kernel not_permitted not_looked_up closed_since no_visible_holder",
    ),
    ("mss", "the same as snd_mss"),
    ("rate", "the same as delivery_rate"),
    ("command", "the same as cmd"),
];

pub(in crate::docs) const EXAMPLES: &[(&str, &str)] = &[
    ("dport=443,80", "to one of two ports"),
    ("state established dst 10/8", "as ss has it"),
    ("tcp:443", "TCP with this port at either end"),
    ("53/udp", "the same the other way round"),
    ("rtt>50ms and retrans>0", "slow and losing"),
    ("not scope=loopback", "all that others could reach"),
    ("pid=1234", "of one process: only it is looked into"),
    ("cmd~manage.py", "with this in its command line"),
    ("nginx", "with this word in process, command or address"),
    ("tcp@10.0.0.5:80,443", "as lsof -i has it: at either end"),
    ("started>2026-01-31T12:00Z", "of processes that are younger"),
    ("has tcp_state !state=established", "with statistics, in another state"),
    ("recvq>=64k or drops>0", "programs that do not keep up"),
    ("score<0.7 or loss>1%", "connections that suffer"),
    ("-x src=/run/*", "Unix sockets with such a path"),
    ("-x dst=/run/dbus/*", "clients of such a socket"),
    ("dir=in process=nginx", "connections that others opened"),
    ("issue=zero_window,lossy", "with one of these issues; has issue: any"),
];

const GRAMMAR: &str = "  \
filter = {(\"state\"|\"exclude\") STATE{,STATE}} [or]
  or     = and {(\"or\"|\"|\"|\"||\") and}
  and    = not {[\"and\"|\"&\"|\"&&\"] not}
  not    = {\"!\"|\"not\"} (test | \"(\" or \")\")
  test   = KEY [OP] VALUE{,VALUE} | \"has\" KEY | \"autobound\"
         | :PORTS | PORT/PROTO | PROTO:HOST:PORTS | @HOST[:PORTS]
         | PROTO [@HOST] [:PORTS] | WORD
";

const OPERATORS: &[(&str, &str)] = &[
    ("=  ==  eq", "is; several values with commas are any of them; the operator may be left out"),
    ("!=  ne  neq", "is not"),
    ("<  lt   <=  le  leq", "is less, at most"),
    (">  gt   >=  ge  geq", "is greater, at least"),
    ("~  !~", "has this text in it, whatever the case; has not"),
];

const VALUES: &[(&str, &str)] = &[
    ("times", "250us, 5ms, 1.5s, 10min, 2h, 3d; with = and != also a number of --raw-units"),
    ("dates", "2026-01-31T23:59:59Z, 2026-01-31T23, 2026-01-31, 2026-01, 2026, UTC; or seconds since 1970"),
    ("sizes", "1500, 64k or 64KiB, 10MiB, 5MB; with /s where it is a rate"),
    ("shares", "0.7 or 70%, of score and loss"),
    (
        "exact",
        "= is as exact as the number is written: 12.0KiB is all that tables show so, 12288 only itself",
    ),
    (
        "texts",
        "* is any text and ? any character. In quotes where there are spaces or operators in it; there \\n, \\x1b and \
         \\u{200b} are what outputs show so, and \\\\ and \\\" are the characters",
    ),
];

const DIFFERENCES: &[&str] = &[
    "Without -l, -a or a state ss leaves out what waits for peers; pree lists every state, and TCP and UDP where no \
     protocol is named. -4 and -6 narrow that; -f inet and -f inet6 are every protocol of the family, as in ss.",
    "Every filter of ss is read, and means the same but for this: in ss or binds before and; a listener's other end has \
     address and port 0 there (dst 0.0.0.0, dport < :1024) and none here; and of the ports that autobound finds ss leaves \
     out some that the kernel chose. Spaces are optional everywhere, parentheses need none, and the shell still \
     wants quotes around < > ( ) ! and *.",
    "What is not known is neither equal nor unequal: a listener has no rtt, so it matches neither rtt>5ms nor not \
     rtt>5ms. has rtt tests for it. What the source does not report (memory through /proc) matches neither has rmem nor \
     not has rmem: such sockets are reported as missing. has issue asks for a warning or worse.",
    "That a listener has no other end is known: dport!=443 finds it, as in ss, and has dport dport!=443 does not. What has \
     no ports (-x, -w) matches neither dport=443 nor dport!=443.",
    "Operators (and or not eq ne lt le gt ge) are never words to search for; in quotes they are.",
    "closed finds TCP's closed and UDP's unconnected sockets, as in ss. Only the running kernel can decide autobound: \
     it stands only beside conditions that must all hold, and neither --replay nor --source proc can answer it.",
];

pub(super) fn text() -> String {
    let mut text = String::from("Filters\n\n");
    text.push_str(GRAMMAR);
    text.push_str("\nOperators:\n");
    for (op, doc) in OPERATORS {
        row(&mut text, &format!("  {op}"), 24, doc);
    }
    text.push_str("\nValues:\n");
    for (kind, doc) in VALUES {
        row(&mut text, &format!("  {kind}"), 12, doc);
    }
    text.push_str("\nKeys:\n");
    for (key, doc) in KEYS {
        row(&mut text, &format!("  {key}"), 12, doc);
    }
    text.push_str("\nEvery field is a key too (pree help COLUMNS says what each is):\n");
    paragraph(&mut text, 2, &fields().collect::<Vec<_>>().join(" "));
    text.push_str("\nExamples:\n");
    for (example, doc) in EXAMPLES {
        row(&mut text, &format!("  {example}"), 38, doc);
    }
    text.push_str("\nBeside ss:\n");
    for (index, words) in DIFFERENCES.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        paragraph(&mut text, 2, words);
    }
    text
}

/// Keys that are fields.
fn fields() -> impl Iterator<Item = &'static str> {
    Filter::keys().filter(|key| !KEYS.iter().any(|(special, _)| special == key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_help_and_no_other() {
        for key in fields() {
            assert!(pree::field::named(key).is_some(), "{key}: say in KEYS what it means");
        }
        for (key, _) in KEYS {
            assert!(Filter::keys().any(|known| known == *key), "{key}");
        }
    }

    #[test]
    fn examples_are_filters() {
        for (example, _) in EXAMPLES {
            assert!(example.parse::<Filter>().is_ok(), "{example}");
        }
    }
}
