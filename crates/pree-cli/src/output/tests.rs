//! Every output of the same six sockets, as it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use pree::field::View;
use pree::{Coverage, Socket};

use super::screen::Screen;
use super::{Format, Request, sample};

mod groups;
/// The test kit is Linux's; its list of names is for every system.
#[allow(unreachable_pub, reason = "it is another crate's module")]
#[path = "../../../pree-testkit/src/hostile.rs"]
mod hostile;
mod steps;

fn request(words: &[&str], screen: Screen) -> Request {
    let args = crate::args::parse(words.iter().map(Into::into).collect());
    match args.and_then(|args| Request::new(args.shown, args.asked.rows(), screen)) {
        Ok(request) => request,
        Err(failure) => panic!("{}", failure.text().map(|text| text.to_string()).unwrap_or_default()),
    }
}

fn written(words: &[&str], screen: Screen, sockets: &[Socket]) -> String {
    let request = request(words, screen);
    let mut out = Vec::new();
    {
        let mut output = super::of(&request, &mut out);
        for socket in sockets {
            output.row(&View::new(socket)).unwrap();
        }
        output.end(&Coverage::default()).unwrap();
    }
    String::from_utf8(out).unwrap()
}

/// In a pipe. Lines are given without the spaces before them.
#[track_caller]
fn piped(line: &str, expected: &str) {
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    same(&written(&words, Screen::default(), &sample::sockets()), expected);
}

/// On a terminal of this width.
#[track_caller]
fn shown(width: usize, line: &str, expected: &str) {
    let screen = Screen { terminal: true, width: Some(width), color: false };
    let text = written(&line.split_whitespace().collect::<Vec<_>>(), screen, &sample::sockets());
    same(&text, expected);
}

#[track_caller]
fn same(text: &str, expected: &str) {
    let expected: String = expected
        .lines()
        .map(str::trim_start)
        .filter(|l| !l.is_empty())
        .map(|l| l.to_owned() + "\n")
        .collect();
    let unindented: String = text.lines().map(|l| l.trim_start().to_owned() + "\n").collect();
    assert!(unindented == expected, "\n{text}\ninstead of\n{expected}");
}

#[test]
fn table_in_a_pipe() {
    piped(
        "",
        r#"
        PROTO   STATE       RECVQ  SENDQ LOCAL                     REMOTE                    OWNER
        tcp     LISTEN        128    128 0.0.0.0:22                *                         sshd[12]/3
        udp     UNCONN          0      0 127.0.0.53:53             *                         postgres[77]/10
        tcp     LISTEN          0    511 [::]:443                  *                         sshd[12]/4
        tcp     ESTAB           7   2048 10.0.0.5:40000            10.0.0.9:5432             postgres[77]/9
        tcp     CLOSE-WAIT      1      0 [2001:db8::1]:40001       [2001:db8::2]:443         "a b"[90]/5
        tcp     TIME-WAIT       0      0 10.0.0.5:40002            52.84.228.25:443          (time_wait)
        "#,
    );
    piped(
        "-H -c +rtt,-proto,-recvq,-sendq,-owner --sort -rtt --limit 3",
        "
        ESTAB      10.0.0.5:40000            10.0.0.9:5432               251ms
        CLOSE-WAIT [2001:db8::1]:40001       [2001:db8::2]:443           1.5ms
        LISTEN     0.0.0.0:22                *                               -
        ",
    );
}

