//! The tables of IP Helper.

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Family, Protocol};
use crate::plan::Table;
use crate::source::{OwnerClass, Question, Source, WindowsQuestion, WindowsTable, read_all};

/// The tables of IP Helper that a table of the plan is.
pub(super) fn tables_of(table: Table) -> [Option<WindowsTable>; 2] {
    let (v4, v6) = match table.protocol {
        Protocol::Tcp => (WindowsTable::Tcp4, WindowsTable::Tcp6),
        Protocol::Udp => (WindowsTable::Udp4, WindowsTable::Udp6),
        _ => return [None; 2],
    };
    let wants = |family| table.family.is_none_or(|wanted| wanted == family);
    [wants(Family::Ipv4).then_some(v4), wants(Family::Ipv6).then_some(v6)]
}

/// The bytes of a table, with as much of owners as this version reports.
pub(super) fn ask(table: WindowsTable, source: &mut dyn Source) -> Result<(Vec<u8>, OwnerClass)> {
    let mut ask = |class| {
        let question = Question::Windows(WindowsQuestion::Table(table, class));
        read_all(source, &question).map(|bytes| (bytes, class))
    };
    ask(OwnerClass::Module)
        .or_else(|first| match first.kind() {
            // Older than these classes, or recorded there.
            ErrorKind::Unsupported | ErrorKind::Absent | ErrorKind::NotRecorded => {
                ask(OwnerClass::Pid).map_err(|_| first)
            }
            _ => Err(first),
        })
        .map_err(|failure| Error::of(failure, "read", format!("table {}", table.name())))
}
