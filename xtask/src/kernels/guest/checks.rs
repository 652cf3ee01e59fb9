//! The checks: sockets made on purpose, beside what the command says about them. To check more, add a line.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::os::fd::OwnedFd;

use pree_testkit::{Case, Failed, Family, Need, Population, Socket, Truth, population};
use rustix::net::{self, AddressFamily, Protocol, SocketFlags, SocketType};
use serde_json::Value;

use crate::pree::{document, pree};
use crate::truth::{self, FULL, Owners, View, has_stats};
use crate::{ends, fact, families, json, recordings, tunnels, watched};

#[allow(dead_code, reason = "shared with the tests of the command")]
#[path = "../../../../crates/pree-cli/tests/command/population.rs"]
mod cli_population;

pub use cli_population::everything;

/// The checks of a phase: `base` before the modules of `sock_diag` are loaded, `diag` after.
pub fn of_phase(phase: &str) -> Vec<Case> {
    let case = |name: &str, run: fn() -> Result<(), Failed>| {
        Case::new(name, run).lab().needs(Need::Ipv6).needs(Need::Veth).timeout(120)
    };
    if phase == "base" {
        return vec![
            case("without diag: rows and owners from /proc", fallback),
            case("without diag: other families from /proc", families::listed_without_diag),
            case("without diag: asked for by name it is an error", refused),
        ];
    }
    let mut cases = vec![
        case("rows and owners", automatic),
        case("rows and owners, --source diag", by_diag),
        case("rows and owners, --source proc", by_proc),
        case("rows and owners, --source procfs", by_procfs),
        case("one owner a socket, --owners first", first_owners),
        case("--owners bpf: right, or refused in words", bpf_owners),
        case("rows of bound sockets", bound).needs(Need::BoundInactive),
        case("rows of UDP-Lite", udplite).needs(Need::UdpLite),
        case("filters in the kernel", filters),
        case("statistics", statistics),
        case("capture and replay", recordings::capture_and_replay),
        case("recordings for pree-wire", recordings::golden),
        case("recordings of other families", families::told),
        case("rows of other families", families::listed),
        case("which end opened a connection", ends::directions),
        case("names of other ends, descriptors in flight", ends::unix),
        case("vsock connections", ends::between_machines),
        case("sockets of VXLAN, WireGuard, L2TP and FOU", tunnels::told),
        case("connections as they end", watched::watched),
        case("UDP sockets as they end", watched::datagrams),
    ];
    // The test kit has no need of that name; the host knows which kernels must have it.
    if mptcp_socket().is_ok() {
        cases.push(case("rows of MPTCP's subflows", multipath));
    }
    cases
}

const FROM_PROC: View<'static> = View { diag: false, owners: Owners::All };

/// The rows of `pree WORDS --json` are these sockets, and nothing is missing but what this source cannot have.
fn same<'t>(truth: impl IntoIterator<Item = &'t Truth>, words: &str, view: View<'_>) -> Result<(), Failed> {
    let truth: Vec<&Truth> = truth.into_iter().collect();
    let answer = pree(&format!("--json {words}"))?;
    if answer.code != 0 {
        return Err(format!("pree --json {words}: code {}: {}", answer.code, answer.err).into());
    }
    let document = json::document(std::str::from_utf8(&answer.out)?)?;
    let mut missing = BTreeMap::new();
    for gap in &document.missing {
        *missing.entry(gap.what.as_str()).or_default() += gap.count.ok_or_else(|| format!("{gap:?}"))?;
    }
    let count = |is: fn(&Truth) -> bool| truth.iter().filter(|truth| is(truth)).count() as u64;
    // JSON asks for everything: of each socket, /proc lacks something.
    let (stats, fields) = if view.diag { (0, 0) } else { (count(has_stats), count(is_in_proc)) };
    let owners = count(|truth| truth.unowned == Some(NOT_LOOKED_UP));
    let expected = [("fields", fields), ("owners", owners), ("stats", stats)];
    let expected: BTreeMap<_, _> = expected.into_iter().filter(|(_, count)| *count > 0).collect();
    if missing != expected {
        let told = format!("missing {missing:?}, expected {expected:?}: {}", answer.err);
        return Err(format!("pree --json {words}: {told}").into());
    }
    truth::same(truth, &document.rows()?, view)
}

