//! What outputs show is read; and filters as deep as they may be.

use std::sync::Arc;

use super::{Filter, parse, socket};
use crate::model::{Address, Family, Owner, Process, Protocol, Socket, State, Text, Unowned};

#[test]
fn what_columns_show_of_owners_and_odd_addresses() {
    let owner = |name: &[u8], pid, fd| {
        let process = Arc::new(Process { pid, name: Text::from(name), ..Process::default() });
        Owner { io_uring: pid == 7, ..Owner::new(process, Some(fd)) }
    };
    let held = Socket {
        owners: vec![owner(b"python3", 5146, 3), owner(b"(sd-pam)", 7, 9)],
        ..socket("10.0.0.1:80", "10.0.0.2:1", State::Established)
    };
    let waits = Socket {
        unowned: Some(Unowned::AcceptQueue),
        ..socket("10.0.0.1:80", "10.0.0.2:1", State::Established)
    };
    let of = |protocol, family, local| Socket::new(protocol, family, State::Unconnected, local);
    let vsock = of(Protocol::Vsock, Family::Vsock, Address::Vsock { cid: 2, port: 70_000 });
    let packet =
        |protocol| of(Protocol::Packet, Family::Packet, Address::Packet { protocol, interface: None });
    let sockets = [held, waits, vsock, packet(3), packet(0x800)];
    for (filter, found) in [
        ("process = python3[5146]", [true, false, false, false, false]),
        ("process = python3[5146]/3", [true, false, false, false, false]),
        ("process = python3[5146]/4", [false; 5]),
        ("process = python3[514]", [false; 5]),
        ("process = python*[5146]", [true, false, false, false, false]),
        ("process ~ n3[51", [true, false, false, false, false]),
        ("python3[5146]", [true, false, false, false, false]),
        ("owner = python3", [true, false, false, false, false]),
        ("owner = x[1]/2,python3[5146]/3", [true, false, false, false, false]),
        ("owner = \"(sd-pam)\"", [true, false, false, false, false]),
        ("owner = \"(sd-pam)\"[7]/9", [false; 5]),
        ("io_uring = yes", [true, false, false, false, false]),
        ("owner = \"(sd-pam)\"[7]/9:io_uring", [true, false, false, false, false]),
        ("owner = (accept_queue)", [false, true, false, false, false]),
        ("owner = x,(accept_queue)", [false, true, false, false, false]),
        ("process = (accept_queue)", [false, true, false, false, false]),
        // In quotes it is a name, which a process may have.
        ("owner = \"(accept_queue)\"", [false; 5]),
        ("process = \"(accept_queue)\"", [false; 5]),
        ("owner = \"(sd-pam)\",(orphaned)", [true, false, false, false, false]),
        ("unowned = accept_queue", [false, true, false, false, false]),
        ("unowned != orphaned", [true; 5]),
        ("has owner", [true, false, false, false, false]),
        ("has unowned", [false, true, true, true, true]),
        ("sport = 70000", [false, false, true, false, false]),
        ("sport > 80", [false, false, true, false, false]),
        ("src = 2:70000", [false, false, true, false, false]),
        ("src = *%gone", [false, false, false, true, true]),
        ("src = 0x0800%gone", [false, false, false, false, true]),
        ("dev = gone", [false, false, false, true, true]),
    ] {
        let filter = parse(filter);
        let answer: Vec<bool> = sockets.iter().map(|socket| filter.matches(socket)).collect();
        assert_eq!(answer, found, "{filter}");
        assert_eq!(parse(&filter.to_string()), filter);
    }
}

#[test]
fn the_deepest_filter_takes_little_stack() {
    let alternating = (0..64).fold("sport > 0".to_owned(), |inner, level| {
        format!("({inner} {} sport < 9000)", if level % 2 == 0 { "and" } else { "or" })
    });
    let negations = format!("{}sport > 0", "not ".repeat(64));
    let parentheses = format!("{}sport > 0{}", "(".repeat(64), ")".repeat(64));
    let all = std::thread::Builder::new().stack_size(32 << 10).spawn(move || {
        for text in [alternating, negations, parentheses] {
            let filter: Filter = text.parse().unwrap();
            assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
            assert!(filter.matches(&socket("127.0.0.1:80", "127.0.0.1:1", State::Established)));
        }
    });
    all.unwrap().join().unwrap();
}

/// A field of an owner is there when any owner has it, whichever comes first.
#[test]
fn what_any_owner_has_is_there() {
    let bare = || Owner::new(Arc::new(Process { pid: 7, ..Process::default() }), None);
    let full = || {
        let process = Process { pid: 8, ..Process::default() };
        Owner { thread: Some(11), ..Owner::new(Arc::new(process), Some(3)) }
    };
    for owners in [vec![bare(), full()], vec![full(), bare()]] {
        let held = Socket { owners, ..socket("10.0.0.1:80", "10.0.0.2:1", State::Established) };
        for (has, test) in [("has thread", "thread > 0"), ("has fd", "fd >= 0"), ("has pid", "pid > 0")] {
            assert!(parse(has).matches(&held) && parse(test).matches(&held), "{has}");
            assert!(!parse(&format!("not {has}")).matches(&held), "not {has}");
        }
    }
    let held = Socket { owners: vec![bare()], ..socket("10.0.0.1:80", "", State::Listen) };
    assert!(parse("not has thread").matches(&held) && !parse("has thread").matches(&held));
}
