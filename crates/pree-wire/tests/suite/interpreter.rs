//! The kernel's side of bytecode, written down from `net/ipv4/inet_diag.c`: the audit and the run.

use crate::meaning::Socket;

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
