//! What completes rows: the list of joins, in the order in which they do.

mod directions;
mod ends;
mod in_flight;
mod interfaces;
mod join;
mod owners;
mod sequences;
mod tunnels;
mod unix_ends;

use std::ops::Range;

use crate::error::ErrorKind;
use crate::model::Socket;
use crate::needs::Needs;
use join::OfNamespace;
pub(super) use join::{At, Join};

/// What it gives, and how it is made.
type Entry = (Needs, fn() -> Box<dyn Join>);

/// What takes rows and nothing else. Each may use what those before it gave.
const WITH_ROWS: [Entry; 6] = [
    (Needs::INTERFACE_NAME, join::<OfNamespace<interfaces::Interfaces>>),
    (Needs::SEQUENCES, join::<sequences::Sequences>),
    (Needs::REMOTE_NAMES, join::<unix_ends::UnixEnds>),
    (Needs::DIRECTION, join::<OfNamespace<directions::Directions>>),
    (Needs::PEERS, join::<OfNamespace<ends::Ends>>),
    // Those who hold sockets are looked for after it.
    (Needs::OWNERS.union(Needs::TUNNEL), join::<OfNamespace<tunnels::Tunnels>>),
];

/// What takes those who hold the sockets, too.
const WITH_HOLDERS: [Entry; 2] =
    [(Needs::OWNERS, join::<owners::Owners>), (Needs::FDS_IN_FLIGHT, join::<in_flight::InFlight>)];

fn join<J: Join + Default + 'static>() -> Box<dyn Join> {
    Box::<J>::default()
}

/// Those that are asked for, with what they give.
pub(super) struct Joins {
    list: Vec<(Needs, Box<dyn Join>)>,
    /// So many complete rows with rows alone.
    pub(super) with_rows: usize,
    /// So many give what the filter must know.
    pub(super) of_filter: usize,
}

impl Joins {
    /// Those of a plan whose filter must know so much.
    pub(super) fn new(needs: Needs, filter: Needs) -> Self {
        let asked = |entries: &[Entry]| -> Vec<_> {
            let asked = entries.iter().filter(|(gives, _)| needs.intersects(*gives));
            asked.map(|(gives, join)| (*gives, join())).collect()
        };
        let (mut list, with_holders) = (asked(&WITH_ROWS), asked(&WITH_HOLDERS));
        let with_rows = list.len();
        list.extend(with_holders);
        let last = list.iter().rposition(|(gives, _)| filter.intersects(*gives));
        Self { list, with_rows, of_filter: last.map_or(0, |last| last + 1) }
    }

    /// Every one of them.
    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Box<dyn Join>> {
        self.list.iter_mut().map(|(_, join)| join)
    }

    /// What cannot be known, why, and what helps.
    pub(super) fn refused(&self) -> Vec<(Needs, (ErrorKind, &'static str))> {
        self.list.iter().filter_map(|(gives, join)| Some((*gives, join.refused()?))).collect()
    }

    /// Completes a row by these. False when it has to wait.
    pub(super) fn complete(&mut self, these: Range<usize>, socket: &mut Socket, at: &mut At<'_>) -> bool {
        self.all().take(these.end).skip(these.start).all(|join| join.complete(socket, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the filter is not about is not looked for in rows that it leaves out.
    #[test]
    fn the_filter_waits_only_for_what_it_is_about() {
        let all = Needs::SEQUENCES | Needs::DIRECTION | Needs::PEERS | Needs::OWNERS;
        for (needs, filter, expected) in [
            (all, Needs::STATS, 0),
            (all, Needs::SEQUENCES, 1),
            (all, Needs::DIRECTION | Needs::REMOTE_NAMES, 2),
            (all, Needs::PEERS, 3),
            (all, Needs::OWNERS | Needs::SEQUENCES, 5),
            (all, Needs::TUNNEL, 4),
            (Needs::OWNERS, Needs::OWNERS, 2),
            (Needs::empty(), Needs::STATS, 0),
        ] {
            assert_eq!(Joins::new(needs, filter).of_filter, expected, "{needs:?} {filter:?}");
        }
        assert_eq!(Joins::new(all, Needs::empty()).with_rows, 4);
    }
}
