//! The table of PLATFORM.md, *Fields by system*, beside the registry of fields, and beside what collections of these
//! systems tell.

use std::collections::BTreeSet;

use pree::field::{self, Field, Unit, Value, View};
use pree::source::{Recording, System};
use pree::{Needs, Query, Snapshot};

use super::windows;

const PLATFORM: &str = include_str!("../../../../PLATFORM.md");
const MAC: &[u8] = include_bytes!("../golden/macos-root.pree");
/// What is not told.
const NOTHING: &str = "—";

/// Name, unit, and what stands under each system.
struct Line {
    name: &'static str,
    unit: &'static str,
    linux: &'static str,
    macos: &'static str,
    windows: &'static str,
}

fn lines() -> Vec<Line> {
    let (_, table) = PLATFORM.split_once("| Field | Unit | Linux | macOS | Windows |\n").unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [name, unit, linux, macos, windows] = cells[..] else { panic!("{row}") };
        Line { name: name.trim_matches('`'), unit, linux, macos, windows }
    })
    .collect()
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Text | Unit::Word => "word",
        Unit::Bool => "yes/no",
        Unit::Id | Unit::LongId | Unit::Code | Unit::Flags => "number",
        Unit::Address => "address",
        Unit::Count => "count",
        Unit::Segments => "segments",
        Unit::Bytes => "bytes",
        Unit::BytesPerSecond => "bytes/s",
        Unit::PacketsPerSecond => "packets/s",
        Unit::Microseconds => "µs",
        Unit::Milliseconds => "ms",
        Unit::UnixTime => "s since 1970",
        Unit::Timestamp => "UTC",
        Unit::Share => "share",
        Unit::Score => "0–1",
        other => panic!("{other:?} has no word"),
    }
}

#[test]
fn every_field_has_its_line() {
    let lines = lines();
    let begins = |name, unit, linux| format!("| `{name}` | {unit} | {linux} |");
    let told: Vec<_> = lines.iter().map(|line| begins(line.name, line.unit, line.linux)).collect();
    let expected: Vec<_> = field::all()
        .map(|field| {
            let linux = if field.told_by.contains(&System::Linux) { field.source } else { NOTHING };
            begins(field.name, unit(field.unit), linux)
        })
        .collect();
    // The first line that differs: both tables would be pages.
    let end = told.len().max(expected.len());
    if let Some(at) = (0..end).find(|at| told.get(*at) != expected.get(*at)) {
        panic!("PLATFORM.md has {:?} where {:?} should stand", told.get(at), expected.get(at));
    }
    for line in &lines {
        let field = field::named(line.name).unwrap();
        for (system, cell) in [(System::Macos, line.macos), (System::Windows, line.windows)] {
            assert!(!cell.is_empty(), "{}: {NOTHING} where nothing is told", line.name);
            assert_eq!(field.told_by.contains(&system), cell != NOTHING, "{} on {system:?}", line.name);
        }
    }
}

/// Fields that some socket has.
fn known(snapshot: &Snapshot) -> BTreeSet<&'static str> {
    let is_known =
        |field: &&Field| snapshot.iter().any(|socket| (field.get)(&View::new(socket)) != Value::Unknown);
    field::all().filter(is_known).map(|field| field.name).collect()
}

/// Fields that are judged, not told: whether there is a judgement depends on the numbers. And those that take several looks, or are
/// of events.
fn is_judged(name: &&str) -> bool {
    let beside = [field::Section::Quality, field::Section::Event];
    field::named(name).is_some_and(|field| field.takes_time || beside.contains(&field.section))
}

#[test]
fn windows_tells_what_its_column_says_and_nothing_else() {
    let query = Query::new().tcp().udp().stats().owners().needs(Needs::all());
    let snapshot = query.collect_from(&mut windows::everything()).unwrap();
    let column = lines().into_iter().filter(|line| line.windows != NOTHING).map(|line| line.name);
    let column: BTreeSet<_> = column.filter(|name| !is_judged(name)).collect();
    let told: BTreeSet<_> = known(&snapshot).into_iter().filter(|name| !is_judged(name)).collect();
    assert_eq!(told, column);
}

#[test]
fn a_mac_tells_nothing_that_its_column_does_not_say() {
    let recording = Recording::from_bytes(MAC).unwrap();
    let query = Query::new().protocols(pree::Protocols::all()).stats().owners();
    let needs = Needs::TRAFFIC_CLASS
        | Needs::PROCESS_USER
        | Needs::PROCESS_EXECUTABLE
        | Needs::PROCESS_COMMAND_LINE
        | Needs::SEQUENCES;
    let snapshot = query.needs(needs).collect_from(&mut recording.replay()).unwrap();
    let column: BTreeSet<_> =
        lines().into_iter().filter(|line| line.macos != NOTHING).map(|line| line.name).collect();
    let told = known(&snapshot);
    let beyond: Vec<_> = told.difference(&column).filter(|name| !is_judged(name)).collect();
    assert!(beyond.is_empty(), "{beyond:?}");
    // And most of what the column says.
    assert!(told.len() > 30, "{told:?}");
}
