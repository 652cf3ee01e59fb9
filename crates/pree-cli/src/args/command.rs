//! The commands.

/// What the command line asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Command {
    #[default]
    List,
    Port,
    Explain,
    Doctor,
    Summary,
    Watch,
    Kill,
    Close,
    Capture,
    Diff,
    Schema,
    Completions,
    Man,
    Help,
    Version,
}
