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
    /// As the column shows it.
    Owner,
    Unowned,
    /// Any field of the registry.
    Field(&'static Field),
}

impl Key {
    /// Those whose values are names of owners, or in parentheses why there is none.
    pub(super) const NAMES_OWNERS: [Self; 2] = [Self::Owner, Self::Field(field::PROCESS)];
}

/// Keys that are not simply a field of the registry.
const SPECIAL: &[(&str, Key)] = &[
    ("src", Key::Host(End::Local)),
    ("dst", Key::Host(End::Remote)),
    ("host", Key::Host(End::Either)),
    // As columns are called.
    ("local", Key::Host(End::Local)),
    ("remote", Key::Host(End::Remote)),
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
    ("owner", Key::Owner),
    ("unowned", Key::Unowned),
];

/// What stands before states that hold beside all that follows: `state A exclude B`.
pub(super) const STATE: &str = "state";

/// Words that a filter is made of beside its keys.
pub(super) const WORDS: [&str; 7] = [STATE, "exclude", "not", "and", "or", "has", "autobound"];

/// The name of a key that is not simply a field.
pub(super) fn name(key: Key) -> &'static str {
    SPECIAL.iter().find(|(_, other)| *other == key).map_or("", |(name, _)| name)
}

/// What a word is as a key.
pub(super) enum Lookup {
    Key(Key),
    /// A key of the language whose data is not implemented yet.
    Later,
    /// No key.
    None,
}

pub(super) fn look_up(word: &str) -> Lookup {
    if let Some((_, key)) = SPECIAL.iter().find(|(name, _)| *name == word) {
        return Lookup::Key(*key);
    }
    if let Some(field) = field::named(word) {
        return Lookup::Key(Key::Field(field));
    }
    if field::is_planned(word) {
        return Lookup::Later;
    }
    Lookup::None
}

/// Every key by name.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let is_special = |name: &&str| SPECIAL.iter().any(|(special, _)| special == name);
    let special = SPECIAL.iter().map(|(name, _)| *name);
    let aliases = field::ALIASES.iter().map(|(alias, _)| *alias);
    let fields = field::all().map(|field| field.name);
    special.chain(aliases.chain(fields).filter(move |name| !is_special(name)))
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
            ("sate", Some("state")),
            ("prot", Some("proto")),
            ("xyzzy", None),
        ] {
            assert_eq!(field::nearest(word, names()), key, "{word}");
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
