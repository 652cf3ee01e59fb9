//! `pree -s` counts what there is.

use std::collections::BTreeMap;

use pree_testkit::{Case, Failed, Need};
use serde_json::Value;

use crate::{population, run};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("the_summary_counts_every_socket_once", counts).lab().needs(Need::Ipv6).needs(Need::Veth),
        Case::new("a_summary_of_nothing_is_zeros", nothing).lab(),
    ]
}

fn counts() -> Result<(), Failed> {
    let all = population::everything()?;
    for (flags, chosen) in [("", None), ("-t", Some("tcp")), ("proto=udp", Some("udp"))] {
        let mut expected: BTreeMap<(String, String), u64> = BTreeMap::new();
        for truth in all.truth().iter().filter(|truth| chosen.is_none_or(|name| name == truth.protocol)) {
            *expected.entry((truth.protocol.to_owned(), truth.state.to_owned())).or_default() += 1;
        }
        let text = run::pree(&format!("-s {flags} --json"))?.whole()?.out;
        let document: Value = serde_json::from_str(&text)?;
        let summary = &document["summary"];
        let mut found = BTreeMap::new();
        for (protocol, value) in summary["protocols"].as_object().into_iter().flatten() {
            for (state, numbers) in value["states"].as_object().into_iter().flatten() {
                let total = numbers["sockets"].as_u64().ok_or("no number")?;
                found.insert((protocol.clone(), state.clone()), total);
                let families = numbers["ipv4"].as_u64().zip(numbers["ipv6"].as_u64());
                if families.map(|(v4, v6)| v4 + v6) != Some(total) {
                    return Err(format!("{protocol} {state}: {numbers}").into());
                }
            }
        }
        if found != expected {
            return Err(format!("{flags}: {found:?}, not {expected:?}").into());
        }
        let unowned: u64 =
            summary["unowned"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum();
        let sums = summary["owned"].as_u64().map(|owned| owned + unowned);
        if sums != Some(expected.values().sum()) {
            return Err(format!("{flags}: owned and not are {sums:?}: {summary}").into());
        }
        let plain = run::pree(&format!("-s {flags}"))?.whole()?.out;
        let total = format!("{} sockets: ", expected.values().sum::<u64>());
        if !plain.starts_with(&total) || plain.lines().any(|line| line.len() > 80) {
            return Err(format!("{flags}: {plain}").into());
        }
    }
    Ok(())
}

fn nothing() -> Result<(), Failed> {
    let text = run::pree("summary")?.whole()?.out;
    if !text.starts_with("0 sockets: ") {
        return Err(text.into());
    }
    run::pree("-s -q")?.code(1)?.silent()?;
    run::pree("summary nonsense=1")?.code(2)?.silent()?;
    Ok(())
}
