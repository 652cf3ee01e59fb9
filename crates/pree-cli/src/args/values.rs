//! What flags set, where that is more than a value stored.

use std::time::Duration;

use pree::{
    Family, Filter, Namespaces, OtherProtocol, OwnerLookup, OwnerSource, Protocol, Protocols, States,
};

use super::command::Command::{self, Help};
use super::options::Args;
use crate::output::Format;
use crate::text::escape;
use crate::text::words::listed;

pub(super) fn protocol(args: &mut Args, protocols: Protocols) {
    args.asked.named.extend(Protocol::ALL.into_iter().filter(|one| one.set() == protocols));
    args.asked.protocols = Some(args.asked.protocols.unwrap_or(Protocols::empty()) | protocols);
}

/// A flag that stands for a command. Help wins.
pub(super) fn instead(args: &mut Args, command: Command) {
    if args.instead != Some(Help) {
        args.instead = Some(command);
    }
}

pub(super) fn namespaces(args: &mut Args, which: Namespaces) -> Result<(), String> {
    if args.asked.namespaces != Namespaces::Own && args.asked.namespaces != which {
        return Err("one -N, or --all-netns: choose".to_owned());
    }
    args.asked.namespaces = which;
    Ok(())
}

pub(super) fn owners_from(args: &mut Args, source: OwnerSource) {
    (args.asked.owners, args.asked.owner_source) = (Some(OwnerLookup::All), source);
}

/// States add up, whatever the order of the flags.
pub(super) fn states(args: &mut Args, states: States) {
    args.asked.states = Some(args.asked.states.unwrap_or(States::empty()) | states);
}

/// Lists join.
pub(super) fn add(list: &mut Option<String>, more: &str) {
    *list = Some(list.take().map_or_else(|| more.to_owned(), |list| format!("{list},{more}")));
}

pub(super) fn inet(args: &mut Args, family: Family) {
    args.asked.families.push(family);
    args.whole_family = true;
}

/// ss's list: `all,!tcp` is all but one.
pub(super) fn protocols(args: &mut Args, list: &str) -> Result<(), String> {
    for name in list.split(',') {
        let (name, wanted) = name.strip_prefix('!').map_or((name, true), |name| (name, false));
        if let Some(says) = typed(name) {
            return Err(says);
        }
        let named = match (Protocol::named(name), name) {
            (Some(known), _) => known.set(),
            (None, "inet") => Protocols::INET,
            (None, "all") => Protocols::all(),
            (None, "inet6" | "ipv4" | "ipv6" | "link") => {
                return Err(format!("-A takes protocols, and {name} is a family: say -f {name}"));
            }
            (None, _) => {
                let names: Vec<&str> = protocol_names().collect();
                return Err(without_table(name).unwrap_or_else(|| choice("-A", name, &listed(&names, "or"))));
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

/// What `-A` takes.
pub(crate) fn protocol_names() -> impl Iterator<Item = &'static str> {
    Protocol::ALL.iter().map(Protocol::name).chain(["inet", "all"])
}

/// What to say of a protocol that has no table.
pub(super) fn without_table(name: &str) -> Option<String> {
    let known = OtherProtocol::KNOWN.contains(&name);
    known.then(|| format!("{name} sockets are among -A other: say -A other proto={name}"))
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
const LOOK: Times = Duration::from_millis(200)..=Duration::from_secs(3600);

/// Too short a time counts nothing, and too long a wait is a mistake.
const COLLECT: Times = Duration::from_millis(10)..=Duration::from_secs(3600);

/// A process that needs longer to end is one to look at, not to wait for.
const GRACE: Times = Duration::ZERO..=Duration::from_secs(3600);

/// Looking more often would take a machine's time from what is looked at.
const EVERY: Times = Duration::from_millis(100)..=Duration::from_secs(3600);

type Times = std::ops::RangeInclusive<Duration>;

fn time(flag: &str, value: &str, times: &Times, right: &str) -> Result<Option<Duration>, String> {
    let time = Filter::duration(value).ok().filter(|time| times.contains(time));
    time.map(Some).ok_or_else(|| choice(flag, value, right))
}

pub(super) fn estats(args: &mut Args, value: &str) -> Result<(), String> {
    args.asked.estats = time("--estats", value, &COLLECT, "a time from 10ms to 1h, such as 5s")?;
    Ok(())
}

pub(super) fn look_for(args: &mut Args, value: &str) -> Result<(), String> {
    args.look_for = time("--for", value, &LOOK, "a time from 200ms to 1h, such as 10s")?;
    Ok(())
}

pub(super) fn grace(args: &mut Args, value: &str) -> Result<(), String> {
    args.acting.grace = time("--grace", value, &GRACE, "a time up to 1h, such as 5s")?;
    Ok(())
}

/// A time between two lines, a second if none is said.
pub(super) fn every(flag: &str, value: &str) -> Result<Option<Duration>, String> {
    match value {
        "" => Ok(Some(Duration::from_secs(1))),
        _ => time(flag, value, &EVERY, "a time from 100ms to 1h, such as 10s"),
    }
}

pub(super) fn format(args: &mut Args, format: Format) -> Result<(), String> {
    if args.shown.format != Format::Table && args.shown.format != format {
        return Err("two output formats at once: choose one of them".to_owned());
    }
    args.shown.format = format;
    Ok(())
}

/// What to say of a value that a flag does not take.
pub(super) fn choice(flag: &str, value: &str, right: &str) -> String {
    format!("{flag} takes {right}, not {}", escape::quoted(value.as_bytes()))
}
