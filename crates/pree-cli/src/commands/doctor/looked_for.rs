//! What was looked for, and what was not and why.

use pree::quality::{Basis, DETECTORS, HOST_DETECTORS, HostAssessment};

/// Issues that one look cannot show.
const OVER_TIME: [&str; 2] = ["retransmission_storm", "download_bloat"];

/// The names of issues; of those that were not looked for the reasons.
pub(super) fn looked_for(host: &HostAssessment) -> (Vec<&'static str>, Vec<(&'static str, &'static str)>) {
    let mut not: Vec<_> = host.unchecked.iter().map(|unchecked| (unchecked.name, unchecked.why)).collect();
    if host.basis == Basis::Lifetime {
        let takes_time = OVER_TIME.iter().filter(|name| !not.iter().any(|(other, _)| other == *name));
        not.extend(takes_time.map(|name| (*name, "takes several looks: --for 10s")).collect::<Vec<_>>());
    }
    // By their reasons, each where it comes first.
    let reasons: Vec<&str> = not.iter().map(|(_, why)| *why).collect();
    not.sort_by_key(|(_, why)| reasons.iter().position(|reason| reason == why));
    let of_host = HOST_DETECTORS.iter().map(|detector| detector.name);
    let all = of_host.chain(DETECTORS.iter().map(|detector| detector.name));
    (all.filter(|name| !not.iter().any(|(other, _)| other == name)).collect(), not)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_time_is_an_issue() {
        for name in OVER_TIME {
            assert!(DETECTORS.iter().any(|detector| detector.name == name), "{name}");
        }
    }
}
