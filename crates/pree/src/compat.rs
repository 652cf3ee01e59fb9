//! The compatibility API, `pree::socket::platform`: one flat list with plain values, where unknown has a default.
//!
//! Thin over [`Query`] and [`quality`]; those tell unknown apart, say what is missing, and are what new
//! programs want.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::coverage::{Gap, Missing, Origin};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Address, Family, Protocol, Socket, SocketType, TcpStats};
use crate::needs::OwnerLookup;
use crate::quality::{self, Assessment, Context, Finding, IpVersion, Severity, Subject};
use crate::query::Query;
use crate::source::Source;
use crate::sys;

pub use crate::model::State as SocketState;

/// Every TCP, UDP and UDP-Lite socket of this machine (in this network namespace), in every state, with one owner and
/// statistics.
///
/// A process or statistics that cannot be had are `None`; [`Query`] reports why.
///
/// ```no_run
/// use pree::socket::platform::get_sockets_info;
///
/// for socket in get_sockets_info()? {
///     println!("{} -> {} {:?}", socket.local_addr, socket.remote_addr, socket.state);
/// }
/// # Ok::<(), pree::Error>(())
/// ```
///
/// # Errors
/// When there are no rows, or some are missing, because a table could not be read or broke off: a list cannot say that it is
/// partial. What came or
/// went while a source without snapshots was read may be missing all the same, and so are other users' sockets where the
/// system reports them to root only (macOS 27).
pub fn get_sockets_info() -> Result<Vec<SocketInfo>> {
    sockets_of(&mut sys::live()?)
}

fn sockets_of(source: &mut dyn Source) -> Result<Vec<SocketInfo>> {
    let query = Query::new().tcp().udp().udplite().stats().owner_lookup(OwnerLookup::First);
    let mut sockets = Vec::new();
    let coverage = query.visit_from(source, |socket| {
        sockets.push(SocketInfo::from(socket));
        std::ops::ControlFlow::Continue(())
    })?;
    let is_told_in_part = |gap: &Gap| {
        gap.why == ErrorKind::NotPermitted
            && coverage.origins().iter().any(|(table, origin)| {
                table.name() == gap.object && matches!(origin, Origin::Sysctl | Origin::Libproc)
            })
            && sockets.iter().any(|socket| socket.protocol.table_name() == gap.object)
    };
    let lost = |gap: &&Gap| gap.what == Missing::Rows && !gap.is_of_changes_only() && !is_told_in_part(gap);
    match coverage.gaps().iter().find(lost) {
        Some(gap) => Err(Error::new(gap.why, "list", gap.object.clone()).with_hint(gap.hint)),
        None => Ok(sockets),
    }
}

/// One socket.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct SocketInfo {
    /// This machine's end.
    pub local_addr: SocketAddr,
    /// The other end; the wildcard address of the local end's family with port 0 when there is none.
    pub remote_addr: SocketAddr,
    /// RFC 9293 state, or what stands for it.
    pub state: SocketState,
    /// Transport protocol.
    pub protocol: Protocol,
    /// The process that holds it, one of them if there are several; `None` when none is seen to.
    pub process_id: Option<u32>,
    /// Its name (Linux: at most 15 bytes), with U+FFFD for what is not UTF-8. Its owner chose it: escape it before it
    /// goes to a terminal.
    pub process_name: Option<String>,
    /// Statistics of a TCP connection; a listener and `TIME_WAIT` have none.
    pub stats: Option<SocketStats>,
    /// `SOCK_STREAM` or `SOCK_DGRAM`.
    pub socket_type: SocketType,
    /// Address family it was made with.
    pub family: Family,
}

