//! What is said where sockets are kept back, refused, damaged, gone or too many: a partial answer and why, and an end.

use pree::source::{Answer, Errno, Failure, Question, Recorder, Recording, Source, System};
use pree::{ErrorKind, Missing, Needs, Origin, Protocols, Query, Snapshot};

use crate::every::every;
use crate::fail_nth::FailNth;
use crate::mac::{ARG_MAX, Asks, EINTR, EINVAL, ENOENT, ENOMEM, ENOTSOCK, EOPNOTSUPP, EPERM, ESRCH, Mac};

fn usual() -> Query {
    Query::new().tcp().udp().owners().stats()
}

fn gaps(snapshot: &Snapshot) -> Vec<(Missing, ErrorKind, String, Option<u64>)> {
    let gaps = snapshot.coverage().gaps().iter();
    gaps.map(|gap| (gap.what, gap.why, gap.object.clone(), gap.count)).collect()
}

const TCP: &str = "apple list net.inet.tcp.pcblist_n";
/// Of the Mac that is played: TCP and UDP, and TCP alone.
const ROWS: usize = 15;
const TCP_ROWS: usize = 10;

const UDP: &str = "apple list net.inet.udp.pcblist_n";

#[test]
fn a_system_that_keeps_sockets_back_is_found_out() {
    // 11 and 5 are counted, 7 and 2 told of.
    let snapshot = usual().collect_from(&mut Mac::new(Asks::UserKeptApart)).unwrap();
    assert_eq!(
        gaps(&snapshot),
        [
            (Missing::Rows, ErrorKind::NotPermitted, "tcp".to_owned(), None),
            (Missing::Rows, ErrorKind::NotPermitted, "udp".to_owned(), None),
        ]
    );
    assert!(snapshot.coverage().to_string().contains("run as root"), "{}", snapshot.coverage());
    let notes = snapshot.coverage().notes().join("\n");
    assert!(
        notes.contains("tcp: the kernel counts 11 sockets, reports 7, and processes lead to 0 more"),
        "{notes}"
    );
    assert_eq!(snapshot.sockets().len(), 9);
    assert!(snapshot.iter().any(|socket| socket.tcp.is_some()), "own sockets have statistics");
}

#[test]
fn nothing_told_is_never_nothing_there() {
    // What dotnet/runtime 133960 and pymobiledevice3 1952 report: a header and an end, and no row.
    let snapshot = usual().collect_from(&mut Mac::new(Asks::ProcessKeptApart)).unwrap();
    assert_eq!(
        gaps(&snapshot),
        [
            (Missing::Rows, ErrorKind::NotPermitted, "tcp".to_owned(), None),
            (Missing::Rows, ErrorKind::NotPermitted, "udp".to_owned(), None),
            (Missing::Stats, ErrorKind::NotPermitted, String::new(), Some(3)),
        ]
    );
    // Through the processes one may look into.
    assert_eq!(snapshot.sockets().len(), 6);
    let origins = snapshot.coverage().origins();
    assert!(
        origins.contains(&(pree::Protocol::Tcp, Origin::Libproc))
            && origins.contains(&(pree::Protocol::Udp, Origin::Libproc)),
        "{origins:?}"
    );
}

#[test]
fn counts_that_are_kept_back_too_are_found_out() {
    // Headers that count only what is told: the size asked for before still counts everything. If one day that does not
    // either, there is nobody else's socket: on a Mac there always is.
    for keeps_sizes in [false, true] {
        let counts = move |key: &str, _: usize, answer: Result<Vec<u8>, Failure>| {
            answer.map(|mut bytes| {
                if key == TCP || key == UDP {
                    let end = bytes.len() - 20;
                    let told = 0_u32.to_le_bytes();
                    bytes[4..8].copy_from_slice(&told);
                    bytes[end..end + 4].copy_from_slice(&told);
                }
                if keeps_sizes && key.starts_with("apple size") {
                    48_u64.to_le_bytes().to_vec()
                } else {
                    bytes
                }
            })
        };
        let snapshot = usual().collect_from(&mut Mac::with(Asks::ProcessKeptApart, counts)).unwrap();
        let lacking: Vec<_> = gaps(&snapshot).into_iter().filter(|gap| gap.0 == Missing::Rows).collect();
        assert_eq!(lacking.len(), 2, "{}", snapshot.coverage());
        assert_eq!(snapshot.sockets().len(), 6);
    }
}

