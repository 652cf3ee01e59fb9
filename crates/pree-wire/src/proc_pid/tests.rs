//! Tables of file contents, as kernels write them and as they must not be.

use super::*;

const TAIL: &str =
    "S 1 42 42 0 -1 4194560 1234 0 5 0 10 20 0 0 20 0 1 0 987654 8704000 768 18446744073709551615 1 1";

#[test]
fn stat_of_any_name() {
    extern crate std;
    for name in [
        "bash",
        "",
        "a b",
        ")",
        "((",
        ") S 1 (",
        "tmux: server",
        "two\nlines",
        "\u{1b}[0m",
        ") R 7 7 7 7 7 7",
    ] {
        let content = std::format!("42 ({name}) {TAIL}\n");
        let stat = Stat::parse(content.as_bytes()).unwrap();
        assert_eq!(stat.name, name.as_bytes());
        assert_eq!(
            (stat.pid, stat.state, stat.parent, stat.flags, stat.start_time_ticks),
            (42, b'S', 1, 4_194_560, 987_654),
            "{name:?}"
        );
        for length in 0..content.len() {
            let cut = Stat::parse(&content.as_bytes()[..length]);
            // The start time is the 22nd of 25 fields here: shorter content lacks it or has a part of it.
            assert!(cut.is_err() || length > content.find("98765").unwrap(), "{cut:?}");
        }
    }
}

/// As Linux 6.18 writes them: a shell, one that nobody has waited for, and a kernel thread.
#[test]
fn stat_of_one_that_has_ended() {
    for (content, is_ending, is_of_kernel) in [
        ("812 (bash) S 800 812 812 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 1", false, false),
        ("813 (true) Z 812 812 812 0 -1 4227084 1 0 0 0 0 0 0 0 20 0 1 0 987655 0 0", true, false),
        ("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0", false, true),
    ] {
        let stat = Stat::parse(content.as_bytes()).unwrap();
        assert_eq!((stat.is_ending(), stat.is_of_kernel()), (is_ending, is_of_kernel), "{content}");
    }
}

#[test]
fn stat_of_something_else() {
    for content in
        ["", "42", "42 (x", "42 x) S 1", ") 42 ( S 1", "x (y) S 1 2", "0 (y) S 1 2", "42 (x) S y 1 2 3 4"]
    {
        assert!(Stat::parse(content.as_bytes()).is_err(), "{content:?}");
    }
    let negative_parent = b"42 (x) S -1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20";
    assert!(Stat::parse(negative_parent).is_err());
}

#[test]
fn status() {
    for (content, ids) in [
        ("Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t1\t1\t1\t1\n", Some((1000, 0))),
        ("Uid:\t4294967295\t4294967294\t0\t0\n", Some((u32::MAX, u32::MAX - 1))),
        ("Uid:\t1000\n", None),
        ("Uid:\n", None),
        ("Gid:\t1\t1\t1\t1\n", None),
        ("Name:\tUid: 1 2\n", None),
        ("", None),
    ] {
        assert_eq!(status_uid(content.as_bytes()), ids, "{content:?}");
    }
}

#[test]
fn cgroups() {
    for (content, path) in [
        ("0::/user.slice/a b\n", Some("/user.slice/a b")),
        ("12:cpu,cpuacct:/x\n1:name=systemd:/init.scope\n", None),
        ("1:name=systemd:/a\n0::/b\n", Some("/b")),
        ("0::/gone (deleted)\n", Some("/gone (deleted)")),
        ("", None),
    ] {
        assert_eq!(cgroup_v2_path(content.as_bytes()), path.map(str::as_bytes), "{content:?}");
    }
}

