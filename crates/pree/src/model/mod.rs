//! Plain data, the same on every platform: what a socket is, who holds it, how it is doing.
//!
//! Nothing here knows a system call or an output format. What a system does not report is `None`; what it reports
//! in a number we do not know keeps the number.

mod address;
mod detail;
mod event;
mod host;
mod identity;
mod membership;
mod memory;
mod moment;
mod namespace;
mod other_protocol;
mod owner;
mod protocol;
mod shown;
mod socket;
mod state;
mod tcp_stats;
mod text;
mod totals;
mod traffic;

pub use address::{Address, Family};
pub(crate) use address::{ip_protocol, netlink_protocol};
pub use detail::{
    BoundFile, DatagramDetail, Detail, MptcpDetail, NetlinkDetail, PacketDetail, SctpDetail, SubflowDetail,
    UnixDetail,
};
pub use event::{Ending, Event, EventKind, How};
pub use host::{HostCounters, HostLimits, PortRange, TimeWaitReuse};
pub use identity::{BootId, KernelId, SocketId};
pub use membership::{Container, Runtime, Unit};
pub use memory::SocketMemory;
pub use moment::Moment;
pub use namespace::NetworkNamespace;
pub use other_protocol::OtherProtocol;
pub use owner::{Owner, Process, StartTime, Unowned};
pub use protocol::{Protocol, Protocols, SocketType};
pub use shown::{ShownEnd, ShownInterface};
pub use socket::{Direction, ListenQueue, Peer, Shutdown, Socket, SocketOptions, Timer, TimerKind};
pub use state::{State, States};
pub(crate) use tcp_stats::Counter;
pub use tcp_stats::{CongestionAlgorithm, CongestionDetail, CountsSince, TcpStats};
pub use text::Text;
pub use totals::Totals;
pub use traffic::{Provenance, Since, Traffic};
