//! Descriptors that were passed to a Unix socket and are not received yet. `unix_diag` does not report them; what the kernel
//! says of a descriptor that leads to the socket does.

use pree_wire::proc_pid::fds_in_flight;

use super::join::{At, Join};
use crate::collect::linux::blind::read_with_retries;
use crate::collect::linux::owners::Place;
use crate::collect::linux::scope::{TO_LOOK, against_refusal};
use crate::error::{ErrorKind, NOT_RECORDED};
use crate::model::{Detail, Protocol, Socket, UnixDetail, Unowned};
use crate::source::{Failure, ProcessPart, Question, Source};

#[derive(Default)]
pub(super) struct InFlight {
    /// Why those of the last row are not known, and what helps, where a question failed.
    refused: Option<(ErrorKind, &'static str)>,
}

impl Join for InFlight {
    fn complete(&mut self, socket: &mut Socket, at: &mut At<'_>) -> bool {
        if socket.protocol != Protocol::Unix {
            return true;
        }
        let Some(source) = &mut at.source else { return false };
        let places = socket.inode.into_iter().flat_map(|inode| at.owners.places(inode));
        self.refused = read(*source, socket, places).map(|failure| match failure.kind() {
            ErrorKind::NotPermitted => (ErrorKind::NotPermitted, against_refusal(*source, TO_LOOK)),
            ErrorKind::NotRecorded => (ErrorKind::NotRecorded, NOT_RECORDED),
            kind => (kind, "reading them failed: try again"),
        });
        // Of one that nobody is seen to hold, what kept us from seeing.
        if socket.unowned.is_some_and(Unowned::is_unknown) {
            self.refused = Some(at.owners.why_blind());
        }
        true
    }

    fn refused(&self) -> Option<(ErrorKind, &'static str)> {
        self.refused
    }
}

/// Asks the holders of the socket, until one answers. Returns the failure that prevented it.
fn read(
    source: &mut dyn Source,
    socket: &mut Socket,
    mut places: impl Iterator<Item = Place>,
) -> Option<Failure> {
    let mut failed = None;
    let told = places.find_map(|Place { pid, thread, fd }| {
        let part = ProcessPart::DescriptorInfo { thread, fd };
        let text = match read_with_retries(source, &Question::Process { pid, part }) {
            Ok(text) => text,
            Err(failure) => {
                failed = Some(failure).filter(|failure| failure.kind() != ErrorKind::Absent).or(failed);
                return None;
            }
        };
        let (count, inode) = fds_in_flight(&text)?;
        // Another socket may have the number by now.
        inode.is_none_or(|inode| Some(inode) == socket.inode).then_some(count)
    });
    let Some(count) = told else { return failed };
    let detail = socket.detail.get_or_insert_with(|| Box::new(Detail::Unix(UnixDetail::default())));
    if let Detail::Unix(detail) = &mut **detail {
        detail.fds_in_flight = Some(count);
    }
    None
}
