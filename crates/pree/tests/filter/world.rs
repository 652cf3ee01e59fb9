//! A bit of everything: the kit's populations, and sockets at addresses and ports that an expression can name.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use pree::{Query, Socket as Row, SourceChoice};
use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::wire::Wire;
use pree_testkit::{Failed, Family, Need, Population, Socket, Truth, lab, population, wait_for, wait_until};

/// What the mixed population needs.
pub const NEEDS: &[Need] = &[Need::Ipv6, Need::Veth, Need::BoundInactive, Need::RealRoot, Need::UdpLite];

/// A user of the lab's own `/etc/passwd`, to whom a socket belongs.
pub const NOBODY: (u32, &str) = (65_534, "somebody");

/// The population, each socket with what is known about it.
pub struct World {
    pub sockets: Vec<Known>,
    /// When the population was there, and the facts then.
    began: Instant,
    facts: BTreeSet<String>,
    /// Keeps the sockets.
    _population: Population,
}

/// A socket: what the test made it to be, and beside that what an unfiltered look says about what the test cannot
/// choose (a round-trip time, a segment size).
pub struct Known {
    pub truth: Truth,
    pub row: Row,
    pub owners: Vec<Process>,
    /// The kernel says that it chose the local port.
    pub autobound: bool,
}

/// A holder, as /proc has it.
pub struct Process {
    pub pid: u32,
    pub parent: u32,
    pub name: Vec<u8>,
    pub command_line: Vec<u8>,
}

/// Protocol, state, ends, inode: one socket. Scopes are left out, for /proc does not tell them.
pub type Id = String;

impl World {
    pub fn new() -> Result<Self, Failed> {
        let (id, name) = NOBODY;
        let users = format!("root:x:0:0:root:/root:/bin/sh\n{name}:x:{id}:{id}::/:/bin/sh\n");
        lab::cover_file("/etc/passwd", users.as_bytes())?;
        let mut all = fixed()?;
        for population in [
            population::listeners()?,
            population::connections()?,
            population::link_local()?,
            population::reuseport(Family::V4, 3)?,
            population::reuseport(Family::V6, 3)?,
            population::shared()?,
            population::workers(Family::V4, 2)?,
            population::in_flight(Family::V4)?,
            population::accept_queue(Family::V4)?,
            population::accept_queue(Family::V6)?,
            population::states(Family::V4)?,
            population::states(Family::V6)?,
            population::states_mapped()?,
            population::queues(Family::V4)?,
            population::queues(Family::V6)?,
            population::udp()?,
            population::options()?,
            population::bound_only()?,
            population::users()?,
            population::udplite()?,
        ] {
            all.merge(population);
        }
        Self::of(all)
    }

    /// Finds the row of each socket.
    pub fn of(population: Population) -> Result<Self, Failed> {
        let began = Instant::now();
        let rows = still()?;
        let facts = rows.iter().map(facts).collect();
        let mut rows: BTreeMap<Id, Row> = rows.into_iter().map(|row| (id_of(&row), row)).collect();
        let mut shared_ports = BTreeSet::new();
        let mut sockets = Vec::new();
        for truth in population.truth() {
            let row = rows.remove(&id(truth)).ok_or_else(|| format!("{truth} has no row"))?;
            let owners = truth.owners.iter().map(|(pid, _)| process(*pid)).collect::<Result<_, _>>()?;
            let autobound = is_autobound(truth, &mut shared_ports);
            sockets.push(Known { truth: truth.clone(), row, owners, autobound });
        }
        if let Some((id, _)) = rows.pop_first() {
            return Err(format!("nobody made {id}").into());
        }
        Ok(Self { sockets, began, facts, _population: population })
    }

    /// The failure, with what has changed in the population since it was made: then it may be none of pree's.
    pub fn with_changes(&self, failed: Failed) -> Failed {
        let text = failed.message().unwrap_or_default();
        let now: BTreeSet<String> = match look() {
            Ok(rows) => rows.iter().map(facts).collect(),
            Err(error) => return format!("{text}\nand a look at all of them fails: {error:?}").into(),
        };
        let changes: Vec<&String> = self.facts.symmetric_difference(&now).collect();
        let age = self.began.elapsed().as_secs();
        format!("{text}\nafter {age} s these have changed (before and now): {changes:#?}").into()
    }

