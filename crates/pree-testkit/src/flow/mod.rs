//! Traffic over a [`Link`]: one TCP connection, and at its two ends threads that use it in a given manner.
//!
//! The near end connects, the far end listens. Which of them sends is said by [`Sender`].

mod ends;

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use std::os::fd::OwnedFd;

use crate::Failed;
use crate::link::Link;
use crate::socket::{Family, Socket};

/// How the data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// As much as goes.
    Bulk,
    /// So many bytes, then again after so long, whatever became of the first.
    Paced(usize, Duration),
    /// As much as goes for so long, then paced.
    BulkThenPaced(Duration, usize, Duration),
    /// So many bytes, and after so long again, but only once an answer of so many bytes has come.
    Requests(usize, usize, Duration),
    /// The same with the question in two halves, so long apart: the other end has nothing to say to the first one and
    /// acknowledges it late.
    SplitRequests(usize, usize, Duration),
    /// Nothing.
    Silent,
}

/// How it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// At once.
    AtOnce,
    /// So many bytes, then again after so long.
    Slowly(usize, Duration),
    /// Never.
    Never,
}

/// Which end has the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The end where the test looks.
    Near,
    /// The other one.
    Far,
}

/// One connection, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowPlan {
    /// How the data is written.
    pub writing: Writing,
    /// How it is read.
    pub reading: Reading,
    /// Which end has it.
    pub sender: Sender,
    /// `SO_SNDBUF` of the sender; the kernel's choice when `None`.
    pub send_buffer: Option<usize>,
    /// `SO_RCVBUF` of the receiver; the kernel's choice when `None`.
    pub receive_buffer: Option<usize>,
}

impl FlowPlan {
    /// As much as goes, from the near end to the far one.
    pub const BULK: Self = Self {
        writing: Writing::Bulk,
        reading: Reading::AtOnce,
        sender: Sender::Near,
        send_buffer: None,
        receive_buffer: None,
    };

    /// Written like this, read at once.
    pub const fn writing(writing: Writing) -> Self {
        Self { writing, ..Self::BULK }
    }
}

/// What the threads at the two ends share.
#[derive(Debug, Default)]
struct Shared {
    /// No more is to be written.
    paused: AtomicBool,
    /// Both ends are to return.
    ends: AtomicBool,
    written: AtomicU64,
    read: AtomicU64,
}

impl Shared {
    fn goes_on(&self) -> bool {
        !self.ends.load(Ordering::Relaxed)
    }

    fn may_write(&self) -> bool {
        self.goes_on() && !self.paused.load(Ordering::Relaxed)
    }
}

/// A connection in use, until it is dropped.
#[derive(Debug)]
pub struct Flow {
    near: SocketAddr,
    far: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<io::Result<()>>>,
    streams: [TcpStream; 2],
}

impl Flow {
    /// Connects with this congestion control at both ends, and starts the traffic.
    ///
    /// # Errors
    /// The kernel's: no such congestion control, or no way to the other end.
    pub fn start(link: &Link, plan: &FlowPlan, congestion: &str, family: Family) -> Result<Self, Failed> {
        let of = |end: Sender| {
            if end == plan.sender { (plan.send_buffer, None) } else { (None, plan.receive_buffer) }
        };
        let (far_ip, far_buffers, algorithm) = (link.far_ip(family), of(Sender::Far), congestion.to_owned());
        let listener = link.far().run(move || {
            let socket = prepared(family, &algorithm, far_buffers)?;
            socket.bind((far_ip, 0))?;
            socket.listen(8)?;
            Ok(socket)
        })?;
        let far = listener.local()?;
        let near_socket = prepared(family, congestion, of(Sender::Near))?;
        near_socket.connect(far)?;
        let near = near_socket.local()?;
        let far_socket = listener.accept()?;
        let streams = [near_socket, far_socket].map(|socket| TcpStream::from(OwnedFd::from(socket)));
        let shared = Arc::<Shared>::default();
        let mut flow = Self { near, far, shared, threads: Vec::new(), streams };
        flow.start_threads(plan)?;
        Ok(flow)
    }

    fn start_threads(&mut self, plan: &FlowPlan) -> io::Result<()> {
        for stream in &self.streams {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(ends::TICK))?;
            stream.set_write_timeout(Some(ends::TICK))?;
        }
        let [near, far] = [self.streams[0].try_clone()?, self.streams[1].try_clone()?];
        let (sender, receiver) = if plan.sender == Sender::Near { (near, far) } else { (far, near) };
        let (writing, reading) = (plan.writing, plan.reading);
        let shared = Arc::clone(&self.shared);
        self.threads.push(thread::spawn(move || ends::write(&sender, writing, &shared)));
        let shared = Arc::clone(&self.shared);
        self.threads.push(thread::spawn(move || ends::read(&receiver, writing, reading, &shared)));
        Ok(())
    }

    /// The near end's address.
    pub fn near(&self) -> SocketAddr {
        self.near
    }

    /// The far end's address.
    pub fn far(&self) -> SocketAddr {
        self.far
    }

    /// Bytes that the sender has given to its kernel.
    pub fn written(&self) -> u64 {
        self.shared.written.load(Ordering::Relaxed)
    }

    /// Bytes that the receiver has got from its kernel.
    pub fn read(&self) -> u64 {
        self.shared.read.load(Ordering::Relaxed)
    }

    /// Writes no more; what is written already still goes its way.
    pub fn pause(&self) {
        self.shared.paused.store(true, Ordering::Relaxed);
    }

    /// Ends the traffic.
    ///
    /// # Errors
    /// An end failed before it was told to end.
    pub fn finish(mut self) -> Result<(), Failed> {
        self.stop().map_err(Failed::from)
    }

    fn stop(&mut self) -> io::Result<()> {
        self.shared.ends.store(true, Ordering::Relaxed);
        let mut outcome = Ok(());
        for thread in self.threads.drain(..) {
            let result = thread.join().unwrap_or_else(|_| Err(io::Error::other("an end of a flow panicked")));
            outcome = outcome.and(result);
        }
        outcome
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

fn prepared(
    family: Family,
    congestion: &str,
    (send_buffer, receive_buffer): (Option<usize>, Option<usize>),
) -> io::Result<Socket> {
    let socket = Socket::tcp(family)?;
    socket.set_congestion(congestion)?;
    if let Some(bytes) = send_buffer {
        socket.set_send_buffer(bytes)?;
    }
    if let Some(bytes) = receive_buffer {
        socket.set_receive_buffer(bytes)?;
    }
    // The sockets close while the link is there no more.
    socket.reset_on_close()?;
    Ok(socket)
}
