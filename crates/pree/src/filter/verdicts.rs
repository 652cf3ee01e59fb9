//! How texts of processes are compared, and what tests of long ones came to. A process chooses how long its command line is, how many sockets it has and
//! through how many descriptors: so each text is gone through once for each test, not once for each socket.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Process, Text};

/// To go through less than this costs no more than to look it up.
const SHORT: usize = 64;

/// Of one collection: for each test, by what it looks for, and each process.
#[derive(Default)]
pub(crate) struct Verdicts {
    any_case: bool,
    known: RefCell<HashMap<(usize, usize), Known>>,
}

struct Known {
    verdict: Option<bool>,
    /// While it is kept, no other process has its address.
    _process: Arc<Process>,
}

impl Verdicts {
    /// Of a system where programs are the same in capitals and small letters.
    pub(crate) fn in_any_case() -> Self {
        Self { any_case: true, ..Self::default() }
    }

    /// Whether the names of programs are compared without case.
    pub(super) fn any_case(&self) -> bool {
        self.any_case
    }

    /// What `test`, which looks for `wanted` in so many bytes about a process, comes to.
    pub(super) fn of(
        &self,
        wanted: &Arc<Text>,
        process: &Arc<Process>,
        bytes: usize,
        test: impl FnOnce() -> Option<bool>,
    ) -> Option<bool> {
        let test = || {
            #[cfg(test)]
            crate::steps::count(bytes);
            test()
        };
        if bytes < SHORT {
            return test();
        }
        let key = (Arc::as_ptr(wanted) as usize, Arc::as_ptr(process) as usize);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.verdict;
        }
        let verdict = test();
        let known = Known { verdict, _process: Arc::clone(process) };
        self.known.borrow_mut().insert(key, known);
        verdict
    }
}
