//! `--help` and `--version`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use crate::args::{FLAGS, GROUPS};
use crate::exit::Failure;
use crate::output;

/// Column in which the explanations begin.
const WIDTH: usize = 34;

/// Every terminal has as many columns.
const SCREEN: usize = 80;

pub(crate) fn help() -> Result<ExitCode, Failure> {
    print(&help_text())
}

pub(crate) fn version() -> Result<ExitCode, Failure> {
    print(&format!("pree {}\n", env!("CARGO_PKG_VERSION")))
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    let mut stdout = output::stdout();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn help_text() -> String {
    let mut text = String::from(
        "pree: which sockets exist, whose are they, and how is each connection doing\n\n\
         Usage: pree [flags]\n\n\
         Without flags: all TCP, UDP and UDP-Lite sockets with their owners;\n\
         on a terminal without TIME-WAIT.\n",
    );
    for group in GROUPS {
        let _ = writeln!(text, "\n{group}:");
        for flag in FLAGS.iter().filter(|flag| flag.group == group) {
            let mut left = match flag.short {
                Some(short) => format!("  -{short}, --{}", flag.long),
                None => format!("      --{}", flag.long),
            };
            if let Some(value) = flag.value {
                let _ = write!(left, " {value}");
            }
            // A flag that is too long for its column has its explanation on the next line.
            if left.len() + 1 > WIDTH {
                let _ = writeln!(text, "{left}");
                left.clear();
            }
            for line in wrapped(flag.doc, SCREEN - WIDTH) {
                let _ = writeln!(text, "{left:WIDTH$}{line}");
                left.clear();
            }
        }
    }
    text.push_str(
        "\nExit codes: 0 answered, 2 usage, 3 sockets missing (with --strict: anything\n\
         missing), 4 failed.\n\n\
         Examples:\n  \
         pree -tulpn          who listens where\n  \
         pree -ti             TCP connections with their statistics\n  \
         pree --json | jq .   everything, for programs\n",
    );
    text
}

/// The text in lines of at most this width.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
