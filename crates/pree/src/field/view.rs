//! What fields are read from.

use std::cell::OnceCell;
use std::time::Duration;

use crate::model::{Event, Since, Socket};
use crate::quality::{Assessment, Context, Interval, Peers, assess, assess_interval};

/// A socket as fields see it, with what is known beside it.
///
/// ```no_run
/// use pree::Query;
/// use pree::field::{View, named};
///
/// let sport = named("sport").ok_or("no such field")?;
/// for socket in &Query::new().tcp().collect()? {
///     println!("{:?}", (sport.get)(&View::new(socket)));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct View<'s> {
    socket: &'s Socket,
    previous: Option<(&'s Socket, Duration)>,
    peers: Option<&'s Peers>,
    event: Option<&'s Event>,
    given: Option<&'s Assessment>,
    /// Boxed, because most views are never judged.
    made: OnceCell<Box<Assessment>>,
}

impl<'s> View<'s> {
    /// The socket alone.
    pub fn new(socket: &'s Socket) -> Self {
        Self { socket, previous: None, peers: None, event: None, given: None, made: OnceCell::new() }
    }

    /// With the same socket as it was in an earlier look, so long before this one: that is what rates take.
    #[must_use]
    pub fn since(self, previous: &'s Socket, elapsed: Duration) -> Self {
        Self { previous: Some((previous, elapsed)), ..self }
    }

    /// With what other connections know of the path, for the judgement.
    #[must_use]
    pub fn among(self, peers: &'s Peers) -> Self {
        Self { peers: Some(peers), ..self }
    }

    /// With a judgement that was made already.
    #[must_use]
    pub fn judged(self, assessment: &'s Assessment) -> Self {
        Self { given: Some(assessment), ..self }
    }

    /// As an event told of it, with what passed since the one before.
    #[must_use]
    pub fn during(self, event: &'s Event) -> Self {
        let before = |since: &'s Since| Some((since.socket.as_deref()?, since.elapsed));
        let previous = event.since.as_ref().and_then(before);
        Self { event: Some(event), previous: previous.or(self.previous), ..self }
    }

    /// What was told of it.
    pub fn event(&self) -> Option<&'s Event> {
        self.event
    }

    /// The socket.
    pub fn socket(&self) -> &'s Socket {
        self.socket
    }

    /// The same socket in an earlier look, and how long before this one that was.
    pub fn previous(&self) -> Option<(&'s Socket, Duration)> {
        self.previous
    }

    /// The time that rates are of; `None` in a single look.
    pub fn elapsed(&self) -> Option<Duration> {
        let told = self.event.and_then(|event| event.since.as_ref());
        told.map(|since| since.elapsed).or_else(|| self.previous.map(|(_, elapsed)| elapsed))
    }

    /// The judgement, made when it is first asked for: of what happened since the earlier look, where there was one. `None`:
    /// nothing is judged, of a socket without statistics in which nothing is found.
    pub fn assessment(&self) -> Option<&Assessment> {
        let make = || {
            let context = self.peers.map_or_else(Context::default, |peers| peers.context(self.socket));
            Box::new(match self.previous {
                Some((previous, elapsed)) => {
                    let mut interval = Interval::new(Duration::ZERO, previous);
                    interval.add(elapsed, self.socket);
                    assess_interval(&interval, &context)
                }
                None => assess(self.socket, &context),
            })
        };
        let assessment = self.given.unwrap_or_else(|| self.made.get_or_init(make));
        let is_judged = self.socket.tcp.is_some() || !assessment.findings.is_empty();
        is_judged.then_some(assessment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{self, Section};
    use crate::model::{State, TcpStats};

    #[test]
    fn a_row_is_judged_once_and_only_where_that_is_asked_for() {
        let mut socket = Socket::tcp(State::Established, "10.0.0.5:80", "");
        socket.tcp = Some(Box::new(TcpStats::default()));
        let view = View::new(&socket);
        for field in field::all().filter(|field| field.section != Section::Quality) {
            (field.get)(&view);
            assert!(view.made.get().is_none(), "{}", field.name);
        }
        let first: *const Assessment = view.assessment().unwrap();
        for field in field::of(Section::Quality) {
            (field.get)(&view);
            assert!(std::ptr::eq(first, view.assessment().unwrap()), "{}", field.name);
        }
    }
}
