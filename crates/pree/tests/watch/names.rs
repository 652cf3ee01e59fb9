//! Network namespaces that come and go while a watch runs.

use std::collections::HashSet;
use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use pree::source::Namespaces;
use pree::{EventKind, Query, WatchSource};
use pree_testkit::link::Namespace;
use pree_testkit::{Case, Failed, Need};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

const PATIENCE: Duration = Duration::from_secs(60);

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("names::of_a_namespace_that_came_later", later).lab().needs(Need::Bpf),
        Case::new("names::a_watch_of_a_namespace_that_is_deleted_ends", deleted).lab().needs(Need::Bpf),
        Case::new("names::a_thousand_namespaces_come_and_go", many).lab().needs(Need::Bpf),
    ]
}

/// As long as a socket is there something can happen; then it is over, and the watch says why.
fn deleted() -> Result<(), Failed> {
    for source in [WatchSource::Bpf, WatchSource::Destroy, WatchSource::Poll] {
        let namespace = Namespace::new()?;
        let path = "/run/netns/leaves";
        let listener = namespace.run(move || {
            File::create(path)?;
            mount("/proc/thread-self/ns/net", path, "", MountFlags::BIND, None)?;
            TcpListener::bind("127.0.0.1:0")
        })?;
        let query = Query::new().network_namespaces(Namespaces::One(b"leaves"[..].into()));
        let mut watch = query.watch_source(source).watch()?;
        unmount(path, UnmountFlags::DETACH)?;
        std::fs::remove_file(path)?;
        let soon = watch.now() + Duration::from_secs(3);
        while watch.next_before(soon)?.is_some() {}
        if watch.is_over() {
            return Err(format!("{source:?} ended beside a listener").into());
        }
        drop(listener);
        let (mut ended, end) = (0, watch.now() + PATIENCE);
        while let Some(event) = watch.next_before(end)? {
            ended += u32::from(matches!(event.kind, EventKind::Closed(_)));
        }
        let coverage = watch.coverage().to_string();
        if !watch.is_over() || ended != 1 || !coverage.contains("in the network namespace leaves") {
            return Err(format!("{source:?}: {ended} ends, {coverage}").into());
        }
    }
    Ok(())
}

/// In each a connection is made. All are told, with nothing lost, though most are gone before their names could be looked up.
fn many() -> Result<(), Failed> {
    const COUNT: usize = 1000;
    let query = Query::new().network_namespaces(Namespaces::All).watch_source(WatchSource::Bpf);
    let mut watch = query.filter("dst=127.0.0.7".parse()?).watch()?;
    let maker = std::thread::spawn(|| -> Result<(), String> {
        for _ in 0..COUNT {
            let connect = || {
                let listener = TcpListener::bind("127.0.0.7:0")?;
                TcpStream::connect(listener.local_addr()?)?;
                Ok(())
            };
            let made = Namespace::new().and_then(|namespace| namespace.run(connect));
            made.map_err(|failed| failed.message().unwrap_or_default().to_owned())?;
        }
        Ok(())
    });
    let (mut namespaces, mut ended) = (HashSet::new(), 0);
    let end = watch.now() + PATIENCE;
    while ended < COUNT {
        let event = watch.next_before(end)?.ok_or_else(|| format!("{ended} ended"))?;
        let (EventKind::Closed(_), Some(socket)) = (event.kind, event.socket) else { continue };
        namespaces.insert(socket.kernel_id.ok_or("no id")?.network_namespace);
        ended += 1;
    }
    maker.join().map_err(|_| "it panicked")??;
    // The number of one that is gone can be used again.
    if namespaces.len() < 2 || watch.lost() != Some(0) {
        return Err(format!("{} namespaces, {:?} lost", namespaces.len(), watch.lost()).into());
    }
    Ok(())
}

fn later() -> Result<(), Failed> {
    let query = Query::new().network_namespaces(Namespaces::All).watch_source(WatchSource::Bpf);
    let mut watch = query.watch()?;
    let namespace = Namespace::new()?;
    let path = "/run/netns/later";
    let inode = namespace.run(move || {
        let link = std::fs::read_link("/proc/thread-self/ns/net")?.display().to_string();
        File::create(path)?;
        mount("/proc/thread-self/ns/net", path, "", MountFlags::BIND, None)?;
        drop(TcpListener::bind("127.0.0.1:0")?);
        let digits: String = link.chars().filter(char::is_ascii_digit).collect();
        Ok(digits)
    })?;
    let inode: u64 = inode.parse()?;
    let end = watch.now() + PATIENCE;
    let told = loop {
        let event = watch.next_before(end)?.ok_or("it was not told")?;
        let Some(socket) = event.socket.filter(|_| event.kind == EventKind::Opened) else { continue };
        if socket.kernel_id.is_some_and(|id| id.network_namespace == inode) {
            break socket;
        }
    };
    unmount(path, UnmountFlags::DETACH)?;
    let name = told.network_namespace.as_ref().and_then(|namespace| namespace.name.clone());
    if name.as_ref().map(|name| name.as_bytes()) == Some(&b"later"[..]) {
        Ok(())
    } else {
        Err(format!("{:?}", told.network_namespace).into())
    }
}
