//! Units, containers and pods, by the names of cgroups: read where they are asked for, and only there.

use std::cell::Cell;
use std::rc::Rc;

use pree::field::{self, Value, View};
use pree::source::{Errno, Failure, ProcessPart, Question};
use pree::{Filter, Query};

use crate::kernel::Kernel;
use crate::population;

/// A kernel in which process 40 is in these cgroups and the others in none that say anything; and how often it was asked.
fn kernel(cgroups: &'static str) -> (Kernel, Rc<Cell<usize>>) {
    let asked = Rc::new(Cell::new(0));
    let count = Rc::clone(&asked);
    let kernel = Kernel::new(population()).on(move |_, question, _| match question {
        Question::Process { pid, part: ProcessPart::Cgroup } => {
            count.set(count.get() + 1);
            Some(Ok(vec![if *pid == 40 { cgroups } else { "0::/\n" }.as_bytes().to_vec()]))
        }
        _ => None,
    });
    (kernel, asked)
}

const DOCKER: &str = "4:memory:/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n\
                      1:name=systemd:/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n0::/\n";
const UNIT: &str = "0::/system.slice/my\\x2dshop.service\n";

#[test]
fn they_are_fields_and_keys_of_filters() {
    for (cgroups, filter, fields) in [
        (UNIT, "unit = 'my\\\\x2dshop.service'", [Some("my\\x2dshop.service"), None, None]),
        (UNIT, "unit ~ shop", [Some("my\\x2dshop.service"), None, None]),
        (DOCKER, "container = 0123456789ab", [None, Some("0123456789ab"), Some("docker")]),
        (DOCKER, "runtime = docker and not has unit", [None, Some("0123456789ab"), Some("docker")]),
    ] {
        let filter = filter.replace('\'', "\"");
        let parsed: Filter = filter.parse().unwrap();
        let (mut played, asked) = kernel(cgroups);
        let found = Query::new().filter(parsed).collect_from(&mut played).unwrap();
        assert!(found.coverage().is_complete(), "{filter}: {}", found.coverage());
        assert!(!found.sockets().is_empty() && asked.get() > 0, "{filter}");
        for socket in &found {
            let of_40 = socket.owners.iter().find(|owner| owner.pid() == 40).expect("another's socket");
            assert_eq!(of_40.process.pod, None);
            let mut alone = socket.clone();
            alone.owners = vec![of_40.clone()];
            let view = View::new(&alone);
            let text = |name: &str| match (field::named(name).unwrap().get)(&view) {
                Value::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
                Value::Word(word) => Some(word.to_owned()),
                _ => None,
            };
            let got = ["unit", "container", "runtime"].map(text);
            assert_eq!(got.each_ref().map(Option::as_deref), fields, "{filter}");
        }
    }
}

#[test]
fn nobody_asks_for_cgroups_who_shows_none() {
    let (mut played, asked) = kernel(UNIT);
    let rows = Query::new().owners().stats().collect_from(&mut played).unwrap();
    assert!(rows.iter().any(|row| !row.owners.is_empty()));
    assert_eq!(asked.get(), 0);
}

/// Nobody knows whether it would have matched.
#[test]
fn what_could_not_be_read_is_undecided() {
    let mut played = Kernel::new(population()).on(|_, question, _| {
        let is_it = matches!(question, Question::Process { pid: 40, part: ProcessPart::Cgroup });
        is_it.then_some(Err(Failure::Answer(Errno::EACCES)))
    });
    for filter in ["unit = shop.service", "has container", "runtime = docker", "pod ~ x"] {
        let parsed: Filter = filter.parse().unwrap();
        let found = Query::new().filter(parsed).collect_from(&mut played).unwrap();
        assert!(found.coverage().lacks_rows() && found.sockets().is_empty(), "{filter}");
    }
}
