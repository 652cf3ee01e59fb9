//! The only file of the kit with `unsafe`: the few kernel calls that rustix does not wrap, each as a safe function.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::thread::UnshareFlags;

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// setsockopt(2) with the option's value as bytes.
pub(crate) fn set_option(fd: impl AsFd, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    let length = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
    // SAFETY: the pointer and the length describe `value`, which lives through the call and is only read.
    let result =
        unsafe { libc::setsockopt(fd.as_fd().as_raw_fd(), level, name, value.as_ptr().cast(), length) };
    check(result).map(drop)
}

/// getsockopt(2): fills `value` and returns the part that the kernel wrote.
pub(crate) fn get_option(fd: impl AsFd, level: i32, name: i32, value: &mut [u8]) -> io::Result<&[u8]> {
    let mut length = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
    // SAFETY: the pointer and `length` describe `value`, which is borrowed mutably for the call; the kernel
    // writes at most that many bytes and lowers `length` to what it wrote.
    let result = unsafe {
        libc::getsockopt(fd.as_fd().as_raw_fd(), level, name, value.as_mut_ptr().cast(), &raw mut length)
    };
    check(result)?;
    Ok(&value[..length as usize])
}

/// `SO_ATTACH_FILTER` with this program.
pub(crate) fn attach_filter(fd: impl AsFd, program: &mut [libc::sock_filter]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog { len: length, filter: program.as_mut_ptr() };
    // SAFETY: `program` describes a slice that is borrowed through the call, and the size is its own; the kernel reads both.
    let result = unsafe {
        libc::setsockopt(
            fd.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            size_of::<libc::sock_fprog>() as libc::socklen_t,
        )
    };
    check(result).map(drop)
}

/// An ioctl(2) that answers with one int, such as `SIOCINQ` and `SIOCOUTQ`.
pub(crate) fn ioctl_int(fd: impl AsFd, request: libc::c_ulong) -> io::Result<i32> {
    let mut answer: libc::c_int = 0;
    // SAFETY: the requests of this kit write one int, and `answer` is one that lives through the call.
    let result = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), request as _, &raw mut answer) };
    check(result).map(|_| answer)
}

/// An `io_uring` with this one file registered (`IORING_REGISTER_FILES`).
pub(crate) fn ring_with(fd: impl AsFd) -> io::Result<OwnedFd> {
    /// `struct io_uring_params` has 120 bytes; all zeroes are a plain ring.
    const PARAMS: usize = 120;
    const REGISTER_FILES: libc::c_long = 2;
    let mut params = [0_u64; PARAMS / 8];
    // SAFETY: the kernel reads and writes the 120 bytes of `params`, which are borrowed mutably for the call.
    let ring = unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, params.as_mut_ptr()) };
    let ring = RawFd::try_from(ring).map_err(io::Error::other).and_then(check)?;
    // SAFETY: the descriptor is new, and nobody else's.
    let ring = unsafe { OwnedFd::from_raw_fd(ring) };
    let files = [fd.as_fd().as_raw_fd()];
    // SAFETY: the kernel reads one descriptor number from `files`, which lives through the call.
    let result = unsafe {
        libc::syscall(libc::SYS_io_uring_register, ring.as_raw_fd(), REGISTER_FILES, files.as_ptr(), 1)
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(ring) }
}

