//! Recordings: any file, and any recording as the source of an answer.

use pree::source::Recording;
use pree::{Filter, Needs, Query, SourceChoice};

use super::collection;

pub(super) const WORDS: &[&str] = &[
    "diag 0 6 first",
    "diag 0 6 check",
    "diag 0 6 settle",
    "diag 2 17 first",
    "diag 10 17 first",
    "net tcp",
    "net udp6",
    "processes",
    "process 40 sockets",
    "process 40 stat",
    "process 40 threads",
    "process 40 thread 41 sockets",
    "interface lo",
    "users",
    "boot_id",
    "kernel_release",
    "apple effective_user",
    "apple size net.inet.tcp.pcblist_n",
    "apple list net.inet.tcp.pcblist_n",
    "apple list net.local.stream.pcblist_n",
    "apple processes",
    "apple process 400 descriptors",
    "apple process 400 socket 5",
    "apple process 400 info",
    "\u{1}",
    "\u{2}",
    "\u{3}",
    "\u{4}",
];

/// It is written as it was read, and answers every question without a panic.
pub(super) fn target(data: &[u8]) {
    let recording = match Recording::from_bytes(data) {
        Ok(recording) => recording,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let bytes = recording.to_bytes();
    // But for the version, which is the one that is written.
    assert_eq!((&bytes[..8], &bytes[12..]), (&data[..8], &data[12..]));
    assert_eq!(Recording::from_bytes(&bytes).ok(), Some(recording.clone()));
    let mut queries = vec![Query::new().needs(Needs::all())];
    queries.push(Query::new().needs(Needs::all()).source(SourceChoice::Proc));
    queries.extend("dev=lo or process~a".parse::<Filter>().map(|filter| Query::new().tcp().filter(filter)));
    for query in queries {
        collection::look(&query, &mut recording.replay());
    }
}