/// The word for an owner of whom the one source that was asked knows nothing.
const NOT_LOOKED_UP: &str = "not_looked_up";

/// /proc has no TCP sockets that are only bound.
fn is_in_proc(truth: &Truth) -> bool {
    truth.state != "bound_inactive"
}

fn fallback() -> Result<(), Failed> {
    same(everything()?.truth(), "", FROM_PROC)
}

/// Without modules: the old request for all of TCP is not known, the others find nobody who answers.
fn refused() -> Result<(), Failed> {
    let _all = population::connections()?;
    for (words, errno) in [("-t", "EOPNOTSUPP (95)"), ("-t4", "ENOENT (2)"), ("-u", "ENOENT (2)")] {
        let answer = pree(&format!("--source diag {words}"))?;
        if answer.code != 4 || !answer.out.is_empty() || !answer.err.contains(errno) {
            return Err(format!("{words}: code {} without {errno}: {:?}", answer.code, answer.err).into());
        }
    }
    Ok(())
}

fn automatic() -> Result<(), Failed> {
    let all = everything()?;
    fact("sockets made", all.truth().len())?;
    abilities()?;
    same(all.truth(), "", FULL)
}

fn by_diag() -> Result<(), Failed> {
    same(everything()?.truth(), "--source diag", FULL)
}

fn by_proc() -> Result<(), Failed> {
    same(everything()?.truth(), "--source proc", FROM_PROC)
}

fn by_procfs() -> Result<(), Failed> {
    let all = everything()?;
    // That parser knows no UDP-Lite.
    let known = all.truth().iter().filter(|truth| truth.protocol != "udplite");
    // Of sockets that are only bound it is not known whether they match.
    same(known, "-tu not proto=udplite state!=bound-inactive --source procfs", FROM_PROC)
}

fn first_owners() -> Result<(), Failed> {
    same(everything()?.truth(), "--owners first", View { owners: Owners::First, ..FULL })
}

/// Which kernels can do it is told, and the host knows which must.
fn bpf_owners() -> Result<(), Failed> {
    let all = everything()?;
    let words = "--owners bpf";
    let answer = pree(&format!("--json {words}"))?;
    if answer.code == 4
        && answer.out.is_empty()
        && answer.err.contains("it takes Linux 5.12 with BPF and BTF")
    {
        return Ok(fact("owners by BPF", "no")?);
    }
    fact("owners by BPF", "yes")?;
    // Asked alone, BPF does not prove that nobody holds what it shows no holder of.
    let mut truth: Vec<Truth> = all.truth().to_vec();
    for truth in truth.iter_mut().filter(|truth| truth.unowned == Some("no_visible_holder")) {
        truth.unowned = Some(NOT_LOOKED_UP);
    }
    same(&truth, words, FULL)
}

fn bound() -> Result<(), Failed> {
    same(population::bound_only()?.truth(), "", FULL)
}

fn udplite() -> Result<(), Failed> {
    let all = population::udplite()?;
    same(all.truth(), "", FULL)?;
    same(all.truth(), "--source proc", FROM_PROC)
}

/// Whether something is true of a socket.
type Wanted = fn(&Truth) -> bool;

/// Filters that the kernel decides, and the sockets they are true of.
const FILTERS: &[(&str, Wanted)] = &[
    ("state=listen", |truth| truth.state == "listen"),
    ("dev=lo", |truth| truth.interface == Some(1)),
    ("fwmark=0xc0ffee", |truth| truth.mark.is_some()),
    ("src=127.0.0.0/8", |truth| truth.local.ip().to_canonical().to_string().starts_with("127.")),
    ("sport>=1024 and not src=::1", |truth| truth.local.ip().to_string() != "::1"),
    ("proto=tcp dst=[::1]", |truth| {
        truth.protocol == "tcp" && truth.remote.is_some_and(|end| end.ip().to_string() == "::1")
    }),
    // Everything here runs in the root group.
    ("state=established cgroup=/", |truth| truth.state == "established"),
];

