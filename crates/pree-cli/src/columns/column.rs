//! One column: its name, its width, what it needs, what it shows.

use pree::Needs;
use pree::field::{self, Field, Section, Unit, View};

use super::key::Key;
use super::special::{SPECIAL, Shrink, Special};
use crate::text::value::{self, Form};

/// A column of its own, or a field of the registry.
#[derive(Clone, Copy)]
pub(crate) enum Column {
    Special(&'static Special),
    Field(&'static Field),
}

impl Column {
    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Special(special) => special.name,
            Self::Field(field) => field.name,
        }
    }

    /// The heading in a table.
    pub(crate) fn heading(self) -> String {
        match self {
            Self::Special(special) => special.heading.to_owned(),
            Self::Field(field) if field.is_mark => String::new(),
            Self::Field(field) => field.name.to_ascii_uppercase(),
        }
    }

    /// The heading in CSV and TSV: the name, for times with their unit, for a list in the plural.
    pub(crate) fn machine_name(self) -> String {
        if self.shrink() == Shrink::Owners {
            return format!("{}s", self.name());
        }
        let unit = match self {
            Self::Field(Field { unit: Unit::Microseconds, .. }) => "_us",
            Self::Field(Field { unit: Unit::Milliseconds, .. }) => "_ms",
            _ => "",
        };
        format!("{}{unit}", self.name())
    }

    /// One line on what it means.
    pub(crate) fn doc(self) -> &'static str {
        match self {
            Self::Special(special) => special.doc,
            Self::Field(field) => field.doc,
        }
    }

    /// Numbers stand right.
    pub(crate) fn right(self) -> bool {
        match self {
            Self::Special(special) => special.right,
            Self::Field(field) => !matches!(
                field.unit,
                Unit::Text
                    | Unit::Word
                    | Unit::LongId
                    | Unit::Bool
                    | Unit::Address
                    | Unit::UnixTime
                    | Unit::Timestamp
            ),
        }
    }

    /// The width in a pipe, where later rows are not known yet. A wider cell pushes the rest.
    pub(crate) fn pipe_width(self) -> usize {
        let usual = match self {
            Self::Special(special) => special.pipe_width,
            Self::Field(field) => field.width(),
        };
        usual.max(self.name().len())
    }

    /// True for parts of the judgement, which JSON has in an object of its own.
    pub(crate) fn is_judgement(self) -> bool {
        matches!(self, Self::Field(Field { section: Section::Quality, .. }))
    }

    /// True for what only events of a watch tell.
    pub(crate) fn is_of_events(self) -> bool {
        matches!(self, Self::Field(field) if field.is_of_events())
    }

    /// True for what takes several looks.
    pub(crate) fn takes_time(self) -> bool {
        matches!(self, Self::Field(Field { takes_time: true, .. }))
    }

    /// Drop priority on narrow terminals: highest first, 0 never.
    pub(crate) fn dropped(self) -> u8 {
        match self {
            Self::Special(special) => special.dropped,
            Self::Field(field) => field.drop_priority,
        }
    }

    /// True for a column whose cell is left empty where nothing is known.
    pub(crate) fn blank(self) -> bool {
        matches!(self, Self::Field(Field { is_mark: true, .. }))
    }

    pub(crate) fn shrink(self) -> Shrink {
        match self {
            Self::Special(special) => special.shrink,
            Self::Field(_) => Shrink::No,
        }
    }

    /// True for addresses: an unusually long one pushes the rest of its row instead of widening every row.
    pub(crate) fn is_address(self) -> bool {
        matches!(self.name(), "local" | "remote")
    }

    /// What must be asked of the system.
    pub(crate) fn needs(self) -> Needs {
        match self {
            Self::Special(special) => special.needs,
            Self::Field(field) => field.needs,
        }
    }

    /// Writes the cell; nothing when it is unknown.
    pub(crate) fn write(self, view: &View<'_>, form: Form, out: &mut Vec<u8>) {
        match self {
            Self::Special(special) => (special.write)(view.socket(), form, out),
            Self::Field(field) => value::write(field, (field.get)(view), form, out),
        }
    }

    /// The same, where no more than so many columns of it will be shown if it may be shortened in the middle.
    pub(crate) fn write_ends(self, view: &View<'_>, form: Form, columns: usize, out: &mut Vec<u8>) {
        match self {
            Self::Special(Special { write_ends: Some(write), .. }) => write(view.socket(), columns, out),
            _ => self.write(view, form, out),
        }
    }

    /// What the cell sorts by.
    pub(crate) fn key<'s>(self, view: &View<'s>) -> Key<'s> {
        match self {
            Self::Special(special) => (special.key)(view.socket()),
            Self::Field(field) => (field.get)(view).into(),
        }
    }

    /// True when the cell means trouble, which is shown in colour.
    pub(crate) fn trouble(self, view: &View<'_>) -> bool {
        match self {
            Self::Special(special) => (special.trouble)(view.socket()),
            Self::Field(field) => (field.is_trouble)(view, (field.get)(view)),
        }
    }
}

/// Every column, each once.
pub(crate) fn all() -> impl Iterator<Item = Column> {
    let fields = field::all().filter(|field| !SPECIAL.iter().any(|special| special.name == field.name));
    SPECIAL.iter().map(Column::Special).chain(fields.map(Column::Field))
}