#[test]
fn details() {
    let memory =
        "rmem:0B rcvbuf:128KiB wmem:0B sndbuf:0B fwd_alloc:0B wmem_queued:0B optmem:0B locked_backlog:0B";
    piped("-H -c sport -m --sort sport --limit 1", &format!("22 {memory} drops:0"));
    let statistics =
        "rto:0us snd_mss:1448 rcv_mss:0 pmtu:0 rtt:251ms rttvar:0us ssthresh:0 cwnd:10 advmss:0 minrtt:0us";
    let text = written(&["-H", "-c", "sport", "-i"], Screen::default(), &sample::sockets());
    // A listener and TIME_WAIT have no statistics, and counters at 0 say nothing.
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    assert_eq!((lines[0], lines[5]), ("22", "40002"));
    for word in statistics.split(' ').filter(|word| !word.starts_with("ssthresh")) {
        assert!(lines[3].split(' ').any(|shown| shown == word), "{word} is not in {}", lines[3]);
    }
    for name in ["retrans:", "bytes_sent:", "ca_state:", "tcp_state:", "busy_time:"] {
        assert!(!lines[3].contains(&format!(" {name}")), "{name} is in {}", lines[3]);
    }
    let raw = written(&["-H", "-c", "sport", "-im", "--raw-units"], Screen::default(), &sample::sockets());
    assert!(raw.contains(" rcvbuf:131072 ") && raw.contains(" rtt:251000 "), "{raw}");
}

#[test]
fn table_on_a_terminal() {
    shown(
        100,
        "",
        r#"
        PROTO STATE      RECVQ SENDQ LOCAL               REMOTE              RTT OWNER
        tcp   LISTEN       128   128 0.0.0.0:22          *                     - sshd[12]/3
        udp   UNCONN         0     0 127.0.0.53:53       *                     - postgres[77]/10
        tcp   LISTEN         0   511 [::]:443            *                     - sshd[12]/4
        tcp   ESTAB          7  2048 10.0.0.5:40000      10.0.0.9:5432     251ms postgres[77]/9
        tcp   CLOSE-WAIT     1     0 [2001:db8::1]:40001 [2001:db8::2]:443 1.5ms "a b"[90]/5
        tcp   TIME-WAIT      0     0 10.0.0.5:40002      52.84.228.25:443      - (time_wait)
        "#,
    );
    shown(
        60,
        "",
        r#"
        STATE      LOCAL               REMOTE            OWNER
        LISTEN     0.0.0.0:22          *                 sshd[12]/3
        UNCONN     127.0.0.53:53       *                 pos…res[77]
        LISTEN     [::]:443            *                 sshd[12]/4
        ESTAB      10.0.0.5:40000      10.0.0.9:5432     pos…res[77]
        CLOSE-WAIT [2001:db8::1]:40001 [2001:db8::2]:443 "a b"[90]/5
        TIME-WAIT  10.0.0.5:40002      52.84.228.25:443  (time_wait)
        "#,
    );
    // Addresses are never cut, nor is a process id.
    shown(
        40,
        "",
        r#"
        LOCAL               REMOTE            OWNER
        0.0.0.0:22          *                 sshd[12]/3
        127.0.0.53:53       *                 pos…res[77]
        [::]:443            *                 sshd[12]/4
        10.0.0.5:40000      10.0.0.9:5432     pos…res[77]
        [2001:db8::1]:40001 [2001:db8::2]:443 "a b"[90]/5
        10.0.0.5:40002      52.84.228.25:443  (time_wait)
        "#,
    );
    // What was asked for by name stays.
    shown(
        20,
        "-c state,sendq,sport --sort sport --limit 2",
        "
        STATE  SENDQ SPORT
        LISTEN   128    22
        UNCONN     0    53
        ",
    );
    shown(
        40,
        "-c +queue,-remote --sort sport --limit 2",
        "
        STATE  LOCAL           QUEUE OWNER
        LISTEN 0.0.0.0:22    128/128 sshd[12]/3
        UNCONN 127.0.0.53:53       - pos…res[77]
        ",
    );
    let whole = Screen { terminal: true, width: Some(40), color: false };
    let text = written(&["--no-trunc"], whole, &sample::sockets());
    assert!(text.contains("postgres[77]/10") && !text.contains('…'), "{text}");
}

