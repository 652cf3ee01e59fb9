//! Where the entries stand.

use super::entry::Field;
use super::{events, families, identity, memory, process, quality, queues, rates, tcp};

pub(super) const TABLES: [&[Field]; 9] = [
    identity::FIELDS,
    queues::FIELDS,
    memory::FIELDS,
    process::FIELDS,
    tcp::FIELDS,
    rates::FIELDS,
    quality::FIELDS,
    families::FIELDS,
    events::FIELDS,
];
