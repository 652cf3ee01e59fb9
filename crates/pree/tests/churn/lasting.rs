//! The sockets that stay.

use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Failed, Family, Population, Socket, Truth, population};

/// Connections of each family; each has two ends.
const CONNECTIONS: usize = 160;
/// Processes that share the clients' ends.
const KEEPERS: usize = 4;
const BOUND: usize = 6;

/// 320 connections, their clients' ends held by two processes each; `SO_REUSEPORT` groups of eight, TCP and UDP, IPv4
/// and IPv6; bound sockets; workers with a listener in common.
pub fn population() -> Result<Population, Failed> {
    let mut all = Population::new();
    for family in [Family::V4, Family::V6] {
        let mut keepers: Vec<Vec<Socket>> = (0..KEEPERS).map(|_| Vec::new()).collect();
        let listener = Socket::tcp(family)?;
        listener.bind((family.loopback(), 0))?;
        listener.listen(16)?;
        for number in 0..CONNECTIONS {
            let client = Socket::tcp(family)?;
            client.connect(listener.local()?)?;
            let server = listener.accept()?;
            client.send(b"a few bytes")?;
            server.receive(&mut [0; 64])?;
            all.add("server", server, "established")?;
            keepers[number % KEEPERS].push(client);
        }
        all.add_with("listener", listener, "listen", |truth| truth.listen = Some((0, 16)))?;
        for clients in keepers {
            let spec = clients.iter().fold(HolderSpec::hold().name(b"keeper"), HolderSpec::inherit);
            let keeper = Holder::start(spec)?;
            for client in clients {
                all.add_with("client", client, "established", |truth| share(truth, &keeper))?;
            }
            all.keep(keeper);
        }
        for _ in 0..BOUND {
            let bound = Socket::tcp(family)?;
            bound.bind((family.loopback(), 0))?;
            all.add("bound", bound, "bound_inactive")?;
        }
        all.merge(population::reuseport(family, 8)?);
        all.merge(population::workers(family, 2)?);
    }
    Ok(all)
}

fn share(truth: &mut Truth, keeper: &Holder) {
    let theirs: Vec<_> = truth.owners.iter().map(|&(_, fd)| (keeper.pid(), fd)).collect();
    truth.owners.extend(theirs);
    truth.owners.sort_unstable();
}