#[test]
fn a_question_about_tcp_alone_finds_it_out_as_well() {
    let tcp = Query::new().tcp();
    let snapshot = tcp.collect_from(&mut Mac::new(Asks::UserKeptApart)).unwrap();
    assert!(snapshot.coverage().lacks_rows());
    // And takes control blocks that are being freed, which are counted and not told of, for nothing else.
    let own = |key: &str, _: usize, answer: Result<Vec<u8>, Failure>| {
        answer.map(|bytes| if key == TCP { crate::mac::only(&bytes, |uid| uid == 501) } else { bytes })
    };
    let snapshot = tcp.collect_from(&mut Mac::with(Asks::User, own)).unwrap();
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
}

#[test]
fn unix_sockets_that_are_kept_back() {
    let query = Query::new().protocols(Protocols::UNIX).owners();
    let snapshot = query.collect_from(&mut Mac::new(Asks::UserKeptApart)).unwrap();
    assert_eq!(gaps(&snapshot), [(Missing::Rows, ErrorKind::NotPermitted, "unix".to_owned(), None)]);
    assert_eq!(snapshot.sockets().len(), 3);
    // Before macOS 13 there is no such list.
    let old = |key: &str, _: usize, answer| {
        if key.contains("net.local") { Err(ENOENT) } else { answer }
    };
    let snapshot = query.collect_from(&mut Mac::with(Asks::User, old)).unwrap();
    assert_eq!(snapshot.sockets().len(), 3);
    assert_eq!(gaps(&snapshot), [(Missing::Rows, ErrorKind::Absent, "unix".to_owned(), None)]);
    let snapshot = query.collect_from(&mut Mac::with(Asks::Root, old)).unwrap();
    assert_eq!(
        (snapshot.sockets().len(), snapshot.coverage().is_complete()),
        (3, true),
        "root looks into all"
    );
}

#[test]
fn a_refused_list_is_a_gap_and_rows_come_from_processes() {
    let refused = |key: &str, _: usize, answer| if key == TCP { Err(EPERM) } else { answer };
    let snapshot = usual().collect_from(&mut Mac::with(Asks::Root, refused)).unwrap();
    assert!(gaps(&snapshot).contains(&(Missing::Rows, ErrorKind::NotPermitted, "tcp".to_owned(), None)));
    assert_eq!(snapshot.iter().filter(|socket| socket.local.port() == Some(8080)).count(), 2);
    assert_eq!(snapshot.coverage().origins()[0], (pree::Protocol::Tcp, Origin::Libproc));
    let notes = snapshot.coverage().notes().join("\n");
    assert!(notes.contains("cannot read net.inet.tcp.pcblist_n: EPERM (1)"), "{notes}");
}

#[test]
fn nothing_from_anywhere_is_an_error() {
    let nothing = |key: &str, _: usize, answer: Result<Vec<u8>, Failure>| {
        if key.starts_with("apple list") || key == "apple processes" { Err(EPERM) } else { answer }
    };
    let error = usual().collect_from(&mut Mac::with(Asks::User, nothing)).unwrap_err();
    assert_eq!((error.kind(), error.errno()), (ErrorKind::NotPermitted, Some(1)));
    assert_eq!(error.to_string(), "cannot read net.inet.tcp.pcblist_n: EPERM (1)");
    let query = Query::new().protocols(Protocols::ICMP);
    let error = query.collect_from(&mut Mac::with(Asks::User, nothing)).unwrap_err();
    assert_eq!(error.to_string(), "cannot read net.inet.raw.pcblist_n: EPERM (1)");
}

