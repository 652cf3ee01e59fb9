//! Command lines that people type.

use pree::{Family, OwnerLookup, Protocol, SourceChoice, States};

use super::*;
use crate::output::Format;

#[track_caller]
fn check(line: &str, expected: impl FnOnce(&mut Args)) {
    let mut args = Args::default();
    expected(&mut args);
    match parse(line.split_whitespace().map(OsString::from).collect()) {
        Ok(parsed) => {
            // See `protocols_that_are_named`.
            args.asked.named.clone_from(&parsed.asked.named);
            assert_eq!(parsed, args);
        }
        Err(failure) => panic!("{}", failure.text().map(|t| t.to_string()).unwrap_or_default()),
    }
}

#[track_caller]
fn refused(line: &str, says: &str) {
    match parse(line.split_whitespace().map(OsString::from).collect()) {
        Err(failure) => {
            let text = failure.text().map(|text| text.to_string()).unwrap_or_default();
            assert!(text.contains(says), "{text}");
        }
        Ok(_) => panic!("{line} was not refused"),
    }
}

#[test]
fn letters_bundle() {
    let all = Protocols::TCP | Protocols::UDP | Protocols::UDPLITE;
    check("-tulpn", |a| {
        a.asked.protocols = Some(all);
        a.asked.states = Some(States::LISTENING);
    });
    check("-tanpi", |a| {
        a.asked.protocols = Some(Protocols::TCP);
        a.asked.states = Some(States::all());
        a.shown.details.tcp_info = true;
    });
    check("-la", |a| a.asked.states = Some(States::all()));
    check("-64H", |a| {
        a.asked.families = vec![Family::Ipv6, Family::Ipv4];
        a.shown.no_header = true;
    });
    check("-xw0M --vsock", |a| {
        let raw = Protocols::RAW | Protocols::ICMP;
        a.asked.protocols =
            Some(Protocols::UNIX | raw | Protocols::PACKET | Protocols::MPTCP | Protocols::VSOCK);
    });
    check("-A all", |a| a.asked.protocols = Some(Protocols::all()));
    check("-A netlink,unix", |a| a.asked.protocols = Some(Protocols::NETLINK | Protocols::UNIX));
    check("-A udp,tcp -s", |a| {
        a.asked.protocols = Some(Protocols::TCP | Protocols::UDP);
        a.command = Command::Summary;
    });
}

#[test]
fn long_flags_and_values() {
    check("--owners none --source=proc --ndjson", |a| {
        a.asked.owners = Some(OwnerLookup::None);
        a.asked.source = SourceChoice::Proc;
        a.shown.format = Format::Jsonl;
    });
    for line in ["-l -B", "-B -l", "-lB"] {
        check(line, |a| a.asked.states = Some(States::LISTENING | States::BOUND_INACTIVE));
    }
    check("-B -a -l", |a| a.asked.states = Some(States::all()));
    check("-A TCP", |a| a.asked.protocols = Some(Protocols::TCP));
    check("-c +rtt,-fd --sort -rtt,pid --limit 5", |a| {
        a.shown.columns = Some("+rtt,-fd".into());
        a.shown.sort = vec!["-rtt".into(), "pid".into()];
        a.shown.limit = Some(5);
    });
}

#[test]
fn words_are_commands_or_filters() {
    let words = |a: &mut Args, words: &[&str]| a.words = words.iter().map(|w| (*w).to_owned()).collect();
    check("state established dport=443", |a| {
        words(a, &["state", "established", "dport=443"]);
        a.asked.filter = "state established dport=443".parse().ok();
    });
    check("port 8080 -q", |a| {
        a.command = Command::Port;
        words(a, &["8080"]);
        a.asked.quiet = true;
    });
    // A first word followed by an operator is a filter.
    check("port = 80", |a| {
        words(a, &["port", "=", "80"]);
        a.asked.filter = "port = 80".parse().ok();
    });
    check("port=80", |a| {
        words(a, &["port=80"]);
        a.asked.filter = "port=80".parse().ok();
    });
    check("list top", |a| {
        words(a, &["top"]);
        a.asked.filter = "top".parse().ok();
    });
    check("list", |_| {});
}

#[test]
fn refusals_say_what_is_right() {
    refused("--json --csv", "two output formats");
    refused("--source=netlink", "auto, diag, proc, procfs, bpf, destroy or poll");
    refused("--source=poll", "pree watch");
    refused("watch --events --ends", "take one of them");
    refused("watch --json", "takes no --json");
    refused("--owners", "needs a value");
    refused("-K", "pree close");
    refused("-E", "pree watch");
    refused("-A unix,tipc", "-A other proto=tipc");
    refused("-A unx", "unx");
    refused("--nonsense", "no flag --nonsense");
    refused("--lisening", "did you mean --listening?");
    refused("--Lisetning", "did you mean --listening?");
    refused("-F - -F -", "standard input can be read once");
    refused("--json=yes", "takes no value");
    refused("top", "not implemented yet");
    refused("dprot=80", "did you mean dport?");
    refused("--limit many", "a number of rows");
    refused("-A dccp", "-A other proto=dccp");
}

