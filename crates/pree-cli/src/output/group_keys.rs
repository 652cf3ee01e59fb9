//! What sockets of a group have in common: the same text in one column, or in several.
//!
//! The remote end counts without its port, which for a client is a different one each time; the process by its name, with the reason
//! for those that have none: `(accept_queue)`, where a process of that name is `"(accept_queue)"`.

use std::collections::HashMap;
use std::sync::Arc;

use pree::Process;
use pree::field::{self, View};

use super::json::writer::Json;
use super::options::{Format, Options};
use crate::columns::{Column, Key, LONG};
use crate::text::value::Form;
use crate::text::{escape, figures, words};

/// What stands between the cells of a group's key, and before the number of a long text: no cell has either, for it is escaped.
const BETWEEN: u8 = 0;
const LONG_TEXT: u8 = 1;

/// The groups that were met, in the order in which they were.
pub(super) struct Keys {
    by: Vec<Column>,
    pub(super) form: Form,
    /// What each group has in common.
    all: Vec<Vec<u8>>,
    /// Their places in the list.
    places: HashMap<Vec<u8>, usize>,
    /// Cells that are long, each once, and their places in the list.
    texts: Vec<Vec<u8>>,
    text_places: HashMap<Vec<u8>, usize>,
    /// The same by where in memory they are: a command line is written once for each process. Of a process that is kept, no
    /// other's is there.
    long: HashMap<(usize, *const u8), (usize, Arc<Process>)>,
    key: Vec<u8>,
}

impl Keys {
    pub(super) fn new(by: Vec<Column>, form: Form) -> Self {
        Self {
            by,
            form,
            all: Vec::new(),
            places: HashMap::new(),
            texts: Vec::new(),
            text_places: HashMap::new(),
            long: HashMap::new(),
            key: Vec::new(),
        }
    }

    /// How many columns make a key.
    pub(super) fn columns(&self) -> usize {
        self.by.len()
    }

    /// Adds the text of a column to the key.
    fn read_cell(&mut self, by: Column, view: &View<'_>) {
        let socket = view.socket();
        match by.name() {
            "remote" => match socket.remote.as_ref().and_then(pree::Address::socket_addr) {
                Some(address) => words::host(socket, address, &mut self.key),
                None => by.write(view, self.form, &mut self.key),
            },
            name if name == "owner" || name == field::PROCESS.name => match socket.owners.first() {
                Some(owner) => {
                    let name = owner.process.name.as_bytes();
                    let shown = match name {
                        // Bare it could be a reason, one in quotes, or nobody.
                        [] | [b'(' | b'"', ..] => escape::quoted(name).into(),
                        _ if self.form == Form::Machine => escape::text(name),
                        _ => escape::word(name),
                    };
                    self.key.extend_from_slice(shown.as_bytes());
                }
                None => words::unowned(socket, &mut self.key),
            },
            _ => by.write(view, self.form, &mut self.key),
        }
    }

    /// The same of a long text, by its number.
    fn read_long_cell(
        &mut self,
        place: usize,
        by: Column,
        text: *const u8,
        view: &View<'_>,
        owner: &Arc<Process>,
    ) {
        let known = self.long.get(&(place, text)).map(|(number, _)| *number);
        let number = known.unwrap_or_else(|| {
            let start = self.key.len();
            self.read_cell(by, view);
            let cell = self.key.split_off(start);
            let number = *self.text_places.entry(cell).or_insert_with_key(|cell| {
                self.texts.push(cell.clone());
                self.texts.len() - 1
            });
            self.long.insert((place, text), (number, Arc::clone(owner)));
            number
        });
        self.key.push(LONG_TEXT);
        figures::number(number as u64, &mut self.key);
    }

    /// The place of the group that a socket is of.
    pub(super) fn place(&mut self, view: &View<'_>) -> usize {
        self.key.clear();
        for place in 0..self.by.len() {
            let by = self.by[place];
            if place > 0 {
                self.key.push(BETWEEN);
            }
            match (by.key(view), view.socket().owners.first()) {
                (Key::Text(text), Some(owner)) if text.len() > LONG => {
                    self.read_long_cell(place, by, text.as_ptr(), view, &owner.process);
                }
                _ => self.read_cell(by, view),
            }
        }
        self.places.get(&self.key).copied().unwrap_or_else(|| {
            self.places.insert(self.key.clone(), self.all.len());
            self.all.push(self.key.clone());
            self.all.len() - 1
        })
    }

    /// What the sockets of the group at this place have in common, a cell for each column.
    pub(super) fn cells<'k>(&'k self, place: usize) -> Vec<&'k [u8]> {
        let key = self.all.get(place).map_or(&b""[..], Vec::as_slice);
        let of_number =
            |number: &[u8]| self.texts.get(std::str::from_utf8(number).ok()?.parse::<usize>().ok()?);
        let whole = |cell: &'k [u8]| match cell {
            [LONG_TEXT, number @ ..] => of_number(number).map_or(&b""[..], Vec::as_slice),
            cell => cell,
        };
        key.split(|byte| *byte == BETWEEN).take(self.by.len()).map(whole).collect()
    }

    /// What stands above the cells.
    pub(super) fn headings(&self) -> impl Iterator<Item = String> {
        self.by.iter().map(|by| match by.heading() {
            _ if self.form == Form::Machine => by.machine_name(),
            // Beside other columns it needs none.
            none if none.is_empty() => by.name().to_uppercase(),
            heading => heading,
        })
    }
}

/// Writes the member that names a group; nothing where there is only one.
pub(super) fn member(json: &mut Json, cells: &[&[u8]]) {
    if cells.is_empty() {
        return;
    }
    json.key("key");
    let is_list = cells.len() > 1;
    if is_list {
        json.open(b'[');
    }
    for cell in cells {
        if cell.is_empty() { json.null() } else { json.string(&String::from_utf8_lossy(cell)) }
    }
    if is_list {
        json.close(b']');
    }
}

/// How texts are written in a format.
pub(super) fn form(options: &Options) -> Form {
    match (options.format, options.raw_units) {
        (Format::Table, false) => Form::Human,
        (Format::Table, true) => Form::Raw,
        _ => Form::Machine,
    }
}
