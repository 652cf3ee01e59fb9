//! Every command, once: the word that calls it, what it does, which words follow it.

use super::command::Command;
use super::flags::Flag;
use crate::exit::Failure;
use crate::text::escape;
use crate::text::words::listed;

/// Which words follow a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Words {
    None,
    /// They are a filter together.
    Filter,
    /// Exactly one: what it is.
    One(&'static str),
    /// One or none.
    OneAtMost(&'static str),
    /// One or two: what they are.
    OneOrTwo(&'static str),
}

/// One command.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) command: Command,
    pub(crate) doc: &'static str,
    pub(crate) words: Words,
    /// What would be right for those who give it what it does not take.
    rather: &'static str,
    /// How it is written.
    pub(crate) usage: &'static [&'static str],
    /// What there is to know.
    pub(crate) more: &'static [&'static str],
}

/// Commands that are agreed and not implemented yet.
const LATER: &[&str] = &["top", "record", "history"];

macro_rules! command {
    ($name:literal, $command:ident, $words:expr, $doc:literal, $rather:literal, $usage:expr, $more:expr) => {
        Entry {
            name: $name,
            command: Command::$command,
            doc: $doc,
            words: $words,
            rather: $rather,
            usage: $usage,
            more: $more,
        }
    };
}

impl Command {
    pub(crate) const ALL: &[Entry] = &[
        command!(
            "list",
            List,
            Words::Filter,
            "the sockets that match a filter (the default)",
            "",
            &["pree [FLAGS] [FILTER]", "pree list [FLAGS] [FILTER]"],
            &[
                "The word list is needed only where the filter begins with the name of a command: pree list port."
            ]
        ),
        command!(
            "port",
            Port,
            Words::One("port, as 8080, https, 53/udp or 10.0.0.5:8080"),
            "who has this port, since when, reachable from where",
            "with more conditions it is a filter: pree list sport=8080 and what else",
            &[
                "pree port 8080",
                "pree port https",
                "pree port 53/udp",
                "pree port [::1]:8080",
                "pree port 8080 -q && echo busy",
            ],
            &[
                "Who has the port at this end: every owner with user, command and origin, the addresses, from where these \
             can be reached (a firewall may say otherwise), the accept queue and the clients. Without a listener, \
             whose connections begin there.",
                "Exit code 1 when nobody has it, 3 when that is unknown. -q says only that; -l asks for listeners alone. --json, --csv and -c \
             show the sockets as the list would.",
            ]
        ),
        command!(
            "explain",
            Explain,
            Words::Filter,
            "how a connection is doing, what holds it up, and what is not known",
            "",
            &[
                "pree explain tcp:10.0.0.5:51002",
                "pree explain :8080",
                "pree explain pid=1234 --for 10s",
                "pree explain 'tx>1MiB' --for 10s",
                "pree explain 'score<0.7' --json",
            ],
            &[
                "How each socket that matches is doing: its score and what it is made of, what was found with the numbers it \
             rests on and what to do about it, what it waits for, what is not known and why. Of several matches the three \
             worst are explained, the next get a line each; --limit says how many in all.",
                "A connection is judged over its lifetime, with what other connections know of the way to the same address. \
             --for 10s looks ten times a second for so long, and judges only what happens meanwhile; looks that fail, and \
             sockets that nothing knows again, are reported as missing. A filter by rates (tx, retrans_rate, …) is asked after \
             the last look. Exit code 1 when nothing matches.",
            ]
        ),
        command!(
            "doctor",
            Doctor,
            Words::None,
            "what is wrong on this machine, the worst first",
            "it looks at the whole machine: pree explain takes a filter",
            &["pree doctor", "pree doctor --for 10s", "pree doctor --json", "pree doctor -q || echo trouble"],
            &[
                "Looks at every TCP and UDP socket and every Unix listener of the machine: first at what shows only across \
                 sockets, such as a process that does not close its connections or ports that run out, then at each by \
                 itself, the worst first. It says what was looked for and what could not be.",
                "Exit code 5 when anything is a warning or worse (--fail-on critical: only then), 0 when nothing is, 3 when \
                 nothing was found and sockets are missing. What could not be checked, and why, is listed. --limit says how \
                 many connections are shown, -q shows nothing. What is only good to know of one socket is told by pree \
                 explain and --json.",
            ]
        ),
        command!(
            "watch",
            Watch,
            Words::Filter,
            "connections as they end: whose, how long, how much, how they ended",
            "",
            &[
                "pree watch",
                "pree watch dport=443",
                "pree watch --failed",
                "pree watch --events process=curl",
                "pree watch --jsonl --for 10s",
                "pree watch --limit 1 --for 30s :8080",
                "pree watch -g process --every 10s",
                "pree watch --stats 'tx>1MiB'",
            ],
            &[
                "A line a connection when it has ended, with its last statistics, however short it was; --failed: only those \
             that could not be opened; --events: a line for each event, the sockets that are there first. The filter is asked \
             of each event, and a connection that was told once is told to its end.",
                "As root, or with CAP_BPF and CAP_PERFMON, the kernel reports every change of state of TCP sockets (Linux 5.12), and with \
             -u of UDP sockets the first datagram, what was sent and received, and the end (Linux 6.3; each send and receive on the \
             machine takes .1 µs more meanwhile). Without, and for other protocols and systems, looks ten times a second are compared: what lives shorter is not seen, \
             and how it ended is unknown. pree says which of the two it is; --source chooses.",
                "--stats reads the statistics of the sockets every second, or so often: a line for each whose statistics changed, with \
             rates (tx, rx, retrans_rate, which filters and columns take too) and a verdict of that time. -g FIELD --every TIME sums up \
             instead what all connections, however short, have moved in each such time, a line a group; --every alone, of all together. \
             provenance says how a rate is known: exact, counters (looks that are compared), partial (something was lost, so it is \
             at least that).",
                "What fails before a SYN is sent (no route) is no event. While nobody has read from an accepted connection, and if the other \
             end resets it first, its owner is that of the listener (JSON: owner_provisional).",
                "It ends with ^C, after --for, or after --limit lines, with exit code 0; with 3 when events were lost, and with 1 \
             when --for ran out before --limit. --jsonl tells every event, with --ends only ends; its last line says what was seen and lost. \
             A second ^C ends it at once.",
            ]
        ),
        command!(
            "summary",
            Summary,
            Words::Filter,
            "how many sockets of each protocol and state; also -s",
            "",
            &["pree -s", "pree summary [FLAGS] [FILTER]", "pree summary --json"],
            &["Numbers of sockets by protocol, state and family, and how many have an owner or why not."]
        ),
        command!(
            "kill",
            Kill,
            Words::Filter,
            "end who listens on a port, or who holds what a filter matches",
            "",
            &[
                "pree kill :3000",
                "pree kill 8080/tcp --yes",
                "pree kill 53/udp --dry-run --json",
                "pree kill process=node -l",
            ],
            &[
                "Of a port it ends the owners of listeners, and of UDP sockets that are not connected: never a client. Of a \
             filter, the owners of all that matches. It shows them and asks; --yes does not ask, --dry-run only shows.",
                "TERM first, and KILL for those that have not ended after --grace. Another --signal is sent alone, unless --grace \
             is given too. Each process is held on to and its start compared, so that none that has its number by now is \
             hit. Process 1, pree itself, who started it and threads of the kernel are never ended.",
                "At the end it says which addresses are free and what still waits there. Exit code 0 when all is done, 1 when \
             nothing matched, 2 when there is nobody to ask, 4 when some could not be ended or an address is still held. It \
             acts with your own rights, whatever its file lends for looking.",
            ]
        ),
        command!(
            "close",
            Close,
            Words::Filter,
            "close connections that match a filter, without ending processes",
            "",
            &[
                "pree close dst=10.1.2.3 state=close-wait",
                "pree close process=app dport=5432 --yes",
                "pree close -u sport=5000 --dry-run",
            ],
            &[
                "Closes TCP connections from outside: their process reads an error, and the other end gets a reset. Listeners only \
             with --listeners, UDP sockets only with -u. It shows them and asks; --yes does not ask, --dry-run only shows.",
                "Each is closed by the kernel's own name for it, so that no other with the same addresses is hit. That takes \
             CAP_NET_ADMIN in their network namespace, as your own right, and a kernel with CONFIG_INET_DIAG_DESTROY. Exit \
             code 0 when all are closed, 1 when nothing matched, 2 when there is nobody to ask, 4 when some could not be \
             closed.",
            ]
        ),
        command!(
            "diff",
            Diff,
            Words::OneOrTwo("saved lists, recordings, or now"),
            "what listens now that did not then, and what of it changed",
            "",
            &["pree --save FILE", "pree diff FILE", "pree diff FILE now", "pree diff [--json] FILE FILE"],
            &[
                "Each of the two is a list that pree --save has made, a recording of pree capture, or now; without a second it is now. \
             A listener (TCP, and UDP that is not connected) is its protocol, address and owner: the container or the unit that its process \
             belongs to, else its program. So a restart is no difference; with --strict-pid, on both sides, it is.",
                "A line a difference: + what appeared, - what vanished, ~ another owner at the same address, or the same owner at another \
             address of the same port, which others may reach. Exit code 0 when they are the same, 1 when not, 3 when sockets were \
             missing on a side (or owners, with --strict).",
                "pree --save FILE writes one listener a line, sorted, without process ids unless --strict-pid is given, so that it can be kept \
             under version control; what is there already is replaced only with --force.",
            ]
        ),
        command!(
            "capture",
            Capture,
            Words::One("file, - for standard output"),
            "keep the kernel's answer in a file for --replay",
            "it keeps everything of one network namespace: choose with flags and filters when you --replay it",
            &[
                "pree capture FILE",
                "pree capture - > FILE",
                "pree --replay FILE [FLAGS] [FILTER]",
                "pree capture --for 30s FILE",
                "pree watch --replay FILE",
            ],
            &[
                "Keeps the kernel's own answer about all sockets, their statistics and their owners, for this and other \
             machines: list, port, explain, doctor and summary answer from it with --replay FILE, whatever flags and filter. \
             --for keeps what happens to TCP sockets in that time too, with -u to UDP sockets (-tu: to both), for pree watch --replay FILE.",
                "It holds addresses, users, process names and command lines, so the file is for its owner alone (mode \
             0600), written whole or not at all. A symbolic link is not followed, and a pipe or device of somebody \
             else gets nothing. --owners none leaves processes out, and sockets to which only \
             processes lead.",
            ]
        ),
        command!(
            "schema",
            Schema,
            Words::None,
            "the JSON schema of --json",
            "",
            &["pree schema > pree.schema.json"],
            &["The JSON Schema (2020-12) of what --json writes."]
        ),
        command!(
            "completions",
            Completions,
            Words::One("shell: bash, zsh, fish or powershell"),
            "completions for bash, zsh, fish or powershell",
            "",
            &[
                "source <(pree completions bash)",
                "pree completions zsh > ~/.zfunc/_pree",
                "pree completions fish > ~/.config/fish/completions/pree.fish",
                "pree completions powershell >> $PROFILE",
            ],
            &["Flags and their values, commands, keys of filters, states and columns."]
        ),
        command!(
            "man",
            Man,
            Words::None,
            "the manual page",
            "",
            &["pree man | man -l -", "pree man > /usr/local/share/man/man1/pree.1"],
            &["The manual page, as roff."]
        ),
        command!(
            "help",
            Help,
            Words::OneAtMost("topic or command"),
            "help on FILTER, COLUMNS or EXIT",
            "",
            &["pree help", "pree help FILTER", "pree help port"],
            &["Help on flags, a topic or a command."]
        ),
    ];

