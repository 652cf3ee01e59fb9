//! Where the programs are: pree as users get it, our own small drivers, and what this machine has installed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::measure::Invocation;
use crate::rows::{Program, Tool};

const BENCH: &str = env!("CARGO_MANIFEST_DIR");

/// The tools that are there, and why the others are not.
#[derive(Default)]
pub(crate) struct Tools {
    found: HashMap<Tool, Found>,
    absent: HashMap<Tool, String>,
}

struct Found {
    /// The program and its first arguments.
    command: Vec<String>,
    version: String,
}

impl Tools {
    /// Builds what is ours and looks for the rest. Without pree there is nothing to measure.
    pub(crate) fn find(pree: Option<PathBuf>) -> Result<Self, String> {
        let mut tools = Self::default();
        let pree = match pree {
            Some(path) => path,
            None => {
                let mut built = build(&Path::new(BENCH).join("../Cargo.toml"), &["--package", "pree-cli"])?;
                built.remove("pree").ok_or("pree does not build here")?
            }
        };
        tools.add(Tool::Pree, vec![text(&pree)], &["--version"]);
        // All at once: one choice of features, and who does not build is only absent.
        let mut built =
            build(&Path::new(BENCH).join("Cargo.toml"), &["--workspace", "--bins", "--keep-going"])?;
        for (tool, binary) in [
            (Tool::Tick, "tick"),
            (Tool::Floor, "floor"),
            (Tool::Netstat2, "peer-netstat2"),
            (Tool::Listeners, "peer-listeners"),
            (Tool::Procfs, "peer-procfs"),
            (Tool::PreeV1, "peer-pree-v1"),
        ] {
            match built.remove(binary) {
                Some(path) => {
                    let version = locked_version(tool).unwrap_or_default();
                    tools.found.insert(tool, Found { command: vec![text(&path)], version });
                }
                None => {
                    tools.absent.insert(tool, format!("{binary} does not build here"));
                }
            }
        }
        for (tool, version) in [(Tool::Ss, "-V"), (Tool::Netstat, "-V"), (Tool::Lsof, "-v")] {
            match in_path(tool.name()) {
                Some(path) => tools.add(tool, vec![text(&path)], &[version]),
                None => {
                    tools.absent.insert(tool, "not installed".to_owned());
                }
            }
        }
        tools.find_psutil();
        match tools.absent.get(&Tool::Pree) {
            Some(why) => Err(why.clone()),
            None => Ok(tools),
        }
    }

    /// A Python that has psutil; the first one in PATH may be another.
    fn find_psutil(&mut self) {
        let script = text(&Path::new(BENCH).join("peers/psutil_connections.py"));
        let ask = "import psutil, sys; print('psutil', psutil.__version__, 'Python', sys.version.split()[0])";
        let pythons = in_path("python3").into_iter().chain([PathBuf::from("/usr/bin/python3")]);
        for python in pythons {
            let python = text(&python);
            if let Some(version) = first_line(Command::new(&python).args(["-c", ask])) {
                self.found.insert(Tool::Psutil, Found { command: vec![python, script], version });
                return;
            }
        }
        self.absent.insert(Tool::Psutil, "no python3 with psutil".to_owned());
    }

    fn add(&mut self, tool: Tool, command: Vec<String>, ask: &[&str]) {
        match first_line(Command::new(&command[0]).args(ask)) {
            Some(version) => {
                self.found.insert(tool, Found { command, version });
            }
            None => {
                self.absent.insert(tool, format!("{} {} says nothing", command[0], ask.join(" ")));
            }
        }
    }

    /// How to run it, or why that cannot be.
    pub(crate) fn invocation(&self, program: &Program) -> Result<Invocation, String> {
        let Some(found) = self.found.get(&program.tool) else {
            let why = self.absent.get(&program.tool).map_or("not looked for", String::as_str);
            return Err(format!("absent: {why}"));
        };
        let own = program.arguments.iter().map(|&argument| argument.to_owned());
        Ok(Invocation {
            label: program.label(),
            path: found.command[0].clone(),
            arguments: found.command[1..].iter().cloned().chain(own).collect(),
            sink: program.sink,
        })
    }

    /// Each tool with its version, or why it is absent.
    pub(crate) fn list(&self) -> Vec<(Tool, Result<&str, &str>)> {
        let told = |tool| match self.found.get(&tool) {
            Some(found) => Ok(found.version.as_str()),
            None => Err(self.absent.get(&tool).map_or("", String::as_str)),
        };
        Tool::ALL.map(|tool| (tool, told(tool))).into()
    }
}

/// Builds programs as a release and says where each is that could be built.
fn build(manifest: &Path, what: &[&str]) -> Result<HashMap<String, PathBuf>, String> {
    eprintln!("building: cargo build --release {}", what.join(" "));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--locked", "--quiet", "--message-format=json"])
        .args(what)
        .arg("--manifest-path")
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    let built = output.stdout.split(|&byte| byte == b'\n').filter_map(|line| {
        let message: Value = serde_json::from_slice(line).ok()?;
        let name = message["target"]["name"].as_str()?.to_owned();
        Some((name, PathBuf::from(message["executable"].as_str()?)))
    });
    Ok(built.collect())
}

/// The version of a crate behind a driver, from our Cargo.lock.
fn locked_version(tool: Tool) -> Option<String> {
    let name = match tool {
        Tool::PreeV1 => return Some("1.0.0".to_owned()),
        Tool::Netstat2 | Tool::Listeners | Tool::Procfs => tool.name(),
        _ => return None,
    };
    let lock = std::fs::read_to_string(Path::new(BENCH).join("Cargo.lock")).ok()?;
    let after = lock.split(&format!("name = \"{name}\"\nversion = \"")).nth(1)?;
    after.split('"').next().map(str::to_owned)
}

/// What a program says first about its version, on either stream.
fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    // lsof tells its revision in the middle.
    let line = said.lines().find(|line| line.contains("revision")).or_else(|| said.lines().next())?;
    let known = output.status.success() || said.contains("revision") || said.contains("net-tools");
    known.then(|| line.trim().to_owned()).filter(|line| !line.is_empty())
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let sbin = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(sbin).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
