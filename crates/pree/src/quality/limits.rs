//! Every threshold of the judgement, each with its reason. A number that decides something stands here or nowhere.
//!
//! "Measured" means: on links whose drops and queues were counted, 342 runs, cubic and bbr, IPv4 and IPv6.

use std::time::Duration;

// --- loss ---------------------------------------------------------------------------------------------------------

/// Segments from which a share is worth reporting: the 95 % interval of none lost in 100 ends at 3.7 %.
pub(super) const LOSS_SAMPLES: u64 = 100;
/// Fewer will do when this many were lost: then the interval's lower end alone says that something is wrong…
pub(super) const LOSS_EVENTS: u64 = 5;
/// …but not below this: 5 of 19 is one bad moment of a handshake's first windows.
pub(super) const LOSS_SAMPLES_WITH_EVENTS: u64 = 20;
/// Half the 1 % at which a page or a call suffers; ITU-T Y.1541 promises 0.1 % and TCP throughput falls with 1/√p
/// (Mathis 1997).
pub(super) const LOSSY_FROM: f64 = 0.005;
/// An interval that ends here excludes what users notice.
pub(super) const NOT_LOSSY_TO: f64 = 0.01;
/// Convention: from a tenth on little but retransmission is left.
pub(super) const LOSS_CRITICAL_FROM: f64 = 0.1;
/// Two-sided 95 % of the normal distribution. Measured: the interval held the true share in 48 of 50 runs.
pub(super) const Z_95: f64 = 1.959_964;
/// Mathis, Semke, Mahdavi, Ott 1997: rate ≤ √(3/2)·mss/(rtt·√p).
pub(super) const MATHIS_CONSTANT: f64 = 1.22;
/// Retransmission storm: convention, with [`LOSS_CRITICAL_FROM`]. Fewer are one bad moment.
pub(super) const STORM_EVENTS: u64 = 10;
/// Fewer losses than this give no share: the score then counts the lower end of the interval.
pub(super) const LOSS_EVENTS_FOR_VALUE: u64 = 3;

/// No connection sends more segments a second: 100 Gbit/s in segments of 1250 bytes. A counter of 32 bits takes 7 minutes
/// of that to go around.
pub(super) const SEGMENTS_PER_S_MOST: f64 = 1e7;

/// Bytes from which RFC 6349's TCP efficiency means anything: 70 segments.
pub(super) const EFFICIENCY_BYTES: u64 = 100_000;

/// RFC 3708: a DSACK is one unnecessary retransmission. Convention: fewer are the odd tail loss probe.
pub(super) const SPURIOUS_EVENTS: u32 = 5;
/// Convention: below a fifth of all retransmissions they are not what is wrong.
pub(super) const SPURIOUS_SHARE: f64 = 0.2;

/// Convention, with the share below: a delay spike without reordering measured 0.35 % of the segments.
pub(super) const REORDERING_EVENTS: u32 = 10;
/// Measured: reordering links 2.7 %.
pub(super) const REORDERING_SHARE: f64 = 0.005;

// --- delay --------------------------------------------------------------------------------------------------------

/// Data segments from which the smoothed RTT is more than its first samples (RFC 6298: gain 1/8).
pub(super) const DELAY_SAMPLES: u64 = 20;
/// Data segments from which a queue is more than the first window's burst.
pub(super) const BLOAT_SAMPLES: u64 = 100;
/// BBR has two round trips in flight at most (`bbr_cwnd_gain`), and 2.89 for the moment in which it starts (`bbr_high_gain`):
/// no more than so many wait in a queue of its own making.
pub(super) const BBR_QUEUE_MOST: u32 = 2;
/// One bandwidth-delay product of buffer is what a path needs, so a queue of one base RTT is no fault; more than
/// 100 ms never is needed (LEDBAT's target, RFC 6817).
pub(super) const QUEUE_ALLOWED_MOST: Duration = Duration::from_millis(100);
/// Grades of the common bufferbloat tests: A below 30 ms of added delay.
pub(super) const BLOAT_MILD_FROM: Duration = Duration::from_millis(30);
/// Grade C begins: calls and games suffer.
pub(super) const BLOAT_FROM: Duration = Duration::from_millis(60);
/// Grade D begins.
pub(super) const BLOAT_SEVERE_FROM: Duration = Duration::from_millis(200);
/// More than any delayed acknowledgement (40–200 ms, Linux and others) adds to a sparse flow.
pub(super) const LATENCY_FROM: Duration = Duration::from_millis(250);

// --- what limits sending ------------------------------------------------------------------------------------------

