//! Our own records of descriptors.

use pree_wire::fd_records::{BoundPort, FdRecord, HeldSocket, decode_all};

/// What is read is written as it was.
pub(super) fn target(data: &[u8]) {
    let mut whole = Vec::new();
    let mut broken = 0;
    for record in decode_all(data) {
        match record {
            Ok(record) => whole.extend(record.encode()),
            Err(error) => {
                broken += 1;
                assert_eq!(error.offset, whole.len());
            }
        }
    }
    assert_eq!(whole, data[..data.len() / FdRecord::SIZE * FdRecord::SIZE]);
    assert_eq!(broken, usize::from(data.len() % FdRecord::SIZE != 0));
    if let Some(bytes) = data.first_chunk::<{ BoundPort::SIZE }>() {
        assert_eq!(BoundPort::decode(*bytes).encode(), *bytes);
    }
    match HeldSocket::decode(data) {
        Ok(held) => assert!(data[FdRecord::SIZE..].starts_with(held.protocol)),
        Err(_) => assert!(data.len() < FdRecord::SIZE),
    }
}
