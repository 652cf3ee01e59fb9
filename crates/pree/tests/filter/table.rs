//! The table: expressions, and beside each what it means, said in plain Rust about what the test made.

use std::collections::BTreeSet;
use std::net::IpAddr;

use pree::model::TcpStats;
use pree::source::{Recorder, live};
use pree::{Filter, Gap, Needs, Query, SourceChoice};
use pree_testkit::Failed;

use crate::world::{Id, Known, NOBODY, World, id_of, within4};

/// One expression.
pub struct Entry {
    pub text: String,
    pub expect: Box<dyn Fn(&Known) -> bool>,
    /// ss reads the same text and answers the same.
    pub ss: bool,
    /// /proc tells what it takes.
    proc: bool,
    /// Every socket is known to match or known not to: then the opposite is known as well.
    total: bool,
    /// It may match all sockets or none.
    pub trivial: bool,
}

impl Entry {
    fn only_diag(&mut self) -> &mut Self {
        self.proc = false;
        self
    }

    /// Not known of every socket.
    fn partial(&mut self) -> &mut Self {
        self.total = false;
        self
    }

    fn trivial(&mut self) -> &mut Self {
        self.trivial = true;
        self
    }
}

#[derive(Default)]
pub struct Table(pub Vec<Entry>);

impl Table {
    fn add(
        &mut self,
        ss: bool,
        text: impl Into<String>,
        expect: impl Fn(&Known) -> bool + 'static,
    ) -> &mut Entry {
        let expect = Box::new(expect);
        self.0.push(Entry { text: text.into(), expect, ss, proc: true, total: true, trivial: false });
        self.0.last_mut().unwrap()
    }

    /// An expression that ss reads too.
    fn ss(&mut self, text: &str, expect: impl Fn(&Known) -> bool + 'static) -> &mut Entry {
        self.add(true, text, expect)
    }

    /// An expression of pree's own.
    fn own(&mut self, text: impl Into<String>, expect: impl Fn(&Known) -> bool + 'static) -> &mut Entry {
        self.add(false, text, expect)
    }
}

pub fn table() -> Table {
    let mut table = Table::default();
    states(&mut table);
    ports(&mut table);
    addresses(&mut table);
    logic(&mut table);
    kernel_keys(&mut table);
    sugar(&mut table);
    identity(&mut table);
    owners(&mut table);
    statistics(&mut table);
    table
}

const CONNECTED: &[&str] = &[
    "established",
    "syn_sent",
    "syn_received",
    "fin_wait_1",
    "fin_wait_2",
    "time_wait",
    "close_wait",
    "last_ack",
    "closing",
];

fn in_states(known: &Known, states: &[&str]) -> bool {
    states.iter().any(|state| known.is(state))
}

fn states(t: &mut Table) {
    for (word, state) in [
        ("established", "established"),
        ("syn-sent", "syn_sent"),
        ("syn-recv", "syn_received"),
        ("fin-wait-1", "fin_wait_1"),
        ("fin-wait-2", "fin_wait_2"),
        ("time-wait", "time_wait"),
        ("close-wait", "close_wait"),
        ("last-ack", "last_ack"),
        ("listening", "listen"),
        ("closing", "closing"),
        ("unconnected", "unconnected"),
        ("closed", "unconnected"),
    ] {
        t.ss(&format!("state {word}"), move |k| k.is(state));
    }
    t.ss("state syn-rcv", |k| k.is("syn_received"));
    t.ss("state all", |_| true).trivial();
    t.ss("state connected", |k| in_states(k, CONNECTED));
    t.ss("state synchronized", |k| in_states(k, CONNECTED) && !k.is("syn_sent"));
    t.ss("state bucket", |k| in_states(k, &["time_wait", "syn_received"]));
    t.ss("state big", |k| !in_states(k, &["time_wait", "syn_received"]));
    t.ss("exclude listening", |k| !k.is("listen"));
    t.ss("excl listening excl time-wait", |k| !in_states(k, &["listen", "time_wait"]));
    t.ss("state established state listening", |k| in_states(k, &["established", "listen"]));
    t.ss("state connected exclude close-wait", |k| in_states(k, CONNECTED) && !k.is("close_wait"));
    t.ss("state listening sport = :22", |k| k.is("listen") && k.sport() == 22);
    t.ss("state established ( dport = :443 or dport = :80 )", |k| {
        k.is("established") && matches!(k.dport(), Some(443 | 80))
    });
    t.own("state established,listening", |k| in_states(k, &["established", "listen"]));
    t.own("state bound-inactive", |k| k.is("bound_inactive")).only_diag();
    t.own("state = listen", |k| k.is("listen"));
    t.own("state=TIME_WAIT,syn_sent", |k| in_states(k, &["time_wait", "syn_sent"]));
    t.own("state != listen", |k| !k.is("listen"));
    t.own("state != listen,established", |k| !in_states(k, &["listen", "established"]));
    t.own("not state = connected", |k| !in_states(k, CONNECTED));
    t.own("state = listen or state = closing", |k| in_states(k, &["listen", "closing"]));
    t.own("exclude listen state = listen", |_| false).trivial();
    t.own("", |_| true).trivial();
}

