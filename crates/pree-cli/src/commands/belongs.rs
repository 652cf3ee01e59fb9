//! What a process belongs to, and what would stop that: a service starts again what is ended alone.

use pree::Process;
use pree::model::{Runtime, Unit};

use crate::text::escape;

/// Its unit, container and pod; empty where there is none or none was asked for.
pub(super) fn words(process: &Process) -> String {
    let mut parts = Vec::new();
    let name = |text: &[u8]| escape::word(text).into_owned();
    if let Some(unit) = &process.unit {
        parts.push(format!("unit {}", name(unit.name.as_bytes())));
    }
    if let Some(container) = &process.container {
        let runtime = container.runtime.map_or(String::new(), |runtime| format!(" ({})", runtime.name()));
        parts.push(format!("container {}{runtime}", name(container.shown())));
    }
    if let Some(pod) = &process.pod {
        parts.push(format!("pod {}", name(pod.as_bytes())));
    }
    parts.join("  ")
}

/// The command that stops the unit or container instead, to be pasted into a shell.
pub(super) fn stop(process: &Process) -> Option<String> {
    let quoted = |text: &[u8]| shell_word(text);
    if let Some(container) = &process.container {
        let name = quoted(container.shown())?;
        return Some(match container.runtime? {
            Runtime::Docker => format!("docker stop {name}"),
            Runtime::Podman => format!("podman stop {name}"),
            Runtime::Containerd | Runtime::CriO => format!("crictl stop {name}"),
            Runtime::Lxc => format!("lxc-stop -n {name}"),
            Runtime::Nspawn => format!("machinectl poweroff {name}"),
            _ => return None,
        });
    }
    let Unit { name, user, .. } = process.unit.as_ref()?;
    // A session, or all that a user runs, is more than anybody meant.
    let is_too_much = |name: &[u8]| !name.ends_with(b".service") || name.starts_with(b"user@");
    if is_too_much(name.as_bytes()) {
        return None;
    }
    let name = quoted(name.as_bytes())?;
    Some(match user {
        Some(user) => format!("systemctl --user -M {user}@ stop {name}"),
        None => format!("systemctl stop {name}"),
    })
}

/// A text as a shell takes it; `None` where that could be something else than it looks.
fn shell_word(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok().filter(|text| !text.starts_with('-'))?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.@:+".contains(c);
    match text {
        _ if text.chars().all(is_plain) => Some(text.to_owned()),
        _ if text.chars().any(|c| escape::must_escape(c) || c == '\'') => None,
        _ => Some(format!("'{text}'")),
    }
}

#[cfg(test)]
mod tests {
    use pree::model::Container;

    use super::*;

    #[test]
    fn what_stops_it_is_what_it_belongs_to() {
        let id = "0123456789abcdef".repeat(4);
        let of = |unit: Option<(&str, Option<u32>)>, container: Option<(&str, Option<Runtime>)>| {
            let mut process = Process::default();
            process.unit = unit.map(|(name, user)| Unit::new(name.as_bytes(), user));
            process.container = container.map(|(name, runtime)| Container::new(name.as_bytes(), runtime));
            process
        };
        for (process, says, stops) in [
            (of(None, None), "", None),
            (
                of(Some(("shop.service", None)), None),
                "unit shop.service",
                Some("systemctl stop shop.service"),
            ),
            (
                of(Some(("node.service", Some(1000))), None),
                "unit node.service",
                Some("systemctl --user -M 1000@ stop node.service"),
            ),
            (of(Some(("session-3.scope", None)), None), "unit session-3.scope", None),
            (of(Some(("user@1000.service", None)), None), "unit user@1000.service", None),
            (
                of(Some(("docker-x.scope", None)), Some((&id, Some(Runtime::Docker)))),
                "unit docker-x.scope  container 0123456789ab (docker)",
                Some("docker stop 0123456789ab"),
            ),
            (of(None, Some((&id, None))), "container 0123456789ab", None),
            (
                of(None, Some(("my-web", Some(Runtime::Nspawn)))),
                "container my-web (nspawn)",
                Some("machinectl poweroff my-web"),
            ),
            (
                of(Some(("a\\x2db.service", None)), None),
                "unit \"a\\\\x2db.service\"",
                Some("systemctl stop 'a\\x2db.service'"),
            ),
            // Names that a shell would take for something else are not pasted.
            (of(Some(("-x.service", None)), None), "unit -x.service", None),
            (of(Some(("a'b.service", None)), None), "unit \"a'b.service\"", None),
            (of(Some(("a\u{1b}b.service", None)), None), "unit \"a\\u{1b}b.service\"", None),
            (
                of(Some(("a;b.service", None)), None),
                "unit \"a;b.service\"",
                Some("systemctl stop 'a;b.service'"),
            ),
        ] {
            assert_eq!((words(&process).as_str(), stop(&process).as_deref()), (says, stops));
        }
    }
}
