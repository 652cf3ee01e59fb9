//! What is fed with arbitrary bytes: one function a target, the same for the runner here and for cargo-fuzz.
//!
//! A target panics when something is wrong, and returns otherwise.

mod input;
mod kernel;
pub mod mutate;
pub mod targets;

#[path = "../../crates/pree/tests/scripted/kernel.rs"]
#[allow(dead_code, reason = "the library's tests use the rest")]
mod played;

// What the kernel does with a filter program, as the tests of `pree-wire` have written it down.
#[path = "../../crates/pree-wire/tests/suite/interpreter.rs"]
mod interpreter;
#[path = "../../crates/pree-wire/tests/suite/meaning.rs"]
mod meaning;

pub use targets::{TARGETS, Target, run};