fn ports(t: &mut Table) {
    for equal in ["=", "==", "eq"] {
        t.ss(&format!("sport {equal} :80"), |k| k.sport() == 80);
        t.ss(&format!("dport {equal} 443"), |k| k.dport() == Some(443));
    }
    for different in ["!=", "ne", "neq"] {
        t.ss(&format!("sport {different} :80"), |k| k.sport() != 80);
        t.ss(&format!("dport {different} :443"), |k| k.dport() != Some(443));
    }
    for less in ["<", "lt"] {
        t.ss(&format!("sport {less} :443"), |k| k.sport() < 443);
    }
    for at_most in ["<=", "le", "leq"] {
        t.ss(&format!("sport {at_most} 443"), |k| k.sport() <= 443);
    }
    for greater in [">", "gt"] {
        t.ss(&format!("sport {greater} :443"), |k| k.sport() > 443);
        t.ss(&format!("dport {greater} :443"), |k| k.dport().is_some_and(|port| port > 443));
    }
    for at_least in [">=", "ge", "geq"] {
        t.ss(&format!("sport {at_least} :9003"), |k| k.sport() >= 9003);
        t.ss(&format!("dport {at_least} 443"), |k| k.dport().is_some_and(|port| port >= 443));
    }
    t.ss("sport 22", |k| k.sport() == 22);
    t.ss("sport :22", |k| k.sport() == 22);
    t.ss("sport = ssh", |k| k.sport() == 22);
    t.ss("dport = :https", |k| k.dport() == Some(443));
    t.own("sport=80,443", |k| matches!(k.sport(), 80 | 443));
    t.own("sport = 80 , :ssh , https", |k| matches!(k.sport(), 80 | 22 | 443));
    t.own("sport!=22,80", |k| !matches!(k.sport(), 22 | 80));
    t.own("sport=9001-9003", |k| (9001..=9003).contains(&k.sport()));
    t.own("sport != 9001-9100", |k| !(9001..=9100).contains(&k.sport()));
    t.own("sport=1-79,9001-9002,443", |k| matches!(k.sport(), 1..=79 | 9001 | 9002 | 443));
    t.own("dport<1024", |k| k.dport().is_some_and(|port| port < 1024));
    t.own("dport = 0", |k| k.dport() == Some(0));
    t.own("dport <= 65535", |k| k.dport().is_some());
    t.own("not dport = 443", |k| k.dport() != Some(443));
    t.own("not dport > 443", |k| k.dport().is_none_or(|port| port <= 443));
    t.own("sport > 65535", |_| false).trivial();
    t.own("sport < 0", |_| false).trivial();
    t.own("sport >= 0", |_| true).trivial();
    t.own("port = 443", |k| k.sport() == 443 || k.dport() == Some(443));
    t.own("port != 443", |k| k.sport() != 443 && k.dport() != Some(443));
    t.own("port > 40000", |k| k.sport() > 40000 || k.dport().is_some_and(|port| port > 40000));
    t.own("port=40001-40004", |k| {
        (40001..=40004).contains(&k.sport()) || k.dport().is_some_and(|port| (40001..=40004).contains(&port))
    });
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn addresses(t: &mut Table) {
    const LOOPBACK: [u8; 4] = [127, 0, 0, 0];
    // An IPv4 address or network also names the mapped ones.
    let is4 = |k: &Known, address: [u8; 4]| within4(k.src(), address, 32);
    for equal in ["", "= ", "== ", "eq "] {
        t.ss(&format!("src {equal}127.1.0.1"), move |k| is4(k, [127, 1, 0, 1]));
    }
    t.ss("src 127.1.0.3", move |k| is4(k, [127, 1, 0, 3]));
    t.ss("src [::ffff:127.1.0.3]", |k| k.at("::ffff:127.1.0.3"));
    t.ss("src 127.0.0.0/8", |k| within4(k.src(), LOOPBACK, 8));
    t.ss("src 127.1/16", |k| within4(k.src(), [127, 1, 0, 0], 16));
    t.ss("src 10/8", |k| within4(k.src(), [10, 0, 0, 0], 8));
    t.ss("src 10.0.0.0/9", |k| within4(k.src(), [10, 0, 0, 0], 9));
    t.ss("src 127.1.0.0/30", |k| within4(k.src(), [127, 1, 0, 0], 30));
    t.ss("src 0.0.0.0", |k| k.at("0.0.0.0"));
    t.ss("src [::1]", |k| k.at("::1"));
    t.ss("src [::]", |k| k.at("::"));
    t.ss(
        "src [2001:db8::/32]",
        |k| matches!(k.src(), IpAddr::V6(ip) if ip.segments()[..2] == [0x2001, 0xdb8]),
    );
    t.ss("src fe80::/10", |k| matches!(k.src(), IpAddr::V6(ip) if ip.segments()[0] & 0xffc0 == 0xfe80));
    t.ss("src [::ffff:0:0/96]", |k| matches!(k.src(), IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some()));
    t.ss("src 127.1.0.2:443", move |k| is4(k, [127, 1, 0, 2]) && k.sport() == 443);
    t.ss("src 127.1.0.0/16:443", |k| within4(k.src(), [127, 1, 0, 0], 16) && k.sport() == 443);
    t.ss("src [::1]:443", |k| k.at("::1") && k.sport() == 443);
    t.ss("src = [::1]:https", |k| k.at("::1") && k.sport() == 443);
    t.ss("src :22", |k| k.sport() == 22);
    t.ss("src = :22", |k| k.sport() == 22);
    t.ss("src *:80", |k| k.sport() == 80);
    t.ss("dst 127.1.0.2", |k| k.dst().is_some_and(|dst| within4(dst, [127, 1, 0, 2], 32)));
    t.ss("dst 127.2.0.3", |k| k.dst().is_some_and(|dst| within4(dst, [127, 2, 0, 3], 32)));
    t.ss("dst 127/8", |k| k.dst().is_some_and(|dst| within4(dst, LOOPBACK, 8)));
    t.ss("dst 192.0.2.0/24", |k| k.dst().is_some_and(|dst| within4(dst, [192, 0, 2, 0], 24)));
    t.ss("dst [::1]", |k| k.dst() == Some(ip("::1")));
    t.ss(
        "dst 2001:db8::/32",
        |k| matches!(k.dst(), Some(IpAddr::V6(ip)) if ip.segments()[..2] == [0x2001, 0xdb8]),
    );
    t.ss("dst 127.1.0.2:443", |k| {
        k.dport() == Some(443) && k.dst().is_some_and(|dst| within4(dst, [127, 1, 0, 2], 32))
    });
    t.ss("dst [::1]:443", |k| k.dst() == Some(ip("::1")) && k.dport() == Some(443));
    t.ss("dst :443", |k| k.dport() == Some(443));
    t.ss("not dst 127/8", |k| !k.dst().is_some_and(|dst| within4(dst, LOOPBACK, 8)));
    t.own("dst != 127/8", |k| !k.dst().is_some_and(|dst| within4(dst, LOOPBACK, 8)));
    t.own("dst = *:443", |k| k.dport() == Some(443));
    t.own("dst *", |k| k.dst().is_some());
    t.own("dst 0.0.0.0/0", |k| k.dst().is_some_and(|dst| within4(dst, [0; 4], 0)));
    t.own("dst ::/0", |k| k.dst().is_some_and(|dst| dst.is_ipv6()));
    t.own("src != 127.1.0.1", move |k| !is4(k, [127, 1, 0, 1]));
    t.own("src neq 127.1.0.1", move |k| !is4(k, [127, 1, 0, 1]));
    t.own(
        "src [2001:db8::]/32",
        |k| matches!(k.src(), IpAddr::V6(ip) if ip.segments()[..2] == [0x2001, 0xdb8]),
    );
    t.own("src [::]/0:22", |k| k.src().is_ipv6() && k.sport() == 22);
    t.ss("src [::0/1]:443", |k| k.at("::1") && k.sport() == 443);
    t.own("src ::1", |k| k.at("::1"));
    t.own("src=10/8,127.1.0.1,[fd00::]/8", move |k| {
        let private6 = matches!(k.src(), IpAddr::V6(ip) if ip.segments()[0] >> 8 == 0xfd);
        within4(k.src(), [10, 0, 0, 0], 8) || is4(k, [127, 1, 0, 1]) || private6
    });
    t.own("src >= :9000", |k| k.sport() >= 9000);
    t.own("src *", |_| true).trivial();
    t.own("src 0.0.0.0/0", |k| within4(k.src(), [0; 4], 0));
    t.own("src [::]/0", |k| k.src().is_ipv6());
    t.own("host 127.1.0.2", move |k| {
        is4(k, [127, 1, 0, 2]) || k.dst().is_some_and(|dst| within4(dst, [127, 1, 0, 2], 32))
    });
    t.own("host = 127.1/16:443", |k| {
        (within4(k.src(), [127, 1, 0, 0], 16) && k.sport() == 443)
            || (k.dst().is_some_and(|dst| within4(dst, [127, 1, 0, 0], 16)) && k.dport() == Some(443))
    });
    t.own("scope = loopback", |k| k.src().to_canonical().is_loopback());
    t.own("scope=link", |k| matches!(k.src(), IpAddr::V6(ip) if ip.segments()[0] == 0xfe80));
    t.own("scope=private", |k| {
        k.at("10.0.0.5") || k.at("10.200.0.5") || k.at("fd00::5") || k.at("100.64.0.1")
    });
    t.own("scope=public", |k| {
        let canonical = k.src().to_canonical();
        let wire = within4(k.src(), [192, 0, 2, 0], 24) || canonical == ip("2001:db8::1");
        canonical.is_unspecified() || wire || k.at("8.8.8.8")
    });
    t.own("state listening scope=public", |k| {
        let canonical = k.src().to_canonical();
        let wire = within4(k.src(), [192, 0, 2, 0], 24) || canonical == ip("2001:db8::1");
        k.is("listen") && (canonical.is_unspecified() || wire || k.at("8.8.8.8"))
    });
}

fn logic(t: &mut Table) {
    for or in ["or", "|", "||"] {
        t.ss(&format!("sport = :80 {or} sport = :443"), |k| matches!(k.sport(), 80 | 443));
    }
    for and in ["and", "&", "&&", ""] {
        t.ss(&format!("sport = :80 {and} src 127.1.0.1"), |k| k.sport() == 80 && k.at("127.1.0.1"));
    }
    for not in ["not", "!"] {
        t.ss(&format!("{not} sport = :80"), |k| k.sport() != 80);
        t.ss(&format!("{not} ( sport = :80 or dport = :80 )"), |k| k.sport() != 80 && k.dport() != Some(80));
    }
    t.ss("( sport = :80 )", |k| k.sport() == 80);
    t.ss("( ( sport = :80 or sport = :22 ) and ( src 127/8 or src [::] ) )", |k| {
        matches!(k.sport(), 80 | 22) && (within4(k.src(), [127, 0, 0, 0], 8) || k.at("::"))
    });
    t.ss("sport = :80 and src 127.1.0.1 or sport = :22", |k| {
        (k.sport() == 80 && k.at("127.1.0.1")) || k.sport() == 22
    });
    t.own("sport = :22 or sport = :80 and src 127.1.0.1", |k| {
        (k.sport() == 80 && k.at("127.1.0.1")) || k.sport() == 22
    });
    t.own("sport = :22 or not src 127/8 and not dport = :443", |k| {
        k.sport() == 22 || (!within4(k.src(), [127, 0, 0, 0], 8) && k.dport() != Some(443))
    });
    t.ss("! ( ! sport = :80 and ! sport = :22 )", |k| matches!(k.sport(), 80 | 22));
    t.own("(sport=80||sport=8080)&&!state=listen", |k| matches!(k.sport(), 80 | 8080) && !k.is("listen"));
    t.own("!!sport=80", |k| k.sport() == 80);
    t.own("not not not sport=80", |k| k.sport() != 80);
    t.own("sport=80 proto=tcp state=listen", |k| k.sport() == 80 && k.is("listen"));
    t.own("sport=80|state=closing&family=ipv6", |k| k.sport() == 80 || (k.is("closing") && !k.is_v4()));
    t.own("not (state=listen and sport=80)", |k| !(k.is("listen") && k.sport() == 80));
}

fn kernel_keys(t: &mut Table) {
    let lo = |k: &Known| k.truth.interface == Some(1);
    let wire = |k: &Known| k.truth.interface.is_some_and(|index| index != 1);
    t.ss("dev = lo", lo).only_diag();
    t.ss("dev lo", lo).only_diag();
    t.ss("dev == wire0", wire).only_diag();
    t.ss("dev != lo", move |k| !lo(k)).only_diag();
    t.ss("dev = lo or sport = :22", move |k| lo(k) || k.sport() == 22).only_diag();
    t.own("dev = 1", lo).only_diag();
    t.own("dev = lo,wire0", move |k| lo(k) || wire(k)).only_diag();
    t.own("has dev", |k| k.truth.interface.is_some()).only_diag();

    t.ss("fwmark = 0x10", |k| k.mark() == Some(0x10)).only_diag().partial();
    t.ss("fwmark 16", |k| k.mark() == Some(0x10)).only_diag().partial();
    t.ss("fwmark == 0x10/0x10", |k| k.mark().is_some_and(|mark| mark & 0x10 == 0x10)).only_diag().partial();
    t.ss("fwmark = 0x20 or fwmark = 0x11", |k| matches!(k.mark(), Some(0x20 | 0x11))).only_diag().partial();
    t.ss("fwmark = 0x10/0xf0 and sport >= :9002", |k| {
        k.mark().is_some_and(|mark| mark & 0xf0 == 0x10) && k.sport() >= 9002
    })
    .only_diag()
    .partial();
    t.own("fwmark != 0x10", |k| k.mark().is_some_and(|mark| mark != 0x10)).only_diag().partial();
    t.own("not fwmark = 0/0xffffffff", |k| k.mark().is_some_and(|mark| mark != 0)).only_diag().partial();
    t.own("fwmark=0x10,0x20", |k| matches!(k.mark(), Some(0x10 | 0x20))).only_diag().partial();

    t.own("autobound", |k| k.autobound).only_diag().partial();
    t.own("autobound and src 127/8", |k| k.autobound && within4(k.src(), [127, 0, 0, 0], 8))
        .only_diag()
        .partial();
    t.own("state listen autobound family=ipv6", |k| k.autobound && k.is("listen") && !k.is_v4())
        .only_diag()
        .partial();
}

fn sugar(t: &mut Table) {
    let either = |k: &Known, port| k.sport() == port || k.dport() == Some(port);
    let tcp = |k: &Known| k.truth.protocol == "tcp";
    t.own(":443", move |k| either(k, 443));
    t.own(":ssh", move |k| either(k, 22));
    t.own("!:443", move |k| !either(k, 443));
    t.own("80/tcp", move |k| either(k, 80) && tcp(k));
    t.own("53/udp", move |k| either(k, 53) && k.truth.protocol == "udp");
    t.own("4000/udplite", move |k| either(k, 4000) && k.truth.protocol == "udplite");
    t.own("tcp:443", move |k| either(k, 443) && tcp(k));
    t.own("tcp:127.1.0.1:80", |k| k.at("127.1.0.1") && k.sport() == 80);
    t.own("tcp:[::1]:443", |k| k.at("::1") && k.sport() == 443);
    t.own("udp:127.3.0.1:53", |k| k.at("127.3.0.1") && k.sport() == 53);
    t.own("tcp:80 or udp:53", move |k| {
        (either(k, 80) && tcp(k)) || (either(k, 53) && k.truth.protocol == "udp")
    });
    t.own("127.1.0.2", |k| {
        k.truth.local.to_string().contains("127.1.0.2")
            || k.truth.remote.is_some_and(|remote| remote.to_string().contains("127.1.0.2"))
    });
    let named = |part: &'static [u8]| {
        move |k: &Known| {
            k.owners
                .iter()
                .any(|o| o.name.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part)))
        }
    };
    t.own("web-SERVER", named(b"web-server"));
    t.own("\"db server\"", named(b"db server"));
    t.own("not \"db server\"", move |k| !named(b"db server")(k));
}

