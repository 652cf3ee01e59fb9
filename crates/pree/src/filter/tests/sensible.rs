//! Any filter that makes sense.

use proptest::prelude::*;

use super::*;

/// Filters that make sense, from the outside in.
fn sensible() -> impl Strategy<Value = String> {
    let test = prop_oneof![
        (0..=65535_u16).prop_map(|p| format!("sport = {p}")),
        (0..=65535_u16).prop_map(|p| format!("dport>={p}")),
        (any::<[u8; 4]>(), 0..=32_u8)
            .prop_map(|(a, b)| format!("src {}.{}.{}.{}/{b}", a[0], a[1], a[2], a[3])),
        (any::<[u16; 8]>(), 0..=128_u8)
            .prop_map(|(a, b)| format!("dst = [{}]/{b}:443", std::net::Ipv6Addr::from(a))),
        Just("state = established,time-wait".to_owned()),
        Just("state != closed".to_owned()),
        (1..1_000_000_u64).prop_map(|us| format!("rtt < {us}us")),
        (0..1_000_000_u64).prop_map(|n| format!("bytes_sent > {n}")),
        "[ -~]{0,12}"
            .prop_map(|text| format!("process ~ \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
        Just("has minrtt".to_owned()),
        Just("user = www-data".to_owned()),
        Just("fwmark = 0x10/0xf0".to_owned()),
        Just("v6only = no".to_owned()),
        Just("scope = link".to_owned()),
        (0..=1_000_000_000_u64).prop_map(|n| format!("loss > {}", n as f64 / 1e9)),
        (0..=100_u8).prop_map(|n| format!("score <= {n}%")),
        Just("has issue".to_owned()),
    ];
    test.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) | ({b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

proptest! {
    #[test]
    fn printed_it_reads_the_same(text in sensible()) {
        let filter = parse(&text);
        let printed = filter.to_string();
        let again: Filter = printed.parse().map_err(|e: FilterError| TestCaseError::fail(format!("{printed}: {e}")))?;
        prop_assert_eq!(filter, again);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        if let Err(error) = text.parse::<Filter>() {
            let (shown, carets) = error.excerpt();
            assert!(shown.chars().count() <= 110 && carets.ends_with('^'), "{text}");
            assert!(error.to_string().len() < 600, "{error}");
        }
    }

    #[test]
    fn no_words_of_the_language_panic(words in proptest::collection::vec(
        proptest::sample::select(vec![
            "state", "exclude", "listen", "(", ")", "not", "!", "and", "or", "||", "=", "!=", "~", ",", "src", "dport",
            "rtt", "5ms", "80", ":80", "10/8", "has", "process", "\"a b\"", "autobound", "tcp:1", "eq", "user",
            "@1.2.3.4:80", "fe80::1%eth0", "*%2", "route:7", "1.5ms", "started", "1970-01-02", "tcp", "@\"\\xff\"", "1500",
        ]), 0..12)) {
        if let Ok(filter) = words.join(" ").parse::<Filter>() {
            let printed = filter.to_string();
            prop_assert_eq!(printed.parse::<Filter>().ok(), Some(filter.clone()), "{}", printed);
            let _ = (filter.program(true), filter.needs(), filter.states());
        }
    }
}
