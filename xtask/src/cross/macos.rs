//! macOS: layouts compared, checked, built and linked, never run.

use super::kit::{Kit, MACOS, run};
use super::{PARTS, apple};
use crate::Result;

/// Macs of before 2020. Rust's library for them is not in the kit unless somebody put it there.
const INTEL: &str = "x86_64-apple-darwin";

pub(super) fn check(kit: &Kit, bless: bool) -> Result<()> {
    apple::check(kit, bless)?;
    for target in [MACOS, INTEL].into_iter().filter(|target| *target == MACOS || kit.has_library(target)) {
        for part in PARTS.iter().filter(|part| !part.contains("windows")) {
            let clippy = format!("clippy {part} -- -D warnings");
            run(&format!("{target}: {clippy}"), &mut kit.cargo(target, &clippy))?;
            for call in [&["zigbuild"][..], &["test", "--no-run"]] {
                let what = format!("{target}: {} {part}", call.join(" "));
                run(&what, &mut kit.zigbuild(call, target, part))?;
            }
        }
    }
    Ok(())
}
