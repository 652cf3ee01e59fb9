//! Filters of a size that nobody writes by hand: twice as much of them is read, printed and asked in twice as many steps.

use super::*;

#[test]
fn twice_as_long_costs_twice_as_many_steps() {
    let named = || {
        let mut socket = socket("10.0.0.5:80", "10.9.9.9:443", State::Established);
        let process =
            crate::model::Process { name: Text::from(&b"aaaaaaaaaaaaaab"[..]), ..Default::default() };
        socket.owners = vec![crate::model::Owner::new(process.into(), None)];
        socket
    };
    let shapes: [fn(usize) -> String; 9] = [
        |n| "sport = 81 or ".repeat(n) + "sport = 82",
        |n| "sport = 80 and ".repeat(n) + "sport = 82",
        |n| "not sport = 22 ".repeat(n) + "sport = 82",
        |n| "nobody ".repeat(n) + "nowhere",
        |n| "sport=22|dport=443&family=6 or ".repeat(n) + "sport = 82",
        |n| "(sport = 22 or sport = 80) ".repeat(n) + "sport = 82",
        |n| format!("sport = {}", vec!["81"; n].join(",")),
        |n| format!("process = {}", "*a".repeat(n)),
        |n| format!("process = {}", "?*".repeat(n)),
    ];
    for shape in shapes {
        let steps = |n: usize| {
            let text = shape(n);
            crate::steps::of(|| {
                let filter = parse(&text);
                assert!(!filter.matches(&named()), "{text}");
                assert!(parse(&filter.to_string()) == filter, "{text}");
            })
        };
        let (few, many) = (steps(200), steps(400));
        assert!(many <= 5 * few / 2, "{}…: {few} steps, {many} for twice as long", &shape(3));
    }
}
