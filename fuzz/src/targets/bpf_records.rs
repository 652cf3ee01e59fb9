//! What our BPF programs write.

use pree_wire::bpf_records::{Record, take};
use pree_wire::life_records;

/// Each record takes its size off the input, and what is left is less than one.
pub(super) fn target(data: &[u8]) {
    lives(data);
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

/// Each record takes its length off the input, at least 16 bytes, or nothing more is read.
fn lives(data: &[u8]) {
    let mut rest = data;
    loop {
        let before = rest.len();
        match life_records::take(&mut rest) {
            Ok(Some(life_records::Record::Life(life))) => {
                assert!(before - rest.len() >= 120);
                assert!(life.user().is_none_or(|user| user.name().len() <= 16));
                let _ = (life.local(), life.remote(), life.local_port(), life.opened_ns(), life.error());
                if let Some(last) = life.statistics() {
                    assert!(before - rest.len() >= 224);
                    let _ = (last.bytes_sent(), last.rcv_ooopack());
                }
            }
            Ok(Some(life_records::Record::Lost(_))) => assert!(before - rest.len() >= 16),
            Ok(None) => break assert!(rest.is_empty()),
            Err(_) => break,
        }
    }
}
