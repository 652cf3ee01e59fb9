//! The default columns.

/// The columns of a table.
pub(crate) const TABLE: [&str; 7] = ["proto", "state", "recvq", "sendq", "local", "remote", "owner"];

/// The columns of a table on a terminal. A pipe has no judgement unless asked for: statistics cost the kernel time.
pub(crate) const TERMINAL: [&str; 10] =
    ["proto", "state", "recvq", "sendq", "local", "remote", "rtt", "score", "owner", "worst"];

/// The same with Unix sockets among them: who is at the other end.
pub(crate) const TABLE_UNIX: [&str; 8] =
    ["proto", "state", "recvq", "sendq", "local", "remote", "peer", "owner"];

/// The columns of a table of Unix sockets alone, which have a name at one end only.
pub(crate) const ONLY_UNIX: [&str; 8] =
    ["proto", "type", "state", "recvq", "sendq", "local", "peer", "owner"];

/// The columns of ends, of `pree watch`. The owner, which has no fixed width, stands last.
pub(crate) const ENDS: [&str; 12] = [
    "time", "lasted", "sent", "received", "retrans", "minrtt", "score", "how", "local", "remote", "owner",
    "worst",
];

/// The same of connections that could not be opened.
pub(crate) const FAILED: [&str; 7] = ["time", "lasted", "how", "errno", "local", "remote", "owner"];

/// The same of all events.
pub(crate) const EVENTS: [&str; 7] = ["time", "event", "state", "how", "local", "remote", "owner"];

/// The same with ticks.
pub(crate) const TICKS: [&str; 12] =
    ["time", "event", "tx", "rx", "rtt", "retrans_rate", "score", "how", "local", "remote", "owner", "worst"];

/// The same of both for programs.
pub(crate) const SEPARATED_EVENTS: [&str; 21] = [
    "time",
    "event",
    "protocol",
    "family",
    "from",
    "state",
    "src",
    "sport",
    "dst",
    "dport",
    "lasted",
    "sent",
    "received",
    "retrans",
    "minrtt",
    "how",
    "errno",
    "id",
    "pid",
    "process",
    "provisional",
];

/// The columns of CSV and TSV; `-i`, `-m`, `-o` and `-e` add theirs.
pub(crate) const SEPARATED: [&str; 17] = [
    "protocol", "family", "state", "src", "sport", "dst", "dport", "recvq", "sendq", "uid", "inode", "id",
    "pid", "process", "fd", "owner", "unowned",
];

/// With Unix sockets among them, these too.
pub(crate) const SEPARATED_UNIX: [&str; 4] = ["type", "path", "peer_inode", "peer"];
