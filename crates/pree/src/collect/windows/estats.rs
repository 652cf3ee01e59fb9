//! Statistics of connections, which Windows collects where somebody has switched that on.

use std::rc::Rc;

use pree_wire::windows::tables as wire;

use super::tables::{ask, tables_of};
use crate::collect::collection::Collection;
use crate::collect::delivery::Delivery;
use crate::collect::untold::SWITCH_ON;
use crate::coverage::{Coverage, Gap, Missing};
use crate::decode::windows::{add_estats, endpoint, has_stats};
use crate::error::{Error, ErrorKind, NOT_RECORDED, Result};
use crate::model::Socket;
use crate::needs::Needs;
use crate::plan::Plan;
use crate::source::{EstatsClass, Failure, Question, Source, WindowsConnection, WindowsQuestion, read_all};

const ELEVATE: &str = "Windows shows them to administrators only: run elevated";

/// Reads statistics, and remembers why some are missing.
pub(super) struct Estats {
    wanted: bool,
    /// Why none can be had, by family: it is the same for all connections.
    refused: [Option<Failure>; 2],
    without: [u64; 2],
    /// Connections for which they are not collected.
    not_collected: u64,
    /// Connections whose answer made no sense.
    malformed: u64,
}

impl Estats {
    pub(super) fn new(plan: &Plan) -> Self {
        let wanted = plan.needs.intersects(Needs::STATS | Needs::SEQUENCES | Needs::DIRECTION);
        Self { wanted, refused: [None; 2], without: [0; 2], not_collected: 0, malformed: 0 }
    }

    /// Adds what is reported about this connection.
    pub(super) fn read(
        &mut self,
        connection: WindowsConnection,
        socket: &mut Socket,
        source: &mut dyn Source,
    ) {
        if !self.wanted || !has_stats(socket.state) {
            return;
        }
        let family = usize::from(connection.local.is_ipv6());
        if self.refused[family].is_some() {
            self.without[family] += 1;
            return;
        }
        let mut any = false;
        for class in EstatsClass::ALL {
            let question = Question::Windows(WindowsQuestion::Estats { class, connection });
            let answer = match read_all(source, &question) {
                Ok(answer) => answer,
                // It has ended since: there is nothing to report about it.
                Err(failure) if failure.kind() == ErrorKind::Absent => return,
                // A class that this version lacks.
                Err(failure) if any && failure.kind() == ErrorKind::Unsupported => continue,
                Err(failure) => {
                    self.refused[family] = Some(failure);
                    self.without[family] += 1;
                    break;
                }
            };
            let Some(collected) = add_estats(class, &answer, socket) else {
                self.malformed += 1;
                break;
            };
            any |= collected && class != EstatsClass::SynOpts;
        }
        if !any {
            // What the handshake agreed on is no statistic by itself.
            socket.tcp = None;
            self.not_collected += u64::from(self.refused[family].is_none());
        }
    }

    /// Reports what is missing.
    pub(super) fn tell(&self, coverage: &mut Coverage) {
        let mut add = |why, count, object: &str, hint| {
            let object = object.to_owned();
            coverage.add(Gap { what: Missing::Stats, why, count: Some(count), object, hint });
        };
        for (refused, count) in self.refused.iter().zip(self.without) {
            let Some(failure) = *refused else { continue };
            let why = failure.kind();
            let hint = match why {
                ErrorKind::NotRecorded => NOT_RECORDED,
                ErrorKind::NotPermitted => ELEVATE,
                ErrorKind::Unsupported => "this version of Windows does not report them",
                _ => "",
            };
            add(why, count, "EStats", hint);
        }
        if self.not_collected > 0 {
            add(ErrorKind::Absent, self.not_collected, "EStats", SWITCH_ON);
        }
        if self.malformed > 0 {
            add(ErrorKind::Malformed, self.malformed, "EStats", "");
        }
    }
}

/// What was switched on for this collection.
#[derive(Default)]
pub(super) struct Switches {
    on: Vec<(EstatsClass, WindowsConnection)>,
}

impl Switches {
    /// Switches statistics on for every connection that may be asked for, if the plan says so, and waits.
    ///
    /// # Errors
    /// It is not permitted, or this version cannot. Then nothing stays switched on.
    pub(super) fn on(collection: &mut Collection<'_>, rows: &Delivery<'_>) -> Result<Self> {
        let mut switches = Self::default();
        let Some(time) = collection.plan.estats else { return Ok(switches) };
        let plan = Rc::clone(&collection.plan);
        for table in plan.tables.iter().flat_map(|table| tables_of(*table)).flatten() {
            // A table that cannot be read is reported when its rows are wanted.
            let Ok((bytes, class)) = ask(table, collection.source) else { continue };
            for row in wire::rows(&bytes, class, table.row_size(class)).map_while(Result::ok) {
                let Some(endpoint) = endpoint(table, row) else { break };
                let Some(connection) = endpoint.connection else { continue };
                if !has_stats(endpoint.socket.state) || !rows.may_want(&endpoint.socket) {
                    continue;
                }
                if let Err(failure) = switches.switch_on(connection, collection.source) {
                    switches.off(collection);
                    let error = Error::of(failure, "switch on", "statistics of connections");
                    return Err(match failure.kind() {
                        ErrorKind::NotPermitted => error.with_hint("run elevated, as administrator"),
                        _ => error,
                    });
                }
            }
        }
        if !switches.on.is_empty() {
            // The source sleeps; a recording does not.
            let _ = read_all(collection.source, &Question::Windows(WindowsQuestion::Wait(time)));
        }
        Ok(switches)
    }

    /// Switches on what is not: what somebody else collects stays theirs.
    fn switch_on(&mut self, connection: WindowsConnection, source: &mut dyn Source) -> Result<(), Failure> {
        for class in EstatsClass::ALL.into_iter().filter(|class| class.switch_size() > 0) {
            let question = Question::Windows(WindowsQuestion::Estats { class, connection });
            let collected = read_all(source, &question).map(|answer| class.split(&answer).map(|told| told.0));
            if collected == Ok(Some(true)) {
                continue;
            }
            let switch = WindowsQuestion::SwitchEstats { class, connection, on: true };
            match read_all(source, &Question::Windows(switch)) {
                Ok(_) => self.on.push((class, connection)),
                // It has ended.
                Err(failure) if failure.kind() == ErrorKind::Absent => break,
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Switches off what was switched on.
    pub(super) fn off(self, collection: &mut Collection<'_>) {
        let mut left_on = 0_u64;
        for (class, connection) in self.on {
            let switch = WindowsQuestion::SwitchEstats { class, connection, on: false };
            let result = read_all(collection.source, &Question::Windows(switch));
            // One that has ended takes its statistics along.
            left_on += u64::from(result.is_err_and(|failure| failure.kind() != ErrorKind::Absent));
        }
        if left_on > 0 {
            let coverage = &mut collection.coverage;
            coverage.note(format!("{left_on} statistics of connections could not be switched off again"));
        }
    }
}
