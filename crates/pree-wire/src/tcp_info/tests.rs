//! The table against itself, and the fields smaller than a byte.

use super::*;

#[test]
fn a_field_is_known_when_wholly_inside() {
    let bytes: [u8; 300] = core::array::from_fn(|i| i as u8);
    for length in 0..bytes.len() {
        let info = TcpInfo::new(&bytes[..length]);
        macro_rules! check {
            ($($(#[doc = $doc:literal])+ $name:ident: $type:ident, $offset:literal, $unit:ident, $since:literal;)*) => {$(
                let end = $offset + size_of::<$type>();
                assert_eq!(info.$name().is_some(), end <= length, "{} of {length} bytes", stringify!($name));
                if let Some(value) = info.$name() {
                    assert_eq!(value.to_ne_bytes(), bytes[$offset..][..size_of::<$type>()], "{}", stringify!($name));
                }
            )*};
        }
        crate::for_each_tcp_info_field!(check);
    }
}

#[test]
fn every_length_ends_where_a_kernel_added_fields() {
    // The lengths say which kernels are in the table; the table says it a second time, field by field.
    for pair in KNOWN_LENGTHS.windows(2) {
        let [(_, before), (kernel, length)] = pair else { unreachable!() };
        let added = || FIELDS.iter().filter(|f| (*before..*length).contains(&f.offset));
        assert!(added().next().is_some(), "{kernel} added nothing");
        for field in added() {
            assert_eq!(field.since, *kernel, "{}", field.name);
        }
    }
    assert!(FIELDS.iter().all(|f| !f.doc.is_empty() && f.doc.ends_with('.')));
}

#[test]
fn bit_fields() {
    let mut bytes = [0; 280];
    let (sixth, seventh) = if cfg!(target_endian = "big") { (0x9b, 0b1100_0000) } else { (0xb9, 0b011) };
    (bytes[6], bytes[7]) = (sixth, seventh);
    let info = TcpInfo::new(&bytes);
    assert_eq!((info.snd_wscale(), info.rcv_wscale()), (Some(9), Some(11)));
    assert_eq!((info.delivery_rate_app_limited(), info.fastopen_client_fail()), (Some(true), Some(1)));
    // Before 4.9 and 5.4 the same bits were padding.
    assert_eq!(TcpInfo::new(&bytes[..160]).delivery_rate_app_limited(), None);
    assert_eq!(TcpInfo::new(&bytes[..224]).fastopen_client_fail(), None);
}

#[test]
#[cfg(target_endian = "little")]
fn two_layouts_of_one_word() {
    let mut bytes = [0; 280];
    bytes[276..].copy_from_slice(&[0x0a, 0, 2, 0]);
    let info = TcpInfo::new(&bytes);
    let two = info.acc_ecn(AccEcnLayout::TwoFields).unwrap();
    assert_eq!((two.fail_mode, two.option_seen, two.ecn_mode, two.options2), (10, 2, None, None));
    let bits = info.acc_ecn(AccEcnLayout::BitFields).unwrap();
    assert_eq!(
        (bits.fail_mode, bits.option_seen, bits.ecn_mode, bits.options2),
        (0, 2, Some(2), Some(0x200))
    );
    assert_eq!(TcpInfo::new(&bytes[..276]).acc_ecn(AccEcnLayout::TwoFields), None);
}
