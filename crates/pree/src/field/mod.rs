//! The registry of fields: everything that can be shown, sorted by, filtered by or recorded about a socket, once.
//!
//! An entry says what the field is called, what it means, in which unit, where the number comes from, what must be
//! asked of the system to know it, and how to get it from a [`View`] of a socket. Outputs, help and schema are made from the
//! entries, so a new field is a new entry and nothing else.

mod entry;
mod events;
mod families;
mod handles;
mod identity;
mod issues;
mod lookup;
mod memory;
mod process;
mod quality;
mod queues;
mod rates;
mod tables;
mod tcp;
mod value;
mod view;

pub use entry::{Field, Section, Unit};
pub use handles::*;
pub use issues::Issues;
pub use lookup::ALIASES;
// For filters and for the command: no part of the interface.
#[doc(hidden)]
pub use lookup::{is_planned, nearest};
pub use process::OwnerField;
use tables::TABLES;
pub(crate) use tcp::is_of_later_kernels;
#[doc(hidden)]
pub use tcp::tcp_differences;
pub use value::Value;
pub use view::View;

/// Every field, grouped by section.
pub fn all() -> impl Iterator<Item = &'static Field> {
    TABLES.into_iter().flatten()
}

/// The fields of one section, in order.
pub fn of(section: Section) -> impl Iterator<Item = &'static Field> {
    all().filter(move |field| field.section == section)
}

/// What can be known about each owner, in order.
pub fn of_owner() -> impl Iterator<Item = &'static OwnerField> {
    process::OWNER_FIELDS.iter()
}

/// The field of this name, or the one that [`ALIASES`] mean by it.
pub fn named(name: &str) -> Option<&'static Field> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| *name);
    all().find(|field| field.name == name)
}

/// Year, month and day of a day, counted from 1970-01-01 as 0.
#[doc(hidden)]
pub fn date_of(day: u64) -> (u64, u64, u64) {
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days: years begin in March.
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_field_is_documented() {
        for field in all() {
            assert!(field.doc.trim().len() > 3, "{}: say what it means", field.name);
            assert!(field.source.trim().len() > 3, "{}: say where it comes from", field.name);
        }
    }

    #[test]
    fn names_and_keys_are_unique() {
        let mut names = HashSet::new();
        let mut keys = HashSet::new();
        for field in all() {
            assert!(names.insert(field.name), "{} stands twice", field.name);
            assert!(keys.insert((field.section, field.key)), "{} has a key twice", field.name);
        }
    }

    #[test]
    fn keys_end_in_their_unit() {
        for field in all() {
            let suffix = match field.unit {
                Unit::Microseconds => "_us",
                Unit::Milliseconds => "_ms",
                _ => "",
            };
            assert!(field.key.ends_with(suffix), "{}", field.key);
        }
    }
}