/// Busy time from which shares of it are reported: 250 ticks of the 4 ms clock they are counted in.
pub(super) const BUSY_LEAST: Duration = Duration::from_secs(1);
/// RFC 4898 counts such times (`SndLimTimeRwin`); the share is convention.
pub(super) const RECEIVER_LIMITED_SHARE: f64 = 0.3;
/// Convention; measured: bbr with a small buffer 44 %, cubic about 0 (for it, the buffer itself is looked at).
pub(super) const SEND_BUFFER_LIMITED_SHARE: f64 = 0.2;
/// A window of fewer full segments than this is a receiver that does not read (RFC 9293 §3.8.6.2.2, silly windows).
pub(super) const SMALL_WINDOW_SEGMENTS: u32 = 2;
/// With a lower one all the time, the peer has never had room for what any connection may begin with (RFC 6928: 10
/// segments). Measured: slow readers 0 to 4, receivers that read at once 22 and more.
pub(super) const LOW_WINDOW_SEGMENTS: u32 = 10;
/// Longer segments say nothing about windows: an Ethernet's MTU without headers.
pub(super) const ETHERNET_MSS: u32 = 1460;
/// Of an interval's looks; convention. Measured: a reader that had no processor for a moment 1 of 25, slow readers most.
pub(super) const SMALL_WINDOW_SHARE: f64 = 0.2;
/// One look is a moment.
pub(super) const SMALL_WINDOW_LOOKS: usize = 2;
/// The part of the receive buffer that is nearly all of it; convention. Measured: slow readers 1.0.
pub(super) const RECEIVE_BUFFER_FULL: f64 = 0.8;
/// Data that wait for longer are not read at once: hundreds of a scheduler's rounds; convention.
pub(super) const UNREAD_FROM: Duration = Duration::from_secs(1);
/// Convention: a program that has not read for a minute has forgotten the connection, or hangs.
pub(super) const UNREAD_LONG: Duration = Duration::from_secs(60);
/// Looks in all of which unread data grow before that is no chance.
pub(super) const UNREAD_LOOKS: usize = 5;
/// With no more in flight three duplicate acknowledgements cannot come: a loss costs a timeout (RFC 5681 §3.2, RFC 5827).
pub(super) const SMALL_CWND_MOST: u32 = 4;
/// Of the congestion window, when that is what limits; convention.
pub(super) const CWND_IN_USE: f64 = 0.9;
/// IPv4: an MTU of 576 or less (RFC 9293 §3.7.1).
pub(super) const SMALL_MSS_V4: u32 = 548;
/// IPv6: less than its least MTU of 1280 allows, timestamps taken off (RFC 8200 §5).
pub(super) const SMALL_MSS_V6: u32 = 1208;

// --- progress -----------------------------------------------------------------------------------------------------

/// Timeouts in a row for one segment: the first may be a lost retransmission, the second is a stall.
pub(super) const RTO_STALL_BACKOFF: u8 = 2;
/// The third: nothing has passed for more than seven times the timeout (RFC 6298 doubles it each time).
pub(super) const PATH_DEAD_BACKOFF: u8 = 3;
/// Timeouts from which large segments are suspected: one may be a loss.
pub(super) const BLACK_HOLE_RTOS: u64 = 2;
/// A smaller segment passes any path: an MTU of 1280, the least of IPv6 (RFC 8200 §5), without headers of 60 bytes.
pub(super) const BLACK_HOLE_MSS_ABOVE: u32 = 1220;
/// Heard of a moment ago: less than the least initial timeout (RFC 6298: 1 s).
pub(super) const PEER_HEARD: Duration = Duration::from_secs(1);
/// SYNs repeated: one is a lost packet. Timeouts and not doublings are counted: Linux 6.5 and later wait 1 s each for
/// the first four (`tcp_syn_linear_timeouts`), earlier ones and RFC 6298 double from the first.
pub(super) const SYN_STUCK_RETRANSMITS: u8 = 2;
/// Probes that found a window closed, each after twice the time of the one before: 1.4 s where the timeout is the least, 200 ms.
/// Measured with one probe: a reader that took 1 MB and then rested a second was seen so in 12 of 20 looks.
pub(super) const ZERO_WINDOW_PROBES: u8 = 3;
/// Unanswered keepalives from which the peer is as good as gone; convention (Linux gives up at 9).
pub(super) const KEEPALIVES_DEAD: u8 = 3;

// --- score --------------------------------------------------------------------------------------------------------

