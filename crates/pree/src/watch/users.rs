//! Who uses a socket, and what is known of these processes: each is looked up once.

use std::collections::HashMap;
use std::sync::Arc;

use pree_wire::life_records::User;

use crate::collect::ProcessDetails;
use crate::model::{Owner, Process, Socket, StartTime, Text, Unowned};
use crate::needs::Needs;
use crate::source::Source;

/// Processes that are remembered, to share their names.
const MOST: usize = 4096;

pub(super) struct Users {
    processes: HashMap<User, Arc<Process>>,
    details: ProcessDetails,
}

impl Users {
    pub(super) fn new(needs: Needs, source: &mut dyn Source) -> Self {
        Self { processes: HashMap::new(), details: ProcessDetails::new(needs, source) }
    }

    /// A process that has no number in our pid namespace is no visible holder.
    pub(super) fn set(&mut self, socket: &mut Socket, user: User, source: &mut dyn Source) {
        (socket.owners, socket.unowned) = match user.pid {
            0 => (Vec::new(), Some(Unowned::NoVisibleHolder)),
            _ => (vec![self.owner(user, source)], None),
        };
    }

    fn owner(&mut self, user: User, source: &mut dyn Source) -> Owner {
        if self.processes.len() >= MOST {
            self.processes.clear();
        }
        let Self { processes, details } = self;
        let process = processes.entry(user).or_insert_with(|| {
            let mut process = Process {
                pid: user.pid,
                name: Text::from(user.name()),
                start_time: Some(StartTime::after_boot(user.start_time_ns, None)),
                ..Process::default()
            };
            details.complete(&mut process, source);
            Arc::new(process)
        });
        Owner::new(Arc::clone(process), None)
    }
}
