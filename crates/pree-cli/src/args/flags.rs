//! Every flag, once: how it is written, what it does, what its value sets.

use std::path::Path;
use std::time::Duration;

use pree::{
    Family, Filter, Namespaces, OtherProtocol, OwnerLookup, OwnerSource, Protocol, Protocols, SourceChoice,
    Text,
};

use super::{Args, Command, Format, When, Which};
use crate::files;
use crate::output::escape;

/// One flag. `value` names what it takes.
pub(crate) struct Flag {
    pub(crate) short: Option<char>,
    pub(crate) long: &'static str,
    pub(crate) value: Option<&'static str>,
    pub(crate) group: &'static str,
    pub(crate) doc: &'static str,
    pub(super) set: fn(&mut Args, &str) -> Result<(), String>,
}

impl Flag {
    /// Whether its value can be a path. What is there is opened with the user's own rights.
    pub(crate) fn takes_path(&self) -> bool {
        self.value.is_some_and(|value| value.split('|').any(|word| matches!(word, "FILE" | "PATH")))
    }
}

/// Groups of the help, in order.
pub(crate) const GROUPS: [&str; 4] = ["Which sockets", "What about them", "Output", "How"];

macro_rules! flag {
    ($group:literal, $short:expr, $long:literal, $value:expr, $doc:expr, $set:expr) => {
        Flag { short: $short, long: $long, value: $value, group: $group, doc: $doc, set: $set }
    };
}

macro_rules! set {
    ($args:ident => $do:expr) => {
        |$args, _| {
            $do;
            Ok(())
        }
    };
}

const NOTHING: fn(&mut Args, &str) -> Result<(), String> = |_, _| Ok(());

