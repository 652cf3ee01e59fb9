//! `--watch`: the same answer again and again, in place on a terminal, else a line of JSON each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use pree::field::{self, View};
use pree::{Coverage, Moment, Snapshot, Socket, SocketId};

use crate::exit::{ANSWERED, Failure};
use crate::output::json::writer::Json;
use crate::output::screen::Screen;
use crate::output::{self, Format, Options};
use crate::session;
use crate::sys::interrupts::{self, Interrupts};
use crate::text::escape;

/// How long it may take to see an interrupt.
const PATIENCE: Duration = Duration::from_millis(50);

/// One answer.
pub(super) struct Frame {
    pub(super) text: Vec<u8>,
    /// The time of the Unix epoch.
    pub(super) taken: Option<Duration>,
    pub(super) code: ExitCode,
    /// What else there is to say.
    pub(super) notes: Vec<String>,
}

/// What an answer lacks, as [`session::Options::tell`] says it.
pub(super) fn notes(coverage: &Coverage) -> Vec<String> {
    coverage.gaps().iter().map(|gap| escape::text(gap.to_string().as_bytes()).into_owned()).collect()
}

/// What is not shown in place is JSON.
pub(super) fn format(shown: &mut Options, screen: Screen) {
    if shown.format == Format::Table && !screen.terminal {
        shown.format = Format::Json;
    }
}

/// Looks so often, until an interrupt.
pub(super) fn repeat(
    every: Duration,
    in_place: bool,
    mut look: impl FnMut() -> Result<Frame, Failure>,
) -> Result<ExitCode, Failure> {
    let held = Interrupts::hold();
    let mut out = output::stdout();
    let mut code = ExitCode::from(ANSWERED);
    let mut is_first = true;
    loop {
        let begun = Instant::now();
        match look() {
            Ok(frame) => {
                code = frame.code;
                out.write_all(&if in_place { painted(&frame, is_first) } else { stamped(frame) })?;
                out.flush()?;
            }
            Err(Failure::Interrupted) => return Ok(code),
            Err(failure) if is_first => return Err(failure),
            // What fails once may not the next time.
            Err(failure) => {
                if let Some(text) = failure.text() {
                    session::say(&text.to_string());
                }
            }
        }
        is_first = false;
        // Looking takes no more than half of the time.
        let took = begun.elapsed();
        let next = every.max(took * 2);
        while begun.elapsed() < next {
            if interrupts::came() {
                return Ok(code);
            }
            held.wait(PATIENCE.min(next.saturating_sub(begun.elapsed())));
        }
    }
}

/// What is put in the place of the frame before: lines are cut at the edge, and nothing is scrolled away.
fn painted(frame: &Frame, is_first: bool) -> Vec<u8> {
    let notes: Vec<&[u8]> = frame.notes.iter().map(String::as_bytes).collect();
    let rows = frame.text.strip_suffix(b"\n").unwrap_or(&frame.text).split(|byte| *byte == b'\n');
    let room = Screen::height().unwrap_or(usize::MAX).saturating_sub(notes.len() + 1).max(1);
    let mut out = Vec::new();
    // Without wrapping; from the first line.
    out.extend_from_slice(if is_first { b"\x1b[2J\x1b[?7l\x1b[H" } else { b"\x1b[?7l\x1b[H" });
    let shown = rows.take(room).chain(notes);
    for line in shown {
        out.extend_from_slice(line);
        // What was there to the right of it goes.
        out.extend_from_slice(b"\x1b[K\r\n");
    }
    out.extend_from_slice(b"\x1b[J\x1b[?7h");
    out
}

/// The last line says when it was.
fn stamped(frame: Frame) -> Vec<u8> {
    let mut text = frame.text;
    let body = text.strip_suffix(b"\n").unwrap_or(&text);
    let last = body.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    if text.get(last) == Some(&b'{') {
        let mut json = Json::default();
        json.value(field::TIME.key, field::TIME.unit, frame.taken.into());
        json.raw(b",");
        let after = last + 1;
        text.splice(after..after, json.as_bytes().iter().copied());
    }
    text
}

/// The look before.
#[derive(Default)]
pub(super) struct Before {
    at: Duration,
    /// `None` where two sockets had one id: which of them is which is not known.
    of: HashMap<SocketId, Option<Socket>>,
}

impl Before {
    pub(super) fn new(look: Snapshot) -> Self {
        let at = look.taken().monotonic.unwrap_or_default();
        let mut of = HashMap::new();
        for socket in look {
            let Some(id) = socket.id() else { continue };
            match of.entry(id) {
                Entry::Vacant(free) => drop(free.insert(Some(socket))),
                Entry::Occupied(mut known) => *known.get_mut() = None,
            }
        }
        Self { at, of }
    }

    /// A socket of this moment, with what passed since.
    pub(super) fn view<'s>(&'s self, socket: &'s Socket, now: Moment) -> View<'s> {
        let view = View::new(socket);
        let before = socket.id().and_then(|id| self.of.get(&id)?.as_ref());
        match before.zip(now.monotonic) {
            Some((before, now)) => view.since(before, now.saturating_sub(self.at)),
            None => view,
        }
    }
}
