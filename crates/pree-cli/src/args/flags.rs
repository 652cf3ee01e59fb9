//! Every flag, once: how it is written, what it does, what its value sets.

use std::time::Duration;

use pree::{
    Family, Filter, Namespaces, OtherProtocol, OwnerLookup, OwnerSource, Protocol, Protocols, SourceChoice,
    Text,
};

use super::command::Command;
use super::options::Args;
use crate::output::{Format, When};
use crate::session::Which;
use crate::text::escape;

/// One flag.
pub(crate) struct Flag {
    pub(crate) short: Option<char>,
    pub(crate) long: &'static str,
    /// What its value is.
    pub(crate) value: Option<&'static str>,
    pub(crate) group: &'static str,
    /// The commands that take it: with any other it is a usage error.
    commands: &'static [Command],
    pub(crate) doc: &'static str,
    pub(super) set: fn(&mut Args, &str) -> Result<(), String>,
}

impl Flag {
    /// Whether its value can be a path. What is there is opened with the user's own rights.
    pub(crate) fn takes_path(&self) -> bool {
        self.value.is_some_and(|value| value.split('|').any(|word| matches!(word, "FILE" | "PATH")))
    }

    /// True when this command takes it.
    pub(crate) fn is_for(&self, command: Command) -> bool {
        self.commands.contains(&command)
    }

    /// How it is written with the fewest letters.
    pub(crate) fn shortest(&self) -> String {
        self.short.map_or_else(|| format!("--{}", self.long), |short| format!("-{short}"))
    }

    /// The commands that take it, by name.
    pub(crate) fn names_of_commands(&self) -> Vec<&'static str> {
        Command::ALL.iter().filter(|entry| self.is_for(entry.command)).map(|entry| entry.name).collect()
    }
}

/// Commands that show rows.
const ROWS: &[Command] = &[Command::List, Command::Port];
/// Commands of which one can choose which sockets they are about.
const CHOICE: &[Command] = &[Command::List, Command::Port, Command::Explain, Command::Summary];
/// Commands whose words are a filter.
const FILTERED: &[Command] = &[Command::List, Command::Explain, Command::Summary];
/// Commands that tell people or programs of sockets.
const TOLD: &[Command] = &[Command::List, Command::Port, Command::Explain, Command::Doctor, Command::Summary];
/// Commands that ask the system.
const ASKING: &[Command] =
    &[Command::List, Command::Port, Command::Explain, Command::Doctor, Command::Summary, Command::Capture];
/// Commands that can be about a machine's network namespaces together.
const MACHINE: &[Command] = &[Command::List, Command::Port, Command::Doctor, Command::Summary];
const JUDGING: &[Command] = &[Command::Explain, Command::Doctor];
const EVERY: &[Command] = &[
    Command::List,
    Command::Port,
    Command::Explain,
    Command::Doctor,
    Command::Summary,
    Command::Capture,
    Command::Schema,
    Command::Completions,
    Command::Man,
    Command::Help,
];

/// Groups of the help, in order.
pub(crate) const GROUPS: [&str; 4] = ["Which sockets", "What about them", "Output", "How"];

macro_rules! flag {
    ($group:literal, $commands:expr, $short:expr, $long:literal, $value:expr, $doc:expr, $set:expr) => {
        Flag {
            short: $short,
            long: $long,
            value: $value,
            group: $group,
            commands: $commands,
            doc: $doc,
            set: $set,
        }
    };
}

macro_rules! set {
    ($args:ident => $do:expr) => {
        |$args, _| {
            $do;
            Ok(())
        }
    };
    ($args:ident, $value:ident => $do:expr) => {
        |$args, $value| {
            $do;
            Ok(())
        }
    };
}

const NOTHING: fn(&mut Args, &str) -> Result<(), String> = |_, _| Ok(());

