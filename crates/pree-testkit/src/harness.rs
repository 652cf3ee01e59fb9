//! The test programs' `main`: cases, their needs and named skips, on top of libtest-mimic.

use std::collections::HashSet;
use std::env;
use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};

use crate::lab::{self, Lab};
use crate::need::Need;
use crate::stage::Stage;
use crate::{Failed, holder};

/// A lab that takes longer hangs. On a machine that is busy with something else everything takes many times as long.
const HANGS: Duration = Duration::from_secs(300);

/// One test: a name, a function, and what it needs.
pub struct Case {
    pub(crate) name: String,
    pub(crate) run: Box<dyn Fn() -> Result<(), Failed> + Send + Sync>,
    lab: Option<Lab>,
    needs: Vec<Need>,
    timeout: Duration,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("lab", &self.lab).finish_non_exhaustive()
    }
}

impl Case {
    /// A case that runs in the test program itself, on a thread of libtest-mimic.
    pub fn new<R>(name: impl Into<String>, run: R) -> Self
    where
        R: Fn() -> Result<(), Failed> + Send + Sync + 'static,
    {
        let timeout = HANGS;
        Self { name: name.into(), run: Box::new(run), lab: None, needs: Vec::new(), timeout }
    }

    /// The case runs in a process of its own, inside its own network, pid and mount namespaces, with `lo` up,
    /// its own `/proc` and `/run`, and (seen from inside) uid 0. What it prints is shown only when it fails.
    #[must_use]
    pub fn lab(mut self) -> Self {
        self.lab.get_or_insert_default();
        self.needs(Need::Root)
    }

    /// A lab whose network namespace has a TCP hash table of its own with this many buckets (a power of two).
    #[must_use]
    pub fn lab_with_child_ehash(mut self, buckets: u32) -> Self {
        self.lab = Some(Lab { child_ehash: Some(buckets) });
        self.needs(Need::Root).needs(Need::ChildEhash)
    }

    /// Without this the case is skipped, with the need in its name; under `PREE_TEST_STRICT=1` it fails.
    #[must_use]
    pub fn needs(mut self, need: Need) -> Self {
        if !self.needs.contains(&need) {
            self.needs.push(need);
        }
        self
    }

    /// After so many seconds (300 when not said) a lab is killed with all its processes and the case has failed.
    /// A case without a lab cannot be stopped and has no limit.
    #[must_use]
    pub fn timeout(mut self, seconds: u64) -> Self {
        self.timeout = Duration::from_secs(seconds);
        self
    }

    fn into_trial(self, strict: bool) -> Trial {
        let missing: Vec<(String, String)> =
            self.needs.iter().filter_map(|need| Some((need.to_string(), need.missing()?))).collect();
        let name = self.name.clone();
        if !missing.is_empty() {
            let (needs, errors): (Vec<_>, Vec<_>) = missing.into_iter().unzip();
            let reason = format!("needs {}", errors.join(" and "));
            let kind = if strict { String::new() } else { format!("skip: needs {}", needs.join(" and ")) };
            return Trial::test(name, move || Err(reason.into())).with_kind(kind).with_ignored_flag(!strict);
        }
        let case = Arc::new(self);
        Trial::test(name, move || match case.lab {
            Some(lab) => lab::run(lab, &case.name, case.timeout),
            None => (case.run)(),
        })
    }
}

/// Runs the cases that the command line asks for, as `cargo test` expects it. Call it first thing in `main`: the
/// processes of labs, holders and churners are this same program, started again.
///
/// # Panics
/// Two cases have the same name.
pub fn main(cases: Vec<Case>) -> ExitCode {
    run(cases, Arguments::from_args)
}

/// [`main`] for cases that disturb each other: never two at a time, whatever the command line says.
///
/// # Panics
/// Two cases have the same name.
pub fn main_one_at_a_time(cases: Vec<Case>) -> ExitCode {
    run(cases, || Arguments { test_threads: Some(1), ..Arguments::from_args() })
}

fn run(cases: Vec<Case>, arguments: impl Fn() -> Arguments) -> ExitCode {
    match Stage::of_this_process() {
        Some(Stage::Namespaces) => lab::namespaces_stage(),
        Some(Stage::Init) => lab::init_stage(),
        Some(Stage::Case) => {
            lab::case_stage(|name| cases.iter().find(|case| case.name == name).map(|case| (case.run)()))
        }
        Some(Stage::Holder) => holder::stage(),
        None => {
            let mut names = HashSet::new();
            for case in &cases {
                assert!(names.insert(case.name.clone()), "two cases are named {}", case.name);
            }
            let arguments = arguments();
            let strict = env::var_os("PREE_TEST_STRICT").is_some_and(|value| value == "1");
            let trials = cases.into_iter().map(|case| case.into_trial(strict)).collect();
            libtest_mimic::run(&arguments, trials).exit_code()
        }
    }
}
