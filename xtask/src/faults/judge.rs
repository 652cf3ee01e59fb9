//! Whether an answer is right, or says that it is not.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use serde_json::Value;

use crate::Result;
use crate::result::told;

/// What a run said.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

/// What came of a fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// Complete and right.
    Right,
    /// Something is missing or failed, and that is said.
    Told,
    /// Neither.
    Fault(String),
}

/// What must be the same in every right answer, and the exit code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Essence {
    pub(crate) lines: Vec<String>,
    code: Option<i32>,
}

pub(crate) fn verdict(command: &str, right: &Essence, outcome: &Outcome) -> Verdict {
    let (code, says) = (outcome.status.code(), outcome.err.trim());
    let first = says.lines().next().unwrap_or_default();
    if let Some(signal) = outcome.status.signal() {
        return Verdict::Fault(format!("ended by signal {signal}: {first}"));
    }
    if code == Some(101) || says.contains("panicked") {
        return Verdict::Fault(format!("panicked: {first}"));
    }
    if essence(command, outcome) == *right {
        return Verdict::Right;
    }
    let partial = command == "--json" && {
        let document: Value = serde_json::from_slice(&outcome.out).unwrap_or_default();
        document["complete"] == Value::Bool(false)
    };
    // A number that may be larger says so.
    let is_lower_bound = String::from_utf8_lossy(&outcome.out).contains(": at least ");
    if !says.is_empty() || partial || is_lower_bound {
        return Verdict::Told;
    }
    Verdict::Fault(format!("nothing said, {}", right.differs_from(&essence(command, outcome))))
}

impl Essence {
    pub(crate) fn differs_from(&self, other: &Self) -> String {
        let gone = self.lines.iter().find(|line| !other.lines.contains(line));
        let new = other.lines.iter().find(|line| !self.lines.contains(line));
        format!("code {:?}, missing {gone:?}, instead {new:?}", other.code)
    }
}

/// Of a recording the tables it has, of JSON its sockets, of text its lines; without times, and without pree itself.
pub(crate) fn essence(command: &str, outcome: &Outcome) -> Essence {
    let mut lines: Vec<String> = match command {
        "--json" => sockets(&outcome.out),
        _ if command.starts_with("capture") => recorded(&outcome.out),
        _ => {
            let text = String::from_utf8_lossy(&outcome.out);
            // The sockets of those who ask, and of this program while it starts them.
            let asks = |line: &str| {
                line.starts_with("unix ESTAB") || line.starts_with("netlink") && !line.contains(":kernel")
            };
            let lines = text.lines().map(without_times).filter(|line| !asks(line));
            let about = command.starts_with("explain");
            // Of an explanation the headings: the numbers below change with time.
            let lines = lines.filter(|line| !about || line.contains(" -> "));
            // Those of who asks are in the number of all sockets; in that of connections they are not.
            lines.map(|line| without_number(&line, "looked at ")).collect()
        }
    };
    lines.sort();
    Essence { lines, code: outcome.status.code() }
}

/// The line without the number that follows these words.
fn without_number(line: &str, words: &str) -> String {
    match line.split_once(words) {
        Some((before, after)) => {
            format!("{before}{words}{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => line.to_owned(),
    }
}

fn without_times(line: &str) -> String {
    let is_time = |word: &&str| {
        let word = word.trim_matches(|c: char| ",;()".contains(c));
        word.starts_with(|c: char| c.is_ascii_digit())
            && ["s", "min", "h", "d"].iter().any(|unit| word.ends_with(unit))
    };
    line.split_whitespace().filter(|word| !is_time(word)).collect::<Vec<_>>().join(" ")
}

fn sockets(out: &[u8]) -> Vec<String> {
    let document: Value = serde_json::from_slice(out).unwrap_or_default();
    let sockets = document["sockets"].as_array().cloned().unwrap_or_default();
    let mut lines: Vec<String> = sockets
        .iter()
        .map(|socket| {
            let members = ["protocol", "state", "local", "remote", "inode", "uid", "owners", "unowned"];
            let members = members.map(|name| socket[name].to_string());
            format!("{} {}", members.join(" "), socket["tcp"].is_null())
        })
        .collect();
    lines.push(format!("complete {}", document["complete"]));
    lines
}

/// The questions about tables that a recording has an answer to. docs/replay-format.md has the format.
fn recorded(out: &[u8]) -> Vec<String> {
    let mut lines = BTreeSet::new();
    let mut rest = out.get(24..).unwrap_or_default();
    let mut questions = HashMap::new();
    while let Some((head, after)) = rest.split_first_chunk::<17>() {
        let [kind, l0, l1, l2, l3, number @ .., _, _, _, _, _, _, _, _] = *head;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let Some((body, after)) = after.split_at_checked(length) else { break };
        match (kind, questions.get(&number)) {
            (1, _) => {
                questions.insert(number, String::from_utf8_lossy(body).into_owned());
            }
            (2, Some(question)) if question.starts_with("diag ") || question.starts_with("net ") => {
                lines.insert(question.clone());
            }
            _ => {}
        }
        rest = after;
    }
    lines.into_iter().collect()
}

/// A file without a name.
pub(crate) fn scratch() -> Result<File> {
    // Another run may be under way, with the same ids in another lab.
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let path = std::env::temp_dir().join(format!("pree-faults-{now}-{:?}", std::thread::current().id()));
    let file =
        File::options().read(true).write(true).create(true).truncate(true).open(&path).map_err(told)?;
    std::fs::remove_file(&path).map_err(told)?;
    Ok(file)
}

/// All that was written to it.
pub(crate) fn read_back(mut file: File) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(told)?;
    Ok(bytes)
}
