//! The keys of the language: what each one is, and the words it goes by.

use super::expr::End;
use crate::field::{self, Field};

/// What a key means.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Key {
    Host(End),
    Port(End),
    State,
    Family,
    Protocol,
    Scope,
    Device,
    Mark,
    Cgroup,
    User,
    /// Any field of the registry.
    Field(&'static Field),
}

/// Keys that are not simply a field of the registry.
const SPECIAL: &[(&str, Key)] = &[
    ("src", Key::Host(End::Local)),
    ("dst", Key::Host(End::Remote)),
    ("host", Key::Host(End::Either)),
    ("sport", Key::Port(End::Local)),
    ("dport", Key::Port(End::Remote)),
    ("port", Key::Port(End::Either)),
    ("state", Key::State),
    ("family", Key::Family),
    ("proto", Key::Protocol),
    ("protocol", Key::Protocol),
    ("scope", Key::Scope),
    ("dev", Key::Device),
    ("fwmark", Key::Mark),
    ("cgroup", Key::Cgroup),
    ("user", Key::User),
    ("uid", Key::User),
];

/// Other names of fields, as the language has them.
const ALIASES: &[(&str, &str)] = &[
    ("mss", "snd_mss"),
    ("rate", "delivery_rate"),
    ("tx", "bytes_sent"),
    ("rx", "bytes_received"),
    ("command", "cmd"),
];

/// Keys whose data is not there yet: known, so that a filter is told the truth about them.
const LATER: &[&str] =
    &["unit", "container", "pod", "dir", "age", "idle", "loss", "score", "bloat", "limited", "issue", "peer"];

/// What a word is as a key.
pub(super) enum Lookup {
    Key(Key),
    /// A key of the language whose data is not there yet.
    Later,
    /// No key.
    None,
}

pub(super) fn look_up(word: &str) -> Lookup {
    if let Some((_, key)) = SPECIAL.iter().find(|(name, _)| *name == word) {
        return Lookup::Key(*key);
    }
    let word = ALIASES.iter().find(|(alias, _)| *alias == word).map_or(word, |(_, name)| *name);
    if let Some(field) = field::named(word) {
        return Lookup::Key(Key::Field(field));
    }
    if LATER.contains(&word) {
        return Lookup::Later;
    }
    Lookup::None
}

/// Every key by name.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let special = SPECIAL.iter().map(|(name, _)| *name);
    let aliases = ALIASES.iter().map(|(name, _)| *name);
    let fields = field::all().map(|field| field.name);
    special.chain(aliases).chain(fields.filter(|name| !SPECIAL.iter().any(|(special, _)| special == name)))
}

/// The word that takes the fewest changes, at most a third of its letters.
pub(super) fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let (changes, nearest) = known.map(|name| (distance(word, name), name)).min()?;
    (changes <= word.len().max(nearest.len()) / 3).then_some(nearest)
}

/// Letters to insert, remove, replace or swap with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_keys() {
        for (word, key) in [
            ("dprot", Some("dport")),
            ("sprot", Some("sport")),
            ("porcess", Some("process")),
            ("stat", Some("state")),
            ("rttt", Some("rtt")),
            ("xyzzy", None),
        ] {
            assert_eq!(nearest(word, names()), key, "{word}");
        }
    }

    #[test]
    fn no_key_twice() {
        let mut seen = std::collections::HashSet::new();
        for name in names() {
            assert!(seen.insert(name), "{name}");
        }
    }
}
