//! Processes: entries of a Toolhelp snapshot, and the times of one process.

windows_struct! {
    /// A process of a snapshot.
    ProcessEntry = "PROCESSENTRY32W", 568, "XP";
    /// Bytes of the entry.
    size "dwSize": u32, 0, bytes;
    /// Process id.
    process_id "th32ProcessID": u32, 8, identifier;
    /// Threads it has.
    threads "cntThreads": u32, 28, count;
    /// The process that made it; may have ended, and its id be another's by now.
    parent_process_id "th32ParentProcessID": u32, 32, identifier;
    /// File name of the program in UTF-16, ended by 0.
    exe_file "szExeFile": [u8; 520], 44, identifier;
}

/// The entries of a snapshot, one behind the other; a rest that is too short is left out.
pub fn entries(snapshot: &[u8]) -> impl Iterator<Item = ProcessEntry<'_>> {
    snapshot.chunks_exact(ProcessEntry::SIZE).map(ProcessEntry::new)
}

/// The units of a text in UTF-16, up to a 0 or the end; an odd last byte is none.
pub fn utf16(text: &[u8]) -> impl Iterator<Item = u16> {
    let units = text.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    units.take_while(|unit| *unit != 0)
}