#[test]
fn processes_that_vanish_or_close_are_no_gap() {
    for (gone, key) in [
        (ESRCH, "apple process 401 descriptors"),
        (ESRCH, "apple process 401 info"),
        (Failure::Answer(Errno::apple(9)), "apple process 401 socket 6"),
        (ENOTSOCK, "apple process 401 socket 6"),
        (EOPNOTSUPP, "apple process 401 socket 6"),
    ] {
        let event = move |asked: &str, _: usize, answer| if asked == key { Err(gone) } else { answer };
        let snapshot = usual().collect_from(&mut Mac::with(Asks::Root, event)).unwrap();
        assert!(snapshot.coverage().is_complete(), "{key}: {}", snapshot.coverage());
        assert_eq!(snapshot.sockets().len(), ROWS, "{key}");
        let shared = snapshot.iter().find(|socket| socket.local.port() == Some(51002)).unwrap();
        assert_eq!(shared.owners.iter().map(|owner| owner.pid()).collect::<Vec<_>>(), [400], "{key}");
    }
}

#[test]
fn what_became_something_else_is_no_gap_in_any_version() {
    // A descriptor that is listed as a socket's, and a file port, lead to something else by now, or to nothing.
    for release in ["19.6.0", "24.4.0"] {
        for (key, at, name) in [
            ("apple process 401 descriptors", 0, 77_u32),
            ("apple process 400 descriptors", 4, 2),
            ("apple process 400 file_ports", 4, 2),
            ("apple process 400 file_ports", 8, 0x77),
        ] {
            let event = move |asked: &str, _: usize, answer: Result<Vec<u8>, Failure>| {
                answer.map(|mut bytes| {
                    if asked == key {
                        bytes[at..at + 4].copy_from_slice(&name.to_le_bytes());
                    }
                    bytes
                })
            };
            let mut mac = Mac::with(Asks::Root, event);
            mac.release = release;
            let snapshot = usual().collect_from(&mut mac).unwrap();
            assert!(snapshot.coverage().is_complete(), "{release} {key} {name}: {}", snapshot.coverage());
            assert_eq!(snapshot.sockets().len(), ROWS, "{release} {key} {name}");
        }
    }
}

#[test]
fn file_ports_that_are_refused_hide_owners() {
    for (failure, kind) in [(EPERM, ErrorKind::NotPermitted), (ENOMEM, ErrorKind::Exhausted)] {
        let event = move |asked: &str, _: usize, answer| {
            if asked.ends_with("file_ports") { Err(failure) } else { answer }
        };
        let snapshot = usual().collect_from(&mut Mac::with(Asks::Root, event)).unwrap();
        // The one that a file port keeps, and four of which nobody is seen to hold any.
        assert_eq!(gaps(&snapshot), [(Missing::Owners, kind, String::new(), Some(5))]);
    }
}

/// What others hold unseen cannot matter to a filter that names a process which was looked into.
#[test]
fn a_filter_is_undecided_only_where_somebody_unseen_may_meet_it() {
    for (filter, is_decided) in [
        ("pid = 401 fd = 3", true),
        ("pid = 400,401 not fd = 3", true),
        ("pid = 401,500 fd = 3", false),
        ("pid = 500 fd = 3", false),
        ("fd = 3", false),
        ("not pid = 401", false),
    ] {
        let query = usual().filter(filter.parse().unwrap());
        let snapshot = query.collect_from(&mut Mac::new(Asks::User)).unwrap();
        let told = snapshot.coverage();
        assert_eq!(!told.lacks_rows(), is_decided, "{filter}: {told}");
    }
}

