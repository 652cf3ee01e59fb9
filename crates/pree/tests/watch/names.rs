//! Network namespaces that come while a watch runs.

use std::fs::File;
use std::net::TcpListener;
use std::time::Duration;

use pree::source::Namespaces;
use pree::{EventKind, Query, WatchSource};
use pree_testkit::link::Namespace;
use pree_testkit::{Case, Failed, Need};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

const PATIENCE: Duration = Duration::from_secs(60);

pub fn cases() -> Vec<Case> {
    vec![Case::new("names::of_a_namespace_that_came_later", later).lab().needs(Need::Bpf)]
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
