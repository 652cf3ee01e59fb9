//! Recordings of a Mac as files: what was recorded once is read by every later version, on every system.

use std::fs;
use std::path::{Path, PathBuf};

use pree::source::{Recorder, Recording, System};
use pree::{Needs, Protocols, Query, Snapshot};

use crate::mac::{Asks, Mac};

/// What `pree capture` asks.
fn everything() -> Query {
    let details = Needs::PROCESS_USER | Needs::PROCESS_EXECUTABLE | Needs::PROCESS_COMMAND_LINE;
    Query::new().protocols(Protocols::all()).stats().owners().needs(Needs::TRAFFIC_CLASS | details)
}

const FILES: [(&str, Asks); 2] =
    [("macos-root.pree", Asks::Root), ("macos-27-user.pree", Asks::UserKeptApart)];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn record(asks: Asks) -> (Snapshot, Vec<u8>) {
    let mut recorder = Recorder::new(Mac::new(asks));
    let snapshot = everything().collect_from(&mut recorder).unwrap();
    (snapshot, recorder.finish().to_bytes())
}

#[test]
fn recorded_files_answer_as_the_mac_did() {
    for (name, asks) in FILES {
        let recording = Recording::from_bytes(&fs::read(file(name)).unwrap()).unwrap();
        assert_eq!(recording.system(), System::Macos);
        assert_eq!(everything().collect_from(&mut recording.replay()).unwrap(), record(asks).0, "{name}");
    }
}

/// Kind and body of each record, but for what time it was: the files are of version 2, which does not say.
fn records(recording: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let (mut rest, between) = if recording[8] < 3 { (&recording[16..], 0) } else { (&recording[24..], 12) };
    let (mut records, mut is_clock) = (Vec::new(), false);
    while let [kind, a, b, c, d, behind @ ..] = rest {
        let (body, after) = behind[between..].split_at(u32::from_le_bytes([*a, *b, *c, *d]) as usize);
        is_clock = if *kind == 1 { body == b"clock" } else { is_clock };
        records.extend((!is_clock).then(|| (*kind, body.to_vec())));
        rest = after;
    }
    records
}

#[test]
fn the_same_questions_are_asked() {
    for (name, asks) in FILES {
        let (_, bytes) = record(asks);
        if fs::read(file(name)).ok().as_deref().map(records) != Some(records(&bytes)) {
            let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
            fs::write(&new, bytes).unwrap();
            panic!(
                "what is recorded has changed; if that is meant: cp {} {}",
                new.display(),
                file(name).display()
            );
        }
    }
}
