//! Numbers for the names in a filter: users, interfaces, cgroups.

use super::owners::users;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Name;
use crate::source::{Errno, NOT_RECORDED, Question, Source, read_all};

/// The number that goes by this name; `None` when nothing does.
pub(super) fn number(source: &mut dyn Source, what: Name, name: &str) -> Result<Option<u64>> {
    let ask = |source: &mut dyn Source, question: &Question<'_>| match read_all(source, question) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Errno::ENODATA) => {
            Err(Error::from_errno(Errno::ENODATA, "find", format!("{name:?}")).with_hint(NOT_RECORDED))
        }
        Err(errno) if ErrorKind::of(errno) == ErrorKind::Absent => Ok(None),
        Err(errno) => Err(Error::from_errno(errno, "find", format!("{name:?}"))),
    };
    Ok(match what {
        Name::User => {
            let table = ask(source, &Question::Users)?.unwrap_or_default();
            users(&table)
                .iter()
                .find(|(_, user)| user.as_bytes() == name.as_bytes())
                .map(|(uid, _)| u64::from(*uid))
        }
        Name::Device => ask(source, &Question::Interface(name))?
            .and_then(|bytes| bytes.try_into().ok())
            .map(|bytes| u32::from_le_bytes(bytes).into()),
        Name::Cgroup => ask(source, &Question::Cgroup(name))?
            .and_then(|bytes| bytes.try_into().ok())
            .map(u64::from_le_bytes),
    })
}
