//! macOS: layouts compared, checked, built and linked, never run.

use super::apple;
use super::failures::Failures;
use super::kit::{Kit, run};
use super::parts::{PARTS, PROGRAMS};

/// Macs with Apple's processors, and those of before 2020.
const TARGETS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];

pub(super) fn check(kit: &Kit, bless: bool, failures: &mut Failures) {
    failures.note(apple::check(kit, bless));
    for target in TARGETS {
        for part in PARTS {
            let clippy = format!("clippy {part} -- -D warnings");
            failures.note(run(&format!("{target}: {clippy}"), &mut kit.cargo(target, &clippy)));
            let what = format!("{target}: test --no-run {part}");
            failures.note(run(&what, &mut kit.zigbuild(&["test", "--no-run"], target, part)));
        }
        for program in PROGRAMS {
            let what = format!("{target}: zigbuild {program}");
            failures.note(run(&what, &mut kit.zigbuild(&["zigbuild"], target, program)));
        }
    }
}
