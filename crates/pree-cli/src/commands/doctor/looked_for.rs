//! What was looked for, and what was not and why.

use pree::quality::{Basis, DETECTORS, HOST_DETECTORS, HostAssessment};

/// The names of issues; of those that were not looked for the reasons.
pub(super) fn looked_for(host: &HostAssessment) -> (Vec<&'static str>, Vec<(&'static str, &'static str)>) {
    let mut not: Vec<_> = host.unchecked.iter().map(|unchecked| (unchecked.name, unchecked.why)).collect();
    if host.basis == Basis::Lifetime {
        let takes_time = DETECTORS.iter().filter(|detector| detector.takes_time);
        let others = takes_time.filter(|detector| !not.iter().any(|(name, _)| *name == detector.name));
        let others = others.map(|detector| (detector.name, "takes several looks: --for 10s"));
        not.extend(others.collect::<Vec<_>>());
    }
    // By their reasons, each where it comes first.
    let reasons: Vec<&str> = not.iter().map(|(_, why)| *why).collect();
    not.sort_by_key(|(_, why)| reasons.iter().position(|reason| reason == why));
    let of_host = HOST_DETECTORS.iter().map(|detector| detector.name);
    let all = of_host.chain(DETECTORS.iter().map(|detector| detector.name));
    (all.filter(|name| !not.iter().any(|(other, _)| other == name)).collect(), not)
}
