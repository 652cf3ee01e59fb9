//! What the flags about output say, and what of the question decides how its answer is written.

use pree::Protocols;

/// The flags about output, as written.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Options {
    pub(crate) format: Format,
    /// `--format`'s template.
    pub(crate) template: Option<String>,
    /// `-c`.
    pub(crate) columns: Option<String>,
    /// `--sort`: fields, a `-` before those that go down.
    pub(crate) sort: Vec<String>,
    /// `-g`: one field, or several with commas.
    pub(crate) group_by: Option<String>,
    pub(crate) count: bool,
    pub(crate) limit: Option<usize>,
    pub(crate) details: Details,
    pub(crate) raw_units: bool,
    pub(crate) no_trunc: bool,
    pub(crate) no_header: bool,
    /// Details stay behind the columns of a terminal that is too narrow for them.
    pub(crate) oneline: bool,
    pub(crate) color: When,
}

/// What is shown of each socket beside its columns: `-i`, `-e`, `-m`, `-o`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Details {
    pub(crate) tcp_info: bool,
    pub(crate) extended: bool,
    pub(crate) memory: bool,
    pub(crate) timers: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    Jsonl,
    Csv,
    Tsv,
    Template,
}

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum When {
    #[default]
    Auto,
    Always,
    Never,
}

/// What the question says of its rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Rows {
    /// `None`: the usual ones.
    pub(crate) protocols: Option<Protocols>,
    /// They can have statistics.
    pub(crate) statistics: bool,
    pub(crate) owners: bool,
    /// They are of several network namespaces.
    pub(crate) namespaces: bool,
    /// They come as events: the usual columns of these.
    pub(crate) events: Option<&'static [&'static str]>,
    /// They have rates: a look before them is known.
    pub(crate) over_time: bool,
}

impl Details {
    /// Those that are asked for, as they are written with the fewest letters.
    pub(super) fn letters(self) -> Vec<&'static str> {
        let all = [(self.tcp_info, "-i"), (self.extended, "-e"), (self.memory, "-m"), (self.timers, "-o")];
        all.into_iter().filter(|(asked, _)| *asked).map(|(_, letter)| letter).collect()
    }
}

impl Options {
    /// True with flags that are about the rows and columns of a table: where there is another screen, these choose rows.
    pub(crate) fn shows_rows(&self) -> bool {
        self.columns.is_some()
            || !self.sort.is_empty()
            || self.group_by.is_some()
            || self.count
            || self.no_header
            || self.raw_units
            || self.details != Details::default()
    }
}
