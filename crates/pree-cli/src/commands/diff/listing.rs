//! A list of listeners by what they stand for, and its file: a line of JSON each, sorted, the same as long as nothing changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use pree::model::StartTime;
use pree::{Process, Snapshot, field};
use serde_json::{Map, Value, json};

/// What a list says in its first line that it is.
const KIND: &str = "listeners";
/// The version of the file.
pub(super) const VERSION: &str = "pree/1";
const LOCAL: &str = "local";
const OWNERS: &str = "owners";

/// Where something listens. Sorted by protocol, port and address.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    pub(super) protocol: String,
    pub(super) port: u16,
    /// As it is shown: `127.0.0.1:80`, `*:80`.
    pub(super) local: String,
}

/// Who listens: units, containers or programs.
pub(super) type Owners = BTreeSet<String>;

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) places: BTreeMap<Place, Owners>,
    pub(super) is_complete: bool,
    /// Owners are single processes.
    pub(super) has_processes: bool,
}

impl Listing {
    pub(super) fn of(snapshot: &Snapshot, has_processes: bool) -> Self {
        let mut places = BTreeMap::<Place, Owners>::new();
        for socket in snapshot {
            let local = socket.shown_local().to_string();
            let place = Place {
                protocol: socket.protocol.name().to_owned(),
                port: socket.local.port().unwrap_or(0),
                local,
            };
            // Several sockets can share a place (SO_REUSEPORT).
            let owners = places.entry(place).or_default();
            owners.extend(socket.owners.iter().map(|owner| identity(&owner.process, has_processes)));
            if let Some(why) = socket.unowned {
                owners.insert(format!("({})", why.name()));
            }
        }
        Self { places, is_complete: !snapshot.coverage().lacks_rows(), has_processes }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The file.
    pub(super) fn lines(&self) -> String {
        let mut lines =
            format!("{}\n", json!({"schema": VERSION, "saved": KIND, "processes": self.has_processes}));
        for (place, owners) in &self.places {
            let _ = writeln!(lines, "{}", entry(place, owners));
        }
        let _ = writeln!(lines, "{}", json!({"complete": self.is_complete}));
        lines
    }

    /// Reads the file.
    ///
    /// # Errors
    /// It is none, of another version, or cut short.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        let mut lines = text.lines().enumerate().map(|(number, line)| {
            let object: Map<String, Value> = serde_json::from_str(line)
                .map_err(|_| format!("line {} is no object of JSON: it is no saved list", number + 1))?;
            Ok::<_, String>((number + 1, object))
        });
        let (_, head) = lines.next().ok_or("it is empty")??;
        let says = |key: &str| head.get(key).and_then(Value::as_str).unwrap_or_default();
        if says("saved") != KIND {
            return Err("it is no saved list: pree --save makes one".to_owned());
        }
        if says("schema") != VERSION {
            return Err(format!("it is of another version than {VERSION}"));
        }
        let mut list = Self {
            has_processes: head.get("processes").and_then(Value::as_bool).unwrap_or(false),
            ..Self::default()
        };
        let mut is_whole = false;
        for line in lines {
            let (number, object) = line?;
            if is_whole {
                return Err(format!("line {number} stands after its end"));
            }
            if let Some(complete) = object.get("complete").and_then(Value::as_bool) {
                (list.is_complete, is_whole) = (complete, true);
                continue;
            }
            let (place, owners) = place(&object).ok_or_else(|| format!("line {number} is no listener"))?;
            list.places.entry(place).or_default().extend(owners);
        }
        if is_whole { Ok(list) } else { Err("it is cut short: its last line is missing".to_owned()) }
    }

    /// The same, and restarts are quiet.
    pub(super) fn without_processes(mut self) -> Self {
        if std::mem::take(&mut self.has_processes) {
            for owners in self.places.values_mut() {
                let names = owners.iter().map(|owner| owner.split(" [").next().unwrap_or(owner).to_owned());
                *owners = names.collect();
            }
        }
        self
    }
}

/// A place and who listens there, as a line of JSON.
pub(super) fn entry(place: &Place, owners: &Owners) -> Value {
    json!({field::PROTOCOL.key: place.protocol, LOCAL: place.local, OWNERS: owners})
}

fn place(object: &Map<String, Value>) -> Option<(Place, Owners)> {
    let local = object.get(LOCAL)?.as_str()?.to_owned();
    let port = local.rsplit_once(':')?.1.parse().ok()?;
    let protocol = object.get(field::PROTOCOL.key)?.as_str()?.to_owned();
    let owners = object.get(OWNERS)?.as_array()?.iter().map(|owner| Some(owner.as_str()?.to_owned()));
    Some((Place { protocol, port, local }, owners.collect::<Option<_>>()?))
}

/// What a process stands for: what starts it again is the same, whatever its number.
fn identity(process: &Process, has_processes: bool) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let program = process.executable.as_ref().filter(|path| !path.is_empty()).unwrap_or(&process.name);
    let mut identity = match (&process.container, &process.unit) {
        (Some(container), _) => format!("container {}", text(container.shown())),
        (None, Some(unit)) => format!("unit {}", text(unit.name.as_bytes())),
        (None, None) => text(program.as_bytes()),
    };
    if has_processes {
        let started = process.start_time.and_then(StartTime::since_unix_epoch);
        let started = started.map_or(String::new(), |started| format!(" {}", started.as_secs()));
        let _ = write!(identity, " [{}{started}]", process.pid);
    }
    identity
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Listing {
        let place = |local: &str, port| Place { protocol: "tcp".to_owned(), port, local: local.to_owned() };
        let owners = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Owners>();
        Listing {
            places: BTreeMap::from([
                (place("[::1]:631", 631), owners(&["unit cups.service"])),
                (place("0.0.0.0%eth0:80", 80), owners(&["/usr/bin/a \"b\"", "(not_permitted)"])),
            ]),
            is_complete: true,
            has_processes: false,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let lines = list().lines();
        assert_eq!(Listing::read(lines.as_bytes()), Ok(list()));
        assert_eq!(lines.lines().count(), 4);
        assert!(lines.lines().nth(1).unwrap().contains("0.0.0.0%eth0:80"), "by port: {lines}");
    }

    #[test]
    fn what_is_no_list_is_refused_in_words() {
        let lines = list().lines();
        let says = |text: &str| Listing::read(text.as_bytes()).unwrap_err();
        // Wherever it is cut.
        for length in 1..lines.len() - 1 {
            assert!(!says(&lines[..length]).is_empty(), "{length}");
        }
        assert!(says(&lines.replace("pree/1", "pree/2")).contains("another version"));
        assert!(says("{\"a\":1}").contains("no saved list"));
        assert!(says(&lines.replace("[::1]:631", "631")).contains("line 3"));
        assert!(says(&format!("{lines}{lines}")).contains("after its end"));
        assert!(Listing::read(b"{\"saved\":\"\xff\"}").is_err());
    }

    #[test]
    fn without_their_numbers_processes_are_what_they_stand_for() {
        let mut single = list();
        single.has_processes = true;
        let owners = single.places.values_mut().next().unwrap();
        *owners = ["/usr/bin/a \"b\" [12 99]", "/usr/bin/a \"b\" [13]", "(not_permitted)"]
            .map(str::to_owned)
            .into();
        let last = single.places.values_mut().last().unwrap();
        *last = ["unit cups.service [7]".to_owned()].into();
        assert_eq!(single.without_processes(), list());
    }
}
