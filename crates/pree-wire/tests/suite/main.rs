//! Tests from outside, as one program: any input at all, recorded answers of a kernel, filter programs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[cfg(target_endian = "little")]
mod any_input;
#[cfg(target_endian = "little")]
mod apple;
mod bytecode;
#[cfg(target_endian = "little")]
mod families;
#[cfg(target_endian = "little")]
mod golden;
mod interpreter;
#[cfg(target_endian = "little")]
mod kernels;
mod meaning;
mod windows;
