//! The running system as a source.

use crate::error::Result;
use crate::source::Source;
use crate::sys;

/// The running system: what [`Query::collect`](crate::Query::collect) asks. For those who put something between, such
/// as a [`Recorder`](crate::source::Recorder).
///
/// ```no_run
/// let mut recorder = pree::source::Recorder::new(pree::source::live()?);
/// let snapshot = pree::Query::new().stats().owners().collect_from(&mut recorder)?;
/// std::fs::write("sockets.pree", recorder.finish().to_bytes())?;
/// # drop(snapshot);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) on a system that pree does not know.
pub fn live() -> Result<impl Source> {
    sys::live()
}