    /// Those of which `holds` is true.
    pub fn expect(&self, holds: impl Fn(&Known) -> bool) -> BTreeSet<Id> {
        self.sockets.iter().filter(|known| holds(known)).map(|known| id(&known.truth)).collect()
    }
}

/// Every row, once two looks in a row are alike: what a test takes from one look must not change by itself. An acknowledgement
/// may be delayed by 200 ms, and until it comes a timer runs for it.
fn still() -> Result<Vec<Row>, Failed> {
    let mut rows = look()?;
    wait_for("the population to stand still", || {
        std::thread::sleep(Duration::from_millis(300));
        let before = std::mem::replace(&mut rows, look().ok()?);
        let [before, now]: [BTreeSet<String>; 2] =
            [&before, &rows].map(|all| all.iter().map(facts).collect());
        (before == now).then_some(())
    })?;
    Ok(rows)
}

fn look() -> Result<Vec<Row>, Failed> {
    let query = Query::new().stats().owners().source(SourceChoice::Diag);
    Ok(query.collect()?.into_sockets())
}

/// What expressions ask of a row that the test has not made itself, as far as it lasts.
fn facts(row: &Row) -> String {
    let tcp = row.tcp.as_deref();
    format!(
        "{} {:?} rtt {} {} mss {:?} received {:?} queues {:?} {:?} drops {:?} mark {:?} owners {}",
        id_of(row),
        row.timer.map(|timer| timer.kind),
        tcp.is_some_and(|tcp| tcp.rtt.is_some()),
        tcp.is_some_and(|tcp| tcp.min_rtt.is_some()),
        tcp.and_then(|tcp| tcp.snd_mss),
        tcp.and_then(|tcp| tcp.bytes_received),
        row.recv_queue,
        row.send_queue,
        row.drops,
        row.mark,
        row.owners.len(),
    )
}

pub fn id(truth: &Truth) -> Id {
    // The kernel still tells the peer of a connection that was reset, which is none any more.
    let remote = truth.remote.filter(|_| truth.state != "bound_inactive");
    make_id(truth.protocol, truth.state, truth.local, remote, truth.inode)
}

pub fn id_of(row: &Row) -> Id {
    let end = |address: &pree::Address| address.socket_addr().unwrap();
    let state = row.state.name().unwrap_or("?");
    make_id(row.protocol.name(), state, end(&row.local), row.remote.as_ref().map(end), row.inode)
}

pub fn make_id(
    protocol: &str,
    state: &str,
    local: SocketAddr,
    remote: Option<SocketAddr>,
    inode: Option<u64>,
) -> Id {
    let bare = |address: SocketAddr| SocketAddr::new(address.ip(), address.port());
    let remote = remote.map_or("*".to_owned(), |remote| bare(remote).to_string());
    format!("{protocol} {state} {} {remote} {}", bare(local), inode.unwrap_or(0))
}

impl Known {
    pub fn src(&self) -> IpAddr {
        self.truth.local.ip()
    }

    pub fn sport(&self) -> u16 {
        self.truth.local.port()
    }

    fn remote(&self) -> Option<SocketAddr> {
        self.truth.remote.filter(|_| self.truth.state != "bound_inactive")
    }

    pub fn dst(&self) -> Option<IpAddr> {
        self.remote().map(|remote| remote.ip())
    }

    pub fn dport(&self) -> Option<u16> {
        self.remote().map(|remote| remote.port())
    }

    pub fn is(&self, state: &str) -> bool {
        self.truth.state == state
    }

    /// The local address is this one.
    pub fn at(&self, ip: &str) -> bool {
        self.src() == ip.parse::<IpAddr>().unwrap()
    }

