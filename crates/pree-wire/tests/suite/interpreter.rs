//! The kernel's side of bytecode, written down from `net/ipv4/inet_diag.c`: the audit and the run. And the meaning of
//! an expression, evaluated directly.

use pree_wire::inet_diag::{Expr, HostCondition};

/// What a program can ask of a socket (`struct inet_diag_entry`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Socket {
    pub(crate) family: u8,
    pub(crate) source: [u8; 16],
    pub(crate) destination: [u8; 16],
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    pub(crate) device: u32,
    pub(crate) mark: u32,
    pub(crate) cgroup: u64,
    pub(crate) autobound: bool,
}

fn u16_at(program: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([program[at], program[at + 1]])
}

fn u32_at(program: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(program[at..at + 4].try_into().unwrap())
}

/// `inet_diag_bc_audit`.
pub(crate) fn audit(program: &[u8]) -> bool {
    let mut at = 0;
    while at < program.len() {
        let left = program.len() - at;
        if left < 4 {
            return false;
        }
        let operand = match program[at] {
            0 | 1 | 6 => 0,
            2..=5 | 9 => 4,
            10 | 13 => 8,
            7 | 8 => {
                if left < 12 {
                    return false;
                }
                let bytes = match program[at + 4] {
                    0 => 0,
                    2 => 4,
                    10 => 16,
                    _ => return false,
                };
                if usize::from(program[at + 5]) > 8 * bytes {
                    return false;
                }
                8 + bytes
            }
            _ => return false,
        };
        let fits = |jump: usize| jump >= 4 + operand && jump <= left + 4 && jump % 4 == 0;
        let (yes, no) = (usize::from(program[at + 1]), usize::from(u16_at(program, at + 2)));
        if left < 4 + operand || !fits(yes) {
            return false;
        }
        if program[at] != 0 && (!fits(no) || (no < left && !starts(program).any(|start| start == at + no))) {
            return false;
        }
        at += yes;
    }
    at == program.len() && !program.is_empty()
}

/// Where operations start, following `yes`.
fn starts(program: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let next = |at: &usize| Some(at + usize::from(*program.get(at + 1)?).max(4));
    std::iter::successors(Some(0), next).take_while(|at| *at < program.len())
}

/// `inet_diag_bc_run`.
pub(crate) fn run(program: &[u8], socket: &Socket) -> bool {
    let mut at = 0;
    while at < program.len() {
        let port = || u16_at(program, at + 6);
        let holds = match program[at] {
            0 => true,
            1 => false,
            2 => socket.source_port >= port(),
            3 => socket.source_port <= port(),
            4 => socket.destination_port >= port(),
            5 => socket.destination_port <= port(),
            6 => socket.autobound,
            7 => host(&program[at + 4..], socket.family, socket.source, socket.source_port),
            8 => host(&program[at + 4..], socket.family, socket.destination, socket.destination_port),
            9 => u32_at(program, at + 4) == socket.device,
            10 => socket.mark & u32_at(program, at + 8) == u32_at(program, at + 4),
            13 => program[at + 4..at + 12] == socket.cgroup.to_ne_bytes(),
            code => panic!("operation {code}"),
        };
        at += if holds { usize::from(program[at + 1]) } else { usize::from(u16_at(program, at + 2)) };
    }
    at == program.len()
}

fn host(operand: &[u8], family: u8, address: [u8; 16], port: u16) -> bool {
    let (wanted_family, bits) = (operand[0], usize::from(operand[1]));
    let wanted_port = i32::from_ne_bytes(u32_at(operand, 4).to_ne_bytes());
    if wanted_port != -1 && wanted_port != i32::from(port) {
        return false;
    }
    let address = match (wanted_family, family) {
        (2, 10) if address.starts_with(b"\0\0\0\0\0\0\0\0\0\0\xff\xff") => &address[12..],
        (0, _) => &address,
        (wanted, family) if wanted == family => &address,
        _ => return false,
    };
    let whole = bits / 8;
    let mask = !(0xff_u16 >> (bits % 8)) as u8;
    address[..whole] == operand[8..8 + whole]
        && (bits % 8 == 0 || (address[whole] ^ operand[8 + whole]) & mask == 0)
}

/// What `expr` says about `socket`, without any program.
pub(crate) fn holds(expr: &Expr<'_>, socket: &Socket) -> bool {
    match *expr {
        Expr::And(list) => list.iter().all(|e| holds(e, socket)),
        Expr::Or(list) => list.iter().any(|e| holds(e, socket)),
        Expr::Not(inner) => !holds(inner, socket),
        Expr::SourcePortAtLeast(port) => socket.source_port >= port,
        Expr::SourcePortAtMost(port) => socket.source_port <= port,
        Expr::SourcePort(port) => socket.source_port == port,
        Expr::DestinationPortAtLeast(port) => socket.destination_port >= port,
        Expr::DestinationPortAtMost(port) => socket.destination_port <= port,
        Expr::DestinationPort(port) => socket.destination_port == port,
        Expr::SourceHost(host) => at_host(&host, socket.family, socket.source, socket.source_port),
        Expr::DestinationHost(host) => {
            at_host(&host, socket.family, socket.destination, socket.destination_port)
        }
        Expr::Device(index) => socket.device == index,
        Expr::Mark { mark, mask } => socket.mark & mask == mark,
        Expr::Cgroup(id) => socket.cgroup == id,
        Expr::Autobound => socket.autobound,
        _ => panic!("a condition without a meaning here: {expr:?}"),
    }
}

/// Addresses as one big number each, shifted: no bytes and masks as in `host`.
fn at_host(condition: &HostCondition, family: u8, address: [u8; 16], port: u16) -> bool {
    if condition.port.is_some_and(|wanted| wanted != port) {
        return false;
    }
    let number = |bytes: [u8; 16], family: u8| {
        let number = u128::from_be_bytes(bytes);
        if family == 2 { number >> 96 } else { number }
    };
    let mut value = number(address, family);
    let mut width = if family == 2 { 32 } else { 128 };
    if condition.family == 2 && family == 10 && value >> 32 == 0xffff {
        (value, width) = (value & 0xffff_ffff, 32);
    } else if condition.family != 0 && condition.family != family {
        return false;
    }
    let rest = width - u32::from(condition.prefix_length);
    let cut = |number: u128| number.checked_shr(rest).unwrap_or(0);
    cut(value) == cut(number(condition.address, condition.family))
}
