//! The one door to the operating system, and the only file that names one.
//!
//! A platform is a module here that provides:
//!
//! - `Live`, a [`Source`](crate::source::Source) that answers from the running system, and `live() -> Result<Live>`;
//! - `TcpStats::of`, the statistics of a socket that the caller holds itself, without any right;
//! - `act`, what changes the system: `act::Held`, a process that cannot be taken for another one, and `act::request`. No platform
//!   but Linux has it yet.
//!
//! It fetches bytes and decodes nothing: what they mean is `decode/`, what to ask is `collect/`. `unsafe` lives in
//! its leaf files. A system without a module gets `unsupported.rs`, which says so; `--cfg pree_unsupported` chooses
//! it anywhere.

pub(crate) mod clock;

#[cfg(all(target_os = "linux", not(pree_unsupported)))]
mod linux;
#[cfg(all(target_os = "linux", not(pree_unsupported)))]
pub(crate) use linux::{Live, act, live};

#[cfg(all(target_os = "windows", not(pree_unsupported)))]
mod windows;
#[cfg(all(target_os = "windows", not(pree_unsupported)))]
pub(crate) use windows::{Live, live};

#[cfg(all(target_os = "macos", not(pree_unsupported)))]
mod macos;
#[cfg(all(target_os = "macos", not(pree_unsupported)))]
pub(crate) use macos::{Live, live};

#[cfg(any(not(target_os = "linux"), pree_unsupported))]
pub(crate) mod act;

#[cfg(any(not(any(target_os = "linux", target_os = "macos", target_os = "windows")), pree_unsupported))]
mod unsupported;
#[cfg(any(not(any(target_os = "linux", target_os = "macos", target_os = "windows")), pree_unsupported))]
pub(crate) use unsupported::{Live, live};