#[rustfmt::skip] // A table: one flag an entry, the explanation beside it.
pub(crate) const FLAGS: &[Flag] = &[
    flag!("Which sockets", CHOICE, Some('t'), "tcp", None, "TCP sockets", set!(a => protocol(a, Protocols::TCP))),
    flag!("Which sockets", CHOICE, Some('u'), "udp", None, "UDP and UDP-Lite sockets",
        set!(a => protocol(a, Protocols::UDP | Protocols::UDPLITE))),
    flag!("Which sockets", FILTERED, Some('x'), "unix", None, "Unix sockets", set!(a => protocol(a, Protocols::UNIX))),
    flag!("Which sockets", FILTERED, Some('w'), "raw", None, "raw IP sockets, and those for ICMP echo",
        set!(a => protocol(a, Protocols::RAW | Protocols::ICMP))),
    flag!("Which sockets", FILTERED, Some('0'), "packet", None, "packet sockets, such as those of tcpdump",
        set!(a => protocol(a, Protocols::PACKET))),
    flag!("Which sockets", CHOICE, Some('M'), "mptcp", None, "MPTCP connections, above their subflows",
        set!(a => protocol(a, Protocols::MPTCP))),
    flag!("Which sockets", CHOICE, Some('S'), "sctp", None, "SCTP sockets and associations",
        set!(a => protocol(a, Protocols::SCTP))),
    flag!("Which sockets", CHOICE, None, "vsock", None, "sockets of virtual machines and their host",
        set!(a => protocol(a, Protocols::VSOCK))),
    flag!("Which sockets", CHOICE, Some('A'), "query", Some("LIST"), "protocols by name: tcp,unix,inet,other,all", protocols),
    flag!("Which sockets", CHOICE, Some('4'), "ipv4", None, "only IPv4 sockets", set!(a => a.asked.families.push(Family::Ipv4))),
    flag!("Which sockets", CHOICE, Some('6'), "ipv6", None, "only IPv6 sockets, v4-mapped ones included",
        set!(a => a.asked.families.push(Family::Ipv6))),
    flag!("Which sockets", CHOICE, Some('f'), "family", Some("inet|inet6|link|unix|netlink|vsock"),
        "sockets of a family, as ss has it", family),
    flag!("Which sockets", CHOICE, Some('l'), "listening", None, "only sockets that wait for peers",
        set!(a => a.asked.which = Some(a.asked.which.unwrap_or(Which::Listening)))),
    flag!("Which sockets", CHOICE, Some('a'), "all", None, "every state, on a terminal TIME-WAIT too",
        set!(a => a.asked.which = Some(Which::All))),
    flag!("Which sockets", CHOICE, Some('B'), "bound-inactive", None, "only TCP sockets bound and neither listening nor connected",
        set!(a => a.asked.which = Some(Which::Bound))),
    flag!("Which sockets", ASKING, Some('N'), "net", Some("NAME|PID|PATH"), "sockets of another network namespace",
        |a, value| namespaces(a, Namespaces::One(Text::from(value.as_bytes())))),
    flag!("Which sockets", MACHINE, None, "all-netns", None, "sockets of every network namespace",
        |a, _| namespaces(a, Namespaces::All)),
    flag!("Which sockets", FILTERED, Some('F'), "filter", Some("FILE"), "filter from a file, - for standard input",
        set!(a, path => a.asked.filter_files.push(path.into()))),
    flag!("What about them", ASKING, Some('p'), "processes", None, "owning processes (the default)",
        set!(a => if a.asked.owners == Some(OwnerLookup::None) { a.asked.owners = None })),
    flag!("What about them", ROWS, Some('i'), "info", None, "TCP statistics", set!(a => a.shown.details.tcp_info = true)),
    flag!("What about them", ROWS, Some('e'), "extended", None, "user, inode, cookie, mark, cgroup, options",
        set!(a => a.shown.details.extended = true)),
    flag!("What about them", ROWS, Some('m'), "memory", None, "socket memory and drops", set!(a => a.shown.details.memory = true)),
    flag!("What about them", ROWS, Some('o'), "options", None, "timers", set!(a => a.shown.details.timers = true)),
    flag!("What about them", &[Command::List, Command::Summary], Some('s'), "summary", None, "how many of each, no list",
        set!(a => instead(a, Command::Summary))),
    flag!("Output", ROWS, Some('c'), "columns", Some("LIST"), "columns, or +more,-fewer; see pree help COLUMNS",
        set!(a, value => a.shown.columns = Some(value.to_owned()))),
    flag!("Output", ROWS, None, "sort", Some("FIELD"), "order by a field, -FIELD largest first; several with commas",
        set!(a, value => a.shown.sort.extend(value.split(',').map(str::to_owned)))),
    flag!("Output", ROWS, Some('g'), "group-by", Some("FIELD"), "one row for process, remote, state or any other field",
        set!(a, value => a.shown.group_by = Some(value.to_owned()))),
    flag!("Output", ROWS, None, "count", None, "how many, not which", set!(a => a.shown.count = true)),
    flag!("Output", &[Command::List, Command::Port, Command::Explain, Command::Doctor], None, "limit", Some("N"), "at most this many rows", |a, value| {
        a.shown.limit = Some(value.parse().map_err(|_| choice("--limit", value, "a number of rows"))?);
        Ok(())
    }),
    flag!("Output", TOLD, None, "json", None, "one JSON document", |a, _| format(a, Format::Json)),
    flag!("Output", &[Command::List, Command::Port, Command::Summary], None, "jsonl", None, "a JSON object a line, as sockets come; also --ndjson",
        |a, _| format(a, Format::Jsonl)),
    flag!("Output", ROWS, None, "csv", None, "comma-separated values, RFC 4180", |a, _| format(a, Format::Csv)),
    flag!("Output", ROWS, None, "tsv", None, "tab-separated values", |a, _| format(a, Format::Tsv)),
    flag!("Output", ROWS, None, "format", Some("TEXT"), "a line a socket, with {fields}: '{pid} {local}'", |a, value| {
        a.shown.template = Some(value.to_owned());
        format(a, Format::Template)
    }),
    flag!("Output", ROWS, None, "raw-units", None, "plain numbers: microseconds, bytes", set!(a => a.shown.raw_units = true)),
    flag!("Output", ROWS, None, "no-trunc", None, "no process name or command is shortened", set!(a => a.shown.no_trunc = true)),
    flag!("Output", TOLD, None, "color", Some("auto|always|never"), "colour for trouble", |a, value| {
        a.shown.color = match value {
            "auto" => When::Auto,
            "always" => When::Always,
            "never" => When::Never,
            _ => return Err(choice("--color", value, "auto, always or never")),
        };
        Ok(())
    }),
    flag!("Output", &[Command::List], None, "pager", None, "page by page on a terminal, through $PAGER or less",
        set!(a => a.pager = true)),
    flag!("Output", ROWS, Some('H'), "no-header", None, "no heading", set!(a => a.shown.no_header = true)),
    flag!("Output", TOLD, Some('n'), "numeric", None, "numbers, not names (the default)", NOTHING),
    flag!("Output", TOLD, Some('P'), "numeric-ports", None, "numbers of ports (the default)", NOTHING),
    flag!("Output", TOLD, Some('W'), "wide", None, "addresses whole (the default)", NOTHING),
    flag!("Output", ROWS, Some('O'), "oneline", None, "a socket a line (the default)", NOTHING),
    flag!("Output", ASKING, Some('q'), "quiet", None, "no rows: the exit code says whether anything matched",
        set!(a => a.asked.quiet = true)),
    flag!("How", ASKING, None, "source", Some("auto|diag|proc|procfs"), "where rows are read from", |a, value| {
        a.asked.source = match value {
            "auto" => SourceChoice::Auto,
            "diag" => SourceChoice::Diag,
            "proc" => SourceChoice::Proc,
            "procfs" => SourceChoice::Procfs,
            _ => return Err(choice("--source", value, "auto, diag, proc or procfs")),
        };
        Ok(())
    }),
    flag!("How", ASKING, None, "owners", Some("auto|bpf|proc|first|none"), "how and how far owners are looked for", |a, value| {
        let (far, source) = match value {
            "auto" => (OwnerLookup::All, OwnerSource::Auto),
            "bpf" => (OwnerLookup::All, OwnerSource::Bpf),
            "proc" => (OwnerLookup::All, OwnerSource::Proc),
            "first" => (OwnerLookup::First, OwnerSource::Auto),
            "none" => (OwnerLookup::None, OwnerSource::Auto),
            _ => return Err(choice("--owners", value, "auto, bpf, proc, first or none")),
        };
        (a.asked.owners, a.asked.owner_source) = (Some(far), source);
        Ok(())
    }),
    flag!("How", JUDGING, None, "for", Some("TIME"), "explain, doctor: look for this long and judge what happens in it", look_for),
    flag!("How", ASKING, None, "estats", Some("TIME"),
        "Windows, as administrator: switch statistics on for this long and read them then", estats),
    flag!("How", TOLD, None, "replay", Some("FILE"), "answer from a file that pree capture wrote",
        set!(a, value => a.asked.replay = Some(value.into()))),
    flag!("How", ASKING, None, "strict", None, "exit 3 when anything at all is missing, not only sockets",
        set!(a => a.asked.strict = true)),
    flag!("How", ASKING, Some('v'), "verbose", None, "tell where the answer came from", set!(a => a.asked.verbose = true)),
    flag!("How", EVERY, Some('h'), "help", None, "this help; with a command, on it", set!(a => instead(a, Command::Help))),
    flag!("How", &[Command::List, Command::Version], Some('V'), "version", None, "the version", set!(a => instead(a, Command::Version))),
];

