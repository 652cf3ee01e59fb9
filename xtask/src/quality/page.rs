//! The page: what came out of the runs, the promises, and what two widespread rules say of the same runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::runs::Run;

/// A widespread rule for buffer bloat: `rtt > 1.5 × min_rtt`.
const NAIVE_RATIO: f64 = 1.5;
/// A widespread score: 1 less a tenth for each retransmission.
const NAIVE_STEP: f64 = 0.1;
/// From here on a score says that nothing is wrong.
const GOOD: f64 = 0.85;
/// A loss that nobody calls good…
const BAD_LOSS: f64 = 0.01;
/// …and one that nobody notices. What is between is not asked about.
const GOOD_LOSS: f64 = 0.0025;

/// The page as Markdown, and the promises that are not kept.
pub(super) fn page(runs: &[Run]) -> (String, Vec<String>) {
    let mut page = String::from(
        "# What pree says, and what is true\n\n\
         Made by `cargo xtask quality`: connections over links that count what they drop and how long packets wait. \
         Every scenario\nruns with cubic and bbr, over IPv4 and IPv6, with several seeds. The scenarios are a table in\n\
         `crates/pree/tests/quality/scenarios.rs`, with what must be said of each.\n\n",
    );
    scenarios(&mut page, runs);
    let broken = promises(&mut page, runs);
    naive(&mut page, runs);
    wrong(&mut page, runs);
    (page, broken)
}

fn scenarios(page: &mut String, runs: &[Run]) {
    let mut names: Vec<&str> = Vec::new();
    for run in runs {
        if !names.contains(&run.scenario()) {
            names.push(run.scenario());
        }
    }
    page.push_str(
        "## Scenarios\n\n\
         Truth is the link's: the share of data segments it dropped, and how long packets waited lately (mean). Said: \
         findings of the\nlife and, after `live`, of the interval, with how many runs had them.\n\n\
         | scenario | runs | right | dropped | waited, ms | said | score |\n|---|---|---|---|---|---|---|\n",
    );
    for name in names {
        let these: Vec<&Run> = runs.iter().filter(|run| run.scenario() == name).collect();
        let right = these.iter().filter(|run| run.text("wrong").is_empty()).count();
        let dropped = range(these.iter().filter_map(|run| run.loss()).map(|share| share * 100.0), 2, " %");
        let waited = range(these.iter().filter_map(|run| run.parts("wait").get(1).copied()), 0, "");
        let score = range(these.iter().filter_map(|run| run.number("life_score")), 2, "");
        let unknown = these.iter().filter(|run| run.number("life_score").is_none()).count();
        let score = if unknown == 0 { score } else { format!("{score} ({unknown} unknown)") };
        let said = format!("{}; live {}", findings(&these, "life"), findings(&these, "live"));
        let _ = writeln!(
            page,
            "| {} | {} | {right} | {dropped} | {waited} | {said} | {score} |",
            name.replace('_', " "),
            these.len()
        );
    }
}

/// The findings of these runs, each with how many have it.
fn findings(runs: &[&Run], key: &str) -> String {
    let mut counts = BTreeMap::new();
    for name in runs.iter().flat_map(|run| run.names(key)) {
        *counts.entry(name).or_insert(0) += 1;
    }
    if counts.is_empty() {
        return "–".into();
    }
    counts.iter().map(|(name, count)| format!("`{name}` {count}")).collect::<Vec<_>>().join(", ")
}

fn range(values: impl Iterator<Item = f64>, digits: usize, unit: &str) -> String {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        low = low.min(value);
        high = high.max(value);
    }
    let (low, high) = (format!("{low:.digits$}"), format!("{high:.digits$}"));
    match (low.as_str(), high.as_str()) {
        ("inf", _) => "–".into(),
        (low, high) if low == high => format!("{low}{unit}"),
        (low, high) => format!("{low}–{high}{unit}"),
    }
}

/// How many of how many.
#[derive(Default, Clone, Copy)]
struct Share {
    hits: usize,
    of: usize,
}

impl Share {
    fn of(hits: impl Iterator<Item = bool>) -> Self {
        hits.fold(Self::default(), |sum, hit| Self { hits: sum.hits + usize::from(hit), of: sum.of + 1 })
    }

