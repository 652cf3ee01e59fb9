//! Descriptors that were passed to a Unix socket and are not received yet. `unix_diag` does not tell them; what the kernel
//! says of a descriptor that leads to the socket does.

use pree_wire::proc_pid::fds_in_flight;

use super::owners::Place;
use crate::model::{Detail, Socket, UnixDetail};
use crate::source::{ProcessPart, Question, Source, read_all};

/// Asks where the socket is held, until one tells.
pub(super) fn read(source: &mut dyn Source, socket: &mut Socket, mut places: impl Iterator<Item = Place>) {
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
