//! Order: numbers by size, times by length, addresses by number, text by bytes; what is unknown comes last either way.

use std::cmp::Ordering;

use pree::field::View;

use super::choose::{find, unknown};
use super::column::Column;
use super::key::Key;
use super::ranks::Ranks;

/// One field to sort by.
#[derive(Clone, Copy)]
pub(crate) struct Order {
    pub(crate) column: Column,
    descending: bool,
}

impl Order {
    /// Sorts by each in turn; what is equal stays as it came.
    pub(crate) fn sort(orders: &[Self], views: &mut [View<'_>]) {
        let ranks = Ranks::of(orders.iter().map(|order| order.column), views);
        views.sort_by(|a, b| {
            let mut each = orders.iter().map(|order| order.compare(&ranks, a, b));
            each.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
    }

    fn compare(self, ranks: &Ranks, a: &View<'_>, b: &View<'_>) -> Ordering {
        let (a, b) = (self.column.key(a), self.column.key(b));
        match (a == Key::Unknown, b == Key::Unknown) {
            (false, false) if self.descending => ranks.compare(b, a),
            (false, false) => ranks.compare(a, b),
            (unknown, other) => unknown.cmp(&other),
        }
    }
}

/// Whether it goes down, and the name.
pub(crate) fn direction(word: &str) -> (bool, &str) {
    let word = word.trim();
    match word.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    }
}

/// Reads `--sort`: names, a `-` before those that go down.
pub(crate) fn parse_orders(words: &[String]) -> Result<Vec<Order>, String> {
    words
        .iter()
        .map(|word| {
            let (descending, name) = direction(word);
            let column = find(name).ok_or_else(|| match name {
                "count" => "--sort: groups have a count: -g FIELD".to_owned(),
                _ => format!("--sort: {}", unknown(name)),
            })?;
            Ok(Order { column, descending })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    /// The local ports, in order.
    #[track_caller]
    fn check(words: &str, expected: &[u16]) {
        let words: Vec<String> = words.split(',').map(str::to_owned).collect();
        let orders = parse_orders(&words).unwrap();
        let sockets = sample::sockets();
        let mut views: Vec<_> = sockets.iter().map(View::new).collect();
        Order::sort(&orders, &mut views);
        let ports: Vec<_> = views.iter().filter_map(|view| view.socket().local.port()).collect();
        assert_eq!(ports, expected, "{words:?}");
    }

    #[test]
    fn every_kind_and_unknown_last() {
        check("sport", &[22, 53, 443, 40000, 40001, 40002]);
        check("-sport", &[40002, 40001, 40000, 443, 53, 22]);
        // Only connections have a round trip time; the others keep their order.
        check("rtt", &[40001, 40000, 22, 53, 443, 40002]);
        check("-rtt", &[40000, 40001, 22, 53, 443, 40002]);
        check("proto,-sport", &[40002, 40001, 40000, 443, 22, 53]);
        check("remote", &[40000, 40002, 40001, 22, 53, 443]);
        check("process,sport", &[40001, 53, 40000, 22, 443, 40002]);
    }

    #[test]
    fn mistakes() {
        for (word, says) in
            [("nonsense", "--sort: no field"), ("-rttt", "did you mean rtt?"), ("", "no field")]
        {
            let text = parse_orders(&[word.to_owned()]).err().unwrap_or_default();
            assert!(text.contains(says), "{text}");
        }
    }
}
