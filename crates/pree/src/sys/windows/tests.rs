//! What only a Windows shows, or Wine: sockets that are opened here and their owners; and functions that tests put in
//! the place of those that it lacks.
#![allow(
    clippy::pedantic,
    clippy::disallowed_methods,
    clippy::multiple_unsafe_ops_per_block,
    reason = "test code: it starts itself as a child, and plays C functions"
)]

use std::ffi::c_void;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use pree_wire::errno::windows as code;

use super::functions::Functions;
use super::grown::{LARGEST, TRIES, grown};
use super::{Live, processes, tables};
use crate::model::{Protocol, State, TcpStats};
use crate::needs::Needs;
use crate::query::Query;
use crate::snapshot::Snapshot;
use crate::source::{Failure, OwnerClass, Question, Recorder, Source, WindowsProcessPart, WindowsTable};
use crate::{ErrorKind, Missing, Socket};

fn listener(address: &str) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Two ends of a connection.
fn pair(address: &str) -> (TcpListener, TcpStream, TcpStream) {
    let (listener, address) = listener(address);
    let client = TcpStream::connect(address).unwrap();
    let (server, _) = listener.accept().unwrap();
    (listener, client, server)
}

fn find(snapshot: &Snapshot, local: SocketAddr, protocol: Protocol, state: State) -> &Socket {
    let wanted =
        |s: &&Socket| s.local.socket_addr() == Some(local) && s.protocol == protocol && s.state == state;
    let mut found = snapshot.iter().filter(wanted);
    let first = found.next().unwrap_or_else(|| panic!("{local} {protocol} {state} is not there"));
    assert!(found.next().is_none(), "{local} {protocol} {state} is there twice");
    first
}

fn owned_here(socket: &Socket) {
    let owner = socket.owners.first().unwrap();
    assert_eq!(owner.pid(), std::process::id());
    let path = std::env::current_exe().unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert_eq!(owner.process.name.to_string_lossy(), name);
    assert!(owner.process.executable.as_ref().unwrap().to_string_lossy().ends_with(name));
    let started = owner.process.start_time.unwrap().since_unix_epoch().unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert!(started <= now && now.abs_diff(started) < Duration::from_secs(3600), "{started:?} {now:?}");
}

#[test]
fn sockets_that_are_opened_here_are_told_with_this_process() {
    let (_four, four) = listener("127.0.0.1:0");
    let (_six, six) = listener("[::1]:0");
    let (udp4, udp6) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("[::1]:0").unwrap());
    let (_keep4, client4, server4) = pair("127.0.0.1:0");
    let (_keep6, client6, server6) = pair("[::1]:0");
    let query = Query::new().tcp().udp().owners().needs(Needs::PROCESS_EXECUTABLE);
    let snapshot = query.collect().unwrap();
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    for listener in [four, six] {
        let socket = find(&snapshot, listener, Protocol::Tcp, State::Listen);
        assert_eq!(socket.remote, None);
        owned_here(socket);
    }
    for udp in [&udp4, &udp6] {
        owned_here(find(&snapshot, udp.local_addr().unwrap(), Protocol::Udp, State::Unconnected));
    }
    for stream in [&client4, &server4, &client6, &server6] {
        let socket = find(&snapshot, stream.local_addr().unwrap(), Protocol::Tcp, State::Established);
        let remote = socket.remote.as_ref().and_then(|remote| remote.socket_addr());
        assert_eq!(remote, Some(stream.peer_addr().unwrap()));
        owned_here(socket);
    }
}

#[test]
fn a_recording_of_this_system_answers_as_it_did() {
    let (_listener, address) = listener("127.0.0.1:0");
    let mut recorder = Recorder::new(super::live().unwrap());
    let query = Query::new().tcp().udp().stats().owners();
    let live = query.collect_from(&mut recorder).unwrap();
    let recording = recorder.finish();
    let replayed = query.collect_from(&mut recording.replay()).unwrap();
    assert_eq!(replayed.sockets(), live.sockets());
    find(&replayed, address, Protocol::Tcp, State::Listen);
}

/// This program once more, as a child: it opens a socket, says where, and waits to be let go.
const CHILD: &str = "PREE_TEST_CHILD";

#[test]
fn a_child_process_owns_what_it_opened() {
    if std::env::var_os(CHILD).is_some() {
        let (_listener, address) = listener("127.0.0.1:0");
        let mut out = std::io::stderr();
        writeln!(out, "LISTENS {address}").unwrap();
        let _ = std::io::stdin().read(&mut [0]);
        return;
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "sys::windows::tests::a_child_process_owns_what_it_opened"])
        .env(CHILD, "1")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    let mut byte = [0];
    let stderr = child.stderr.as_mut().unwrap();
    while !said.ends_with(b"\n") && stderr.read(&mut byte).unwrap() == 1 {
        said.push(byte[0]);
    }
    let said = String::from_utf8(said).unwrap();
    let address = said.trim().strip_prefix("LISTENS ").unwrap().parse().unwrap();
    let snapshot = Query::new().tcp().owners().collect().unwrap();
    let owner = find(&snapshot, address, Protocol::Tcp, State::Listen).owners[0].clone();
    assert_eq!(owner.pid(), child.id());
    assert_ne!(owner.pid(), std::process::id());
    child.stdin.take().unwrap().write_all(b"x").unwrap();
    assert!(child.wait().unwrap().success());
    // Its id is nobody's now, or another's.
    let asked = processes::ask(owner.pid(), WindowsProcessPart::StartTime);
    assert!(asked.is_err() || owner.process.start_time.is_some());
}

