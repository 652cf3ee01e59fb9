//! The names that fields go by, in filters, columns and everywhere else.

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
const PLANNED: &[&str] = &["unit", "container", "pod", "age", "idle"];

/// True for a name that is agreed and whose data is not implemented yet: whoever asks for it is told so.
pub fn is_planned(name: &str) -> bool {
    PLANNED.contains(&name)
}

/// The name that somebody who typed `word` may have meant: the one that takes the fewest changes, at most a third of
/// its letters; capitals are none.
pub fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let word = &*word.to_ascii_lowercase();
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
    fn what_was_meant() {
        for (word, meant) in [
            ("rttt", Some("rtt")),
            ("stat", Some("state")),
            ("porcess", Some("process")),
            ("LOCAL", Some("local")),
            ("Porcess", Some("process")),
            ("nonsense", None),
            ("", None),
        ] {
            let known = ["rtt", "state", "process", "local", "cwnd"];
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
