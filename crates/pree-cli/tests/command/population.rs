//! Sockets of every kind at once.

use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Failed, Family, Need, Population, population};

/// Whatever the kit can make and this kernel can show.
pub fn everything() -> Result<Population, Failed> {
    let mut all = few()?;
    all.merge(population::link_local()?);
    all.merge(population::reuseport(Family::V4, 3)?);
    all.merge(population::workers(Family::V6, 2)?);
    all.merge(population::in_flight(Family::V6)?);
    all.merge(population::states(Family::V4)?);
    all.merge(population::states_mapped()?);
    all.merge(population::queues(Family::V6)?);
    all.merge(population::options()?);
    if Need::BoundInactive.missing().is_none() {
        all.merge(population::bound_only()?);
    }
    if Need::UdpLite.missing().is_none() {
        all.merge(population::udplite()?);
    }
    Ok(all)
}

/// Listeners, connections, UDP; owned by one process, by several, by a thread, by nobody.
pub fn few() -> Result<Population, Failed> {
    let mut all = population::listeners()?;
    all.merge(population::connections()?);
    all.merge(population::udp()?);
    all.merge(population::shared()?);
    all.merge(population::accept_queue(Family::V4)?);
    for spec in [HolderSpec::thread_private(), HolderSpec::zombie_leader()] {
        let holder = Holder::start(spec)?;
        holder.truth().iter().for_each(|truth| all.know(truth.clone()));
        all.keep(holder);
    }
    Ok(all)
}
