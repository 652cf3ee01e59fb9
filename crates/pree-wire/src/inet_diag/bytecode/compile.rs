//! The compiler: one pass, every jump known when it is written.
//!
//! An operation is `{code: u8, yes: u8, no: u16}` and its operand. The kernel jumps `yes` bytes forward if the
//! condition holds, else `no` bytes; it accepts the socket if that ends exactly at the end, and rejects it 4 bytes
//! behind. Its audit wants `yes` to be the length of the operation, and every `no` to hit the start of another one.
//!
//! So each expression is laid out to be *left at its end* if it holds, and to jump to an address it is told (`no`) if
//! not. `Or` and `Not` need one unconditional jump each. The size of an expression is known before it is written, and
//! with it every address.

use super::expr::{BytecodeError, Expr, HostCondition, MAX_DEPTH};
use crate::inet_diag::{AF_INET, AF_INET6};

const NOP: u8 = 0;
const JMP: u8 = 1;
const S_GE: u8 = 2;
const S_LE: u8 = 3;
const D_GE: u8 = 4;
const D_LE: u8 = 5;
pub(super) const AUTO: u8 = 6;
const S_COND: u8 = 7;
const D_COND: u8 = 8;
const DEV_COND: u8 = 9;
const MARK_COND: u8 = 10;
const CGROUP_COND: u8 = 13;

/// Bytes of an operation without operand.
const OP: usize = 4;
/// The value of an attribute has a 16-bit length that counts its 4 bytes of header.
const LONGEST: usize = u16::MAX as usize - 4;

pub(super) fn compile(expr: &Expr<'_>, buffer: &mut [u8]) -> Result<usize, BytecodeError> {
    let length = size(expr, 0)?;
    if length > LONGEST {
        return Err(BytecodeError::TooLong);
    }
    let mut program = Program { buffer, at: 0 };
    if length == 0 {
        // "Always" has no code, and the kernel refuses an empty program.
        program.op(NOP, &[], 0)?;
        return Ok(OP);
    }
    program.expr(expr, length + OP)?;
    debug_assert_eq!(program.at, length, "size() and expr() must agree");
    Ok(program.at)
}

/// Bytes of the code of `expr`; also the place where limits are checked.
fn size(expr: &Expr<'_>, depth: usize) -> Result<usize, BytecodeError> {
    if depth > MAX_DEPTH {
        return Err(BytecodeError::TooDeep);
    }
    Ok(match expr {
        Expr::And(list) => total(list, depth)?,
        Expr::Or([]) | Expr::Autobound => OP,
        Expr::Or(list) => total(list, depth)? + OP * (list.len() - 1),
        Expr::Not(inner) => size(inner, depth + 1)? + OP,
        Expr::SourceHost(host) | Expr::DestinationHost(host) => OP + 8 + address(host)?.len(),
        Expr::SourcePort(_) | Expr::DestinationPort(_) | Expr::Mark { .. } | Expr::Cgroup(_) => OP + 8,
        Expr::SourcePortAtLeast(_)
        | Expr::SourcePortAtMost(_)
        | Expr::DestinationPortAtLeast(_)
        | Expr::DestinationPortAtMost(_)
        | Expr::Device(_) => OP + 4,
    })
}

fn total(list: &[Expr<'_>], depth: usize) -> Result<usize, BytecodeError> {
    list.iter().try_fold(0, |sum: usize, expr| Ok(sum.saturating_add(size(expr, depth + 1)?)))
}

/// The bytes of a condition's address that the kernel wants to see; also the check of the condition.
fn address(host: &HostCondition) -> Result<&[u8], BytecodeError> {
    let length = match host.family {
        0 => 0,
        AF_INET => 4,
        AF_INET6 => 16,
        _ => return Err(BytecodeError::BadHost),
    };
    if usize::from(host.prefix_length) > 8 * length {
        return Err(BytecodeError::BadHost);
    }
    host.address.get(..length).ok_or(BytecodeError::BadHost)
}

struct Program<'b> {
    buffer: &'b mut [u8],
    at: usize,
}

