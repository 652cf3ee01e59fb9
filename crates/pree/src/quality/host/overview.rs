//! What detectors across sockets are given.

use super::peers::Peers;
use super::places::Places;
use crate::model::Socket;
use crate::quality::{Assessment, Intervals};
use crate::snapshot::Snapshot;

/// A snapshot, and what is known about its sockets.
pub(super) struct Overview<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) places: &'a Places,
    /// Those that have an issue of their own that costs, by place.
    pub(super) troubled: &'a [(usize, Assessment)],
    /// For each socket of the snapshot whether anything can be said of how well it does.
    pub(super) told: &'a [bool],
    pub(super) peers: &'a Peers,
    /// For each socket of the snapshot the number of its peer.
    pub(super) peer_of: &'a [Option<u32>],
    pub(super) intervals: Option<&'a Intervals>,
}

impl<'a> Overview<'a> {
    /// These sockets with their places.
    pub(super) fn each<'p>(
        &self,
        places: &'p [usize],
    ) -> impl Iterator<Item = (usize, &'a Socket)> + Clone + use<'a, 'p> {
        let sockets = self.snapshot.sockets();
        places.iter().filter_map(move |place| {
            #[cfg(test)]
            crate::steps::count(1);
            Some((*place, sockets.get(*place)?))
        })
    }

    pub(super) fn at<'p>(&self, places: &'p [usize]) -> impl Iterator<Item = &'a Socket> + use<'a, 'p> {
        self.each(places).map(|(_, socket)| socket)
    }

    /// What is the same of all of these.
    pub(super) fn common<T: PartialEq>(
        &self,
        places: &[usize],
        get: impl Fn(&Socket) -> Option<T>,
    ) -> Option<T> {
        let mut all = self.at(places).map(get);
        let first = all.next()??;
        all.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }

    /// The judgement of the socket at this place, if it is in trouble.
    pub(super) fn judgement(&self, place: usize) -> Option<&'a Assessment> {
        let at = self.troubled.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        self.troubled.get(at).map(|(_, judged)| judged)
    }

    /// How many of these have come to their state since the first look; `None` with one look only, and where it is not
    /// known of all.
    pub(super) fn new_since_first_look(&self, places: &[usize]) -> Option<usize> {
        let intervals = self.intervals?;
        self.at(places).map(|socket| intervals.is_new(socket).map(usize::from)).sum()
    }
}