#[test]
fn a_word_that_was_meant_as_a_value_is_refused_where_words_are_a_filter() {
    for line in ["port -u 80", "port -p 80", "-tp port 80"] {
        assert!(parse(line.split_whitespace().map(OsString::from).collect()).is_ok(), "{line}");
    }
    refused("-p 80", "pid=80");
    refused("list -p 80", "pid=80");
    refused("-s -p 80", "pid=80");
    refused("explain -u nobody", "user=nobody");
}

#[test]
fn every_flag_is_in_a_group_of_the_help() {
    for flag in FLAGS {
        assert!(GROUPS.contains(&flag.group), "{}", flag.long);
    }
}

/// A value that this flag takes.
fn value(flag: &Flag) -> Option<&'static str> {
    flag.value().map(|value| match value {
        Value::Word(_) => value.words().next().unwrap(),
        Value::Protocol(_) => "tcp",
        Value::Field(_) => "pid",
        Value::File(_) => "file",
        Value::Other("TIME") => "1s",
        Value::Other(_) => "1",
    })
}

/// Every way to write it.
fn spellings(flag: &Flag) -> Vec<String> {
    let aliases = flags::ALIASES.iter().filter(|(_, long)| *long == flag.long).map(|(alias, _)| *alias);
    let long = aliases.chain([flag.long]).map(|long| format!("--{long}"));
    long.chain(flag.short.map(|short| format!("-{short}"))).collect()
}

fn line(words: &[Option<&str>]) -> Result<Args, String> {
    parse(words.iter().flatten().map(OsString::from).collect())
        .map_err(|failure| failure.text().map(|text| text.to_string()).unwrap_or_default())
}

/// The word that this command must have.
fn word(entry: &Entry) -> Option<&'static str> {
    matches!(entry.words, Words::One(_) | Words::OneOrTwo(_)).then_some("80")
}

#[test]
fn a_command_takes_its_flags_and_no_others() {
    let (mut taken, mut refusals) = (0, 0);
    for entry in Command::ALL {
        for flag in FLAGS.iter().filter(|flag| flag.long != "help") {
            for spelled in spellings(flag) {
                let (flag_word, name) = (Some(&*spelled), Some(entry.name));
                for words in [
                    [name, flag_word, value(flag), word(entry)],
                    [flag_word, value(flag), name, word(entry)],
                    [name, word(entry), flag_word, value(flag)],
                ] {
                    match line(&words) {
                        Ok(_) => {
                            assert!(flag.is_for(entry.command), "{words:?}");
                            taken += 1;
                        }
                        Err(text) => {
                            let says = format!("{} takes no {spelled}, which is for ", entry.command.usage());
                            let is_told = text.starts_with(&says) && !text.contains('\n');
                            assert!(!flag.is_for(entry.command) && is_told, "{words:?}: {text}");
                            refusals += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(taken > 500 && refusals > 500, "{taken}, {refusals}");
}

#[test]
fn a_second_value_is_refused_or_added() {
    let (mut added, mut refusals) = (0, 0);
    for entry in Command::ALL {
        for flag in FLAGS.iter().filter(|flag| flag.long != "help" && flag.is_for(entry.command)) {
            let name = Some(entry.name);
            let long = format!("--{}", flag.long);
            let once = line(&[name, word(entry), Some(&long), value(flag)]);
            for spelled in spellings(flag) {
                let written = Some(&*spelled);
                let twice = line(&[name, word(entry), Some(&long), value(flag), written, value(flag)]);
                match flag.takes {
                    Takes::Nothing => assert!(twice.is_ok(), "{spelled}"),
                    Takes::One(_) | Takes::Maybe(_) => {
                        let says = format!("{spelled} is given twice, and takes one value (see pree --help)");
                        assert_eq!(twice, Err(says));
                        refusals += 1;
                    }
                    Takes::Several(_) => {
                        assert!(twice.is_ok() && twice != once, "{spelled}");
                        added += 1;
                    }
                }
            }
        }
    }
    assert!(added > 10 && refusals > 10, "{added}, {refusals}");
    check("-c pid -c +rtt", |a| a.shown.columns = Some("pid,+rtt".into()));
}

#[test]
fn a_file_is_read_when_it_is_asked_for() {
    check("-F /nonexistent/filter -F - sport=80", |a| {
        a.words = vec!["sport=80".into()];
        a.asked.filter = "sport=80".parse().ok();
        a.asked.filter_files = vec!["/nonexistent/filter".into(), "-".into()];
    });
}

#[test]
fn protocols_that_are_named() {
    let named = |line: &str| {
        let parsed = parse(line.split_whitespace().map(OsString::from).collect());
        parsed.map(|args| args.asked.named).unwrap_or_default()
    };
    assert_eq!(named("-S -tM"), [Protocol::Sctp, Protocol::Tcp, Protocol::Mptcp]);
    assert_eq!(named("-A udplite,vsock"), [Protocol::UdpLite, Protocol::Vsock]);
    assert_eq!(named("-u -w -A all,inet"), []);
}
