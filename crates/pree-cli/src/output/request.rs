//! From arguments to what an output writes: columns, order, groups, template; and what must be asked for them.

use pree::field;
use pree::quality::Peers;
use pree::{Needs, Protocols};

use super::group_order;
use super::options::{Format, Options, Rows};
use super::screen::Screen;
use super::table::details;
use super::template::{self, Template};
use crate::columns::usual::{
    ONLY_UNIX, SEPARATED, SEPARATED_EVENTS, SEPARATED_UNIX, TABLE, TABLE_UNIX, TERMINAL,
};
use crate::columns::{self, Column, Order, Shrink};
use crate::exit::Failure;

/// Columns that most owners take.
const SHORT_OWNER: usize = 14;

/// What is written, resolved: everything that can be wrong with it was.
pub(crate) struct Request {
    pub(crate) options: Options,
    pub(super) rows: Rows,
    pub(crate) screen: Screen,
    pub(super) columns: Vec<Column>,
    pub(super) template: Template,
    pub(super) orders: Vec<Order>,
    /// Empty: rows.
    pub(super) group_by: Vec<Column>,
    pub(super) group_orders: Vec<group_order::Order>,
    /// Whether JSON judges.
    pub(super) quality: bool,
    /// What is known of the paths beside each connection itself, for `--json`.
    pub(crate) peers: Peers,
    needs: Needs,
}

impl Request {
    /// # Errors
    /// An unknown name, or things that do not go together.
    pub(crate) fn new(options: Options, rows: Rows, screen: Screen) -> Result<Self, Failure> {
        let mut request = Self {
            options,
            rows,
            screen,
            columns: Vec::new(),
            template: Template::default(),
            orders: Vec::new(),
            group_by: Vec::new(),
            group_orders: Vec::new(),
            quality: false,
            peers: Peers::default(),
            needs: Needs::empty(),
        };
        let options = &request.options;
        if let Some(names) = &options.group_by {
            // lsof's -g takes process groups.
            let is_number = |part: &str| part.trim_start_matches('^').parse::<u32>().is_ok();
            let way = if names.split(',').all(is_number) { "; process groups are not shown" } else { "" };
            let unknown = |name| Failure::Usage(format!("--group-by: {}{way}", columns::unknown(name)));
            let names = names.split(',').map(str::trim);
            request.group_by = names
                .map(|name| columns::find(name).ok_or_else(|| unknown(name)))
                .collect::<Result<_, _>>()?;
            request.needs |=
                request.group_by.iter().fold(Needs::empty(), |needs, column| needs | column.needs());
            if !options.count {
                // Sums of queues: a source that reports one of them reports both.
                request.needs |= Needs::RECV_QUEUE;
            }
            let orders = group_order::parse_orders(&options.sort, &request.group_by, options.count);
            request.group_orders = orders.map_err(Failure::Usage)?;
        } else {
            request.orders = columns::parse_orders(&options.sort).map_err(Failure::Usage)?;
        }
        request.refuse_contradictions()?;
        match request.options.format {
            // Numbers of sockets need nothing but what decides which.
            _ if request.options.count || !request.group_by.is_empty() => {}
            Format::Table => request.table()?,
            Format::Csv | Format::Tsv => request.separated()?,
            Format::Template => {
                let text = request.options.template.as_deref().unwrap_or_default();
                request.template = template::parse(text).map_err(Failure::Usage)?;
                request.needs |= request.template.needs();
            }
            Format::Json | Format::Jsonl => request.json()?,
        }
        for column in request.columns.iter().copied().chain(request.orders.iter().map(|order| order.column)) {
            request.needs |= column.needs();
        }
        request.refuse_untold()?;
        Ok(request)
    }

    /// What must be asked for to write this.
    pub(crate) fn needs(&self) -> Needs {
        self.needs
    }

    /// How many rows are enough, where the first that come are as good as any others.
    pub(crate) fn most(&self) -> usize {
        let as_good = self.orders.is_empty() && self.group_by.is_empty() && !self.options.count;
        self.options.limit.filter(|_| as_good).unwrap_or(usize::MAX)
    }

    /// Whether JSON judges.
    pub(crate) fn judges(&self) -> bool {
        self.quality
    }

