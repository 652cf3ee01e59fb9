//! For pree's tests only: private network namespaces, populations of sockets with known truth, oracles.
//!
//! Nothing here uses the library under test: what a test compares with must not share its mistakes.
//!
//! A test program has `harness = false` and this `main`:
//!
//! ```no_run
//! use pree_testkit::{Case, Failed, Need, Population};
//!
//! fn main() -> std::process::ExitCode {
//!     pree_testkit::main(vec![Case::new("every_listener_is_seen", listeners).lab().needs(Need::Ipv6)])
//! }
//!
//! fn listeners() -> Result<(), Failed> {
//!     let population: Population = pree_testkit::population::listeners()?;
//!     for truth in population.truth() { /* compare with what the library says */ }
//!     Ok(())
//! }
//! ```
#![allow(clippy::disallowed_methods, reason = "the kit starts processes and reads its own environment")]
#![allow(clippy::exit, reason = "a thread that outlives its main thread ends the process")]
#![allow(clippy::print_stderr, reason = "a failed lab explains itself on its captured stderr")]

pub mod churn;
mod every;
pub mod flow;
pub mod forked;
mod fresh;
mod harness;
pub mod holder;
pub mod hostile;
pub mod lab;
pub mod link;
mod machine;
pub mod need;
pub mod oracle;
pub mod packet;
pub mod peer;
pub mod population;
mod rtnetlink;
mod segment;
pub mod socket;
mod stage;
#[allow(unsafe_code, reason = "the door to the system")]
mod sys;
mod truth;
pub mod vsock;
mod wait;
pub mod wire;

pub use every::every;
pub use fresh::fresh_path;
pub use harness::{Case, main, main_one_at_a_time};
pub use libtest_mimic::Failed;
pub use need::Need;
pub use population::Population;
pub use socket::{Family, Socket};
pub use truth::{Truth, Unread};
pub use wait::{PATIENCE, wait_for, wait_until};
