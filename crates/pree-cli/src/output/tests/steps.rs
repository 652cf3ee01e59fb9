//! What a process can make of an output with a command line that is long and sockets that are many.

use std::sync::Arc;

use pree::Process;

use super::*;

/// Sockets of two processes whose command lines are alike but for their ends.
fn of_two(sockets: usize, bytes: usize) -> Vec<Socket> {
    let sample = sample::sockets().swap_remove(0);
    let process = |pid: u32| {
        let mut process = Process::default();
        process.pid = pid;
        let end = format!("{pid}\0");
        process.command_line = Some([vec![b'a'; bytes], end.into_bytes()].concat().into());
        Arc::new(process)
    };
    let processes = [process(8), process(7)];
    (0..sockets)
        .map(|at| {
            let mut socket = sample.clone();
            socket.owners[0].process = Arc::clone(&processes[at % 2]);
            socket
        })
        .collect()
}

#[test]
fn a_command_line_is_gone_through_once() {
    let terminal = Screen { terminal: true, width: Some(60), color: false };
    for (words, screen) in [
        (&["-c", "local,cmd"][..], terminal),
        (&["-c", "local", "--sort", "cmd"], Screen::default()),
        (&["-c", "local", "--sort", "-cmd,pid"], Screen::default()),
        (&["-g", "cmd", "--count"], Screen::default()),
        (&["-g", "cmd", "--json"], terminal),
    ] {
        let steps = |n: usize| {
            let sockets = of_two(n, 40 * n + crate::columns::LONG);
            crate::steps::of(|| assert!(!written(words, screen, &sockets).is_empty()))
        };
        let (few, many) = (steps(200), steps(400));
        assert!(few >= 200, "{words:?}: only {few} steps were counted");
        assert!(4 * many <= 10 * few, "{words:?}: {few} steps, {many} for twice as much");
    }
}

#[test]
fn what_is_gone_through_once_is_the_same() {
    let sockets = of_two(5, 30_000);
    let terminal = |width| Screen { terminal: true, width: Some(width), color: false };
    let shown = written(&["-c", "cmd", "--no-header"], terminal(60), &sockets);
    let (head, tail) = ("a".repeat(30), "a".repeat(28));
    assert_eq!(shown, [8, 7, 8, 7, 8].map(|pid| format!("{head}…{tail}{pid}\n")).concat());
    let whole = written(&["-c", "cmd", "--no-header", "--no-trunc"], terminal(60), &sockets);
    assert_eq!(whole.lines().map(str::len).sum::<usize>(), 5 * 30_001);
    for (words, expected) in [
        (&["-c", "pid", "--no-header", "--tsv", "--sort", "cmd"], "7\n7\n8\n8\n8\n"),
        (&["-c", "pid", "--no-header", "--tsv", "--sort", "-cmd"], "8\n8\n8\n7\n7\n"),
    ] {
        assert_eq!(written(words, Screen::default(), &sockets), expected);
    }
    let groups = written(&["-g", "cmd", "--count", "--no-header", "--tsv"], Screen::default(), &sockets);
    let line = "a".repeat(30_000);
    assert!(groups == format!("{line}8\t3\n{line}7\t2\n"), "{} bytes", groups.len());
}
