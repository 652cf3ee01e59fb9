//! What our BPF programs write of the lives of sockets: of TCP each change of state, of UDP the first datagram, and who uses
//! a socket.
//!
//! Whole records one after another, in the kernel's byte order, each a multiple of 8 bytes. The programs that write this are
//! in `pree`, `sys/linux/bpf/lives.rs`.

use crate::bytes::{Native, array_at};
use crate::malformed::Malformed;

/// Where things are in a record.
pub mod at {
    /// u16: [`super::KIND_STATE`] and its siblings.
    pub const KIND: i16 = 0;
    /// u16: bytes of the record.
    pub const SIZE: i16 = 2;
    /// u8: state before (`TCP_*`); of a socket for datagrams its protocol (`IPPROTO_*`).
    pub const FROM: i16 = 4;
    /// u8: state now.
    pub const TO: i16 = 5;
    /// u16: `AF_INET` or `AF_INET6`.
    pub const FAMILY: i16 = 6;
    /// u64: `CLOCK_MONOTONIC`, nanoseconds.
    pub const TIME: i16 = 8;
    /// u64
    pub const COOKIE: i16 = 16;
    /// u32: inode of the network namespace.
    pub const NAMESPACE: i16 = 24;
    /// u32: `sk_bound_dev_if`.
    pub const INTERFACE: i16 = 28;
    /// u16, network order.
    pub const LOCAL_PORT: i16 = 32;
    /// u16, network order.
    pub const REMOTE_PORT: i16 = 34;
    /// u32: `sk_err`.
    pub const ERROR: i16 = 36;
    /// 16 bytes, of IPv4 the first 4.
    pub const LOCAL: i16 = 40;
    /// 16 bytes, of IPv4 the first 4.
    pub const REMOTE: i16 = 56;
    /// The user of the socket: [`super::User`] without its flag.
    pub const USER: i16 = 72;
    /// u32: process id.
    pub const PID: i16 = USER;
    /// u32: 1 when the user is known.
    pub const USER_KNOWN: i16 = 76;
    /// u64: start of the process, nanoseconds after boot.
    pub const STARTED: i16 = 80;
    /// 16 bytes: `comm`.
    pub const NAME: i16 = 88;
    /// u64: when it began to connect or was accepted, or had its first datagram, as [`TIME`]; 0 where nobody saw it.
    pub const OPENED: i16 = 104;
    /// u32: `sk_uid`.
    pub const UID: i16 = 112;
    /// u32: the low bits of `sk_flags`.
    pub const FLAGS: i16 = 116;
    /// The end of most records. What follows is there when a socket closes.
    pub const END: i16 = 120;
    /// [`super::COUNTERS`], then [`super::NUMBERS`].
    pub const STATISTICS: i16 = END;
    /// u32: which of the statistics this kernel has, a bit each in their order.
    pub const KNOWN: i16 = 216;
    /// The end of a record with statistics.
    pub const END_OF_CLOSED: i16 = 224;
}

/// A change of state.
pub const KIND_STATE: u16 = 1;
/// It is known who uses the socket.
pub const KIND_USER: u16 = 2;
/// A reset was sent for a socket that is closed already.
pub const KIND_RESET_SENT: u16 = 3;
/// Records were lost.
pub const KIND_LOST: u16 = 4;
/// A socket sent or received a datagram, the first since the programs run.
pub const KIND_FIRST_DATAGRAM: u16 = 5;

/// Bytes of a record that says how many were lost: the number, a u64 from byte 8 on, counts from the beginning.
pub const LOST_SIZE: usize = 16;

/// Such a record.
pub fn lost(count: u64) -> [u8; LOST_SIZE] {
    let mut record = [0; LOST_SIZE];
    record[..2].copy_from_slice(&KIND_LOST.to_ne_bytes());
    record[2..4].copy_from_slice(&(LOST_SIZE as u16).to_ne_bytes());
    record[8..].copy_from_slice(&count.to_ne_bytes());
    record
}

/// `comm` and its NUL.
const NAME_SIZE: usize = 16;

const _: () = {
    assert!(at::STATISTICS as usize + COUNTERS.len() * 8 + NUMBERS.len() * 4 == at::KNOWN as usize);
    assert!(at::END % 8 == 0 && at::END_OF_CLOSED % 8 == 0);
};

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A change of state, or who uses the socket.
    Life(Life<'a>),
    /// How many records were lost since the programs run.
    Lost(u64),
}