/// Other ways to write a flag.
const ALIASES: &[(&str, &str)] = &[
    ("ndjson", "jsonl"),
    ("socket", "query"),
    ("colour", "color"),
    // netstat.
    ("program", "processes"),
    ("programs", "processes"),
    ("extend", "extended"),
    ("timers", "options"),
    ("numeric-hosts", "numeric"),
    ("numeric-users", "numeric"),
    ("inet", "ipv4"),
    ("inet6", "ipv6"),
    // ss shows options of the socket with it.
    ("inet-sockopt", "extended"),
];

/// Flags that are agreed and not implemented yet: said plainly instead of "unknown".
const LATER: &[&str] = &["r", "E", "watch", "save", "resolve", "events", "no-runtime", "yes"];

/// The flag of this long name.
pub(super) fn long(name: &str) -> Option<&'static Flag> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name, |(_, name)| *name);
    FLAGS.iter().find(|flag| flag.long == name)
}

/// What to say about a flag that is not in the table.
pub(super) fn unknown(written: &str, letters: &str) -> String {
    let name = written.trim_start_matches('-');
    if matches!(name, "K" | "kill") {
        return "-K is not taken: closing sockets will be `pree close`, which is not implemented yet"
            .to_owned();
    }
    let way = super::habits::way(name, letters).map_or(String::new(), |way| format!(": {way}"));
    if LATER.contains(&name) {
        return format!("{written} is not implemented yet{way}");
    }
    format!("no flag {written}{way}")
}