    /// Less than a socket: what `TIME_WAIT` leaves, and `FIN_WAIT_2` without an owner.
    pub fn is_small(&self) -> bool {
        self.is("time_wait") || (self.is("fin_wait_2") && self.truth.inode.is_none())
    }

    /// Of what is less than a socket some kernels tell a mark (6.18), older ones none.
    pub fn mark(&self) -> Option<u32> {
        if self.is_small() { self.row.mark } else { Some(self.truth.mark.unwrap_or(0)) }
    }

    pub fn is_v4(&self) -> bool {
        self.truth.local.is_ipv4()
    }
}

/// Whether an address lies in an IPv4 network; a mapped one counts as what it maps.
pub fn within4(ip: IpAddr, network: [u8; 4], bits: u32) -> bool {
    let ip = match ip.to_canonical() {
        IpAddr::V4(ip) => u32::from(ip),
        IpAddr::V6(_) => return false,
    };
    let shift = 32 - bits;
    u64::from(ip) >> shift == u64::from(u32::from_be_bytes(network)) >> shift
}

/// The kernel notes of a socket that its port was asked for; not of one that was accepted, nor of what is less than a socket.
fn is_autobound(truth: &Truth, shared_ports: &mut BTreeSet<String>) -> bool {
    match truth.label {
        "fixed" => false,
        "bound, once a listener" | "bound, connection reset" => truth.local.port() == 0,
        // The first one's port is chosen by the kernel, the others ask for the same.
        "reuseport listener" | "reuseport UDP socket" | "listener of one worker" => {
            shared_ports.insert(format!("{} {}", truth.protocol, truth.local))
        }
        _ => true,
    }
}

fn process(pid: u32) -> Result<Process, Failed> {
    let read = |name: &str| std::fs::read(format!("/proc/{pid}/{name}"));
    let status = String::from_utf8_lossy(&read("status")?).into_owned();
    let parent =
        status.lines().find_map(|line| line.strip_prefix("PPid:")).ok_or("no parent")?.trim().parse()?;
    let mut name = read("comm")?;
    name.pop();
    Ok(Process { pid, parent, name, command_line: read("cmdline")? })
}

type Prepare<'p> = &'p dyn Fn(&Socket) -> std::io::Result<()>;

