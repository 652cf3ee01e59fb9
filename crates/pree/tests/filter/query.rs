//! Filters together with the rest of a query, and names that nobody has.

use std::collections::BTreeSet;

use pree::{ErrorKind, Family, Filter, Protocols, Query, SourceChoice, States};
use pree_testkit::{Failed, every};

use crate::table::difference;
use crate::world::{Id, Known, World, id_of};

pub fn composes(world: &World) -> Result<(), Failed> {
    let tcp = |known: &Known| known.truth.protocol == "tcp";
    type Change = fn(Query) -> Query;
    let cases: [(&str, Change, Box<dyn Fn(&Known) -> bool>); 10] = [
        ("sport = 80", |q| q.tcp(), Box::new(move |k| tcp(k) && k.sport() == 80)),
        (
            "port = 53",
            |q| q.udp(),
            Box::new(|k| k.truth.protocol == "udp" && (k.sport() == 53 || k.dport() == Some(53))),
        ),
        ("sport > 0", |q| q.protocols(Protocols::UDPLITE), Box::new(|k| k.truth.protocol == "udplite")),
        ("sport = 443", |q| q.family(Family::Ipv6), Box::new(|k| !k.is_v4() && k.sport() == 443)),
        (
            "sport = 443",
            |q| q.family(Family::Ipv4).states(States::LISTEN),
            Box::new(|k| k.is_v4() && k.sport() == 443 && k.is("listen")),
        ),
        (
            "state connected",
            |q| q.states(States::ESTABLISHED | States::LISTEN),
            Box::new(|k| k.is("established")),
        ),
        ("state listen", |q| q.udp(), Box::new(|_| false)),
        ("proto = udp", |q| q.tcp(), Box::new(|_| false)),
        (
            "family = ipv4 or sport = 443",
            |q| q.family(Family::Ipv6).tcp(),
            Box::new(move |k| tcp(k) && !k.is_v4() && k.sport() == 443),
        ),
        (
            "src 127/8",
            |q| q.family(Family::Ipv6).states(States::LISTENING),
            Box::new(|k| {
                !k.is_v4()
                    && (k.is("listen") || k.is("unconnected"))
                    && matches!(k.src().to_canonical(), std::net::IpAddr::V4(ip) if ip.is_loopback())
            }),
        ),
    ];
    let mut failures = Vec::new();
    for (text, change, expect) in cases {
        let expected: BTreeSet<Id> = world.expect(expect);
        assert_eq!(expected.is_empty(), ["state listen", "proto = udp"].contains(&text), "{text}");
        for source in [SourceChoice::Auto, SourceChoice::Proc] {
            for push_down in [true, false] {
                let query =
                    change(Query::new().source(source).push_down(push_down)).filter(text.parse::<Filter>()?);
                let got: Vec<Id> = query.collect()?.iter().map(id_of).collect();
                failures.extend(difference(&format!("{text} {source:?} {push_down}"), &expected, &got));
            }
        }
    }
    // A second filter joins the first, and what it needs is asked for.
    let query = Query::new().filter("sport > 1024".parse()?).filter("has rtt".parse()?);
    every(&query.collect()?, |socket| socket.local.port() > Some(1024) && socket.tcp.is_some());
    let query = Query::new().filter("process = web-server".parse()?);
    let snapshot = query.collect()?;
    assert!(
        snapshot
            .iter()
            .all(|socket| socket.owners.iter().any(|o| o.process.name.as_bytes() == b"web-server"))
    );
    assert_eq!(snapshot.sockets().len(), 1);
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

/// A name that is nobody's is a mistake of the one who asks, not an empty answer.
pub fn unknown_names(_: &World) -> Result<(), Failed> {
    for (text, object) in [
        ("user = no-such-user", "user named \"no-such-user\""),
        ("user = \"a b\"", "user named \"a b\""),
        ("sport = 80 or user = no-such-user", "user named \"no-such-user\""),
        ("dev = wire7", "interface named \"wire7\""),
        ("not dev = much-too-long-for-an-interface", "interface named \"much-too-long-for-an-interface\""),
        ("dev = \"\"", "interface named \"\""),
        ("cgroup = /no/such/cgroup", "cgroup named \"/no/such/cgroup\""),
        ("cgroup = \"nul\0byte\"", "cgroup named \"nul\\0byte\""),
    ] {
        for source in [SourceChoice::Auto, SourceChoice::Proc] {
            let error = Query::new().filter(text.parse()?).source(source).collect().expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Invalid, "{text}: {error}");
            assert_eq!(error.object(), object, "{text}: {error}");
            assert_eq!(error.to_string(), format!("no {object}"), "{text}");
        }
    }
    // Numbers name themselves, whether there is one of that number or not.
    for text in ["user = 123456789", "dev = 4000000000"] {
        assert_eq!(Query::new().filter(text.parse()?).collect()?.sockets().len(), 0, "{text}");
    }
    Ok(())
}
