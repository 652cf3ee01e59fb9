//! Which rows each combination of flags shows, and what `-i -m -o -e` add to them; the same rows in every format.

use std::collections::BTreeSet;

use pree_testkit::{Case, Failed, Need, Truth};

use crate::rows::{Row, common, without_scope};
use crate::table::{self, Form, USUAL};
use crate::truth::{self, Differences, FULL, Owners, View, has_stats};
use crate::{json, population, run};

pub fn cases() -> Vec<Case> {
    let lab = |name, run: fn() -> Result<(), Failed>| {
        Case::new(name, run).lab().needs(Need::Ipv6).needs(Need::Veth)
    };
    vec![
        lab("flags_choose_rows_in_every_format", choose_rows),
        lab("details_are_those_of_each_socket", details),
        lab("owners_and_sources_can_be_forced", forced),
        Case::new("an_empty_table_is_an_answer", nothing_there).lab(),
    ]
}

type Chosen = fn(&Truth) -> bool;

fn tcp(truth: &Truth) -> bool {
    truth.protocol == "tcp"
}

fn waits(truth: &Truth) -> bool {
    matches!(truth.state, "listen" | "unconnected")
}

fn choose_rows() -> Result<(), Failed> {
    let all = population::everything()?;
    let every: Chosen = |_| true;
    let cases: &[(&str, Chosen)] = &[
        ("", every),
        ("-a", every),
        ("-n -p", every),
        ("-46", every),
        ("-t -u", every),
        ("--tcp --udp --all --numeric --processes", every),
        ("-t", tcp),
        ("-ta", tcp),
        ("-u", |t| !tcp(t)),
        ("-au", |t| !tcp(t)),
        ("-l", waits),
        ("--listening", waits),
        ("-a -l", every),
        ("-l -a", every),
        ("-4", |t| t.local.is_ipv4()),
        ("-6", |t| t.local.is_ipv6()),
        ("--ipv6 -t", |t| tcp(t) && t.local.is_ipv6()),
        ("-4u", |t| !tcp(t) && t.local.is_ipv4()),
        ("-tulpn", waits),
        ("-tanpi", tcp),
        ("-ltn", |t| tcp(t) && waits(t)),
        ("-lu6", |t| !tcp(t) && waits(t) && t.local.is_ipv6()),
        ("-tuaiemo46np", every),
    ];
    for (flags, chosen) in cases {
        let expected = all.truth().iter().filter(|truth| chosen(truth));
        check(flags, expected).map_err(|failed| run::while_doing(flags, failed))?;
    }
    Ok(())
}

fn check<'t>(flags: &str, expected: impl Iterator<Item = &'t Truth>) -> Result<(), Failed> {
    let headed = run::pree(flags)?.whole()?;
    let rows = table::parse(&headed.out, USUAL)?;
    truth::same(expected, &rows, FULL)?;
    truth::names_are_exact(&rows)?;

    let bare = run::pree(&format!("{flags} -H"))?.whole()?;
    let without_heading = table::parse(&bare.out, Form { heading: false, ..USUAL })?;
    same_rows("-H", &rows, &without_heading)?;

    let document = json::document(&run::pree(&format!("{flags} --json"))?.whole()?.out)?.whole()?;
    same_rows("--json", &rows, &document.rows()?)?;
    let lines = json::lines(&run::pree(&format!("--ndjson {flags}"))?.whole()?.out)?.whole()?;
    same_rows("--jsonl", &rows, &lines.rows()?)
}

/// Nothing moves in the lab but the queues of connections whose peers do not answer, which are as they were made.
pub fn same_rows(what: &str, rows: &[Row], others: &[Row]) -> Result<(), Failed> {
    let (rows, others) = (common(rows), common(others));
    if rows == others {
        return Ok(());
    }
    let lacks = |from: &[Row], in_: &[Row]| {
        from.iter().filter(|row| !in_.contains(row)).map(|row| format!("\n  {row:?}")).collect::<String>()
    };
    let (gone, new) = (lacks(&rows, &others), lacks(&others, &rows));
    Err(format!("{what} shows other rows: not{gone}\nbut{new}").into())
}

fn details() -> Result<(), Failed> {
    let all = population::everything()?;
    let rows = table::parse(&run::pree("-aiemo --raw-units")?.whole()?.out, USUAL)?;
    truth::same(all.truth(), &rows, FULL)?;
    let plain = table::parse(&run::pree("-a")?.whole()?.out, USUAL)?;
    if let Some(row) = plain.iter().find(|row| !row.details.is_empty()) {
        return Err(format!("details that nobody asked for: {row:?}").into());
    }
    for truth in all.truth() {
        let fits = |row: &&Row| {
            let differences = detail_differences(truth, row);
            let owners: Vec<_> = row.owners.iter().map(|owner| (owner.pid, owner.fd)).collect();
            row.local == without_scope(truth.local) && owners == truth.owners && differences.is_empty()
        };
        if !rows.iter().any(|row| fits(&row)) {
            let mut near = rows.iter().filter(|row| row.local == without_scope(truth.local));
            let near = near.clone().find(|row| row.state == truth.state).or_else(|| near.next());
            let differences = near.map(|row| detail_differences(truth, row));
            return Err(format!("{truth}: {differences:?} in {near:?}").into());
        }
    }
    each_letter_adds_its_own(&rows)
}

