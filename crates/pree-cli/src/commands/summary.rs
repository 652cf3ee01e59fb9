//! `pree summary`, `pree -s`: how many sockets of each protocol, state and family, and how many are whose.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use pree::quality::LocalPorts;
use pree::{Coverage, Family, Needs, OwnerLookup, Protocol, Socket, State, States};

use super::phrases;
use super::repeat::{self, Frame};
use crate::args::Args;
use crate::exit::{ANSWERED, Failure, INCOMPLETE, NOTHING};
use crate::output::environment::Environment;
use crate::output::json::document::completeness;
use crate::output::json::verdicts;
use crate::output::json::writer::Json;
use crate::output::{self, Format};
use crate::session::{self, Session};
use crate::sys::Rights;
use crate::text::paragraph::paragraph;
use crate::text::words;

/// What it takes.
struct Options {
    asked: session::Options,
    json: bool,
    repeat: Option<Duration>,
}

impl From<Args> for Options {
    fn from(args: Args) -> Self {
        let json = args.shown.format != Format::Table;
        Self { asked: args.asked, json, repeat: args.repeat }
    }
}

pub(crate) fn run(args: Args, rights: Rights) -> Result<ExitCode, Failure> {
    let Options { asked, json, repeat } = args.into();
    let session = Session::open(asked, rights)?;
    let asked = &session.options;
    if let Some(every) = repeat {
        let is_text = !json && io::stdout().is_terminal();
        let in_place = is_text && !Environment::read().only_adds_lines();
        return repeat::repeat(every, in_place, || {
            let (summary, coverage) = look(&session)?;
            let text = if is_text { summary.text().into() } else { summary.json(&coverage) };
            let code = ExitCode::from(if asked.lacks(&coverage) { INCOMPLETE } else { ANSWERED });
            Ok(Frame { text, taken: session.now(), code, notes: repeat::notes(&coverage) })
        });
    }
    let (summary, coverage) = look(&session)?;
    if !asked.quiet {
        output::print(if json { summary.json(&coverage) } else { summary.text().into() })?;
        if summary.all.total == 0 {
            asked.tell_nothing();
        }
    }
    let code = asked.end(&coverage);
    let nothing = asked.quiet && summary.all.total == 0 && !asked.lacks(&coverage);
    Ok(if nothing { ExitCode::from(NOTHING) } else { code })
}

fn look(session: &Session) -> Result<(Summary, Coverage), Failure> {
    let asked = &session.options;
    let counts_owners = asked.owners() != OwnerLookup::None && !asked.needs_a_match_only();
    let mut summary = Summary { owned: counts_owners.then(Owned::default), ..Summary::default() };
    if !asked.quiet && asked.is_everything() {
        // No socket, only the limits.
        let limits = session.collect(&session.query(Needs::HOST).states(States::empty()))?;
        summary.local_ports = LocalPorts::new(limits.host());
    }
    let coverage = session.visit(&session.query(asked.needs(Needs::OWNERS)), |socket| {
        summary.add(socket);
        ControlFlow::Continue(())
    })?;
    if let Some(ports) = &mut summary.local_ports {
        ports.end(&coverage);
    }
    Ok((summary, coverage))
}

#[derive(Clone, Copy, Default)]
struct Number {
    total: u64,
    ipv4: u64,
    ipv6: u64,
}

impl Number {
    fn add(&mut self, socket: &Socket) {
        self.total += 1;
        match socket.family {
            Family::Ipv4 => self.ipv4 += 1,
            Family::Ipv6 => self.ipv6 += 1,
            _ => {}
        }
    }

    fn members(&self, json: &mut Json) {
        json.numbers([("sockets", self.total), ("ipv4", self.ipv4), ("ipv6", self.ipv6)]);
    }
}

#[derive(Default)]
struct Summary {
    all: Number,
    /// Listeners, and datagram sockets without a peer.
    listening: u64,
    protocols: BTreeMap<Protocol, (Number, BTreeMap<State, Number>)>,
    /// `None` when owners were not looked for.
    owned: Option<Owned>,
    /// `None` where the limits are not known, or not every socket is counted.
    local_ports: Option<LocalPorts>,
}

/// Whose the sockets are.
#[derive(Default)]
struct Owned {
    sockets: u64,
    processes: HashSet<u32>,
    /// How many have no owner, by reason.
    unowned: BTreeMap<&'static str, u64>,
}

impl Summary {
    fn add(&mut self, socket: &Socket) {
        self.all.add(socket);
        self.listening += u64::from(States::LISTENING.contains(socket.state.set()));
        let (number, states) = self.protocols.entry(socket.protocol).or_default();
        number.add(socket);
        states.entry(socket.state).or_default().add(socket);
        if let Some(ports) = &mut self.local_ports {
            ports.add(socket);
        }
        if let Some(owned) = &mut self.owned {
            owned.sockets += u64::from(!socket.owners.is_empty());
            owned.processes.extend(socket.owners.iter().map(pree::Owner::pid));
            if let Some(reason) = socket.unowned {
                *owned.unowned.entry(reason.name()).or_default() += 1;
            }
        }
    }

