//! Files and links of /proc/PID.

use pree_wire::proc_pid::{self, Stat};

pub(super) const WORDS: &[&str] = &[
    "1 (",
    ") S 1 ",
    "Uid:\t",
    "0::/",
    "1:name=systemd:/",
    "socket:[",
    "]",
    "btime ",
    "scm_fds: ",
    "ino:\t",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "\n",
];

pub(super) fn target(data: &[u8]) {
    if let Ok(stat) = Stat::parse(data) {
        // Whatever the name, it comes back.
        let again = [
            format!("{} (", stat.pid).as_bytes(),
            stat.name,
            format!(
                ") {} {} {}{} {}{}\n",
                char::from(stat.state),
                stat.parent,
                "0 ".repeat(4),
                stat.flags,
                "0 ".repeat(12),
                stat.start_time_ticks
            )
            .as_bytes(),
        ]
        .concat();
        if stat.state.is_ascii_graphic() && stat.state != b')' {
            assert_eq!(Stat::parse(&again), Ok(stat));
        }
    }
    let _ = proc_pid::most_descriptors(data);
    let _ = (proc_pid::status_uid(data), proc_pid::fds_in_flight(data));
    assert!(proc_pid::cgroup_v2_path(data).is_none_or(|path| !path.contains(&b'\n')));
    let found = pree_wire::cgroup::Membership::parse(data);
    let is_of_a_line =
        |text: Option<&[u8]>| text.is_none_or(|text| !text.is_empty() && !text.contains(&b'\n'));
    assert!([found.unit, found.container, found.pod].into_iter().all(is_of_a_line));
    if let Some(inode) = proc_pid::socket_inode(data) {
        assert_eq!(proc_pid::socket_inode(format!("socket:[{inode}]").as_bytes()), Some(inode));
    }
    if let Some(fd) = proc_pid::fd_name(data) {
        assert_eq!(proc_pid::fd_name(fd.to_string().as_bytes()), Some(fd));
        assert_eq!(proc_pid::pid_name(data), Some(fd).filter(|pid| *pid != 0));
    }
}