fn identity(t: &mut Table) {
    t.own("family=ipv4", |k| k.is_v4());
    t.own("family = inet6", |k| !k.is_v4());
    t.own("family != ipv6", |k| k.is_v4());
    t.own("proto = udp", |k| k.truth.protocol == "udp");
    t.own("protocol=tcp,udplite", |k| k.truth.protocol != "udp");
    t.own("proto != tcp", |k| k.truth.protocol != "tcp");
    t.own("proto=udp state=established", |k| k.truth.protocol == "udp" && k.is("established"));
    t.own("type = dgram", |k| k.truth.protocol != "tcp");
    t.own("has dst", |k| k.dst().is_some());
    t.own("not has dport", |k| k.dst().is_none());
    t.own("has uid", |k| k.truth.inode.is_some());
    t.own("has inode", |k| k.truth.inode.is_some());
    t.own("has fwmark", |k| k.mark().is_some()).only_diag().trivial();
    t.own("v6only = yes", |k| k.truth.v6only == Some(true)).only_diag().partial();
    t.own("v6only != yes", |k| k.truth.v6only == Some(false)).only_diag().partial();
    let uid = |k: &Known| k.truth.inode.and(k.truth.uid);
    t.own("uid = 1000", move |k| uid(k) == Some(1000)).partial();
    t.own("user=root", move |k| uid(k) == Some(0)).partial();
    t.own("user != root", move |k| uid(k).is_some_and(|uid| uid != 0)).partial();
    t.own("not (uid = 1000 or uid = 4000000000)", move |k| {
        uid(k).is_some_and(|uid| !matches!(uid, 1000 | 4_000_000_000))
    })
    .partial();
    t.own(format!("user={}", NOBODY.1), move |k| uid(k) == Some(NOBODY.0)).partial();
}

