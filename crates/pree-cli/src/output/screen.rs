//! Where the output goes: a terminal, how wide, whether it shows colours.

use std::io::{self, IsTerminal};

use super::console;
use super::environment::Environment;
use super::options::When;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Screen {
    /// Standard output is a terminal.
    pub(crate) terminal: bool,
    /// Columns of it; `None` where it does not say: then everything is shown as wide as it is.
    pub(crate) width: Option<usize>,
    pub(crate) color: bool,
}

impl Screen {
    /// Lines of the terminal now; `None` where it does not say.
    pub(crate) fn height() -> Option<usize> {
        console::height()
    }

    /// What standard output is.
    pub(crate) fn of_stdout(color: When, environment: &Environment) -> Self {
        let terminal = io::stdout().is_terminal();
        let color = match color {
            When::Always => {
                // A console that does not know colours shows their codes: they were asked for.
                let _ = terminal && console::show_colors();
                true
            }
            When::Never => false,
            When::Auto => environment.wants_color(terminal, console::show_colors),
        };
        if !terminal {
            return Self { terminal, width: None, color };
        }
        let width = environment.width().or_else(console::width);
        Self { terminal, width, color }
    }
}

/// `ESC [ 35 m`: magenta, which is read on dark and on light.
pub(crate) const TROUBLE: &[u8] = b"\x1b[35m";
/// `ESC [ 1 ; 31 m`: bold red, where little or nothing gets through.
pub(crate) const CRITICAL: &[u8] = b"\x1b[1;31m";
/// Back to what was before.
pub(crate) const CALM: &[u8] = b"\x1b[0m";
