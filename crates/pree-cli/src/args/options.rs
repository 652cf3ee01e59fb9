//! What a command line says.

use std::path::PathBuf;
use std::time::Duration;

use pree::{Family, Filter, Namespaces, OwnerLookup, OwnerSource, Protocol, Protocols, SourceChoice};

use super::command::Command;

/// All of it, read.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Args {
    pub(crate) command: Command,
    /// Words after the command's name: a filter for most, a topic, a shell, a file for others.
    pub(crate) words: Vec<String>,
    /// What the words say, for the commands that take a filter; and, once they are read, the files.
    pub(crate) filter: Option<Filter>,
    /// `-F`: files that hold a filter each.
    pub(crate) filter_files: Vec<PathBuf>,
    /// A flag that stands for a command: `-s`, `-V`, `-h`.
    pub(crate) instead: Option<Command>,
    pub(crate) protocols: Option<Protocols>,
    /// Those among them that were asked for one by one: `-S`, but not UDP-Lite by `-u`.
    pub(crate) named: Vec<Protocol>,
    pub(crate) families: Vec<Family>,
    /// `-f inet`: every protocol of the family, unless some are named.
    pub(crate) whole_family: bool,
    /// `-l`, `-a` or `-B`; none: what the output usually shows.
    pub(crate) which: Option<Which>,
    pub(crate) owners: OwnerLookup,
    pub(crate) owner_source: OwnerSource,
    pub(crate) source: SourceChoice,
    pub(crate) replay: Option<PathBuf>,
    /// `-N` or `--all-netns`.
    pub(crate) namespaces: Namespaces,
    pub(crate) format: Format,
    /// `--format`'s template.
    pub(crate) template: Option<String>,
    /// `-c`, as written.
    pub(crate) columns: Option<String>,
    /// `--sort`: fields as written, a `-` before those that go down.
    pub(crate) sort: Vec<String>,
    pub(crate) group_by: Option<String>,
    pub(crate) count: bool,
    pub(crate) limit: Option<usize>,
    /// `--for`: how long is looked.
    pub(crate) look_for: Option<Duration>,
    /// `--estats`: Windows: how long statistics are collected first.
    pub(crate) estats: Option<Duration>,
    pub(crate) tcp_info: bool,
    pub(crate) extended: bool,
    pub(crate) memory: bool,
    pub(crate) timers: bool,
    pub(crate) raw_units: bool,
    pub(crate) no_trunc: bool,
    pub(crate) color: When,
    pub(crate) pager: bool,
    pub(crate) no_header: bool,
    pub(crate) strict: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Which {
    Listening,
    All,
    Bound,
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

impl Args {
    /// True with `-q` alone: one match is the answer. Who asks with `--strict` too wants to hear what is missing of everything
    /// that would be told without `-q`.
    pub(crate) fn needs_a_match_only(&self) -> bool {
        self.quiet && !self.strict
    }

    /// True with flags that are about the rows and columns of a table: where there is another screen, these choose rows.
    pub(crate) fn shows_rows(&self) -> bool {
        self.columns.is_some()
            || !self.sort.is_empty()
            || self.group_by.is_some()
            || self.limit.is_some()
            || self.count
            || self.no_header
            || self.raw_units
            || self.tcp_info
            || self.extended
            || self.memory
            || self.timers
    }
}
