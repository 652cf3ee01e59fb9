//! What both kinds of table have in common.

use super::details::Details;
use crate::output::screen::Screen;
use crate::text::value::Form;

/// How rows look.
pub(in crate::output) struct Style {
    pub(in crate::output) form: Form,
    pub(in crate::output) header: bool,
    pub(in crate::output) screen: Screen,
    /// Nothing is shortened.
    pub(in crate::output) whole: bool,
    /// Columns that may be left out where there is no room, since they were not asked for by name.
    pub(in crate::output) unasked: Vec<&'static str>,
    pub(in crate::output) details: Details,
    /// Details go on behind the columns, however long the line becomes.
    pub(in crate::output) oneline: bool,
}