/// What happened to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life<'a> {
    bytes: &'a [u8],
}

/// The process that uses a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct User {
    /// Process id; 0 for a process outside the pid namespace that was asked for.
    pub pid: u32,
    /// Start of the process in nanoseconds after boot.
    pub start_time_ns: u64,
    name: [u8; NAME_SIZE],
}

impl User {
    /// `comm` of the thread-group leader, at most 15 bytes of anything.
    pub fn name(&self) -> &[u8] {
        self.name.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

/// Takes the first record off `bytes`; `None` at their end.
///
/// # Errors
/// It is none of ours, or not whole.
pub fn take<'a>(bytes: &mut &'a [u8]) -> Result<Option<Record<'a>>, Malformed> {
    let whole = *bytes;
    if whole.is_empty() {
        return Ok(None);
    }
    let broken = || Malformed::new("record of a BPF program", 0);
    let size = usize::from(u16::at(whole, at::SIZE as usize).ok_or_else(broken)?);
    let kind = u16::at(whole, at::KIND as usize).ok_or_else(broken)?;
    let (record, rest) = whole.split_at_checked(size).ok_or_else(broken)?;
    let record = match kind {
        KIND_STATE | KIND_USER | KIND_RESET_SENT | KIND_FIRST_DATAGRAM if size >= at::END as usize => {
            Record::Life(Life { bytes: record })
        }
        KIND_LOST if size >= LOST_SIZE => Record::Lost(u64::at(record, 8).ok_or_else(broken)?),
        _ => return Err(broken()),
    };
    *bytes = rest;
    Ok(Some(record))
}

/// Numbers of a record that is long enough, which [`take`] has seen to.
macro_rules! numbers {
    ($( #[doc = $doc:literal] $name:ident: $type:ident, $at:ident; )*) => {
        impl Life<'_> {
            $(
                #[doc = $doc]
                pub fn $name(&self) -> $type {
                    $type::at(self.bytes, at::$at as usize).unwrap_or_default()
                }
            )*
        }
    };
}
numbers! {
    #[doc = "What it is: [`KIND_STATE`] and its siblings."]
    kind: u16, KIND;
    #[doc = "State before, `TCP_*`; of a socket for datagrams its protocol, `IPPROTO_*`."]
    from: u8, FROM;
    #[doc = "State now, `TCP_*`."]
    to: u8, TO;
    #[doc = "`AF_INET` or `AF_INET6`."]
    family: u16, FAMILY;
    #[doc = "When, in nanoseconds of `CLOCK_MONOTONIC`."]
    time_ns: u64, TIME;
    #[doc = "The socket's cookie."]
    cookie: u64, COOKIE;
    #[doc = "Inode of its network namespace."]
    network_namespace: u32, NAMESPACE;
    #[doc = "Index of the interface that it is bound to, or 0."]
    interface: u32, INTERFACE;
    #[doc = "`sk_err`, or 0."]
    error: u32, ERROR;
    #[doc = "User id of the socket."]
    uid: u32, UID;
    #[doc = "Low bits of `sk_flags`."]
    flags: u32, FLAGS;
}

impl<'a> Life<'a> {
    /// Port at this end; 0 where it has none yet.
    pub fn local_port(&self) -> u16 {
        array_at(self.bytes, at::LOCAL_PORT as usize).map_or(0, u16::from_be_bytes)
    }

    /// Port at the other end; 0 for none.
    pub fn remote_port(&self) -> u16 {
        array_at(self.bytes, at::REMOTE_PORT as usize).map_or(0, u16::from_be_bytes)
    }

    /// Address at this end: 16 bytes, of IPv4 the first 4.
    pub fn local(&self) -> [u8; 16] {
        array_at(self.bytes, at::LOCAL as usize).unwrap_or_default()
    }

    /// Address at the other end.
    pub fn remote(&self) -> [u8; 16] {
        array_at(self.bytes, at::REMOTE as usize).unwrap_or_default()
    }

    /// When it began to connect, or was established by a peer; `None` where the programs did not run yet.
    pub fn opened_ns(&self) -> Option<u64> {
        u64::at(self.bytes, at::OPENED as usize).filter(|time| *time != 0)
    }

