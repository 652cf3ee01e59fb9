//! The kit checked by itself: each population is what it says, as `/proc/net` and a plain `sock_diag` dump see it.

#![allow(clippy::disallowed_methods, reason = "the harness is checked by running it")]

mod compare;
mod harness;
mod holders;
mod oracles;

use std::process::ExitCode;

use pree_testkit::{Case, Failed, Family, Need, Population, population};

fn main() -> ExitCode {
    let mut cases = harness::cases();
    cases.extend(populations());
    cases.extend(holders::cases());
    cases.extend(oracles::cases());
    pree_testkit::main(cases)
}

type Builder = fn() -> Result<Population, Failed>;

fn populations() -> Vec<Case> {
    let builders: [(&str, Builder); 18] = [
        ("listeners", population::listeners),
        ("connections", population::connections),
        ("link_local", population::link_local),
        ("reuseport_v4", || population::reuseport(Family::V4, 8)),
        ("reuseport_v6", || population::reuseport(Family::V6, 8)),
        ("shared", population::shared),
        ("workers", || population::workers(Family::V4, 3)),
        ("in_flight", || population::in_flight(Family::V6)),
        ("accept_queue_v4", || population::accept_queue(Family::V4)),
        ("accept_queue_v6", || population::accept_queue(Family::V6)),
        ("states_v4", || population::states(Family::V4)),
        ("states_v6", || population::states(Family::V6)),
        ("states_mapped", population::states_mapped),
        ("queues_v4", || population::queues(Family::V4)),
        ("queues_v6", || population::queues(Family::V6)),
        ("udp", population::udp),
        ("options", population::options),
        ("syn_received", || population::syn_received(Family::V6)),
    ];
    let mut cases: Vec<Case> = builders
        .into_iter()
        .map(|(name, build)| {
            Case::new(format!("population_{name}"), move || compare::with_kernel(&build()?))
                .lab()
                .needs(Need::Ipv6)
                .needs(Need::Veth)
        })
        .collect();
    let one = |name: &str, build: Builder, need| {
        Case::new(name, move || compare::with_kernel(&build()?))
            .lab()
            .needs(Need::Ipv6)
            .needs(Need::Veth)
            .needs(need)
    };
    cases.push(one("population_bound_only", population::bound_only, Need::BoundInactive));
    cases.push(one("population_users", population::users, Need::RealRoot));
    cases.push(one("population_udplite", population::udplite, Need::UdpLite));
    cases.push(
        Case::new("populations_together_in_64_buckets", move || {
            let mut all = Population::new();
            for (_, build) in builders {
                all.merge(build()?);
            }
            compare::with_kernel(&all)
        })
        .lab_with_child_ehash(64)
        .needs(Need::Ipv6)
        .needs(Need::Veth),
    );
    cases
}
