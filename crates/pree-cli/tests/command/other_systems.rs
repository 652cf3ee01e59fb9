//! Recordings of other systems, as their users have them here: the same columns, filters, JSON and exit codes.

use pree_testkit::{Case, Failed};
use serde_json::{Value, json};

use crate::check::check;
use crate::run;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("a_mac_seen_by_root_is_whole", root),
        Case::new("a_mac_that_keeps_sockets_back_is_told", kept_back),
        Case::new("a_mac_is_the_same_in_every_format", formats),
        Case::new("doctor_asks_windows_for_no_unix_sockets", windows),
        Case::new("questions_that_a_mac_has_no_answer_to_fail", refused),
        Case::new("a_windows_without_statistics_says_so", without_statistics),
    ]
}

/// What they hold is said in `xtask/src/cross/apple/golden.c`.
fn mac(name: &str) -> String {
    format!("--replay {}/../pree/tests/golden/macos-{name}.pree", env!("CARGO_MANIFEST_DIR"))
}

fn json(words: &str) -> Result<Value, Failed> {
    Ok(serde_json::from_str(&run::pree(&format!("{words} --json"))?.out)?)
}

fn windows() -> Result<(), Failed> {
    let replay = format!("--replay {}/../pree/tests/golden/windows-wine.pree", env!("CARGO_MANIFEST_DIR"));
    let document = json(&format!("doctor {replay}"))?;
    let rows = |gap: &&Value| gap["what"] == "rows";
    let gaps = document["missing"].as_array().ok_or("no list of gaps")?;
    same("sockets missing", &gaps.iter().filter(rows).count(), &0)?;
    // Who asks for them is told.
    run::pree(&format!("{replay} -x"))?.code(4)?.tells("Windows has no list of them").map(drop)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), Failed> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?}, not {expected:?}").into()) }
}

fn root() -> Result<(), Failed> {
    let replay = mac("root");
    let document = json(&format!("{replay} -a"))?;
    same("complete", &document["complete"], &Value::Bool(true))?;
    let sockets = document["sockets"].as_array().ok_or("no sockets")?;
    same("sockets", &sockets.len(), &15)?;
    let connection = sockets
        .iter()
        .find(|socket| socket["local"]["port"] == 51002)
        .ok_or("no connection from port 51002")?;
    let tcp = &connection["tcp"];
    let figures = json!([
        tcp["rtt_us"],
        tcp["rttvar_us"],
        tcp["cwnd"],
        tcp["cwnd_bytes"],
        tcp["ssthresh_bytes"],
        tcp["snd_mss"]
    ]);
    same("statistics", &figures, &json!([24500, 3500, null, 14480, null, 1448]))?;
    same("retransmissions are not told", &tcp["total_retrans"], &Value::Null)?;
    let owners: Vec<&Value> =
        connection["owners"].as_array().into_iter().flatten().map(|owner| &owner["pid"]).collect();
    same("owners", &owners, &vec![&json!(400), &json!(401)])?;
    let table = run::pree(&format!("{replay} -x"))?.code(0)?.out;
    if !table.contains("/tmp/web.sock") || !table.contains(r#""/private/log\xff\n""#) {
        return Err(format!("names are escaped: {table}").into());
    }
    let port = run::pree(&format!("port 8080 {replay}"))?.code(0)?.out;
    if !port.contains("webserver-with-a-name[400]") {
        return Err(format!("port 8080: {port}").into());
    }
    run::pree(&format!("{replay} sport=8080 state listen -q"))?.code(0)?;
    run::pree(&format!("{replay} user=root -l --json"))?.code(0)?;
    Ok(())
}

