//! The name that somebody may have meant.

/// The name that takes the fewest changes, at most a third of its letters.
pub(crate) fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let (changes, nearest) = known.map(|name| (distance(word, name), name)).min()?;
    (changes <= word.len().max(nearest.len()) / 3).then_some(nearest)
}

/// Letters to insert, remove or replace, and neighbours to swap (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
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
            ("LOCAL", None),
            ("nonsense", None),
            ("", None),
        ] {
            let known = ["rtt", "state", "process", "local", "cwnd"];
            assert_eq!(nearest(word, known.into_iter()), meant, "{word}");
        }
    }
}
