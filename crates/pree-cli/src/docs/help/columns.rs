//! `pree help COLUMNS`: every column, what it means, and where it comes from.

use pree::field::{self, Unit};

use super::layout::row;
use crate::columns::{self, Column};
use crate::text::paragraph::{SCREEN, paragraph};

pub(super) fn text() -> String {
    let mut text = String::from("Columns\n\n");
    paragraph(
        &mut text,
        0,
        "For -c, --sort, --group-by and --format {NAME}; every field is a key of filters too. -c pid,rtt takes just \
         these, -c +rtt,-recvq changes what is shown anyway. Of several owners a field of the process is that of \
         the first.",
    );
    for note in columns::NOTES {
        text.push('\n');
        paragraph(&mut text, 0, note);
    }
    text.push_str("\nMade for tables:\n\n");
    for column in columns::all().filter(|column| matches!(column, Column::Special(_))) {
        row(&mut text, &format!("  {}", column.name()), 26, column.doc());
    }
    text.push_str("\nFields, with their unit and the kernel's name for them:\n\n");
    for field in field::all() {
        let left = format!("  {:<15} {}", field.name, unit(field.unit));
        let time = if field.takes_time { " Takes several looks." } else { "" };
        row(&mut text, left.trim_end(), 26, &(doc(field.doc) + time));
        let source = field.source;
        // On the line of the explanation where there is room.
        let last = text.lines().last().map_or(0, |line| line.chars().count());
        if last + source.chars().count() + 3 <= SCREEN {
            text.truncate(text.trim_end_matches('\n').len());
            text.push_str(" (");
            text.push_str(source);
            text.push_str(")\n");
        } else {
            row(&mut text, "", 26, &format!("({source})"));
        }
    }
    text.push_str("\nTheir keys in JSON are in pree schema.\n");
    text
}

/// What the numbers count.
pub(in crate::docs) fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Bytes => "bytes",
        Unit::BytesPerSecond => "bytes/s",
        Unit::PacketsPerSecond => "packets/s",
        Unit::Segments => "segments",
        Unit::Microseconds | Unit::Milliseconds | Unit::Timestamp => "time",
        Unit::UnixTime => "date",
        Unit::Bool => "yes/no",
        Unit::Share => "share",
        Unit::Score => "0 to 1",
        _ => "",
    }
}

/// The explanation as one line.
pub(in crate::docs) fn doc(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_there() {
        let text = text();
        for column in columns::all() {
            assert!(text.lines().any(|line| line.split_whitespace().next() == Some(column.name())));
        }
    }
}
