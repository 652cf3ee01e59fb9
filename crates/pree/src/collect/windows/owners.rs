//! Whose an endpoint is: the table reports the process id; here are the names for it.
//!
//! A process can have ended since, and its id be another's. Both show: it is in no list, or it started later than the
//! endpoint was made, and the endpoint is gone with it. Then the id is reported and no name. An endpoint that is still there
//! when its table is read again is of the process that was seen meanwhile: the clock was set back.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use pree_wire::windows::process::entries;
use pree_wire::windows::tables as wire;

use super::tables::ask;
use crate::coverage::{Coverage, Gap, Missing, Origin};
use crate::decode::windows::{endpoint, file_name, file_time, text};
use crate::error::ErrorKind;
use crate::model::{Address, Owner, Process, Socket, StartTime, State, Text, Unowned};
use crate::needs::{Needs, OwnerLookup};
use crate::plan::Plan;
use crate::source::{
    Failure, OwnerClass, Question, Source, WindowsProcessPart, WindowsQuestion, WindowsTable, read_all,
};

/// Times that all processes are listed: a process can be younger than the first list.
const LISTS: usize = 2;

/// A table as it was read.
#[derive(Clone, Copy)]
pub(super) struct Read<'t> {
    pub(super) table: WindowsTable,
    pub(super) bytes: &'t [u8],
    pub(super) class: OwnerClass,
}

/// What is the same of an endpoint from look to look: its process, when it was made, its ends.
type Made = (u32, Option<Duration>, Address, Option<Address>);

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
    /// Endpoints of a table that were there after each of its processes was seen.
    still_there: Option<(WindowsTable, HashSet<Made>)>,
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
    pub(super) fn find(&mut self, pid: u32, socket: &mut Socket, read: Read<'_>, source: &mut dyn Source) {
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
        let is_younger = started.zip(socket.created).is_some_and(|(started, created)| started > created);
        if is_younger && !self.is_still_there(pid, socket, read, source) {
            process = Arc::new(Process { pid, ..Process::default() });
        }
        self.nameless += u64::from(process.name.is_empty());
        socket.owners.push(Owner::new(process, None));
    }

    /// Whether the endpoint is in its table when that is read again, after every process in it was seen.
    fn is_still_there(&mut self, pid: u32, socket: &Socket, read: Read<'_>, source: &mut dyn Source) -> bool {
        if self.still_there.as_ref().is_none_or(|(table, _)| *table != read.table) {
            for (pid, ..) in endpoints(read) {
                self.process(pid, source);
            }
            let again = match ask(read.table, source) {
                Ok((bytes, class)) => endpoints(Read { bytes: &bytes, class, ..read }).collect(),
                // Then nothing says that it is.
                Err(_) => HashSet::new(),
            };
            self.still_there = Some((read.table, again));
        }
        let made = (pid, socket.created, socket.local.clone(), socket.remote.clone());
        self.still_there.as_ref().is_some_and(|(_, again)| again.contains(&made))
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

    /// Reports what is missing.
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
                hint: "their ids are shown",
            });
        } else if self.nameless > 0 {
            coverage.note(format!(
                "{} sockets are of processes that have ended: only their ids are known",
                self.nameless
            ));
        }
        if self.refused > 0 {
            coverage.note(format!(
                "{} processes do not show their program: run elevated, as administrator",
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

fn endpoints(Read { table, bytes, class }: Read<'_>) -> impl Iterator<Item = Made> {
    let rows = wire::rows(bytes, class, table.row_size(class)).map_while(Result::ok);
    let endpoints = rows.map_while(move |row| endpoint(table, row)).filter(|endpoint| endpoint.pid != 0);
    endpoints.map(|endpoint| {
        let socket = endpoint.socket;
        (endpoint.pid, socket.created, socket.local, socket.remote)
    })
}