    /// The process that uses it, where that is known.
    pub fn user(&self) -> Option<User> {
        if u32::at(self.bytes, at::USER_KNOWN as usize)? == 0 {
            return None;
        }
        Some(User {
            pid: u32::at(self.bytes, at::PID as usize)?,
            start_time_ns: u64::at(self.bytes, at::STARTED as usize)?,
            name: array_at(self.bytes, at::NAME as usize)?,
        })
    }

    /// The last statistics, where it has closed.
    pub fn statistics(&self) -> Option<Statistics<'a>> {
        let bytes = self.bytes.get(at::STATISTICS as usize..at::END_OF_CLOSED as usize)?;
        let known = u32::at(self.bytes, at::KNOWN as usize)?;
        Some(Statistics { bytes, known })
    }
}

/// What a socket has moved in datagrams, from the first on that the program saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagrams {
    /// When that was, in nanoseconds of `CLOCK_MONOTONIC`.
    pub first_ns: u64,
    /// When the last one was sent or received.
    pub last_ns: u64,
    /// Bytes sent, without headers.
    pub bytes_sent: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Calls that sent.
    pub sent: u64,
    /// Calls that received.
    pub received: u64,
}

impl Datagrams {
    /// Bytes of it where the program keeps it.
    pub const SIZE: usize = 48;

    /// Reads it; `None` before the first one, and where it is not whole.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let number = |index: usize| u64::at(bytes, index * 8);
        Some(Self {
            first_ns: number(0).filter(|time| *time != 0)?,
            last_ns: number(1)?,
            bytes_sent: number(2)?,
            bytes_received: number(3)?,
            sent: number(4)?,
            received: number(5)?,
        })
    }

    /// Takes the first off what is kept of many sockets, the cookie of its socket before it; `None` at the end. One that is not
    /// there yet is left out.
    pub fn take(bytes: &mut &[u8]) -> Option<(u64, Self)> {
        loop {
            let (one, rest) = bytes.split_at_checked(8 + Self::SIZE)?;
            *bytes = rest;
            if let Some(datagrams) = one.get(8..).and_then(Self::parse) {
                return Some((u64::at(one, 0)?, datagrams));
            }
        }
    }
}

/// Numbers of `struct tcp_sock`.
#[derive(Clone, Copy, Debug)]
pub struct Statistics<'a> {
    bytes: &'a [u8],
    known: u32,
}

/// Names of members of `struct tcp_sock` in the record's order, and a function that gets each.
macro_rules! statistics {
    (u64: $($wide:ident)*; u32: $($narrow:ident)*) => {
        /// Members of `struct tcp_sock` with 64 bits, in the record's order.
        pub const COUNTERS: [&str; [$(stringify!($wide)),*].len()] = [$(stringify!($wide)),*];

        /// The same with 32 bits. `rtt_min` is that of the sample in use.
        pub const NUMBERS: [&str; [$(stringify!($narrow)),*].len()] = [$(stringify!($narrow)),*];

        /// The place of each among the statistics.
        #[allow(non_camel_case_types, clippy::enum_variant_names, reason = "the kernel's names")]
        enum Place { $($wide,)* $($narrow,)* }

        impl Statistics<'_> {
            $(
                #[doc = concat!("`tcp_sock.", stringify!($wide), "`; `None` where this kernel has none such.")]
                pub fn $wide(&self) -> Option<u64> {
                    const PLACE: usize = Place::$wide as usize;
                    self.is_known(PLACE).then(|| u64::at(self.bytes, PLACE * 8)).flatten()
                }
            )*
            $(
                #[doc = concat!("`tcp_sock.", stringify!($narrow), "`; `None` where this kernel has none such.")]
                pub fn $narrow(&self) -> Option<u32> {
                    const PLACE: usize = Place::$narrow as usize;
                    const AT: usize = COUNTERS.len() * 8 + (PLACE - COUNTERS.len()) * 4;
                    self.is_known(PLACE).then(|| u32::at(self.bytes, AT)).flatten()
                }
            )*
        }
    };
}
statistics! {
    u64: bytes_sent bytes_acked bytes_received bytes_retrans;
    u32: segs_out segs_in data_segs_out data_segs_in total_retrans srtt_us mdev_us rtt_min snd_cwnd snd_ssthresh mss_cache
        delivered delivered_ce dsack_dups reord_seen rcv_ooopack
}

