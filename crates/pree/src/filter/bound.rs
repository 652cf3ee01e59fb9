//! Whether a TCP socket that is only bound can match a filter: if so, rows may be missing from a source that does not report these.

use super::about;
use super::eval::can_be;
use super::expr::{End, Expr, Has, Test};
use crate::field::Section;
use crate::model::{Protocol, States};

/// Whether it can match, of which nothing else is known.
pub(super) fn may_match(expr: &Expr) -> bool {
    can_be(expr, true, &|test, wanted| {
        let has_none = about::field_of(test).is_some_and(|field| !may_have(field.section));
        match test {
            Test::State(states) => states.contains(States::BOUND_INACTIVE) == wanted,
            Test::Protocol(protocol) => (*protocol == Protocol::Tcp) == wanted,
            Test::Family(family) => !wanted || Protocol::Tcp.families().contains(family),
            // It has no other end, and its own is an address and a port.
            Test::Has(Has::Remote)
            | Test::Host(End::Remote, _)
            | Test::Shown(..)
            | Test::Path(..)
            | Test::Port(End::Remote, ..)
            | Test::PortRange(End::Remote, ..) => !wanted,
            Test::Has(_) if has_none => !wanted,
            // What it does not have is neither so nor otherwise.
            _ => !has_none,
        }
    })
}

/// Whether it can have anything of this kind.
fn may_have(section: Section) -> bool {
    match section {
        Section::Socket | Section::Local | Section::Netns | Section::Memory | Section::Owner => true,
        // Connections and listeners have these, and sockets of other families.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::filter::Filter;

    #[test]
    fn what_a_socket_that_is_only_bound_can_match() {
        for (text, may) in [
            ("", true),
            ("sport = 80", true),
            ("not sport = 80", true),
            ("pid = 1", true),
            ("has owner", true),
            ("has drops", true),
            ("not dport = 80", true),
            ("not rtt > 1ms or sport = 9", true),
            ("not has rtt", true),
            ("not has remote", true),
            ("family = ipv6", true),
            ("not path = /x", true),
            ("state != listen", true),
            ("dport = 80", false),
            ("has remote", false),
            ("rtt > 1ms", false),
            ("not rtt > 1ms", false),
            ("not (rtt > 1ms or loss > 1%)", false),
            ("has rtt", false),
            ("backlog > 3", false),
            ("timer = keepalive", false),
            ("peer = x", false),
            ("sport = 80 and cwnd > 3", false),
            ("sport = 80 and dst 10.0.0.1", false),
            ("family = unix", false),
            ("src = /run/x", false),
            ("proto = udp", false),
            ("state = listen", false),
            ("not state = bound-inactive", false),
        ] {
            let filter: Filter = text.parse().unwrap();
            assert_eq!(filter.may_match_bound(), may, "{text}");
        }
    }
}
