//! A watch in a loop of somebody's own: what to wait for, and for how long.

use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use pree::{Query, Watch, WatchSource};
use pree_testkit::{Case, Failed, Need};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Nothing hangs for so long.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("loops::records_of_bpf_wake", || wakes(WatchSource::Bpf)).lab().needs(Need::Bpf),
        Case::new("loops::messages_about_ends_wake", || wakes(WatchSource::Destroy)).lab(),
        Case::new("loops::polling_says_when", polling).lab(),
    ]
}

fn watch(source: WatchSource) -> Result<Watch<'static>, Failed> {
    Ok(Query::new().watch_source(source).watch()?)
}

/// Takes what there is, without waiting.
fn take(watch: &mut Watch<'_>) -> Result<usize, Failed> {
    let (now, mut taken) = (watch.now(), 0);
    while watch.next_before(now)?.is_some() {
        taken += 1;
    }
    Ok(taken)
}

/// Who waits for the descriptor alone is woken, each time that something comes, and not before.
fn wakes(source: WatchSource) -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut watch = watch(source)?;
    take(&mut watch)?;
    for _ in 0..3 {
        if is_readable(&watch, Duration::ZERO)? {
            return Err("it is readable though nothing has happened".into());
        }
        let listener = listener.try_clone()?;
        let maker = thread::spawn(move || {
            // The other side waits by now, or it does not: it must not matter.
            thread::sleep(Duration::from_millis(50));
            drop(TcpStream::connect(address));
            drop(listener.accept());
        });
        let mut taken = 0;
        while taken < 4 {
            if !is_readable(&watch, PATIENCE)? {
                return Err(format!("{taken} events, and nobody was woken").into());
            }
            taken += take(&mut watch)?;
        }
        maker.join().map_err(|_| "the maker panicked")?;
        take(&mut watch)?;
        // A record about an end may wait for what comes next.
        while watch.next_look() <= watch.now() + Duration::from_millis(20) && source == WatchSource::Bpf {
            thread::sleep(Duration::from_millis(1));
            take(&mut watch)?;
        }
    }
    Ok(())
}

fn is_readable(watch: &Watch<'_>, time: Duration) -> Result<bool, Failed> {
    let descriptor = watch.descriptor().ok_or("no descriptor")?;
    let time = Timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos().into() };
    Ok(poll(&mut [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)], Some(&time))? == 1)
}

/// Without a descriptor the time alone says when to ask.
fn polling() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut watch = watch(WatchSource::Poll)?;
    if watch.descriptor().is_some() {
        return Err("there is nothing to wait for".into());
    }
    take(&mut watch)?;
    drop(listener);
    let mut looks = 0;
    while take(&mut watch)? == 0 {
        looks += 1;
        if looks > 100 {
            return Err("its end was not told".into());
        }
        let left = watch.next_look().saturating_sub(watch.now());
        thread::sleep(left);
    }
    Ok(())
}
