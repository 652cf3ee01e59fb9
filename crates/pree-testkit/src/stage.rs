//! Starting this same program again as another kind of process, told by its environment.

use std::env;
use std::process::Command;

const STAGE: &str = "PREE_TESTKIT_STAGE";

/// What a process that the kit started is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Makes the namespaces of a lab and waits for its end.
    Namespaces,
    /// Process 1 of a lab: mounts, network, reaping.
    Init,
    /// Runs the case.
    Case,
    /// Holds sockets, or makes traffic, for a case.
    Holder,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Init => "init",
            Self::Case => "case",
            Self::Holder => "holder",
        }
    }

    /// `None` in the test program as cargo started it.
    pub(crate) fn of_this_process() -> Option<Self> {
        let name = env::var_os(STAGE)?;
        let all = [Self::Namespaces, Self::Init, Self::Case, Self::Holder];
        Some(all.into_iter().find(|stage| name == stage.name()).unwrap_or_else(|| {
            panic!("{STAGE}={} is no stage of this program", name.to_string_lossy());
        }))
    }

    /// A command that starts this program as this stage.
    pub(crate) fn command(self) -> Command {
        // Not `current_exe`: that names a file which may be gone or, after a rebuild, another one.
        let mut command = Command::new("/proc/self/exe");
        command.env(STAGE, self.name());
        command
    }
}
