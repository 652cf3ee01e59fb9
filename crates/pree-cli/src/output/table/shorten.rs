//! Cells that must become narrower: process names and commands, in the middle. What is lost is marked with `…`.

use std::borrow::Cow;

use crate::text::width::{of_char, width};

/// Names keep at least this much of themselves.
const LEAST: usize = 5;

/// The text in at most `room` columns, without its middle.
pub(super) fn middle(text: &str, room: usize) -> Cow<'_, str> {
    let room = room.max(LEAST);
    if width(text.as_bytes()) <= room {
        return text.into();
    }
    let room = room - 1;
    // The end of a command says as much as its beginning: what is odd goes to the beginning.
    let head = take(text.chars(), room.div_ceil(2));
    let tail = take(text.chars().rev(), room / 2);
    let end = text.len() - tail;
    format!("{}…{}", text.get(..head).unwrap_or_default(), text.get(end..).unwrap_or_default()).into()
}

/// Bytes of the characters that fit into `room` columns.
fn take(chars: impl Iterator<Item = char>, room: usize) -> usize {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += of_char(*c);
            used <= room
        })
        .map(char::len_utf8)
        .sum()
}

/// A list of owners, `name[pid]/fd,…`, in at most `room` columns if that is possible at all: first the others are
/// counted, then the descriptor goes, then the name is shortened, then the count goes. The process id always stays.
pub(super) fn owners(list: &str, room: usize) -> Cow<'_, str> {
    // In parentheses is why there is none: a word of ours, which nobody could guess from half of it.
    if width(list.as_bytes()) <= room || list.starts_with('(') {
        return list.into();
    }
    let (first, others) = split(list);
    let more = if others == 0 { String::new() } else { format!(" +{others}") };
    let with_descriptor = format!("{first}{more}");
    if width(with_descriptor.as_bytes()) <= room {
        return with_descriptor.into();
    }
    let Some((name, rest)) = first.rfind('[').and_then(|at| first.split_at_checked(at)) else {
        return list.into();
    };
    let pid = rest.split('/').next().unwrap_or_default();
    let most = room.saturating_sub(pid.len());
    if most >= LEAST + more.len() || width(name.as_bytes()) + more.len() <= most {
        return format!("{}{pid}{more}", middle(name, most - more.len())).into();
    }
    format!("{}{pid}", middle(name, most)).into()
}

/// The first owner, and how many more there are. A comma in a name is in quotes.
fn split(list: &str) -> (&str, usize) {
    let mut quoted = false;
    let mut escaped = false;
    let mut first = None;
    let mut others = 0;
    for (at, c) in list.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                first.get_or_insert(at);
                others += 1;
            }
            _ => {}
        }
    }
    (first.and_then(|end| list.get(..end)).unwrap_or(list), others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_the_middle() {
        for (text, room, shown) in [
            ("short", 5, "short"),
            ("/usr/bin/python3 app.py", 11, "/usr/…pp.py"),
            ("/usr/bin/python3 app.py", 10, "/usr/…p.py"),
            ("abcdefgh", 0, "ab…gh"),
            ("grün-grün-grün", 7, "grü…rün"),
            ("世界世界世界", 7, "世…界"),
            ("世界世界世界", 6, "世…界"),
        ] {
            let short = middle(text, room);
            assert!(width(short.as_bytes()) <= room.max(LEAST), "{short}");
            assert_eq!(short, shown);
        }
    }

    #[test]
    fn of_owners() {
        for (list, room, shown) in [
            ("nginx[12]/6", 11, "nginx[12]/6"),
            ("nginx[12]/6,nginx[13]/6,nginx[14]/6", 20, "nginx[12]/6 +2"),
            ("nginx[12]/6,nginx[13]/6", 12, "nginx[12] +1"),
            ("a-long-name[12]/6", 11, "a-l…ame[12]"),
            ("a-long-name[1234567]/6,b[1]/2", 10, "a-…me[1234567]"),
            ("python3[1]/3,sh[2]/3", 8, "py…n3[1]"),
            ("python3[1]/3,sh[2]/3", 11, "py…n3[1] +1"),
            ("sh[1]/3,python3[2]/3", 8, "sh[1] +1"),
            ("\"a,b\\\"[1]\"[77]/6,c[1]/2", 16, "\"a,b…[1]\"[77] +1"),
            ("(no_visible_holder)", 11, "(no_visible_holder)"),
        ] {
            assert_eq!(owners(list, room), shown, "{list}");
        }
    }
}
