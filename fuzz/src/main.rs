//! Runs the targets on mutated inputs with a stable compiler: no coverage, but millions of tries.
//!
//! `cargo run --release -- [--seconds N] [--executions N] [--seed N] [--target NAME]… [FILE]…`
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a program reads its arguments")]
#![allow(clippy::print_stdout, reason = "its report")]
#![allow(clippy::exit, reason = "a target that hangs can only be left")]

use std::error::Error;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pree_fuzz::mutate::{Random, mutate};
use pree_fuzz::{TARGETS, Target};

/// One input may take this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tries at making a failing input smaller.
const SMALLER: usize = 3000;

/// What is asked for.
struct Options {
    /// In all, shared by the targets.
    seconds: u64,
    /// Of each target.
    executions: u64,
    seed: u64,
    targets: Vec<&'static Target>,
    files: Vec<PathBuf>,
}

fn options() -> Result<Options, Box<dyn Error>> {
    let (mut seconds, mut executions) = (None, None);
    let mut options = Options { seconds: 0, executions: 0, seed: 0, targets: Vec::new(), files: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--seconds" => seconds = Some(value()?.parse()?),
            "--executions" => executions = Some(value()?.parse()?),
            "--seed" => options.seed = value()?.parse()?,
            "--target" => {
                let name = value()?;
                let target = TARGETS.iter().find(|target| target.name == name);
                let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
                options.targets.push(target.ok_or(format!("no target {name}: {}", names.join(", ")))?);
            }
            file if !file.starts_with('-') => options.files.push(file.into()),
            _ => return Err(format!("unknown option {argument}").into()),
        }
    }
    options.seconds = seconds.unwrap_or(if executions.is_some() { u64::MAX } else { 60 });
    options.executions = executions.unwrap_or(u64::MAX);
    if options.targets.is_empty() {
        options.targets = TARGETS.iter().collect();
    }
    Ok(options)
}

/// The input that is being tried, and how many were before: for the watchdog.
static CURRENT: Mutex<(&str, Vec<u8>)> = Mutex::new(("", Vec::new()));
static TRIED: AtomicU64 = AtomicU64::new(0);
/// What the last panic said.
static SAID: Mutex<String> = Mutex::new(String::new());

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::from(2)
        }
    }
}

/// The number of targets that failed.
fn run(options: &Options) -> Result<usize, Box<dyn Error>> {
    panic::set_hook(Box::new(|info| {
        if let Ok(mut said) = SAID.lock() {
            *said = info.to_string();
        }
    }));
    thread::spawn(watch);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let start = Instant::now();
    let mut failed = 0;
    for (index, target) in options.targets.iter().enumerate() {
        let inputs = if options.files.is_empty() {
            corpus(&folder.join("corpus").join(target.name))?
        } else {
            options.files.iter().map(fs::read).collect::<Result<_, _>>()?
        };
        let left = Duration::from_secs(options.seconds).saturating_sub(start.elapsed());
        let until = Instant::now().checked_add(left / (options.targets.len() - index) as u32);
        let began = Instant::now();
        let (executions, failure) = if options.files.is_empty() {
            try_target(target, &inputs, options, until)
        } else {
            (inputs.len() as u64, inputs.into_iter().find(|input| fails(target, input)))
        };
        println!("{:12} {executions:>10} executions in {:.1} s", target.name, began.elapsed().as_secs_f64());
        if let Some(input) = failure {
            failed += 1;
            let said =
                fails(target, &input).then(|| SAID.lock().map(|said| said.clone()).unwrap_or_default());
            println!("{}: {}", target.name, said.as_deref().unwrap_or("failed once and not again"));
            println!("  input: {}", keep(target.name, &input)?.display());
        }
    }
    println!("{} passed, {failed} failed", options.targets.len() - failed);
    Ok(failed)
}

/// The files of a folder, in order.
fn corpus(folder: &Path) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut paths = fs::read_dir(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths.iter().map(fs::read).collect::<Result<_, _>>()?)
}

/// How many inputs were tried, and the first that failed, made small.
fn try_target(
    target: &'static Target,
    corpus: &[Vec<u8>],
    options: &Options,
    until: Option<Instant>,
) -> (u64, Option<Vec<u8>>) {
    let mut random = Random::new(options.seed + 1);
    let mut input = Vec::new();
    let mut executions = 0;
    for known in corpus {
        executions += 1;
        if fails(target, known) {
            return (executions, Some(smaller(target, known.clone())));
        }
    }
    while executions < options.executions {
        // The clock is not for nothing.
        if executions % 64 == 0 && until.is_some_and(|until| Instant::now() >= until) {
            break;
        }
        mutate(&mut random, corpus, target.words, &mut input);
        executions += 1;
        if fails(target, &input) {
            return (executions, Some(smaller(target, input)));
        }
    }
    (executions, None)
}

fn fails(target: &'static Target, input: &[u8]) -> bool {
    TRIED.fetch_add(1, Ordering::Relaxed);
    if let Ok(mut current) = CURRENT.lock() {
        current.0 = target.name;
        current.1.clear();
        current.1.extend_from_slice(input);
    }
    panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err()
}

/// Leaves out what the failure does not need.
fn smaller(target: &'static Target, mut input: Vec<u8>) -> Vec<u8> {
    let mut tries = 0;
    let mut length = input.len() / 2;
    while length > 0 && tries < SMALLER {
        let mut at = 0;
        while at < input.len() && tries < SMALLER {
            tries += 1;
            let mut candidate = input.clone();
            candidate.drain(at..(at + length).min(input.len()));
            if fails(target, &candidate) {
                input = candidate;
            } else {
                at += length;
            }
        }
        length /= 2;
    }
    input
}

/// Writes an input where it is found again.
fn keep(name: &str, input: &[u8]) -> Result<PathBuf, Box<dyn Error>> {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("failures");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}-{:016x}", hasher.finish()));
    fs::write(&path, input)?;
    Ok(path)
}

/// Ends the program when one input takes for ever.
fn watch() {
    let mut seen = (0, Instant::now());
    loop {
        thread::sleep(Duration::from_millis(200));
        let tried = TRIED.load(Ordering::Relaxed);
        if tried != seen.0 || tried == 0 {
            seen = (tried, Instant::now());
        } else if seen.1.elapsed() > PATIENCE {
            let (name, input) = CURRENT.lock().map(|current| current.clone()).unwrap_or_default();
            let path =
                keep(name, &input).map_or_else(|error| error.to_string(), |path| path.display().to_string());
            println!("{name}: takes longer than {} s\n  input: {path}", PATIENCE.as_secs());
            println!("0 passed, 1 failed");
            std::process::exit(1);
        }
    }
}