fn owners(t: &mut Table) {
    let name = |k: &Known, test: &dyn Fn(&[u8]) -> bool| k.owners.iter().any(|owner| test(&owner.name));
    t.own("process = web-server", move |k| name(k, &|n| n == b"web-server")).partial();
    t.own("process = \"db server\"", move |k| name(k, &|n| n == b"db server")).partial();
    t.own("process = 'a\"b\\\\c'", move |k| name(k, &|n| n == b"a\"b\\c")).partial();
    t.own("process = w*", move |k| name(k, &|n| n.starts_with(b"w"))).partial();
    t.own("process = ??e", move |k| name(k, &|n| n.len() == 3 && n[2] == b'e')).partial();
    t.own("process ~ ORK", move |k| name(k, &|n| n.windows(3).any(|w| w == b"ork"))).partial();
    t.own("process=one,two", move |k| name(k, &|n| n == b"one" || n == b"two")).partial();
    // Known of those that have an owner; one that differs is no match when another is the same.
    t.own("process != worker", |k| !k.owners.is_empty() && k.owners.iter().all(|o| o.name != b"worker"))
        .partial();
    t.own("process !~ ork", |k| {
        !k.owners.is_empty() && k.owners.iter().all(|o| !o.name.windows(3).any(|w| w == b"ork"))
    })
    .partial();
    let me = std::process::id();
    t.own(format!("pid = {me}"), move |k| k.owners.iter().any(|owner| owner.pid == me)).partial();
    t.own(format!("pid != {me}"), move |k| !k.owners.is_empty() && k.owners.iter().all(|o| o.pid != me))
        .partial();
    t.own(format!("pid > {me}"), move |k| k.owners.iter().any(|owner| owner.pid > me)).partial();
    t.own(format!("ppid = {me}"), move |k| k.owners.iter().any(|owner| owner.parent == me)).partial();
    t.own("has process", |k| !k.owners.is_empty());
    t.own("not has pid", |k| k.owners.is_empty());
    t.own(format!("has pid and sport = 80 or ppid = {me} and state = listen"), move |k| {
        (!k.owners.is_empty() && k.sport() == 80)
            || (k.owners.iter().any(|owner| owner.parent == me) && k.is("listen"))
    })
    .partial();
    t.own("cmd ~ SELF/exe", |k| {
        k.owners.iter().any(|owner| owner.command_line.windows(8).any(|w| w == b"self/exe"))
    })
    .partial();
    t.own("process = nobody-is-called-this", |_| false).trivial().partial();
}

