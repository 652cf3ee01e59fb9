//! Marks are told to those with `CAP_NET_ADMIN` only: without it a filter on marks does not fail and finds nothing, and
//! the answer says why.

use pree::{ErrorKind, Filter, Missing, Query, Snapshot, SourceChoice, States};
use pree_testkit::{Failed, Family, Socket, every, lab};

fn look(text: &str, change: impl Fn(Query) -> Query) -> Result<Snapshot, Failed> {
    Ok(change(Query::new().filter(text.parse::<Filter>()?)).collect()?)
}

/// Ports of what came, sorted.
fn ports(snapshot: &Snapshot) -> Vec<u16> {
    let mut ports: Vec<u16> = snapshot.iter().filter_map(|socket| socket.local.port()).collect();
    ports.sort_unstable();
    ports
}

pub fn marks() -> Result<(), Failed> {
    let listen = |port: u16, mark| -> Result<Socket, Failed> {
        let socket = Socket::tcp(Family::V4)?;
        socket.set_mark(mark)?;
        socket.bind((Family::V4.loopback(), port))?;
        socket.listen(1)?;
        Ok(socket)
    };
    let _kept = [listen(9001, 0x10)?, listen(9002, 0x20)?, listen(80, 0)?];
    // Text; ports with the right; ports without; whether something is undecided then.
    let table: [(&str, &[u16], &[u16], bool); 8] = [
        ("fwmark = 0x10", &[9001], &[], true),
        ("fwmark != 0x10", &[80, 9002], &[], true),
        ("not (fwmark = 0x10 or fwmark = 0x20)", &[80], &[], true),
        ("fwmark = 0x10 or sport = 80", &[80, 9001], &[80], true),
        ("fwmark = 0x10 and sport = 9001", &[9001], &[], true),
        // Decided without the mark.
        ("fwmark = 0x10 and sport = 7", &[], &[], false),
        ("fwmark = 0x10 or sport > 0", &[80, 9001, 9002], &[80, 9001, 9002], false),
        ("sport = 9001-9002", &[9001, 9002], &[9001, 9002], false),
    ];
    for (text, with, _, _) in table {
        for push_down in [true, false] {
            let snapshot = look(text, |query| query.push_down(push_down))?;
            assert_eq!(ports(&snapshot), with, "{text}");
            assert!(snapshot.coverage().is_complete(), "{text}: {}", snapshot.coverage());
        }
    }
    // /proc tells no marks to anybody.
    let unsupported =
        |snapshot: &Snapshot| gap(snapshot) == Some((ErrorKind::Unsupported, "filter by marks".into()));
    for (text, _, without, undecided) in table {
        // Nor what is only bound.
        let snapshot = look(text, |query| query.source(SourceChoice::Proc).states(States::LISTEN))?;
        assert_eq!(ports(&snapshot), without, "{text} through /proc");
        assert_eq!(unsupported(&snapshot), undecided, "{text} through /proc: {}", snapshot.coverage());
    }
    let error = look("autobound", |query| query.source(SourceChoice::Proc)).unwrap_err();
    assert!(error.message().unwrap_or_default().contains("autobound"), "{error:?}");

    lab::give_up_rights()?;
    for (text, _, without, undecided) in table {
        for push_down in [true, false] {
            for source in [SourceChoice::Auto, SourceChoice::Diag] {
                let snapshot = look(text, |query| query.push_down(push_down).source(source))?;
                assert_eq!(ports(&snapshot), without, "{text} without the right, pushed down: {push_down}");
                every(snapshot.coverage().origins(), |(_, from)| *from == pree::Origin::Diag);
                let expected = undecided.then(|| (ErrorKind::NotPermitted, "filter by marks".to_owned()));
                assert_eq!(gap(&snapshot), expected, "{text} without the right: {}", snapshot.coverage());
            }
        }
    }
    // What the kernel alone decides it still decides.
    let snapshot = look("autobound fwmark = 0x10 or :80", |query| query);
    assert!(snapshot.is_err(), "autobound is one of several that must all hold");
    let snapshot = look("autobound (fwmark = 0x10 or sport > 0)", |query| query)?;
    assert_eq!(ports(&snapshot), [0_u16; 0]);
    Ok(())
}

/// The one gap, which must be of rows.
fn gap(snapshot: &Snapshot) -> Option<(ErrorKind, String)> {
    let gaps = snapshot.coverage().gaps();
    assert!(gaps.len() <= 1, "{}", snapshot.coverage());
    gaps.first().map(|gap| {
        assert_eq!(gap.what, Missing::Rows);
        assert!(!gap.hint.is_empty());
        (gap.why, gap.object.clone())
    })
}
