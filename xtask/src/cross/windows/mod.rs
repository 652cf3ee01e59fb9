//! Windows: built, and run under Wine.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use super::PARTS;
use super::kit::{Kit, WINDOWS, output, run};
use crate::{Result, cargo};

const LAYOUT: &str = "crates/pree-wire/tests/golden/windows/layout.txt";
const RECORDING: &str = "crates/pree/tests/golden/windows-wine.pree";

/// Files of this machine are elsewhere under Wine: what reads them while it runs is left to Linux.
const TESTS: [&str; 3] = [
    "-p pree-wire --lib --test suite",
    "-p pree --all-features --lib --test scripted --test macos --test own_sockets -- --skip golden::",
    "-p pree-cli --all-features --bin pree",
];

pub(super) fn check(kit: &Kit, bless: bool) -> Result<()> {
    layout(kit, bless)?;
    for part in PARTS {
        let clippy = format!("clippy {part} -- -D warnings");
        run(&format!("Windows: {clippy}"), &mut kit.cargo(WINDOWS, &clippy))?;
    }
    for part in TESTS {
        run(&format!("Windows: test {part}"), &mut kit.cargo(WINDOWS, &format!("test {part}")))?;
    }
    for part in &PARTS[1..] {
        run(&format!("Windows: build {part}"), &mut kit.cargo(WINDOWS, &format!("build {part}")))?;
    }
    beside_programs(kit, bless)
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

/// Runs the command beside a program that makes sockets; then recordings both ways.
fn beside_programs(kit: &Kit, bless: bool) -> Result<()> {
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
    let made = folder.join("made.pree");
    if bless {
        fs::copy(&made, cargo::root().join(RECORDING)).map_err(failed)?;
    }
    // This machine's, too.
    let captured = folder.join("linux.pree");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let connections: Vec<_> = (0..20).map(|_| TcpStream::connect(address)).collect();
    let mut capture = pree(&["capture", "-q"]);
    println!("--- Linux: pree capture");
    let status = capture.arg(&captured).status().map_err(failed)?;
    // 3: some processes are closed to us. What there is must be the same on both systems all the same.
    if !matches!(status.code(), Some(0 | 3)) {
        return Err(format!("pree capture failed: {status}"));
    }
    drop(connections);
    for (name, file) in [("Windows", &made), ("Linux", &captured)] {
        both(kit, name, file)?;
    }
    for columns in [60, 160] {
        console(kit, columns, &captured)?;
    }
    Ok(())
}

/// A recording says the same here and there, to the byte.
fn both(kit: &Kit, name: &str, file: &Path) -> Result<()> {
    let arguments = ["-a", "--json", "-i", "-m", "--replay"];
    let here = output(&format!("Linux: a recording of {name}"), pree(&arguments).arg(file))?;
    let file_name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let program = kit.drive().join("pree/pree.exe");
    let mut windows = kit.run_windows(&program);
    windows.args(arguments).arg(format!(r"C:\pree\{file_name}"));
    let there = output(&format!("Windows: a recording of {name}"), &mut windows)?;
    if here == there && here.len() > 5000 {
        println!("ok a recording of {name} says the same on both, in {} bytes", here.len());
        return Ok(());
    }
    Err(format!("a recording of {name} says something else on Windows"))
}

/// A console of Windows has the columns that a terminal of this width has here.
fn console(kit: &Kit, columns: u32, file: &Path) -> Result<()> {
    let headings = |program: &Command, file: &Path| {
        let words = std::iter::once(program.get_program()).chain(program.get_args());
        let words: Vec<String> = words.map(|word| format!("'{}'", word.display())).collect();
        let line = format!("stty cols {columns}; {} -a --replay '{}'", words.join(" "), file.display());
        let mut terminal = Command::new("script");
        terminal.args(["-qec", &line, "/dev/null"]);
        let told = output(&format!("{columns} columns"), &mut terminal)?;
        let told = String::from_utf8_lossy(&told);
        let heading = told.lines().find(|line| line.contains("LOCAL")).unwrap_or_default();
        let words = heading.split(|byte: char| !byte.is_ascii_uppercase()).filter(|word| !word.is_empty());
        Ok::<_, String>(words.map(str::to_owned).collect::<Vec<_>>())
    };
    let metadata = cargo::metadata(&["--no-deps"])?;
    let here = Command::new(cargo::target_directory(&metadata).join("debug/pree"));
    let there = kit.run_windows(&kit.drive().join("pree/pree.exe"));
    let recorded = Path::new(r"C:\pree").join(file.file_name().unwrap_or_default());
    let recorded = recorded.display().to_string().replace('/', r"\");
    let (here, there) = (headings(&here, file)?, headings(&there, Path::new(&recorded))?);
    if here == there && here.len() >= 4 {
        println!("ok a console of {columns} columns shows {}", here.join(" "));
        return Ok(());
    }
    Err(format!("a console of {columns} columns shows {there:?}, a terminal here {here:?}"))
}

/// The command for this machine.
fn pree(args: &[&str]) -> Command {
    let mut command = cargo::command();
    command.args(["run", "--quiet", "--package", "pree-cli", "--bin", "pree", "--"]).args(args);
    command
}
