//! Programs mean what their expressions say: any expression, compiled, passes the kernel's audit and gives the same
//! answer as the expression itself, for any socket.

use crate::interpreter::{audit, run};
use crate::meaning::{Socket, holds};
use pree_wire::inet_diag::{Expr, HostCondition};
use proptest::prelude::*;
use proptest::sample::select;

const PORTS: [u16; 6] = [0, 1, 80, 443, 40_000, u16::MAX];

/// Few addresses, close to each other, so that conditions hit as often as they miss.
fn address() -> impl Strategy<Value = (u8, [u8; 16])> {
    let v4 = |a: [u8; 4]| {
        let mut address = [0; 16];
        address[..4].copy_from_slice(&a);
        (2, address)
    };
    let v6 = |a: &str| (10, a.parse::<std::net::Ipv6Addr>().unwrap().octets());
    select(vec![
        v4([127, 0, 0, 1]),
        v4([127, 0, 0, 129]),
        v4([10, 1, 1, 2]),
        v4([0; 4]),
        v6("::"),
        v6("::1"),
        v6("2001:db8::1"),
        v6("2001:db8:1::1"),
        v6("::ffff:127.0.0.1"),
        v6("::ffff:10.1.1.2"),
    ])
}

fn host() -> impl Strategy<Value = HostCondition> {
    let port = prop::option::of(select(&PORTS[..]));
    (address(), 0..=128_u8, port, 0..8_u8).prop_map(|((family, address), length, port, kind)| match kind {
        0 => HostCondition { family: 0, prefix_length: 0, address: [0; 16], port },
        _ => HostCondition {
            family,
            prefix_length: length % if family == 2 { 33 } else { 129 },
            address,
            port,
        },
    })
}

fn socket() -> impl Strategy<Value = Socket> {
    let port = || select(&PORTS[..]);
    (address(), address(), port(), port(), 0..3_u32, 0..4_u32, 0..3_u64, any::<bool>()).prop_map(
        |(
            (family, source),
            (_, destination),
            source_port,
            destination_port,
            device,
            mark,
            cgroup,
            autobound,
        )| {
            Socket {
                family,
                source,
                destination,
                source_port,
                destination_port,
                device,
                mark,
                cgroup,
                autobound,
            }
        },
    )
}

/// Expressions live as long as the process: they borrow each other, and a test may leak a little.
fn expr() -> impl Strategy<Value = Expr<'static>> {
    let port = || select(&PORTS[..]);
    let leaf = prop_oneof![
        port().prop_map(Expr::SourcePortAtLeast),
        port().prop_map(Expr::SourcePortAtMost),
        port().prop_map(Expr::SourcePort),
        port().prop_map(Expr::DestinationPortAtLeast),
        port().prop_map(Expr::DestinationPortAtMost),
        port().prop_map(Expr::DestinationPort),
        host().prop_map(Expr::SourceHost),
        host().prop_map(Expr::DestinationHost),
        (0..3_u32).prop_map(Expr::Device),
        (0..4_u32, 0..4_u32).prop_map(|(mark, mask)| Expr::Mark { mark, mask }),
        (0..3_u64).prop_map(Expr::Cgroup),
        Just(Expr::Autobound),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        let list = || prop::collection::vec(inner.clone(), 0..5).prop_map(|list| &*list.leak());
        prop_oneof![
            list().prop_map(Expr::And),
            list().prop_map(Expr::Or),
            inner.prop_map(|e| Expr::Not(Box::leak(Box::new(e)))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn program_and_expression_agree(expr in expr(), sockets in prop::collection::vec(socket(), 8)) {
        let mut buffer = [0; 8192];
        let length = expr.compile(&mut buffer).unwrap();
        let program = &buffer[..length];
        prop_assert!(audit(program), "{program:?}");
        for socket in sockets {
            prop_assert_eq!(run(program, &socket), holds(&expr, &socket), "{:?}", socket);
        }
    }

    #[test]
    fn programs_fit_or_are_refused(expr in expr(), size in 0..256_usize) {
        let mut large = [0; 8192];
        let length = expr.compile(&mut large).unwrap();
        let mut small = vec![0; size];
        prop_assert_eq!(expr.compile(&mut small).ok(), (length <= size).then_some(length));
    }
}

/// The audit here must refuse what the kernel's refuses, or its praise above is worth nothing.
#[test]
fn the_audit_refuses() {
    for program in [
        &[][..],
        &[1, 4, 8],
        &[1, 4, 12, 0],
        &[1, 4, 6, 0],
        &[1, 0, 8, 0],
        &[2, 4, 8, 0],
        &[99, 4, 8, 0],
        &[2, 8, 12, 0],
        // A jump into the operand of another operation.
        &[1, 4, 8, 0, 2, 8, 12, 0, 0, 0, 80, 0],
        &[7, 12, 16, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    ] {
        assert!(!audit(program), "{program:?}");
    }
}
