//! What is different between two lists.

use std::fmt::Write as _;

use pree::Coverage;
use serde_json::{Value, json};

use super::listing::{Listing, Owners, Place, VERSION, entry};
use crate::text::escape;

/// One change: what was there, and what is.
struct Change<'l> {
    name: &'static str,
    before: Option<(&'l Place, &'l Owners)>,
    after: Option<(&'l Place, &'l Owners)>,
}

/// All changes, sorted by place.
pub(super) struct Changes<'l>(Vec<Change<'l>>);

impl<'l> Changes<'l> {
    pub(super) fn between(before: &'l Listing, after: &'l Listing) -> Self {
        let mut changes = Vec::new();
        let mut appeared: Vec<_> =
            after.places.iter().filter(|(place, _)| !before.places.contains_key(place)).collect();
        for (place, owners) in &before.places {
            let then = Some((place, owners));
            match after.places.get_key_value(place) {
                // Who is not known may be the same.
                Some((_, now)) if now == owners || !is_known(now) || !is_known(owners) => {}
                Some(now) => changes.push(Change { name: "owner", before: then, after: Some(now) }),
                None => {
                    // The same owner at another address of the same port: who can reach it is different.
                    let is_moved = |(other, now): &(&Place, &Owners)| {
                        let is_same_port = (&other.protocol, other.port) == (&place.protocol, place.port);
                        is_same_port && *now == owners && is_known(owners)
                    };
                    let moved = appeared.iter().position(is_moved).map(|at| appeared.remove(at));
                    let name = if moved.is_some() { "exposure" } else { "vanished" };
                    changes.push(Change { name, before: then, after: moved });
                }
            }
        }
        changes.extend(appeared.into_iter().map(|now| Change {
            name: "appeared",
            before: None,
            after: Some(now),
        }));
        changes.sort_by(|one, other| one.place().cmp(&other.place()));
        Self(changes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A line each.
    pub(super) fn text(&self) -> String {
        let mut lines = String::new();
        for change in &self.0 {
            let _ = writeln!(lines, "{}", change.line());
        }
        lines
    }

    /// The document.
    pub(super) fn json(&self, coverages: &[Coverage], is_whole: bool) -> String {
        let gaps = coverages.iter().flat_map(Coverage::gaps).map(|gap| {
            json!({
                "what": gap.what.name(), "why": gap.why.name(), "object": gap.object, "count": gap.count, "hint": gap.hint,
            })
        });
        let side = |side: Option<(&Place, &Owners)>| side.map(|(place, owners)| entry(place, owners));
        let changes = self.0.iter().map(|change| {
            json!({"change": change.name, "before": side(change.before), "after": side(change.after)})
        });
        let is_complete = is_whole && coverages.iter().all(Coverage::is_complete);
        let (gaps, changes): (Vec<Value>, Vec<Value>) = (gaps.collect(), changes.collect());
        format!(
            "{}\n",
            json!({"schema": VERSION, "complete": is_complete, "missing": gaps, "notes": [], "changes": changes})
        )
    }
}

/// Whether it is known who listens.
fn is_known(owners: &Owners) -> bool {
    !owners.iter().any(|owner| owner.starts_with('('))
}

impl Change<'_> {
    fn place(&self) -> Option<&Place> {
        self.before.or(self.after).map(|(place, _)| place)
    }

    fn line(&self) -> String {
        let place = |(place, _): (&Place, &Owners)| {
            format!("{} {}", escape::text(place.protocol.as_bytes()), escape::text(place.local.as_bytes()))
        };
        let owners = |(_, owners): (&Place, &Owners)| {
            let names = owners.iter().map(|owner| escape::text(owner.as_bytes()).into_owned());
            names.collect::<Vec<_>>().join(", ")
        };
        match (self.before, self.after) {
            (Some(then), Some(now)) if self.name == "owner" => {
                format!("~ {}  {}, now {}", place(then), owners(then), owners(now))
            }
            (Some(then), Some(now)) => {
                format!("~ {}, now {}  {}", place(then), escape::text(now.0.local.as_bytes()), owners(now))
            }
            (Some(then), None) => format!("- {}  {}", place(then), owners(then)),
            (None, Some(now)) => format!("+ {}  {}", place(now), owners(now)),
            (None, None) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(places: &[(&str, &str)]) -> Listing {
        let place = |local: &str| Place {
            protocol: "tcp".to_owned(),
            port: local.rsplit_once(':').unwrap().1.parse().unwrap(),
            local: local.to_owned(),
        };
        let places = places.iter().map(|(local, owner)| (place(local), [(*owner).to_owned()].into()));
        Listing { places: places.collect(), is_complete: true, has_processes: false }
    }

    #[test]
    fn each_kind_of_change_and_no_other() {
        let before = list(&[
            ("127.0.0.1:80", "unit a"),
            ("0.0.0.0:81", "unit a"),
            ("0.0.0.0:82", "unit a"),
            ("0.0.0.0:83", "(not_permitted)"),
            ("0.0.0.0:84", "unit a"),
            ("127.0.0.1:85", "(not_permitted)"),
        ]);
        let after = list(&[
            ("0.0.0.0:80", "unit a"),
            ("0.0.0.0:81", "unit b\n"),
            ("0.0.0.0:83", "unit c"),
            ("0.0.0.0:84", "unit a"),
            ("0.0.0.0:85", "(not_permitted)"),
            ("*:9", "unit new"),
        ]);
        let text = Changes::between(&before, &after).text();
        let expected = "+ tcp *:9  unit new\n~ tcp 127.0.0.1:80, now 0.0.0.0:80  unit a\n~ tcp 0.0.0.0:81  unit a, now unit b\\n\n\
             - tcp 0.0.0.0:82  unit a\n+ tcp 0.0.0.0:85  (not_permitted)\n- tcp 127.0.0.1:85  (not_permitted)\n";
        assert_eq!(text, expected);
        assert!(Changes::between(&before, &before).is_empty());
    }
}