fn statistics(t: &mut Table) {
    fn tcp(k: &Known, test: impl Fn(&TcpStats) -> Option<bool>) -> bool {
        k.row.tcp.as_deref().and_then(test).unwrap_or(false)
    }
    // Limits far from every value that can change while the test looks.
    t.own("has rtt", |k| tcp(k, |tcp| Some(tcp.rtt.is_some()))).only_diag();
    t.own("not has rtt", |k| !tcp(k, |tcp| Some(tcp.rtt.is_some()))).only_diag();
    t.own("rtt > 0us", |k| tcp(k, |tcp| Some(!tcp.rtt?.is_zero()))).only_diag().partial();
    t.own("rtt < 10min", |k| tcp(k, |tcp| Some(tcp.rtt.is_some()))).only_diag().partial();
    t.own("not rtt < 10min", |_| false).only_diag().trivial().partial();
    t.own("minrtt <= 1h", |k| tcp(k, |tcp| Some(tcp.min_rtt?.as_secs() < 3600))).only_diag().partial();
    t.own("mss > 10000", |k| tcp(k, |tcp| Some(tcp.snd_mss? > 10_000))).only_diag().partial();
    t.own("mss<=10k", |k| tcp(k, |tcp| Some(tcp.snd_mss? <= 10_240))).only_diag().partial();
    t.own("cwnd >= 1", |k| tcp(k, |tcp| Some(tcp.snd_cwnd? >= 1))).only_diag().partial();
    t.own("cwnd != 0 state = established", |k| k.is("established") && tcp(k, |tcp| Some(tcp.snd_cwnd? != 0)))
        .only_diag()
        .partial();
    t.own("cc = reno", |k| k.truth.congestion == Some("reno") && k.row.tcp.is_some()).only_diag().partial();
    t.own("cc != reno", |k| k.truth.congestion != Some("reno") && k.row.tcp.is_some()).only_diag().partial();
    t.own("bytes_sent >= 5000", |k| tcp(k, |tcp| Some(tcp.bytes_sent? >= 5000))).only_diag().partial();
    t.own("bytes_received > 4.5k and bytes_received < 1MiB", |k| {
        tcp(k, |tcp| Some(tcp.bytes_received? == 5000))
    })
    .only_diag()
    .partial();
    t.own("retrans < 1000000", |k| k.row.tcp.is_some()).only_diag().partial();
    t.own("rtt > 0us or sport = 22", |k| k.sport() == 22 || tcp(k, |tcp| Some(!tcp.rtt?.is_zero())))
        .only_diag()
        .partial();

    t.own("recvq = 2000", |k| k.truth.receive_queue_bytes == Some(2000));
    t.own("recvq >= 1000B", |k| {
        k.truth.receive_queue_bytes.is_some_and(|bytes| bytes >= 1000)
            // Memory, which is more than the payload; that of the smallest buffer is read empty.
            || k.truth.unread.is_some_and(|unread| unread.payload_bytes >= 600)
    });
    t.own("sendq = 300,400", |k| matches!(k.truth.send_queue_bytes, Some(300 | 400))).partial();
    t.own("backlog > 0", |k| k.truth.listen.is_some_and(|(queue, _)| queue > 0)).only_diag().partial();
    t.own("drops > 0", |k| k.truth.drops.is_some_and(|drops| drops > 0)).partial();
    t.own("timer = keepalive", |k| k.row.timer.is_some_and(|t| t.kind == pree::model::TimerKind::Keepalive))
        .partial();
    t.own("timer = persist", |k| k.truth.timer == Some("persist")).partial();
}

