//! Columns: what each is called, how it is written, how wide it is, what must be asked for it.
//!
//! Every field of the registry is a column under its own name. `special` has the few that are more than one field or
//! are better written otherwise in a table. Help, completion, sorting and grouping use the same names.

mod choose;
mod column;
mod key;
mod notes;
mod ranks;
mod sort;
mod special;
pub(crate) mod usual;

pub(crate) use choose::{choose, find, is_relative, unknown};
pub(crate) use column::{Column, all};
pub(crate) use key::Key;
pub(crate) use notes::NOTES;
pub(crate) use ranks::LONG;
pub(crate) use sort::{Order, direction, parse_orders};
pub(crate) use special::Shrink;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use pree::field;

    use super::*;

    #[test]
    fn every_field_is_a_column_and_no_name_stands_twice() {
        let names: Vec<_> = all().map(Column::name).collect();
        let unique: HashSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        for field in field::all() {
            assert!(unique.contains(&field.name), "{}", field.name);
        }
        let machine: HashSet<_> = all().map(Column::machine_name).collect();
        assert_eq!(machine.len(), names.len());
    }

    #[test]
    fn headings_fit_their_columns() {
        for column in all() {
            assert!(column.heading().len() <= column.pipe_width(), "{}", column.name());
            assert!(column.doc().len() > 3, "{}", column.name());
        }
    }
}
