//! Linux: netlink, /proc and BPF, as bytes.

pub(crate) mod act;
mod answer;
mod borrowed;
mod bpf;
mod failures;
mod names;
mod namespaces;
mod netlink;
mod numbering;
mod own_socket;
mod proc;
mod processes;
mod same_files;
mod tunnels;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use pree_wire::rtnetlink::Every;
use rustix::time::{ClockId, clock_gettime};

use crate::error::Result;
use crate::model::Moment;
use crate::source::{self, Errno, Failure, Namespaces, Question, Reachable, Source};
use answer::Answer;
use failures::{of_process, transport};

/// A question of another system.
const UNKNOWN: Failure = Failure::Answer(Errno::ENOSYS);

/// Answers from the running system.
pub(crate) struct Live {
    processes: processes::Processes,
    /// Loaded at the first question for it, and the levels above our pid namespace whose numbers it reports.
    holders: Option<(u32, bpf::Holders)>,
    /// The same.
    sequences: Option<bpf::Sequences>,
    /// Of the programs that were attached last.
    datagrams: Option<bpf::Datagrams>,
    namespaces: namespaces::Known,
    /// The network namespace that is asked about, where that is not the calling thread's.
    entered: Option<OwnedFd>,
}

/// A source that answers from the running system. Nothing is opened before the first question.
#[allow(clippy::unnecessary_wraps, reason = "other systems can refuse")]
pub(crate) fn live() -> Result<Live> {
    Ok(Live {
        processes: processes::Processes::default(),
        holders: None,
        sequences: None,
        datagrams: None,
        namespaces: namespaces::Known::default(),
        entered: None,
    })
}

impl Live {
    fn holders(&mut self, levels: u32) -> std::result::Result<&bpf::Holders, Failure> {
        if self.holders.as_ref().is_none_or(|(loaded, _)| *loaded != levels) {
            self.holders = Some((levels, bpf::Holders::load(levels)?));
        }
        self.holders.as_ref().map(|(_, holders)| holders).ok_or(UNKNOWN)
    }

    /// Does this in the network namespace that is asked, which answers for itself.
    fn in_namespace<T: Send>(
        &self,
        ask: impl FnOnce() -> std::result::Result<T, Failure> + Send,
    ) -> std::result::Result<T, Failure> {
        match &self.entered {
            Some(namespace) => namespaces::within(namespace, ask),
            None => ask(),
        }
    }

    fn sequences(&mut self) -> std::result::Result<&bpf::Sequences, Failure> {
        if self.sequences.is_none() {
            self.sequences = Some(bpf::Sequences::load()?);
        }
        self.sequences.as_ref().ok_or(UNKNOWN)
    }
}

impl Source for Live {
    fn ask(&mut self, question: &Question<'_>) -> std::result::Result<source::Answer, Failure> {
        let answer = match *question {
            Question::Diag { .. }
            | Question::NetTable(_)
            | Question::TcpBuckets
            | Question::TcpCounters
            | Question::TcpExtCounters
            | Question::Setting(_)
            | Question::OwnAddresses
            | Question::Links
            | Question::WireGuardPort(_)
            | Question::L2tpTunnels
            | Question::FouPorts
            | Question::Protocols
            | Question::Ends { .. }
            | Question::NetNamespace
            | Question::Interface(_)
            | Question::InterfaceName(_) => self.in_namespace(|| ask_here(question))?,
            Question::BootId => Answer::File(proc::open(c"/proc/sys/kernel/random/boot_id")?),
            Question::KernelRelease => Answer::Whole(rustix::system::uname().release().to_bytes().to_vec()),
            Question::BootTime => Answer::Whole(boot_time_ns().to_le_bytes().to_vec()),
            Question::Time => Answer::Whole(nanos_of(ClockId::Realtime).to_le_bytes().to_vec()),
            Question::NamespaceNamed(name) => {
                Answer::Whole(namespaces::inode_of(name.as_bytes())?.to_le_bytes().to_vec())
            }
            Question::Users => Answer::File(proc::open(c"/etc/passwd")?),
            Question::Cgroup(path) => Answer::Whole(names::cgroup_id(path)?.to_le_bytes().to_vec()),
            Question::Processes => Answer::Whole(self.processes.list()?),
            Question::Process { pid, part } => self.processes.ask(pid, part)?,
            Question::Holders { levels_above } => Answer::Bpf(self.holders(levels_above)?.run()?),
            Question::Sequences => Answer::Bpf(self.sequences()?.run()?),
            Question::Watch | Question::Checks | Question::Ticks(_) => Answer::Whole(Vec::new()),
            Question::Lives { namespace, levels_above, buffer } => {
                Answer::Lives(Box::new(bpf::Lives::attach(whose(namespace, levels_above), buffer)?))
            }
            Question::DatagramLives { namespace, levels_above, buffer } => {
                let whose = whose(namespace, levels_above);
                let (lives, datagrams) = bpf::Lives::attach_datagrams(whose, buffer)?;
                self.datagrams = Some(datagrams);
                Answer::Lives(Box::new(lives))
            }
            Question::Datagrams => Answer::Whole(self.datagrams.as_ref().ok_or(UNKNOWN)?.all()?),
            Question::DatagramsOf { cookie } => {
                Answer::Whole(self.datagrams.as_ref().ok_or(UNKNOWN)?.take(cookie)?)
            }
            Question::OwnStatus => Answer::File(proc::open(c"/proc/thread-self/status")?),
            Question::UserNamespace => Answer::Whole(proc::read_link(c"/proc/thread-self/ns/user")?),
            Question::PidNamespace => Answer::Whole(proc::read_link(c"/proc/thread-self/ns/pid")?),
            Question::ProcMount => Answer::Whole(numbering::proc_mount()?),
            Question::ProcIsBelow => Answer::Whole(vec![u8::from(numbering::proc_is_below()?)]),
            Question::OpenFiles => Answer::File(proc::open(c"/proc/sys/fs/file-nr")?),
            Question::Windows(_) | Question::Apple(_) => return Err(UNKNOWN),
        };
        Ok(match answer {
            Answer::Whole(bytes) => source::Answer::whole(bytes),
            open => source::Answer::reading(open),
        })
    }

