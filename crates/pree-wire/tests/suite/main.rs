//! Tests from outside, as one program: any input at all, recorded answers of a kernel, and the running kernel.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bytecode;
mod interpreter;
mod kernel;
mod sock_diag;
