//! Windows: built, and run under Wine.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::failures::Failures;
use super::kit::{Kit, WINDOWS, output, run};
use super::parts::{PARTS, PROGRAMS};
use crate::{Result, cargo};

const LAYOUT: &str = "crates/pree-wire/tests/golden/windows/layout.txt";
const RECORDING: &str = "crates/pree/tests/golden/windows-wine.pree";

/// Files of this machine are elsewhere under Wine: what reads them while it runs is left to Linux.
const TESTS: [&str; 3] = [
    "-p pree-wire --lib --test suite",
    "-p pree --all-features --lib --test scripted --test macos --test own_sockets -- --skip golden::",
    "-p pree-cli --all-features --bin pree",
];

/// The programs beside the command: `guest.rs`, `stand_in.rs`.
const GUESTS: &str = "-p xtask --example windows_guest --example windows_stand_in";

pub(super) fn check(kit: &Kit, bless: bool, failures: &mut Failures) {
    failures.note(layout(kit, bless));
    for part in PARTS.into_iter().chain([GUESTS]) {
        let clippy = format!("clippy {part} -- -D warnings");
        failures.note(run(&format!("Windows: {clippy}"), &mut kit.cargo(WINDOWS, &clippy)));
    }
    for part in TESTS {
        let test = format!("test {part}");
        failures.note(run(&format!("Windows: {test}"), &mut kit.cargo(WINDOWS, &test)));
    }
    failures.note(programs(kit, bless));
}

/// What the C compiler says of the system's headers.
fn layout(kit: &Kit, bless: bool) -> Result<()> {
    let program = kit.target.join("layout.exe");
    let source = cargo::root().join("xtask/src/cross/windows/layout.c");
    let mut compile = kit.mingw();
    compile.args(["-Wall", "-Werror", "-o"]).arg(&program).arg(source).arg("-lws2_32");
    run("Windows: layout.c", &mut compile)?;
    let told = output("Windows: layout.exe", &mut kit.run_windows(&program))?;
    let told: Vec<u8> = told.into_iter().filter(|byte| *byte != b'\r').collect();
    let file = cargo::root().join(LAYOUT);
    if bless {
        return fs::write(&file, told).map_err(|error| format!("{LAYOUT}: {error}"));
    }
    if fs::read(&file).ok() == Some(told) {
        return Ok(());
    }
    Err(format!("{LAYOUT} is not what the headers say; if they are right: cargo xtask cross --bless"))
}

/// Builds the command as it is released and runs it: beside a program that makes sockets, then over recordings, which
/// must say here what they say there.
fn programs(kit: &Kit, bless: bool) -> Result<()> {
    for program in PROGRAMS.map(str::to_owned).into_iter().chain([format!("--release {GUESTS}")]) {
        let build = format!("build {program}");
        run(&format!("Windows: {build}"), &mut kit.cargo(WINDOWS, &build))?;
    }
    // On the drive C:, so that no path of this machine gets into the recording.
    let folder = kit.drive().join("pree");
    let _ = fs::remove_dir_all(&folder);
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder.join("examples")).map_err(failed)?;
    for name in ["pree.exe", "examples/windows_guest.exe", "examples/socket_info_libproc.exe"] {
        fs::copy(kit.built().join(name), folder.join(name)).map_err(failed)?;
    }
    let mut guest = kit.run_windows(&folder.join("examples/windows_guest.exe"));
    run("Windows: sockets, owners, codes, recordings", guest.args([r"C:\pree", r"C:\pree\made.pree"]))?;
    stand_in(kit, &folder)?;
    let made = folder.join("made.pree");
    if bless {
        fs::copy(&made, cargo::root().join(RECORDING)).map_err(failed)?;
    }
    let built = kit.build_here("-p pree-cli --bin pree -p xtask --example recorded_sockets")?;
    let pree = built.join("pree");
    let captured = folder.join("linux.pree");
    let mut sockets = Command::new(built.join("examples/recorded_sockets"));
    sockets.env("PREE", &pree).env("RECORDING", &captured).env("PREE_TEST_STRICT", "1");
    run("Linux: sockets recorded in namespaces of their own", &mut sockets)?;
    for (name, file) in [("Windows", &made), ("Linux", &captured)] {
        both(kit, &pree, name, file)?;
    }
    let (narrow, wide) = (console(kit, &pree, 60, &captured)?, console(kit, &pree, 160, &captured)?);
    if narrow < wide { Ok(()) } else { Err("a console of 160 columns shows no more than one of 60".into()) }
}

