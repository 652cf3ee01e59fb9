//! Numbers for the names in a filter: users, interfaces, cgroups.

use std::collections::HashMap;

use pree_wire::links::Link;

use crate::coverage::{Gap, Missing};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Name;
use crate::model::{Socket, Text};
use crate::source::{Failure, Question, Source, read_all};

/// The number that goes by this name; `None` when nothing does.
pub(super) fn number(source: &mut dyn Source, what: Name, name: &str) -> Result<Option<u64>> {
    let ask = |source: &mut dyn Source, question: &Question<'_>| match read_all(source, question) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(failure) if failure.kind() == ErrorKind::Absent => Ok(None),
        Err(failure) => Err(Error::of(failure, "find", format!("{name:?}"))),
    };
    Ok(match what {
        Name::User => {
            let table = ask(source, &Question::Users)?.unwrap_or_default();
            users(&table)
                .iter()
                .find(|(_, user)| user.as_bytes() == name.as_bytes())
                .map(|(uid, _)| u64::from(*uid))
        }
        Name::Device => match ask(source, &Question::Interface(name)) {
            // A recording has the names of all.
            Err(error) if error.kind() == ErrorKind::NotRecorded => {
                let links = read_all(source, &Question::Links).map_err(|_| error)?;
                Link::all(&links).find(|link| link.name == name.as_bytes()).map(|link| link.index.into())
            }
            found => {
                found?.and_then(|bytes| bytes.try_into().ok()).map(|bytes| u32::from_le_bytes(bytes).into())
            }
        },
        Name::Cgroup => ask(source, &Question::Cgroup(name))?
            .and_then(|bytes| bytes.try_into().ok())
            .map(u64::from_le_bytes),
    })
}

/// Names of the interfaces of one network namespace, each asked for once.
#[derive(Default)]
pub(super) struct InterfaceNames {
    known: HashMap<u32, Option<Text>>,
    /// Why some could not be read.
    unread: Option<Failure>,
}

impl InterfaceNames {
    /// Stores the name on the row. False where it has not been asked for yet.
    pub(super) fn complete(&self, socket: &mut Socket) -> bool {
        let Some(index) = socket.interface else { return true };
        let name = self.known.get(&index);
        socket.interface_name = name.cloned().flatten();
        name.is_some()
    }

    /// Asks for a name. An interface that is gone has none.
    pub(super) fn ask(&mut self, index: u32, source: &mut dyn Source) {
        let name = match read_all(source, &Question::InterfaceName(index)) {
            Ok(name) => Some(Text::from(name)),
            Err(failure) => {
                // Recordings of before this was asked have none.
                if !matches!(failure.kind(), ErrorKind::Absent | ErrorKind::NotRecorded) {
                    self.unread.get_or_insert(failure);
                }
                None
            }
        };
        self.known.insert(index, name);
    }

    /// The gap that indices without their names are.
    pub(super) fn gap(&self) -> Option<Gap> {
        Some(Gap {
            what: Missing::Fields,
            why: self.unread?.kind(),
            count: None,
            object: "names of interfaces".to_owned(),
            hint: "their numbers are exact",
        })
    }
}

/// The gap that user ids without their names are.
pub(super) fn no_user_names(failure: Failure) -> Gap {
    Gap {
        what: Missing::Fields,
        why: failure.kind(),
        count: None,
        object: "names of users".to_owned(),
        hint: "they are read from /etc/passwd; the numbers are exact",
    }
}

/// User names by id: `name:password:uid:…`; the first line of an id counts, as in `getpwuid(3)`.
pub(super) fn users(passwd: &[u8]) -> HashMap<u32, Text> {
    let mut users = HashMap::new();
    for line in passwd.split(|byte| *byte == b'\n') {
        let mut parts = line.split(|byte| *byte == b':');
        if let (Some(name), Some(_), Some(uid)) = (parts.next(), parts.next(), parts.next()) {
            if let Some(uid) = std::str::from_utf8(uid).ok().and_then(|uid| uid.parse().ok()) {
                users.entry(uid).or_insert_with(|| Text::from(name));
            }
        }
    }
    users
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_first_line_of_an_id_counts() {
        let users = users(b"root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::\n# no\nbad:x:y:\nn\xffm:x:7:1:\n\n");
        assert_eq!(users.len(), 2);
        assert_eq!(users[&0].as_bytes(), b"root");
        assert_eq!(users[&7].as_bytes(), b"n\xffm");
    }
}
