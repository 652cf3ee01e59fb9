//! Asking the running kernel: one request, all datagrams of the answer.

use pree_wire::Errno;
use pree_wire::inet_diag::Request;
use pree_wire::netlink::{Body, messages};
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketType, recv, send, socket};
use std::num::NonZeroU32;

/// The datagrams of the answer, or the error in it.
pub(crate) fn ask(request: &Request<'_>) -> Result<Vec<Vec<u8>>, Errno> {
    let mut buffer = vec![0; 1 << 12];
    let length = request.encode(&mut buffer).expect("room for a request");
    ask_bytes(&buffer[..length])
}

/// The same for a request that is written already.
pub(crate) fn ask_bytes(request: &[u8]) -> Result<Vec<Vec<u8>>, Errno> {
    let header = messages(request).next().expect("a request").expect("a whole one");
    let is_dump = header.flags & pree_wire::netlink::DUMP != 0;
    let netlink = AddressFamily::from_raw(16);
    let socket =
        socket(netlink, SocketType::RAW, NonZeroU32::new(4).map(Protocol::from_raw)).expect("netlink");
    let mut buffer = vec![0; 1 << 17];
    // An unconnected netlink socket talks to the kernel.
    send(&socket, request, SendFlags::empty()).expect("a request");
    let mut datagrams = Vec::new();
    loop {
        let (length, _) = recv(&socket, buffer.as_mut_slice(), RecvFlags::empty()).expect("an answer");
        let mut finished = false;
        for message in messages(&buffer[..length]) {
            let message = message.expect("the kernel's framing");
            assert_eq!(message.sequence, header.sequence);
            match message.body() {
                Body::Done(Some(errno)) | Body::Error(Some(errno)) => return Err(errno),
                Body::Done(None) | Body::Error(None) => finished = true,
                // The answer to an exact get is one row and nothing behind it.
                Body::Data(_) => finished |= !is_dump,
                Body::Noop | Body::Overrun => {}
            }
        }
        datagrams.push(buffer[..length].to_vec());
        if finished {
            return Ok(datagrams);
        }
    }
}
