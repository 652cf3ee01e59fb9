//! Reads JSON back: the document of `--json`, the lines of `--jsonl`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use pree_testkit::Failed;
use serde_json::Value;

use crate::rows::{Owner, Row};

/// An answer, whichever of the two it came as.
#[derive(Debug)]
pub struct Document {
    pub complete: bool,
    pub missing: Vec<Missing>,
    pub sockets: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub what: String,
    pub why: String,
    pub count: Option<u64>,
    pub hint: String,
}

impl Document {
    pub fn rows(&self) -> Result<Vec<Row>, Failed> {
        let row = |socket| row(socket).ok_or_else(|| format!("not a socket: {socket}").into());
        self.sockets.iter().map(row).collect()
    }

    /// Nothing is missing.
    pub fn whole(self) -> Result<Self, Failed> {
        if self.complete { Ok(self) } else { Err(format!("missing: {:?}", self.missing).into()) }
    }
}

/// The output of `--json`.
pub fn document(text: &str) -> Result<Document, Failed> {
    if text.lines().count() != 1 || !text.ends_with('\n') {
        return Err(format!("not one line: {text:?}").into());
    }
    let value: Value = serde_json::from_str(text)?;
    let members = value.as_object().ok_or("not an object")?;
    let sockets = members.get("sockets").and_then(Value::as_array).ok_or("no sockets")?.clone();
    completeness(&value, 5, sockets)
}

/// The output of `--jsonl`.
pub fn lines(text: &str) -> Result<Document, Failed> {
    let mut values: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let last = values.pop().filter(|_| text.ends_with('\n')).ok_or("no last line")?;
    completeness(&last, 4, values)
}

fn completeness(value: &Value, members: usize, sockets: Vec<Value>) -> Result<Document, Failed> {
    let wrong = || format!("not schema, complete, missing and notes: {value}");
    let object = value.as_object().filter(|object| object.len() == members).ok_or_else(wrong)?;
    if object.get("schema").and_then(Value::as_str) != Some("pree/1") {
        return Err(wrong().into());
    }
    let complete = object.get("complete").and_then(Value::as_bool).ok_or_else(wrong)?;
    let notes = object.get("notes").and_then(Value::as_array).ok_or_else(wrong)?;
    if !notes.iter().all(Value::is_string) {
        return Err(wrong().into());
    }
    let gaps = object.get("missing").and_then(Value::as_array).ok_or_else(wrong)?;
    let missing = gaps.iter().map(missing).collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    if complete != missing.is_empty() {
        return Err(wrong().into());
    }
    Ok(Document { complete, missing, sockets })
}

fn missing(gap: &Value) -> Option<Missing> {
    let text = |key| gap.get(key)?.as_str().map(str::to_owned);
    let count = gap.get("count")?;
    Some(Missing {
        what: text("what")
            .filter(|what| ["rows", "owners", "stats", "fields", "looks"].contains(&what.as_str()))?,
        why: text("why")?,
        count: if count.is_null() { None } else { Some(count.as_u64()?) },
        hint: text("hint")?,
    })
}

fn row(socket: &Value) -> Option<Row> {
    let text = |key| socket.get(key)?.as_str().map(str::to_owned);
    let number = |key| match socket.get(key)? {
        Value::Null => Some(None),
        number => Some(Some(u32::try_from(number.as_u64()?).ok()?)),
    };
    let remote = socket.get("remote")?;
    let unowned = socket.get("unowned")?;
    Some(Row {
        protocol: text("protocol")?,
        state: text("state")?,
        local: address(socket.get("local")?)?,
        remote: if remote.is_null() { None } else { Some(address(remote)?) },
        recv_queue: number("recv_queue")?,
        send_queue: number("send_queue")?,
        owners: socket.get("owners")?.as_array()?.iter().map(owner).collect::<Option<_>>()?,
        unowned: if unowned.is_null() { None } else { Some(unowned.as_str()?.to_owned()) },
        details: BTreeMap::new(),
    })
}

fn address(value: &Value) -> Option<SocketAddr> {
    let members = value.as_object().filter(|members| members.len() == 2)?;
    let ip: IpAddr = members.get("ip")?.as_str()?.parse().ok()?;
    Some(SocketAddr::new(ip, u16::try_from(members.get("port")?.as_u64()?).ok()?))
}

fn owner(value: &Value) -> Option<Owner> {
    let number = |key| u32::try_from(value.get(key)?.as_u64()?).ok();
    Some(Owner { pid: number("pid")?, fd: number("fd")?, name: name(value)? })
}

/// The exact bytes of an owner's name.
fn name(owner: &Value) -> Option<Vec<u8>> {
    let text = owner.get("name")?.as_str()?;
    let Some(hex) = owner.get("name_bytes") else { return Some(text.as_bytes().to_vec()) };
    let hex = hex.as_str()?;
    let pairs = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok());
    let bytes = pairs.collect::<Option<Vec<u8>>>()?;
    // Only where the text cannot say it, and then beside what it can.
    (std::str::from_utf8(&bytes).is_err() && String::from_utf8_lossy(&bytes) == text).then_some(bytes)
}
