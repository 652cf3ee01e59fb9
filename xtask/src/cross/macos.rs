//! macOS: checked, built and linked, never run.

use super::PARTS;
use super::kit::{Kit, MACOS, run};
use crate::Result;

pub(super) fn check(kit: &Kit, _bless: bool) -> Result<()> {
    for part in PARTS.iter().filter(|part| !part.contains("windows")) {
        let clippy = format!("clippy {part} -- -D warnings");
        run(&format!("macOS: {clippy}"), &mut kit.cargo(MACOS, &clippy))?;
        run(&format!("macOS: link {part}"), &mut kit.zigbuild(MACOS, part))?;
    }
    Ok(())
}
