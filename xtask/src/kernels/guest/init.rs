//! Process 1 of the machine: file systems, modules, the checks in their phases, the disk, the end.

use std::ffi::CStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, finit_module, reboot};

use crate::{OUT, PHASE, cpio};

/// What happens in which order: the modules of this name are loaded, then the checks of this name made.
const PHASES: [&str; 2] = ["base", "diag"];
const DISK: &str = "/dev/vda";

pub(crate) fn run() -> io::Result<()> {
    for (kind, place) in [
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        ("tmpfs", "/tmp"),
        ("tmpfs", "/run"),
        ("tmpfs", OUT),
    ] {
        fs::create_dir_all(place)?;
        mount("none", place, kind, MountFlags::empty(), None::<&CStr>)?;
    }
    mount("none", "/sys/fs/cgroup", "cgroup2", MountFlags::empty(), None::<&CStr>)?;
    fs::create_dir(format!("{OUT}/facts"))?;
    for phase in PHASES {
        load(Path::new("/modules").join(phase).as_path())?;
        check(phase)?;
    }
    keep()?;
    reboot(RebootCommand::PowerOff)?;
    Ok(())
}

/// Loads the modules of a folder in the order of their names.
fn load(folder: &Path) -> io::Result<()> {
    for path in entries(folder)? {
        // One that does not load is a family that this kernel does not show; the checks tell it.
        if let Err(error) = finit_module(File::open(&path)?, c"", 0) {
            println!("{}: {error}", path.display());
        }
    }
    Ok(())
}

fn check(phase: &str) -> io::Result<()> {
    let output = File::create(format!("{OUT}/{phase}.txt"))?;
    let status = Command::new("/proc/self/exe")
        .args(["--test-threads=1", "--color=never"])
        .env(PHASE, phase)
        .stdout(output.try_clone()?)
        .stderr(output)
        .status()?;
    println!("{phase}: {status}");
    Ok(())
}

/// Writes everything below the folder for results to the disk.
fn keep() -> io::Result<()> {
    let mut disk = BufWriter::new(File::options().write(true).open(DISK)?);
    let mut folders = vec![PathBuf::from(OUT)];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(OUT).unwrap_or(&path);
            cpio::file(&mut disk, &name.to_string_lossy(), &fs::read(&path)?)?;
        }
    }
    cpio::end(&mut disk)?;
    disk.flush()?;
    disk.get_ref().sync_all()
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}
