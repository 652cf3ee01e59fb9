//! Where the entries stand.

use super::entry::Field;
use super::{families, identity, memory, process, quality, queues, rates, tcp};

pub(super) const TABLES: [&[Field]; 8] = [
    identity::FIELDS,
    queues::FIELDS,
    memory::FIELDS,
    process::FIELDS,
    tcp::FIELDS,
    rates::FIELDS,
    quality::FIELDS,
    families::FIELDS,
];
