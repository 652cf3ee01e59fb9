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
            None => build(&Path::new(BENCH).join("../Cargo.toml"), "pree-cli", "pree")?,
        };
        tools.add(Tool::Pree, vec![text(&pree)], &["--version"]);
        for (tool, package, binary) in [
            (Tool::Tick, "pree-bench", "tick"),
            (Tool::Floor, "floor", "floor"),
            (Tool::Netstat2, "peer-netstat2", "peer-netstat2"),
            (Tool::Listeners, "peer-listeners", "peer-listeners"),
            (Tool::Procfs, "peer-procfs", "peer-procfs"),
            (Tool::PreeV1, "peer-pree-v1", "peer-pree-v1"),
        ] {
            match build(&Path::new(BENCH).join("Cargo.toml"), package, binary) {
                Ok(path) => {
                    let version = locked_version(tool).unwrap_or_default();
                    tools.found.insert(tool, Found { command: vec![text(&path)], version });
                }
                Err(why) => {
                    tools.absent.insert(tool, why);
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

/// Builds one program as a release and says where it is.
fn build(manifest: &Path, package: &str, binary: &str) -> Result<PathBuf, String> {
    eprintln!("building {binary}");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--locked", "--quiet", "--message-format=json", "--package", package])
        .args(["--bin", binary, "--manifest-path"])
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    let built = output.stdout.split(|&byte| byte == b'\n').find_map(|line| {
        let message: Value = serde_json::from_slice(line).ok()?;
        let ours = message["target"]["name"] == binary;
        message["executable"].as_str().filter(|_| ours).map(PathBuf::from)
    });
    built.filter(|_| output.status.success()).ok_or_else(|| format!("{package} does not build here"))
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
