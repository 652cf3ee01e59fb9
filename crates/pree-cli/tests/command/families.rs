//! Sockets that have no IP address: names of any bytes, both ends of a pair, in every output.

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

use pree_testkit::holder::{Holder, HolderSpec};
use pree_testkit::{Case, Failed, hostile};
use serde_json::Value;

use crate::{clean, run};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("unix_sockets_are_the_same_in_every_output", every_output).lab(),
        Case::new("unix_names_of_any_bytes_are_exact_in_every_output", hostile_names).lab(),
        Case::new("other_ends_of_any_bytes_are_exact_in_every_output", hostile_ends).lab(),
        Case::new("unix_filters_find_what_those_of_ss_find", filters).lab(),
        Case::new("netlink_sockets_are_found_by_port_id", netlink).lab(),
        Case::new("sockets_without_a_table_are_in_every_output", without_a_table).lab(),
        Case::new("a_protocol_that_was_asked_for_and_is_not_there_is_named", not_there).lab(),
    ]
}

/// Whatever /proc/net/protocols lacks is said, by whatever flag it was asked for.
fn not_there() -> Result<(), Failed> {
    let text = std::fs::read_to_string("/proc/net/protocols")?.to_ascii_lowercase();
    let known: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let mut lacking = 0;
    let others = pree::OtherProtocol::KNOWN.map(|name| (format!("-A other proto={name}"), name));
    for (flags, name) in
        [("-S".to_owned(), "sctp"), ("proto=sctp".to_owned(), "sctp")].into_iter().chain(others)
    {
        let has = known.contains(&name);
        // A port takes no filter, and what is explained is named by one.
        let only = if flags.contains('=') { "explain" } else { "port 80 -q" };
        for command in ["", "summary", only] {
            let words = format!("{command} {flags}");
            let answer = run::pree(&words)?;
            let says = answer.err.lines().any(|line| line == format!("pree: this kernel has no {name}"));
            if says == has || answer.code > 1 {
                return Err(format!("pree {words}: {answer:?}, and the kernel has it: {has}").into());
            }
        }
        let document: Value = serde_json::from_str(&run::pree(&format!("{flags} --json"))?.code(0)?.out)?;
        let notes = document["notes"].as_array().ok_or("no notes")?;
        assert_eq!(notes.iter().any(|note| *note == format!("this kernel has no {name}")), !has, "{flags}");
        lacking += usize::from(!has);
    }
    assert!(lacking > 0, "this kernel has every protocol that pree knows");
    // Among all it is a note.
    run::pree("-A all -H")?.whole()?;
    Ok(())
}

fn named(name: &[u8]) -> Result<SocketAddr, Failed> {
    Ok(SocketAddr::from_abstract_name(name)?)
}