#[test]
fn command_lines_are_read_with_as_much_room_as_the_kernel_permits() {
    let query = Query::new().tcp().needs(Needs::PROCESS_COMMAND_LINE);
    let line = |snapshot: &Snapshot| {
        let held = snapshot.iter().find(|socket| socket.local.port() == Some(8080)).unwrap();
        held.owners[0].process.command_line.as_ref().map(|line| line.as_bytes().to_vec())
    };
    // Also where it does not say how much that is.
    for told in [Some(ARG_MAX), Some(256 * 1024), None] {
        let event = move |asked: &str, _: usize, answer| match told {
            Some(room) if asked == ROOM => Ok((room as u64).to_le_bytes().to_vec()),
            None if asked == ROOM => Err(ENOENT),
            _ => answer,
        };
        let mut mac = Mac::with(Asks::Root, event);
        let snapshot = query.collect_from(&mut mac).unwrap();
        assert_eq!(line(&snapshot).as_deref(), Some(&b"server\0-v\0"[..]), "{told:?}");
        assert!(snapshot.coverage().is_complete(), "{told:?}: {}", snapshot.coverage());
        assert_eq!(mac.log.iter().filter(|key| *key == ROOM).count(), 1, "asked once");
    }
    // Nobody asks for them.
    let mut mac = Mac::new(Asks::Root);
    usual().collect_from(&mut mac).unwrap();
    every(&mac.log, |key| !key.contains("arguments"));
}

const ROOM: &str = "apple arguments_room";

#[test]
fn command_lines_that_a_living_process_does_not_tell_are_a_gap() {
    let query = Query::new().tcp().owners().needs(Needs::PROCESS_COMMAND_LINE);
    let gap = |why, count| vec![(Missing::Fields, why, "command lines".to_owned(), Some(count))];
    type Answer = Result<Vec<u8>, Failure>;
    let ask = |asks, query: &Query, event: fn(&str, Answer) -> Answer| {
        let mut mac = Mac::with(asks, move |key, _, answer| event(key, answer));
        let snapshot = query.collect_from(&mut mac).unwrap();
        assert!(snapshot.sockets().len() > 1);
        gaps(&snapshot).into_iter().filter(|gap| gap.0 == Missing::Fields).collect::<Vec<_>>()
    };
    // Of another user's process, which has a flow, its name is told and its command line is not.
    assert_eq!(ask(Asks::User, &query, |_, answer| answer), gap(ErrorKind::NotPermitted, 1));
    assert_eq!(ask(Asks::Root, &query, |_, answer| answer), []);
    // Process 401 has two of the sockets.
    let refused = |key: &str, answer| if key == "apple process 401 arguments" { Err(EINVAL) } else { answer };
    assert_eq!(ask(Asks::Root, &query, refused), gap(ErrorKind::Unsupported, 2));
    // The same number of one that has ended.
    let ended = |key: &str, answer| match key {
        "apple process 401 arguments" => Err(EINVAL),
        "apple process 401 short_info" => Err(ESRCH),
        _ => answer,
    };
    assert_eq!(ask(Asks::Root, &query, ended), []);
    // More room than the kernel gives is refused for each process: five rows have an owner.
    let more = |key: &str, answer| match key {
        ROOM => Ok((2_u64 << 20).to_le_bytes().to_vec()),
        _ => answer,
    };
    assert_eq!(ask(Asks::Root, &query, more), gap(ErrorKind::Unsupported, 5));
    // What does not fit comes without its beginning.
    let less = |key: &str, answer| match key {
        ROOM => Ok(20_u64.to_le_bytes().to_vec()),
        _ => answer,
    };
    assert_eq!(ask(Asks::Root, &query, less), gap(ErrorKind::Malformed, 5));
    // Of rows that are told, and where they are asked for.
    let listeners = Query::new().udp().needs(Needs::PROCESS_COMMAND_LINE);
    let of_401 = |key: &str, answer| if key == "apple process 401 arguments" { Err(EINVAL) } else { answer };
    assert_eq!(ask(Asks::Root, &listeners, of_401), []);
    assert_eq!(ask(Asks::Root, &Query::new().tcp().owners(), more), []);
}

