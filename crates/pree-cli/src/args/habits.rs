//! Habits from ss, netstat and lsof that pree writes differently: an error that names pree's equivalent, never read as something else.

use std::ffi::OsStr;

use pree::Filter;

use crate::text::escape;

/// Their flags that pree does not have, and pree's equivalent.
const WAYS: &[(&[&str], &str)] = &[
    // ss
    (&["b", "bpf"], "programs are not shown; -0 -c +packet_filter has the length of a packet socket's"),
    (&["z", "Z", "context", "contexts"], "SELinux contexts are not shown"),
    (&["T", "threads"], "the thread that a descriptor is private to is -c +thread"),
    (&["d", "dccp"], "DCCP sockets are -A other proto=dccp, those of a descriptor fd=3"),
    (&["D", "diag"], "the kernel's own answer is kept by pree capture FILE"),
    (&["tos"], "-c +tos,+tclass,+class_id"),
    (&["cgroup"], "-c +cgroup_id,+pcgroup shows cgroups, cgroup=PATH finds the sockets of one"),
    (&["Q", "no-queues"], "-c -recvq,-sendq"),
    (&["tipc", "tipcinfo"], "TIPC sockets are -A other proto=tipc"),
    (&["xdp"], "XDP sockets are -A other proto=xdp"),
    // netstat
    (&["r", "resolve"], "names of hosts are not looked up, and routes are no sockets: ip route"),
    (&["route", "fib", "cache", "C"], "routes are no sockets: ip route"),
    (&["interfaces"], "interfaces are no sockets: ip -s link"),
    (&["groups"], "groups of interfaces are no sockets: ip maddr"),
    (&["statistics"], "counters of protocols are nstat's; sockets are counted by pree -s"),
    (&["masquerade"], "masqueraded connections are conntrack -L"),
    (&["continuous"], "again and again is --watch"),
    (&["E"], "sockets as they end are pree watch"),
    (&["protocol"], "-f FAMILY"),
    (&["symbolic"], "names are not looked up"),
    // fuser
    (&["k"], "who listens on a port is ended by pree kill :8080"),
    // lsof, and netstat's -U
    (&["U", "udplite"], "Unix sockets are -x, UDP-Lite sockets -A udplite"),
    (&["R"], "the parent of a process is -c +ppid"),
];

/// lsof's flags that take a value where pree's of the same letter take none.
const VALUES: &[(char, &str)] = &[
    ('i', "-i takes no value: what lsof has there is a word, as in -i tcp:8080; IPv4 is -4, IPv6 -6"),
    ('p', "-p takes no value: the sockets of a process are pid=1234"),
    ('u', "-u is UDP and takes no value: the sockets of a user are user=NAME"),
    ('s', "-s counts and takes no value: listeners are -l, other states state NAME"),
];

fn takes_none(letter: char) -> Option<&'static str> {
    VALUES.iter().find(|(of, _)| *of == letter).map(|(_, says)| *says)
}

/// Their flags that take no value, or one of another kind, and what pree's of the same letter take.
const OTHER_VALUES: &[(char, &str)] = &[
    ('A', "protocols, as in -A tcp,unix; IPv6 is -6"),
    (
        'F',
        "a file with a filter; fields for programs are --json or --format, and routes are no sockets: ip route",
    ),
    ('N', "a network namespace, as in -N blue; names are not looked up"),
    ('c', "columns, as in -c +rtt; the sockets of a process are process=NAME, again and again is --watch"),
    ('f', "a family, as in -f inet6; a descriptor is fd=3"),
    ('g', "a field to group by, as in -g state; groups of interfaces are no sockets: ip maddr"),
];

/// lsof's flags that begin with a plus, and pree's equivalent.
const PLUS: &[(&str, &str)] =
    &[("c", "; names of processes are whole with --no-trunc"), ("E", "; the other end is -c +peer")];

/// The message for a word that is such a flag, with a number or without: it is not a search word.
pub(super) fn plus(word: &str) -> Option<String> {
    let letter = word.strip_prefix('+')?.trim_end_matches(|end: char| end.is_ascii_digit());
    let is_letter = letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_alphabetic());
    let way = PLUS.iter().find(|(of, _)| *of == letter).map_or("", |(_, way)| *way);
    is_letter.then(|| format!("no flag begins with a plus, as in +{letter}{way}"))
}

/// What to say about this flag of pree's when it lacks its value.
pub(super) fn takes_one(letter: char) -> Option<&'static str> {
    OTHER_VALUES.iter().find(|(of, _)| *of == letter).map(|(_, way)| *way)
}

/// What to add about an unknown flag, written after these letters of the same word.
pub(super) fn way(name: &str, letters: &str) -> Option<String> {
    let known = WAYS.iter().find(|(names, _)| names.contains(&name)).map(|(_, way)| *way);
    let value = letters.chars().next_back().and_then(takes_none);
    // What is behind the first letter can have been its value: `-unobody`.
    let value = value.or_else(|| letters.chars().next().and_then(takes_none));
    let both: Vec<&str> = known.into_iter().chain(value).collect();
    (!both.is_empty()).then(|| both.join("; "))
}

/// True for what lsof's -i takes and a filter reads alike.
fn is_address(word: &str) -> bool {
    !word.is_empty() && word.parse::<Filter>().is_ok_and(|filter| filter.words().is_empty())
}

/// lsof takes v4-mapped addresses for IPv4, ss and pree do not.
fn has_version(word: &str) -> bool {
    word.strip_prefix(['4', '6']).is_some_and(|rest| rest.is_empty() || is_address(rest))
}

/// What to say of `-itcp`, whose letters would be flags of pree's.
pub(super) fn misread_letters(word: &OsStr) -> Option<String> {
    let value = word.to_str()?.strip_prefix("-i")?;
    // `-i4` is two flags.
    (value.len() > 1 && (is_address(value) || has_version(value)))
        .then(|| format!("-i takes no value: write -i {}", escape::word(value.as_bytes())))
}

/// What to say of the word after these letters, if it can only have been meant as a value.
pub(super) fn misread_value(letters: &str, word: &OsStr) -> Option<String> {
    let word = word.to_str().filter(|word| !word.starts_with('-'))?;
    let letter = letters.chars().next_back()?;
    let filter = word.parse::<Filter>();
    let is_plain = filter.as_ref().is_ok_and(|filter| !filter.words().is_empty());
    let is_number = word.trim_start_matches('^').split(',').all(|part| part.parse::<u32>().is_ok());
    let meant = match letter {
        'i' => has_version(word) || (word.starts_with('@') && is_plain),
        'p' => is_number,
        // After others it is one of ss's letters, and a word is searched for.
        'u' => letters.len() == 1 && is_plain,
        's' => word.split_once(':').is_some_and(|(protocol, _)| {
            ["tcp", "udp"].iter().any(|known| protocol.eq_ignore_ascii_case(known))
        }),
        _ => false,
    };
    let says = takes_none(letter).filter(|_| meant)?;
    let shown = escape::word(word.as_bytes());
    Some(match letter {
        'i' if word.starts_with('@') => {
            format!("{shown} is not an address, and names of hosts are not looked up")
        }
        // It is digits and commas.
        'p' => match word.strip_prefix('^') {
            Some(others) => says.replace("pid=1234", &format!("pid!={others}")),
            None => says.replace("1234", word),
        },
        'u' => says.replace("NAME", &shown),
        _ => says.to_owned(),
    })
}