impl Statistics<'_> {
    fn is_known(&self, place: usize) -> bool {
        self.known >> place & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn set<const N: usize>(record: &mut [u8], place: i16, bytes: [u8; N]) {
        record[place as usize..][..N].copy_from_slice(&bytes);
    }

    fn closed() -> Vec<u8> {
        let mut record = std::vec![0; at::END_OF_CLOSED as usize];
        set(&mut record, at::KIND, KIND_STATE.to_ne_bytes());
        set(&mut record, at::SIZE, (at::END_OF_CLOSED as u16).to_ne_bytes());
        set(&mut record, at::FROM, [1, 7]);
        set(&mut record, at::COOKIE, 77_u64.to_ne_bytes());
        set(&mut record, at::LOCAL_PORT, [0x1f, 0x90, 0, 80]);
        set(&mut record, at::USER, 300_u32.to_ne_bytes());
        set(&mut record, at::USER_KNOWN, 1_u32.to_ne_bytes());
        set(&mut record, at::NAME, *b"cu\xffrl\0rest of it");
        set(&mut record, at::STATISTICS + 16, 1000_u64.to_ne_bytes());
        set(&mut record, at::STATISTICS + 32 + 8 * 4, 9_u32.to_ne_bytes());
        // bytes_received, total_retrans, snd_cwnd
        set(&mut record, at::KNOWN, (1_u32 << 2 | 1 << 8 | 1 << 12).to_ne_bytes());
        record
    }

    #[test]
    fn a_record_of_an_end() {
        let bytes = closed();
        let mut rest = &bytes[..];
        let Ok(Some(Record::Life(life))) = take(&mut rest) else { panic!("a life") };
        assert!(rest.is_empty());
        assert_eq!((life.from(), life.to(), life.cookie()), (1, 7, 77));
        assert_eq!((life.local_port(), life.remote_port()), (8080, 80));
        assert_eq!(life.opened_ns(), None);
        let user = life.user().unwrap();
        assert_eq!((user.pid, user.name()), (300, &b"cu\xffrl"[..]));
        let statistics = life.statistics().unwrap();
        assert_eq!(statistics.bytes_received(), Some(1000));
        assert_eq!(statistics.bytes_sent(), None);
        assert_eq!(statistics.total_retrans(), Some(0));
        assert_eq!(statistics.snd_cwnd(), Some(9));
        assert_eq!(statistics.mss_cache(), None);
    }

    #[test]
    fn datagrams_of_sockets() {
        let words = |words: &[u64]| words.iter().copied().flat_map(u64::to_ne_bytes).collect::<Vec<u8>>();
        let counted =
            Datagrams { first_ns: 4, last_ns: 5, bytes_sent: 100, bytes_received: 200, sent: 1, received: 2 };
        assert_eq!(Datagrams::parse(&words(&[4, 5, 100, 200, 1, 2])), Some(counted));
        assert_eq!(Datagrams::parse(&words(&[0, 5, 100, 200, 1, 2])), None);
        assert_eq!(Datagrams::parse(&words(&[4, 5, 100, 200, 1])), None);

        let mut all = words(&[9, 0, 0, 0, 0, 0, 0, 77, 4, 5, 100, 200, 1, 2]);
        all.extend([1; 55]);
        let mut rest = &all[..];
        assert_eq!(Datagrams::take(&mut rest), Some((77, counted)));
        assert_eq!(Datagrams::take(&mut rest), None);
    }

    #[test]
    fn what_is_not_whole_or_not_ours_is_refused() {
        let bytes = closed();
        for length in 1..bytes.len() {
            assert!(take(&mut &bytes[..length]).is_err(), "{length}");
        }
        assert_eq!(take(&mut &[][..]), Ok(None));
        for (kind, size) in [(0, 224), (6, 224), (5, 112), (1, 0), (1, 119), (4, 8)] {
            let mut bytes = closed();
            set(&mut bytes, at::KIND, u16::to_ne_bytes(kind));
            set(&mut bytes, at::SIZE, u16::to_ne_bytes(size));
            assert!(take(&mut &bytes[..]).is_err(), "{kind} {size}");
        }
    }

    #[test]
    fn losses_are_counted_from_the_beginning() {
        let mut bytes = lost(42).to_vec();
        bytes.extend(closed());
        let mut rest = &bytes[..];
        assert_eq!(take(&mut rest), Ok(Some(Record::Lost(42))));
        assert!(matches!(take(&mut rest), Ok(Some(Record::Life(_)))));
        assert_eq!(take(&mut rest), Ok(None));
    }
}