#[test]
fn a_pid_that_is_used_again_mixes_nobody_up() {
    // The second time it is another process.
    let event = |asked: &str, count: usize, answer: Result<Vec<u8>, Failure>| {
        answer.map(|mut bytes| {
            if asked == "apple process 401 info" && count % 2 == 1 {
                bytes[120] ^= 1;
            }
            bytes
        })
    };
    let snapshot = usual().collect_from(&mut Mac::with(Asks::Root, event)).unwrap();
    every(snapshot.iter().flat_map(|socket| &socket.owners), |owner| owner.pid() != 401);
}

#[test]
fn a_list_that_grows_for_ever_ends() {
    let grows = |key: &str, _: usize, answer| if key == TCP { Err(ENOMEM) } else { answer };
    let mut mac = Mac::with(Asks::Root, grows);
    let snapshot = usual().collect_from(&mut mac).unwrap();
    assert!(
        gaps(&snapshot).contains(&(Missing::Rows, ErrorKind::Unsettled, "tcp".to_owned(), None)),
        "{}",
        snapshot.coverage()
    );
    let asked = mac.log.iter().filter(|key| *key == TCP).count();
    assert!((2..=16).contains(&asked), "{asked}");
    // So does one that fits at last.
    let settles =
        |key: &str, count: usize, answer| if key == TCP && count < 5 { Err(ENOMEM) } else { answer };
    let snapshot = usual().collect_from(&mut Mac::with(Asks::Root, settles)).unwrap();
    assert!(snapshot.coverage().is_complete());
}

#[test]
fn processes_and_descriptors_that_grow_for_ever_end() {
    for key in ["apple processes", "apple process 400 descriptors"] {
        // What is beyond the first few is the same again, and not worth asking about.
        let event = move |asked: &str, count: usize, answer| {
            if count > 3 && asked.starts_with("apple process 40") && asked != key {
                Err(ESRCH)
            } else {
                answer
            }
        };
        let mut mac = Mac::with(Asks::Root, event);
        mac.grows = Some(key);
        let snapshot = usual().collect_from(&mut mac).unwrap();
        assert_eq!(snapshot.sockets().len(), ROWS, "{key}");
        let unknown = gaps(&snapshot).into_iter().find(|gap| gap.0 == Missing::Owners);
        assert_eq!(unknown.map(|gap| gap.1), Some(ErrorKind::Unsettled), "{key}: {}", snapshot.coverage());
    }
}

#[test]
fn a_truncated_answer_is_partial_and_says_so() {
    // At every length: never more rows than there are, never complete, never a panic.
    for length in (0..6208).step_by(61) {
        let cut = move |key: &str, _: usize, answer: Result<Vec<u8>, Failure>| {
            answer.map(|mut bytes| {
                if key == TCP {
                    bytes.truncate(length);
                }
                bytes
            })
        };
        let mut mac = Mac::with(Asks::Root, cut);
        let snapshot = usual().collect_from(&mut mac).unwrap();
        assert!(
            gaps(&snapshot).contains(&(Missing::Rows, ErrorKind::Malformed, "tcp".to_owned(), None)),
            "{length}"
        );
        assert_eq!(mac.log.iter().filter(|key| *key == TCP).count(), 3, "it was read again");
    }
}

#[test]
fn a_truncated_answer_that_is_whole_the_next_time_is_complete() {
    let cut = |key: &str, count: usize, answer: Result<Vec<u8>, Failure>| {
        answer.map(|mut bytes| {
            if key == TCP && count == 0 {
                bytes.truncate(1000);
            }
            bytes
        })
    };
    let snapshot = usual().collect_from(&mut Mac::with(Asks::Root, cut)).unwrap();
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    assert_eq!(snapshot.sockets().len(), ROWS);
}

