//! Just enough of Mach-O to find sections by name in a 64-bit object file.

use std::collections::BTreeMap;

const MAGIC: u32 = 0xfeed_facf;
const SEGMENT_64: u32 = 0x19;
/// Bytes of the file's header.
const HEADER: usize = 32;
/// Bytes of a segment's command before its sections.
const SEGMENT: usize = 72;
/// Bytes of a section's entry.
const SECTION: usize = 80;

/// The sections of this segment with their contents.
pub(super) fn sections(file: &[u8], segment: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let u32_at = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?));
    let u64_at = |at: usize| Some(u64::from_le_bytes(file.get(at..at + 8)?.try_into().ok()?));
    let name_at =
        |at: usize| std::str::from_utf8(file.get(at..at + 16)?.split(|byte| *byte == 0).next()?).ok();
    if u32_at(0)? != MAGIC {
        return None;
    }
    let mut found = BTreeMap::new();
    let mut at = HEADER;
    for _ in 0..u32_at(16)? {
        if u32_at(at)? == SEGMENT_64 {
            for index in 0..u32_at(at + 64)? as usize {
                let section = at + SEGMENT + index * SECTION;
                if name_at(section + 16)? == segment {
                    let (size, offset) = (u64_at(section + 40)? as usize, u32_at(section + 48)? as usize);
                    let bytes = file.get(offset..offset.checked_add(size)?)?;
                    found.insert(name_at(section)?.to_owned(), bytes.to_vec());
                }
            }
        }
        at += u32_at(at + 4)? as usize;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::{HEADER, MAGIC, SECTION, SEGMENT, SEGMENT_64, sections};

    /// An object file with one section of three bytes.
    fn object() -> Vec<u8> {
        let mut file = vec![0; HEADER + SEGMENT + SECTION];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &MAGIC.to_le_bytes());
        put(16, &1_u32.to_le_bytes());
        put(HEADER, &SEGMENT_64.to_le_bytes());
        put(HEADER + 4, &((SEGMENT + SECTION) as u32).to_le_bytes());
        put(HEADER + 64, &1_u32.to_le_bytes());
        let section = HEADER + SEGMENT;
        put(section, b"name");
        put(section + 16, b"__PREE");
        put(section + 40, &3_u64.to_le_bytes());
        put(section + 48, &((HEADER + SEGMENT + SECTION) as u32).to_le_bytes());
        file.extend(b"abc");
        file
    }

    #[test]
    fn sections_by_name() {
        let found = sections(&object(), "__PREE").unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("name".to_owned(), b"abc".to_vec())]);
        assert!(sections(&object(), "__TEXT").unwrap().is_empty());
    }

    #[test]
    fn a_file_cut_anywhere_is_none() {
        let whole = object();
        for length in 0..whole.len() {
            assert_eq!(sections(&whole[..length], "__PREE"), None, "{length}");
        }
    }
}