fn filters() -> Result<(), Failed> {
    let mut all = population::options()?;
    all.merge(population::listeners()?);
    all.merge(population::connections()?);
    all.merge(population::udp()?);
    // Where the kernel does not tell of these, a filter that they may match says so.
    let told = if Need::BoundInactive.missing().is_some() { "state!=bound-inactive and " } else { "" };
    for (filter, wanted) in FILTERS {
        let wanted = all.truth().iter().filter(|truth| wanted(truth));
        same(wanted, &format!("{told}({filter})"), FULL)
            .map_err(|failed| format!("{filter}: {}", failed.message().unwrap_or_default()))?;
    }
    Ok(())
}

/// The last field of each length of `tcp_info`, and that length.
const LAST_FIELDS: &[(&str, usize)] =
    &[("snd_wnd", 232), ("rehash", 240), ("total_rto", 248), ("accecn_state", 280)];

fn statistics() -> Result<(), Failed> {
    let all = connection(Socket::tcp)?;
    let rows = document("--json state=established")?.whole()?.sockets;
    let [one, other] = rows.as_slice() else { return Err(format!("{rows:?}").into()) };
    let sender = if one["tcp"]["bytes_sent"] == SENT { one } else { other };
    let tcp = &sender["tcp"];
    // The SYN is acknowledged too.
    for (name, expected) in [
        ("bytes_sent", SENT),
        ("bytes_acked", SENT + 1),
        ("bytes_retrans", 0),
        ("total_retrans", 0),
        ("unacked", 0),
    ] {
        if tcp[name] != expected {
            return Err(format!("{name} is {} instead of {expected}: {tcp}", tcp[name]).into());
        }
    }
    for name in ["rtt_us", "min_rtt_us", "cwnd", "snd_mss", "congestion_algorithm", "delivery_rate"] {
        if tcp[name].is_null() {
            return Err(format!("{name} is unknown: {tcp}").into());
        }
    }
    fact("bytes of tcp_info", all.1)?;
    for (name, length) in LAST_FIELDS {
        let value = tcp.get(name).ok_or_else(|| format!("no member {name}: {tcp}"))?;
        if value.is_null() == (all.1 >= *length) {
            return Err(format!("{name} is {value} of {} bytes", all.1).into());
        }
    }
    Ok(())
}

const SENT: usize = 10_000;

/// A connection over which so many bytes went one way, all acknowledged, and the length of its `tcp_info`.
fn connection(make: fn(Family) -> std::io::Result<Socket>) -> Result<(Population, usize), Failed> {
    let mut all = Population::new();
    let listener = make(Family::V4)?;
    listener.bind((Family::V4.loopback(), 0))?;
    listener.listen(1)?;
    let client = make(Family::V4)?;
    client.connect(listener.local()?)?;
    let server = listener.accept()?;
    let mut left = client.send(&[b'x'; SENT])?;
    while left > 0 {
        left -= server.receive(&mut [0; 4096])?;
    }
    pree_testkit::wait_until("the last acknowledgement", || {
        client.unacknowledged_bytes().is_ok_and(|bytes| bytes == 0)
    })?;
    let length = client.tcp_info()?.len();
    all.keep((listener, client, server));
    Ok((all, length))
}

fn abilities() -> Result<(), Failed> {
    let word = |has| if has { "yes" } else { "no" };
    fact("MPTCP", word(mptcp_socket().is_ok()))?;
    fact("UDP-Lite", word(Need::UdpLite.missing().is_none()))?;
    fact("bound sockets reported", word(Need::BoundInactive.missing().is_none()))?;
    Ok(())
}

fn mptcp_socket() -> rustix::io::Result<OwnedFd> {
    let protocol = NonZeroU32::new(262).map(Protocol::from_raw);
    net::socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, protocol)
}

fn multipath() -> Result<(), Failed> {
    let listener = mptcp_socket()?;
    net::bind(&listener, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    net::listen(&listener, 1)?;
    let client = mptcp_socket()?;
    net::connect(&client, &net::getsockname(&listener)?)?;
    let _server = net::accept(&listener)?;
    // The connections below the multipath ones; those themselves are no TCP.
    let rows = document("--json -t state=established")?.whole()?.sockets;
    let layers: Vec<&Value> = rows.iter().map(|row| &row["upper_layer"]).collect();
    if layers == ["mptcp", "mptcp"] { Ok(()) } else { Err(format!("upper layers {layers:?}").into()) }
}