#[test]
fn generations_that_differ_are_read_again() {
    let moves = |until: usize| {
        move |key: &str, count: usize, answer: Result<Vec<u8>, Failure>| {
            answer.map(|mut bytes| {
                if key == TCP && count < until {
                    let at = bytes.len() - 16;
                    bytes[at] ^= 1;
                }
                bytes
            })
        }
    };
    let snapshot = usual().collect_from(&mut Mac::with(Asks::Root, moves(2))).unwrap();
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    let snapshot = usual().collect_from(&mut Mac::with(Asks::Root, moves(usize::MAX))).unwrap();
    assert_eq!(gaps(&snapshot), [(Missing::Rows, ErrorKind::Unsettled, "tcp".to_owned(), None)]);
    assert_eq!(snapshot.sockets().len(), ROWS, "what was told is there");
}

#[test]
fn what_is_told_twice_is_one_socket_and_nothing_is_lost_without_statistics() {
    let twice = |key: &str, _: usize, answer: Result<Vec<u8>, Failure>| {
        answer.map(|bytes| {
            if key != TCP {
                return bytes;
            }
            let rows = crate::mac::rows(&bytes);
            [&bytes[..24], rows[1], &rows[..9].concat(), rows[9], &bytes[bytes.len() - 24..]].concat()
        })
    };
    let snapshot = usual().collect_from(&mut Mac::with(Asks::Root, twice)).unwrap();
    assert_eq!(snapshot.sockets().len(), ROWS);
    // A kind of record that is not there any more.
    let without = |key: &str, _: usize, answer: Result<Vec<u8>, Failure>| {
        answer.map(|mut bytes| {
            if key == TCP {
                let kind = [[204, 0, 0, 0], [0x20, 0, 0, 0]].concat();
                let places: Vec<usize> =
                    (0..bytes.len() - 8).filter(|at| bytes[*at..*at + 8] == kind).collect();
                assert_eq!(places.len(), TCP_ROWS);
                places.into_iter().for_each(|at| bytes[at + 5] = 0x40);
            }
            bytes
        })
    };
    let snapshot = usual().collect_from(&mut Mac::with(Asks::Root, without)).unwrap();
    assert_eq!(snapshot.sockets().len(), ROWS);
    let tcp = snapshot.iter().filter(|socket| socket.protocol == pree::Protocol::Tcp);
    assert!(tcp.clone().all(|socket| socket.state == pree::State::Unknown && socket.tcp.is_none()));
    assert_eq!(tcp.count(), TCP_ROWS);
}

#[test]
fn a_socket_younger_than_the_first_look_finds_its_owner() {
    // The first time, nobody holds the listener yet.
    let event = |asked: &str, count: usize, answer: Result<Vec<u8>, Failure>| {
        answer.map(|mut bytes| {
            if asked == "apple process 400 descriptors" && count == 0 {
                bytes.truncate(16);
            }
            bytes
        })
    };
    let snapshot = usual().collect_from(&mut Mac::with(Asks::Root, event)).unwrap();
    let listener =
        snapshot.iter().find(|socket| socket.listen.is_some() && !socket.owners.is_empty()).unwrap();
    assert_eq!(listener.owners[0].pid(), 400);
}

#[test]
fn damaged_structures_of_processes_cost_owners_and_nothing_else() {
    for key in ["apple process 400 socket 5", "apple process 400 info", "apple process 400 descriptors"] {
        let short = move |asked: &str, _: usize, answer: Result<Vec<u8>, Failure>| {
            answer.map(|mut bytes| {
                if asked == key {
                    bytes.truncate(bytes.len() - 1);
                }
                bytes
            })
        };
        let snapshot = usual().collect_from(&mut Mac::with(Asks::Root, short)).unwrap();
        assert_eq!(snapshot.sockets().len(), ROWS, "{key}");
        assert!(!snapshot.coverage().lacks_rows(), "{key}: {}", snapshot.coverage());
        assert!(
            gaps(&snapshot).iter().any(|gap| gap.1 == ErrorKind::Malformed),
            "{key}: {}",
            snapshot.coverage()
        );
    }
}

