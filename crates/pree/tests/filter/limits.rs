//! Filters of a size that nobody writes by hand.

use pree::{Filter, Query};
use pree_testkit::Failed;

use crate::table::difference;
use crate::world::{Id, Known, World, id_of};

/// As large as it gets: 64 KiB are the limit.
const LARGE: usize = 60 * 1024;

pub fn run(world: &World) -> Result<(), Failed> {
    let ports = |from: u32, count: u32| {
        (from..from + count).map(|port| port.to_string()).collect::<Vec<_>>().join(",")
    };
    let nested = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let fill = |part: &str, last: &str| part.repeat(LARGE / part.len()) + last;
    let cases: Vec<(String, fn(&Known) -> bool)> = vec![
        (format!("sport = {}", ports(1, 1000)), |k| (1..=1000).contains(&k.sport())),
        (format!("sport != {}", ports(1, 1000)), |k| !(1..=1000).contains(&k.sport())),
        (format!("src 127/8 sport = {} dport = {}", ports(40_000, 1000), ports(50, 1000)), |k| {
            (40_000..41_000).contains(&k.sport())
                && k.dport().is_some_and(|port| (50..1050).contains(&port))
                && matches!(k.src().to_canonical(), std::net::IpAddr::V4(ip) if ip.is_loopback())
        }),
        (nested("(", "sport = 80", ")", 60), |k| k.sport() == 80),
        (nested("not ", "sport = 80", "", 60), |k| k.sport() == 80),
        (nested("!(", "sport = 80", ")", 30), |k| k.sport() == 80),
        (nested("(sport = 22 or ", "sport = 80", ")", 60), |k| matches!(k.sport(), 22 | 80)),
        (nested("(sport > 20 and not (", "sport = 80", "))", 20), |k| k.sport() > 20 && k.sport() == 80),
        (nested("(sport > 20 and not (", "sport = 80", "))", 1), |k| k.sport() > 20 && k.sport() != 80),
        (fill("sport = 80 or ", "sport = 22"), |k| matches!(k.sport(), 22 | 80)),
        (fill("sport = 80 and ", "src 127.1.0.1"), |k| k.sport() == 80 && k.at("127.1.0.1")),
        (fill("not sport = 22 ", "sport = 80"), |k| k.sport() == 80),
        (fill("nobody ", "nowhere"), |_| false),
        (fill("nobody or ", ":22"), |k| k.sport() == 22 || k.dport() == Some(22)),
        (fill("sport=22|dport=443&family=6 or ", "sport = 80"), |k| {
            matches!(k.sport(), 22 | 80) || (k.dport() == Some(443) && !k.is_v4())
        }),
        (format!("process = \"{}\"", "x".repeat(LARGE)), |_| false),
        (format!("process = {}", fill("*a", "*")), |_| false),
        (format!("{}sport = 80", " ".repeat(LARGE)), |k| k.sport() == 80),
    ];
    for (text, expect) in cases {
        let title = format!("{}… ({} bytes)", &text[..text.len().min(40)], text.len());
        let expected = world.expect(expect);
        let finds_nothing = ["nobody nobody", "process = "].iter().any(|start| text.starts_with(start));
        assert_eq!(expected.is_empty(), finds_nothing && !text.ends_with(":22"), "{title}");
        // With the stack of a small thread.
        let got = std::thread::Builder::new()
            .stack_size(512 * 1024)
            .spawn(move || -> Result<[Vec<Id>; 2], String> {
                let filter: Filter = text.parse().map_err(|error| format!("{error}"))?;
                let printed = filter.to_string();
                // What is short for more can be too long in print.
                let again = if printed.len() > 64 * 1024 { filter.clone() } else { printed.parse().unwrap() };
                let ids = |push_down| -> Result<Vec<Id>, String> {
                    let query = Query::new().filter(again.clone()).push_down(push_down);
                    Ok(query.collect().map_err(|error| error.to_string())?.iter().map(id_of).collect())
                };
                assert!(again == filter);
                Ok([ids(true)?, ids(false)?])
            })?
            .join()
            .map_err(|_| format!("{title}: panicked"))?
            .map_err(|error| format!("{title}: {error}"))?;
        for got in &got {
            if let Some(text) = difference(&title, &expected, got) {
                return Err(text.into());
            }
        }
    }
    // Beyond the limits there is an error, never a crash.
    for text in ["(".repeat(70_000), "!".repeat(1000), "not ".repeat(65), "a ".repeat(33_000)] {
        assert!(text.parse::<Filter>().is_err());
    }
    Ok(())
}