    fn at_least(self, percent: usize) -> bool {
        self.hits * 100 >= self.of * percent
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = self.hits as f64 * 100.0 / self.of.max(1) as f64;
        write!(f, "{} of {} ({percent:.1} %)", self.hits, self.of)
    }
}

fn promises(page: &mut String, runs: &[Run]) -> Vec<String> {
    let settled: Vec<(&Run, Vec<f64>)> = runs
        .iter()
        .filter(|run| run.is("counted"))
        .map(|run| (run, run.parts("loss")))
        .filter(|(_, loss)| loss.len() == 4)
        .collect();
    let holds = Share::of(
        settled
            .iter()
            .map(|(run, loss)| run.loss().is_some_and(|truth| loss[2] <= truth && truth <= loss[3])),
    );
    let differs: Vec<f64> =
        settled.iter().filter_map(|(run, loss)| Some((loss[0] - run.number("dropped")?).abs())).collect();
    let within = |most: f64| Share::of(differs.iter().map(|difference| *difference <= most));
    let (exact, two, five) = (within(0.0), within(2.0), within(5.0));
    let judged: Vec<&Run> = runs.iter().filter(|run| run.is("judges_bloat")).collect();
    let agrees = |queue: &'static str, said: &'static str| {
        Share::of(
            judged
                .iter()
                .filter(|run| run.text(queue) != "Between")
                .map(|run| (run.text(queue) == "Long") == ["yes", "severe"].contains(&run.text(said))),
        )
    };
    let bloat = [agrees("queue", "life_bloat"), agrees("queue_live", "live_bloat")];
    let innocent = Share::of(
        runs.iter()
            .filter(|run| run.is("innocent"))
            .map(|run| run.text("life_accused") == "0" && run.text("live_accused") == "0"),
    );
    let right = Share::of(runs.iter().map(|run| run.text("wrong").is_empty()));
    let table = [
        ("the 95 % interval of the loss holds the true share", "≥ 90 %", holds, holds.at_least(90)),
        ("lost segments are those that the link dropped, exactly", "", exact, true),
        ("… ± 2", "≥ 98 %", two, two.at_least(98)),
        ("… ± 5", "all", five, five.at_least(100)),
        (
            "buffer bloat of the life is said if and only if the queue is long",
            "all",
            bloat[0],
            bloat[0].at_least(100),
        ),
        ("… of the interval", "all", bloat[1], bloat[1].at_least(100)),
        ("nothing is said against the innocent", "all", innocent, innocent.at_least(100)),
        ("everything that the scenario asks for", "all", right, right.at_least(100)),
    ];
    page.push_str("\n## Promises\n\n| | promised | kept |\n|---|---|---|\n");
    for (name, promised, share, _) in &table {
        let _ = writeln!(page, "| {name} | {promised} | {share} |");
    }
    let between = judged.iter().filter(|run| run.text("queue") == "Between").count();
    let _ = writeln!(
        page,
        "\nA queue counts as long or short if it was so for all of the last second (of the interval); in {between} of \
         {} runs it was\nboth, and either may be said.",
        judged.len()
    );
    let broken = table.iter().filter(|(.., kept)| !kept);
    broken.map(|(name, promised, share, _)| format!("{name}: {promised} promised, {share}")).collect()
}

/// A rule against the truth: false alarms among the good, misses among the bad.
#[derive(Default)]
struct Rule {
    false_alarms: Share,
    misses: Share,
}

impl Rule {
    /// Each run: whether it is bad in truth, and whether the rule says so; `None` where it says nothing.
    fn judge(runs: impl Iterator<Item = (bool, Option<bool>)>) -> Self {
        let mut rule = Self::default();
        for (bad, said) in runs {
            let share = if bad { &mut rule.misses } else { &mut rule.false_alarms };
            share.of += 1;
            share.hits += usize::from(said == Some(!bad) || (bad && said.is_none()));
        }
        rule
    }
}