#[test]
fn names_and_links() {
    for (link, inode) in [
        ("socket:[12345]", Some(12345)),
        ("socket:[4294967296]", Some(4_294_967_296)),
        ("socket:[]", None),
        ("socket:[1] ", None),
        ("socket:[-1]", None),
        ("pipe:[12345]", None),
        ("/tmp/socket:[1]", None),
        ("", None),
    ] {
        assert_eq!(socket_inode(link.as_bytes()), inode, "{link:?}");
    }
    for (name, pid, fd) in [
        ("1", Some(1), Some(1)),
        ("0", None, Some(0)),
        ("4194304", Some(4_194_304), Some(4_194_304)),
        ("4294967296", None, None),
        ("self", None, None),
        ("1x", None, None),
        ("..", None, None),
        ("", None, None),
    ] {
        assert_eq!((pid_name(name.as_bytes()), fd_name(name.as_bytes())), (pid, fd), "{name:?}");
    }
}

#[test]
fn descriptors_in_flight() {
    for (content, told) in [
        ("pos:\t0\nflags:\t02000002\nmnt_id:\t10\nino:\t386048\nscm_fds: 6\n", Some((6, Some(386_048)))),
        ("pos:\t0\nflags:\t02\nmnt_id:\t10\nscm_fds: 0\n", Some((0, None))),
        ("pos:\t0\nflags:\t02\nmnt_id:\t10\nino:\t7\n", None),
        ("scm_fds: 4294967296\n", None),
        ("scm_fds: -1\n", None),
        ("xscm_fds: 1\n", None),
        ("", None),
    ] {
        assert_eq!(fds_in_flight(content.as_bytes()), told, "{content:?}");
    }
}

#[test]
fn limit_of_descriptors() {
    for (line, most) in [
        (
            "Max processes             9       9       processes \nMax open files       64        200     files \n",
            Some(64),
        ),
        ("Max open files            unlimited            unlimited            files     \n", Some(u64::MAX)),
        ("Max open files            few                  20000                files     \n", None),
        ("Max open files\n", None),
        ("", None),
    ] {
        assert_eq!(most_descriptors(line.as_bytes()), most, "{line:?}");
    }
}

#[test]
fn a_title_over_the_arguments_is_one_argument() {
    for (cmdline, expected) in [
        (&b"nginx: worker process\0\0\0\0"[..], &b"nginx: worker process\0"[..]),
        (b"title of two words\0\0", b"title of two words\0"),
        (b"title\0\0\0\0", b"title\0"),
        // An empty argument.
        (b"grep\0\0", b"grep\0\0"),
        (b"grep\0\0file\0", b"grep\0\0file\0"),
        (b"a b\0c\0\0\0", b"a b\0c\0\0\0"),
        (b"a b\0", b"a b\0"),
        (b"a b", b"a b"),
        (b"", b""),
        (b"\0\0\0", b"\0"),
    ] {
        assert_eq!(arguments(cmdline), expected, "{}", cmdline.escape_ascii());
    }
}

#[test]
fn sockets_of_a_ring() {
    const TEXT: &[u8] = b"pos:\t0\nSqThread:\t-1\nUserFiles:\t70000\n    0: socket:[33418495]\n    2: /tmp/a\\040socket:[1]\n\
        \x20   3: /socket:[2]\n65536: socket:[4]\n    7: pipe:[5]\n    8: socket:[33418496]\nUserBufs:\t1\n    0: socket:[6]\n";
    assert!(ring_sockets(TEXT).eq([(0, 33_418_495), (65_536, 4), (8, 33_418_496)]));
    for text in [
        &b""[..],
        b"UserFiles:\t0\n",
        b"UserFiles:",
        b"UserFiles:\t1\n    0: \n",
        b"UserFiles:\t1\n:::\n    :",
        b"    0: socket:[1]\n",
    ] {
        assert_eq!(ring_sockets(text).count(), 0, "{text:?}");
    }
    assert!(
        is_ring(b"anon_inode:[io_uring]")
            && !is_ring(b"/tmp/anon_inode:[io_uring]")
            && !is_ring(b"anon_inode:[eventfd]")
    );
}
