//! The filter language on the running kernel: what a filter lets through is what the test itself picks out of a
//! population that it made, whether the kernel decides, or pree, or whether the rows come from /proc; and what `ss` picks
//! for the same words.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::type_complexity,
    reason = "test code"
)]
#![allow(missing_docs, unreachable_pub, reason = "test code")]
#![allow(clippy::disallowed_methods, reason = "the tests run ss and mount")]

mod cgroup;
mod limits;
mod oracle;
mod pushed;
mod query;
mod rights;
mod table;
mod world;

use std::process::ExitCode;

use pree_testkit::{Case, Failed, Need};
use world::World;

fn main() -> ExitCode {
    let mut cases = vec![
        world("as_ss", oracle::run).needs(Need::Tool("ss")),
        world("where_ss_differs", oracle::differences).needs(Need::Tool("ss")),
        world("pushed", pushed::run),
        world("composes", query::composes),
        world("names_nobody_has", query::unknown_names),
        world("limits", limits::run),
        Case::new("marks_without_the_right", rights::marks).lab(),
    ];
    for part in 0..table::PARTS {
        cases.push(world(&format!("table_{part}"), move |world| table::run(world, part)));
        cases.push(world(&format!("combinations_{part}"), move |world| table::combinations(world, part)));
    }
    let cgroup = Case::new("cgroup", cgroup::run).lab().needs(Need::RealRoot);
    cases.push(cgroup.needs(Need::Tool("mount")).needs(Need::Tool("ss")));
    pree_testkit::main(cases)
}

/// A case in a lab with the mixed population.
fn world(name: &str, run: impl Fn(&World) -> Result<(), Failed> + Send + Sync + 'static) -> Case {
    let case = Case::new(name, move || {
        let world = World::new()?;
        run(&world).map_err(|failed| world.with_changes(failed))
    });
    let case = case.lab();
    world::NEEDS.iter().fold(case, |case, need| case.needs(*need))
}
