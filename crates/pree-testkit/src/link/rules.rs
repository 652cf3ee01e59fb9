//! Packet-drop rules of the kernel at the far end, by `nft`, with the kernel's own counters.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use super::count::FlowCount;
use crate::need::tool;

/// IP packets longer than this carry data: the longest headers with all options are shorter.
const WITHOUT_DATA: u32 = 150;
/// What the share is told in.
const PARTS: u32 = 100_000;

/// Drops this share of the data segments that arrive in the calling thread's namespace.
pub(super) fn drop_arriving(share: f64) -> io::Result<()> {
    let lost = (share * f64::from(PARTS)).round() as u32;
    nft(&format!(
        "table inet link {{
            counter came {{ }}
            counter dropped {{ }}
            chain arriving {{
                type filter hook prerouting priority 0;
                meta l4proto tcp meta length > {WITHOUT_DATA} counter name came jump losing
            }}
            chain losing {{
                numgen random mod {PARTS} < {lost} counter name dropped drop
            }}
        }}"
    ))
    .map(drop)
}

/// What the rules have counted, of all connections together.
pub(super) fn count() -> io::Result<FlowCount> {
    let text = nft("list counters table inet link")?;
    let packets = |name: &str| {
        let (_, rest) = text.split_once(&format!("counter {name} "))?;
        let (_, rest) = rest.split_once("packets ")?;
        rest.split_whitespace().next()?.parse().ok()
    };
    let both = packets("came").zip(packets("dropped"));
    let (data_segments, data_dropped) = both.ok_or_else(|| io::Error::other(format!("nft says {text:?}")))?;
    Ok(FlowCount { data_segments, data_dropped, ..FlowCount::default() })
}

fn nft(commands: &str) -> io::Result<String> {
    let program = tool("nft").ok_or_else(|| io::Error::other("there is no nft"))?;
    let mut child = Command::new(program)
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(commands.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}
