//! Filters the kernel runs before it sends a row: expressions, compiled to `INET_DIAG_REQ_BYTECODE`.
//!
//! Owns the expressions and the compiler. Which parts of a user's filter may go into the kernel
//! is the library's decision: see the notes at [`Expr`] where the kernel's answer is not the obvious one.

mod compile;
mod expr;

pub use expr::{BytecodeError, Expr, HostCondition, MAX_DEPTH};

impl Expr<'_> {
    /// Writes the program into `buffer` and answers its length, a multiple of 4 and never 0.
    ///
    /// Only operations every kernel since 2.6.14 has are used, where the condition itself is not newer.
    ///
    /// # Errors
    /// See [`BytecodeError`]. A kernel takes at most 64 KiB.
    pub fn compile(&self, buffer: &mut [u8]) -> Result<usize, BytecodeError> {
        compile::compile(self, buffer)
    }
}

/// Whether a program asks who chose the socket's port ([`Expr::Autobound`]).
pub(crate) fn asks_autobound(program: &[u8]) -> bool {
    let mut rest = program;
    while let &[code, length, _, _, ..] = rest {
        if code == compile::AUTO {
            return true;
        }
        // The shortest operation has 4 bytes.
        rest = rest.get(usize::from(length).max(4)..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests;
