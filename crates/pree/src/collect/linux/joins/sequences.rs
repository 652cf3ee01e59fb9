//! Sequence numbers, on request: a BPF program reports those of TCP sockets before the rows are read.
//!
//! They are joined by cookie, which is the machine's (Linux 5.4), so they are never another socket's, and one reading is
//! enough for every network namespace. The program goes through descriptors: a connection that none leads to (orphaned, not
//! accepted yet, an MPTCP subflow, of a process outside the pid namespace), or that opened since, has none.

use std::collections::HashMap;

use pree_wire::bpf_records::Sequence;

use super::join::{At, Join};
use crate::collect::collection::Collection;
use crate::collect::linux::program::{hint, read_records};
use crate::error::ErrorKind;
use crate::model::Socket;
use crate::source::{Failure, Question, Source};

/// The sequence numbers of TCP sockets by cookie.
#[derive(Default)]
pub(super) struct Sequences {
    known: HashMap<u64, Sequence>,
    is_read: bool,
    refused: Option<Failure>,
}

impl Sequences {
    fn fill(&mut self, source: &mut dyn Source) -> Result<(), Failure> {
        read_records(source, &Question::Sequences, |rest| {
            while let Some((record, more)) = rest.split_at_checked(Sequence::SIZE) {
                self.known.extend(Sequence::decode(record).map(|sequence| (sequence.cookie, sequence)));
                *rest = more;
            }
            Ok(())
        })
    }
}

impl Join for Sequences {
    fn begin(&mut self, _: usize, collection: &mut Collection<'_>) {
        if !self.is_read && collection.plan.reads_tcp() {
            self.is_read = true;
            self.refused = self.fill(collection.source).err();
        }
    }

    fn complete(&mut self, socket: &mut Socket, _: &mut At<'_>) -> bool {
        let (Some(id), Some(tcp)) = (socket.kernel_id, &mut socket.tcp) else { return true };
        if let Some(known) = self.known.get(&id.cookie) {
            tcp.snd_una = Some(known.snd_una);
            tcp.snd_nxt = Some(known.snd_nxt);
            tcp.rcv_nxt = Some(known.rcv_nxt);
            tcp.write_seq = Some(known.write_seq);
            tcp.copied_seq = Some(known.copied_seq);
        }
        true
    }

    fn refused(&self) -> Option<(ErrorKind, &'static str)> {
        self.refused.map(|failure| (failure.kind(), hint(failure)))
    }
}
