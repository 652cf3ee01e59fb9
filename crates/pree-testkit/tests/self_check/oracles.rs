//! The oracles see a population as it is, as far as each can see.

use std::net::SocketAddr;

use crate::compare::lines;
use pree_testkit::oracle::{lsof, psutil, ss};
use pree_testkit::{Case, Failed, Family, Need, Population, Truth, population};

pub(crate) fn cases() -> Vec<Case> {
    let lab = |name: &str, run: fn() -> Result<(), Failed>, need| {
        Case::new(name, run).lab().needs(Need::Ipv6).needs(Need::Veth).needs(need)
    };
    vec![
        Case::new("oracle_ss_parses_a_line", ss_line),
        lab("oracle_ss", ss_sees_all, Need::Tool("ss")),
        lab("oracle_psutil", psutil_sees_all, Need::PythonModule("psutil")),
        lab("oracle_lsof", lsof_sees_owners, Need::Tool("lsof")),
    ]
}

fn everything() -> Result<Population, Failed> {
    let mut all = population::listeners()?;
    all.merge(population::connections()?);
    all.merge(population::link_local()?);
    all.merge(population::reuseport(Family::V4, 3)?);
    all.merge(population::shared()?);
    all.merge(population::accept_queue(Family::V4)?);
    all.merge(population::states(Family::V6)?);
    all.merge(population::states_mapped()?);
    all.merge(population::queues(Family::V4)?);
    all.merge(population::udp()?);
    all.merge(population::options()?);
    Ok(all)
}

fn ss_line() -> Result<(), Failed> {
    let row = ss::parse(
        r#"tcp ESTAB 5 0 [fe80::1]%eth0:80 [fe80::2]:34050 users:(("a "b",fd=(",pid=7,fd=9),("a "b",fd=(",pid=7,fd=6)) timer:(keepalive,1min,0) uid:5 ino:62398 sk:4656 cgroup:/x <-> skmem:(r837,rb131072,t0,tb3939840,f3259,w0,o0,bl0,d2) ts sack bbr wscale:10,9 rto:204 rtt:0.047/0.023 cwnd:10 bbr:(bw:0bps,mrtt:0.047) send 55775319149bps lastsnd:8 pacing_rate 15bps delivered:1 app_limited busy:4ms retrans:0/3 minrtt:0.047"#,
    )
    .ok_or("the line is understood")?;
    assert_eq!((row.state, row.receive_queue), ("established", 5));
    assert_eq!((row.local, row.interface.as_deref()), ("[fe80::1]:80".parse()?, Some("eth0")));
    assert_eq!(row.users, [(r#"a "b",fd=("#.to_owned(), 7, 6), (r#"a "b",fd=("#.to_owned(), 7, 9)]);
    assert_eq!((row.inode(), row.cookie()), (62398, Some(0x4656)));
    assert_eq!((row.memory("r"), row.memory("rb"), row.memory("d")), (Some(837), Some(131_072), Some(2)));
    assert_eq!((row.pair("rtt"), row.pair("wscale")), (Some(("0.047", "0.023")), Some(("10", "9"))));
    assert_eq!((row.number("busy"), row.field("congestion")), (Some(4.0), Some("bbr")));
    assert_eq!((row.field("send"), row.field("shutdown")), (Some("55775319149bps"), Some("<->")));
    assert!(row.flags.contains("app_limited") && row.flags.contains("ts"));
    Ok(())
}

fn ss_sees_all() -> Result<(), Failed> {
    let all = everything()?;
    let mut rows = ss::all()?;
    for truth in all.truth() {
        let found = rows.iter().position(|row| {
            let users: Vec<(u32, u32)> = row.users.iter().map(|&(_, pid, fd)| (pid, fd)).collect();
            truth.protocol == row.protocol
                && truth.state == row.state
                && plain(truth.local) == row.local
                && truth.remote.map(plain) == row.remote
                && truth.inode.unwrap_or(0) == row.inode()
                && truth.cookie.is_none_or(|cookie| row.cookie() == Some(cookie))
                && truth.owners == users
                && truth.drops.is_none_or(|drops| row.memory("d") == Some(drops.into()))
                && truth.timer.is_none_or(|timer| timer_of(row) == Some(timer))
                && truth.mark.is_none_or(|mark| row.field("fwmark") == Some(&format!("{mark:#x}")))
                && truth.congestion.is_none_or(|name| row.field("congestion") == Some(name))
                && truth.receive_buffer_bytes.is_none_or(|bytes| row.memory("rb") == Some(bytes.into()))
                && truth.interface.is_some() == row.interface.is_some()
                && truth.v6only.is_none_or(|only| row.field("v6only") == Some(if only { "1" } else { "0" }))
        });
        rows.swap_remove(found.ok_or_else(|| format!("ss lacks {truth:?} of {}", lines(&rows)))?);
    }
    if rows.is_empty() { Ok(()) } else { Err(format!("ss has more: {}", lines(&rows)).into()) }
}

fn psutil_sees_all() -> Result<(), Failed> {
    let all = everything()?;
    let rows = psutil::all()?;
    for truth in all.truth() {
        let found = rows.iter().any(|row| {
            truth.protocol == row.protocol
                && truth.state == row.state
                && plain(truth.local) == row.local
                && truth.remote.map(plain) == row.remote
                && match (row.pid, row.fd) {
                    (Some(pid), Some(fd)) => truth.owners.contains(&(pid, fd)),
                    _ => truth.owners.is_empty(),
                }
        });
        if !found {
            return Err(format!("psutil lacks {truth:?} of {}", lines(&rows)).into());
        }
    }
    Ok(())
}

fn lsof_sees_owners() -> Result<(), Failed> {
    let all = everything()?;
    let mut seen: Vec<(u64, u32, u32)> =
        lsof::all()?.iter().map(|row| (row.inode, row.pid, row.fd)).collect();
    let each = |truth: &Truth| {
        let inode = truth.inode.unwrap_or(0);
        truth.owners.iter().map(move |&(pid, fd)| (inode, pid, fd)).collect::<Vec<_>>()
    };
    let mut known: Vec<(u64, u32, u32)> = all.truth().iter().flat_map(each).collect();
    seen.sort_unstable();
    known.sort_unstable();
    assert_eq!(seen, known);
    Ok(())
}

/// The first word of `timer:(on,200ms,0)`.
fn timer_of(row: &ss::Row) -> Option<&str> {
    row.field("timer")?.strip_prefix('(')?.split(',').next()
}

fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port())
}