/// A table is never wider than the terminal where columns can still go, or become narrower.
#[test]
fn a_table_fits_wherever_it_can() {
    let mut sockets = sample::sockets();
    for owner in sockets.iter_mut().flat_map(|socket| &mut socket.owners) {
        Arc::make_mut(&mut owner.process).pid += 4_000_000;
    }
    for words in [&[][..], &["-c", "+rtt,+cmd"], &["-c", "owner,peer,local,process"], &["-l"]] {
        let widest = |columns: usize| {
            let screen = Screen { terminal: true, width: Some(columns), color: false };
            let text = written(words, screen, &sockets);
            text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
        };
        let least = widest(1);
        for columns in least..=140 {
            assert!(widest(columns) <= columns, "{words:?} in {columns}: {}", widest(columns));
        }
    }
}

/// What does not fit behind the columns goes on below them, and nothing of it is lost.
#[test]
fn details_are_wrapped_on_a_terminal() {
    for color in [false, true] {
        let screen = Screen { terminal: true, width: Some(80), color };
        let whole = written(&["-temio", "--oneline"], Screen { width: None, ..screen }, &sample::sockets());
        let wrapped = written(&["-temio"], screen, &sample::sockets());
        let plain = wrapped.replace("\x1b[35m", "").replace("\x1b[0m", "");
        assert!(plain.lines().all(|line| line.len() <= 80), "{wrapped}");
        assert!(wrapped.lines().any(|line| line.starts_with("      ")), "{wrapped}");
        let words = |text: &str| -> Vec<String> {
            text.split_whitespace().filter(|word| word.contains(':')).map(str::to_owned).collect()
        };
        assert_eq!(words(&wrapped), words(&whole));
        let one = written(&["-temio", "-O"], screen, &sample::sockets());
        assert_eq!(one.lines().count(), sample::sockets().len() + 1, "{one}");
    }
}

#[test]
fn colour_is_for_trouble() {
    for (terminal, width) in [(false, None), (true, Some(80))] {
        let screen = Screen { terminal, width, color: true };
        let text = written(&["-m"], screen, &sample::sockets());
        let marked: Vec<&str> =
            text.split("\x1b[35m").skip(1).filter_map(|after| after.split('\x1b').next()).collect();
        assert_eq!(marked, ["128", "drops:1", "CLOSE-WAIT"]);
        // Without colour it is the same text.
        let plain = written(&["-m"], Screen { color: false, ..screen }, &sample::sockets());
        assert_eq!(text.replace("\x1b[35m", "").replace("\x1b[0m", ""), plain);
    }
}

