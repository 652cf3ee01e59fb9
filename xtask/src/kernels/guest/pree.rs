//! Runs the command in the machine.

use std::process::{Command, Stdio};

use pree_testkit::Failed;

use crate::json::{self, Document};

/// How the command ended and what it wrote.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub out: Vec<u8>,
    pub err: String,
}

/// `pree` with these words as arguments and nothing in its environment.
pub fn pree(words: &str) -> Result<Answer, Failed> {
    let mut command = Command::new("/pree");
    command.args(words.split_whitespace()).env_clear().current_dir("/").stdin(Stdio::null());
    let output = command.output()?;
    let err = String::from_utf8(output.stderr)?;
    match output.status.code() {
        Some(code) if !err.contains("panicked") => Ok(Answer { code, out: output.stdout, err }),
        _ => Err(format!("pree {words}: {}: {err}", output.status).into()),
    }
}

/// The document that these words print, which is an answer with nothing to add on stderr.
pub fn document(words: &str) -> Result<Document, Failed> {
    let answer = pree(words)?;
    if answer.code != 0 || !answer.err.is_empty() {
        return Err(format!("pree {words}: code {}: {}", answer.code, answer.err).into());
    }
    json::document(std::str::from_utf8(&answer.out)?)
}
