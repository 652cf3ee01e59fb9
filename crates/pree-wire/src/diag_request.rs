//! What a written `sock_diag` request leaves out of its table, read back.
//!
//! Owns finding it in the layouts that the `Request`s of the families write. Which states there are is left to the
//! caller.

use crate::bytes::Native;
use crate::inet_diag::{
    AF_INET, AF_INET6, DCCPDIAG_GETSOCK, Request, SOCK_DIAG_BY_FAMILY, TCPDIAG_GETSOCK, bytecode,
};
use crate::netlink::{self, DUMP, attributes};
use crate::unix_diag::AF_UNIX;
use crate::vsock_diag::AF_VSOCK;

/// What narrows a dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Narrowing<'a> {
    /// States asked for, bit n is state n; `None` where requests of the family name none.
    pub states: Option<u32>,
    /// The filter program.
    pub program: Option<&'a [u8]>,
}

impl<'a> Narrowing<'a> {
    /// Of a request as it was written; nothing narrows one that is about a single socket, or makes no sense.
    ///
    /// ```
    /// use pree_wire::diag_request::Narrowing;
    /// use pree_wire::inet_diag::{Request, StateBits, TCP};
    /// let mut buffer = [0; 128];
    /// let length = Request::dump_v1(TCP).with_states(StateBits::LISTEN).encode(&mut buffer)?;
    /// assert_eq!(Narrowing::of(&buffer[..length]).states, Some(1 << 10));
    /// # Ok::<(), pree_wire::BufferTooSmall>(())
    /// ```
    pub fn of(request: &'a [u8]) -> Self {
        let Some(Ok(message)) = netlink::messages(request).next() else { return Self::default() };
        // Where the states are, and where attributes begin.
        let (states, attributes_at) = match (message.kind, message.payload.first()) {
            _ if message.flags & DUMP != DUMP => return Self::default(),
            (TCPDIAG_GETSOCK | DCCPDIAG_GETSOCK, _) => (52, 60),
            (SOCK_DIAG_BY_FAMILY, Some(&(AF_INET | AF_INET6))) => (4, 56),
            (SOCK_DIAG_BY_FAMILY, Some(&(AF_UNIX | AF_VSOCK))) => (4, 24),
            _ => return Self::default(),
        };
        let area = message.payload.get(attributes_at..).unwrap_or_default();
        let program = attributes(area).map_while(Result::ok).find(|one| one.kind == Request::BYTECODE);
        Self { states: u32::at(message.payload, states), program: program.map(|one| one.payload) }
    }

    /// Whether the program asks what no row tells: who chose the socket's port.
    pub fn asks_the_kernel(&self) -> bool {
        self.program.is_some_and(bytecode::asks_autobound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inet_diag::{ANY_COOKIE, Expr, Id, MPTCP, SCTP, StateBits, TCP, UDP};
    use crate::{netlink_diag, packet_diag, unix_diag, vsock_diag};

    #[track_caller]
    fn check(request: &[u8], states: Option<u32>, program: Option<&[u8]>) {
        assert_eq!(Narrowing::of(request), Narrowing { states, program });
        for length in 0..request.len() {
            let cut = &request[..length];
            assert_eq!(Narrowing::of(cut), Narrowing::default(), "{length}: a message that is cut is none");
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let mut room = [0; 64];
        let length = Expr::SourcePort(80).compile(&mut room).unwrap();
        let program = &room[..length];
        let mut buffer = [0; 256];
        for request in [
            Request::dump_v1(TCP),
            Request::dump_v2(AF_INET, TCP),
            Request::dump_v2(AF_INET6, UDP),
            Request::dump_v2(AF_INET, SCTP),
            // Its protocol is an attribute before the program.
            Request::dump_v2(AF_INET6, MPTCP),
        ] {
            let request = request.with_states(StateBits(0x480));
            let length = request.encode(&mut buffer).unwrap();
            check(&buffer[..length], Some(0x480), None);
            let length = request.with_bytecode(program).encode(&mut buffer).unwrap();
            check(&buffer[..length], Some(0x480), Some(program));
        }
        let length = unix_diag::Request::dump(u32::MAX).with_states(0x402).encode(&mut buffer).unwrap();
        check(&buffer[..length], Some(0x402), None);
        let length = vsock_diag::Request::dump(0x402).encode(&mut buffer).unwrap();
        check(&buffer[..length], Some(0x402), None);
    }

    #[test]
    fn where_nothing_is_narrowed_nothing_is_read() {
        let mut buffer = [0; 256];
        let id = Id { cookie: ANY_COOKIE, ..Id::ANY };
        let length = Request::exact(AF_INET, TCP, id).encode(&mut buffer).unwrap();
        check(&buffer[..length], None, None);
        let length = unix_diag::Request::exact(7, 8, u32::MAX).encode(&mut buffer).unwrap();
        check(&buffer[..length], None, None);
        let length = packet_diag::Request::dump(u32::MAX).encode(&mut buffer).unwrap();
        check(&buffer[..length], None, None);
        let length = netlink_diag::Request::dump(u32::MAX).encode(&mut buffer).unwrap();
        check(&buffer[..length], None, None);
        check(&[], None, None);
    }

    #[test]
    fn what_only_the_kernel_knows_is_seen_among_other_conditions() {
        let mut room = [0; 128];
        let mut asks = |expr: Expr<'_>| {
            let length = expr.compile(&mut room).unwrap();
            Narrowing { states: None, program: Some(&room[..length]) }.asks_the_kernel()
        };
        assert!(asks(Expr::Autobound));
        assert!(asks(Expr::And(&[Expr::SourcePort(6), Expr::Not(&Expr::Device(6)), Expr::Autobound])));
        // Operands are no operations.
        assert!(!asks(Expr::And(&[Expr::SourcePortAtLeast(6), Expr::Device(6), Expr::Cgroup(6)])));
        for program in [&[][..], &[6], &[0, 0, 0, 0, 6], &[0, 255, 0]] {
            let cut = Narrowing { states: None, program: Some(program) };
            assert!(!cut.asks_the_kernel(), "{program:?}");
        }
        assert!(!Narrowing::default().asks_the_kernel());
    }
}
