//! What a join is: something that completes rows from elsewhere, such as from other rows or from those who hold sockets.

use crate::collect::collection::Collection;
use crate::collect::linux::owners::OwnerSearch;
use crate::coverage::Coverage;
use crate::error::ErrorKind;
use crate::model::Socket;
use crate::source::Source;

/// What a join can ask when it completes a row.
pub(in crate::collect::linux) struct At<'a> {
    pub(in crate::collect::linux) owners: &'a OwnerSearch,
    /// `None` while rows come by: the source is busy with them.
    pub(in crate::collect::linux) source: Option<&'a mut dyn Source>,
}

impl At<'_> {
    /// True when every row came by: now or never.
    pub(super) fn is_last(&self) -> bool {
        self.source.is_some()
    }
}

/// Completes rows.
pub(in crate::collect::linux) trait Join {
    /// Rows of a network namespace follow: asks what must be known before. It takes this place among the namespaces, and
    /// that of all behind it.
    fn begin(&mut self, _place: usize, _collection: &mut Collection<'_>) {}

    /// A row comes by, whether or not it is asked for: others may be joined with it.
    fn see(&mut self, _socket: &mut Socket) {}

    /// A table was read to its end, and the source, which is still in its namespace, can be asked.
    fn ask(&mut self, _source: &mut dyn Source) {}

    /// Rows that had to wait follow, of the namespace at this place.
    fn resume(&mut self, _place: usize) {}

    /// Completes a row that is asked for. False when it has to wait until every row came by: then it is called again, for
    /// [the last time](At::is_last), whoever made it wait.
    fn complete(&mut self, socket: &mut Socket, at: &mut At<'_>) -> bool;

    /// Why nothing can be known of the last row, or of any, and what helps.
    fn refused(&self) -> Option<(ErrorKind, &'static str)> {
        None
    }

    /// Adds what is worth knowing about the answer.
    fn tell(&self, _owners: &OwnerSearch, _coverage: &mut Coverage) {}
}

/// A join within each network namespace by itself.
#[derive(Default)]
pub(super) struct OfNamespace<J> {
    all: Vec<J>,
    now: usize,
}

impl<J: Join + Default> Join for OfNamespace<J> {
    fn begin(&mut self, place: usize, collection: &mut Collection<'_>) {
        let mut join = J::default();
        join.begin(place, collection);
        self.all.truncate(place);
        self.all.push(join);
        self.now = place;
    }

    fn see(&mut self, socket: &mut Socket) {
        if let Some(join) = self.all.get_mut(self.now) {
            join.see(socket);
        }
    }

    fn resume(&mut self, place: usize) {
        self.now = place;
    }

    fn ask(&mut self, source: &mut dyn Source) {
        if let Some(join) = self.all.get_mut(self.now) {
            join.ask(source);
        }
    }

    fn complete(&mut self, socket: &mut Socket, at: &mut At<'_>) -> bool {
        self.all.get_mut(self.now).is_none_or(|join| join.complete(socket, at))
    }

    fn tell(&self, owners: &OwnerSearch, coverage: &mut Coverage) {
        self.all.iter().for_each(|join| join.tell(owners, coverage));
    }
}
