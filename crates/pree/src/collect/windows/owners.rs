//! Whose an endpoint is: the table tells the process id; here are the names for it.
//!
//! A process can have ended since, and its id be another's. Both show: it is in no list, or it started later than the
//! endpoint was made. Then the id is told and no name.

use std::collections::HashMap;
use std::sync::Arc;

use pree_wire::windows::process::entries;

use crate::coverage::{Coverage, Gap, Missing, Origin};
use crate::decode::windows::{file_name, file_time, text};
use crate::error::ErrorKind;
use crate::model::{Owner, Process, Socket, StartTime, State, Text, Unowned};
use crate::needs::{Needs, OwnerLookup};
use crate::plan::Plan;
use crate::source::{Failure, Question, Source, WindowsProcessPart, WindowsQuestion, read_all};

/// Times that all processes are listed: a process can be younger than the first list.
const LISTS: usize = 2;

#[derive(Default)]
pub(super) struct Owners {
    needs: Needs,
    lookup: OwnerLookup,
    /// Parent and name by process id.
    listed: HashMap<u32, (u32, Text)>,
    lists: usize,
    /// Why the last list is missing.
    unlisted: Option<Failure>,
    known: HashMap<u32, Arc<Process>>,
    /// Sockets of processes that nothing names.
    nameless: u64,
    /// Processes whose program was refused.
    refused: u64,
}

impl Owners {
    pub(super) fn new(plan: &Plan) -> Self {
        Self { needs: plan.needs, lookup: plan.owners, ..Self::default() }
    }

    /// Gives the socket its owner, or the reason for having none.
    pub(super) fn find(&mut self, pid: u32, socket: &mut Socket, source: &mut dyn Source) {
        // The table's number for nobody; the idle process, whose id it is too, has no sockets.
        if pid == 0 {
            socket.unowned = Some(match socket.state {
                State::TimeWait => Unowned::TimeWait,
                State::SynReceived => Unowned::Handshake,
                State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck => Unowned::Orphaned,
                _ => Unowned::NoVisibleHolder,
            });
            return;
        }
        let mut process = self.process(pid, source);
        let started = process.start_time.and_then(StartTime::since_unix_epoch);
        if started.zip(socket.created).is_some_and(|(started, created)| started > created) {
            process = Arc::new(Process { pid, ..Process::default() });
        }
        self.nameless += u64::from(process.name.is_empty());
        socket.owners.push(Owner { process, fd: None, thread: None });
    }

    fn process(&mut self, pid: u32, source: &mut dyn Source) -> Arc<Process> {
        if let Some(process) = self.known.get(&pid) {
            return process.clone();
        }
        if !self.listed.contains_key(&pid) && self.lists < LISTS {
            self.lists += 1;
            self.list(source);
        }
        let mut ask = |part| read_all(source, &Question::Windows(WindowsQuestion::Process { pid, part }));
        let started = ask(WindowsProcessPart::StartTime).ok().as_deref().and_then(file_time);
        let listed = self.listed.get(&pid);
        let wants_path = self.needs.contains(Needs::PROCESS_EXECUTABLE);
        let mut executable = None;
        if wants_path || listed.is_none() {
            match ask(WindowsProcessPart::ImageName) {
                Ok(path) => executable = Some(text(&path)),
                Err(failure) => {
                    self.refused += u64::from(wants_path && failure.kind() == ErrorKind::NotPermitted);
                }
            }
        }
        let name = match listed {
            Some((_, name)) => name.clone(),
            None => executable.as_ref().map(file_name).unwrap_or_default(),
        };
        let process = Arc::new(Process {
            pid,
            name,
            start_time: started.map(StartTime::wall),
            parent: listed.map(|(parent, _)| *parent),
            executable: executable.filter(|_| wants_path),
            ..Process::default()
        });
        self.known.insert(pid, process.clone());
        process
    }

    fn list(&mut self, source: &mut dyn Source) {
        match read_all(source, &Question::Windows(WindowsQuestion::Processes)) {
            Ok(snapshot) => {
                self.unlisted = None;
                for entry in entries(&snapshot) {
                    let told = entry.process_id().zip(entry.parent_process_id()).zip(entry.exe_file());
                    if let Some(((pid, parent), name)) = told {
                        self.listed.insert(pid, (parent, text(&name)));
                    }
                }
            }
            Err(failure) => self.unlisted = Some(failure),
        }
    }

    /// Tells what is missing.
    pub(super) fn tell(&self, coverage: &mut Coverage) {
        if self.lookup == OwnerLookup::None {
            return;
        }
        coverage.owners_came_from(Origin::IpHelper);
        if let Some(failure) = self.unlisted.filter(|_| self.nameless > 0) {
            coverage.add(Gap {
                what: Missing::Owners,
                why: failure.kind(),
                count: Some(self.nameless),
                object: "names of processes".to_owned(),
                hint: "their ids are told",
            });
        } else if self.nameless > 0 {
            coverage.note(format!(
                "{} sockets are of processes that have ended: their ids are told, no names",
                self.nameless
            ));
        }
        if self.refused > 0 {
            coverage.note(format!(
                "{} processes do not tell their program: run elevated, as administrator",
                self.refused
            ));
        }
        let untold =
            Needs::PROCESS_UID | Needs::PROCESS_USER | Needs::PROCESS_COMMAND_LINE | Needs::PROCESS_CGROUP;
        if self.needs.intersects(untold) {
            coverage.note("user and command line of processes are not read on Windows".to_owned());
        }
    }
}
