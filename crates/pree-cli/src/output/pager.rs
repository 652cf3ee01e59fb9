//! `--pager`: the user's own program to read long output with. It is a place to write to, never a source of data.

use std::ffi::OsString;
use std::io::Write;
use std::process::{Child, Command, Stdio};

use super::environment::Environment;
use crate::text::escape;

/// Quits when all fits on a screen, shows colours, leaves the text there.
const USUAL: [&str; 2] = ["less", "-FRX"];

/// A pager that runs.
pub(crate) struct Pager {
    child: Child,
}

impl Pager {
    /// Starts the user's pager.
    ///
    /// # Errors
    /// The line to say when it cannot be started.
    pub(crate) fn start(environment: &Environment) -> Result<Self, String> {
        let words = words(environment.pager());
        let (program, arguments) = words.split_first().ok_or("PAGER is empty")?;
        #[allow(
            clippy::disallowed_methods,
            reason = "the user's pager shows what pree found out; nothing is read from it"
        )]
        let mut command = Command::new(program);
        match command.args(arguments).stdin(Stdio::piped()).spawn() {
            Ok(child) => Ok(Self { child }),
            Err(error) => {
                let program = escape::quoted(program.as_encoded_bytes());
                Err(format!("cannot start the pager {program}: {error}; not paged"))
            }
        }
    }

    /// What it reads from.
    pub(crate) fn writer(&mut self) -> Option<Box<dyn Write>> {
        let stdin = self.child.stdin.take()?;
        Some(Box::new(stdin))
    }

    /// Waits until the user has read enough. The writer must be gone, or it waits for more.
    pub(crate) fn wait(mut self) {
        // However it ends, the answer was given.
        let _ = self.child.wait();
    }
}

/// `$PAGER`, in words; there is no shell that could do more with them.
fn words(pager: Option<&OsString>) -> Vec<OsString> {
    match pager.map(|pager| pager.to_str()) {
        None => USUAL.map(OsString::from).to_vec(),
        Some(Some(text)) => text.split_whitespace().map(OsString::from).collect(),
        Some(None) => pager.cloned().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_words() {
        assert_eq!(words(None), ["less", "-FRX"]);
        assert_eq!(words(Some(&"more".into())), ["more"]);
        assert_eq!(words(Some(&"less  -S".into())), ["less", "-S"]);
    }
}
