//! Layout of single programs. That programs mean what their expressions mean is tested against an interpreter and the
//! kernel, in `tests/suite/`.

use super::*;
extern crate std;

#[cfg(target_endian = "little")]
#[test]
fn programs() {
    let check = |expr: Expr<'_>, expected: &[u8]| {
        let mut buffer = [0xff; 128];
        let length = expr.compile(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], expected, "{expr:?}");
    };
    let local = HostCondition { family: 2, prefix_length: 8, address: [127; 16], port: None };
    check(Expr::And(&[]), &[0, 4, 0, 0]);
    check(Expr::Or(&[]), &[1, 4, 8, 0]);
    check(Expr::Autobound, &[6, 4, 8, 0]);
    check(Expr::SourcePortAtLeast(80), &[2, 8, 12, 0, 0, 0, 80, 0]);
    check(Expr::Not(&Expr::SourcePortAtLeast(80)), &[2, 8, 12, 0, 0, 0, 80, 0, 1, 4, 8, 0]);
    check(Expr::DestinationPort(443), &[8, 12, 16, 0, 0, 0, 0, 0, 0xbb, 1, 0, 0]);
    check(Expr::SourceHost(local), &[7, 16, 20, 0, 2, 8, 0, 0, 0xff, 0xff, 0xff, 0xff, 127, 127, 127, 127]);
    check(
        Expr::Or(&[Expr::Device(1), Expr::Device(2)]),
        &[9, 8, 12, 0, 1, 0, 0, 0, 1, 4, 12, 0, 9, 8, 12, 0, 2, 0, 0, 0],
    );
    check(
        Expr::And(&[Expr::Mark { mark: 1, mask: 3 }, Expr::Cgroup(5)]),
        &[10, 12, 28, 0, 1, 0, 0, 0, 3, 0, 0, 0, 13, 12, 16, 0, 5, 0, 0, 0, 0, 0, 0, 0],
    );
}

#[test]
fn limits() {
    let mut buffer = std::vec![0; 1 << 17];
    let nested =
        |depth: usize| (0..depth).fold(Expr::Autobound, |e, _| Expr::Not(std::boxed::Box::leak(e.into())));
    assert_eq!(nested(MAX_DEPTH).compile(&mut buffer), Ok(4 * (MAX_DEPTH + 1)));
    assert_eq!(nested(MAX_DEPTH + 1).compile(&mut buffer), Err(BytecodeError::TooDeep));

    let many = std::vec![Expr::Autobound; 20_000];
    assert_eq!(Expr::And(&many[..16_382]).compile(&mut buffer), Ok(65_528));
    assert_eq!(Expr::And(&many[..16_383]).compile(&mut buffer), Err(BytecodeError::TooLong));
    assert_eq!(Expr::Or(&many).compile(&mut buffer), Err(BytecodeError::TooLong));

    for size in 0..16 {
        assert_eq!(Expr::Not(&Expr::SourcePort(1)).compile(&mut buffer[..size]), Err(BytecodeError::TooLong));
    }
    assert_eq!(Expr::Not(&Expr::SourcePort(1)).compile(&mut buffer[..16]), Ok(16));
    assert_eq!(Expr::And(&[]).compile(&mut buffer[..3]), Err(BytecodeError::TooLong));
}

#[test]
fn hosts_are_checked() {
    let mut buffer = [0; 64];
    for (family, prefix_length, good) in [
        (0, 0, true),
        (0, 1, false),
        (2, 32, true),
        (2, 33, false),
        (10, 128, true),
        (10, 129, false),
        (1, 0, false),
    ] {
        let host = HostCondition { family, prefix_length, address: [0; 16], port: None };
        let result = Expr::SourceHost(host).compile(&mut buffer);
        assert_eq!(result.is_ok(), good, "{family}/{prefix_length}");
        if !good {
            assert_eq!(result, Err(BytecodeError::BadHost));
        }
    }
}
