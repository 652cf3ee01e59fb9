//! The bare system calls of `-tanpi`: one dump of all TCP sockets, one walk over every process's descriptors.
//!
//! No join, no parsing beyond the framing of messages, no output. A program that shows the same cannot cost less than
//! this without asking the kernel in another way: with `--bpf` the walk is the pass of our BPF program, loading included.
//! `--dump` and `--walk` do one half only.
#![allow(clippy::disallowed_methods, reason = "a program reads its arguments")]

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::process::ExitCode;

use pree::source::{Question, Source};
use rustix::fs::{CWD, Mode, OFlags, RawDir, openat, readlinkat_raw};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

/// `TCPDIAG_GETSOCK`: the old request, which walks both families in one pass.
const TCPDIAG_GETSOCK: u16 = 18;
const NLM_F_REQUEST_DUMP: u16 = 0x1 | 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// What `-i` shows: `INET_DIAG_INFO`, `INET_DIAG_VEGASINFO`, `INET_DIAG_CONG` as bits.
const EXTENSIONS: u8 = 1 << 1 | 1 << 2 | 1 << 3;
/// Every TCP state, and sockets that are bound only (bit 13, Linux 6.8); not CLOSE, which no socket of a table has.
const STATES: u32 = 0x2f7e;
/// The kernel fills no datagram beyond this.
const DATAGRAM: usize = 32 * 1024;

fn main() -> ExitCode {
    let only = std::env::args().nth(1);
    let result = match only.as_deref() {
        None => dump().and_then(|()| walk()),
        Some("--dump") => dump(),
        Some("--walk") => walk(),
        Some("--bpf") => dump().and_then(|()| holders()),
        Some(_) => {
            eprintln!("Usage: floor [--dump | --walk | --bpf]");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("floor: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dump() -> Result<(), Errno> {
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG))?;
    send(&socket, &request(), SendFlags::empty())?;
    let mut buffer = vec![0_u8; DATAGRAM];
    loop {
        let (_, length) = recv(&socket, &mut buffer[..], RecvFlags::TRUNC)?;
        let mut rest = buffer.get(..length).ok_or(Errno::MSGSIZE)?;
        while let [a, b, c, d, e, f, ..] = *rest {
            match u16::from_ne_bytes([e, f]) {
                NLMSG_DONE => return Ok(()),
                NLMSG_ERROR => return Err(Errno::IO),
                _ => {}
            }
            let length = (u32::from_ne_bytes([a, b, c, d]) as usize).next_multiple_of(4);
            if length == 0 {
                return Err(Errno::BADMSG);
            }
            rest = rest.get(length..).unwrap_or_default();
        }
    }
}

/// A netlink header and `struct inet_diag_req`.
fn request() -> Vec<u8> {
    let mut message = Vec::with_capacity(76);
    message.extend(76_u32.to_ne_bytes());
    message.extend(TCPDIAG_GETSOCK.to_ne_bytes());
    message.extend(NLM_F_REQUEST_DUMP.to_ne_bytes());
    message.extend([0; 8]);
    message.extend([2, 0, 0, EXTENSIONS]);
    // Any ports and addresses, no interface, and INET_DIAG_NOCOOKIE twice.
    message.extend([0; 40]);
    message.extend([0xff; 8]);
    message.extend(STATES.to_ne_bytes());
    message.extend([0; 4]);
    message
}

fn walk() -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let proc = openat(CWD, c"/proc", flags, Mode::empty())?;
    let mut processes = [MaybeUninit::uninit(); 16 * 1024];
    let mut entries = [MaybeUninit::uninit(); 16 * 1024];
    let mut text = [MaybeUninit::uninit(); 64];
    let mut processes = RawDir::new(&proc, &mut processes);
    while let Some(process) = processes.next() {
        let process = process?;
        if !is_number(process.file_name()) {
            continue;
        }
        let path = [process.file_name().to_bytes(), b"/fd"].concat();
        let path = CString::new(path).map_err(|_| Errno::INVAL)?;
        // Ended meanwhile, or not ours to see.
        let Ok(directory) = openat(&proc, &path, flags, Mode::empty()) else { continue };
        let mut descriptors = RawDir::new(&directory, &mut entries);
        while let Some(Ok(descriptor)) = descriptors.next() {
            if is_number(descriptor.file_name()) {
                let _ = readlinkat_raw(&directory, descriptor.file_name(), &mut text);
            }
        }
    }
    Ok(())
}

/// Reads what the BPF program tells of every descriptor that is a socket.
fn holders() -> Result<(), Errno> {
    let mut source = pree::source::live().map_err(|_| Errno::NOSYS)?;
    let mut batch = Vec::new();
    let failed = |failure: pree::source::Failure| {
        failure.errno().map_or(Errno::IO, |errno| Errno::from_raw_os_error(errno.number()))
    };
    let mut answer = source.ask(&Question::Holders { levels_above: 0 }).map_err(failed)?;
    while source.next(&mut answer, &mut batch).map_err(failed)? {}
    Ok(())
}

fn is_number(name: &CStr) -> bool {
    name.to_bytes().first().is_some_and(u8::is_ascii_digit)
}