#[test]
fn a_table_larger_than_the_first_buffer_comes_whole() {
    // 160 bytes a row: more than 64 KiB.
    let sockets: Vec<UdpSocket> = (0..600).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let snapshot = Query::new().udp().collect().unwrap();
    assert!(snapshot.coverage().is_complete());
    for socket in &sockets {
        find(&snapshot, socket.local_addr().unwrap(), Protocol::Udp, State::Unconnected);
    }
    let table = tables::table(WindowsTable::Udp4, OwnerClass::Module).unwrap();
    assert!(table.len() > 600 * 160);
}

#[test]
fn an_answer_that_grows_meanwhile_is_read_again_and_not_for_ever() {
    // It fits the third time.
    let mut calls = 0;
    let answer = grown(|buffer, size| {
        calls += 1;
        let wanted = 60_000 * calls;
        let fits = *size >= wanted;
        *size = wanted;
        if calls < 3 || !fits {
            122
        } else {
            buffer[0] = u64::MAX;
            0
        }
    })
    .unwrap();
    assert_eq!((calls, answer.len(), answer[7]), (3, 180_000, 255));
    // It never fits, though it grows by little.
    let mut calls = 0;
    let grows = grown(|_, size| {
        calls += 1;
        *size += 1;
        122
    });
    assert!(
        [code::ERROR_INSUFFICIENT_BUFFER, code::ERROR_NOT_ENOUGH_MEMORY]
            .map(|code| Err(Failure::Transport(code)))
            .contains(&grows)
    );
    assert!(calls <= TRIES);
    // It wants more than there is.
    let mut calls = 0;
    let endless = grown(|_, size| {
        calls += 1;
        *size = u32::MAX;
        122
    });
    assert_eq!((endless, calls), (Err(Failure::Transport(code::ERROR_NOT_ENOUGH_MEMORY)), 1));
    assert!(LARGEST < u32::MAX as usize);
    assert_eq!(grown(|_, _| 5), Err(Failure::Answer(code::ERROR_ACCESS_DENIED)));
    // A length that is longer than the buffer is not believed.
    let answer = grown(|_, size| {
        *size = u32::MAX;
        0
    })
    .unwrap();
    assert_eq!(answer.len(), 64 << 10);
}

/// What the fakes below are asked, so that tests can count it. One test uses them.
static SWITCHED_ON: AtomicUsize = AtomicUsize::new(0);

unsafe extern "system" fn fake_get(
    row: *const c_void,
    class: i32,
    rw: *mut u8,
    _: u32,
    rw_size: u32,
    ros: *mut u8,
    _: u32,
    ros_size: u32,
    rod: *mut u8,
    _: u32,
    rod_size: u32,
) -> u32 {
    assert!(!row.is_null());
    if rw_size > 0 {
        // SAFETY: the caller says that it is writable for this size, which is not 0. Neither 0 nor 1: a byte like any
        // other.
        unsafe { rw.write(if SWITCHED_ON.load(Ordering::SeqCst) > 0 { 0x80 } else { 0 }) };
    }
    let (to, size) = if class == 0 { (ros, ros_size) } else { (rod, rod_size) };
    assert!(!to.is_null() && size > 0);
    if class == 8 {
        for (index, word) in [400_u32, 25_000, 19_000, 20_500].into_iter().enumerate() {
            // SAFETY: four words, 16 bytes, which is the size of this class, aligned by the caller.
            unsafe { to.cast::<u32>().add(index).write(word) };
        }
    }
    0
}

unsafe extern "system" fn fake_set(_: *const c_void, _: i32, rw: *const u8, _: u32, _: u32, _: u32) -> u32 {
    // SAFETY: the caller says that at least one byte is readable.
    if unsafe { rw.read() } == 1 {
        SWITCHED_ON.fetch_add(1, Ordering::SeqCst);
    } else {
        SWITCHED_ON.fetch_sub(1, Ordering::SeqCst);
    }
    0
}

unsafe extern "system" fn denied(
    _: *const c_void,
    _: i32,
    _: *mut u8,
    _: u32,
    _: u32,
    _: *mut u8,
    _: u32,
    _: u32,
    _: *mut u8,
    _: u32,
    _: u32,
) -> u32 {
    5
}

