//! BPF: programs of our own that the kernel runs, built when they are needed from what this kernel says of itself.
//!
//! No compiler and no object file: a small assembler ([`asm`]), the kernel's own types ([`types`]), bpf(2) ([`call`]).
//! Each program is a file of a few builder functions. Only one iterator is used, that over descriptors ([`task_file`]): it
//! changes nothing, runs only while we read, and ends with its descriptor. Needs Linux 5.12, BTF, and `CAP_BPF` with `CAP_PERFMON`.

mod asm;
mod call;
mod holders;
mod lives;
mod ring;
mod sequences;
mod task_file;
mod types;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use pree_wire::btf::Btf;
use pree_wire::life_records;
use rustix::buffer::spare_capacity;
use rustix::thread::{CapabilitySet, capabilities};

use super::failures::transport;
use crate::source::{Errno, Failure};
use lives::datagrams::{self, Way};

/// One read(2) of an iterator. The kernel fills 8 of its pages (32 KiB) before it gives any.
const CHUNK: usize = 64 * 1024;

/// How often an iterator may answer that it has seen a million descriptors and none of a socket.
const PATIENCE: u32 = 10_000;

/// The program that says which descriptors are sockets, loaded and attached.
pub(super) struct Holders {
    link: OwnedFd,
    state: OwnedFd,
}

impl Holders {
    /// Builds and loads it: 3 ms. It reports process ids of the pid namespace so many levels above ours.
    pub(super) fn load(levels_above: u32) -> Result<Self, Failure> {
        demand_rights()?;
        let state = call::array_of_one(size_of_val(&holders::STATE) as u32)?;
        let types = types::Types::of_kernel()?;
        let layout = holders::Layout::of(Btf::parse(types.bytes()).map_err(|_| Failure::MALFORMED)?)?;
        drop(types);
        let program = holders::program(&layout, state.as_raw_fd(), offset_ns(BOOTTIME), levels_above)?;
        let program = call::load(&program, call::Purpose::Iterator(layout.function)).map_err(refusal)?;
        let link = call::attach_iterator(program.as_fd())?;
        Ok(Self { link, state })
    }

    /// Begins a run over all descriptors.
    pub(super) fn run(&self) -> Result<Run, Failure> {
        // A run that begins with the very task with which the last one ended must report it anew.
        call::set_value(self.state.as_fd(), &holders::STATE)?;
        Ok(Run { iterator: call::run_iterator(self.link.as_fd())? })
    }
}

/// The program that reports sequence numbers, loaded and attached.
pub(super) struct Sequences {
    link: OwnedFd,
}

impl Sequences {
    /// Builds and loads it.
    pub(super) fn load() -> Result<Self, Failure> {
        demand_rights()?;
        let types = types::Types::of_kernel()?;
        let layout = sequences::Layout::of(Btf::parse(types.bytes()).map_err(|_| Failure::MALFORMED)?)?;
        drop(types);
        let program = call::load(&sequences::program(&layout)?, call::Purpose::Iterator(layout.function))
            .map_err(refusal)?;
        Ok(Self { link: call::attach_iterator(program.as_fd())? })
    }

    /// Begins a run over all descriptors.
    pub(super) fn run(&self) -> Result<Run, Failure> {
        Ok(Run { iterator: call::run_iterator(self.link.as_fd())? })
    }
}

/// Bytes of the ring that lives are written to: of 18,000 ends, or twice as many other events.
const RING: u32 = 4 << 20;
/// About how many bytes of it are given at once.
const BATCH: usize = 256 << 10;

/// The power of two, of whole pages, that is not above what is wanted; 0: the usual.
fn size_of_ring(wanted: u32) -> u32 {
    let least = rustix::param::page_size() as u32;
    if wanted == 0 { RING } else { 1 << wanted.max(least).ilog2() }
}

/// Programs that report lives of sockets, attached.
pub(super) struct Lives {
    ring: ring::Ring,
    state: OwnedFd,
    /// Records that were lost, as it was noticed last.
    lost: u64,
    /// Where the writer was then: what stands before it was written before the loss.
    lost_at: Option<usize>,
    programs: Vec<OwnedFd>,
    _links: Vec<OwnedFd>,
}

/// Whose lives.
#[derive(Clone, Copy)]
pub(super) struct Whose {
    /// Of one network namespace, or of all.
    pub(super) namespace: Option<u32>,
    /// Process ids are those of the pid namespace so many levels above ours.
    pub(super) levels_above: u32,
}