    /// True for the output that judges with what the whole machine knows: it has no row before the last one came.
    pub(crate) fn judges_with_the_host(&self) -> bool {
        self.quality && self.options.format == Format::Json
    }

    /// The default columns of a table.
    pub(super) fn unasked(&self) -> Vec<&'static str> {
        let list = self.options.columns.as_deref().unwrap_or_default();
        if !list.is_empty() && !columns::is_relative(list) {
            return Vec::new();
        }
        let asked = |name: &&str| list.split(',').any(|part| part.trim().strip_prefix('+') == Some(*name));
        self.usual().iter().copied().filter(|name| !asked(name)).collect()
    }

    /// The columns of a table, before `-c`.
    fn usual(&self) -> &'static [&'static str] {
        if let Some(usual) = self.rows.events {
            return usual;
        }
        match self.rows.protocols {
            Some(Protocols::UNIX) => return &ONLY_UNIX,
            Some(some) if some.contains(Protocols::UNIX) => return &TABLE_UNIX,
            _ => {}
        }
        if self.screen.terminal && self.rows.statistics { &TERMINAL } else { &TABLE }
    }

    fn refuse_contradictions(&self) -> Result<(), Failure> {
        let Options { sort, columns, count, limit, format, .. } = &self.options;
        let refuse = |text: &str| Err(Failure::Usage(text.to_owned()));
        let grouped = !self.group_by.is_empty();
        if *count && !grouped && !sort.is_empty() {
            return refuse("--sort is for rows and groups: --count is one number");
        }
        if *count && !grouped && limit.is_some() {
            return refuse("--limit is for rows and groups: --count is one number");
        }
        if (grouped || *count) && columns.is_some() {
            return refuse("-c is for rows: groups and counts have columns of their own");
        }
        if (grouped || *count) && *format == Format::Template {
            return refuse("--format is for rows: groups and counts come as table, JSON, CSV or TSV");
        }
        if *format == Format::Template && columns.is_some() {
            return refuse("-c and --format both say what is shown: take one of them");
        }
        let details = self.options.details.letters().join(" ");
        if !details.is_empty() && (grouped || *count || *format == Format::Template) {
            return refuse(&format!(
                "{details}: details are for rows, and groups, counts and --format have columns of their own"
            ));
        }
        Ok(())
    }

    fn table(&mut self) -> Result<(), Failure> {
        let told = |column: &Column| self.rows.owners || !column.needs().contains(Needs::OWNERS);
        let mut usual: Vec<_> = named(self.usual()).filter(told).collect();
        self.add_namespace(&mut usual);
        self.columns = self.choose(&usual)?;
        if self.rows.events.is_some() && self.options.columns.is_none() {
            self.fit();
        }
        self.needs |= details::needs(self.options.details);
        Ok(())
    }

    fn separated(&mut self) -> Result<(), Failure> {
        let unix = self.rows.protocols.is_some_and(|some| some.contains(Protocols::UNIX));
        let of_unix = named(if unix { &SEPARATED_UNIX } else { &[] });
        let mut usual: Vec<_> = match self.rows.events {
            Some(_) => named(&SEPARATED_EVENTS).collect(),
            None => named(&SEPARATED).chain(of_unix).collect(),
        };
        self.add_namespace(&mut usual);
        self.columns = self.choose(&usual)?;
        for field in details::fields(self.options.details) {
            if !self.columns.iter().any(|column| column.name() == field.name) {
                self.columns.push(Column::Field(field));
            }
        }
        Ok(())
    }

    /// Leaves out columns that a narrow terminal has no room for, where rows go out as they come and their width is not known.
    fn fit(&mut self) {
        let Some(room) = self.screen.width else { return };
        // Nothing follows the owner: a short one is enough.
        let width = |column: &Column| {
            if column.shrink() == Shrink::Owners { SHORT_OWNER } else { column.pipe_width() + 1 }
        };
        let taken = |columns: &[Column]| columns.iter().map(width).sum::<usize>();
        while taken(&self.columns) > room {
            let first = self.columns.iter().enumerate().max_by_key(|(_, column)| column.dropped());
            let Some((place, column)) = first else { return };
            if column.dropped() == 0 {
                return;
            }
            self.columns.remove(place);
        }
    }

    /// Rows of many namespaces are told apart.
    fn add_namespace(&self, usual: &mut Vec<Column>) {
        if self.rows.namespaces {
            let before_owner = usual.iter().position(|column| column.name() == "owner");
            let at = before_owner.unwrap_or(usual.len());
            usual.splice(at..at, named(&[field::NETNS.name]));
        }
    }

    /// JSON has its members whatever is asked; `-c` says what is asked for, and whether it judges.
    fn json(&mut self) -> Result<(), Failure> {
        let everything = Needs::STATS
            | Needs::MEMORY
            | Needs::TRAFFIC_CLASS
            | Needs::OWNERS
            | Needs::PROCESS_START
            | Needs::NAMESPACE_NAME
            | Needs::REMOTE_NAMES
            | Needs::INTERFACE_NAME
            // Marks take rights, as sequence numbers do: a caller that has them gets these, and one that asks for them without is told that they are missing.
            | Needs::UNASKED;
        let Some(list) = &self.options.columns else {
            self.quality = true;
            self.needs |= everything;
            return Ok(());
        };
        let relative = columns::is_relative(list);
        let is = |part: &&str, sign: &str| part.trim().strip_prefix(sign) == Some("quality");
        let parts = list.split(',');
        self.quality = if relative {
            !parts.clone().any(|part| is(&part, "-"))
        } else {
            parts.clone().any(|part| is(&part, ""))
        };
        let others: Vec<&str> =
            parts.filter(|part| !is(part, "") && !is(part, "+") && !is(part, "-")).collect();
        if !others.is_empty() {
            // Columns without a place: what counts is what they need.
            let usual = if relative { named(&TABLE).collect() } else { Vec::new() };
            self.columns = columns::choose(Some(&others.join(",")), &usual).map_err(Failure::Usage)?;
        }
        // A part of the judgement is asked for by its own name.
        self.quality |= self.columns.iter().any(|column| column.is_judgement());
        if relative {
            self.needs |= everything;
        }
        self.needs |= details::needs(self.options.details);
        if self.quality {
            self.needs |= Needs::STATS | Needs::MEMORY;
        }
        Ok(())
    }

    fn choose(&self, usual: &[Column]) -> Result<Vec<Column>, Failure> {
        columns::choose(self.options.columns.as_deref(), usual).map_err(Failure::Usage)
    }

    /// Refuses columns that these rows cannot have.
    fn refuse_untold(&self) -> Result<(), Failure> {
        let of = |flag: &'static str, columns: Vec<Column>| columns.into_iter().map(move |one| (flag, one));
        let all = of("-c", self.columns.clone())
            .chain(of("--group-by", self.group_by.clone()))
            .chain(of("--sort", self.orders.iter().map(|order| order.column).collect()))
            .chain(of("--format", self.template.columns().collect()));
        for (flag, column) in all {
            let name = column.name();
            if column.is_of_events() && self.rows.events.is_none() {
                return Err(Failure::Usage(format!("{flag}: {name} is told of events: pree watch")));
            }
            if column.takes_time() && !self.rows.over_time {
                return Err(Failure::Usage(format!(
                    "{flag}: {name} takes several looks: --watch, pree watch --stats, or pree explain --for 10s"
                )));
            }
        }
        Ok(())
    }
}

