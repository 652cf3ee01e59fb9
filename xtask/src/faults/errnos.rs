//! What calls fail with.

/// What the kernel, a sandbox or a broken disk may say.
pub(crate) const ERRNOS: [&str; 14] = [
    "EPERM",
    "ENOENT",
    "ESRCH",
    "EINTR",
    "EIO",
    "ENXIO",
    "EAGAIN",
    "ENOMEM",
    "EACCES",
    "EBUSY",
    "EINVAL",
    "EMFILE",
    "EOPNOTSUPP",
    "ESTALE",
];

/// In the short run: an absence, a refusal, a failure in passing, and one that is none of these.
pub(super) const SHORT: [&str; 4] = ["ENOENT", "EPERM", "EAGAIN", "EIO"];