fn kept_back() -> Result<(), Failed> {
    let replay = mac("27-user");
    // Rows are missing, and that is said in words, in JSON and by the exit code.
    let answer = run::pree(&replay)?.code(3)?;
    if !answer.err.contains("sockets missing (tcp): not permitted") || !answer.err.contains("run as root") {
        return Err(format!("what is missing: {}", answer.err).into());
    }
    let document = json(&replay)?;
    same("complete", &document["complete"], &Value::Bool(false))?;
    let missing = document["missing"].as_array().ok_or("nothing is missing")?;
    let rows = missing.iter().filter(|gap| gap["what"] == "rows" && gap["why"] == "not_permitted").count();
    same("gaps of rows", &rows, &2)
}

fn formats() -> Result<(), Failed> {
    let schema: Value = serde_json::from_str(&run::pree("schema")?.whole()?.out)?;
    for name in ["root", "27-user"] {
        let replay = mac(name);
        for flags in ["", "-a", "-x", "-A all", "--owners none", "-a -c +cmd,+exe,+user"] {
            let document = json(&format!("{replay} {flags}"))?;
            let reference = json!({ "$ref": "#/$defs/document" });
            let wrong = check(&schema, &reference, &document, "");
            if !wrong.is_empty() {
                return Err(format!("{name} {flags}: {wrong:?}").into());
            }
        }
        for flags in [
            "--jsonl -A all",
            "-s",
            "-g process",
            "--count",
            "-i -m -e -o",
            "--sort -rtt",
            "doctor",
            "explain :51002",
        ] {
            let words = match flags {
                "doctor" | "explain :51002" => format!("{flags} {replay}"),
                _ => format!("{replay} {flags}"),
            };
            let answer = run::pree(&words)?;
            if answer.out.is_empty() || answer.err.contains("panic") {
                return Err(format!("{name} {flags}: {answer:?}").into());
            }
        }
    }
    Ok(())
}

fn refused() -> Result<(), Failed> {
    let replay = mac("root");
    for (words, line) in [
        ("--source diag", "cannot read sock_diag of macOS: not supported"),
        ("--source proc", "cannot read /proc/net of macOS: not supported"),
        ("--owners bpf", "cannot run a BPF program on macOS: not supported"),
        ("cgroup=/a", "cannot find cgroups on macOS: not supported"),
    ] {
        let answer = run::pree(&format!("{replay} {words}"))?.code(4)?;
        if !answer.err.contains(line) {
            return Err(format!("{words}: {}", answer.err).into());
        }
    }
    Ok(())
}

/// Of Wine, which has no EStats: `cargo xtask cross` made it.
fn without_statistics() -> Result<(), Failed> {
    let replay = format!("--replay {}/../pree/tests/golden/windows-wine.pree", env!("CARGO_MANIFEST_DIR"));
    let has = |words: &str, code: i32, there: &[&str], absent: &[&str]| {
        let out = run::pree(&format!("{words} {replay}"))?.code(code)?.out;
        let wrong =
            there.iter().any(|text| !out.contains(text)) || absent.iter().any(|text| out.contains(text));
        if wrong { Err(Failed::from(format!("{words}: {out}"))) } else { Ok(()) }
    };
    // Nothing is found where nothing can be judged: that is not well.
    has("doctor", 0, &["no problems found, but not everything could be checked"], &[])?;
    has("explain :41001", 0, &["evidence           IP Helper; sampled"], &["idiag", "EStats", "lifetime"])?;
    // Nobody counted what lies in the queues of connections.
    let queues = |queue| format!(r#""recv_queue":{queue},"send_queue":{queue}}}"#);
    let of_connections = format!(r#""established","count":8,{}"#, queues("null"));
    let of_listeners = format!(r#""listen","count":3,{}"#, queues("0"));
    has("-t -g state --json", 0, &[&of_connections, &of_listeners], &[])?;
    has("-t process=WINDOWS_guest.EXE --count", 0, &["9"], &["0"])?;
    has("-t recvq>0", 3, &[], &["ESTAB"])?;
    has("-t cmd~x --strict", 3, &[], &["ESTAB"])
}
