//! Traffic that never stands still: sockets opened and closed by another process, at a known rate.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Failed;
use crate::holder::{self, Holder, HolderSpec};
use crate::socket::{Family, Socket};

/// How much of what a churner does; each kind with a rate gets a thread. `u32::MAX` is as fast as it can.
///
/// Connections are IPv4; of everything else every second one is IPv6.
#[derive(Debug, Clone, Copy)]
pub struct ChurnSpec {
    /// TCP connections a second that end with a RST and leave nothing.
    pub resets: u32,
    /// TCP connections a second that end in order and leave a `time_wait` for a minute.
    pub time_waits: u32,
    /// UDP sockets a second, half of them connected.
    pub udp: u32,
    /// TCP listeners a second.
    pub listeners: u32,
    /// Bound TCP sockets a second that do not listen.
    pub bound: u32,
    /// How many of each kind are open at a time.
    pub open: usize,
}

impl ChurnSpec {
    /// Nothing, to be filled.
    pub const NONE: Self = Self { resets: 0, time_waits: 0, udp: 0, listeners: 0, bound: 0, open: 32 };

    /// Some of everything: 2000 sockets a second, at most 100 new `time_wait` among them.
    pub const MIXED: Self =
        Self { resets: 700, time_waits: 100, udp: 800, listeners: 200, bound: 200, open: 64 };
}

/// What a churner has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// TCP connections opened, both kinds.
    pub connections: u64,
    /// Everything else opened.
    pub others: u64,
    /// What could not be opened: ports or memory ran out.
    pub refused: u64,
}

/// The process that makes the traffic, until this value is dropped.
#[derive(Debug)]
pub struct Churner {
    holder: Holder,
}

impl Churner {
    /// Starts it; when this returns, every kind has been opened at least once.
    ///
    /// # Errors
    /// It could not be started, or has failed.
    pub fn start(spec: ChurnSpec) -> Result<Self, Failed> {
        let ChurnSpec { resets, time_waits, udp, listeners, bound, open } = spec;
        let argument = format!("{resets} {time_waits} {udp} {listeners} {bound} {open}");
        Ok(Self { holder: Holder::start(HolderSpec::churn(argument).name(b"churner"))? })
    }

    /// Its pid: rows of this owner are not the population's.
    pub fn pid(&self) -> u32 {
        self.holder.pid()
    }

    /// What it has done so far.
    ///
    /// # Errors
    /// It has ended.
    pub fn counts(&mut self) -> Result<Counts, Failed> {
        let answer = self.holder.ask("counts")?;
        let mut numbers = answer.split(' ').map(str::parse);
        let mut next = || numbers.next().ok_or_else(|| format!("a churner said {answer:?}"));
        Ok(Counts { connections: next()??, others: next()??, refused: next()?? })
    }
}

#[derive(Debug, Default)]
struct Counters {
    connections: AtomicU64,
    others: AtomicU64,
    refused: AtomicU64,
}

/// The process of a churner.
pub(crate) fn play(argument: &str) -> Result<(), Failed> {
    let numbers = argument.split(' ').map(str::parse).collect::<Result<Vec<u32>, _>>()?;
    let [resets, time_waits, udp, listeners, bound, open] = numbers[..] else {
        return Err("six numbers say how to churn".into());
    };
    let counters = Arc::new(Counters::default());
    let kinds =
        [(resets, RESETS), (time_waits, TIME_WAITS), (udp, UDP), (listeners, LISTENERS), (bound, BOUND)];
    for (rate, kind) in kinds {
        if rate > 0 {
            let mut one = Kind::start(kind)?;
            one.turn(0)?;
            let counters = Arc::clone(&counters);
            thread::spawn(move || one.run(rate, open as usize, &counters));
        }
    }
    holder::ready()?;
    for line in io::stdin().lines() {
        if line? == "counts" {
            let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            let [connections, others, refused] =
                [&counters.connections, &counters.others, &counters.refused].map(read);
            holder::say(&format!("{connections} {others} {refused}"))?;
        }
    }
    Ok(())
}

const RESETS: u8 = 0;
const TIME_WAITS: u8 = 1;
const UDP: u8 = 2;
const LISTENERS: u8 = 3;
const BOUND: u8 = 4;

struct Kind {
    what: u8,
    v6: bool,
    /// Where connections go.
    listener: Option<Socket>,
    port: u16,
}

impl Kind {
    fn start(what: u8) -> io::Result<Self> {
        let v6 = crate::Need::Ipv6.missing().is_none();
        if what > TIME_WAITS {
            return Ok(Self { what, v6, listener: None, port: 0 });
        }
        let listener = Socket::tcp(Family::V4)?;
        listener.bind((Family::V4.any(), 0))?;
        listener.listen(128)?;
        let port = listener.local()?.port();
        Ok(Self { what, v6, listener: Some(listener), port })
    }

    /// Opens one thing, which is closed when its sockets are dropped: client first.
    fn turn(&mut self, number: u64) -> io::Result<(Socket, Option<Socket>)> {
        let Some(listener) = &self.listener else { return self.lone(number) };
        let client = Socket::tcp(Family::V4)?;
        if self.what == RESETS {
            client.reset_on_close()?;
        }
        // Many addresses: one pair of addresses has too few ports for a minute of TIME_WAIT.
        let host = 1 + (number % 200) as u8;
        client.connect((Ipv4Addr::new(127, 0, 0, host), self.port))?;
        let server = listener.accept()?;
        client.send(b"question")?;
        server.receive(&mut [0; 16])?;
        server.send(b"the answer")?;
        client.receive(&mut [0; 16])?;
        Ok((client, Some(server)))
    }

    fn lone(&self, number: u64) -> io::Result<(Socket, Option<Socket>)> {
        let family = if self.v6 && number % 2 == 1 { Family::V6 } else { Family::V4 };
        let to: SocketAddr = (family.loopback(), 0).into();
        if self.what == UDP {
            let socket = Socket::udp(family)?;
            socket.bind(to)?;
            if number % 4 < 2 {
                socket.connect((family.loopback(), 9))?;
            }
            return Ok((socket, None));
        }
        let socket = Socket::tcp(family)?;
        socket.bind(to)?;
        if self.what == LISTENERS {
            socket.listen(4)?;
        }
        Ok((socket, None))
    }

    fn run(&mut self, rate: u32, open: usize, counters: &Counters) {
        let start = Instant::now();
        let mut pairs = VecDeque::new();
        for number in 1.. {
            let opened = match self.turn(number) {
                Ok(pair) => {
                    pairs.push_back(pair);
                    if self.listener.is_some() { &counters.connections } else { &counters.others }
                }
                Err(_) => &counters.refused,
            };
            opened.fetch_add(1, Ordering::Relaxed);
            if pairs.len() > open {
                pairs.pop_front();
            }
            let due = Duration::from_secs_f64(number as f64 / f64::from(rate));
            if let Some(early) = due.checked_sub(start.elapsed()) {
                thread::sleep(early);
            }
        }
    }
}
