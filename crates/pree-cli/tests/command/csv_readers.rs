//! CSV as others read it: two parsers that are not ours see the same cells, and those of the other outputs.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use pree_testkit::Need;
use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Case, Failed, Family, Socket, hostile};

use crate::run;

pub fn cases() -> Vec<Case> {
    vec![Case::new("csv_is_read_by_others", read_by_others).lab().needs(Need::Tool("python3"))]
}

fn read_by_others() -> Result<(), Failed> {
    let mut holders = Vec::new();
    for name in hostile::NAMES {
        let socket = Socket::tcp(Family::V4)?;
        socket.bind((Family::V4.loopback(), 0))?;
        socket.listen(1)?;
        holders.push(Holder::start(HolderSpec::hold().name(name).inherit(&socket))?);
    }
    let bytes = run::command("--csv").output()?.stdout;
    let rows = by_the_csv_crate(&bytes)?;
    if rows != by_python(&bytes)? {
        return Err("the two parsers do not agree".into());
    }
    let (heading, rows) = rows.split_first().ok_or("no heading")?;
    if rows.len() != holders.len() || rows.iter().any(|row| row.len() != heading.len()) {
        return Err(
            format!("{} rows for {} sockets, or not all of one length", rows.len(), holders.len()).into()
        );
    }
    let column = |name: &str| heading.iter().position(|cell| cell == name).ok_or(format!("no column {name}"));
    let (pid, process) = (column("pid")?, column("process")?);
    let in_csv: BTreeMap<&str, &str> = rows
        .iter()
        .map(|row| (row[pid].as_str(), row[process].strip_prefix('\'').unwrap_or(&row[process])))
        .collect();
    let template = run::judge(run::command("--format").arg("{pid} {process}").output()?)?.whole()?.out;
    // A line of words has a word for nothing, and a name that is that word is escaped.
    let plain = |cell| match cell {
        "-" => "",
        "\\x2d" => "-",
        cell => cell,
    };
    let words = template.lines().filter_map(|line| line.split_once(' '));
    let mut in_template = words.map(|(pid, name)| (pid, plain(name)));
    let differ = in_template.find(|(pid, name)| in_csv.get(pid) != Some(name));
    if let Some((pid, name)) = differ {
        return Err(format!("{:?} instead of {name:?}", in_csv.get(pid)).into());
    }
    if in_csv.len() == holders.len() { Ok(()) } else { Err("not a row a socket".into()) }
}

fn by_the_csv_crate(bytes: &[u8]) -> Result<Vec<Vec<String>>, Failed> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    reader.records().map(|record| Ok(record?.iter().map(str::to_owned).collect())).collect()
}

fn by_python(bytes: &[u8]) -> Result<Vec<Vec<String>>, Failed> {
    const READ: &str = "import csv, io, json, sys\n\
        text = io.TextIOWrapper(sys.stdin.buffer, 'utf-8', newline='')\n\
        print(json.dumps(list(csv.reader(text, strict=True))))";
    let mut child =
        Command::new("python3").args(["-c", READ]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("no stdin")?.write_all(bytes)?;
    let output = child.wait_with_output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}
