//! Every kind of population through every source.

use pree::{ErrorKind, Missing, Origin, Query, Snapshot, Socket, SourceChoice, State};
use pree_testkit::{Case, Failed, Family, Need, Population, population};

use crate::compare::{self, View, has_stats};

/// One of the sources.
const PROCFS: Need = Need::Feature("linux-procfs", cfg!(feature = "linux-procfs"));

type Builder = fn() -> Result<Population, Failed>;

/// Every kind of the kit, and what it needs besides IPv6 and veth.
const KINDS: &[(&str, Builder, Option<Need>)] = &[
    ("listeners", population::listeners, None),
    ("connections", population::connections, None),
    ("link_local", population::link_local, None),
    ("reuseport_v4", || population::reuseport(Family::V4, 8), None),
    ("reuseport_v6", || population::reuseport(Family::V6, 8), None),
    ("shared", population::shared, None),
    ("workers_v4", || population::workers(Family::V4, 3), None),
    ("workers_v6", || population::workers(Family::V6, 3), None),
    ("in_flight_v4", || population::in_flight(Family::V4), None),
    ("in_flight_v6", || population::in_flight(Family::V6), None),
    ("accept_queue_v4", || population::accept_queue(Family::V4), None),
    ("accept_queue_v6", || population::accept_queue(Family::V6), None),
    ("states_v4", || population::states(Family::V4), None),
    ("states_v6", || population::states(Family::V6), None),
    ("states_mapped", population::states_mapped, None),
    ("syn_received_v4", || population::syn_received(Family::V4), None),
    ("syn_received_v6", || population::syn_received(Family::V6), None),
    ("queues_v4", || population::queues(Family::V4), None),
    ("queues_v6", || population::queues(Family::V6), None),
    ("udp", population::udp, None),
    ("options", population::options, None),
    ("bound_only", population::bound_only, Some(Need::BoundInactive)),
    ("users", population::users, Some(Need::RealRoot)),
    ("udplite", population::udplite, Some(Need::UdpLite)),
];

pub fn cases() -> Vec<Case> {
    let needs = |case: Case| case.needs(Need::Ipv6).needs(Need::Veth);
    let mut cases = vec![Case::new("rows_of_nothing", || through_every_source(&Population::new())).lab()];
    for &(name, build, need) in KINDS {
        let case = needs(Case::new(format!("rows_{name}"), move || through_every_source(&build()?)).lab());
        cases.push(match need {
            Some(need) => case.needs(need),
            None => case,
        });
    }
    let together = || through_every_source(&everything()?);
    cases.push(needs_of_everything(Case::new("rows_together", together).lab()));
    cases.push(needs_of_everything(
        Case::new("rows_together_in_64_buckets", together).lab_with_child_ehash(64),
    ));
    let through_procfs = || through(&everything()?, SourceChoice::Procfs, View::Procfs);
    cases.push(needs_of_everything(Case::new("rows_through_procfs", through_procfs).lab()).needs(PROCFS));
    cases
}

/// What a case needs that calls [`everything`].
pub fn needs_of_everything(case: Case) -> Case {
    KINDS.iter().filter_map(|kind| kind.2).fold(case.needs(Need::Ipv6).needs(Need::Veth), Case::needs)
}

/// All kinds in one.
pub fn everything() -> Result<Population, Failed> {
    let mut all = Population::new();
    for (_, build, _) in KINDS {
        all.merge(build()?);
    }
    Ok(all)
}

fn through_every_source(population: &Population) -> Result<(), Failed> {
    for (choice, view) in
        [(SourceChoice::Auto, View::Diag), (SourceChoice::Diag, View::Diag), (SourceChoice::Proc, View::Proc)]
    {
        through(population, choice, view)?;
    }
    if PROCFS.missing().is_none() {
        through(population, SourceChoice::Procfs, View::Procfs)?;
    }
    Ok(())
}

fn through(population: &Population, choice: SourceChoice, view: View) -> Result<(), Failed> {
    let snapshot = Query::new().stats().owners().source(choice).collect()?;
    compare::check(population.truth(), snapshot.sockets(), view)?;
    coverage(&snapshot, choice, view)?;
    // Nothing is missing when no statistics are asked for.
    let snapshot = Query::new().owners().source(choice).collect()?;
    assert!(snapshot.coverage().is_complete(), "{choice:?}: {}", snapshot.coverage());
    Ok(())
}

fn coverage(snapshot: &Snapshot, choice: SourceChoice, view: View) -> Result<(), Failed> {
    use pree::Protocol::{Tcp, Udp, UdpLite};
    let coverage = snapshot.coverage();
    // The /proc of a kernel without UDP-Lite has no such file; sock_diag answers with nothing.
    let udplite = view == View::Diag || Need::UdpLite.missing().is_none();
    let expected = [Tcp, Udp, Udp, UdpLite, UdpLite]
        .into_iter()
        .filter(|table| udplite || *table != UdpLite)
        .map(|table| {
            let origin = match (view, table) {
                (View::Diag, _) => Origin::Diag,
                // The crate does not know it.
                (View::Procfs, Tcp | Udp) => Origin::Procfs,
                _ => Origin::Proc,
            };
            (table, origin)
        });
    let expected: Vec<_> = expected.collect();
    assert_eq!(coverage.origins(), expected, "{choice:?}");

    let whole = |socket: &&Socket| match socket.state {
        State::TimeWait | State::SynReceived => false,
        State::FinWait2 => socket.inode.is_some(),
        _ => true,
    };
    let lacking = snapshot.iter().filter(whole).filter(|socket| socket.memory.is_none()).count() as u64;
    let (fields, gaps): (Vec<_>, Vec<_>) =
        coverage.gaps().iter().partition(|gap| gap.what == Missing::Fields);
    let told: Vec<_> = fields.iter().map(|gap| (gap.object.as_str(), gap.count)).collect();
    let expected = [("/proc/net: memory", Some(lacking))];
    assert_eq!(told, expected[..usize::from(lacking > 0)], "{choice:?}: {coverage}");
    assert!(lacking == 0 || view != View::Diag, "{choice:?}: {coverage}");

    let without = snapshot.iter().filter(|socket| has_stats(socket) && socket.tcp.is_none()).count();
    if without == 0 {
        assert!(gaps.is_empty(), "{choice:?}: {coverage}");
        return Ok(());
    }
    let [gap] = gaps[..] else { return Err(format!("one more gap, not {coverage}").into()) };
    assert_eq!(
        (gap.what, gap.why, gap.count, gap.object.as_str()),
        (Missing::Stats, ErrorKind::Unsupported, Some(without as u64), "/proc/net")
    );
    assert!(gap.hint.contains("sock_diag"));
    Ok(())
}
