//! Named issues of one socket, as a value.

use crate::quality::{DETECTORS, Detector, Finding, Severity};

/// Named issues of one socket, each once, the worst first and those of one severity in the order of [`DETECTORS`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Issues {
    /// For each severity, from info up, a bit for each detector.
    found: [u64; 3],
}

const _: () = assert!(DETECTORS.len() <= 64, "a bit for each detector");

/// From the worst down.
const SEVERITIES: [(Severity, usize); 3] =
    [(Severity::Critical, 2), (Severity::Warning, 1), (Severity::Info, 0)];

impl std::ops::BitOrAssign for Issues {
    /// Those of both.
    fn bitor_assign(&mut self, other: Self) {
        for (bits, more) in self.found.iter_mut().zip(other.found) {
            *bits |= more;
        }
    }
}

impl Issues {
    /// Of these findings.
    pub fn of(findings: &[Finding]) -> Self {
        let mut found = [0; 3];
        for finding in findings {
            let detector = DETECTORS.iter().position(|detector| detector.name == finding.name);
            let severity = SEVERITIES.iter().find(|(severity, _)| *severity == finding.severity);
            let bits = severity.and_then(|(_, index)| found.get_mut(*index));
            if let (Some(detector), Some(bits)) = (detector, bits) {
                *bits |= 1_u64 << detector;
            }
        }
        Self { found }
    }

    /// Names and severities, the worst first.
    pub fn iter(self) -> impl Iterator<Item = (&'static str, Severity)> {
        self.detectors().map(|(detector, severity)| (detector.name, severity))
    }

    /// What they were found by, in the same order.
    pub fn detectors(self) -> impl Iterator<Item = (&'static Detector, Severity)> {
        SEVERITIES.into_iter().flat_map(move |(severity, index)| {
            let bits = self.found.get(index).copied().unwrap_or_default();
            let of_one = move |(at, detector): (usize, &'static Detector)| {
                (bits.checked_shr(at as u32).unwrap_or(0) & 1 == 1).then_some((detector, severity))
            };
            DETECTORS.iter().enumerate().filter_map(of_one)
        })
    }

    /// The severity of the worst; `None` when there is no issue.
    pub fn worst(self) -> Option<Severity> {
        self.iter().next().map(|(_, severity)| severity)
    }

    /// The worst alone, if it is of severity warning or above.
    pub fn trouble(self) -> Option<Self> {
        let index =
            SEVERITIES.iter().find(|(severity, _)| Some(*severity) == self.worst()).map(|(_, index)| *index);
        let mut found = [0; 3];
        let bits = self.found.get(index?)?;
        *found.get_mut(index?)? = bits & bits.wrapping_neg();
        self.is_trouble().then_some(Self { found })
    }

    /// True when one is of severity warning or above.
    pub fn is_trouble(self) -> bool {
        self.worst() >= Some(Severity::Warning)
    }
}
