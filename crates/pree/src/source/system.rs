//! Whose sockets a source reports.

use std::fmt;

use pree_wire::errno::Errno;

use crate::named::named;

named! {
    /// The operating system that a [`Source`](super::Source) stands for, whatever system it is read on.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    #[non_exhaustive]
    pub enum System, name: "The name for people." {
        /// Linux.
        #[default]
        Linux = "Linux",
        /// macOS.
        Macos = "macOS",
        /// Windows.
        Windows = "Windows",
    }
}

impl System {
    /// An error number of this system.
    pub fn errno(self, number: i32) -> Errno {
        match self {
            Self::Linux => Errno::linux(number),
            Self::Macos => Errno::apple(number),
            Self::Windows => Errno::windows(u32::from_ne_bytes(number.to_ne_bytes())),
        }
    }

    /// Its number in the header of a recording.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Linux => 1,
            Self::Macos => 2,
            Self::Windows => 3,
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