/// Each with a population of its own: parts of it end after a minute, which on a busy machine is not long.
pub const PARTS: usize = 8;

/// Pushed down, not pushed down, through /proc: each time what the test picks itself.
pub fn run(world: &World, part: usize) -> Result<(), Failed> {
    let table = table();
    let mut failures = Vec::new();
    // Read once: these files take the kernel long, and other tests ask them anew each time.
    let every = "user = root or sport >= 0".parse()?;
    let mut recorder = Recorder::new(live()?);
    Query::new().needs(Needs::all()).filter(every).source(SourceChoice::Proc).collect_from(&mut recorder)?;
    let proc = recorder.finish();
    for entry in table.0.iter().skip(part).step_by(PARTS) {
        let whole = world.expect(&entry.expect);
        if !entry.trivial && (whole.is_empty() || whole.len() == world.sockets.len()) {
            failures.push(format!(
                "{:?} tells nothing: {} of {}",
                entry.text,
                whole.len(),
                world.sockets.len()
            ));
        }
        let filter: Filter = entry.text.parse().map_err(|error| format!("{:?}: {error}", entry.text))?;
        let query = Query::new().filter(filter);
        let in_proc = world.expect(|known| (entry.expect)(known) && !known.is("bound_inactive"));
        for (how, query, expected) in [
            ("pushed down", query.clone(), &whole),
            ("not pushed down", query.clone().push_down(false), &whole),
            ("through sock_diag", query.clone().source(SourceChoice::Diag), &whole),
            ("through /proc", query.source(SourceChoice::Proc), &in_proc),
        ] {
            if how == "through /proc" && !entry.proc {
                continue;
            }
            let snapshot = match how {
                "through /proc" => query.collect_from(&mut proc.replay())?,
                _ => query.collect()?,
            };
            let got: Vec<Id> = snapshot.iter().map(id_of).collect();
            failures.extend(difference(&format!("{:?} {how}", entry.text), expected, &got));
            let coverage = snapshot.coverage();
            // What /proc does not tell of some socket may hide it, and of some it tells nothing.
            let hides = how == "through /proc" && ["sendq = 300,400", "drops > 0"].contains(&&*entry.text);
            let may_be = |gap: &Gap| hides || (how == "through /proc" && gap.object.contains("are bound"));
            let must_be = hides || got.len() < whole.len();
            if (coverage.is_complete() && must_be) || !coverage.gaps().iter().all(may_be) {
                failures.push(format!("{:?} {how}: {coverage}", entry.text));
            }
        }
    }
    assert!(table.0.len() >= 60);
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

/// What is too much or too little, in words.
pub fn difference(title: &str, expected: &BTreeSet<Id>, got: &[Id]) -> Option<String> {
    let set: BTreeSet<Id> = got.iter().cloned().collect();
    let mut text = String::new();
    for id in expected.difference(&set) {
        text += &format!("\n  missing: {id}");
    }
    for id in set.difference(expected) {
        text += &format!("\n  too much: {id}");
    }
    if set.len() != got.len() {
        text += "\n  some rows came twice";
    }
    (!text.is_empty()).then(|| format!("{title}:{text}"))
}

/// Expressions of the table put together at random.
pub fn combinations(world: &World, part: usize) -> Result<(), Failed> {
    let table = table();
    let parts: Vec<&Entry> = table
        .0
        .iter()
        // A leading `state` or `exclude` cannot stand inside.
        .filter(|entry| entry.total && !["", "state ", "exc"].iter().any(|start| starts(&entry.text, start)))
        .collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15_u64.rotate_left(part as u32));
    let mut failures = Vec::new();
    let mut telling = 0;
    for _ in 0..400 / PARTS {
        let mixed = mix(&parts, &mut random, 3);
        let expected = world.expect(|known| (mixed.1)(known));
        telling += usize::from(!expected.is_empty() && expected.len() < world.sockets.len());
        let filter: Filter = mixed.0.parse().map_err(|error| format!("{:?}: {error}", mixed.0))?;
        for push_down in [true, false] {
            let query = Query::new().filter(filter.clone()).push_down(push_down);
            let got: Vec<Id> = query.collect()?.iter().map(id_of).collect();
            failures.extend(difference(&format!("{:?} pushed down: {push_down}", mixed.0), &expected, &got));
        }
    }
    assert!(telling > 200 / PARTS, "only {telling} of them choose some and not all");
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

/// The empty expression starts nothing but itself.
fn starts(text: &str, start: &str) -> bool {
    if start.is_empty() { text.is_empty() } else { text.starts_with(start) }
}

type Holds<'t> = Box<dyn Fn(&Known) -> bool + 't>;

fn mix<'t>(parts: &[&'t Entry], random: &mut Random, depth: usize) -> (String, Holds<'t>) {
    match random.below(if depth == 0 { 1 } else { 4 }) {
        1 => {
            let (text, holds) = mix(parts, random, depth - 1);
            (format!("not ({text})"), Box::new(move |known| !holds(known)))
        }
        2 => {
            let (a, b) = (mix(parts, random, depth - 1), mix(parts, random, depth - 1));
            (format!("({}) and ({})", a.0, b.0), Box::new(move |known| (a.1)(known) && (b.1)(known)))
        }
        3 => {
            let (a, b) = (mix(parts, random, depth - 1), mix(parts, random, depth - 1));
            (format!("({}) or ({})", a.0, b.0), Box::new(move |known| (a.1)(known) || (b.1)(known)))
        }
        _ => {
            let entry = parts[random.below(parts.len())];
            (entry.text.clone(), Box::new(|known| (entry.expect)(known)))
        }
    }
}

/// xorshift64: the same combinations in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}