impl From<&Socket> for SocketInfo {
    fn from(socket: &Socket) -> Self {
        let local_addr = socket.local.socket_addr().unwrap_or((Ipv4Addr::UNSPECIFIED, 0).into());
        let no_peer = match local_addr {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let owner = socket.owners.first();
        Self {
            local_addr,
            remote_addr: socket.remote.as_ref().and_then(Address::socket_addr).unwrap_or(no_peer),
            state: socket.state,
            protocol: socket.protocol,
            process_id: owner.map(|owner| owner.process.pid),
            process_name: owner.map(|owner| owner.process.name.to_string_lossy().into_owned()),
            stats: socket.tcp.as_deref().map(|tcp| SocketStats::new(tcp, socket)),
            socket_type: socket.socket_type.unwrap_or(SocketType::Stream),
            family: socket.family,
        }
    }
}

/// Statistics of a TCP connection, and what they say about it over its life so far. The questions and their
/// definitions are those of [`quality::assess`], which also answers "unknown" and why.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct SocketStats {
    /// Smoothed round-trip time.
    pub rtt: Option<Duration>,
    /// Its mean deviation.
    pub rttvar: Option<Duration>,
    /// The smallest round-trip time of the last minutes.
    pub min_rtt: Option<Duration>,
    /// Congestion window in segments; where the system counts bytes, whole segments of them.
    pub congestion_window: Option<u32>,
    /// Slow start threshold in segments, counted in the same way; `None` also while there is none yet.
    pub slow_start_threshold: Option<u32>,
    /// Segments retransmitted since the connection began, those of the handshake included; 0 where the system does
    /// not count them.
    pub retransmits: u32,
    /// Bytes written and not yet acknowledged.
    pub send_queue: Option<u32>,
    /// Bytes received and not yet read.
    pub recv_queue: Option<u32>,
    /// Payload of a full segment sent, in bytes.
    pub mss: Option<u32>,
    /// Bytes of payload sent, repetitions included.
    pub bytes_sent: Option<u64>,
    /// Bytes of payload received.
    pub bytes_received: Option<u64>,
    tcp: TcpStats,
    ip: IpVersion,
}

impl SocketStats {
    fn new(tcp: &TcpStats, socket: &Socket) -> Self {
        Self {
            rtt: tcp.rtt,
            rttvar: tcp.rttvar,
            min_rtt: tcp.min_rtt,
            congestion_window: tcp.snd_cwnd.or_else(|| segments(tcp.cwnd_bytes, tcp.snd_mss)),
            slow_start_threshold: tcp.snd_ssthresh.or_else(|| segments(tcp.ssthresh_bytes, tcp.snd_mss)),
            retransmits: tcp.total_retrans.unwrap_or(0),
            send_queue: tcp.send_queue_bytes.or(socket.send_queue),
            recv_queue: tcp.recv_queue_bytes.or(socket.recv_queue),
            mss: tcp.snd_mss,
            bytes_sent: tcp.bytes_sent,
            bytes_received: tcp.bytes_received,
            tcp: tcp.clone(),
            ip: IpVersion::of(socket.remote.as_ref().unwrap_or(&socket.local).socket_addr()),
        }
    }

    /// Every number the system reports, each `None` where it is unknown.
    pub fn tcp(&self) -> &TcpStats {
        &self.tcp
    }

    /// How well the connection delivers: from 0, not at all, to 1, nothing speaks against it. Also 1 when nothing is
    /// known; distance, the program and the peer's reading cost nothing.
    pub fn calculate_quality_score(&self) -> f64 {
        self.assess().score.map_or(1.0, quality::Score::get)
    }

    /// Whether the connection fills a queue of 60 ms or more beyond what its path needs. False when that is unknown:
    /// before 100 data segments, or while it does not fill its path.
    pub fn has_buffer_bloat(&self) -> bool {
        self.assess().bloat.is_yes()
    }

    /// Data segments that the path lost, in percent of those sent. 0 when unknown: before 100 were sent (20, when 5
    /// were lost). An upper bound where the system does not count which retransmissions were needed.
    pub fn packet_loss_rate(&self) -> f64 {
        self.assess().loss.map_or(0.0, |loss| loss.value * 100.0)
    }

    /// What is wrong with the connection, each as one line. Empty also when nothing is known; what healthy connections
    /// show too ([`Severity::Info`]) is left to [`quality::assess`].
    pub fn performance_issues(&self) -> Vec<Finding> {
        let mut issues = self.assess().findings;
        issues.retain(|finding| finding.severity >= Severity::Warning);
        issues
    }

    /// The share, 0 to 1, of the path's capacity in use. It takes two looks, and these statistics are one: `None`.
    pub fn bandwidth_utilization(&self) -> Option<f64> {
        self.assess().utilisation.ok()
    }