/// Sockets of which datagrams are counted at most.
const MOST_SOCKETS: u32 = 1 << 18;

/// What was counted of datagrams, for as long as this is there.
pub(super) struct Datagrams {
    table: OwnedFd,
}

impl Datagrams {
    /// Everything that was counted: [`life_records::Datagrams`], each after its cookie.
    pub(super) fn all(&self) -> Result<Vec<u8>, Failure> {
        let entries = call::entries::<{ datagrams::KEPT_SIZE }>(self.table.as_fd())?;
        let mut all = Vec::with_capacity(entries.len() * (8 + life_records::Datagrams::SIZE));
        for (cookie, kept) in &entries {
            all.extend(cookie.to_ne_bytes());
            all.extend(datagrams::counts(kept));
        }
        Ok(all)
    }

    /// What was counted of one socket, which has ended: it is forgotten.
    pub(super) fn take(&self, cookie: u64) -> Result<Vec<u8>, Failure> {
        let kept = call::take::<{ datagrams::KEPT_SIZE }>(self.table.as_fd(), cookie)?;
        Ok(kept.map_or(Vec::new(), |kept| datagrams::counts(&kept).to_vec()))
    }
}

impl Lives {
    /// Builds, loads and attaches those of TCP sockets.
    pub(super) fn attach(whose: Whose, buffer: u32) -> Result<Self, Failure> {
        demand_rights()?;
        let types = types::Types::of_kernel()?;
        let layout = lives::Layout::of(Btf::parse(types.bytes()).map_err(|_| Failure::MALFORMED)?)?;
        drop(types);
        let storage = call::socket_storage(lives::STORAGE_SIZE)?;
        Self::load(whose, buffer, &layout, &storage, |shared| {
            Ok(vec![
                (shared.reads()?, call::Purpose::Tracepoint(layout.reads)),
                (shared.resets()?, call::Purpose::Tracepoint(layout.resets)),
                (shared.state_changes()?, call::Purpose::Tracepoint(layout.state_changes)),
            ])
        })
    }

    /// The same of those that count datagrams of UDP sockets, and what they count.
    pub(super) fn attach_datagrams(whose: Whose, buffer: u32) -> Result<(Self, Datagrams), Failure> {
        demand_rights()?;
        let types = types::Types::of_kernel()?;
        let btf = Btf::parse(types.bytes()).map_err(|_| Failure::MALFORMED)?;
        let (layout, places) = (lives::Layout::of(btf)?, datagrams::Layout::of(btf)?);
        drop(types);
        let table = call::table(datagrams::KEPT_SIZE as u32, MOST_SOCKETS)?;
        let lives = Self::load(whose, buffer, &layout, &table, |shared| {
            Ok(vec![
                (shared.datagram(&places, Way::In)?, call::Purpose::Tracepoint(places.receives)),
                (shared.datagram(&places, Way::Out)?, call::Purpose::Tracepoint(places.sends)),
            ])
        })?;
        Ok((lives, Datagrams { table }))
    }

    /// Loads and attaches these programs, the one that begins a life last.
    fn load(
        whose: Whose,
        buffer: u32,
        layout: &lives::Layout,
        storage: &OwnedFd,
        build: impl FnOnce(&lives::Shared<'_>) -> Result<Vec<(Vec<[u8; 8]>, call::Purpose)>, Failure>,
    ) -> Result<Self, Failure> {
        let state = call::array_of_one(lives::STATE_SIZE)?;
        let numbering = lives::numbering(layout, state.as_raw_fd(), whose.levels_above)?;
        let numbering = call::load(&numbering, call::Purpose::Call).map_err(refusal)?;
        call::call_once(numbering.as_fd())?;
        // Maps were permitted above: before Linux 5.11 the memory of a large one counts as locked, and EPERM says too much of it.
        let too_old = |failure| match failure {
            Failure::Answer(Errno::EPERM) => Failure::Answer(Errno::EOPNOTSUPP),
            other => other,
        };
        let ring = ring::Ring::new(size_of_ring(buffer)).map_err(too_old)?;
        let shared = lives::Shared {
            layout,
            state: state.as_raw_fd(),
            storage: storage.as_raw_fd(),
            ring: ring.map().as_raw_fd(),
            namespace: whose.namespace,
            boot_offset_ns: offset_ns(BOOTTIME),
            monotonic_offset_ns: offset_ns(MONOTONIC),
        };
        let (mut programs, mut links) = (Vec::new(), Vec::new());
        for (program, purpose) in build(&shared)? {
            let program = call::load(&program, purpose).map_err(refusal)?;
            links.push(call::attach_tracepoint(program.as_fd())?);
            programs.push(program);
        }
        Ok(Self { ring, state, lost: 0, lost_at: None, programs, _links: links })
    }

    /// Reads what there is, and how much was lost before it if that has grown.
    pub(super) fn read(&mut self, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        if self.lost_at.is_none() {
            let [mut lost, ..] = call::value::<3>(self.state.as_fd())?;
            // What had no room, and what the kernel did not run the programs for.
            for program in &self.programs {
                lost = lost.saturating_add(call::misses(program.as_fd())?);
            }
            if lost != self.lost {
                self.lost = lost;
                self.lost_at = Some(self.ring.end());
            }
        }
        self.ring.read(batch, BATCH)?;
        // The ring was full of what came before the loss.
        if self.lost_at.take_if(|end| self.ring.is_read_until(*end)).is_some() {
            batch.extend(life_records::lost(self.lost));
        }
        Ok(true)
    }
}

impl AsFd for Lives {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ring.map().as_fd()
    }
}