    fn next(
        &mut self,
        answer: &mut source::Answer,
        batch: &mut Vec<u8>,
    ) -> std::result::Result<bool, Failure> {
        let Some(open) = answer.open::<Answer>() else { return answer.next(batch) };
        batch.clear();
        match open {
            Answer::Diag(request) => request.receive(batch),
            Answer::Bpf(run) => run.read(batch),
            Answer::Ends(ends) => ends.read(batch),
            Answer::Lives(lives) => lives.read(batch),
            Answer::File(file) => proc::read_on(file, batch).map_err(transport),
            Answer::ProcessFile { file, pid, part } => {
                let judged = |error| self.processes.judged(*pid, *part, of_process(error));
                proc::read_on(file, batch).map_err(judged)
            }
            Answer::Whole(_) => Ok(false),
        }
    }

    fn now(&mut self) -> Moment {
        let at = |clock| u64::try_from(nanos_of(clock)).ok().map(Duration::from_nanos);
        Moment { wall: at(ClockId::Realtime), monotonic: at(ClockId::Monotonic) }
    }

    fn descriptor<'a>(&'a self, answer: &'a source::Answer) -> Option<BorrowedFd<'a>> {
        match answer.opened::<Answer>()? {
            Answer::Ends(ends) => Some(ends.as_fd()),
            Answer::Lives(lives) => Some(lives.as_fd()),
            _ => None,
        }
    }

    fn namespaces(&mut self, which: &Namespaces) -> std::result::Result<Reachable, Failure> {
        self.namespaces.find(which)
    }

    fn enter(&mut self, inode: Option<u64>) -> std::result::Result<(), Failure> {
        self.processes.forget();
        self.entered = None;
        if let Some(inode) = inode {
            self.entered = self.namespaces.open(inode)?;
        }
        Ok(())
    }
}

/// Of which sockets; 0 is every network namespace.
fn whose(namespace: u32, levels_above: u32) -> bpf::Whose {
    bpf::Whose { namespace: (namespace != 0).then_some(namespace), levels_above }
}

/// The answer of the calling thread's network namespace. Those to other questions are the same in each.
fn ask_here(question: &Question<'_>) -> std::result::Result<Answer, Failure> {
    Ok(match *question {
        Question::Diag { request, .. } => Answer::Diag(netlink::Request::send(request)?),
        Question::Ends { groups, buffer } => Answer::Ends(netlink::Ends::follow(groups, buffer)?),
        Question::NetTable(table) => Answer::File(proc::open_net_table(table)?),
        Question::TcpBuckets => Answer::File(proc::open(c"/proc/sys/net/ipv4/tcp_ehash_entries")?),
        Question::TcpCounters => Answer::Whole(proc::read_tcp_counters()?),
        Question::TcpExtCounters => Answer::File(proc::open(c"/proc/thread-self/net/netstat")?),
        Question::Protocols => Answer::File(proc::open(c"/proc/thread-self/net/protocols")?),
        Question::OwnAddresses => Answer::Whole(netlink::Request::every(Every::Address)?),
        Question::Links => Answer::Whole(netlink::Request::every(Every::Link)?),
        Question::WireGuardPort(index) => Answer::Whole(tunnels::wireguard_port(index)?),
        Question::L2tpTunnels => Answer::Whole(tunnels::l2tp()?),
        Question::FouPorts => Answer::Whole(tunnels::fou()?),
        Question::Setting(setting) => Answer::File(proc::open_setting(setting)?),
        Question::NetNamespace => Answer::Whole(proc::read_link(c"/proc/thread-self/ns/net")?),
        Question::Interface(name) => Answer::Whole(names::interface_index(name)?.to_le_bytes().to_vec()),
        Question::InterfaceName(index) => Answer::Whole(names::interface_name(index)?),
        _ => return Err(UNKNOWN),
    })
}

/// Unix time at boot: the difference of the two clocks, in nanoseconds.
fn boot_time_ns() -> i64 {
    let since_boot = nanos_of(ClockId::Boottime);
    nanos_of(ClockId::Realtime).saturating_sub(since_boot)
}

fn nanos_of(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    let time = Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0));
    i64::try_from(time.as_nanos()).unwrap_or(0)
}