/// The cells of a table by its headings, line by line.
fn cells(out: &str) -> Vec<Vec<String>> {
    out.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// An output for programs; RFC 4180 ends lines with CRLF, which is nothing unescaped.
fn machine(flags: &str) -> Result<String, Failed> {
    let mut output = run::command(flags).output()?;
    if flags.contains("--csv") {
        output.stdout = String::from_utf8(output.stdout)?.replace("\r\n", "\n").into_bytes();
    }
    Ok(run::judge(output)?.whole()?.out)
}

fn json(flags: &str) -> Result<Vec<Value>, Failed> {
    let document: Value = serde_json::from_str(&run::pree(flags)?.whole()?.out)?;
    Ok(document["sockets"].as_array().ok_or("no sockets")?.clone())
}

fn every_output() -> Result<(), Failed> {
    let listener = UnixListener::bind_addr(&named(b"listener")?)?;
    let client = UnixStream::connect_addr(&named(b"listener")?)?;
    let accepted = listener.accept()?.0;
    // The case is alone in its lab, so the command's name for it is known from the row itself.
    let pid = std::process::id();
    let holder = |fd: i32| format!("[{pid}]/{fd}");
    let mut rows = cells(&run::pree("-x")?.whole()?.out);
    assert_eq!(rows.remove(0), ["PROTO", "TYPE", "STATE", "RECVQ", "SENDQ", "LOCAL", "PEER", "OWNER"]);
    let mut found: BTreeMap<String, (String, String, String)> = BTreeMap::new();
    for row in rows {
        let [proto, kind, state, _, _, local, peer, owner] =
            <[String; 8]>::try_from(row).map_err(|row| format!("{row:?}"))?;
        assert_eq!((proto.as_str(), kind.as_str()), ("unix", "stream"));
        let end = |text: &str| text.find('[').map_or(text.to_owned(), |at| text[at..].to_owned());
        found.insert(end(&owner), (state, local, end(&peer)));
    }
    let expected = [
        (holder(listener.as_raw_fd()), ("LISTEN".into(), "@listener".into(), "-".into())),
        (holder(client.as_raw_fd()), ("ESTAB".into(), "*".into(), holder(accepted.as_raw_fd()))),
        (holder(accepted.as_raw_fd()), ("ESTAB".into(), "@listener".into(), holder(client.as_raw_fd()))),
    ];
    assert_eq!(found, expected.into());

    // The same as JSON, with the exact name.
    let sockets = json("-x --json")?;
    let of = |fd: i32| {
        let is_it = |socket: &&Value| socket["owners"][0]["fd"] == fd;
        sockets.iter().find(is_it).ok_or_else(|| format!("no row of {fd}"))
    };
    assert_eq!(sockets.len(), 3);
    let (one, other) = (of(client.as_raw_fd())?, of(accepted.as_raw_fd())?);
    assert_eq!(one["local"], serde_json::json!({"path": null, "abstract": false}));
    assert_eq!(other["local"], serde_json::json!({"path": "\u{0}listener", "abstract": true}));
    assert_eq!((&one["peer"]["inode"], &other["peer"]["inode"]), (&other["inode"], &one["inode"]));
    assert_eq!(one["peer"]["owners"][0]["fd"], accepted.as_raw_fd());
    assert_eq!(one["peer"]["owners"][0]["pid"], pid);
    assert_eq!(one["remote"], other["local"]);
    assert_eq!(other["remote"], one["local"]);
    assert_eq!((&one["direction"], &of(listener.as_raw_fd())?["remote"]), (&Value::Null, &Value::Null));
    assert_eq!(
        json("-x --json -c +dir,+fds_in_flight dir=out")?[0]["unix"],
        serde_json::json!({"fds_in_flight": 0})
    );
    assert_eq!(machine("-xH --format {dir},{remote},{local} dir=out")?, "out,@listener,*\n");
    assert_eq!(of(listener.as_raw_fd())?["peer"], Value::Null);
    assert_eq!(of(listener.as_raw_fd())?["listen"]["queue"], 0);

    let waiting = UnixStream::connect_addr(&named(b"listener")?)?;
    let told = json("-xl --json")?;
    assert_eq!(told.len(), 1);
    let inode = rustix::fs::fstat(&waiting)?.st_ino;
    assert_eq!(told[0]["unix"], serde_json::json!({"pending": [inode]}));
    assert_eq!(one.get("unix"), None);
    drop(waiting);

    // And as CSV, which has the name and the other end.
    let out = machine("-x --csv")?;
    let mut lines = out.lines();
    let heading: Vec<&str> = lines.next().ok_or("no heading")?.split(',').collect();
    let at = |name: &str| heading.iter().position(|heading| *heading == name).ok_or(format!("no {name}"));
    let (inode, peer) = (at("inode")?, at("peer_inode")?);
    let pairs: BTreeMap<&str, &str> =
        lines.map(|line| line.split(',').collect::<Vec<_>>()).map(|row| (row[inode], row[peer])).collect();
    assert_eq!(pairs.len(), 3);
    assert_eq!(pairs[one["inode"].to_string().as_str()], other["inode"].to_string());
    // Nothing of it without -x.
    assert_eq!(json("--json -c local")?.len(), 0);
    Ok(())
}

fn hostile_names() -> Result<(), Failed> {
    let mut sockets: BTreeMap<i32, (OwnedFd, Vec<u8>)> = BTreeMap::new();
    for name in hostile::NAMES {
        let socket: OwnedFd = UnixDatagram::bind_addr(&named(name)?)?.into();
        sockets.insert(socket.as_raw_fd(), (socket, [b"\0", *name].concat()));
    }
    for flags in ["-xH", "-xH --format {local}", "-xH --csv -c local", "-xH --tsv -c local", "-x --jsonl"] {
        let on_terminal = run::on_terminal("-xH")?.code(0)?.out;
        for out in [machine(flags)?, on_terminal] {
            // One line a socket, and no two alike. JSON lines end with a line of their own.
            let lines: std::collections::BTreeSet<&str> = out.lines().collect();
            let more = usize::from(out.contains("\"schema\""));
            let all = sockets.len() + more;
            assert_eq!((lines.len(), out.lines().count()), (all, all), "{flags}: {out}");
        }
    }
    // Exact in JSON.
    for socket in json("-x --json")? {
        let fd = socket["owners"][0]["fd"].as_i64().ok_or("no fd")?;
        let (_, name) = sockets.get(&i32::try_from(fd)?).ok_or("nobody made it")?;
        let local = &socket["local"];
        assert_eq!(exact(local, "path")?, *name, "{local}");
        assert_eq!(local["abstract"], true);
    }
    Ok(())
}

/// The bytes of a text in JSON.
fn exact(object: &Value, key: &str) -> Result<Vec<u8>, Failed> {
    match object.get(format!("{key}_bytes")).and_then(Value::as_str) {
        Some(hex) => (0..hex.len())
            .step_by(2)
            .map(|at| Ok(u8::from_str_radix(&hex[at..at + 2], 16)?))
            .collect::<Result<Vec<_>, Failed>>(),
        None => Ok(object[key].as_str().ok_or_else(|| format!("no {key}: {object}"))?.as_bytes().to_vec()),
    }
}

/// Each name is that of a listener, and of the process that has accepted there.
fn hostile_ends() -> Result<(), Failed> {
    let mut clients: BTreeMap<u64, (UnixStream, &[u8])> = BTreeMap::new();
    let mut holders = Vec::new();
    for name in hostile::NAMES {
        let listener = UnixListener::bind_addr(&named(name)?)?;
        let client = UnixStream::connect_addr(&named(name)?)?;
        let accepted = listener.accept()?.0;
        holders.push(Holder::start(HolderSpec::hold().name(name).inherit(&accepted))?);
        clients.insert(rustix::fs::fstat(&client)?.st_ino, (client, name));
    }
    for (columns, formats) in [
        ("remote", &["", "--csv ", "--tsv "][..]),
        ("peer", &["", "--csv ", "--tsv "]),
        ("remote,peer", &["", "--csv "]),
    ] {
        for flags in formats {
            let words = format!("-xH dir=out {flags}-c {columns}");
            let mut outputs = vec![machine(&words)?];
            if flags.is_empty() {
                outputs.push(run::on_terminal(&words)?.code(0)?.out);
            }
            for out in outputs {
                clean::check(out.as_bytes())?;
                let lines: std::collections::BTreeSet<&str> = out.lines().collect();
                assert_eq!(
                    (lines.len(), out.lines().count()),
                    (clients.len(), clients.len()),
                    "{words}: {out}"
                );
            }
        }
    }
    let rows = json("-x --json -c +dir dir=out")?;
    assert_eq!(rows.len(), clients.len());
    for row in rows {
        let (_, name) = clients[&row["inode"].as_u64().ok_or("no inode")?];
        assert_eq!(exact(&row["remote"], "path")?, [b"\0", name].concat());
        assert_eq!(exact(&row["peer"]["owners"][0], "name")?, name);
    }
    Ok(())
}

fn filters() -> Result<(), Failed> {
    let listener = UnixListener::bind_addr(&named(b"one")?)?;
    let _other = UnixListener::bind_addr(&named(b"two")?)?;
    let folder = pree_testkit::fresh_path("filters")?;
    std::fs::create_dir(&folder)?;
    let _path = UnixDatagram::bind(folder.join("path"))?;
    std::fs::remove_dir_all(&folder)?;
    let _client = UnixStream::connect_addr(&named(b"one")?)?;
    let accepted = listener.accept()?.0;
    for (filter, count) in [
        ("-x src=@one", 2),
        ("-x src @t*", 1),
        ("-x src=@*", 3),
        ("-x src!=@one", 3),
        ("-x src /*/p?th", 1),
        ("-x src=/*", 1),
        ("-x dst=@one", 1),
        ("-x dst @o*", 1),
        ("-x dir=in", 1),
        ("-x dir=out", 1),
        ("-xl", 3),
        ("-x state=established", 2),
        ("-x has peer", 2),
        ("-x path~ON", 2),
        ("proto=unix src=@one", 2),
        ("-A unix state=listen", 2),
    ] {
        let rows = cells(&run::pree(&format!("-H {filter}"))?.whole()?.out);
        assert_eq!(rows.len(), count, "{filter}: {rows:?}");
    }
    drop(accepted);
    Ok(())
}

fn netlink() -> Result<(), Failed> {
    use rustix::net::netlink::SocketAddrNetlink;
    let kind = rustix::net::SocketType::RAW;
    let socket = rustix::net::socket(rustix::net::AddressFamily::NETLINK, kind, None)?;
    rustix::net::bind(&socket, &SocketAddrNetlink::new(4242, 0b101))?;
    let rows = cells(&run::pree("-H -A netlink port_id=4242")?.whole()?.out);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][4], "route:4242");
    let told = json("-A netlink port_id=4242 --json")?;
    assert_eq!(told[0]["local"], serde_json::json!({"protocol": 0, "port_id": 4242}));
    assert_eq!(told[0]["netlink"], serde_json::json!({"groups": [1, 3]}));
    assert_eq!(told[0]["owners"][0]["pid"], std::process::id());
    Ok(())
}