fn protocol(args: &mut Args, protocols: Protocols) {
    args.asked.named.extend(Protocol::ALL.into_iter().filter(|one| one.set() == protocols));
    args.asked.protocols = Some(args.asked.protocols.unwrap_or(Protocols::empty()) | protocols);
}

/// A flag that stands for a command. Help wins.
fn instead(args: &mut Args, command: Command) {
    if args.instead != Some(Command::Help) {
        args.instead = Some(command);
    }
}

fn namespaces(args: &mut Args, which: Namespaces) -> Result<(), String> {
    if args.asked.namespaces != Namespaces::Own && args.asked.namespaces != which {
        return Err("one -N, or --all-netns: choose".to_owned());
    }
    args.asked.namespaces = which;
    Ok(())
}

fn family(args: &mut Args, name: &str) -> Result<(), String> {
    match name {
        "inet" | "ipv4" => inet(args, Family::Ipv4),
        "inet6" | "ipv6" => inet(args, Family::Ipv6),
        "link" | "packet" => protocol(args, Protocols::PACKET),
        "unix" => protocol(args, Protocols::UNIX),
        "netlink" => protocol(args, Protocols::NETLINK),
        "vsock" => protocol(args, Protocols::VSOCK),
        "tipc" | "xdp" => {
            return Err(format!("{name} sockets are among -A other: say -A other proto={name}"));
        }
        _ => return Err(choice("-f", name, "inet, inet6, link, unix, netlink or vsock")),
    }
    Ok(())
}

