//! The answer of a sysctl `net.*.pcblist_n`: a header, rows of records, and the header again.
//!
//! Each record tells its length and kind, and is padded to 8 bytes; a row begins with the record of its control block.
//! Kinds that nobody knows yet are passed over.

use super::layout;
use super::records::{Buffer, InternetPcb, SocketRecord, TcpPcb, Traffic, UnixPcb};
use crate::bytes::Native as _;
use crate::malformed::Malformed;

/// Kinds of records (`XSO_*`).
mod kind {
    pub(super) const SOCKET: u32 = 0x001;
    pub(super) const RECEIVE_BUFFER: u32 = 0x002;
    pub(super) const SEND_BUFFER: u32 = 0x004;
    pub(super) const TRAFFIC: u32 = 0x008;
    pub(super) const INTERNET_PCB: u32 = 0x010;
    pub(super) const TCP_PCB: u32 = 0x020;
    pub(super) const UNIX_PCB: u32 = 0x200;
}

/// `xsocket_n` before macOS 13, which ends before `so_gencnt`.
const OLD_SOCKET: usize = layout::xsocket_n::SO_GENCNT.offset;

/// How many control blocks there are, and numbers that change with them (`struct xinpgen`, `struct xunpgen`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generation {
    /// Control blocks of the protocol; of Unix sockets, those of all types. Ones that are being freed are counted and not
    /// listed.
    pub count: u32,
    /// Grows with every control block that is made or freed; those listed have numbers up to it.
    pub number: u64,
    /// The same for all sockets of the machine.
    pub socket_number: u64,
}

impl Generation {
    /// Bytes of it.
    pub const SIZE: usize = layout::xinpgen::SIZE;

    fn parse(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            count: u32::at(bytes, layout::xinpgen::XIG_COUNT.offset)?,
            number: u64::at(bytes, layout::xinpgen::XIG_GEN.offset)?,
            socket_number: u64::at(bytes, layout::xinpgen::XIG_SOGEN.offset)?,
        })
    }
}

/// The control block that a row is about.
#[derive(Clone, Copy, Debug)]
pub enum Pcb<'a> {
    /// Of TCP, UDP, ICMP or a raw socket.
    Internet(InternetPcb<'a>),
    /// Of a Unix socket.
    Unix(UnixPcb<'a>),
}

/// One row: a control block and what came with it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The control block.
    pub pcb: Pcb<'a>,
    /// Its socket. A row without one is malformed.
    pub socket: SocketRecord<'a>,
    /// What was received and not yet read.
    pub receive: Option<Buffer<'a>>,
    /// What was written and not yet acknowledged.
    pub send: Option<Buffer<'a>>,
    /// Counters.
    pub traffic: Option<Traffic<'a>>,
    /// Statistics of TCP.
    pub tcp: Option<TcpPcb<'a>>,
}

/// What comes next in an answer.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A row.
    Row(Row<'a>),
    /// The end, with what the table is by now.
    End(Generation),
}

/// The rows of an answer, then [`Item::End`]. An answer that breaks off or makes no sense ends with a [`Malformed`].
#[derive(Clone, Debug)]
pub struct PcbList<'a> {
    head: Generation,
    bytes: &'a [u8],
    at: usize,
    ended: bool,
}

