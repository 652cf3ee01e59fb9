//! Every flag, once: how it is written, what it does, what its value sets.

use pree::act::Signal;
use pree::quality::Severity;
use pree::{
    Family, Namespaces, OwnerLookup, OwnerSource, Protocols, SourceChoice, States, Text, WatchSource,
};

use Takes::{Maybe, Nothing, One, Several};
use Value::{Field, File, Other, Word};

use super::command::Command::{
    self, Capture, Close, Completions, Diff, Doctor, Explain, Help, Kill, List, Man, Port, Schema, Summary,
    Version, Watch,
};
use super::options::Args;
use super::values::{
    add, choice, estats, every, format, grace, inet, instead, look_for, namespaces, owners_from, protocol,
    protocols, states, without_table,
};
use crate::output::{Format, When};
use crate::text::words::{listed, nearest};

/// What a flag sets.
type Set = fn(&mut Args, &str) -> Result<(), String>;

/// One flag.
pub(crate) struct Flag {
    pub(crate) short: Option<char>,
    pub(crate) long: &'static str,
    pub(crate) takes: Takes,
    pub(crate) group: &'static str,
    /// The commands that take it: with any other it is a usage error.
    commands: &'static [Command],
    pub(crate) doc: &'static str,
    set: Set,
}

/// What stands behind a flag.
pub(crate) enum Takes {
    Nothing,
    /// One value: a second is a usage error.
    One(Value),
    /// A value, and more with the flag again.
    Several(Value),
    /// A value after `=`, or none.
    Maybe(Value),
}

/// A value, by the name that help has for it: what completions offer goes by it.
pub(crate) enum Value {
    /// One of these words; those that mean the same stand together, with `|` between and the one to offer first.
    Word(&'static [(&'static str, Set)]),
    Protocol(&'static str),
    Field(&'static str),
    /// What is there is opened with the user's own rights.
    File(&'static str),
    /// Anything else.
    Other(&'static str),
}

impl Value {
    /// Its name, or the words to choose from.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Word(_) => self.words().collect::<Vec<_>>().join("|"),
            Self::Protocol(name) | Self::Field(name) | Self::File(name) | Self::Other(name) => {
                (*name).to_owned()
            }
        }
    }

    /// The words to choose from, where there are such.
    pub(crate) fn words(&self) -> impl Iterator<Item = &'static str> + use<> {
        let words = if let Self::Word(words) = self { words } else { &[][..] };
        words.iter().filter_map(|(word, _)| word.split('|').next())
    }
}

impl Flag {
    /// The value that must stand behind it.
    pub(crate) fn value(&self) -> Option<&Value> {
        match &self.takes {
            Nothing | Maybe(_) => None,
            One(value) | Several(value) => Some(value),
        }
    }

    /// How its value is written behind it, and the value's name.
    pub(crate) fn written_value(&self) -> Option<(&'static str, String, &'static str)> {
        match &self.takes {
            Nothing => None,
            One(value) | Several(value) => Some((" ", value.name(), "")),
            Maybe(value) => Some(("[=", value.name(), "]")),
        }
    }

