//! Socket memory: `SK_MEMINFO_*`.

use super::Field;
use super::entry::{LINUX_MACOS, fields};
use crate::needs::Needs;

macro_rules! memory {
    ($( $name:literal $key:literal $member:ident $source:literal $doc:literal $(, $more:ident: $value:expr)*; )*) => {
        fields! {$(
            $name Memory $key Bytes Needs::MEMORY; $doc; $source $(, $more: $value)* => |s| s.memory.and_then(|memory| memory.$member).into();
        )*}
    };
}

pub(super) const FIELDS: &[Field] = memory! {
    "rmem" "receive_alloc_bytes" receive_alloc_bytes "SK_MEMINFO_RMEM_ALLOC" "Memory of packets not yet read.";
    "rcvbuf" "receive_buffer_bytes" receive_buffer_bytes "SK_MEMINFO_RCVBUF" "Limit of the receive side.", told_by: LINUX_MACOS;
    "wmem" "send_alloc_bytes" send_alloc_bytes "SK_MEMINFO_WMEM_ALLOC" "Memory of packets handed down.";
    "sndbuf" "send_buffer_bytes" send_buffer_bytes "SK_MEMINFO_SNDBUF" "Limit of the send side.", told_by: LINUX_MACOS;
    "fwd_alloc" "forward_alloc_bytes" forward_alloc_bytes "SK_MEMINFO_FWD_ALLOC" "Memory reserved ahead.";
    "wmem_queued" "send_queued_bytes" send_queued_bytes "SK_MEMINFO_WMEM_QUEUED"
        "Memory of everything written and not yet acknowledged.";
    "optmem" "option_bytes" option_bytes "SK_MEMINFO_OPTMEM" "Memory of options and filters.";
    "locked_backlog" "backlog_bytes" backlog_bytes "SK_MEMINFO_BACKLOG"
        "Memory of packets that wait for the socket's lock.";
};
