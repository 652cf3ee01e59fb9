//! What a machine left: the outcome of each check, facts about its kernel, recordings. What is expected of which
//! kernel stands here, so that nothing is skipped that should not be.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::files::{found, write};
use super::tools::bytes;
use crate::{Result, suite};

/// Major and minor number of a kernel.
type Version = (u32, u32);

/// What is expected of a kernel under that name.
type Expected<T> = (&'static str, fn(Version) -> T);

/// What is known about a kernel before it is asked, and the words in which a machine tells it.
const FACTS: &[Expected<&str>] = &[
    ("bytes of tcp_info", |version| match version {
        // A longer one belongs into the tables of pree-wire and PLATFORM.md first.
        (6, 18..) | (7.., _) => "280",
        (6, 7..) => "248",
        (6, 2..) => "240",
        _ => "232",
    }),
    ("bound sockets reported", |version| if version >= (6, 8) { "yes" } else { "no" }),
    // All of them are modules of Debian's kernels.
    ("families of sock_diag", |_| "unix packet netlink vsock raw sctp"),
    ("UDP-Lite", |version| if version < (7, 3) { "yes" } else { "no" }),
    ("owners by BPF", |version| if version >= (5, 12) { "yes" } else { "no" }),
    ("events by BPF", |version| if version >= (5, 12) { "yes" } else { "no" }),
    // Debian builds it in from 5.15 on.
    ("MPTCP", |version| if version >= (5, 15) { "yes" } else { "no" }),
];

/// Needs of checks that a kernel does not have.
const LACKS: &[Expected<bool>] = &[
    ("kernel 6.8 for bound-only sockets", |version| version < (6, 8)),
    ("UDP-Lite in the kernel", |version| version >= (7, 3)),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Good,
    /// This kernel does not have it, as expected.
    Absent,
    Wrong,
}

/// One kernel.
pub(super) struct Report {
    release: String,
    folder: PathBuf,
    checks: Vec<(String, Outcome)>,
    facts: BTreeMap<String, String>,
    /// What was wrong, in words.
    complaints: Vec<String>,
    pub(super) seconds: f64,
}

impl Report {
    /// Reads what was taken from the disk into this folder.
    pub(super) fn read(release: &str, folder: &Path) -> Self {
        let mut report = Self {
            release: release.to_owned(),
            folder: folder.to_owned(),
            checks: Vec::new(),
            facts: BTreeMap::new(),
            complaints: Vec::new(),
            seconds: 0.0,
        };
        for phase in ["base", "diag"] {
            let text = fs::read(folder.join(format!("{phase}.txt"))).unwrap_or_default();
            report.phase(phase, &String::from_utf8_lossy(&text));
        }
        for path in found(&folder.join("facts")).unwrap_or_default() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            report.facts.insert(name, fs::read_to_string(&path).unwrap_or_default());
        }
        report.judge_facts();
        report
    }

    /// What a run of the checks printed.
    fn phase(&mut self, phase: &str, text: &str) {
        let version = self.version();
        for line in text.lines() {
            let Some((test, result)) = line.strip_prefix("test ").and_then(|test| test.split_once(" ... "))
            else {
                continue;
            };
            let (name, need) = suite::name_and_need(test);
            let need = need.map(|need| need.trim_start_matches("needs "));
            let outcome = match (result, need) {
                ("ok", _) => Outcome::Good,
                ("ignored", Some(need))
                    if LACKS.iter().any(|(name, lacks)| *name == need && lacks(version)) =>
                {
                    Outcome::Absent
                }
                ("ignored", need) => {
                    self.complaints.push(format!("{name}: skipped: {}", need.unwrap_or("no reason")));
                    Outcome::Wrong
                }
                _ => Outcome::Wrong,
            };
            self.checks.push((name.to_owned(), outcome));
        }
        if let Some((_, failures)) = text.split_once("\nfailures:\n") {
            let details = failures.split("\nfailures:\n").next().unwrap_or_default();
            self.complaints.push(details.trim().to_owned());
        }
        if !text.lines().any(|line| line.starts_with("test result: ")) {
            self.complaints.push(format!("the checks of phase {phase} came to no end:\n{text}"));
        }
    }

    fn judge_facts(&mut self) {
        let version = self.version();
        for (name, expected) in FACTS {
            let (expected, told) =
                (expected(version), self.facts.get(*name).map_or("nothing", String::as_str));
            if expected != told {
                self.complaints.push(format!("{name}: {told}, expected {expected}"));
            }
        }
    }

    /// Plays the recording once more, on this system: the same bytes must come out.
    pub(super) fn replay(&mut self, pree: &Path) {
        let there = fs::read(self.folder.join("everything.json")).unwrap_or_default();
        let mut command = Command::new(pree);
        command.arg("--replay").arg(self.folder.join("everything.pree")).arg("--json").env_clear();
        let same = match bytes(&mut command) {
            Ok(here) => here == there && !here.is_empty(),
            Err(error) => {
                self.complaints.push(error);
                false
            }
        };
        if !same {
            self.complaints.push("the recording tells something else here than there".into());
        }
        let outcome = if same { Outcome::Good } else { Outcome::Wrong };
        self.checks.push(("its recording replayed on this system".into(), outcome));
    }

    pub(super) fn good(&self) -> bool {
        self.complaints.is_empty() && self.checks.iter().all(|(_, outcome)| *outcome != Outcome::Wrong)
    }

    /// One line, and what was wrong.
    pub(super) fn summary(&self) -> String {
        let count = |wanted| self.checks.iter().filter(|(_, outcome)| *outcome == wanted).count();
        let mut text = format!(
            "    {} checks good, {} not for this kernel, {} wrong; {:.1} s",
            count(Outcome::Good),
            count(Outcome::Absent),
            count(Outcome::Wrong),
            self.seconds
        );
        for complaint in &self.complaints {
            let _ = write!(text, "\n    {}", complaint.replace('\n', "\n    "));
        }
        text
    }

    /// Puts the recordings for the tests of `pree-wire` into a folder named for this kernel.
    pub(super) fn keep_golden(&self, golden: &Path) -> Result<()> {
        let (major, minor) = self.version();
        let to = golden.join(format!("linux-{major}.{minor}"));
        fs::create_dir_all(&to).map_err(|error| format!("cannot make {}: {error}", to.display()))?;
        for path in found(&self.folder.join("golden"))? {
            let bytes =
                fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            write(&to.join(path.file_name().unwrap_or_default()), &bytes)?;
        }
        Ok(())
    }

    fn version(&self) -> Version {
        version(&self.release)
    }
}

