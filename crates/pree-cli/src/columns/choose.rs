//! From what was written to columns: `-c pid,rtt`, `-c +rtt,-fd`.

use pree::field;

use super::column::{Column, all};
use super::special::SPECIAL;
use crate::text::escape;

/// The column of this name. What CSV and JSON call a field is taken too: `rtt_us`.
pub(crate) fn find(name: &str) -> Option<Column> {
    let special = SPECIAL.iter().find(|special| special.name == name).map(Column::Special);
    let field = || field::named(name).map(Column::Field);
    let by_key = || {
        let mut of_key = field::all().filter(|field| field.key == name);
        // `ip` would be either end.
        of_key.next().filter(|_| of_key.next().is_none()).map(Column::Field)
    };
    let by_heading = || all().find(|column| column.machine_name() == name);
    special.or_else(field).or_else(by_heading).or_else(by_key)
}

/// What to say about a name that is no column.
pub(crate) fn unknown(name: &str) -> String {
    if field::is_planned(name) {
        return format!("{name} is not implemented yet");
    }
    let shown = escape::quoted(name.as_bytes());
    match field::nearest(name, all().map(Column::name)) {
        Some(nearest) => format!("no field {shown}: did you mean {nearest}?"),
        None => format!("no field {shown}: pree help COLUMNS has them all"),
    }
}

/// True when `-c` changes the usual columns instead of naming all.
pub(crate) fn is_relative(list: &str) -> bool {
    list.trim_start().starts_with(['+', '-'])
}

/// Reads `-c`: all columns, or what changes the usual ones, where a name without a sign has that of the one before it. Added
/// columns stand before the owner, which has no fixed width.
pub(crate) fn choose(list: Option<&str>, usual: &[Column]) -> Result<Vec<Column>, String> {
    let Some(list) = list else { return Ok(usual.to_vec()) };
    let relative = is_relative(list);
    let mut columns = if relative { usual.to_vec() } else { Vec::new() };
    let mut sign = None;
    for part in list.split(',').map(str::trim) {
        let name = part.trim_start_matches(['+', '-']);
        if name.len() < part.len() {
            sign = part.chars().next();
            if !relative {
                let shown = escape::quoted(list.as_bytes());
                return Err(format!(
                    "-c takes all columns, or +more and -fewer from the first on, not {shown}"
                ));
            }
        }
        let column = find(name).ok_or_else(|| {
            // lsof's -c takes a process.
            let way = match field::nearest(name, all().map(Column::name)) {
                None if !relative => {
                    format!("; the sockets of a process are process={}", escape::word(name.as_bytes()))
                }
                // netstat's goes on for ever.
                None if sign == Some('-') => "; again and again is --watch".to_owned(),
                _ => String::new(),
            };
            format!("-c: {}{way}", unknown(name))
        })?;
        let same = |other: &Column| other.name() == column.name();
        let there = columns.iter().position(same);
        if sign == Some('-') {
            columns.retain(|other| !same(other));
        } else if there.is_none() && relative {
            let before_owner = columns.iter().position(|other| other.name() == "owner");
            columns.insert(before_owner.unwrap_or(columns.len()), column);
        } else if there.is_none() {
            columns.push(column);
        }
    }
    if columns.is_empty() {
        return Err("-c leaves no column".to_owned());
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> Vec<Column> {
        ["proto", "local", "owner"].into_iter().filter_map(find).collect()
    }

    #[test]
    fn lists() {
        for (list, expected) in [
            (None, "proto local owner"),
            (Some("pid"), "pid"),
            (Some("rtt, cwnd,rtt"), "rtt cwnd"),
            (Some("+rtt"), "proto local rtt owner"),
            (Some("+rtt,-local,+local"), "proto rtt local owner"),
            (Some("-owner,+mss"), "proto local snd_mss"),
            (Some("-pid"), "proto local owner"),
            (Some("+rtt,mss,-proto,local"), "rtt snd_mss owner"),
            (Some("+local"), "proto local owner"),
            (Some("rtt_us,min_rtt_us,minrtt_us,owners"), "rtt minrtt owner"),
        ] {
            let names: Vec<_> = choose(list, &usual()).unwrap().into_iter().map(Column::name).collect();
            assert_eq!(names.join(" "), expected);
        }
    }

    #[test]
    fn mistakes() {
        for (list, says) in [
            ("rttt", "did you mean rtt?"),
            ("+nonsense", "pree help COLUMNS"),
            ("age", "age is not implemented yet"),
            ("scroe", "did you mean score?"),
            ("", "no field"),
            ("pid,,fd", "no field"),
            ("ip", "no field"),
            ("pid,+fd", "+more and -fewer from the first on"),
            ("-proto,-local,-owner", "leaves no column"),
            ("\u{1b}[31m", "\\u{1b}"),
        ] {
            let text = choose(Some(list), &usual()).err().unwrap_or_default();
            assert!(text.contains(says), "{list}: {text}");
        }
    }
}