#[test]
fn one_failure_anywhere_is_a_gap_or_nothing() {
    let query = Query::new().tcp().udp().protocols(Protocols::UNIX).owners().stats();
    for asks in [Asks::Root, Asks::User, Asks::UserKeptApart] {
        let whole = query.collect_from(&mut Mac::new(asks)).unwrap();
        let failures =
            [EPERM, ESRCH, EINTR, ENOMEM, Failure::Transport(Errno::apple(3)), Failure::NotRecorded];
        for failure in failures {
            for n in 1.. {
                let mut source = FailNth { inner: Mac::new(asks), n, failure, calls: 0 };
                let snapshot = query.collect_from(&mut source).unwrap();
                if source.calls < n {
                    assert_eq!(snapshot, whole, "untouched");
                    break;
                }
                // A failure in passing costs nothing.
                if failure == EINTR {
                    assert_eq!(snapshot.sockets().len(), whole.sockets().len(), "{asks:?} call {n}");
                }
                assert!(snapshot.sockets().len() <= whole.sockets().len());
                if snapshot.sockets().len() < whole.sockets().len() {
                    assert!(
                        snapshot.coverage().lacks_rows(),
                        "{asks:?} {failure:?} call {n}: {}",
                        snapshot.coverage()
                    );
                }
            }
        }
    }
}

#[test]
fn recordings_replay_on_every_system() {
    let query = Query::new().tcp().udp().protocols(Protocols::UNIX | Protocols::ICMP).owners().stats();
    for asks in [Asks::Root, Asks::User, Asks::UserKeptApart, Asks::ProcessKeptApart] {
        let mut recorder = Recorder::new(Mac::new(asks));
        let live = query.collect_from(&mut recorder).unwrap();
        let bytes = recorder.finish().to_bytes();
        assert_eq!(bytes[13], 2, "macOS");
        let recording = Recording::from_bytes(&bytes).unwrap();
        assert_eq!(query.collect_from(&mut recording.replay()).unwrap(), live, "{asks:?}");
        // Other questions may be asked of it later.
        let listeners = Query::new().tcp().filter("state = listen".parse().unwrap());
        assert_eq!(
            listeners.collect_from(&mut recording.replay()).unwrap().sockets().len(),
            if asks == Asks::ProcessKeptApart || asks == Asks::UserKeptApart { 1 } else { 2 }
        );
    }
}

#[test]
fn what_was_not_recorded_is_said() {
    let mut recorder = Recorder::new(Mac::new(Asks::Root));
    Query::new().tcp().collect_from(&mut recorder).unwrap();
    let recording = recorder.finish();
    let snapshot = usual().collect_from(&mut recording.replay()).unwrap();
    let text = snapshot.coverage().to_string();
    assert!(text.contains("the recording was made for a question that did not need it"), "{text}");
    assert!(snapshot.coverage().lacks_rows(), "UDP was not recorded");
    assert_eq!(snapshot.sockets().len(), TCP_ROWS);
}

/// A Mac whose table of users cannot be read.
struct WithoutUsers(Mac);

impl Source for WithoutUsers {
    fn system(&self) -> System {
        self.0.system()
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        match question {
            Question::Users => Err(Failure::Answer(Errno::apple(13))),
            other => self.0.ask(other),
        }
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.0.next(answer, batch)
    }
}

#[test]
fn names_of_users_that_cannot_be_read_are_a_gap() {
    let query = Query::new().tcp().needs(Needs::PROCESS_USER);
    let snapshot = query.collect_from(&mut WithoutUsers(Mac::new(Asks::Root))).unwrap();
    let held = snapshot.iter().find_map(|socket| socket.owners.first()).unwrap();
    assert!(held.process.uid.is_some() && held.process.user.is_none());
    let expected = (Missing::Fields, ErrorKind::NotPermitted, "names of users".to_owned(), None);
    assert_eq!(gaps(&snapshot), [expected]);
    let unasked = Query::new().tcp().needs(Needs::OWNERS);
    let unasked = unasked.collect_from(&mut WithoutUsers(Mac::new(Asks::Root))).unwrap();
    assert!(unasked.coverage().is_complete(), "{}", unasked.coverage());
}