#[test]
fn statistics_through_functions_that_answer() {
    let functions = Functions {
        get_estats: [Some(fake_get); 2],
        set_estats: [Some(fake_set); 2],
        ..Functions::default()
    };
    let (_listener, client, server) = pair("127.0.0.1:0");
    let (_listener6, client6, _server6) = pair("[::1]:0");
    let query = Query::new().tcp().collect_estats(Duration::from_millis(1));
    let mut live = Live::with(functions);
    let snapshot = query.collect_from(&mut live).unwrap();
    for stream in [&client, &server, &client6] {
        let socket = find(&snapshot, stream.local_addr().unwrap(), Protocol::Tcp, State::Established);
        let tcp = socket.tcp.as_ref().unwrap();
        assert_eq!(tcp.rtt, Some(Duration::from_micros(20_500)));
        assert_eq!(tcp.max_rtt, Some(Duration::from_millis(25)));
        assert_eq!(tcp.cwnd_bytes, None);
    }
    assert!(!snapshot.coverage().gaps().iter().any(|gap| gap.what == Missing::Stats));
    assert_eq!(SWITCHED_ON.load(Ordering::SeqCst), 0);
    // What nobody comes to switch off is switched off in the end.
    let stop = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut live = Live::with(functions);
        let result: crate::Result<_> = query.visit_from(&mut live, |_| {
            assert!(SWITCHED_ON.load(Ordering::SeqCst) > 0);
            std::panic::resume_unwind(Box::new("enough"))
        });
        drop(result);
    }));
    assert!(stop.is_err());
    assert_eq!(SWITCHED_ON.load(Ordering::SeqCst), 0);
    // Refused, they are missing; the sockets are not.
    let mut live = Live::with(Functions { get_estats: [Some(denied); 2], ..Functions::default() });
    let mut count = 0;
    let coverage = Query::new()
        .tcp()
        .stats()
        .visit_from(&mut live, |_| {
            count += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(count >= 6);
    let gap = &coverage.gaps()[0];
    assert_eq!((gap.what, gap.why), (Missing::Stats, ErrorKind::NotPermitted));
}

#[test]
fn functions_that_are_not_there_are_refused() {
    let mut live = Live::with(Functions::default());
    let (_listener, client, _server) = pair("127.0.0.1:0");
    let snapshot = Query::new().tcp().stats().needs(Needs::MODULE).collect_from(&mut live).unwrap();
    let socket = find(&snapshot, client.local_addr().unwrap(), Protocol::Tcp, State::Established);
    assert_eq!((socket.tcp.as_ref(), socket.module.as_ref()), (None, None));
    assert_eq!(snapshot.coverage().gaps()[0].why, ErrorKind::Unsupported);
    assert_eq!(live.ask(&Question::Users).map(drop), Err(Failure::Answer(code::ERROR_NOT_SUPPORTED)));
}

/// A name at the end of the buffer, and pointers to it.
unsafe extern "system" fn fake_module(
    row: *const c_void,
    _: i32,
    buffer: *mut c_void,
    size: *mut u32,
) -> u32 {
    let name: Vec<u16> = "Dnscache\0".encode_utf16().collect();
    // SAFETY: a row has its process id, and the caller's size and buffer are writable; the name and the pointers before it
    // have 34 bytes.
    unsafe {
        assert!(!row.is_null());
        if *size < 34 {
            *size = 34;
            return 122;
        }
        let text = buffer.cast::<u8>().add(16).cast::<u16>();
        text.copy_from_nonoverlapping(name.as_ptr(), name.len());
        buffer.cast::<*const u16>().write(text);
        buffer.cast::<*const u16>().add(1).write(text);
        *size = 34;
    }
    0
}

#[test]
fn a_module_is_told_by_its_name() {
    let mut live = Live::with(Functions { get_module: [Some(fake_module); 4], ..Functions::default() });
    let (_listener, address) = listener("127.0.0.1:0");
    let snapshot = Query::new().tcp().needs(Needs::MODULE).collect_from(&mut live).unwrap();
    let socket = find(&snapshot, address, Protocol::Tcp, State::Listen);
    assert_eq!(socket.module.as_ref().unwrap().to_string_lossy(), "Dnscache");
}

#[test]
fn what_a_program_is_told_of_its_own_socket() {
    let (_listener, client, _server) = pair("127.0.0.1:0");
    // Wine does not know the request; a Windows that does tells a round trip.
    match TcpStats::of(&client) {
        Ok(stats) => assert_eq!(stats.counts_since, Some(crate::CountsSince::Opening)),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}"),
    }
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    assert!(TcpStats::of(&udp).is_err());
}

#[test]
fn counters_of_the_host() {
    let mut live = super::live().unwrap();
    let question = Question::Windows(crate::source::WindowsQuestion::TcpStatistics { v6: false });
    let mut answer = live.ask(&question).unwrap();
    let mut bytes = Vec::new();
    assert_eq!(live.next(&mut answer, &mut bytes), Ok(true));
    assert_eq!(bytes.len(), 60);
    assert_eq!(live.next(&mut answer, &mut bytes), Ok::<bool, Failure>(false));
}
