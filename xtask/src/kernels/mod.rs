//! `cargo xtask kernels`: the command on other kernels. Debian's are booted under emulation, one after the other, with a
//! static `pree` and a program that makes sockets and compares (`guest/`). A table says what was right where.
//!
//! Everything it makes stays below the target folder, and is used again.

mod cpio;
mod files;
mod machine;
mod modules;
mod packages;
mod programs;
mod report;
mod tools;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use crate::{Result, cargo};
use files::write;
use modules::Modules;
use packages::{Kernel, LINES};
use programs::Programs;
use report::Report;
use tools::QEMU;

/// What the command line may say.
#[derive(Default)]
struct Choice {
    /// Look for newer kernels than those there are.
    update: bool,
    /// Put the recordings of `pree-wire` where its tests read them.
    golden: bool,
    lines: Vec<&'static packages::Line>,
}

pub(crate) fn run(args: &[&str]) -> Result<()> {
    let choice = choice(args)?;
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("kernels: only on Linux on x86-64".into());
    }
    // Said before anything is fetched or built.
    tools::words(tools::tool(QEMU).arg("--version"))?;
    let folder = cargo::target_directory(&cargo::metadata(&["--no-deps"])?).join("kernels");
    let kernels = packages::kernels(&folder, &choice.lines, choice.update)?;
    let programs = programs::build(&folder)?;
    let mut reports = Vec::new();
    for kernel in &kernels {
        // One machine that does not come to its end says nothing about the others.
        let report = match visit(kernel, &programs, &folder) {
            Ok(report) => report,
            Err(error) => {
                println!("    {error}");
                continue;
            }
        };
        println!("{}", report.summary());
        if choice.golden {
            report.keep_golden(&cargo::root().join("crates/pree-wire/tests/golden"))?;
        }
        reports.push(report);
    }
    println!("\n{}", report::table(&reports));
    let good = reports.iter().filter(|report| report.good()).count();
    if good == kernels.len() {
        Ok(())
    } else {
        Err(format!("all good on {good} of {} kernels only", kernels.len()))
    }
}

fn choice(args: &[&str]) -> Result<Choice> {
    let mut choice = Choice::default();
    for &arg in args {
        match arg {
            "--update" => choice.update = true,
            "--golden" => choice.golden = true,
            name => {
                let Some(line) = LINES.iter().find(|line| line.name == name) else {
                    let names: Vec<&str> = LINES.iter().map(|line| line.name).collect();
                    return Err(format!("no kernel {name:?}; there are {}", names.join(", ")));
                };
                choice.lines.push(line);
            }
        }
    }
    if choice.lines.is_empty() {
        choice.lines.extend(LINES);
    }
    Ok(choice)
}

/// Boots one kernel and reads what it left.
fn visit(kernel: &Kernel, programs: &Programs, folder: &Path) -> Result<Report> {
    let folder = folder.join("runs").join(&kernel.release);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let (initial, disk, console) = (folder.join("initial"), folder.join("disk"), folder.join("console.txt"));
    let start = Instant::now();
    prepare(kernel, programs, &initial)?;
    println!("booting Linux {}", kernel.release);
    let booted = machine::boot(&kernel.image()?, &initial, &disk, &console);
    let in_this = |error: String| format!("Linux {}: {error}", kernel.release);
    booted.map_err(in_this)?;
    let bytes = fs::read(&disk).map_err(|error| format!("cannot read {}: {error}", disk.display()))?;
    let left = cpio::read(&bytes).ok_or_else(|| {
        in_this(format!("it left nothing; its last words:\n{}", machine::last_words(&console)))
    })?;
    for (name, content) in &left {
        let path = folder.join("out").join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .map_err(|error| format!("cannot make {}: {error}", parent.display()))?;
        }
        write(&path, content)?;
    }
    let mut report = Report::read(&kernel.release, &folder.join("out"));
    report.replay(&programs.pree);
    report.seconds = start.elapsed().as_secs_f64();
    Ok(report)
}

/// Writes the initial RAM disk: the programs, and the modules in the order in which they are loaded.
fn prepare(kernel: &Kernel, programs: &Programs, initial: &Path) -> Result<()> {
    let modules = Modules::read(&kernel.modules()?)?;
    let base = modules.in_order(modules::BASE, &[])?;
    let diag = modules.in_order(modules::DIAG, &base)?;
    let read =
        |path: &Path| fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()));
    let programs =
        [("init", &programs.guest), ("pree", &programs.pree), ("capture_golden", &programs.capture_golden)];
    let programs =
        programs.into_iter().map(|(name, path)| Ok((name, read(path)?))).collect::<Result<Vec<_>>>()?;
    let fill = || -> io::Result<()> {
        let mut archive = BufWriter::new(fs::File::create(initial)?);
        for (name, bytes) in &programs {
            cpio::file(&mut archive, name, bytes)?;
        }
        cpio::directory(&mut archive, "modules")?;
        for (phase, modules) in [("base", &base), ("diag", &diag)] {
            cpio::directory(&mut archive, &format!("modules/{phase}"))?;
            for (at, module) in modules.iter().enumerate() {
                cpio::file(&mut archive, &format!("modules/{phase}/{at:02}-{}", module.name), &module.bytes)?;
            }
        }
        cpio::end(&mut archive)?;
        archive.flush()
    };
    fill().map_err(|error| format!("cannot write {}: {error}", initial.display()))
}

#[cfg(test)]
mod tests {
    use super::choice;

    #[test]
    fn what_the_command_line_says() {
        let all = choice(&[]).unwrap();
        assert!(!all.update && !all.golden && all.lines.len() == 4);
        let one = choice(&["6.1", "--update", "--golden"]).unwrap();
        assert!(one.update && one.golden && one.lines.len() == 1 && one.lines[0].name == "6.1");
        assert_eq!(
            choice(&["4.19"]).err().as_deref(),
            Some("no kernel \"4.19\"; there are 5.10, 6.1, 6.12, newest")
        );
    }
}
