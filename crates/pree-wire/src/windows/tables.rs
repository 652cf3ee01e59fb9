//! Tables of endpoints: `GetExtendedTcpTable` and `GetExtendedUdpTable`, with owners.
//!
//! A table is a number of rows and the rows. Rows with the owner's module (`…_OWNER_MODULE`) begin as those with the
//! process id alone (`…_OWNER_PID`), so one view reads both; of the shorter ones the rest is `None`.

use crate::bytes::array_at;
use crate::malformed::Malformed;

/// What is told of owners, and so how long the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnerClass {
    /// The process id: `TCP_TABLE_OWNER_PID_ALL`, `UDP_TABLE_OWNER_PID`.
    Pid,
    /// And when the endpoint was made, and what names its module: `TCP_TABLE_OWNER_MODULE_ALL`, `UDP_TABLE_OWNER_MODULE`.
    Module,
}

macro_rules! pid_row {
    ($view:ident, $size:literal) => {
        impl $view<'_> {
            /// Bytes of the row that has the process id alone.
            pub const PID_SIZE: usize = $size;

            /// Bytes of a row.
            pub const fn size(class: OwnerClass) -> usize {
                match class {
                    OwnerClass::Pid => Self::PID_SIZE,
                    OwnerClass::Module => Self::SIZE,
                }
            }
        }
    };
}

windows_struct! {
    /// A TCP endpoint over IPv4.
    Tcp4Row = "MIB_TCPROW_OWNER_MODULE", 160, "Vista";
    /// State, `MIB_TCP_STATE_*`.
    state "dwState": u32, 0, code;
    /// This end's address.
    local_address "dwLocalAddr": [u8; 4], 4, identifier;
    /// This end's port: the first two bytes, in network order. The others mean nothing.
    local_port_bytes "dwLocalPort": [u8; 4], 8, identifier;
    /// The other end's address; means nothing of a listener.
    remote_address "dwRemoteAddr": [u8; 4], 12, identifier;
    /// The other end's port, as this end's.
    remote_port_bytes "dwRemotePort": [u8; 4], 16, identifier;
    /// Process that made it; 0 when nobody holds it any more, 4 the system itself.
    owning_pid "dwOwningPid": u32, 20, identifier;
    /// When it was made, a `FILETIME`; 0: not told.
    create_timestamp "liCreateTimestamp": u64, 24, identifier;
    /// What names the module, for `GetOwnerModuleFromTcpEntry` only.
    owning_module_info "OwningModuleInfo": [u8; 128], 32, identifier;
}
pid_row!(Tcp4Row, 24);

windows_struct! {
    /// A TCP endpoint over IPv6.
    Tcp6Row = "MIB_TCP6ROW_OWNER_MODULE", 192, "Vista";
    /// This end's address.
    local_address "ucLocalAddr": [u8; 16], 0, identifier;
    /// Its scope: the index of the interface of a link-local address.
    local_scope "dwLocalScopeId": u32, 16, identifier;
    /// This end's port: the first two bytes, in network order.
    local_port_bytes "dwLocalPort": [u8; 4], 20, identifier;
    /// The other end's address.
    remote_address "ucRemoteAddr": [u8; 16], 24, identifier;
    /// Its scope.
    remote_scope "dwRemoteScopeId": u32, 40, identifier;
    /// The other end's port.
    remote_port_bytes "dwRemotePort": [u8; 4], 44, identifier;
    /// State, `MIB_TCP_STATE_*`.
    state "dwState": u32, 48, code;
    /// Process that made it; 0 when nobody holds it any more.
    owning_pid "dwOwningPid": u32, 52, identifier;
    /// When it was made, a `FILETIME`; 0: not told.
    create_timestamp "liCreateTimestamp": u64, 56, identifier;
    /// What names the module.
    owning_module_info "OwningModuleInfo": [u8; 128], 64, identifier;
}
pid_row!(Tcp6Row, 56);

windows_struct! {
    /// A UDP endpoint over IPv4.
    Udp4Row = "MIB_UDPROW_OWNER_MODULE", 160, "Vista";
    /// This end's address.
    local_address "dwLocalAddr": [u8; 4], 0, identifier;
    /// This end's port: the first two bytes, in network order.
    local_port_bytes "dwLocalPort": [u8; 4], 4, identifier;
    /// Process that made it.
    owning_pid "dwOwningPid": u32, 8, identifier;
    /// When it was bound, a `FILETIME`; 0: not told.
    create_timestamp "liCreateTimestamp": u64, 16, identifier;
    /// Bit 0: bound to a port of its choice.
    flags "dwFlags": u32, 24, flags;
    /// What names the module.
    owning_module_info "OwningModuleInfo": [u8; 128], 32, identifier;
}
pid_row!(Udp4Row, 12);

windows_struct! {
    /// A UDP endpoint over IPv6.
    Udp6Row = "MIB_UDP6ROW_OWNER_MODULE", 176, "Vista";
    /// This end's address.
    local_address "ucLocalAddr": [u8; 16], 0, identifier;
    /// Its scope.
    local_scope "dwLocalScopeId": u32, 16, identifier;
    /// This end's port: the first two bytes, in network order.
    local_port_bytes "dwLocalPort": [u8; 4], 20, identifier;
    /// Process that made it.
    owning_pid "dwOwningPid": u32, 24, identifier;
    /// When it was bound, a `FILETIME`; 0: not told.
    create_timestamp "liCreateTimestamp": u64, 32, identifier;
    /// Bit 0: bound to a port of its choice.
    flags "dwFlags": u32, 40, flags;
    /// What names the module.
    owning_module_info "OwningModuleInfo": [u8; 128], 48, identifier;
}
pid_row!(Udp6Row, 28);

/// The port in a `DWORD` whose first two bytes are it, in network order.
pub const fn port(bytes: [u8; 4]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}

/// Where the rows of a table begin: behind their number, aligned as the rows are.
pub const fn first_row(class: OwnerClass) -> usize {
    match class {
        OwnerClass::Pid => 4,
        OwnerClass::Module => 8,
    }
}

/// The rows of a table, each `size` bytes long. Fewer than the table says there are is a [`Malformed`], the last item;
/// bytes behind them belong to the buffer.
pub fn rows(table: &[u8], class: OwnerClass, size: usize) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    let cut = |offset| Malformed::new("table of endpoints (cut short)", offset);
    // A whole empty table may end where its first row would begin.
    let count = array_at(table, 0).map(u32::from_le_bytes);
    let first = first_row(class);
    let mut left = count.unwrap_or(1);
    let mut at = first;
    core::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        let row = at.checked_add(size).and_then(|end| table.get(at..end)).filter(|_| count.is_some());
        if row.is_none() {
            left = 0;
        }
        let here = at;
        at = at.saturating_add(size);
        Some(row.ok_or_else(|| cut(here.min(table.len()))))
    })
}
