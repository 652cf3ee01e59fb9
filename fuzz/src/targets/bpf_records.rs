//! What our BPF programs write.

use pree_wire::bpf_records::{Record, take};

/// Each record takes its size off the input, and what is left is less than one.
pub(super) fn target(data: &[u8]) {
    let mut rest = data;
    loop {
        let before = rest.len();
        match take(&mut rest) {
            Ok(Some(Record::Holder(holder))) => {
                assert_eq!(before - rest.len(), 40);
                assert!(holder.name().len() <= 16);
            }
            Ok(Some(Record::Descriptor(_))) => assert_eq!(before - rest.len(), 16),
            Ok(None) => break assert!(rest.len() < 40 && before == rest.len()),
            Err(_) => break assert_eq!(before, rest.len()),
        }
    }
}