impl Program<'_> {
    /// Writes `expr`: left at its end if it holds, else jumping to the address `no`.
    fn expr(&mut self, expr: &Expr<'_>, no: usize) -> Result<(), BytecodeError> {
        let port = |port: u16| {
            // The operand is another operation, its `no` is the port.
            let [a, b] = port.to_ne_bytes();
            [0, 0, a, b]
        };
        match *expr {
            Expr::And(list) => list.iter().try_for_each(|e| self.expr(e, no)),
            Expr::Or(list) => self.or(list, no),
            Expr::Not(inner) => {
                let end = self.at + size(inner, 0)? + OP;
                self.expr(inner, end)?;
                self.op(JMP, &[], no)
            }
            Expr::SourcePortAtLeast(p) => self.op(S_GE, &port(p), no),
            Expr::SourcePortAtMost(p) => self.op(S_LE, &port(p), no),
            Expr::DestinationPortAtLeast(p) => self.op(D_GE, &port(p), no),
            Expr::DestinationPortAtMost(p) => self.op(D_LE, &port(p), no),
            // There is an operation for equality, but only since Linux 4.16; a host condition without host is as good.
            Expr::SourcePort(p) => self.host(S_COND, &any_host(p), no),
            Expr::DestinationPort(p) => self.host(D_COND, &any_host(p), no),
            Expr::SourceHost(ref host) => self.host(S_COND, host, no),
            Expr::DestinationHost(ref host) => self.host(D_COND, host, no),
            Expr::Device(index) => self.op(DEV_COND, &index.to_ne_bytes(), no),
            Expr::Mark { mark, mask } => {
                let mut operand = [0; 8];
                let (first, second) = operand.split_at_mut(4);
                first.copy_from_slice(&mark.to_ne_bytes());
                second.copy_from_slice(&mask.to_ne_bytes());
                self.op(MARK_COND, &operand, no)
            }
            Expr::Cgroup(id) => self.op(CGROUP_COND, &id.to_ne_bytes(), no),
            Expr::Autobound => self.op(AUTO, &[], no),
        }
    }

    fn or(&mut self, list: &[Expr<'_>], no: usize) -> Result<(), BytecodeError> {
        let Some((final_expr, others)) = list.split_last() else { return self.op(JMP, &[], no) };
        let end = self.at + size(&Expr::Or(list), 0)?;
        for expr in others {
            let next = self.at + size(expr, 0)? + OP;
            self.expr(expr, next)?;
            self.op(JMP, &[], end)?;
        }
        self.expr(final_expr, no)
    }

    fn host(&mut self, code: u8, host: &HostCondition, no: usize) -> Result<(), BytecodeError> {
        // struct inet_diag_hostcond: family, prefix length, 2 bytes of padding, port as int (-1: any), address.
        let address = address(host)?;
        let mut operand = [0; 8 + 16];
        let (head, tail) = operand.split_at_mut(8);
        let port = host.port.map_or(-1, i32::from).to_ne_bytes();
        for (to, from) in head.iter_mut().zip([host.family, host.prefix_length, 0, 0].iter().chain(&port)) {
            *to = *from;
        }
        for (to, from) in tail.iter_mut().zip(address) {
            *to = *from;
        }
        self.op(code, operand.get(..8 + address.len()).unwrap_or_default(), no)
    }

    /// Writes one operation with its operand.
    fn op(&mut self, code: u8, operand: &[u8], no: usize) -> Result<(), BytecodeError> {
        let end = self.at + OP + operand.len();
        let no = u16::try_from(no.saturating_sub(self.at));
        let (Ok(yes), Ok(no)) = (u8::try_from(OP + operand.len()), no) else {
            return Err(BytecodeError::TooLong);
        };
        let room = self.buffer.get_mut(self.at..end).ok_or(BytecodeError::TooLong)?;
        let [a, b] = no.to_ne_bytes();
        for (to, from) in room.iter_mut().zip([code, yes, a, b].iter().chain(operand)) {
            *to = *from;
        }
        self.at = end;
        Ok(())
    }
}

fn any_host(port: u16) -> HostCondition {
    HostCondition { family: 0, prefix_length: 0, address: [0; 16], port: Some(port) }
}
