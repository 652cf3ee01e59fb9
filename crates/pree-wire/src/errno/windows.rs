//! Error codes of Windows (`winerror.h`): those that IP Helper and the process functions answer with.

super::number::named_numbers! {
    windows(u32):
    /// This function does not exist here.
    ERROR_INVALID_FUNCTION = 1,
    /// No such thing.
    ERROR_FILE_NOT_FOUND = 2,
    /// A right is missing: mostly, to be elevated.
    ERROR_ACCESS_DENIED = 5,
    /// The handle is none.
    ERROR_INVALID_HANDLE = 6,
    /// Out of memory.
    ERROR_NOT_ENOUGH_MEMORY = 8,
    /// The data makes no sense.
    ERROR_INVALID_DATA = 13,
    /// Out of memory.
    ERROR_OUTOFMEMORY = 14,
    /// The end of a list.
    ERROR_NO_MORE_FILES = 18,
    /// A device does not work.
    ERROR_GEN_FAILURE = 31,
    /// This version does not support it.
    ERROR_NOT_SUPPORTED = 50,
    /// An argument is wrong; of a process: there is none with this id.
    ERROR_INVALID_PARAMETER = 87,
    /// This version does not have the call.
    ERROR_CALL_NOT_IMPLEMENTED = 120,
    /// The answer is longer than the buffer.
    ERROR_INSUFFICIENT_BUFFER = 122,
    /// The module that has the function is not there.
    ERROR_MOD_NOT_FOUND = 126,
    /// This version does not have the function.
    ERROR_PROC_NOT_FOUND = 127,
    /// More follows.
    ERROR_MORE_DATA = 234,
    /// Nothing to tell.
    ERROR_NO_DATA = 232,
    /// Only part of it was read.
    ERROR_PARTIAL_COPY = 299,
    /// The service does not run.
    ERROR_SERVICE_NOT_ACTIVE = 1062,
    /// There is no such connection any more.
    ERROR_NOT_FOUND = 1168,
    /// The user ended it.
    ERROR_CANCELLED = 1223,
    /// The system lacks resources.
    ERROR_NO_SYSTEM_RESOURCES = 1450,
    /// It took too long.
    ERROR_TIMEOUT = 1460,
    /// An argument of a socket function is wrong, or it does not know the request.
    WSAEINVAL = 10022,
    /// It is not a socket.
    WSAENOTSOCK = 10038,
    /// This version, or this socket, does not support the request.
    WSAEOPNOTSUPP = 10045,
    /// The socket is not connected.
    WSAENOTCONN = 10057,
}