fn without_a_table() -> Result<(), Failed> {
    // XDP, ALG or IPsec keys: hardly a kernel has none of them.
    let open = |(family, kind, protocol): (u16, u32, u32)| {
        let protocol = std::num::NonZeroU32::new(protocol).map(rustix::net::Protocol::from_raw);
        let (family, kind) =
            (rustix::net::AddressFamily::from_raw(family), rustix::net::SocketType::from_raw(kind));
        rustix::net::socket_with(family, kind, rustix::net::SocketFlags::CLOEXEC, protocol).ok()
    };
    let kinds = [((44, 3, 0), "xdp"), ((38, 5, 0), "alg"), ((15, 3, 2), "key")];
    let (socket, (family, _, _), name) = kinds
        .into_iter()
        .find_map(|(kind, name)| Some((open(kind)?, kind, name)))
        .ok_or("this kernel has none of XDP, ALG and KEY")?;
    let rows = cells(&run::pree("-H -A other")?.whole()?.out);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let [proto, state, _, _, local, remote, owner] =
        <[String; 7]>::try_from(rows[0].clone()).map_err(|row| format!("{row:?}"))?;
    assert_eq!([proto.as_str(), &state, &local, &remote], [name, "-", "-", "-"]);
    let pid = std::process::id();
    assert!(owner.ends_with(&format!("[{pid}]/{}", socket.as_raw_fd())), "{owner}");
    for flags in ["-A all --json", "-A other --json"] {
        let all = json(flags)?;
        let told: Vec<_> = all.iter().filter(|row| row["protocol"] == name).collect();
        assert_eq!(told.len(), 1, "{flags}: {all:?}");
        assert_eq!(told[0]["inode"], rustix::fs::fstat(&socket)?.st_ino);
        assert_eq!(
            (&told[0]["local"], &told[0]["remote"], &told[0]["state"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
        assert_eq!((&told[0]["family"], &told[0]["uid"]), (&format!("family{family}").into(), &0.into()));
        assert_eq!(told[0]["owners"][0]["pid"], pid);
    }
    assert_eq!(machine("-H -A other --csv -c proto,state,local,uid")?, format!("{name},,,0\n"));
    assert_eq!(
        machine(&format!("-H -A other proto={name} --format {{proto}}/{{state}}"))?,
        format!("{name}/-\n")
    );
    let summary = run::pree("summary -A all")?.whole()?.out;
    assert!(summary.contains(name), "{summary}");
    // Recorded whole, it is replayed whole, though sockets that tables told of are held beside it.
    let _tables = (std::net::TcpListener::bind("127.0.0.1:0")?, UnixDatagram::unbound()?);
    run::pree("capture -q /run/netns/others")?.whole()?;
    for flags in ["-A other", "-A tcp,other", "-A vsock,tcp", "-A sctp"] {
        let what = format!("-H {flags} --format {{proto}},{{inode}},{{owner}}");
        let live = run::pree(&what)?.code(0)?;
        let replayed = run::pree(&format!("{what} --replay /run/netns/others"))?.code(0)?;
        assert_eq!((replayed.out, replayed.err), (live.out, live.err), "{flags}");
    }
    assert_eq!(machine("-H -A other --replay /run/netns/others --format {proto}")?, format!("{name}\n"));
    Ok(())
}