#[rustfmt::skip] // A table: one flag an entry, the explanation beside it.
pub(crate) const FLAGS: &[Flag] = &[
    flag!("Which sockets", Some('t'), "tcp", None, "TCP sockets", set!(a => protocol(a, Protocols::TCP))),
    flag!("Which sockets", Some('u'), "udp", None, "UDP and UDP-Lite sockets",
        set!(a => protocol(a, Protocols::UDP | Protocols::UDPLITE))),
    flag!("Which sockets", Some('x'), "unix", None, "Unix sockets", set!(a => protocol(a, Protocols::UNIX))),
    flag!("Which sockets", Some('w'), "raw", None, "raw IP sockets, and those for ICMP echo",
        set!(a => protocol(a, Protocols::RAW | Protocols::ICMP))),
    flag!("Which sockets", Some('0'), "packet", None, "packet sockets, such as those of tcpdump",
        set!(a => protocol(a, Protocols::PACKET))),
    flag!("Which sockets", Some('M'), "mptcp", None, "MPTCP connections, above their subflows",
        set!(a => protocol(a, Protocols::MPTCP))),
    flag!("Which sockets", Some('S'), "sctp", None, "SCTP sockets and associations",
        set!(a => protocol(a, Protocols::SCTP))),
    flag!("Which sockets", None, "vsock", None, "sockets of virtual machines and their host",
        set!(a => protocol(a, Protocols::VSOCK))),
    flag!("Which sockets", Some('A'), "query", Some("LIST"), "protocols by name: tcp,unix,inet,other,all", protocols),
    flag!("Which sockets", Some('4'), "ipv4", None, "only IPv4 sockets", set!(a => a.families.push(Family::Ipv4))),
    flag!("Which sockets", Some('6'), "ipv6", None, "only IPv6 sockets, v4-mapped ones included",
        set!(a => a.families.push(Family::Ipv6))),
    flag!("Which sockets", Some('l'), "listening", None, "only sockets that wait for peers",
        set!(a => a.which = Some(a.which.unwrap_or(Which::Listening)))),
    flag!("Which sockets", Some('a'), "all", None, "every state, on a terminal TIME-WAIT too",
        set!(a => a.which = Some(Which::All))),
    flag!("Which sockets", Some('B'), "bound-inactive", None, "only TCP sockets bound and neither listening nor connected",
        set!(a => a.which = Some(Which::Bound))),
    flag!("Which sockets", Some('N'), "net", Some("NAME|PID|PATH"), "sockets of another network namespace",
        |a, value| namespaces(a, Namespaces::One(Text::from(value.as_bytes())))),
    flag!("Which sockets", None, "all-netns", None, "sockets of every network namespace",
        |a, _| namespaces(a, Namespaces::All)),
    flag!("Which sockets", Some('F'), "filter", Some("FILE"), "filter from a file, - for standard input", filter_file),
    flag!("What about them", Some('p'), "processes", None, "owning processes (the default)",
        set!(a => if a.owners == OwnerLookup::None { a.owners = OwnerLookup::All })),
    flag!("What about them", Some('i'), "info", None, "TCP statistics", set!(a => a.tcp_info = true)),
    flag!("What about them", Some('e'), "extended", None, "user, inode, cookie, mark, cgroup, options",
        set!(a => a.extended = true)),
    flag!("What about them", Some('m'), "memory", None, "socket memory and drops", set!(a => a.memory = true)),
    flag!("What about them", Some('o'), "options", None, "timers", set!(a => a.timers = true)),
    flag!("What about them", Some('s'), "summary", None, "how many of each, no list",
        set!(a => a.command = Command::Summary)),
    flag!("Output", Some('c'), "columns", Some("LIST"), "columns, or +more,-fewer; see pree help COLUMNS",
        |a, value| { a.columns = Some(value.to_owned()); Ok(()) }),
    flag!("Output", None, "sort", Some("FIELD"), "order by a field, -FIELD largest first; several with commas",
        |a, value| { a.sort.extend(value.split(',').map(str::to_owned)); Ok(()) }),
    flag!("Output", Some('g'), "group-by", Some("FIELD"), "one row for process, remote, state or any other field",
        |a, value| { a.group_by = Some(value.to_owned()); Ok(()) }),
    flag!("Output", None, "count", None, "how many, not which", set!(a => a.count = true)),
    flag!("Output", None, "limit", Some("N"), "at most this many rows", |a, value| {
        a.limit = Some(value.parse().map_err(|_| choice("--limit", value, "a number of rows"))?);
        Ok(())
    }),
    flag!("Output", None, "json", None, "one JSON document", |a, _| format(a, Format::Json)),
    flag!("Output", None, "jsonl", None, "a JSON object a line, as sockets come; also --ndjson",
        |a, _| format(a, Format::Jsonl)),
    flag!("Output", None, "csv", None, "comma-separated values, RFC 4180", |a, _| format(a, Format::Csv)),
    flag!("Output", None, "tsv", None, "tab-separated values", |a, _| format(a, Format::Tsv)),
    flag!("Output", None, "format", Some("TEXT"), "a line a socket, with {fields}: '{pid} {local}'", |a, value| {
        a.template = Some(value.to_owned());
        format(a, Format::Template)
    }),
    flag!("Output", None, "raw-units", None, "plain numbers: microseconds, bytes", set!(a => a.raw_units = true)),
    flag!("Output", None, "no-trunc", None, "no process name or command is shortened", set!(a => a.no_trunc = true)),
    flag!("Output", None, "color", Some("auto|always|never"), "colour for trouble", |a, value| {
        a.color = match value {
            "auto" => When::Auto,
            "always" => When::Always,
            "never" => When::Never,
            _ => return Err(choice("--color", value, "auto, always or never")),
        };
        Ok(())
    }),
    flag!("Output", None, "pager", None, "page by page on a terminal, through $PAGER or less",
        set!(a => a.pager = true)),
    flag!("Output", Some('H'), "no-header", None, "no heading", set!(a => a.no_header = true)),
    flag!("Output", Some('n'), "numeric", None, "numbers, not names (the default)", NOTHING),
    flag!("Output", Some('O'), "oneline", None, "a socket a line (the default)", NOTHING),
    flag!("Output", Some('q'), "quiet", None, "no rows: the exit code says whether anything matched",
        set!(a => a.quiet = true)),
    flag!("How", None, "source", Some("auto|diag|proc|procfs"), "where rows are read from", |a, value| {
        a.source = match value {
            "auto" => SourceChoice::Auto,
            "diag" => SourceChoice::Diag,
            "proc" => SourceChoice::Proc,
            "procfs" => SourceChoice::Procfs,
            _ => return Err(choice("--source", value, "auto, diag, proc or procfs")),
        };
        Ok(())
    }),
    flag!("How", None, "owners", Some("auto|bpf|proc|first|none"), "how and how far owners are looked for", |a, value| {
        (a.owners, a.owner_source) = match value {
            "auto" => (OwnerLookup::All, OwnerSource::Auto),
            "bpf" => (OwnerLookup::All, OwnerSource::Bpf),
            "proc" => (OwnerLookup::All, OwnerSource::Proc),
            "first" => (OwnerLookup::First, OwnerSource::Auto),
            "none" => (OwnerLookup::None, OwnerSource::Auto),
            _ => return Err(choice("--owners", value, "auto, bpf, proc, first or none")),
        };
        Ok(())
    }),
    flag!("How", None, "for", Some("TIME"), "explain, doctor: look for this long and judge what happens in it", look_for),
    flag!("How", None, "estats", Some("TIME"),
        "Windows, as administrator: switch statistics on for this long and read them then", estats),
    flag!("How", None, "replay", Some("FILE"), "answer from a file that pree capture wrote",
        |a, value| { a.replay = Some(value.into()); Ok(()) }),
    flag!("How", None, "strict", None, "exit 3 when anything at all is missing, not only sockets",
        set!(a => a.strict = true)),
    flag!("How", Some('v'), "verbose", None, "tell where the answer came from", set!(a => a.verbose = true)),
    flag!("How", Some('h'), "help", None, "this help", set!(a => a.command = Command::Help)),
    flag!("How", Some('V'), "version", None, "the version", set!(a => a.command = Command::Version)),
];

