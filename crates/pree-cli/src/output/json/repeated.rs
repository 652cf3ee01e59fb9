//! The statistics of a row as text, with help of the row before: most connections of a machine agree in most of their
//! numbers, and copying runs of text costs less than writing every number again.

use pree::field::{self, Section};
use pree::{Socket, TcpStats};

/// What was written for the row before.
pub(crate) struct Repeated {
    before: TcpStats,
    text: Vec<u8>,
    /// Where the text of each field ends.
    ends: Vec<usize>,
}

impl Repeated {
    pub(crate) fn new() -> Self {
        Self { before: TcpStats::default(), text: Vec::new(), ends: Vec::new() }
    }

    /// Adds the statistics of `socket` to `out`, as `write` adds each field of them. It gets the place of the field in the
    /// registry's section, and must depend on nothing else that changes from row to row.
    pub(crate) fn write(
        &mut self,
        socket: &Socket,
        out: &mut Vec<u8>,
        mut write: impl FnMut(usize, &mut Vec<u8>),
    ) {
        let Some(tcp) = &socket.tcp else { return };
        let Self { before, text, ends } = self;
        let start = out.len();
        if ends.is_empty() {
            // The first row.
            ends.extend((0..field::of(Section::Tcp).count()).map(|place| {
                write(place, out);
                out.len() - start
            }));
        } else {
            // How far the old text is used, and the fields that are done.
            let (mut used, mut done) = (0, 0);
            let mut differences = field::tcp_differences(tcp, before);
            loop {
                let place = (differences.trailing_zeros() as usize).min(ends.len());
                differences &= differences.wrapping_sub(1);
                // What is alike moves as a whole.
                let alike = ends.get_mut(done..place).unwrap_or_default();
                let end = alike.last().copied().unwrap_or(used);
                let moved = (out.len() - start).wrapping_sub(used);
                for end in alike {
                    *end = end.wrapping_add(moved);
                }
                out.extend_from_slice(text.get(used..end).unwrap_or_default());
                let Some(end) = ends.get_mut(place) else { break };
                write(place, out);
                used = std::mem::replace(end, out.len() - start);
                done = place + 1;
            }
        }
        before.clone_from(tcp);
        text.clear();
        text.extend_from_slice(out.get(start..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use pree::field::{Value, View};

    use super::*;
    use crate::output::sample;

    #[test]
    fn as_if_each_was_written() {
        let mut sockets = sample::sockets();
        sockets.retain(|socket| socket.tcp.is_some());
        let other = sockets.pop().unwrap();
        let (mut less, mut more) = (other.clone(), other.clone());
        less.tcp.as_mut().unwrap().state = None;
        more.tcp.as_mut().unwrap().snd_cwnd = Some(1_000_000);
        more.tcp.as_mut().unwrap().congestion_algorithm = Some(b"bbr"[..].into());
        let first = sockets.pop().unwrap();
        let listener = sample::sockets().swap_remove(0);
        let fields: Vec<_> = field::of(Section::Tcp).collect();
        let mut repeated = Repeated::new();
        for socket in [&first, &first, &other, &less, &listener, &more, &first, &more, &more, &less] {
            // Texts of every length, and none.
            let write = |place: usize, out: &mut Vec<u8>| {
                let value = (fields[place].get)(&View::new(socket));
                if value != Value::Unknown {
                    out.extend_from_slice(format!("{place}{value:?}").as_bytes());
                }
            };
            let (mut out, mut expected) = (b"before".to_vec(), b"before".to_vec());
            repeated.write(socket, &mut out, write);
            if socket.tcp.is_some() {
                (0..fields.len()).for_each(|place| write(place, &mut expected));
            }
            assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&expected));
        }
    }
}
