//! Framing both ways: tables of datagrams whole, padded, cut and lying about their length.

use super::*;
use crate::Errno;
extern crate std;
use std::vec::Vec;

fn message(length: u32, kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(7_u32.to_ne_bytes());
    bytes.extend(9_u32.to_ne_bytes());
    bytes.extend(payload);
    bytes
}

fn attribute(length: u16, kind: u16, value: &[u8]) -> Vec<u8> {
    [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat()
}

/// Kinds of the whole messages, and the offset of the error if there is one.
fn read(datagram: &[u8]) -> (Vec<u16>, Option<usize>) {
    let items: Vec<_> = messages(datagram).collect();
    let kinds = items.iter().filter_map(|m| m.as_ref().ok().map(|m| m.kind)).collect();
    let errors: Vec<_> = items.iter().filter_map(|m| m.as_ref().err().map(|e| e.offset)).collect();
    assert!(errors.len() <= 1 && items.iter().take(items.len().saturating_sub(1)).all(Result::is_ok));
    (kinds, errors.first().copied())
}

#[test]
fn datagrams() {
    let a = message(20, 20, 2, &[1; 4]);
    let odd = message(17, 21, 2, &[1, 0, 0, 0]);
    for (datagram, kinds, error) in [
        (std::vec![], &[][..], None),
        (a.clone(), &[20][..], None),
        ([&a[..], &a].concat(), &[20, 20], None),
        ([&odd[..], &a].concat(), &[21, 20], None),
        // The last message may come without its alignment.
        (odd[..17].to_vec(), &[21], None),
        ([&a[..], &[0; 4]].concat(), &[20], Some(20)),
        ([&a[..], &a[..19]].concat(), &[20], Some(20)),
        (a[..15].to_vec(), &[], Some(0)),
        (message(15, 20, 2, &[]), &[], Some(0)),
        (message(0, 20, 2, &[]), &[], Some(0)),
        (message(17, 20, 2, &[]), &[], Some(0)),
        (message(u32::MAX, 20, 2, &[0; 64]), &[], Some(0)),
    ] {
        assert_eq!(read(&datagram), (kinds.to_vec(), error), "{datagram:?}");
    }
}

#[test]
fn the_header_is_read_in_full() {
    let bytes = message(20, 18, DUMP_INTR | MULTI, b"abcd");
    let message = messages(&bytes).next().unwrap().unwrap();
    assert_eq!(message, Message { kind: 18, flags: 0x12, sequence: 7, port: 9, payload: b"abcd" });
    assert!(message.interrupted());
    assert_eq!(message.body(), Body::Data(b"abcd"));
}

#[test]
fn bodies() {
    let check = |kind, payload: &[u8], expected: Body<'_>| {
        let message = Message { kind, flags: 0, sequence: 0, port: 0, payload };
        assert_eq!(message.body(), expected, "{kind} {payload:?}");
        assert!(!message.interrupted());
    };
    let code = |code: i32| code.to_ne_bytes();
    check(DONE, &[], Body::Done(None));
    check(DONE, &code(0), Body::Done(None));
    check(DONE, &code(-105), Body::Done(Some(Errno::ENOBUFS)));
    check(DONE, &code(4), Body::Done(None));
    check(ERROR, &code(0), Body::Error(None));
    check(ERROR, &code(-2), Body::Error(Some(Errno::ENOENT)));
    check(ERROR, &code(i32::MIN), Body::Error(Some(Errno::linux(i32::MAX))));
    check(ERROR, &[0; 3], Body::Error(Some(Errno::EBADMSG)));
    check(NOOP, &[], Body::Noop);
    check(OVERRUN, &[], Body::Overrun);
    check(5, b"x", Body::Data(b"x"));
}

#[test]
fn the_kernels_words() {
    let text = attribute(9, 1, b"no!\0\0\0\0\0");
    let number = (-22_i32).to_ne_bytes();
    let request = message(20, 20, 0, &[5; 4]);
    let check = |kind, flags, payload: &[u8], expected: Option<&[u8]>| {
        assert_eq!(Message { kind, flags, sequence: 0, port: 0, payload }.error_text(), expected);
    };
    check(ERROR, ACK_TLVS, &[&number[..], &request, &text].concat(), Some(b"no!\0"));
    let text = attribute(8, 1, b"no!\0");
    check(ERROR, ACK_TLVS, &[&number[..], &request, &text].concat(), Some(b"no!"));
    check(ERROR, ACK_TLVS | CAPPED, &[&number[..], &request[..16], &text].concat(), Some(b"no!"));
    check(DONE, ACK_TLVS, &[&number[..], &text].concat(), Some(b"no!"));
    check(DONE, 0, &[&number[..], &text].concat(), None);
    check(ERROR, ACK_TLVS, &[&number[..], &message(u32::MAX, 20, 0, &[])].concat(), None);
    check(ERROR, ACK_TLVS, &number, None);
    check(20, ACK_TLVS, &[&number[..], &text].concat(), None);
}

#[test]
fn attribute_areas() {
    let check = |area: &[u8], expected: &[(u16, bool, &[u8])], error: Option<usize>| {
        let items: Vec<_> = attributes(area).collect();
        let good: Vec<_> = items.iter().flatten().map(|a| (a.kind, a.nested, a.payload)).collect();
        assert_eq!(good, expected, "{area:?}");
        assert_eq!(items.iter().find_map(|a| a.err().map(|e| e.offset)), error, "{area:?}");
    };
    let a = attribute(5, 2, &[7, 0, 0, 0]);
    check(&[], &[], None);
    check(&a, &[(2, false, &[7])], None);
    check(&a[..5], &[(2, false, &[7])], None);
    check(&[&a[..], &attribute(4, 0x8003, &[])].concat(), &[(2, false, &[7]), (3, true, &[])], None);
    check(&attribute(4, 0x4003, &[]), &[(3, false, &[])], None);
    check(&[&a[..], &[0, 0, 0]].concat(), &[(2, false, &[7])], Some(8));
    check(&attribute(3, 2, &[]), &[], Some(0));
    check(&attribute(9, 2, &[0; 4]), &[], Some(0));
    check(&attribute(u16::MAX, 2, &[0; 4]), &[], Some(0));
}

#[test]
fn writing() {
    let expected = {
        let mut bytes = message(32, 20, REQUEST | DUMP, b"abcde\0\0\0");
        bytes[12..16].fill(0);
        [bytes, attribute(6, 1, b"xy\0\0")].concat()
    };
    for size in 0..64 {
        let mut buffer = [0xff; 64];
        let mut write = || {
            let mut request = RequestBuffer::new(&mut buffer[..size], 20, REQUEST | DUMP, 7)?;
            request.payload(b"abcde")?;
            request.attribute(1, b"xy")?;
            Ok(request.finish().len())
        };
        match write() {
            Ok(length) => {
                assert!(size >= 32);
                assert_eq!(buffer[..length], expected);
            }
            Err(BufferTooSmall { needed }) => assert!(size < 32 && needed > size && needed <= 32),
        }
    }
    let mut buffer = std::vec![0; 70_000];
    let value = std::vec![0; 65_532];
    let mut request = RequestBuffer::new(&mut buffer, 20, 0, 0).unwrap();
    assert_eq!(request.attribute(1, &value), Err(BufferTooSmall { needed: 65_552 }));
    assert_eq!(request.attribute(1, &value[1..]), Ok(()));
    assert_eq!(request.finish().len(), 65_552);
}
