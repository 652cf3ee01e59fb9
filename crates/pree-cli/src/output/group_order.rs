//! What groups are sorted by: their numbers, or what their sockets have in common.

use std::cmp::Ordering;

use pree::field;

use crate::columns::{self, Column};
use crate::text::{escape, words};

/// What is counted of a group.
#[derive(Clone, Copy)]
pub(super) struct Sums {
    pub(super) count: u64,
    /// Bytes; a listener's queue is none. `None` once it is unknown of any socket: a part is not the sum.
    pub(super) recv_queue: Option<u64>,
    pub(super) send_queue: Option<u64>,
}

/// What groups are sorted by.
#[derive(Clone, Copy)]
pub(super) struct Order {
    by: OrderBy,
    descending: bool,
}

#[derive(Clone, Copy)]
enum OrderBy {
    Count,
    RecvQueue,
    SendQueue,
    /// One of the columns that they have in common.
    Cell(usize),
}

/// Reads `--sort` for groups by these columns; `brief`: only their count is shown.
pub(super) fn parse_orders(words: &[String], by: &[Column], brief: bool) -> Result<Vec<Order>, String> {
    let sums = [
        ("count", OrderBy::Count),
        (field::RECVQ.name, OrderBy::RecvQueue),
        (field::SENDQ.name, OrderBy::SendQueue),
    ];
    let cells = by.iter().enumerate().map(|(place, column)| (column.name(), OrderBy::Cell(place)));
    let known: Vec<_> = sums.into_iter().take(if brief { 1 } else { sums.len() }).chain(cells).collect();
    let read = |word: &String| {
        let (descending, name) = columns::direction(word);
        let found = known.iter().find(|(known, _)| *known == name);
        found.map(|(_, by)| Order { by: *by, descending }).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            format!(
                "--sort: groups are sorted by {}, not {}",
                words::listed(&names, "or"),
                escape::quoted(name.as_bytes())
            )
        })
    };
    words.iter().map(read).collect()
}

impl Order {
    pub(super) fn compare(self, (a, of_a): (&[&[u8]], &Sums), (b, of_b): (&[&[u8]], &Sums)) -> Ordering {
        let number = |cell: &[u8]| std::str::from_utf8(cell).ok()?.parse::<u64>().ok();
        // What is unknown comes last either way.
        let known = |cells: &[&[u8]], place: usize| {
            cells
                .get(place)
                .filter(|cell| !cell.is_empty())
                .map(|cell| (number(cell).is_none(), number(cell), cell.to_vec()))
        };
        match self.by {
            OrderBy::Count => self.order(Some(of_a.count), Some(of_b.count)),
            OrderBy::RecvQueue => self.order(of_a.recv_queue, of_b.recv_queue),
            OrderBy::SendQueue => self.order(of_a.send_queue, of_b.send_queue),
            OrderBy::Cell(place) => self.order(known(a, place), known(b, place)),
        }
    }

    fn order<T: Ord>(self, a: Option<T>, b: Option<T>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if self.descending => b.cmp(&a),
            (Some(a), Some(b)) => a.cmp(&b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        }
    }
}