fn naive(page: &mut String, runs: &[Run]) {
    // Whose data goes the other way, or no way at all, has no queue to be judged by.
    let queues = || runs.iter().filter(|run| run.is("compared") && run.text("queue") != "Between");
    let has_queue = |run: &Run| run.text("queue") == "Long";
    let bloat = Rule::judge(queues().map(|run| {
        let said = run.text("life_bloat");
        (has_queue(run), (said != "unknown").then_some(["yes", "severe"].contains(&said)))
    }));
    let ratio = Rule::judge(queues().map(|run| {
        let times = run.number("rtt").zip(run.number("min_rtt"));
        (has_queue(run), times.map(|(rtt, least)| rtt > NAIVE_RATIO * least))
    }));
    // `None` for what is neither good nor bad.
    let is_bad = |run: &Run| match run.loss() {
        _ if has_queue(run) => Some(true),
        Some(share) if share >= BAD_LOSS => Some(true),
        Some(share) if share > GOOD_LOSS => None,
        _ => Some(false),
    };
    let clear = || queues().filter_map(|run| Some((is_bad(run)?, run)));
    let score =
        Rule::judge(clear().map(|(bad, run)| (bad, run.number("life_score").map(|score| score < GOOD))));
    let tenths = Rule::judge(clear().map(|(bad, run)| {
        let retransmits = run.number("retrans");
        (bad, retransmits.map(|count| 1.0 - NAIVE_STEP * count < GOOD))
    }));
    page.push_str(
        "\n## Widespread rules, over the same runs\n\n\
         A run is bad if its queue is long (60 ms more than the buffer its path needs) or, for the score, if 1 % of its \
         data were\ndropped; from .25 % to 1 % the score is not asked about. An unknown is no alarm, and a miss. A route that got \
         longer while in\nuse looks like a queue to both: pree names it as the alternative, and its judgement of the interval, which is \
         not in this table,\ntells the two apart.\n\n\
         | rule | false alarms | misses |\n|---|---|---|\n",
    );
    for (name, rule) in [
        ("pree: buffer bloat", bloat),
        ("`rtt > 1.5 × min_rtt`: buffer bloat", ratio),
        ("pree: score below .85", score),
        ("`1 - 0.1 × retransmits` below .85", tenths),
    ] {
        let _ = writeln!(page, "| {name} | {} | {} |", rule.false_alarms, rule.misses);
    }
}

fn wrong(page: &mut String, runs: &[Run]) {
    let wrong: Vec<&Run> = runs.iter().filter(|run| !run.text("wrong").is_empty()).collect();
    if wrong.is_empty() {
        return;
    }
    page.push_str("\n## Runs that are not right\n\n");
    for run in wrong {
        let _ = writeln!(page, "- `{}`: {}", run.text("run"), run.text("wrong"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(values: &str) -> Run {
        Run::read(&values.replace(' ', "\t")).expect("key=value")
    }

    const GOOD_RUN: &str = "run=a/cubic/v4/1 sent=1000 dropped=10 counted=1 loss=10/1000/0.005/0.018 \
                            judges_bloat=1 compared=1 queue=Long queue_live=Long life_bloat=yes live_bloat=severe \
                            rtt=500 min_rtt=20 retrans=0 life_score=0.30 wrong=";

    #[test]
    fn kept_promises_are_none_broken() {
        let (page, broken) = page(&[run(GOOD_RUN)]);
        assert_eq!(broken, [""; 0]);
        assert!(page.contains("| a | 1 | 1 | 1.00 % | – | –; live – | 0.30 |"), "{page}");
        assert!(
            page.contains("| `1 - 0.1 × retransmits` below .85 | 0 of 0 (0.0 %) | 1 of 1 (100.0 %) |"),
            "{page}"
        );
    }

    #[test]
    fn each_promise_can_be_broken() {
        let broken_by = |from: &str, to: &str| {
            assert!(GOOD_RUN.contains(from));
            page(&[run(&GOOD_RUN.replace(from, to))]).1.len()
        };
        assert_eq!(broken_by("dropped=10", "dropped=13"), 1, "± 2");
        assert_eq!(broken_by("dropped=10", "dropped=16"), 2, "± 5");
        assert_eq!(broken_by("0.005/0.018", "0.011/0.018"), 1, "the interval");
        assert_eq!(broken_by("queue=Long", "queue=Short"), 1, "bloat of the life");
        assert_eq!(broken_by("live_bloat=severe", "live_bloat=no"), 1, "bloat of the interval");
        assert_eq!(broken_by("wrong=", "wrong=something"), 1, "all");
        assert_eq!(
            broken_by("judges_bloat=1", "innocent=1 life_accused=1 live_accused=0"),
            1,
            "the innocent"
        );
    }
}
