//! Error numbers of macOS (`sys/errno.h`): those that its socket and process interfaces answer with.

super::number::named_numbers! {
    apple(i32):
    /// Operation not permitted: it takes root.
    EPERM = 1,
    /// No such thing.
    ENOENT = 2,
    /// The process has ended.
    ESRCH = 3,
    /// Interrupted.
    EINTR = 4,
    /// Input/output error.
    EIO = 5,
    /// No such device: no interface has this name.
    ENXIO = 6,
    /// Bad file descriptor: it was closed meanwhile.
    EBADF = 9,
    /// Out of memory: the answer grew between asking its size and reading it.
    ENOMEM = 12,
    /// Permission denied.
    EACCES = 13,
    /// Busy.
    EBUSY = 16,
    /// Invalid argument.
    EINVAL = 22,
    /// The system's table of open files is full.
    ENFILE = 23,
    /// This process has too many open files.
    EMFILE = 24,
    /// No space left.
    ENOSPC = 28,
    /// Nothing there yet.
    EAGAIN = 35,
    /// Not a socket: the descriptor leads to something else by now.
    ENOTSOCK = 38,
    /// The operation is not supported.
    ENOTSUP = 45,
    /// The address family is not supported.
    EAFNOSUPPORT = 47,
    /// No buffer space.
    ENOBUFS = 55,
    /// Timed out.
    ETIMEDOUT = 60,
    /// This kernel does not have the call.
    ENOSYS = 78,
    /// Not a message of the expected kind.
    EBADMSG = 94,
    /// Not supported by what the descriptor or file port leads to.
    EOPNOTSUPP = 102,
}