    /// Reads it, `written` so; `again` if it stands there for the second time.
    pub(super) fn read(
        &self,
        args: &mut Args,
        written: &str,
        value: &str,
        again: bool,
    ) -> Result<(), String> {
        if again && matches!(self.takes, One(_) | Maybe(_)) {
            return Err(format!("{written} is given twice, and takes one value"));
        }
        let Some(Word(words)) = self.value() else { return (self.set)(args, value) };
        match words.iter().find(|(word, _)| word.split('|').any(|word| word == value)) {
            Some((_, set)) => set(args, value),
            None => Err(without_table(value).unwrap_or_else(|| {
                let words: Vec<&str> = self.value().into_iter().flat_map(Value::words).collect();
                choice(&self.shortest(), value, &listed(&words, "or"))
            })),
        }
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
const ROWS: &[Command] = &[List, Port];
/// Commands that can show groups.
const GROUPED: &[Command] = &[List, Port, Watch];
/// Commands of which one can choose which sockets they are about.
const CHOICE: &[Command] = &[List, Port, Explain, Summary, Watch, Kill, Close];
/// The same, and what a recording can follow.
const FOLLOWED: &[Command] = &[List, Port, Explain, Summary, Watch, Kill, Close, Capture];
/// Commands whose words are a filter.
const FILTERED: &[Command] = &[List, Explain, Summary, Watch, Kill, Close];
/// Commands that list sockets for people or programs.
const TOLD: &[Command] = &[List, Port, Explain, Doctor, Summary, Watch];
/// Commands that ask the system.
const ASKING: &[Command] = &[List, Port, Explain, Doctor, Summary, Watch, Kill, Close, Diff, Capture];
/// Commands of which one can choose how they ask it.
const READING: &[Command] = &[List, Port, Explain, Doctor, Summary, Watch, Diff, Capture];
/// Commands that change something.
const ACTING: &[Command] = &[Kill, Close];
/// Commands that can be about a machine's network namespaces together.
const MACHINE: &[Command] = &[List, Port, Doctor, Summary, Watch, Kill, Close];
const OVER_TIME: &[Command] = &[Explain, Doctor, Watch, Capture];
const EVERY: &[Command] = &[
    List,
    Port,
    Explain,
    Doctor,
    Summary,
    Watch,
    Kill,
    Close,
    Diff,
    Capture,
    Schema,
    Completions,
    Man,
    Help,
];
/// Commands that write a line for each of what they show.
const LINES: &[Command] = &[List, Port, Watch];
/// Commands that write documents.
const DOCUMENTS: &[Command] = &[List, Port, Explain, Doctor, Summary, Kill, Close, Diff];
const STATES: &[Command] = &[List, Port, Explain, Summary];
const _: () = assert!(EVERY.len() == Command::ALL.len(), "a command is missing from EVERY");

/// Groups of the help, in order.
pub(crate) const GROUPS: [&str; 4] = ["Which sockets", "What about them", "Output", "How"];

macro_rules! flag {
    ($group:literal, $commands:expr, $short:expr, $long:literal, $takes:expr, $doc:expr, $set:expr) => {
        Flag {
            short: $short,
            long: $long,
            takes: $takes,
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

const NOTHING: Set = |_, _| Ok(());

#[rustfmt::skip] // A table: one flag an entry, the explanation beside it.
pub(crate) const FLAGS: &[Flag] = &[
    flag!("Which sockets", FOLLOWED, Some('t'), "tcp", Nothing, "TCP sockets", set!(a => protocol(a, Protocols::TCP))),
    flag!("Which sockets", FOLLOWED, Some('u'), "udp", Nothing, "UDP and UDP-Lite sockets",
        set!(a => protocol(a, Protocols::UDP | Protocols::UDPLITE))),
    flag!("Which sockets", FILTERED, Some('x'), "unix", Nothing, "Unix sockets", set!(a => protocol(a, Protocols::UNIX))),
    flag!("Which sockets", FILTERED, Some('w'), "raw", Nothing, "raw IP sockets, and those for ICMP echo",
        set!(a => protocol(a, Protocols::RAW | Protocols::ICMP))),
    flag!("Which sockets", FILTERED, Some('0'), "packet", Nothing, "packet sockets, such as those of tcpdump",
        set!(a => protocol(a, Protocols::PACKET))),
    flag!("Which sockets", CHOICE, Some('M'), "mptcp", Nothing, "MPTCP connections, above their subflows",
        set!(a => protocol(a, Protocols::MPTCP))),
    flag!("Which sockets", CHOICE, Some('S'), "sctp", Nothing, "SCTP sockets and associations",
        set!(a => protocol(a, Protocols::SCTP))),
    flag!("Which sockets", CHOICE, None, "vsock", Nothing, "sockets of virtual machines and their host",
        set!(a => protocol(a, Protocols::VSOCK))),
    flag!("Which sockets", CHOICE, Some('A'), "query", Several(Value::Protocol("LIST")), "protocols by name: tcp,unix,inet,other,all", protocols),
    flag!("Which sockets", CHOICE, Some('4'), "ipv4", Nothing, "only IPv4 sockets", set!(a => a.asked.families.push(Family::Ipv4))),
    flag!("Which sockets", CHOICE, Some('6'), "ipv6", Nothing, "only IPv6 sockets, v4-mapped ones included",
        set!(a => a.asked.families.push(Family::Ipv6))),
    flag!("Which sockets", CHOICE, Some('f'), "family", Several(Word(&[
        ("inet|ipv4", set!(a => inet(a, Family::Ipv4))),
        ("inet6|ipv6", set!(a => inet(a, Family::Ipv6))),
        ("link|packet", set!(a => protocol(a, Protocols::PACKET))),
        ("unix", set!(a => protocol(a, Protocols::UNIX))),
        ("netlink", set!(a => protocol(a, Protocols::NETLINK))),
        ("vsock", set!(a => protocol(a, Protocols::VSOCK))),
    ])), "sockets of a family, as ss has it", NOTHING),
    flag!("Which sockets", &[List, Port, Explain, Summary, Kill], Some('l'), "listening", Nothing, "only sockets that wait for peers",
        set!(a => states(a, States::LISTENING))),
    flag!("Which sockets", STATES, Some('a'), "all", Nothing, "every state, on a terminal TIME-WAIT too",
        set!(a => states(a, States::all()))),
    flag!("Which sockets", STATES, Some('B'), "bound-inactive", Nothing, "only TCP sockets bound and neither listening nor connected; with -l both",
        set!(a => states(a, States::BOUND_INACTIVE))),
    flag!("Which sockets", ASKING, Some('N'), "net", One(File("NAME|PID|PATH")), "sockets of another network namespace",
        |a, value| namespaces(a, Namespaces::One(Text::from(value.as_bytes())))),
    flag!("Which sockets", MACHINE, None, "all-netns", Nothing, "sockets of every network namespace",
        |a, _| namespaces(a, Namespaces::All)),
    flag!("Which sockets", FILTERED, Some('F'), "filter", Several(File("FILE")), "filter from a file, - for standard input",
        |a, path| {
            if path == "-" && a.asked.filter_files.iter().any(|file| file.as_os_str() == "-") {
                return Err("-F - is given twice: standard input can be read once".to_owned());
            }
            a.asked.filter_files.push(path.into());
            Ok(())
        }),
    flag!("What about them", ASKING, Some('p'), "processes", Nothing, "owning processes (the default)",
        set!(a => if a.asked.owners == Some(OwnerLookup::None) { a.asked.owners = None })),
    flag!("What about them", ROWS, Some('i'), "info", Nothing, "TCP statistics", set!(a => a.shown.details.tcp_info = true)),
    flag!("What about them", ROWS, Some('e'), "extended", Nothing, "user, inode, cookie, mark, cgroup, options",
        set!(a => a.shown.details.extended = true)),
    flag!("What about them", ROWS, Some('m'), "memory", Nothing, "socket memory and drops", set!(a => a.shown.details.memory = true)),
    flag!("What about them", ROWS, Some('o'), "options", Nothing, "timers", set!(a => a.shown.details.timers = true)),
    flag!("What about them", &[List, Summary], Some('s'), "summary", Nothing, "how many of each, no list",
        set!(a => instead(a, Summary))),
    flag!("Output", LINES, Some('c'), "columns", Several(Field("LIST")), "columns, or +more,-fewer; see pree help COLUMNS",
        set!(a, value => add(&mut a.shown.columns, value))),
    flag!("Output", ROWS, None, "sort", Several(Field("FIELD")), "order by a field, -FIELD largest first; several with commas",
        set!(a, value => a.shown.sort.extend(value.split(',').map(str::to_owned)))),
    flag!("Output", GROUPED, Some('g'), "group-by", Several(Field("FIELD")), "one row for process, remote (without its port), state or any other field; several with commas",
        set!(a, value => add(&mut a.shown.group_by, value))),
    flag!("Output", ROWS, None, "count", Nothing, "how many, not which", set!(a => a.shown.count = true)),
    flag!("Output", &[List, Port, Explain, Doctor, Watch], None, "limit", One(Other("N")), "at most this many rows", |a, value| {
        a.shown.limit = Some(value.parse().map_err(|_| choice("--limit", value, "a number of rows"))?);
        Ok(())
    }),
    flag!("Output", DOCUMENTS, None, "json", Nothing, "one JSON document", |a, _| format(a, Format::Json)),
    flag!("Output", &[List, Port, Summary, Watch], None, "jsonl", Nothing, "a JSON object a line, as sockets come; also --ndjson",
        |a, _| format(a, Format::Jsonl)),
    flag!("Output", LINES, None, "csv", Nothing, "comma-separated values, RFC 4180", |a, _| format(a, Format::Csv)),
    flag!("Output", LINES, None, "tsv", Nothing, "tab-separated values", |a, _| format(a, Format::Tsv)),
    flag!("Output", LINES, None, "format", One(Other("TEXT")), "a line a socket, with {fields}: '{pid} {local}'", |a, value| {
        a.shown.template = Some(value.to_owned());
        format(a, Format::Template)
    }),
    flag!("Output", LINES, None, "raw-units", Nothing, "plain numbers: microseconds, bytes", set!(a => a.shown.raw_units = true)),
    flag!("Output", LINES, None, "no-trunc", Nothing, "no process name or command is shortened", set!(a => a.shown.no_trunc = true)),
    flag!("Output", TOLD, None, "color", One(Word(&[
        ("auto", set!(a => a.shown.color = When::Auto)),
        ("always", set!(a => a.shown.color = When::Always)),
        ("never", set!(a => a.shown.color = When::Never)),
    ])), "colour for trouble", NOTHING),
    flag!("Output", &[List], None, "pager", Nothing, "page by page on a terminal, through $PAGER or less",
        set!(a => a.pager = true)),
    flag!("Output", LINES, Some('H'), "no-header", Nothing, "no heading", set!(a => a.shown.no_header = true)),
    flag!("Output", TOLD, Some('n'), "numeric", Nothing, "numbers, not names (the default)", NOTHING),
    flag!("Output", TOLD, Some('P'), "numeric-ports", Nothing, "numbers of ports (the default)", NOTHING),
    flag!("Output", TOLD, Some('W'), "wide", Nothing, "addresses whole (the default)", NOTHING),
    flag!("Output", ROWS, Some('O'), "oneline", Nothing, "a socket a line: on a terminal -i and its like are wrapped otherwise",
        set!(a => a.shown.oneline = true)),
    flag!("Output", ASKING, Some('q'), "quiet", Nothing, "no rows: the exit code says whether anything matched",
        set!(a => a.asked.quiet = true)),
    flag!("How", READING, None, "source", One(Word(&[
        ("auto", set!(a => a.asked.source = SourceChoice::Auto)),
        ("diag", set!(a => a.asked.source = SourceChoice::Diag)),
        ("proc", set!(a => a.asked.source = SourceChoice::Proc)),
        ("procfs", set!(a => a.asked.source = SourceChoice::Procfs)),
        ("bpf", set!(a => a.asked.watch_source = WatchSource::Bpf)),
        ("destroy", set!(a => a.asked.watch_source = WatchSource::Destroy)),
        ("poll", set!(a => a.asked.watch_source = WatchSource::Poll)),
    ])), "where rows are read from; bpf, destroy and poll: how watch sees what happens", NOTHING),
    flag!("How", ASKING, None, "owners", One(Word(&[
        ("auto", set!(a => a.asked.owners = Some(OwnerLookup::All))),
        ("bpf", set!(a => owners_from(a, OwnerSource::Bpf))),
        ("proc", set!(a => owners_from(a, OwnerSource::Proc))),
        ("first", set!(a => a.asked.owners = Some(OwnerLookup::First))),
        ("none", set!(a => a.asked.owners = Some(OwnerLookup::None))),
    ])), "how and how far owners are looked for", NOTHING),
    flag!("Output", &[Watch], None, "events", Nothing, "watch: a line for each event, not only for ends", set!(a => a.watched.events = true)),
    flag!("Output", &[Watch], None, "ends", Nothing, "watch: only ends, in JSON too", set!(a => a.watched.ends = true)),
    flag!("Output", &[Watch], None, "failed", Nothing, "watch: only connections that could not be opened",
        set!(a => a.watched.failed = true)),
    flag!("Output", &[Watch, Capture], None, "stats", Maybe(Other("TIME")),
        "watch: statistics that change too, every second or so often; capture --for: for that", |a, value| {
            a.watched.stats = every("--stats", value)?;
            Ok(())
        }),
    flag!("Output", &[Watch], None, "every", One(Other("TIME")),
        "watch: a line a group of -g, or one for all, with what passed in each such time", |a, value| {
            a.watched.every = every("--every", value)?;
            Ok(())
        }),
    flag!("Output", &[List, Summary], None, "watch", Maybe(Other("TIME")),
        "again and again, every second or so often: in place on a terminal, else a line of JSON each", |a, value| {
            a.repeat = every("--watch", value)?;
            Ok(())
        }),
    flag!("Output", &[List], None, "save", One(File("FILE")), "writes the listeners to this file, for pree diff", |a, value| {
        a.save = Some(value.into());
        Ok(())
    }),
    flag!("Output", &[List], None, "force", Nothing, "--save: replaces what is there", set!(a => a.force = true)),
    flag!("How", &[List, Diff], None, "strict-pid", Nothing, "--save, diff: a process is its number, so that a restart is a difference",
        set!(a => a.strict_pid = true)),
    flag!("How", OVER_TIME, None, "for", One(Other("TIME")),
        "explain, doctor: look for this long and judge what happens in it; watch, capture: follow sockets for this long", look_for),
    flag!("How", &[Doctor], None, "fail-on", One(Word(&[
        ("warning", set!(a => a.fail_on = Some(Severity::Warning))),
        ("critical", set!(a => a.fail_on = Some(Severity::Critical))),
    ])), "doctor: from which severity on the exit code is 5", NOTHING),
    flag!("How", READING, None, "estats", One(Other("TIME")),
        "Windows, as administrator: switch statistics on for this long and read them then", estats),
    flag!("How", TOLD, None, "replay", One(File("FILE")), "answer from a file that pree capture wrote",
        set!(a, value => a.asked.replay = Some(value.into()))),
    flag!("How", READING, None, "strict", Nothing, "exit 3 when anything at all is missing, not only sockets",
        set!(a => a.asked.strict = true)),
    flag!("How", ACTING, None, "yes", Nothing, "kill, close: do it without asking", set!(a => a.acting.yes = true)),
    flag!("How", ACTING, None, "dry-run", Nothing, "kill, close: only show what would be done", set!(a => a.acting.dry_run = true)),
    flag!("How", &[Kill], None, "signal", One(Word(&[
        ("TERM|SIGTERM|15", set!(a => a.acting.signal = Some(Signal::Term))),
        ("KILL|SIGKILL|9", set!(a => a.acting.signal = Some(Signal::Kill))),
        ("INT|SIGINT|2", set!(a => a.acting.signal = Some(Signal::Int))),
        ("HUP|SIGHUP|1", set!(a => a.acting.signal = Some(Signal::Hup))),
        ("QUIT|SIGQUIT|3", set!(a => a.acting.signal = Some(Signal::Quit))),
        ("ABRT|SIGABRT|6", set!(a => a.acting.signal = Some(Signal::Abrt))),
        ("USR1|SIGUSR1|10", set!(a => a.acting.signal = Some(Signal::Usr1))),
        ("USR2|SIGUSR2|12", set!(a => a.acting.signal = Some(Signal::Usr2))),
    ])), "kill: what is sent; TERM where it does not say", NOTHING),
    flag!("How", &[Kill], None, "grace", One(Other("TIME")), "kill: KILL follows for those that have not ended after this long (5s)", grace),
    flag!("How", &[Close], None, "listeners", Nothing, "close: listeners too", set!(a => a.acting.listeners = true)),
    flag!("How", ASKING, Some('v'), "verbose", Nothing, "say where the answer came from", set!(a => a.asked.verbose = true)),
    flag!("How", EVERY, Some('h'), "help", Nothing, "this help; with a command, on it", set!(a => instead(a, Help))),
    flag!("How", &[List, Version], Some('V'), "version", Nothing, "the version", set!(a => instead(a, Version))),
];

/// Other ways to write a flag.
pub(super) const ALIASES: &[(&str, &str)] = &[
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
const LATER: &[&str] = &["r", "resolve", "no-runtime"];

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
        return "-K is not taken: pree close closes what a filter matches".to_owned();
    }
    let way = super::habits::way(name, letters).map_or(String::new(), |way| format!(": {way}"));
    if LATER.contains(&name) {
        return format!("{written} is not implemented yet{way}");
    }
    // Of a letter every other one is near.
    let longs = || FLAGS.iter().map(|flag| flag.long).chain(ALIASES.iter().map(|(alias, _)| *alias));
    let near = if name.len() > 1 { nearest(name, longs()) } else { None };
    let near =
        near.filter(|_| way.is_empty()).map_or(String::new(), |near| format!("; did you mean --{near}?"));
    format!("no flag {written}{way}{near}")
}