/// Binds an `AF_PACKET` socket to one protocol (`ETH_P_ALL`: to every one) of one interface.
pub(crate) fn bind_packet(fd: impl AsFd, protocol: u16, interface: u32) -> io::Result<()> {
    // SAFETY: `sockaddr_ll` is plain integers, for which all zeroes are a value.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as libc::c_ushort;
    address.sll_protocol = protocol.to_be();
    address.sll_ifindex = i32::try_from(interface).map_err(io::Error::other)?;
    // SAFETY: the pointer and the size describe `address`, which lives through the call and is only read.
    let result = unsafe {
        libc::bind(
            fd.as_fd().as_raw_fd(),
            (&raw const address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    };
    check(result).map(drop)
}

/// Binds an `AF_VSOCK` socket.
pub(crate) fn bind_vsock(fd: impl AsFd, cid: u32, port: u32) -> io::Result<()> {
    let (address, length) = vsock_address(cid, port);
    // SAFETY: the pointer and the size describe `address`, which lives through the call and is only read.
    check(unsafe { libc::bind(fd.as_fd().as_raw_fd(), (&raw const address).cast(), length) }).map(drop)
}

/// Connects an `AF_VSOCK` socket.
pub(crate) fn connect_vsock(fd: impl AsFd, cid: u32, port: u32) -> io::Result<()> {
    let (address, length) = vsock_address(cid, port);
    // SAFETY: the pointer and the size describe `address`, which lives through the call and is only read.
    check(unsafe { libc::connect(fd.as_fd().as_raw_fd(), (&raw const address).cast(), length) }).map(drop)
}

fn vsock_address(cid: u32, port: u32) -> (libc::sockaddr_vm, libc::socklen_t) {
    // SAFETY: `sockaddr_vm` is plain integers, for which all zeroes are a value.
    let mut address: libc::sockaddr_vm = unsafe { std::mem::zeroed() };
    address.svm_family = libc::AF_VSOCK as libc::sa_family_t;
    (address.svm_cid, address.svm_port) = (cid, port);
    (address, size_of::<libc::sockaddr_vm>() as libc::socklen_t)
}

/// Lets the child that `command` will start keep these descriptors under the same numbers.
///
/// The close-on-exec flag is cleared in the child only, so no other child of this process can inherit them.
pub(crate) fn inherit(command: &mut Command, fds: Vec<RawFd>) {
    let clear_flags = move || {
        for &fd in &fds {
            // SAFETY: F_SETFD takes an int and touches no memory; on a closed descriptor it fails with EBADF.
            check(unsafe { libc::fcntl(fd, libc::F_SETFD, 0) })?;
        }
        Ok(())
    };
    // SAFETY: the closure runs between fork and exec and calls only fcntl(2), which is async-signal-safe; it
    // allocates nothing and takes no lock.
    unsafe { command.pre_exec(clear_flags) };
}

/// unshare(2) for the calling thread.
pub(crate) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    // SAFETY: what makes unshare unsafe is CLONE_FILES, which gives this thread descriptors that are no longer
    // those of the other threads. The kit passes it only in a thread that from then on uses no descriptor of
    // another thread and hands none of its own to one.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(io::Error::from)
}

/// fork(2): the child's id, and `None` in the child.
pub(crate) fn fork() -> io::Result<Option<u32>> {
    // SAFETY: the kit forks in the case stage of a lab, which runs its case on its only thread: nobody else holds a lock
    // that the child would wait for.
    let id = check(unsafe { libc::fork() })?;
    Ok((id != 0).then_some(id.unsigned_abs()))
}

/// Ends the process at once: no destructor runs, nothing is flushed.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: takes a number and does not return.
    unsafe { libc::_exit(code) }
}

/// Ends the calling thread and no other: the process lives on, as a zombie leader if this is its main thread.
pub(crate) fn exit_this_thread() -> ! {
    // SAFETY: SYS_exit takes one int and does not return. No destructor of this thread runs: its stack stays
    // mapped and what it owns stays allocated until the process ends, so nothing dangles.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
    unreachable!("SYS_exit returned")
}

/// Makes an open `/dev/net/tun` the TUN device of this name, in the network namespace of the calling thread.
pub(crate) fn attach_tun(fd: impl AsFd, name: &str) -> io::Result<()> {
    let mut request = interface_request(name);
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: TUNSETIFF reads and writes one `ifreq`, and `request` is one that lives through the call.
    let result = unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::TUNSETIFF as _, &raw mut request) };
    check(result).map(drop)
}

/// Has an interface of this namespace carry packets of the size they have on a wire: no segments joined. The socket is
/// any of this namespace.
pub(crate) fn switch_offloads_off(socket: impl AsFd, name: &str) -> io::Result<()> {
    const SIOCETHTOOL: libc::c_ulong = 0x8946;
    // ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO: joined segments out, the same in software, joined segments in.
    for command in [0x1f_u32, 0x24, 0x2c] {
        // `struct ethtool_value`: the command and what to set.
        let mut value = [command, 0];
        let mut request = interface_request(name);
        request.ifr_ifru.ifru_data = value.as_mut_ptr().cast();
        // SAFETY: SIOCETHTOOL reads one `ifreq`, and for these commands two u32 behind its pointer; `request` and
        // `value` are such and live through the call.
        let result = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), SIOCETHTOOL as _, &raw mut request) };
        check(result)?;
    }
    Ok(())
}

fn interface_request(name: &str) -> libc::ifreq {
    // SAFETY: `ifreq` is integers and a union of integers and pointers, for which all zeroes are a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(name.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    request
}

/// Has the calling thread run before all others that are not as urgent, the moment it has something to do.
pub(crate) fn be_first_in_line() -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: 1 };
    // SAFETY: the pointer is to a `sched_param` that lives through the call and is only read; 0 is the calling thread.
    check(unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameters) }).map(drop)
}
