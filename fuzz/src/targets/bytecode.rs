//! Filter programs: any expression, compiled, is accepted by the kernel and says the same.

use std::cell::Cell;

use pree_wire::inet_diag::{BytecodeError, Expr, HostCondition};

use crate::input::Input;
use crate::interpreter::{audit, run};
use crate::meaning::{Socket, holds};

/// The bytes decide about the expression, then about sockets.
pub(super) fn target(data: &[u8]) {
    let input = Input::new(data);
    let room = Cell::new(200);
    one(&input, &room, 0, &mut |expr| check(expr, &input));
}

fn check(expr: &Expr<'_>, input: &Input<'_>) {
    let mut buffer = vec![0xa5; 16 * 1024];
    let length = match expr.compile(&mut buffer) {
        Ok(length) => length,
        Err(error) => {
            assert!(matches!(
                error,
                BytecodeError::TooDeep | BytecodeError::BadHost | BytecodeError::TooLong
            ));
            return;
        }
    };
    let program = &buffer[..length];
    assert!(audit(program), "{program:?}");
    assert!(length % 4 == 0 && buffer[length..].iter().all(|byte| *byte == 0xa5));
    for _ in 0..4 {
        let socket = Socket {
            family: [2, 10][input.below(2)],
            source: address(input),
            destination: address(input),
            source_port: port(input),
            destination_port: port(input),
            device: input.byte().into(),
            mark: input.byte().into(),
            cgroup: input.byte().into(),
            autobound: input.byte() & 1 == 1,
        };
        assert_eq!(run(program, &socket), holds(expr, &socket), "{expr:?} {socket:?}");
    }
    assert_eq!(expr.compile(&mut vec![0; length]), Ok(length));
    assert_eq!(expr.compile(&mut vec![0; length - 1]), Err(BytecodeError::TooLong));
}

/// Few ports and addresses, close to each other, so that conditions hold as often as not.
fn port(input: &Input<'_>) -> u16 {
    let byte = input.byte();
    if byte < 200 { byte.into() } else { u16::from_ne_bytes(input.array()) }
}

fn address(input: &Input<'_>) -> [u8; 16] {
    let mut address = [0; 16];
    match input.below(4) {
        0 => address[0] = input.byte(),
        1 => {
            address[10..12].fill(0xff);
            address[12] = input.byte();
        }
        2 => address = input.array(),
        _ => address[..4].copy_from_slice(&[127, 0, 0, input.byte()]),
    }
    address
}

fn host(input: &Input<'_>) -> HostCondition {
    let family = [0, 2, 10, input.byte()][input.below(4)];
    let longest = match family {
        2 => 33,
        10 => 129,
        _ => 1,
    };
    // Now and then one that is too long.
    let prefix_length = input.byte();
    let prefix_length = if prefix_length > 250 { prefix_length } else { prefix_length % longest };
    let port = (input.byte() & 1 == 1).then(|| port(input));
    // Of any host only the port counts.
    let address = if family == 0 { [0; 16] } else { address(input) };
    HostCondition { family, prefix_length, address, port }
}

/// Expressions borrow their parts, so what is done with one is done while its parts are on the stack.
fn one(input: &Input<'_>, room: &Cell<usize>, depth: usize, then: &mut dyn FnMut(&Expr<'_>)) {
    room.set(room.get().saturating_sub(1));
    let kinds = if room.get() == 0 || depth > 40 { 12 } else { 16 };
    match input.below(kinds) {
        12 => list(input, room, depth, input.below(6), &[], &mut |list| then(&Expr::And(list))),
        13 => list(input, room, depth, input.below(6), &[], &mut |list| then(&Expr::Or(list))),
        14 | 15 => one(input, room, depth + 1, &mut |inner| then(&Expr::Not(inner))),
        kind => then(&match kind {
            0 => Expr::SourcePortAtLeast(port(input)),
            1 => Expr::SourcePortAtMost(port(input)),
            2 => Expr::SourcePort(port(input)),
            3 => Expr::DestinationPortAtLeast(port(input)),
            4 => Expr::DestinationPortAtMost(port(input)),
            5 => Expr::DestinationPort(port(input)),
            6 => Expr::SourceHost(host(input)),
            7 => Expr::DestinationHost(host(input)),
            8 => Expr::Device(input.byte().into()),
            9 => Expr::Mark { mark: input.byte().into(), mask: input.byte().into() },
            10 => Expr::Cgroup(input.byte().into()),
            _ => Expr::Autobound,
        }),
    }
}

fn list(
    input: &Input<'_>,
    room: &Cell<usize>,
    depth: usize,
    left: usize,
    ready: &[Expr<'_>],
    then: &mut dyn FnMut(&[Expr<'_>]),
) {
    if left == 0 {
        return then(ready);
    }
    one(input, room, depth + 1, &mut |expr| {
        let mut ready = ready.to_vec();
        ready.push(*expr);
        list(input, room, depth, left - 1, &ready, then);
    });
}
