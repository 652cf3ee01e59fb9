//! The names that fields go by, in filters, columns and everywhere else.

use std::cmp::Reverse;

/// Other names of fields: what people type, and the field they mean.
pub const ALIASES: &[(&str, &str)] = &[
    ("mss", "snd_mss"),
    ("rate", "delivery_rate"),
    ("command", "cmd"),
    // As keys of filters mean them: the socket's own, which may be others than its holder's.
    ("user", "uid"),
    ("cgroup", "cgroup_id"),
];

/// Names that are agreed and whose data is not implemented yet.
const PLANNED: &[&str] = &["age"];

/// True for a name that is agreed and whose data is not implemented yet: whoever asks for it is told so.
pub fn is_planned(name: &str) -> bool {
    PLANNED.contains(&name)
}

/// The name that somebody who typed `word` may have meant: the one that takes the fewest changes, at most a third of
/// its letters; neighbours swapped are one, capitals are none. Of several, the one that begins most alike.
pub fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let word = &*word.to_ascii_lowercase();
    let differs_at = |name: &str| word.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let changes = |name: &str| (strsim::osa_distance(word, name), Reverse(differs_at(name)));
    let ((changes, _), nearest) = known.map(|name| (changes(name), name)).min()?;
    (changes <= word.len().max(nearest.len()) / 3).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        for (word, meant) in [
            ("rttt", Some("rtt")),
            ("stat", Some("state")),
            ("porcess", Some("process")),
            ("LOCAL", Some("local")),
            ("Porcess", Some("process")),
            ("sate", Some("state")),
            ("prot", Some("proto")),
            ("poto", Some("proto")),
            ("nonsense", None),
            (&"x".repeat(200), None),
            ("", None),
        ] {
            let known = ["rtt", "rate", "state", "process", "port", "proto", "local", "cwnd"];
            assert_eq!(nearest(word, known.into_iter()), meant, "{word}");
        }
    }

    #[test]
    fn aliases_lead_to_fields() {
        for (alias, name) in ALIASES {
            assert_eq!(crate::field::named(alias).map(|field| field.name), Some(*name));
            assert!(crate::field::all().all(|field| field.name != *alias), "{alias} is a field itself");
        }
    }
}
