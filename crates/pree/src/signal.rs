//! Signals that processes are sent.

use crate::named::named;

named! {
    /// What a process is sent.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    #[non_exhaustive]
    pub enum Signal, name: "Its name without `SIG`." {
        /// It may bring its work to an end, or not listen.
        #[default]
        Term = "TERM",
        /// It is not asked.
        Kill = "KILL",
        /// As ^C on its terminal.
        Int = "INT",
        /// Its terminal has gone; many services read their configuration again.
        Hup = "HUP",
        /// It ends with a core dump, or as the program has it.
        Quit = "QUIT",
        /// The same.
        Abrt = "ABRT",
        /// What the program makes of it.
        Usr1 = "USR1",
        /// The same.
        Usr2 = "USR2",
    }
}
