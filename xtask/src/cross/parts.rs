//! What is checked and built for both systems.

/// What both systems check: everything but what tests Linux itself.
pub(super) const PARTS: [&str; 3] = [
    "-p pree-wire --lib --test suite",
    "-p pree --all-features --lib --test scripted --test macos --test own_sockets --example socket_info_libproc",
    "-p pree-cli --all-features --bin pree",
];

/// What both systems build as it would be given to people.
pub(super) const PROGRAMS: [&str; 2] = [
    "--release -p pree-cli --all-features --bin pree",
    "--release -p pree --all-features --example socket_info_libproc",
];