fn named<'n>(names: &'n [&str]) -> impl Iterator<Item = Column> + use<'n> {
    names.iter().filter_map(|name| columns::find(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUES: Needs = Needs::RECV_QUEUE.union(Needs::SEND_QUEUE);

    fn request(line: &str, screen: Screen) -> Result<Request, Failure> {
        let words = line.split_whitespace().map(Into::into).collect();
        let args = crate::args::parse(words).unwrap_or_default();
        let rows = args.asked.rows();
        Request::new(args.shown, rows, screen)
    }

    #[track_caller]
    fn check(line: &str, columns: &str, needs: Needs) {
        let Ok(request) = request(line, Screen::default()) else { panic!("{line} was refused") };
        let names: Vec<_> = request.columns.iter().map(|column| column.name()).collect();
        assert_eq!(names.join(" "), columns, "{line}");
        assert_eq!(request.needs(), needs, "{line}");
    }

    #[test]
    fn only_what_is_shown_is_asked_for() {
        let none = Needs::empty();
        let owners = Needs::OWNERS;
        let table = TABLE.join(" ");
        // Names cost nothing where there are no Unix sockets.
        let names = Needs::REMOTE_NAMES | Needs::INTERFACE_NAME | QUEUES;
        check("", &table, names | owners);
        check("-i", &table, names | Needs::STATS | owners);
        check("-m --owners none", table.trim_end_matches(" owner"), names | Needs::MEMORY);
        let extended = Needs::ID
            | Needs::STATS
            | Needs::UID
            | Needs::INTERFACE
            | Needs::V6ONLY
            | Needs::OPTIONS
            | Needs::CGROUP
            | Needs::MARK;
        check(
            "-e",
            &table,
            names | extended | Needs::TRAFFIC_CLASS | Needs::MODULE | Needs::TUNNEL | Needs::MD5 | owners,
        );
        let unix = Needs::PEERS | Needs::SOCKET_TYPE | QUEUES | owners;
        check("-x", &ONLY_UNIX.join(" "), unix | Needs::INTERFACE_NAME);
        check("-c local", "local", Needs::INTERFACE_NAME);
        check("-c state", "state", none);
        check("-c state --sort -rtt", "state", Needs::STATS);
        check("-c pid,exe", "pid exe", Needs::PROCESS_EXECUTABLE | owners);
        check("-c pid --owners first", "pid", owners);
        check("--csv", &SEPARATED.join(" "), owners | QUEUES | Needs::ID | Needs::UID);
        check(
            "--csv -m -c pid",
            "pid rmem rcvbuf wmem sndbuf fwd_alloc wmem_queued optmem locked_backlog drops",
            Needs::MEMORY | owners,
        );
        check("--format {rtt}", "", Needs::STATS);
        check("--count", "", none);
        check("--count -g process", "", owners);
        let everything =
            Needs::STATS | Needs::MEMORY | Needs::TRAFFIC_CLASS | Needs::NAMESPACE_NAME | Needs::REMOTE_NAMES;
        let everything = everything | Needs::INTERFACE_NAME | Needs::UNASKED | Needs::PROCESS_START;
        check("--json", "", everything | owners);
        check("--json -c -quality", "", everything | owners);
        check("--json -c state", "state", none);
        check("--json -c state -i", "state", Needs::STATS);
        check("--json -c quality", "", Needs::STATS | Needs::MEMORY);
        check("-c score,issue", "score issue", Needs::STATS | Needs::MEMORY);
        check("-g limited", "", Needs::STATS | Needs::MEMORY | Needs::RECV_QUEUE);
    }

    #[test]
    fn a_terminal_is_told_of_trouble() {
        let screen = Screen { terminal: true, ..Screen::default() };
        let both = Needs::STATS | Needs::MEMORY | Needs::REMOTE_NAMES | Needs::INTERFACE_NAME | QUEUES;
        for (line, needs) in [
            ("", both | Needs::OWNERS),
            ("-c +puser", both | Needs::OWNERS | Needs::PROCESS_USER),
            ("-c state", Needs::empty()),
        ] {
            let Ok(request) = request(line, screen) else { panic!("{line} was refused") };
            assert_eq!(request.needs(), needs, "{line}");
        }
        let Ok(request) = request("--source proc", screen) else { panic!("refused") };
        let without = (both - Needs::STATS - Needs::MEMORY) | Needs::OWNERS;
        assert_eq!(request.needs(), without, "/proc has no statistics");
    }

    #[test]
    fn contradictions() {
        for (line, says) in [
            ("--count --sort rtt", "--sort is for rows"),
            ("--sort count", "-g FIELD"),
            ("-g state --sort rtt", "groups are sorted by count, recvq, sendq or state, not \"rtt\""),
            ("-g state,uid --count --sort recvq", "sorted by count, state or uid"),
            ("-g state,nonsense", "--group-by: no field"),
            ("--count --limit 3", "--limit is for rows"),
            ("-g state -c rtt", "-c is for rows"),
            ("-g state --format {pid}", "--format is for rows"),
            ("-c pid --format {pid}", "take one of them"),
            ("-g nonsense", "--group-by: no field"),
            ("-g age", "not implemented yet"),
            ("--json -c nonsense", "-c: no field"),
        ] {
            let failure = request(line, Screen::default()).err();
            let text = failure.and_then(|failure| failure.text().map(|text| text.to_string()));
            assert!(text.as_ref().is_some_and(|text| text.contains(says)), "{line}: {text:?}");
        }
    }
}
