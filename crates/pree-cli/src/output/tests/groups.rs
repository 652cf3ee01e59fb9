//! Sockets in groups.

use super::*;

#[test]
fn counts_and_groups() {
    piped("--count", "6");
    piped("--count --json", r#"{"schema":"pree/1","complete":true,"missing":[],"notes":[],"count":6}"#);
    piped(
        "-g process",
        r#"
        PROCESS     COUNT RECVQ SENDQ
        postgres        2     7  2048
        sshd            2     0     0
        "a b"           1     1     0
        (time_wait)     1     0     0
        "#,
    );
    piped("-g state --count --limit 1", "STATE  COUNT\nLISTEN     2");
    piped("-g dport -H --count --limit 2", "-   3\n443 2");
    piped("-g remote --count --csv --limit 2", "remote,count\n,3\n10.0.0.9,1");
    piped(
        "-g process --jsonl --count --limit 1",
        "{\"key\":\"postgres\",\"count\":2}\n{\"schema\":\"pree/1\",\"complete\":true,\"missing\":[],\"notes\":[]}",
    );
    piped("-g process --count -H --sort process --limit 2", "\"a b\"       1\n(time_wait) 1");
    piped(
        "-g process --count -H --sort count,-process",
        "(time_wait) 1\n\"a b\"       1\nsshd        2\npostgres    2",
    );
    piped("-g process -H --sort -sendq --limit 1", "postgres 2 7 2048");
    piped("-g dport --count -H --sort -dport", "5432 1\n443  2\n-    3");
    piped(
        "-g process,state --count --sort process,-state",
        r#"
        PROCESS     STATE      COUNT
        "a b"       CLOSE-WAIT     1
        (time_wait) TIME-WAIT      1
        postgres    UNCONN         1
        postgres    ESTAB          1
        sshd        LISTEN         2
        "#,
    );
    piped("-g uid,dport -g state --csv --count --limit 1", "uid,dport,state,count\n1000,,listen,2");
    piped(
        "-g process,dport --jsonl --count --limit 1 --sort process",
        "{\"key\":[\"(time_wait)\",\"443\"],\"count\":1}\n{\"schema\":\"pree/1\",\"complete\":true,\"missing\":[],\"notes\":[]}",
    );
    piped(
        "-g uid --json --limit 1",
        r#"{"schema":"pree/1","complete":true,"missing":[],"notes":[],"groups":[{"key":"1000","count":5,"recv_queue":8,"send_queue":2048}]}"#,
    );
}

/// A part is not the sum, and what nobody counted is no number.
#[test]
fn the_sum_of_a_group_is_unknown_where_a_queue_of_it_is() {
    let mut sockets = sample::sockets();
    let of_postgres = sockets.iter_mut().find(|socket| socket.local.port() == Some(53));
    of_postgres.unwrap().recv_queue = None;
    let numbers = |flags: &str| {
        written(&[&["-g", "process", "-H"][..], &[flags]].concat(), Screen::default(), &sockets)
    };
    for (flags, postgres, others) in [
        ("--raw-units", "postgres    2 - 2048", "sshd        2 0 0"),
        ("--csv", "postgres,2,,2048", "sshd,2,0,0"),
        (
            "--jsonl",
            r#"{"key":"postgres","count":2,"recv_queue":null,"send_queue":2048}"#,
            r#"{"key":"sshd","count":2,"recv_queue":0,"send_queue":0}"#,
        ),
    ] {
        let text = numbers(flags);
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let lines: Vec<_> = text.lines().map(words).collect();
        assert!(lines.contains(&words(postgres)) && lines.contains(&words(others)), "{flags}: {text}");
    }
}

/// A process may bear the name of a reason, that name in quotes, or none at all.
#[test]
fn processes_and_reasons_are_never_one_group() {
    let names: [&[u8]; 5] = [b"(accept_queue)", b"\"(accept_queue)\"", b"", b"\"\"", b"-"];
    let sockets = sample::waiting_beside(&names);
    for by in ["process", "owner"] {
        let text = written(&["-g", by, "--json"], Screen::default(), &sockets);
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let groups = document["groups"].as_array().unwrap();
        let told: Vec<_> = groups
            .iter()
            .map(|group| (group["key"].as_str().unwrap_or("nobody"), group["count"].as_u64().unwrap()))
            .collect();
        let quoted_twice = "\"\\\"(accept_queue)\\\"\"";
        let expected = [
            ("(accept_queue)", 5),
            ("\"\"", 1),
            ("\"(accept_queue)\"", 1),
            ("\"\\\"\\\"\"", 1),
            (quoted_twice, 1),
            ("-", 1),
        ];
        assert_eq!(BTreeSet::from_iter(told), BTreeSet::from(expected), "{by}");
        for format in ["--csv", "--tsv", "--jsonl", "--raw-units", "-H"] {
            let text = written(&["-g", by, "--count", format], Screen::default(), &sockets);
            let lines = text.lines().filter(|line| line.contains('1') && !line.contains("schema"));
            let lines: BTreeSet<&str> = lines.collect();
            assert_eq!(lines.len(), names.len(), "{format}: {text}");
        }
    }
}