/// Sockets whose ports were asked for, all labelled "fixed"; what accepts or is accepted otherwise.
fn fixed() -> Result<Population, Failed> {
    let mut all = Population::new();
    let wire = Wire::open()?;
    let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
    let family = |at: SocketAddr| if at.is_ipv4() { Family::V4 } else { Family::V6 };
    let nothing: Prepare<'_> = &|_| Ok(());
    // For addresses that this lab does not have.
    let free: Prepare<'_> = &|socket| socket.set_int(libc::SOL_IP, libc::IP_FREEBIND, 1);
    let listen = |at: &str, prepare: Prepare<'_>| -> Result<Socket, Failed> {
        let socket = Socket::tcp(family(address(at)))?;
        prepare(&socket)?;
        socket.bind(address(at))?;
        socket.listen(16)?;
        Ok(socket)
    };
    let bind = |make: fn(Family) -> std::io::Result<Socket>,
                at: &str,
                prepare: Prepare<'_>|
     -> Result<Socket, Failed> {
        let socket = make(family(address(at)))?;
        prepare(&socket)?;
        socket.bind(address(at))?;
        Ok(socket)
    };

    let web = listen("127.1.0.1:80", nothing)?;
    let secure = listen("127.1.0.2:443", nothing)?;
    let secure6 = listen("[::1]:443", nothing)?;
    let mapped = listen("[::ffff:127.1.0.3]:8080", nothing)?;
    for (listener, from, to, algorithm) in [
        (&secure, "127.2.0.1:40001", "127.1.0.2:443", "cubic"),
        (&web, "127.2.0.2:40002", "127.1.0.1:80", "reno"),
        (&secure6, "[::1]:40003", "[::1]:443", "cubic"),
        (&mapped, "127.2.0.3:40004", "127.1.0.3:8080", "cubic"),
    ] {
        let client = bind(Socket::tcp, from, &|socket| socket.set_congestion(algorithm))?;
        client.connect(address(to))?;
        let server = listener.accept()?;
        if algorithm == "reno" {
            client.send(&[7; 5000])?;
            wait_until("the data to arrive", || server.unread_bytes().is_ok_and(|bytes| bytes == 5000))?;
            wait_until("its acknowledgement", || {
                client.unacknowledged_bytes().is_ok_and(|bytes| bytes == 0)
            })?;
            server.receive(&mut [0; 3000])?;
        }
        all.add_with("fixed", client, "established", |truth| truth.congestion = Some(algorithm))?;
        all.add_with("accepted", server, "established", |truth| {
            truth.receive_queue_bytes = (algorithm == "reno").then_some(2000);
        })?;
    }
    let only6: Prepare<'_> = &|socket| socket.set_v6only(true);
    for socket in [web, secure, secure6, mapped] {
        all.add("fixed", socket, "listen")?;
    }
    for (at, prepare) in [
        ("0.0.0.0:22", nothing),
        ("[::]:22", only6),
        ("10.0.0.5:5432", free),
        ("10.200.0.5:5432", free),
        ("[fd00::5]:5432", free),
        ("100.64.0.1:3306", free),
        ("8.8.8.8:853", free),
    ] {
        all.add("fixed", listen(at, prepare)?, "listen")?;
    }
    for (at, mark) in [("127.6.0.1:9001", 0x10), ("127.6.0.1:9002", 0x1f), ("127.6.0.1:9003", 0x20)] {
        let socket = listen(at, &|socket| socket.set_mark(mark))?;
        all.add_with("fixed", socket, "listen", |truth| truth.mark = Some(mark))?;
    }
    let udp = bind(Socket::udp, "127.6.0.1:9004", &|socket| socket.set_mark(0x11))?;
    all.add_with("fixed", udp, "unconnected", |truth| truth.mark = Some(0x11))?;
    let of_wire: Prepare<'_> = &|socket| socket.bind_to_device(wire.interface_name());
    let tcp = listen("0.0.0.0:9101", of_wire)?;
    all.add_with("fixed", tcp, "listen", |truth| truth.interface = Some(wire.interface()))?;
    let udp = bind(Socket::udp, "0.0.0.0:9100", of_wire)?;
    all.add_with("fixed", udp, "unconnected", |truth| truth.interface = Some(wire.interface()))?;

    for (make, at, to) in [
        (Socket::udp as fn(Family) -> std::io::Result<Socket>, "127.3.0.1:53", None),
        (Socket::udp, "127.3.0.2:40005", Some("127.3.0.1:53")),
        (Socket::udp, "127.3.0.3:40006", Some("127.3.0.1:0")),
        (Socket::udp, "0.0.0.0:5353", None),
        (Socket::udp, "[::]:5354", None),
        (Socket::udplite, "127.5.0.1:4000", None),
        (Socket::udplite, "127.5.0.2:40007", Some("127.5.0.1:4000")),
    ] {
        let socket = bind(make, at, nothing)?;
        match to {
            None => all.add("fixed", socket, "unconnected")?,
            Some(to) => {
                socket.connect(address(to))?;
                // getpeername(2) does not tell of a peer with port 0.
                all.add_with("fixed", socket, "established", |truth| truth.remote = Some(address(to)))?;
            }
        }
    }
    all.add("fixed", bind(Socket::tcp, "127.4.0.1:7000", nothing)?, "bound_inactive")?;

    for (name, at) in
        [("web-server", "127.7.0.1:80"), ("db server", "127.7.0.2:5432"), ("a\"b\\c", "127.7.0.3:80")]
    {
        let socket = listen(at, nothing)?;
        let holder = Holder::start(HolderSpec::hold().name(name.as_bytes()).inherit(&socket))?;
        let mut truth = Truth::of("fixed", &socket, "listen")?;
        truth.owners = vec![(holder.pid(), socket.number())];
        all.know(truth);
        all.keep(holder);
    }
    Ok(all)
}