/// One run of an iterator.
pub(super) struct Run {
    iterator: OwnedFd,
}

impl Run {
    /// Reads the next records; they may end in the middle of one.
    pub(super) fn read(&mut self, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        batch.reserve(CHUNK);
        for _ in 0..PATIENCE {
            match rustix::io::read(&self.iterator, spare_capacity(batch)) {
                Err(rustix::io::Errno::AGAIN) => {}
                result => return result.map(|length| length > 0).map_err(transport),
            }
        }
        Err(Failure::Transport(Errno::EAGAIN))
    }
}

/// Refuses where our capabilities are too few; in a user namespace the kernel still says no. Asked before anything else,
/// because a sandbox may end a process for bpf(2) instead of refusing it.
fn demand_rights() -> Result<(), Failure> {
    let both = CapabilitySet::BPF | CapabilitySet::PERFMON;
    let effective = capabilities(None).map_err(transport)?.effective;
    let enough = effective.contains(CapabilitySet::SYS_ADMIN) || effective.contains(both);
    if enough { Ok(()) } else { Err(Failure::Answer(Errno::EPERM)) }
}

/// What the refusal of a program means. The verifier says `EACCES` of a program that it does not understand, which is
/// a matter of the kernel and not of rights; only a locked-down kernel knows no helper that reads its memory.
fn refusal(failure: Failure) -> Failure {
    match failure {
        Failure::Answer(Errno::EACCES | Errno::EINVAL) if is_locked_down() => Failure::Answer(Errno::EACCES),
        Failure::Answer(Errno::EACCES) => Failure::Answer(Errno::EINVAL),
        other => other,
    }
}

/// `lockdown=confidentiality`: reading the kernel's memory is forbidden.
fn is_locked_down() -> bool {
    let mode = super::proc::read_whole(c"/sys/kernel/security/lockdown");
    mode.is_ok_and(|mode| mode.windows(17).any(|word| word == b"[confidentiality]"))
}

/// Clocks that a time namespace sets apart, by their names in `timens_offsets`.
const BOOTTIME: &str = "boottime";
const MONOTONIC: &str = "monotonic";

/// What our time namespace adds to a clock; 0 where there is none, or it is unknown.
fn offset_ns(clock: &str) -> i64 {
    let text = super::proc::read_whole(c"/proc/self/timens_offsets").unwrap_or_default();
    std::str::from_utf8(&text).ok().and_then(|text| offset_in(text, clock)).unwrap_or(0)
}

/// The line `boottime SECONDS NANOSECONDS`.
fn offset_in(text: &str, clock: &str) -> Option<i64> {
    let mut words = text.lines().find_map(|line| line.strip_prefix(clock))?.split_whitespace();
    let seconds: i64 = words.next()?.parse().ok()?;
    let nanoseconds: i64 = words.next()?.parse().ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_a_time_namespace() {
        let check = |text, expected| assert_eq!(offset_in(text, BOOTTIME), expected, "{text}");
        check("monotonic           0         0\nboottime            0         0\n", Some(0));
        check(
            "monotonic           5         0\nboottime       -86400       500\n",
            Some(-86_399_999_999_500),
        );
        check("monotonic           5         0\n", None);
        check("boottime 9223372036854775807 0", None);
        check("", None);
        assert_eq!(offset_in("monotonic  5  7\nboottime 0 0\n", MONOTONIC), Some(5_000_000_007));
    }
}
