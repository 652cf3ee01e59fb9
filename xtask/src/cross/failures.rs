//! What went wrong so far.

use crate::Result;

/// In the order in which it was seen.
#[derive(Default)]
pub(super) struct Failures(pub(super) Vec<String>);

impl Failures {
    /// Shows a failure where it happened and keeps it for the end.
    pub(super) fn note(&mut self, result: Result<()>) {
        if let Err(error) = result {
            println!("FAILED {error}");
            self.0.push(error);
        }
    }

    pub(super) fn result(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(format!("cross: failed\n{}", self.0.join("\n"))) }
    }
}

#[cfg(test)]
mod tests {
    use super::Failures;

    #[test]
    fn every_failure_is_told_at_the_end() {
        let mut failures = Failures::default();
        for result in [Err("a".to_owned()), Ok(()), Err("b".to_owned())] {
            failures.note(result);
        }
        assert_eq!(failures.result(), Err("cross: failed\na\nb".to_owned()));
        assert_eq!(Failures::default().result(), Ok(()));
    }
}