fn inet(args: &mut Args, family: Family) {
    args.asked.families.push(family);
    args.whole_family = true;
}

/// ss's list: `all,!tcp` is all but one.
fn protocols(args: &mut Args, list: &str) -> Result<(), String> {
    for name in list.split(',') {
        let (name, wanted) = name.strip_prefix('!').map_or((name, true), |name| (name, false));
        if let Some(says) = typed(name) {
            return Err(says);
        }
        let known = Protocol::ALL.into_iter().find(|protocol| protocol.name() == name);
        let named = match (known, name) {
            (Some(known), _) => known.set(),
            (None, "inet") => Protocols::INET,
            (None, "all") => Protocols::all(),
            (None, "inet6" | "ipv4" | "ipv6" | "link") => {
                return Err(format!("-A takes protocols, and {name} is a family: say -f {name}"));
            }
            (None, _) if OtherProtocol::KNOWN.contains(&name) => {
                return Err(format!("{name} sockets are among -A other: say -A other proto={name}"));
            }
            (None, _) => {
                let names: Vec<&str> = Protocol::ALL.iter().map(Protocol::name).collect();
                let names = names.join(", ");
                return Err(choice("-A", name, &format!("{names}, inet or all")));
            }
        };
        if wanted {
            protocol(args, named);
        } else {
            args.asked.protocols = args.asked.protocols.map(|all| all - named);
        }
    }
    if args.asked.protocols.is_none_or(|all| all.is_empty()) {
        return Err(format!(
            "-A {} leaves nothing: say from what, as in -A 'all,!tcp'",
            escape::text(list.as_bytes())
        ));
    }
    Ok(())
}

/// ss has names for sockets of one type: `unix_stream`, `p_dgr`.
fn typed(name: &str) -> Option<String> {
    let (family, kind) = name.split_once('_')?;
    let family = match family {
        "unix" | "u" => "unix",
        "packet" | "p" => "packet",
        "vsock" | "v" => "vsock",
        _ => return None,
    };
    let kind = match kind {
        "stream" | "str" => "stream",
        "dgram" | "dgr" => "dgram",
        "seqpacket" | "seq" => "seqpacket",
        "raw" => "raw",
        _ => return None,
    };
    Some(format!("{name} sockets are -A {family} type={kind}"))
}

/// Shorter holds too few looks, longer too many surprises.
const LOOK: std::ops::RangeInclusive<Duration> = Duration::from_millis(200)..=Duration::from_secs(3600);

/// Nothing is counted in no time, and nobody waits for ever.
const COLLECT: std::ops::RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(3600);

fn estats(args: &mut Args, value: &str) -> Result<(), String> {
    let time = Filter::duration(value).ok().filter(|time| COLLECT.contains(time));
    args.asked.estats =
        Some(time.ok_or_else(|| choice("--estats", value, "a time from 10ms to 1h, such as 5s"))?);
    Ok(())
}

fn look_for(args: &mut Args, value: &str) -> Result<(), String> {
    let time = Filter::duration(value).ok().filter(|time| LOOK.contains(time));
    args.look_for = Some(time.ok_or_else(|| choice("--for", value, "a time from 200ms to 1h, such as 10s"))?);
    Ok(())
}

fn format(args: &mut Args, format: Format) -> Result<(), String> {
    if args.shown.format != Format::Table && args.shown.format != format {
        return Err(
            "two output formats at once: choose one of --json, --jsonl, --csv, --tsv and --format".to_owned()
        );
    }
    args.shown.format = format;
    Ok(())
}

fn choice(flag: &str, value: &str, right: &str) -> String {
    format!("{flag} takes {right}, not {}", escape::quoted(value.as_bytes()))
}