    /// The command that this word calls.
    pub(crate) fn named(name: &str) -> Option<&'static Entry> {
        Self::ALL.iter().find(|entry| entry.name == name)
    }

    /// How it is called.
    pub(crate) fn usage(self) -> String {
        self.entry().map_or_else(|| "pree --version".to_owned(), |entry| format!("pree {}", entry.name))
    }

    fn entry(self) -> Option<&'static Entry> {
        Self::ALL.iter().find(|entry| entry.command == self)
    }

    pub(crate) fn words(self) -> Words {
        self.entry().map_or(Words::None, |entry| entry.words)
    }

    /// Refuses flags that the command does not take, and words.
    pub(super) fn check(self, given: &[(&Flag, String)], words: &[String]) -> Result<(), Failure> {
        let rather = self.entry().map_or("", |entry| entry.rather);
        let refused = |text: String| {
            let colon = if rather.is_empty() { "" } else { "; " };
            Err(Failure::Usage(format!("{} takes {text}{colon}{rather}", self.usage())))
        };
        if let Some((flag, written)) = given.iter().find(|(flag, _)| !flag.is_for(self)) {
            return refused(format!(
                "no {written}, which is for {}",
                listed(&flag.names_of_commands(), "and")
            ));
        }
        match (self.words(), words) {
            (Words::Filter, _)
            | (Words::None | Words::OneAtMost(_), [])
            | (Words::One(_) | Words::OneAtMost(_) | Words::OneOrTwo(_), [_])
            | (Words::OneOrTwo(_), [_, _]) => Ok(()),
            (Words::None, [first, ..]) => {
                refused(format!("no words, and {} is one", escape::quoted(first.as_bytes())))
            }
            (Words::One(what), _) => refused(format!("one {what}")),
            (Words::OneAtMost(what), _) => refused(format!("one {what} at most")),
            (Words::OneOrTwo(what), _) => refused(format!("one or two words: {what}")),
        }
    }
}

/// Takes the first word away if it is the name of a command, unless an operator follows: then it is a filter.
pub(super) fn take(words: &mut Vec<String>) -> Result<Option<&'static Entry>, Failure> {
    let Some(first) = words.first() else { return Ok(None) };
    let operator_follows = words.get(1).is_some_and(|word| {
        word.starts_with(['=', '!', '<', '>', '~'])
            || ["eq", "ne", "neq", "lt", "le", "leq", "gt", "ge", "geq"].contains(&word.as_str())
    });
    if operator_follows {
        return Ok(None);
    }
    if LATER.contains(&first.as_str()) {
        let text =
            format!("pree {first} is not implemented yet; to search for the word, write pree list {first}");
        return Err(Failure::Usage(text));
    }
    let named = Command::named(first);
    if named.is_some() {
        words.remove(0);
    }
    Ok(named)
}
