//! The rule by which one pass over the TCP table is enough: whatever leaves the table changes the kernel's counters.

use pree::Query;
use pree::source::{self, Answer, Failure, Question, Source};
use pree_testkit::wire::Wire;
use pree_testkit::{Case, Failed, Family, Need, Socket, wait_until};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("what_leaves_the_tcp_table_is_counted", leaving).lab().needs(Need::Veth).needs(Need::Ipv6),
        Case::new("a_still_table_is_read_once", read_once).lab(),
    ]
}

/// Sockets in the table, remembered ones, and what counts their coming and going.
fn counters() -> Result<Vec<u64>, Failed> {
    let mut live = source::live()?;
    let mut answer = live.ask(&Question::TcpCounters)?;
    let (mut text, mut batch) = (Vec::new(), Vec::new());
    while live.next(&mut answer, &mut batch)? {
        text.extend_from_slice(&batch);
    }
    let text = String::from_utf8(text)?;
    let words = |start: &str| -> Vec<Vec<&str>> {
        text.lines().filter_map(|line| Some(line.strip_prefix(start)?.split_whitespace().collect())).collect()
    };
    let number = |word: &str| word.parse::<u64>().map_err(Failed::from);
    let (v4, v6, snmp) = (words("TCP:"), words("TCP6:"), words("Tcp:"));
    let mut numbers = vec![number(v4[0][1])?, number(v4[0][5])?, number(v6[0][1])?];
    assert_eq!((v4[0][0], v4[0][4], v6[0][0]), ("inuse", "tw", "inuse"));
    for name in ["ActiveOpens", "PassiveOpens", "AttemptFails", "EstabResets", "CurrEstab"] {
        let place = snmp[0].iter().position(|word| *word == name).ok_or(name)?;
        numbers.push(number(snmp[1][place])?);
    }
    Ok(numbers)
}

/// Closes these, and wants it to have been noticed.
fn closing<T>(what: &str, sockets: T) -> Result<(), Failed> {
    notices(what, || {
        drop(sockets);
        Ok(())
    })
}

/// Runs `leave`, and wants it to have been noticed.
fn notices(what: &str, leave: impl FnOnce() -> Result<(), Failed>) -> Result<(), Failed> {
    let before = counters()?;
    if counters()? != before {
        return Err(format!("{what}: the table is not at rest before").into());
    }
    leave()?;
    wait_until(&format!("{what} to be counted"), || counters().is_ok_and(|now| now != before))
}

fn leaving() -> Result<(), Failed> {
    let wire = Wire::open()?;
    for family in [Family::V4, Family::V6] {
        let listener = Socket::tcp(family)?;
        listener.bind((family.loopback(), 0))?;
        listener.listen(8)?;
        let address = listener.local()?;
        let pair = || -> Result<(Socket, Socket), Failed> {
            let client = Socket::tcp(family)?;
            client.connect(address)?;
            Ok((client, listener.accept()?))
        };
        let (client, server) = pair()?;
        client.reset_on_close()?;
        closing("a reset connection", (client, server))?;
        let (client, server) = pair()?;
        closing("a closed end", client)?;
        closing("the other end", server)?;

        let mut peer = wire.peer(wire.far_address(family))?;
        let socket = Socket::tcp(family)?;
        socket.start_connect(peer.address())?;
        peer.accept()?;
        notices("a connection that the peer resets", || peer.reset())?;
        drop(socket);

        let silent = wire.peer(wire.far_address(family))?;
        let socket = Socket::tcp(family)?;
        socket.start_connect(silent.address())?;
        closing("an attempt that is given up", socket)?;

        closing("a listener", listener)?;
    }
    Ok(())
}

/// More connections than a message holds, and nothing that happens to them.
fn read_once() -> Result<(), Failed> {
    let listener = Socket::tcp(Family::V4)?;
    listener.bind((Family::V4.loopback(), 0))?;
    listener.listen(512)?;
    let clients: Vec<Socket> = (0..300)
        .map(|_| {
            let client = Socket::tcp(Family::V4)?;
            client.connect(listener.local()?)?;
            Ok::<_, Failed>(client)
        })
        .collect::<Result<_, _>>()?;
    let mut asked = Asked { inner: source::live()?, keys: Vec::new() };
    let snapshot = Query::new().tcp().stats().collect_from(&mut asked)?;
    assert_eq!(snapshot.sockets().len(), 2 * clients.len() + 1);
    let passes = asked.keys.iter().filter(|key| key.starts_with("diag 0 6 ")).collect::<Vec<_>>();
    assert_eq!(passes, ["diag 0 6 first"]);
    Ok(())
}

/// Remembers what was asked.
struct Asked<S> {
    inner: S,
    keys: Vec<String>,
}

impl<S: Source> Source for Asked<S> {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        self.keys.push(question.to_string());
        self.inner.ask(question)
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.inner.next(answer, batch)
    }
}
