//! Runs where a copy of `pree.exe` stands beside the stand-in of iphlpapi.dll (`iphlpapi.c`), and compares what the
//! command says with what that tells. Says `ok` for each thing that was right, and ends with a failure when one was not.
//!
//! `windows_stand_in FOLDER`: FOLDER has both, and is written to.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test program: it runs the command and speaks"
)]

use std::path::PathBuf;
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Eight groups of statistics of each of three connections.
const SWITCHES: usize = 24;
/// `STATUS_CONTROL_C_EXIT`: how Windows ends a program by ^C.
const BY_INTERRUPT: i32 = 0xC000_013A_u32.cast_signed();

struct StandIn {
    folder: PathBuf,
    good: bool,
}

fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).unwrap().into();
    let mut tested = StandIn { folder, good: true };
    tested.rows();
    tested.refusals();
    tested.switches();
    tested.interrupts();
    if tested.good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl StandIn {
    fn check(&mut self, what: &str, good: bool, output: &Output) {
        self.good &= good;
        println!("{} {what}", if good { "ok" } else { "WRONG" });
        if !good {
            let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
            println!("{:?}\n{out}\n{err}", output.status);
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("switches")
    }

    /// The command beside a stand-in that behaves so.
    fn pree(&self, behaviour: &str, words: &str) -> Output {
        let _ = std::fs::remove_file(self.log());
        let mut command = Command::new(self.folder.join("pree.exe"));
        command.args(words.split_whitespace()).stdin(Stdio::null());
        command.env("PREE_STAND_IN", behaviour).env("PREE_SWITCHES", self.log()).output().unwrap()
    }

    /// How often something was switched on, and off; and whether all is off at the end.
    fn switched(&self) -> (usize, usize, bool) {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let mut on: Vec<&str> = Vec::new();
        let count = |word| log.lines().filter(|line| line.split(' ').next() == Some(word)).count();
        for line in log.lines() {
            match line.split_once(' ') {
                Some(("on", what)) => on.push(what),
                Some((_, what)) => on.retain(|other| *other != what),
                None => {}
            }
        }
        (count("on"), count("off"), on.is_empty())
    }

    fn rows(&mut self) {
        let listed = self.pree("", "-a -t -u --json");
        let document: Value = serde_json::from_slice(&listed.stdout).unwrap_or_default();
        let states: Vec<(u64, String)> = document["sockets"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|socket| {
                let state =
                    socket["state"].as_str().map_or_else(|| socket["state"].to_string(), str::to_owned);
                (socket["local"]["port"].as_u64().unwrap_or_default(), state)
            })
            .collect();
        let expected = [
            (135, "listen"),
            (50000, "established"),
            (50002, "closed"),
            (50003, "bound_inactive"),
            (50004, "state77"),
            (50005, "established"),
            (22, "established"),
            (443, "established"),
            (53, "unconnected"),
        ];
        let same = states.iter().map(|(port, state)| (*port, state.as_str())).eq(expected);
        self.check("states, also 12, 100 and one that nobody knows", same, &listed);
        let table = self.pree("", "-t -6 --no-trunc");
        let text = String::from_utf8_lossy(&table.stdout).into_owned();
        let scoped = text.contains("[fe80::1%9]:22") && text.contains("[2001::1]:443");
        self.check("a scope where the address is of a link, and nowhere else", scoped, &table);
    }

    fn refusals(&mut self) {
        for (behaviour, words, code, line) in [
            ("denied", "-t", 4, "cannot read table tcp4: ERROR_ACCESS_DENIED"),
            ("denied", "-u", 4, "cannot read table udp4: ERROR_ACCESS_DENIED"),
            ("grows", "-t", 4, "cannot read table tcp4: ERROR_"),
            ("refused", "-t -i", 0, "statistics unknown for 4 (EStats): not permitted"),
            ("unsupported", "-t -i", 0, "statistics unknown for 4 (EStats): not supported"),
            (
                "refused",
                "-t --estats 10ms",
                4,
                "cannot switch on statistics of connections: ERROR_ACCESS_DENIED",
            ),
            ("", "-t -i", 0, "--estats"),
            ("", "-t -i --strict", 3, "--estats"),
            ("", "-t rtt>1ms", 3, "filter by rtt"),
            ("", "-t cmd~x", 3, "filter by cmd"),
            ("", "-t process=PREE.EXE -q", 0, ""),
        ] {
            let output = self.pree(behaviour, words);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let good = output.status.code() == Some(code) && said.contains(line);
            self.check(&format!("pree {words} beside {behaviour:?} ends with {code}: {line}"), good, &output);
        }
        let grouped = self.pree("", "-t -g state -H --csv");
        let text = String::from_utf8_lossy(&grouped.stdout).into_owned();
        self.check("queues that nobody told have no sum", text.contains("established,4,,"), &grouped);
        let doctor = self.pree("", "doctor");
        let text = String::from_utf8_lossy(&doctor.stdout).into_owned();
        self.check(
            "doctor says what it could not check",
            text.contains("not everything could be checked"),
            &doctor,
        );
    }

    fn switches(&mut self) {
        let output = self.pree("", "-t --estats 10ms --json");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let connection = |socket: &&Value| socket["local"]["port"] == 50000;
        let sockets = document["sockets"].as_array().cloned().unwrap_or_default();
        let tcp = sockets.iter().find(connection).map(|socket| socket["tcp"].clone()).unwrap_or_default();
        let told =
            tcp["total_retrans"] == 3 && tcp["counts_since"] == "switched_on" && tcp["rtt_us"] == 21_000;
        let good = told && self.switched() == (SWITCHES, SWITCHES, true);
        self.check("statistics are switched on, read and switched off", good, &output);
        let output = self.pree("collected", "-t --estats 10ms --json");
        self.check("what others collect is left alone", self.switched() == (0, 0, true), &output);
        let output = self.pree("", "explain :50000 --estats 10ms");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let good = text.contains("since statistics were switched on")
            && text.contains("IP Helper, EStats")
            && !text.contains("lifetime")
            && !text.contains("tcpi_");
        self.check("explain says since when, and names what Windows told", good, &output);
        let recording = self.folder.join("estats.pree");
        let output = self.pree("", &format!("capture -q --estats 10ms {}", recording.display()));
        self.check("a recording with statistics", output.status.code() == Some(3), &output);
    }

    /// However far it has come, ^C leaves everything as it was.
    fn interrupts(&mut self) {
        let everywhere: Vec<usize> = (1..=2 * SWITCHES).collect();
        let here_and_there = [1, SWITCHES / 2, SWITCHES, SWITCHES + 1, 2 * SWITCHES - 1];
        self.interrupted("-t", &everywhere);
        for command in ["-t --json", "doctor", "explain state established", "capture -"] {
            self.interrupted(command, &here_and_there);
        }
        let begun = Instant::now();
        let output = self.pree(&format!("later={SWITCHES}"), "-t --estats 1h");
        let good = output.status.code() == Some(BY_INTERRUPT)
            && self.switched() == (SWITCHES, SWITCHES, true)
            && output.stdout.is_empty()
            && begun.elapsed() < Duration::from_secs(600);
        self.check("^C ends the wait", good, &output);
    }

    fn interrupted(&mut self, command: &str, places: &[usize]) {
        let mut wrong = None;
        for at in places {
            // The key comes through on a thread of its own: there is all the time until the wait is over. Once things are
            // switched off again, the answer may be there first.
            let is_early = *at <= SWITCHES;
            let time = if is_early { "10m" } else { "10ms" };
            let output = self.pree(&format!("interrupt={at}"), &format!("{command} --estats {time}"));
            let (on, off, all_off) = self.switched();
            let code = output.status.code();
            let ended = code == Some(BY_INTERRUPT) || !is_early;
            if !(ended && all_off && on == off && on >= SWITCHES.min(*at)) {
                wrong.get_or_insert((*at, output));
            }
        }
        let what = format!("pree {command}: ^C at each of {} switches leaves all off", places.len());
        match wrong {
            None => println!("ok {what}"),
            Some((at, output)) => self.check(&format!("{what}, but the {at}th"), false, &output),
        }
    }
}
