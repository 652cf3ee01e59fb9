//! The system calls that neither the standard library nor the kit has.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

use pree_testkit::Socket;

/// What a socket's filter does with what arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lose {
    /// Everything is lost, acknowledgements too.
    All,
    /// Data that begins with this byte is lost, each time it comes.
    DataThatBeginsWith(u8),
}

/// Loses arriving segments before TCP sees them (`SO_ATTACH_FILTER`): a bad network in one socket.
pub fn lose(socket: &Socket, what: Lose) -> io::Result<()> {
    let step =
        |code: u32, yes: u8, no: u8, k: u32| libc::sock_filter { code: code as u16, jt: yes, jf: no, k };
    use libc::{
        BPF_ABS, BPF_ALU, BPF_AND, BPF_B, BPF_IND, BPF_JEQ, BPF_JGT, BPF_JMP, BPF_K, BPF_LD, BPF_LEN,
        BPF_MISC, BPF_RET, BPF_RSH, BPF_TAX, BPF_W, BPF_X,
    };
    let mut steps = match what {
        Lose::All => vec![step(BPF_RET | BPF_K, 0, 0, 0)],
        Lose::DataThatBeginsWith(byte) => vec![
            // X = length of the TCP header, with which the packet begins here.
            step(BPF_LD | BPF_B | BPF_ABS, 0, 0, 12),
            step(BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xf0),
            step(BPF_ALU | BPF_RSH | BPF_K, 0, 0, 2),
            step(BPF_MISC | BPF_TAX, 0, 0, 0),
            // Without data: keep.
            step(BPF_LD | BPF_W | BPF_LEN, 0, 0, 0),
            step(BPF_JMP | BPF_JGT | BPF_X, 0, 2, 0),
            step(BPF_LD | BPF_B | BPF_IND, 0, 0, 0),
            step(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, byte.into()),
            step(BPF_RET | BPF_K, 0, 0, u32::MAX),
            step(BPF_RET | BPF_K, 0, 0, 0),
        ],
    };
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: the pointer and the size describe `program`, which points to `steps`; both outlive the call, and the
    // kernel keeps a copy.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            size_of::<libc::sock_fprog>() as libc::socklen_t,
        )
    };
    check(result)
}

/// Ends what [`lose`] began.
pub fn lose_nothing(socket: &Socket) -> io::Result<()> {
    socket.set_int(libc::SOL_SOCKET, libc::SO_DETACH_FILTER, 0)
}

/// Sends until nothing more is taken.
pub fn fill(socket: &Socket) -> io::Result<()> {
    let data = vec![3; 256 * 1024];
    loop {
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        // SAFETY: the pointer and the length describe `data`, which is only read.
        let sent = unsafe { libc::send(socket.as_fd().as_raw_fd(), data.as_ptr().cast(), data.len(), flags) };
        if sent < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::WouldBlock { Ok(()) } else { Err(error) };
        }
    }
}

/// Puts one directory in another's place (a bind mount). For cases in a lab.
pub fn cover(from: &CStr, at: &CStr) -> io::Result<()> {
    let (none, null) = (c"none".as_ptr(), std::ptr::null());
    // SAFETY: the strings end with NUL and outlive the call; no options are passed.
    check(unsafe { libc::mount(from.as_ptr(), at.as_ptr(), none, libc::MS_BIND, null) })
}

/// Takes away what [`cover`] put there.
pub fn uncover(at: &CStr) -> io::Result<()> {
    // SAFETY: the string ends with NUL and outlives the call.
    check(unsafe { libc::umount2(at.as_ptr(), libc::MNT_DETACH) })
}

/// Makes this whole process another user's, in no other group. There is no way back.
pub fn become_user(id: u32) -> io::Result<()> {
    // SAFETY: with a count of 0 the pointer is not read.
    check(unsafe { libc::setgroups(0, std::ptr::null()) })?;
    // SAFETY: takes three numbers.
    check(unsafe { libc::setresgid(id, id, id) })?;
    // SAFETY: takes three numbers.
    check(unsafe { libc::setresuid(id, id, id) })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
