//! What the user's environment says about output: all of it is read here.

use std::ffi::OsString;

/// The variables that matter, as they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// `TERM`
    term: Option<OsString>,
    /// `NO_COLOR`, <https://no-color.org>
    no_color: Option<OsString>,
    /// `CLICOLOR_FORCE`, <https://bixense.com/clicolors>
    force_color: Option<OsString>,
    /// `COLUMNS`
    columns: Option<OsString>,
    /// `PAGER`
    pager: Option<OsString>,
}

impl Environment {
    #[allow(
        clippy::disallowed_methods,
        reason = "a command reads its user's environment; the lint is for libraries"
    )]
    pub(crate) fn read() -> Self {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            term: variable("TERM"),
            no_color: variable("NO_COLOR"),
            force_color: variable("CLICOLOR_FORCE"),
            columns: variable("COLUMNS"),
            pager: variable("PAGER"),
        }
    }

    /// Whether the terminal can only add lines: what is shown again cannot take the place of what was there.
    pub(crate) fn only_adds_lines(&self) -> bool {
        self.term.as_ref().is_some_and(|term| term == "dumb")
    }

    /// Whether colour is wanted when the command line does not say. A terminal that does not say what it is may
    /// not know colours: `shows` asks it, and switches them on where that is needed.
    pub(crate) fn wants_color(&self, terminal: bool, shows: impl FnOnce() -> bool) -> bool {
        if self.no_color.is_some() {
            return false;
        }
        let dumb = self.term.as_ref().map(|term| term == "dumb");
        // A console of Windows needs it whatever TERM says.
        let shown = terminal && dumb != Some(true) && shows();
        let forced = self.force_color.as_ref().is_some_and(|value| value != "0");
        forced || shown || (terminal && dumb == Some(false))
    }

    /// The width that the user, rather than the terminal, says it has.
    pub(crate) fn width(&self) -> Option<usize> {
        self.columns.as_ref()?.to_str()?.parse().ok().filter(|width| *width > 0)
    }

    /// The user's pager: words, no shell.
    pub(crate) fn pager(&self) -> Option<&OsString> {
        self.pager.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::unnecessary_wraps, reason = "the fields are options")]
    fn set(value: &str) -> Option<OsString> {
        Some(value.into())
    }

    #[test]
    fn color() {
        let xterm = Environment { term: set("xterm"), ..Environment::default() };
        let check = |environment: &Environment, terminal, shows, wanted| {
            assert_eq!(
                environment.wants_color(terminal, || shows),
                wanted,
                "{environment:?} {terminal} {shows}"
            );
        };
        check(&xterm, true, false, true);
        check(&xterm, false, false, false);
        check(&Environment::default(), true, false, false);
        // A console of Windows says so itself, and is asked only when it is one.
        check(&Environment::default(), true, true, true);
        check(&Environment::default(), false, true, false);
        check(&Environment { term: set("dumb"), ..xterm.clone() }, true, true, false);
        let refused = Environment { no_color: set("1"), force_color: set("1"), ..xterm.clone() };
        check(&refused, true, true, false);
        check(&Environment { force_color: set("1"), ..Environment::default() }, false, false, true);
        check(&Environment { force_color: set("0"), ..Environment::default() }, false, false, false);
    }

    #[test]
    fn width() {
        for (columns, width) in [("80", Some(80)), ("0", None), ("-1", None), ("wide", None)] {
            assert_eq!(Environment { columns: set(columns), ..Environment::default() }.width(), width);
        }
    }
}
