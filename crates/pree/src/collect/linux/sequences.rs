//! Sequence numbers, on request: a BPF program tells those of every TCP socket before the rows are read.
//!
//! They are joined by cookie, so they are never another socket's; one that opened since has none.

use std::collections::HashMap;

use pree_wire::bpf_records::Sequence;

use crate::coverage::{Gap, Missing};
use crate::error::ErrorKind;
use crate::model::Socket;
use crate::plan::Plan;
use crate::query::Needs;
use crate::source::{Errno, Question, Source};

use super::bpf_owners::hint;

/// The sequence numbers of TCP sockets of one namespace by cookie.
#[derive(Default)]
pub(super) struct Sequences {
    known: HashMap<u64, Sequence>,
    refused: Option<Errno>,
}

impl Sequences {
    /// Reads them if they are asked for.
    pub(super) fn read(plan: &Plan, source: &mut dyn Source) -> Self {
        let mut sequences = Self::default();
        if plan.needs.contains(Needs::SEQUENCES) && plan.reads_tcp() {
            sequences.refused = sequences.fill(source).err();
        }
        sequences
    }

    fn fill(&mut self, source: &mut dyn Source) -> Result<(), Errno> {
        source.ask(&Question::Sequences)?;
        let (mut batch, mut pending) = (Vec::new(), Vec::new());
        while source.next(&mut batch)? {
            pending.extend_from_slice(&batch);
            let whole = pending.chunks_exact(Sequence::SIZE);
            self.known.extend(whole.filter_map(Sequence::decode).map(|sequence| (sequence.cookie, sequence)));
            pending.drain(..pending.len() / Sequence::SIZE * Sequence::SIZE);
        }
        if pending.is_empty() { Ok(()) } else { Err(Errno::EBADMSG) }
    }

    /// Fills in what is known about this socket.
    pub(super) fn add_to(&self, socket: &mut Socket) {
        let (Some(id), Some(tcp)) = (socket.id, &mut socket.tcp) else { return };
        if let Some(known) = self.known.get(&id.cookie) {
            tcp.snd_una = Some(known.snd_una);
            tcp.snd_nxt = Some(known.snd_nxt);
            tcp.rcv_nxt = Some(known.rcv_nxt);
            tcp.write_seq = Some(known.write_seq);
            tcp.copied_seq = Some(known.copied_seq);
        }
    }

    /// What is missing because the program was refused.
    pub(super) fn gap(&self) -> Option<Gap> {
        let errno = self.refused?;
        Some(Gap {
            what: Missing::Stats,
            why: ErrorKind::of(errno),
            count: None,
            object: "sequence numbers".to_owned(),
            hint: hint(errno),
        })
    }
}