fn detail_differences(truth: &Truth, row: &Row) -> Vec<String> {
    let mut all = Differences::default();
    let detail = |name: &str| row.details.get(name).map(String::as_str);
    let number = |name: &str| detail(name).and_then(|value| value.parse::<u64>().ok());
    let remote = truth.remote.filter(|_| truth.state != "bound_inactive").map(without_scope);
    all.same("state", truth.state, row.state.as_str());
    all.same("remote", remote, row.remote);
    // -e
    all.same("inode", truth.inode, number("inode"));
    let cookie = detail("id").and_then(|id| u64::from_str_radix(id.strip_prefix("0x")?, 16).ok());
    all.same("a cookie", true, cookie.is_some());
    all.known("cookie", truth.cookie, cookie);
    all.known("uid", truth.uid.map(u64::from), number("uid"));
    all.known("v6only", truth.v6only.map(|only| if only { "yes" } else { "no" }), detail("v6only"));
    all.same("fwmark", truth.mark.map(u64::from), number("fwmark").filter(|mark| *mark != 0));
    // -i
    all.same("statistics", has_stats(truth), detail("snd_mss").is_some());
    // Before the handshake there is nothing to measure.
    all.same("rtt", has_stats(truth) && truth.state != "syn_sent", detail("rtt").is_some());
    all.same("algorithm", has_stats(truth), detail("cc").is_some());
    // -m
    let small = matches!(truth.state, "time_wait" | "syn_received")
        || (truth.state == "fin_wait_2" && truth.inode.is_none());
    all.same("memory", !small, detail("rmem").is_some());
    all.same("drops", !small, detail("drops").is_some());
    all.known("drops", truth.drops.map(u64::from), number("drops"));
    all.known("rcvbuf", truth.receive_buffer_bytes.map(u64::from), number("rcvbuf"));
    // -o
    all.known("timer", truth.timer.map(timer_name), detail("timer"));
    all.same("time of the timer", detail("timer").is_some(), detail("timer_expires").is_some());
    all.0
}

/// From the word of `ss -o` to the one of JSON.
pub fn timer_name(word: &str) -> &str {
    match word {
        "on" => "retransmit",
        "timewait" => "time_wait",
        other => other,
    }
}

/// Each letter adds its own words and no other's. (Counters of `-i` are left out while they are 0.)
fn each_letter_adds_its_own(together: &[Row]) -> Result<(), Failed> {
    let names = |rows: &[Row]| -> BTreeSet<String> {
        rows.iter().flat_map(|row| row.details.keys().cloned()).collect()
    };
    let mut before: BTreeSet<String> = BTreeSet::new();
    for (flag, some) in [
        ("-e", &["inode", "uid", "id", "sockopt", "v6only"][..]),
        ("-m", &["rmem", "rcvbuf", "wmem", "sndbuf", "drops"]),
        ("-o", &["timer", "timer_expires"]),
        ("-i", &["rtt", "rttvar", "cwnd", "snd_mss", "rto", "cc", "minrtt"]),
    ] {
        let rows = table::parse(&run::pree(flag)?.whole()?.out, USUAL)?;
        let added = names(&rows);
        let lacking = some.iter().find(|name| !added.contains(**name) || !names(together).contains(**name));
        if lacking.is_some() || !before.is_disjoint(&added) {
            return Err(format!("{flag} adds {added:?} to {before:?}, without {lacking:?}").into());
        }
        before.extend(added);
    }
    Ok(())
}

fn forced() -> Result<(), Failed> {
    let all = population::everything()?;
    for (flag, diag) in [("auto", true), ("diag", true), ("proc", false), ("procfs", false)] {
        for (lookup, owners) in [
            ("auto", Owners::All),
            ("proc", Owners::All),
            ("first", Owners::First),
            ("none", Owners::None),
            ("none -p", Owners::All),
        ] {
            let flags = format!("--source {flag} --owners={lookup}");
            let form = Form { owners: !matches!(owners, Owners::None), ..USUAL };
            let answer = run::pree(&flags)?.code(0)?;
            let answer = if diag { answer } else { answer.through_proc()? };
            let rows = table::parse(&answer.whole()?.out, form)?;
            truth::same(all.truth(), &rows, View { diag, owners })
                .map_err(|failed| run::while_doing(&flags, failed))?;
            let lines = json::lines(&run::pree(&format!("{flags} --jsonl"))?.code(0)?.out)?;
            // Which owner is the first is the same for both: /proc is walked in one order.
            same_rows("--jsonl", &rows, &lines.rows()?).map_err(|failed| run::while_doing(&flags, failed))?;
        }
    }
    Ok(())
}

fn nothing_there() -> Result<(), Failed> {
    for source in ["auto", "diag", "proc", "procfs"] {
        let rows = |flags: &str| run::pree(&format!("{flags} --strict --source {source}"))?.whole();
        if !table::parse(&rows("")?.out, USUAL)?.is_empty() {
            return Err("a row of nobody".into());
        }
        rows("-H")?.silent()?;
        json::document(&rows("--json")?.out)?.whole()?;
        let lines = rows("--jsonl")?;
        json::lines(&lines.out)?.whole()?;
        if lines.out.lines().count() != 1 {
            return Err(format!("not one line: {:?}", lines.out).into());
        }
    }
    Ok(())
}
