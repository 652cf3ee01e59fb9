//! The command's own door to the operating system: what differs between systems in how a program is started and
//! opens files. What a system tells of sockets is the library's.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::rights::Rights;

#[cfg(not(target_os = "linux"))]
mod rights;
#[cfg(not(target_os = "linux"))]
pub(crate) use rights::Rights;