/// Other ways to write a flag.
const ALIASES: &[(&str, &str)] = &[("ndjson", "jsonl"), ("socket", "query"), ("colour", "color")];

/// Flags that are agreed and not there yet: said plainly instead of "unknown".
const LATER: &[&str] = &["r", "E", "watch", "save", "resolve", "events", "no-runtime", "yes"];

/// The flag of this long name.
pub(super) fn long(name: &str) -> Option<&'static Flag> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name, |(_, name)| *name);
    FLAGS.iter().find(|flag| flag.long == name)
}

/// What to say about a flag that is not in the table.
pub(super) fn unknown(written: &str) -> String {
    let name = written.trim_start_matches('-');
    if matches!(name, "K" | "kill") {
        return "-K is not taken: closing sockets will be `pree close`, which is not there yet".to_owned();
    }
    if LATER.contains(&name) {
        return format!("{written} is not there yet");
    }
    format!("there is no flag {written}")
}

fn protocol(args: &mut Args, protocols: Protocols) {
    args.protocols = Some(args.protocols.unwrap_or(Protocols::empty()) | protocols);
}

fn namespaces(args: &mut Args, which: Namespaces) -> Result<(), String> {
    if args.namespaces != Namespaces::Own && args.namespaces != which {
        return Err("one -N, or --all-netns: choose".to_owned());
    }
    args.namespaces = which;
    Ok(())
}

fn protocols(args: &mut Args, list: &str) -> Result<(), String> {
    for name in list.split(',') {
        let known = Protocol::ALL.into_iter().find(|protocol| protocol.name() == name);
        let named = match (known, name) {
            (Some(known), _) => known.set(),
            (None, "inet") => Protocols::INET,
            (None, "all") => Protocols::all(),
            (None, _) if OtherProtocol::KNOWN.contains(&name) => {
                return Err(format!("{name} sockets are among -A other: say -A other proto={name}"));
            }
            (None, _) => {
                let names: Vec<&str> = Protocol::ALL.iter().map(Protocol::name).collect();
                let names = names.join(", ");
                return Err(choice("-A", name, &format!("{names}, inet or all")));
            }
        };
        protocol(args, named);
    }
    Ok(())
}

/// Largest file that is read for a filter: ones that are taken, with many comments, are smaller.
const LARGEST_FILTER: usize = 1 << 20;

fn filter_file(args: &mut Args, path: &str) -> Result<(), String> {
    let path = Path::new(path);
    let mut bytes = Vec::new();
    let read =
        files::open(path).and_then(|mut file| files::read_to_end(&mut *file, &mut bytes, LARGEST_FILTER));
    read.map_err(|error| format!("cannot read {}: {error}", files::name(path)))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", files::name(path)))?;
    // Lines are one filter; a # begins a comment.
    let lines: Vec<&str> = text.lines().map(|line| line.split('#').next().unwrap_or_default()).collect();
    let filter = super::filter(args.filter.take(), &lines.join(" "));
    args.filter =
        Some(filter.map_err(|failure| failure.text().map(|text| text.to_string()).unwrap_or_default())?);
    Ok(())
}

/// Shorter holds too few looks, longer too many surprises.
const LOOK: std::ops::RangeInclusive<Duration> = Duration::from_millis(200)..=Duration::from_secs(3600);

/// Nothing is counted in no time, and nobody waits for ever.
const COLLECT: std::ops::RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(3600);

fn estats(args: &mut Args, value: &str) -> Result<(), String> {
    let time = Filter::duration(value).ok().filter(|time| COLLECT.contains(time));
    args.estats = Some(time.ok_or_else(|| choice("--estats", value, "a time from 10ms to 1h, such as 5s"))?);
    Ok(())
}

fn look_for(args: &mut Args, value: &str) -> Result<(), String> {
    let time = Filter::duration(value).ok().filter(|time| LOOK.contains(time));
    args.look_for = Some(time.ok_or_else(|| choice("--for", value, "a time from 200ms to 1h, such as 10s"))?);
    Ok(())
}

fn format(args: &mut Args, format: Format) -> Result<(), String> {
    if args.format != Format::Table && args.format != format {
        return Err(
            "two output formats at once: choose one of --json, --jsonl, --csv, --tsv and --format".to_owned()
        );
    }
    args.format = format;
    Ok(())
}

fn choice(flag: &str, value: &str, right: &str) -> String {
    format!("{flag} takes {right}, not {}", escape::quoted(value.as_bytes()))
}
