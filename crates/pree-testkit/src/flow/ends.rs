//! The two threads of a flow: one writes, one reads, and both look up often enough to be told to end.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::{Reading, Shared, Writing};

/// Longest wait in the kernel.
pub(super) const TICK: Duration = Duration::from_millis(50);
/// Bytes written or read at once.
const BLOCK: usize = 1 << 16;

pub(super) fn write(stream: &TcpStream, writing: Writing, shared: &Shared) -> io::Result<()> {
    match writing {
        Writing::Bulk => bulk(stream, shared, |_| true),
        Writing::Paced(bytes, every) => paced(stream, shared, bytes, every),
        Writing::BulkThenPaced(time, bytes, every) => {
            let end = Instant::now() + time;
            bulk(stream, shared, |now| now < end)?;
            paced(stream, shared, bytes, every)
        }
        Writing::Requests(question, answer, pause) | Writing::SplitRequests(question, answer, pause) => {
            let mut buffer = vec![0; BLOCK];
            while shared.may_write() {
                if let Writing::SplitRequests(..) = writing {
                    put(stream, shared, question / 2)?;
                    sleep(shared, pause);
                    put(stream, shared, question - question / 2)?;
                } else {
                    put(stream, shared, question)?;
                }
                take(stream, shared, &mut buffer, answer)?;
                sleep(shared, pause);
            }
            Ok(())
        }
        Writing::Silent => Ok(()),
    }
}

pub(super) fn read(
    stream: &TcpStream,
    writing: Writing,
    reading: Reading,
    shared: &Shared,
) -> io::Result<()> {
    let mut buffer = vec![0; BLOCK];
    while shared.goes_on() {
        match (writing, reading) {
            (_, Reading::Never) => sleep(shared, TICK),
            (Writing::Requests(question, answer, _) | Writing::SplitRequests(question, answer, _), _) => {
                if take(stream, shared, &mut buffer, question)? {
                    put(stream, shared, answer)?;
                }
            }
            (_, Reading::AtOnce) => {
                let read = get(stream, &mut buffer)?;
                shared.read.fetch_add(read as u64, Ordering::Relaxed);
            }
            (_, Reading::Slowly(bytes, every)) => {
                let read = get(stream, &mut buffer[..bytes.min(BLOCK)])?;
                shared.read.fetch_add(read as u64, Ordering::Relaxed);
                sleep(shared, every);
            }
        }
    }
    Ok(())
}

fn bulk(stream: &TcpStream, shared: &Shared, goes_on: impl Fn(Instant) -> bool) -> io::Result<()> {
    let block = vec![b'x'; BLOCK];
    while shared.may_write() && goes_on(Instant::now()) {
        let written = or_nothing((&*stream).write(&block))?;
        shared.written.fetch_add(written as u64, Ordering::Relaxed);
    }
    Ok(())
}

fn paced(stream: &TcpStream, shared: &Shared, bytes: usize, every: Duration) -> io::Result<()> {
    let mut next = Instant::now();
    while shared.may_write() {
        put(stream, shared, bytes)?;
        next += every;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

/// Writes all of it, unless the flow ends.
fn put(stream: &TcpStream, shared: &Shared, mut bytes: usize) -> io::Result<()> {
    let block = vec![b'x'; bytes.min(BLOCK)];
    while bytes > 0 && shared.goes_on() {
        let written = or_nothing((&*stream).write(&block[..bytes.min(BLOCK)]))?;
        shared.written.fetch_add(written as u64, Ordering::Relaxed);
        bytes -= written;
    }
    Ok(())
}

/// Reads as much; false when the flow ends before.
fn take(stream: &TcpStream, shared: &Shared, buffer: &mut [u8], mut bytes: usize) -> io::Result<bool> {
    while bytes > 0 && shared.goes_on() {
        let most = bytes.min(buffer.len());
        let read = get(stream, &mut buffer[..most])?;
        shared.read.fetch_add(read as u64, Ordering::Relaxed);
        bytes -= read;
    }
    Ok(bytes == 0)
}

/// Reads what there is; 0 when nothing came in time.
fn get(mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    or_nothing(match stream.read(buffer) {
        Ok(0) => Err(io::Error::other("the other end of the flow has closed")),
        result => result,
    })
}

/// A wait that was too long moved nothing.
fn or_nothing(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind()) => Ok(0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
        result => result,
    }
}

fn sleep(shared: &Shared, time: Duration) {
    let end = Instant::now() + time;
    while shared.goes_on() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        thread::sleep(left.min(TICK));
    }
}
