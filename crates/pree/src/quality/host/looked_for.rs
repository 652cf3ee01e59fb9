//! What was looked for on a machine, and what not.

use super::{HOST_DETECTORS, HostAssessment, Unchecked};
use crate::quality::{Basis, DETECTORS};

impl HostAssessment {
    /// The names of issues that were looked for; those that were not, or not on every socket, with the reasons.
    pub fn looked_for(&self) -> (Vec<&'static str>, Vec<Unchecked>) {
        let mut not = self.unchecked.clone();
        if self.basis == Basis::Lifetime {
            let takes_time = DETECTORS.iter().filter(|detector| detector.takes_time);
            let others = takes_time.filter(|detector| !not.iter().any(|one| one.name == detector.name));
            let why = "takes several looks: --for 10s";
            not.extend(others.map(|detector| Unchecked { name: detector.name, why }).collect::<Vec<_>>());
        }
        // By their reasons, each where it comes first.
        let reasons: Vec<&str> = not.iter().map(|one| one.why).collect();
        not.sort_by_key(|one| reasons.iter().position(|reason| *reason == one.why));
        let of_host = HOST_DETECTORS.iter().map(|detector| detector.name);
        let all = of_host.chain(DETECTORS.iter().map(|detector| detector.name));
        (all.filter(|name| !not.iter().any(|other| other.name == *name)).collect(), not)
    }
}