    /// The share, 0 to 1, of the bytes sent that were not repetitions. `None` when unknown: before 100 kB were sent.
    pub fn connection_efficiency(&self) -> Option<f64> {
        self.assess().efficiency.ok()
    }

    fn assess(&self) -> Assessment {
        let subject = Subject { ip: self.ip, ..Subject::of_stats(&self.tcp) };
        quality::judge(&subject, &Context::default())
    }
}

/// How many whole segments so many bytes are.
fn segments(bytes: Option<u64>, mss: Option<u32>) -> Option<u32> {
    u32::try_from(bytes?.checked_div(mss?.into())?).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{SocketInfo, SocketState, segments, sockets_of};
    use crate::model::{Owner, Process, Socket, State, TcpStats, Text};
    use crate::source::{Answer, Errno, Failure, NetTable, Question, Recording, Source};

    #[test]
    fn no_peer_is_the_wildcard() {
        let remote = |local, remote| {
            let socket = Socket::tcp(State::Listen, local, remote);
            SocketInfo::from(&socket).remote_addr.to_string()
        };
        assert_eq!(remote("127.0.0.1:80", ""), "0.0.0.0:0");
        assert_eq!(remote("[::1]:80", ""), "[::]:0");
        assert_eq!(remote("127.0.0.1:80", "192.0.2.1:5"), "192.0.2.1:5");
    }

    #[test]
    fn first_owner_by_a_lossy_name() {
        let mut socket = Socket::tcp(State::Listen, "127.0.0.1:80", "");
        assert_eq!(SocketInfo::from(&socket).process_id, None);
        for (pid, name) in [(7, &b"a\xff"[..]), (8, b"b")] {
            let process = Process { pid, name: Text::from(name), ..Process::default() };
            socket.owners.push(Owner::new(Arc::new(process), Some(3)));
        }
        let info = SocketInfo::from(&socket);
        assert_eq!((info.process_id, info.process_name.as_deref()), (Some(7), Some("a\u{fffd}")));
        assert_eq!((info.state, info.stats), (SocketState::Listen, None));
        assert_eq!(format!("{:?} {:?}", info.state, info.protocol), "Listen Tcp");
    }

    #[test]
    fn unknown_has_the_documented_default() {
        let mut socket = Socket::tcp(State::Established, "127.0.0.1:80", "127.0.0.1:5");
        socket.recv_queue = Some(9);
        socket.tcp = Some(Box::default());
        let stats = SocketInfo::from(&socket).stats.unwrap();
        assert_eq!((stats.rtt, stats.retransmits, stats.recv_queue), (None, 0, Some(9)));
        assert_eq!((stats.calculate_quality_score(), stats.packet_loss_rate()), (1.0, 0.0));
        assert_eq!((stats.bandwidth_utilization(), stats.connection_efficiency()), (None, None));
        assert!(!stats.has_buffer_bloat() && stats.performance_issues().is_empty());
        assert_eq!(stats.tcp(), &TcpStats::default());
    }

    #[test]
    fn what_is_known_is_told() {
        let us = Duration::from_micros;
        let tcp = TcpStats {
            rtt: Some(us(320_000)),
            rttvar: Some(us(9000)),
            min_rtt: Some(us(20_000)),
            snd_cwnd: Some(10),
            snd_mss: Some(1448),
            total_retrans: Some(100),
            dsack_dups: Some(0),
            bytes_sent: Some(14_480_000),
            bytes_retrans: Some(144_800),
            data_segs_out: Some(10_000),
            notsent_bytes: Some(1),
            delivery_rate_app_limited: Some(false),
            ..TcpStats::default()
        };
        let mut socket = Socket::tcp(State::Established, "192.0.2.1:80", "192.0.2.2:5");
        socket.tcp = Some(Box::new(tcp));
        let stats = SocketInfo::from(&socket).stats.unwrap();
        assert_eq!((stats.congestion_window, stats.retransmits, stats.mss), (Some(10), 100, Some(1448)));
        assert!((stats.packet_loss_rate() - 1.0).abs() < 1e-9);
        assert!(stats.connection_efficiency().is_some_and(|share| (share - 0.99).abs() < 1e-9));
        assert!(stats.has_buffer_bloat() && stats.calculate_quality_score() < 0.25);
        let issues: Vec<String> = stats.performance_issues().iter().map(ToString::to_string).collect();
        assert_eq!(issues.len(), 2, "{issues:?}");
        assert!(issues[0].starts_with("lossy: lost 100, data_segs_out 10000, loss 1.00 %"), "{issues:?}");
        assert!(issues[1].starts_with("buffer_bloat: rtt 320ms, base_rtt 20ms"), "{issues:?}");
    }

    #[test]
    fn windows_in_bytes_are_segments_here() {
        assert_eq!(segments(Some(14_480), Some(1448)), Some(10));
        assert_eq!(segments(Some(14_479), Some(1448)), Some(9));
        assert_eq!(
            (segments(Some(1), Some(0)), segments(None, Some(1)), segments(Some(1), None)),
            (None, None, None)
        );
        assert_eq!(segments(Some(u64::MAX), Some(1)), None);
    }

    /// Tables that break off after their first rows, or cannot be had through `sock_diag` at all.
    struct Breaks {
        failure: Failure,
        after_rows: bool,
        rows: Option<&'static [u8]>,
        /// Times that rows came before a table broke off.
        broken: usize,
    }

    impl Source for Breaks {
        fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
            self.rows = match question {
                Question::Diag { .. } if self.after_rows => {
                    Some(include_bytes!("../../pree-wire/tests/golden/tcp.bin"))
                }
                Question::Diag { .. } => return Err(self.failure),
                Question::NetTable(NetTable::Tcp) => {
                    Some(include_bytes!("../../pree-wire/tests/golden/tcp.txt"))
                }
                Question::NetTable(_) => Some(b""),
                _ => return Err(Failure::Answer(Errno::ENOSYS)),
            };
            Ok(Answer::batches([]))
        }

        fn next(&mut self, _: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
            batch.clear();
            match self.rows.take() {
                Some(rows) => {
                    // Without the end of the dump, which the golden one has.
                    let end = if self.after_rows { rows.len() - 20 } else { rows.len() };
                    batch.extend_from_slice(&rows[..end]);
                    Ok(true)
                }
                None if self.after_rows => {
                    self.broken += 1;
                    Err(self.failure)
                }
                None => Ok(false),
            }
        }
    }

    #[test]
    fn a_table_that_breaks_off_is_an_error_whatever_the_reason() {
        for number in 1..=133 {
            for failure in [Failure::Answer, Failure::Transport].map(|of| of(Errno::linux(number))) {
                let mut source = Breaks { failure, after_rows: true, rows: None, broken: 0 };
                let result = sockets_of(&mut source);
                assert!(source.broken > 0, "{failure:?}");
                assert!(result.is_err(), "{failure:?}: {:?}", result.map(|sockets| sockets.len()));
            }
        }
    }

    #[test]
    fn without_sock_diag_the_list_is_that_of_proc() {
        let mut lists = Vec::new();
        for errno in [Errno::EPERM, Errno::EAGAIN, Errno::EPROTONOSUPPORT] {
            for failure in [Failure::Answer(errno), Failure::Transport(errno)] {
                let mut source = Breaks { failure, after_rows: false, rows: None, broken: 0 };
                lists.push(sockets_of(&mut source).unwrap());
            }
        }
        assert!(lists[0].len() > 3 && lists.iter().all(|list| *list == lists[0]));
        assert!(lists[0].iter().all(|socket| socket.stats.is_none()));
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_list_of_a_mac() {
        let list = |file: &[u8]| {
            let recording = Recording::from_bytes(file).unwrap();
            sockets_of(&mut recording.replay()).unwrap()
        };
        let all = list(include_bytes!("../tests/golden/macos-root.pree"));
        let own = list(include_bytes!("../tests/golden/macos-27-user.pree"));
        assert_eq!((all.len(), own.len()), (15, 9), "others than root get what they may see");
        let connection = all.iter().find(|socket| socket.local_addr.port() == 51002).unwrap();
        let stats = connection.stats.as_ref().unwrap();
        assert_eq!(
            (stats.congestion_window, stats.slow_start_threshold, stats.retransmits),
            (Some(10), None, 0)
        );
        assert_eq!((stats.rtt, stats.send_queue), (Some(Duration::from_micros(24_500)), Some(5000)));
        assert_eq!(connection.process_name.as_deref(), Some("webserver-with-a-name"));
    }
}