impl<'a> PcbList<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// There is none.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let broken = Malformed::new("header of pcblist_n", 0);
        let length = u32::at(bytes, 0).ok_or(broken)? as usize;
        let head = bytes.get(..length).and_then(Generation::parse).ok_or(broken)?;
        Ok(Self { head, bytes, at: padded(length), ended: false })
    }

    /// What the table was when the rows were listed.
    pub fn head(&self) -> Generation {
        self.head
    }

    /// Kind and bytes of the record at this place, and the place after it.
    fn record(&self, at: usize) -> Result<(u32, &'a [u8], usize), Malformed> {
        let cut = Malformed::new("record of pcblist_n (cut short)", at);
        let rest = self.bytes.get(at..).unwrap_or_default();
        let length = u32::at(rest, 0).ok_or(cut)? as usize;
        let kind = u32::at(rest, 4).ok_or(cut)?;
        let record = rest.get(..length).ok_or(cut)?;
        if length < Generation::SIZE {
            // Would be read again and again.
            return Err(Malformed::new("length of a record of pcblist_n", at));
        }
        Ok((kind, record, at.saturating_add(padded(length))))
    }

    fn read(&mut self) -> Result<Item<'a>, Malformed> {
        // The kernel stops after the header when it counts nothing.
        if self.head.count == 0 && self.at >= self.bytes.len() {
            self.ended = true;
            return Ok(Item::End(self.head));
        }
        let start = self.at;
        let (first, bytes, next) = self.record(start)?;
        self.at = next;
        if bytes.len() == Generation::SIZE {
            self.ended = true;
            return Generation::parse(bytes).map(Item::End).ok_or(Malformed::new("end of pcblist_n", start));
        }
        let pcb = match first {
            kind::INTERNET_PCB => {
                Pcb::Internet(InternetPcb { bytes: at_least(layout::xinpcb_n::SIZE, bytes, start)? })
            }
            kind::UNIX_PCB => Pcb::Unix(UnixPcb { bytes: at_least(layout::xunpcb_n::SIZE, bytes, start)? }),
            _ => return Err(Malformed::new("first record of a row of pcblist_n", start)),
        };
        let socket = SocketRecord { bytes: &[] };
        let mut row = Row { pcb, socket, receive: None, send: None, traffic: None, tcp: None };
        loop {
            let at = self.at;
            let (kind, bytes, next) = self.record(at)?;
            if bytes.len() == Generation::SIZE || matches!(kind, kind::INTERNET_PCB | kind::UNIX_PCB) {
                return if row.socket.bytes.is_empty() {
                    Err(Malformed::new("row of pcblist_n (without a socket)", start))
                } else {
                    Ok(Item::Row(row))
                };
            }
            row.add(kind, bytes, at)?;
            self.at = next;
        }
    }
}

impl<'a> Row<'a> {
    fn add(&mut self, kind: u32, bytes: &'a [u8], at: usize) -> Result<(), Malformed> {
        let long = |least| at_least(least, bytes, at);
        match kind {
            kind::SOCKET => self.socket = SocketRecord { bytes: long(OLD_SOCKET)? },
            kind::RECEIVE_BUFFER => self.receive = Some(Buffer { bytes: long(layout::xsockbuf_n::SIZE)? }),
            kind::SEND_BUFFER => self.send = Some(Buffer { bytes: long(layout::xsockbuf_n::SIZE)? }),
            kind::TRAFFIC => self.traffic = Some(Traffic { bytes: long(layout::xsockstat_n::SIZE)? }),
            kind::TCP_PCB => self.tcp = Some(TcpPcb { bytes: long(layout::xtcpcb_n::SIZE)? }),
            _ => {}
        }
        Ok(())
    }
}

/// The record, if it has at least the bytes that its structure has.
fn at_least(least: usize, bytes: &[u8], at: usize) -> Result<&[u8], Malformed> {
    if bytes.len() < least { Err(Malformed::new("record of pcblist_n (too short)", at)) } else { Ok(bytes) }
}

impl<'a> Iterator for PcbList<'a> {
    type Item = Result<Item<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.read();
        self.ended |= item.is_err();
        Some(item)
    }
}

/// What the rows of a list are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// TCP.
    Tcp,
    /// UDP; raw and ICMP sockets.
    Udp,
    /// Unix sockets.
    Unix,
}

/// How many control blocks the kernel counted when it said that this many bytes are needed. It adds an eighth, and of IP one
/// more, so that the next call has room.
pub fn rows_counted(bytes: u64, kind: ListKind) -> u64 {
    const COMMON: usize = padded(layout::xsocket_n::SIZE)
        + 2 * padded(layout::xsockbuf_n::SIZE)
        + padded(layout::xsockstat_n::SIZE);
    const INTERNET: usize = COMMON + padded(layout::xinpcb_n::SIZE);
    let (row, spare) = match kind {
        ListKind::Tcp => (INTERNET + padded(layout::xtcpcb_n::SIZE), 1),
        ListKind::Udp => (INTERNET, 1),
        ListKind::Unix => (COMMON + padded(layout::xunpcb_n::SIZE), 0),
    };
    let with_eighth = (bytes.saturating_sub(2 * Generation::SIZE as u64) / row as u64).saturating_sub(spare);
    with_eighth - with_eighth / 9
}

/// `length` rounded up to the 8 bytes that records are padded to; saturates.
const fn padded(length: usize) -> usize {
    length.saturating_add(7) & !7
}