    fn time_wait(&self) -> u64 {
        let of_one = |(_, states): &(Number, BTreeMap<State, Number>)| states.get(&State::TimeWait).copied();
        self.protocols.values().filter_map(of_one).map(|number| number.total).sum()
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}: {} listening, {} in TIME-WAIT",
            phrases::plural(self.all.total, "socket"),
            self.listening,
            self.time_wait()
        );
        if let Some(owned) = &self.owned {
            let processes = owned.processes.len();
            let es = if processes == 1 { "" } else { "es" };
            let _ = writeln!(text, "{} held by {processes} process{es}", owned.sockets);
            if !owned.unowned.is_empty() {
                let all: u64 = owned.unowned.values().sum();
                let reasons: Vec<String> =
                    owned.unowned.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
                paragraph(&mut text, 0, &format!("{all} without an owner: {}", reasons.join(", ")));
            }
        }
        if let Some(ports) = &self.local_ports {
            let _ = writeln!(text, "local ports: {}", phrases::local_ports(ports));
        }
        let _ = writeln!(text, "\n{:<20} {:>9} {:>9} {:>9}", "", "TOTAL", "IPV4", "IPV6");
        let mut line = |name: &str, n: &Number| {
            let _ = writeln!(text, "{name:<20} {:>9} {:>9} {:>9}", n.total, n.ipv4, n.ipv6);
        };
        for (protocol, (number, states)) in &self.protocols {
            line(protocol.name(), number);
            for (state, number) in states {
                let mut word = b"  ".to_vec();
                words::state(*state, &mut word);
                line(&String::from_utf8_lossy(&word), number);
            }
        }
        if self.protocols.len() != 1 {
            line("all", &self.all);
        }
        text
    }

    fn json(&self, coverage: &Coverage) -> Vec<u8> {
        let mut json = Json::default();
        json.open(b'{');
        completeness(&mut json, coverage);
        json.key("summary");
        json.open(b'{');
        self.all.members(&mut json);
        json.numbers([("listening", self.listening), ("time_wait", self.time_wait())]);
        json.key("protocols");
        json.open(b'{');
        for (protocol, (number, states)) in &self.protocols {
            json.key(protocol.name());
            json.open(b'{');
            number.members(&mut json);
            json.key("states");
            json.open(b'{');
            for (state, number) in states {
                json.key(&state.to_string());
                json.open(b'{');
                number.members(&mut json);
                json.close(b'}');
            }
            json.close(b'}');
            json.close(b'}');
        }
        json.close(b'}');
        match &self.owned {
            None => ["owned", "processes", "unowned"].iter().for_each(|key| {
                json.key(key);
                json.null();
            }),
            Some(owned) => {
                json.numbers([("owned", owned.sockets), ("processes", owned.processes.len() as u64)]);
                json.key("unowned");
                json.open(b'{');
                owned.unowned.iter().for_each(|(reason, count)| json.numbers([(*reason, *count)]));
                json.close(b'}');
            }
        }
        json.key("local_ports");
        verdicts::local_ports(&mut json, self.local_ports.as_ref());
        json.close(b'}');
        json.close(b'}');
        json.raw(b"\n");
        json.into_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    fn of_sample() -> Summary {
        let mut summary = Summary { owned: Some(Owned::default()), ..Summary::default() };
        for socket in sample::sockets() {
            summary.add(&socket);
        }
        summary
    }

    #[test]
    fn everything_is_counted_once() {
        let summary = of_sample();
        assert_eq!((summary.all.total, summary.all.ipv4, summary.all.ipv6), (6, 4, 2));
        assert_eq!((summary.listening, summary.time_wait()), (3, 1));
        let of_protocols: u64 = summary.protocols.values().map(|(number, _)| number.total).sum();
        let states = summary.protocols.values().flat_map(|(_, states)| states.values());
        assert_eq!((of_protocols, states.map(|number| number.total).sum::<u64>()), (6, 6));
    }

    #[test]
    fn text_and_json_say_the_same() {
        let summary = of_sample();
        let text = summary.text();
        assert!(text.starts_with("6 sockets: 3 listening, 1 in TIME-WAIT\n"), "{text}");
        assert!(text.contains("held by 3 processes\n1 without an owner: 1 time_wait\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 80));
        let json = summary.json(&Coverage::default());
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["schema"], "pree/1");
        assert_eq!(json["complete"], true);
        assert_eq!(json["summary"]["sockets"], 6);
        assert_eq!(json["summary"]["protocols"]["tcp"]["states"]["listen"]["ipv6"], 1);
        assert_eq!(json["summary"]["unowned"]["time_wait"], 1);
    }
}
