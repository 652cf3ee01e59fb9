//! One emulated machine: what it starts with, how long it may take, what it leaves.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::tools::{QEMU, missing, tool};
use crate::Result;

/// A machine that takes longer hangs. Some 20 s are usual.
const PATIENCE: Duration = Duration::from_secs(240);
/// Room for what it leaves.
const DISK_BYTES: u64 = 32 << 20;
const MEMORY_MIB: &str = "512";

/// Boots the kernel with this initial RAM disk until it is switched off. What it wrote to its disk is in `disk`, what
/// it said in `console`.
pub(super) fn boot(kernel: &Path, initial: &Path, disk: &Path, console: &Path) -> Result<()> {
    let created = File::create(disk).and_then(|file| file.set_len(DISK_BYTES));
    created.map_err(|error| format!("cannot make {}: {error}", disk.display()))?;
    let _ = fs::remove_file(console);
    let mut command = tool(QEMU);
    // KVM may be there and not work inside another virtual machine; emulation works everywhere.
    command.args(["-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", MEMORY_MIB]);
    command.args(["-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot"]);
    command.arg("-kernel").arg(kernel).arg("-initrd").arg(initial);
    command.args(["-append", "console=ttyS0 quiet loglevel=3 panic=-1"]);
    command.arg("-serial").arg(format!("file:{}", console.display()));
    command.arg("-drive").arg(format!("if=virtio,format=raw,file={}", disk.display()));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| missing(QEMU, &error))?;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match child.try_wait() {
            Ok(None) => thread::sleep(Duration::from_millis(50)),
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                let output = child.wait_with_output().map(|output| output.stderr).unwrap_or_default();
                return Err(format!("{QEMU}: {status}: {}", String::from_utf8_lossy(&output).trim()));
            }
            Err(error) => return Err(format!("cannot wait for {QEMU}: {error}")),
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(format!("killed after {} s; its last words:\n{}", PATIENCE.as_secs(), last_words(console)))
}

/// The end of what the machine said.
pub(super) fn last_words(console: &Path) -> String {
    const SHOWN_LINES: usize = 20;
    let text = fs::read(console).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}
