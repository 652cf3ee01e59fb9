//! Descriptors that were passed to a Unix socket and are not received yet. `unix_diag` does not report them; what the kernel
//! says of a descriptor that leads to the socket does.

use pree_wire::proc_pid::fds_in_flight;

use super::join::{At, Join};
use crate::collect::linux::owners::Place;
use crate::model::{Detail, Protocol, Socket, UnixDetail};
use crate::source::{ProcessPart, Question, Source, read_all};

#[derive(Default)]
pub(super) struct InFlight;

impl Join for InFlight {
    fn complete(&mut self, socket: &mut Socket, at: &mut At<'_>) -> bool {
        if socket.protocol != Protocol::Unix {
            return true;
        }
        let Some(source) = &mut at.source else { return false };
        let places = socket.inode.into_iter().flat_map(|inode| at.owners.places(inode));
        read(*source, socket, places);
        true
    }
}

/// Asks the holders of the socket, until one answers.
fn read(source: &mut dyn Source, socket: &mut Socket, mut places: impl Iterator<Item = Place>) {
    let told = places.find_map(|Place { pid, thread, fd }| {
        let part = ProcessPart::DescriptorInfo { thread, fd };
        let text = read_all(source, &Question::Process { pid, part }).ok()?;
        let (count, inode) = fds_in_flight(&text)?;
        // Another socket may have the number by now.
        inode.is_none_or(|inode| Some(inode) == socket.inode).then_some(count)
    });
    let Some(count) = told else { return };
    let detail = socket.detail.get_or_insert_with(|| Box::new(Detail::Unix(UnixDetail::default())));
    if let Detail::Unix(detail) = &mut **detail {
        detail.fds_in_flight = Some(count);
    }
}