/// What a loss share is worth: linear in its logarithm between these. The last is where [`LOSS_CRITICAL_FROM`] is.
pub(super) const LOSS_WORTH: &[(f64, f64)] = &[(0.001, 1.0), (0.01, 0.75), (0.05, 0.25), (0.1, 0.1)];
/// What queueing delay beyond the allowed (in ms) is worth: linear in its logarithm between these.
pub(super) const DELAY_WORTH: &[(f64, f64)] = &[(25.0, 1.0), (400.0, 0.1)];
/// Each further timeout in a row halves.
pub(super) const BACKOFF_WORTH: f64 = 0.5;
/// It will go on when the peer reads.
pub(super) const ZERO_WINDOW_WORTH: f64 = 0.5;
/// One keepalive may be lost.
pub(super) const KEEPALIVE_WORTH: f64 = 0.5;
/// With [`KEEPALIVES_DEAD`] unanswered.
pub(super) const KEEPALIVES_DEAD_WORTH: f64 = 0.1;

// --- across sockets -----------------------------------------------------------------------------------------------

/// Convention: so many connections of one process that it has not closed are worth a look…
pub(super) const CLOSE_WAIT_LEAST: usize = 10;
/// …and a leak when none of them has moved for as long: a slow request is over by then, and so is `TIME_WAIT`.
pub(super) const CLOSE_WAIT_OLD: Duration = Duration::from_secs(60);
/// Convention: a port is then searched for long, and a burst finds none (measured: `connect()` fails at 40 of 40).
pub(super) const PORTS_USED_SHARE: f64 = 0.8;
/// Connections to several destinations share ports that connect(2) chose, by chance. So many shared ports were to be
/// expected, and there is none: they were taken by bind(2), but for a chance of e⁻²⁰.
pub(super) const PORTS_SHARED_LEAST: f64 = 20.0;
/// Convention: connections to the destination are opened faster than half the rate that the ports allow.
pub(super) const TIME_WAIT_SHARE: f64 = 0.5;
/// Convention. Handshakes whose answer had to be repeated are a second old at least (RFC 6298), and one is a lost packet.
pub(super) const HALF_OPEN_LEAST: usize = 10;
/// Convention: two connections with the same trouble are chance…
pub(super) const PATH_SOCKETS: usize = 3;
/// …and fewer than half of those to one address are not the path's.
pub(super) const PATH_SHARE: f64 = 0.5;

// --- intervals ----------------------------------------------------------------------------------------------------

/// Looks that an interval keeps one by one; with more it keeps every second. Enough for a median, and 10 s at 10 a second.
pub(super) const INTERVAL_POINTS: usize = 120;
/// Busy for less of the interval, a connection does not fill its path; convention.
pub(super) const LOADING_BUSY_SHARE: f64 = 0.8;
/// With more of the looks limited by the program it does not either; convention.
pub(super) const LOADING_APP_LIMITED_SHARE: f64 = 0.5;

/// A path's capacity changes: BBR forgets its estimate after ten round trips, this is a minute.
pub(super) const CAPACITY_AGE: Duration = Duration::from_secs(60);
/// Held up by windows or buffers for longer, a rate is not the path's; convention.
pub(super) const CAPACITY_HELD_UP: f64 = 0.1;
/// Looks from which the greatest of the rates stands for the capacity. Measured: 0.515 of it used, 0.519 true.
pub(super) const UTILISATION_LOOKS: usize = 5;

/// Looks that say whether data arrive without a pause.
pub(super) const DOWNLOAD_LOOKS: usize = 10;
/// Data segments received, as [`BLOAT_SAMPLES`] for those sent.
pub(super) const DOWNLOAD_SAMPLES: u64 = 100;
/// Between data that come later, the receiver's RTT is the sender's pause. Measured: bulk 4 ms, paced 12 to 120 ms.
pub(super) const DOWNLOAD_PAUSE: Duration = Duration::from_millis(10);
/// Mean length of the segments that arrive, of a full one, from which the path and not the program is what they wait for;
/// convention. Seen over loopback: requests at Node and at a pool of connections, with an RTT of 0.7 and 1.5 s.
pub(super) const DOWNLOAD_FULL_SHARE: f64 = 0.5;

/// Looks from which their first and last quarters are two or more each.
pub(super) const GROWTH_LOOKS: usize = 8;
/// An RTT that grew by less says nothing about why. Measured: queues and routes 6 times.
pub(super) const GROWTH_RTT: f64 = 1.5;
/// Exponent of data in flight over RTT, from which they grow alike. Measured: 1.03 in a queue, 0 on a longer route.
pub(super) const GROWTH_ALIKE: f64 = 0.5;
/// So much more in flight…
pub(super) const GROWTH_IN_FLIGHT: f64 = 2.0;
/// …would raise the RTT of a queue as much, and not by less than this; convention.
pub(super) const GROWTH_LEVEL: f64 = 1.1;