/// `(6, 12)` of `6.12.117+deb13-cloud-amd64`.
fn version(release: &str) -> Version {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// The table of PLATFORM.md: a column a kernel, a row a fact or a check.
pub(super) fn table(reports: &[Report]) -> String {
    let mut rows: Vec<(&str, Vec<String>)> = Vec::new();
    let names = reports.iter().flat_map(|report| report.facts.keys().map(String::as_str));
    for name in unique(names) {
        let cell = |report: &Report| report.facts.get(name).cloned().unwrap_or_else(|| "?".into());
        rows.push((name, reports.iter().map(cell).collect()));
    }
    let names = reports.iter().flat_map(|report| report.checks.iter().map(|(name, _)| name.as_str()));
    for name in unique(names) {
        let cell = |report: &Report| {
            let outcome = report.checks.iter().find(|(check, _)| check == name).map(|(_, outcome)| outcome);
            match outcome {
                Some(Outcome::Good) => "yes",
                Some(Outcome::Wrong) => "WRONG",
                Some(Outcome::Absent) | None => "not in this kernel",
            }
            .to_owned()
        };
        rows.push((name, reports.iter().map(cell).collect()));
    }
    let mut text = String::from("|");
    let releases = reports.iter().map(|report| report.release.trim_end_matches("-cloud-amd64"));
    for heading in [""].into_iter().chain(releases) {
        let _ = write!(text, " {heading} |");
    }
    let _ = write!(text, "\n|{}", "---|".repeat(reports.len() + 1));
    for (name, cells) in rows {
        let _ = write!(text, "\n| {name} | {} |", cells.join(" | "));
    }
    text
}

fn unique<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut all = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Report, table, version};

    const OUTPUT: &str = "\nrunning 3 tests
test                                            rows   ... ok
test [skip: needs UDP-Lite in the kernel]       lite   ... ignored
test                                            bound  ... FAILED

failures:

---- bound ----
two are missing


failures:
    bound

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.00s
";

    fn report(release: &str, output: &str) -> Report {
        let mut report = Report::read(release, "/nonexistent".as_ref());
        report.complaints.clear();
        report.phase("diag", output);
        report
    }

    #[test]
    fn versions() {
        assert_eq!(version("6.12.117+deb13-cloud-amd64"), (6, 12));
        assert_eq!(version("5.10.0-46-cloud-amd64"), (5, 10));
        assert_eq!(version("strange"), (0, 0));
    }

    #[test]
    fn outcomes_are_read_and_a_skip_must_be_expected() {
        let new = report("7.3.4-cloud-amd64", OUTPUT);
        let check = |name: &str, outcome| (name.to_owned(), outcome);
        assert_eq!(
            new.checks,
            [check("rows", Outcome::Good), check("lite", Outcome::Absent), check("bound", Outcome::Wrong)]
        );
        assert_eq!(new.complaints, ["---- bound ----\ntwo are missing"]);
        let old = report("6.1.0-1-cloud-amd64", OUTPUT);
        assert_eq!(old.checks[1], check("lite", Outcome::Wrong));
        assert_eq!(old.complaints[0], "lite: skipped: UDP-Lite in the kernel");
        assert!(!new.good() && !old.good());
        assert_eq!(
            table(&[old, new]),
            "| | 6.1.0-1 | 7.3.4 |\n|---|---|---|\n| rows | yes | yes |\n\
             | lite | WRONG | not in this kernel |\n| bound | WRONG | WRONG |"
                .replace("| |", "|  |")
        );
    }

    #[test]
    fn checks_that_stop_in_the_middle_are_wrong() {
        let good = "test a ... ok\ntest result: ok. 1 passed\n";
        assert!(report("6.1.0", good).good());
        assert!(!report("6.1.0", "test a ... ok\n").good());
        assert!(!report("6.1.0", "").good());
    }

    #[test]
    fn facts_are_expected() {
        let report = Report::read("6.1.0", "/nonexistent".as_ref());
        assert!(report.complaints.contains(&"bytes of tcp_info: nothing, expected 232".to_owned()));
    }
}