#[test]
fn separated() {
    piped(
        "--csv",
        r#"
        protocol,family,state,src,sport,dst,dport,recvq,sendq,uid,inode,id,pid,process,fd,owners,unowned
        tcp,ipv4,listen,0.0.0.0,22,,,128,128,1000,101,22,12,sshd,3,sshd[12]/3,
        udp,ipv4,unconnected,127.0.0.53,53,,,0,0,1000,103,53,77,postgres,10,postgres[77]/10,
        tcp,ipv6,listen,::,443,,,0,511,1000,102,443,12,sshd,4,sshd[12]/4,
        tcp,ipv4,established,10.0.0.5,40000,10.0.0.9,5432,7,2048,1000,104,40000,77,postgres,9,postgres[77]/9,
        tcp,ipv6,close_wait,2001:db8::1,40001,2001:db8::2,443,1,0,1000,105,40001,90,a b,5,"""a b""[90]/5",
        tcp,ipv4,time_wait,10.0.0.5,40002,52.84.228.25,443,0,0,,,40002,,,,,time_wait
        "#,
    );
    let text = written(&["--csv", "-c", "rtt,minrtt,rcvbuf"], Screen::default(), &sample::sockets());
    assert!(text.starts_with("rtt_us,minrtt_us,rcvbuf\r\n,,131072\r\n"), "{text}");
    piped("--tsv -H -c local,rtt --sort -rtt --limit 1", "10.0.0.5:40000\t251000");
}

#[test]
fn template() {
    let sockets = sample::sockets();
    let text = written(&["--format", "{process}|{pid} {local} {rtt}}}"], Screen::default(), &sockets[3..]);
    let expected =
        "postgres|77 10.0.0.5:40000 251000}\na b|90 [2001:db8::1]:40001 1500}\n-|- 10.0.0.5:40002 -}\n";
    assert_eq!(text, expected);
}

#[test]
fn json() {
    let text = written(&["--json"], Screen::default(), &sample::sockets());
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let sockets = document["sockets"].as_array().unwrap();
    assert_eq!(sockets.len(), 6);
    assert_eq!(sockets[3]["tcp"]["rtt_us"], 251_000);
    assert!(sockets.iter().all(|socket| socket.get("quality").is_some()));
    let text =
        written(&["--jsonl", "-c", "-quality", "--sort", "-rtt"], Screen::default(), &sample::sockets());
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 7);
    assert_eq!((lines[0]["local"]["port"].as_u64(), lines[0].get("quality")), (Some(40_000), None));
    assert_eq!(lines[6]["complete"], true);
}

#[test]
fn nothing_found() {
    for (line, expected) in [
        ("-c pid,local", "    PID LOCAL\n"),
        ("-H", ""),
        ("--csv -c pid", "pid\r\n"),
        ("--tsv -c pid -H", ""),
        ("--format {pid}", ""),
        ("--count", "0\n"),
        ("-g state --count", "STATE COUNT\n"),
        ("--json", "{\"schema\":\"pree/1\",\"complete\":true,\"missing\":[],\"notes\":[],\"sockets\":[]}\n"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(written(&words, Screen::default(), &[]), expected, "{line}");
    }
    let screen = Screen { terminal: true, width: Some(80), color: false };
    assert_eq!(written(&["-c", "pid,local"], screen, &[]), "PID LOCAL\n");
}

/// A terminal gets the first thousands of rows as wide as they need, the others as they come.
#[test]
fn a_long_table_does_not_wait_for_its_end() {
    let mut names: Vec<Vec<u8>> = vec![b"short".to_vec(); super::table::WAITING + 2];
    names.extend([b"much-longer".to_vec(), b"short".to_vec()]);
    let sockets = sample::listeners_of(&names);
    let screen = Screen { terminal: true, width: Some(80), color: false };
    let request = request(&["-c", "process,sport"], screen);
    let out = Shared::default();
    let mut output = super::of(&request, out.clone());
    let (first, rest) = sockets.split_at(super::table::WAITING);
    for socket in first {
        output.row(&View::new(socket)).unwrap();
    }
    assert_eq!(out.text().lines().count(), super::table::WAITING + 1);
    for socket in rest {
        output.row(&View::new(socket)).unwrap();
    }
    output.end(&Coverage::default()).unwrap();
    let text = out.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), sockets.len() + 1);
    assert_eq!(lines[..2], ["PROCESS SPORT", "short       1"]);
    assert_eq!(lines[lines.len() - 3..], ["short    4098", "much-longer  4099", "short    4100"]);
}

/// What was known before the first row stands before it, whenever it was told; the rest of the document is the same.
#[test]
fn a_document_is_the_same_whether_it_waits_or_not() {
    let request = request(&["--json"], Screen::default());
    let sockets = sample::sockets();
    let out = Shared::default();
    let mut output = super::of(&request, out.clone());
    output.begin(&Coverage::default()).unwrap();
    let mut before = out.text().len();
    for socket in &sockets {
        output.row(&View::new(socket)).unwrap();
        let now = out.text().len();
        assert!(now > before, "a row waits");
        before = now;
    }
    output.end(&Coverage::default()).unwrap();
    assert_eq!(out.text(), written(&["--json"], Screen::default(), &sockets));
}

/// Shows what is written before it is all written.
#[derive(Clone, Default)]
struct Shared(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Different names of at most 15 bytes, as a kernel has them, from parts that try to break an output.
fn hostile_names() -> Vec<Vec<u8>> {
    let parts = || hostile::NAMES.iter();
    let pairs = parts().flat_map(|first| parts().map(move |second| [*first, *second].concat()));
    let names: BTreeSet<Vec<u8>> = pairs.map(|name| name.into_iter().take(15).collect()).collect();
    names.into_iter().take(1_000).collect()
}

#[test]
fn hostile_names_stay_in_their_cell_and_look_like_no_other() {
    let names = hostile_names();
    assert_eq!(names.len(), 1_000);
    let sockets = sample::listeners_of(&names);
    let terminal = Screen { terminal: true, width: Some(80), color: false };
    for (line, screen) in [
        ("-H -c process", Screen::default()),
        ("-H -c process", terminal),
        ("-H --csv -c process", Screen::default()),
        ("-H --tsv -c process", Screen::default()),
        ("--format {process}", Screen::default()),
        ("-H --count -g process", Screen::default()),
        ("-H --count -g process --csv", Screen::default()),
        ("-H --count -g process --jsonl", Screen::default()),
    ] {
        let text = written(&line.split(' ').collect::<Vec<_>>(), screen, &sockets);
        let lines: BTreeSet<&str> = text.lines().filter(|line| !line.contains("\"complete\"")).collect();
        assert_eq!(lines.len(), names.len(), "{line}");
        let raw = lines.iter().flat_map(|line| line.chars()).find(|c| crate::text::escape::must_escape(*c));
        assert_eq!(raw, None, "{line}");
    }
    // In JSON the exact bytes come back.
    let text = written(&["--json", "-c", "process"], Screen::default(), &sockets);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["sockets"].as_array().unwrap().len(), names.len());
    for (socket, name) in document["sockets"].as_array().unwrap().iter().zip(&names) {
        let owner = &socket["owners"][0];
        let bytes = owner["name_bytes"].as_str().map_or_else(
            || owner["name"].as_str().unwrap().as_bytes().to_vec(),
            |hex| {
                (0..hex.len())
                    .step_by(2)
                    .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
                    .collect()
            },
        );
        assert_eq!(&bytes, name);
    }
}

/// `-i`, `-e`, `-m` and `-o` change what is written, ask for what would be unknown, or are refused with a line: they are never
/// taken without effect. JSON without `-c` asks for all of it by itself.
#[test]
fn details_have_an_effect_or_are_refused() {
    let (mut changed, mut refused) = (0, 0);
    for output in [
        "",
        "--raw-units",
        "-c local",
        "--csv",
        "--csv -c local",
        "--tsv",
        "--json -c local",
        "--jsonl -c local",
        "--json",
        "--jsonl",
        "--format {pid}",
        "--count",
        "--count --json",
        "-g state",
        "-g state --csv",
        "-g state --count --jsonl",
    ] {
        for flag in ["-i", "-e", "-m", "-o"] {
            let words: Vec<&str> = output.split_whitespace().collect();
            let with: Vec<&str> = words.iter().copied().chain([flag]).collect();
            let args = crate::args::parse(with.iter().map(Into::into).collect()).unwrap_or_default();
            let after = match Request::new(args.shown, args.asked.rows(), Screen::default()) {
                Ok(request) => request,
                Err(failure) => {
                    let text = failure.text().unwrap().to_string();
                    assert!(text.contains(flag) && !text.contains('\n'), "{output} {flag}: {text}");
                    refused += 1;
                    continue;
                }
            };
            let before = request(&words, Screen::default());
            let written = |words: &[&str]| written(words, Screen::default(), &sample::sockets());
            // None of these sockets has a timer: a table has no word of it then.
            let is_table = after.options.format == Format::Table;
            let adds = is_table && !super::table::details::Details::of(after.options.details).is_empty();
            let differs = adds || written(&with) != written(&words) || after.needs() != before.needs();
            // Timers are told with every row.
            let is_whole = output.starts_with("--json") && (!output.contains("-c") || flag == "-o");
            assert_ne!(differs, is_whole, "{output} {flag}");
            changed += usize::from(differs);
        }
    }
    assert_eq!((changed, refused), (8 * 4 - 2, 6 * 4));
}
