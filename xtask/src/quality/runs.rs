//! The suite's lines, read back.

use std::collections::HashMap;

use crate::Result;

/// One run of one scenario.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Run {
    values: HashMap<String, String>,
}

impl Run {
    /// `key=value` with tabs between.
    pub(super) fn read(line: &str) -> Result<Self> {
        let pair = |part: &str| {
            let (key, value) = part.split_once('=').ok_or_else(|| format!("no run: {part:?}"))?;
            Ok((key.to_owned(), value.to_owned()))
        };
        Ok(Self { values: line.split('\t').map(pair).collect::<Result<_>>()? })
    }

    pub(super) fn text(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }

    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.text(key).parse().ok()
    }

    pub(super) fn is(&self, key: &str) -> bool {
        self.text(key) == "1"
    }

    pub(super) fn scenario(&self) -> &str {
        self.text("run").split('/').next().unwrap_or_default()
    }

    /// The parts of a value such as `1.0/2.5/4.0`.
    pub(super) fn parts(&self, key: &str) -> Vec<f64> {
        self.text(key).split('/').filter_map(|part| part.parse().ok()).collect()
    }

    /// Names of findings.
    pub(super) fn names(&self, key: &str) -> impl Iterator<Item = &str> {
        self.text(key).split(',').filter(|name| !name.is_empty())
    }

    /// The share of data segments that was dropped.
    pub(super) fn loss(&self) -> Option<f64> {
        let sent = self.number("sent").filter(|sent| *sent > 0.0)?;
        Some(self.number("dropped")? / sent)
    }
}
