//! Bytes of socket interfaces to values: netlink framing, `inet_diag`, `tcp_info`, lines of /proc, BTF, control blocks of
//! macOS, our own records.
//!
//! This crate owns the *formats*. It opens nothing, allocates nothing and contains no `unsafe`: the three attributes
//! below make that a build error, not a promise. Who asks the kernel, when, and what the values mean together is left
//! to the crate `pree`.
//!
//! Rules that hold in every module:
//! - Input comes from outside. A decoder answers [`Malformed`] or `None`, it never panics and never reads past the end.
//! - Integers of the kernel are native-endian, ports and addresses are in network order, and come out as host numbers
//!   and address bytes.
//! - What the kernel did not give is `None`, never 0; a number we do not know stays that number.
//! - Unknown attributes and longer structures than ours are normal: kernels grow.
#![no_std]
#![forbid(missing_docs, unsafe_code)]
#![cfg_attr(not(test), forbid(clippy::expect_used, clippy::unwrap_used))]

mod bytes;
#[macro_use]
mod diag_row;
#[macro_use]
mod kernel_struct;

pub mod apple;
pub mod bpf_records;
pub mod btf;
pub mod cgroup;
pub mod diag_request;
pub mod errno;
pub mod fd_records;
pub mod generic_netlink;
pub mod inet_diag;
pub mod life_records;
pub mod links;
pub mod malformed;
pub mod mptcp_info;
pub mod namespaces;
pub mod netlink;
pub mod netlink_diag;
pub mod own_addresses;
pub mod packet_diag;
pub mod proc_net;
pub mod proc_pid;
pub mod proc_scope;
pub mod rtnetlink;
pub mod socket_memory;
pub mod tcp_info;
pub mod unix_diag;
pub mod vsock_diag;
pub mod windows;

pub use errno::Errno;
pub use kernel_struct::{FieldSpec, Unit};
pub use malformed::{BufferTooSmall, Malformed};
