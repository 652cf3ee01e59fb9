//! Is a text like a pattern, or does it contain something?

use super::lex::{self, Op};
use crate::model::{Address, Socket, Text};

/// The arguments each ended by NUL, or as a table shows them: with spaces between, and quotes around what has some itself.
pub(super) fn is_command(op: Op, wanted: &Text, arguments: &[u8]) -> bool {
    let is = |text: &[u8], wanted: &Text| {
        if op == Op::Contains { contains(text, wanted) } else { glob(wanted.as_bytes(), text) }
    };
    let inner = arguments.strip_suffix(b"\0").unwrap_or(arguments);
    let spaced: Vec<u8> = inner.iter().map(|byte| if *byte == 0 { b' ' } else { *byte }).collect();
    is(&spaced, wanted)
        || is(arguments, wanted)
        || lex::arguments(wanted.as_bytes()).is_some_and(|wanted| is(inner, &Text::from(wanted)))
}

/// `*` is any bytes, `?` any one byte, everything else itself.
pub(super) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last star does not fit.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        #[cfg(test)]
        crate::steps::count(1);
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(b) if *b == b'?' || text.get(t) == Some(b) => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    p = after;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|b| *b == b'*')
}

/// In small letters, for who compares without case.
pub(super) fn small(text: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(text).to_lowercase().into_bytes()
}

/// Searching ignores case.
pub(super) fn contains(text: &[u8], wanted: &Text) -> bool {
    let wanted = wanted.as_bytes();
    wanted.is_empty() || text.windows(wanted.len()).any(|window| window.eq_ignore_ascii_case(wanted))
}

/// An address that is neither IP nor Unix, as outputs show it, or with the index of its interface.
pub(super) fn is_shown(text: &Text, address: &Address, socket: &Socket) -> bool {
    match address {
        Address::Inet(_) | Address::Unix(_) => false,
        other => as_shown(other, socket).iter().any(|shown| glob(text.as_bytes(), shown.as_bytes())),
    }
}

/// An end of a socket without names of interfaces, and as outputs show it.
pub(super) fn as_shown(address: &Address, socket: &Socket) -> [String; 2] {
    let is_local = std::ptr::eq(address, &raw const socket.local);
    let end = if is_local { Some(socket.shown_local()) } else { socket.shown_remote() };
    [address.to_string(), end.map(|end| end.to_string()).unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, expected) in [
            ("nginx", "nginx", true),
            ("nginx", "nginx2", false),
            ("ng*", "nginx", true),
            ("*x", "nginx", true),
            ("*g*n*", "nginx", true),
            ("?ginx", "nginx", true),
            ("?", "", false),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
