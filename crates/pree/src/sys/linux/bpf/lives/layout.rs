//! Where things are in this kernel, by name: tracepoints, and members of sockets, tasks and pids.

use pree_wire::btf::{Btf, Kind, Type};
use pree_wire::life_records as record;

use crate::source::{Errno, Failure};

/// Where things are in this kernel.
pub(in super::super) struct Layout {
    /// The tracepoints, by the number of their type.
    pub(in super::super) state_changes: u32,
    pub(in super::super) reads: u32,
    pub(in super::super) resets: u32,
    pub(super) family: i16,
    pub(super) namespace: i16,
    pub(super) namespace_inode: i16,
    pub(super) interface: i16,
    pub(super) local: i16,
    pub(super) remote: i16,
    pub(super) local6: Option<i16>,
    pub(super) remote6: Option<i16>,
    pub(super) remote_port: i16,
    pub(super) local_port: i16,
    pub(super) error: i16,
    pub(super) flags: i16,
    pub(super) uid: i16,
    pub(super) state: i16,
    pub(super) is_locked: i16,
    pub(super) counters: [Option<i16>; record::COUNTERS.len()],
    pub(super) numbers: [Option<i16>; record::NUMBERS.len()],
    pub(super) task_leader: i16,
    pub(super) task_pid: i16,
    pub(super) task_start: i16,
    pub(super) task_name: i32,
    pub(super) pid_level: i32,
    pub(super) pid_numbers: i32,
    pub(super) number_size: i32,
    /// Of a number: where it says its namespace.
    pub(super) number_namespace: i16,
}

impl Layout {
    /// Looks everything up by name.
    pub(in super::super) fn of(btf: Btf<'_>) -> Result<Self, Failure> {
        let [changes, reads, resets, sock, common, inet, tcp, net, task, pid, number] = btf.find_all([
            (Kind::TYPEDEF, "btf_trace_inet_sock_set_state"),
            (Kind::TYPEDEF, "btf_trace_tcp_rcv_space_adjust"),
            (Kind::TYPEDEF, "btf_trace_tcp_send_reset"),
            (Kind::STRUCT, "sock"),
            (Kind::STRUCT, "sock_common"),
            (Kind::STRUCT, "inet_sock"),
            (Kind::STRUCT, "tcp_sock"),
            (Kind::STRUCT, "net"),
            (Kind::STRUCT, "task_struct"),
            (Kind::STRUCT, "pid"),
            (Kind::STRUCT, "upid"),
        ]);
        let offset = |of: Option<Type<'_>>, path: &str| i16::try_from(btf.member_at(&of?, path)?.offset).ok();
        let wide = |of: Option<Type<'_>>, path: &str| i32::try_from(btf.member_at(&of?, path)?.offset).ok();
        let whole = || {
            Some(Self {
                state_changes: changes?.id,
                reads: reads?.id,
                resets: resets?.id,
                family: offset(common, "skc_family")?,
                namespace: offset(common, "skc_net.net")?,
                namespace_inode: offset(net, "ns.inum")?,
                interface: offset(common, "skc_bound_dev_if")?,
                local: offset(common, "skc_rcv_saddr")?,
                remote: offset(common, "skc_daddr")?,
                local6: offset(common, "skc_v6_rcv_saddr"),
                remote6: offset(common, "skc_v6_daddr"),
                remote_port: offset(common, "skc_dport")?,
                local_port: offset(inet, "inet_sport")?,
                error: offset(sock, "sk_err")?,
                flags: offset(common, "skc_flags")?,
                uid: offset(sock, "sk_uid.val")?,
                state: offset(common, "skc_state")?,
                is_locked: offset(sock, "sk_lock.owned")?,
                counters: record::COUNTERS.map(|name| offset(tcp, name)),
                numbers: record::NUMBERS.map(|name| match name {
                    "rtt_min" => offset(tcp, "rtt_min.s.v"),
                    name => offset(tcp, name),
                }),
                task_leader: offset(task, "group_leader")?,
                task_pid: offset(task, "thread_pid")?,
                task_start: offset(task, "start_boottime")?,
                task_name: wide(task, "comm")?,
                pid_level: wide(pid, "level")?,
                pid_numbers: wide(pid, "numbers")?,
                number_size: i32::try_from(number?.size()?).ok()?,
                number_namespace: offset(number, "ns")?,
            })
        };
        whole().ok_or(Failure::Answer(Errno::EOPNOTSUPP))
    }
}