/// Runs the command beside a library that tells and refuses what Wine's never does.
fn stand_in(kit: &Kit, folder: &Path) -> Result<()> {
    let place = folder.join("stand_in");
    let failed = |error: std::io::Error| format!("{}: {error}", place.display());
    fs::create_dir_all(&place).map_err(failed)?;
    fs::copy(folder.join("pree.exe"), place.join("pree.exe")).map_err(failed)?;
    let program = folder.join("examples/windows_stand_in.exe");
    fs::copy(kit.built().join("examples/windows_stand_in.exe"), &program).map_err(failed)?;
    let mut compile = kit.mingw();
    compile.args(["-Wall", "-Werror", "-shared", "-o"]).arg(place.join("iphlpapi.dll"));
    compile.arg(cargo::root().join("xtask/src/cross/windows/iphlpapi.c"));
    run("Windows: iphlpapi.c", &mut compile)?;
    let mut guest = kit.run_windows(&program);
    run("Windows: states, refusals, statistics, interrupts", guest.arg(r"C:\pree\stand_in"))
}

/// A recording says the same here and there, to the byte.
fn both(kit: &Kit, pree: &Path, name: &str, file: &Path) -> Result<()> {
    let arguments = ["-a", "--json", "-i", "-m", "--replay"];
    let mut linux = Command::new(pree);
    let here = output(&format!("Linux: a recording of {name}"), linux.args(arguments).arg(file))?;
    let mut windows = kit.run_windows(&kit.drive().join("pree/pree.exe"));
    windows.args(arguments).arg(in_windows(file));
    let there = output(&format!("Windows: a recording of {name}"), &mut windows)?;
    if here == there && here.len() > 5000 {
        println!("ok a recording of {name} says the same on both, in {} bytes", here.len());
        return Ok(());
    }
    Err(format!("a recording of {name} says something else on Windows"))
}

/// A console of Windows has the columns that a terminal of this width has here. Returns how many.
fn console(kit: &Kit, pree: &Path, columns: u32, file: &Path) -> Result<usize> {
    let headings = |program: &Command, file: &str| {
        let words = std::iter::once(program.get_program()).chain(program.get_args());
        let words: Vec<String> = words.map(|word| format!("'{}'", word.display())).collect();
        let line = format!("stty cols {columns}; {} -a --replay '{file}'", words.join(" "));
        let mut terminal = Command::new("script");
        terminal.args(["-qec", &line, "/dev/null"]);
        let told = output(&format!("{columns} columns"), &mut terminal)?;
        let told = String::from_utf8_lossy(&told);
        let heading = told.lines().find(|line| line.contains("LOCAL")).unwrap_or_default();
        let words = heading.split(|byte: char| !byte.is_ascii_uppercase()).filter(|word| !word.is_empty());
        Ok::<_, String>(words.map(str::to_owned).collect::<Vec<_>>())
    };
    let here = headings(&Command::new(pree), &file.display().to_string())?;
    let there = headings(&kit.run_windows(&kit.drive().join("pree/pree.exe")), &in_windows(file))?;
    // Both say nothing alike, were they empty.
    if here == there && here.len() >= 3 {
        println!("ok a console of {columns} columns shows {}", here.join(" "));
        return Ok(here.len());
    }
    Err(format!("a console of {columns} columns shows {there:?}, a terminal here {here:?}"))
}

/// What a file beside the command is called on Windows.
fn in_windows(file: &Path) -> String {
    format!(r"C:\pree\{}", file.file_name().unwrap_or_default().display())
}
