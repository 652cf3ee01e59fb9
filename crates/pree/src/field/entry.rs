//! What an entry of the registry says.

use super::value::Value;
use super::view::View;
use crate::named::named;
use crate::needs::Needs;
use crate::source::System;

/// One thing that can be known about a socket.
#[derive(Debug)]
#[non_exhaustive]
pub struct Field {
    /// Its name on the command line and in filters: `rtt`. Unique.
    pub name: &'static str,
    /// The JSON object it is in.
    pub section: Section,
    /// Its key in that object, with the unit last: `rtt_us`.
    pub key: &'static str,
    /// What its values are, and for numbers what they count.
    pub unit: Unit,
    /// What must be asked of the system.
    pub needs: Needs,
    /// What it means, one line.
    pub doc: &'static str,
    /// Where it comes from: the kernel's own name for it.
    pub source: &'static str,
    /// Systems that report it, or what it is computed from. On others it is always unknown.
    pub told_by: &'static [System],
    /// Gets it.
    pub get: for<'s> fn(&View<'s>) -> Value<'s>,
    /// Every word that its values can be; empty where there is no such list.
    pub choices: &'static [&'static str],
    /// Whether tables show the exact number instead of a size in a fitting unit: 1448, not 1.41 KiB.
    pub is_exact: bool,
    /// Whether 0 means that nothing happened: lists of details leave it out then.
    pub zero_is_silent: bool,
    /// Whether a value means trouble, which is shown in colour.
    pub is_trouble: fn(&View<'_>, Value<'_>) -> bool,
    /// Whether it takes several looks: after a single one it is unknown.
    pub takes_time: bool,
    /// Whether tables show it in a column of its own without being asked, or in a part of one.
    pub is_usual: bool,
    /// Whether it marks trouble at the side of a row: a column without a heading, in which a table has nothing where it is
    /// unknown.
    pub is_mark: bool,
    /// Width of its values on a terminal, where it differs from what is usual for their unit.
    pub width: Option<u8>,
    /// Drop priority on narrow terminals: highest first, 0 never.
    pub drop_priority: u8,
}

impl Field {
    /// The defaults of an entry.
    pub(super) const PLAIN: Self = Self {
        name: "",
        section: Section::Socket,
        key: "",
        unit: Unit::Text,
        needs: Needs::empty(),
        doc: "",
        source: "",
        told_by: LINUX,
        get: |_| Value::Unknown,
        choices: &[],
        is_exact: false,
        zero_is_silent: false,
        is_trouble: |_, _| false,
        takes_time: false,
        is_usual: false,
        is_mark: false,
        width: None,
        drop_priority: 0,
    };

    /// The defaults of a section.
    pub(super) const fn of(section: Section) -> Self {
        let told_by = match section {
            Section::Local | Section::Remote | Section::Owner => EVERYWHERE,
            Section::Listen => LINUX_MACOS,
            Section::Rates | Section::Quality => LINUX_WINDOWS,
            _ => LINUX,
        };
        Self { section, told_by, ..Self::PLAIN }
    }

    /// The words that a number of it stands for: of one that is a code, or has flags. What has no word is a number of its own.
    pub fn words(&self, number: u64) -> impl Iterator<Item = Value<'static>> + use<> {
        let words = self.choices;
        let (flags, code) = match self.unit {
            Unit::Flags => (number, None),
            _ => (0, Some(number)),
        };
        let flag = move |place: usize| 1_u64.checked_shl(place as u32).is_some_and(|bit| flags & bit != 0);
        let named = words.iter().enumerate().filter(move |(place, _)| flag(*place)).map(|(_, word)| *word);
        let unnamed = flags & !1_u64.checked_shl(words.len() as u32).map_or(u64::MAX, |bit| bit - 1);
        let of_code = code.map(|code| match usize::try_from(code).ok().and_then(|code| words.get(code)) {
            Some(word) => Value::Word(word),
            None => Value::Number(code),
        });
        let rest = (unnamed != 0).then_some(Value::Id(unnamed));
        named.map(Value::Word).chain(rest).chain(of_code)
    }

    /// The number that a word of [`Field::words`] stands for.
    pub(crate) fn number_of(&self, word: &str) -> Option<u64> {
        let place = self.choices.iter().position(|choice| choice.eq_ignore_ascii_case(word))?;
        if self.unit == Unit::Flags { 1_u64.checked_shl(place as u32) } else { Some(place as u64) }
    }

    /// Whether only events of a watch tell it: of a socket in a list it is unknown.
    pub fn is_of_events(&self) -> bool {
        matches!(self.section, Section::Event | Section::Udp)
    }

    /// Columns of a terminal reserved for its values before they are known.
    pub fn width(&self) -> usize {
        self.width.map_or(self.unit.width(), usize::from)
    }
}

pub(super) const EVERYWHERE: &[System] = System::ALL;
pub(super) const LINUX: &[System] = &[System::Linux];
pub(super) const LINUX_MACOS: &[System] = &[System::Linux, System::Macos];
pub(super) const LINUX_WINDOWS: &[System] = &[System::Linux, System::Windows];
pub(super) const WINDOWS: &[System] = &[System::Windows];

/// Entries: `"name" Section "key" Unit needs; "meaning"; "source", more: value => get;`, each as a [`Field`]. What `get` takes
/// is the [`View`].
macro_rules! fields_of_views {
    ($( $name:literal $section:ident $key:literal $unit:ident $needs:expr; $doc:literal; $source:expr
        $(, $more:ident: $value:expr)* => $get:expr; )*) => {
        &[$( $crate::field::Field {
            name: $name,
            key: $key,
            unit: $crate::field::Unit::$unit,
            needs: $needs,
            doc: $doc,
            source: $source,
            get: $get,
            $($more: $value,)*
            ..$crate::field::Field::of($crate::field::Section::$section)
        } ),*]
    };
}

/// The same, where `get` takes the socket.
macro_rules! fields {
    ($( $name:literal $section:ident $key:literal $unit:ident $needs:expr; $doc:literal; $source:expr
        $(, $more:ident: $value:expr)* => $get:expr; )*) => {
        $crate::field::entry::fields_of_views! {$(
            $name $section $key $unit $needs; $doc; $source $(, $more: $value)* => |view| {
                let get: fn(&$crate::model::Socket) -> $crate::field::Value<'_> = $get;
                get(view.socket())
            };
        )*}
    };
}
pub(super) use {fields, fields_of_views};

/// Trouble of a counter that is 0 while all is well.
pub(super) fn above_zero(_: &View<'_>, value: Value<'_>) -> bool {
    matches!(value, Value::Number(1..))
}

/// `==` is not for constants yet.
pub(super) const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// Names are unique.
impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Field {}

named! {
    /// The JSON object that a field is in.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[non_exhaustive]
    pub enum Section, key: "What the object is called in JSON; the socket itself has no name." {
        /// The socket itself.
        Socket = "",
        /// `local`
        Local = "local",
        /// `remote`; null when there is no peer.
        Remote = "remote",
        /// `peer`: the socket at the other end; null where none is reported.
        Peer = "peer",
        /// `unix`, of a Unix socket; absent without any of it.
        Unix = "unix",
        /// `packet`, of a packet socket.
        Packet = "packet",
        /// `netlink`, of a netlink socket; absent without any of it.
        Netlink = "netlink",
        /// `sctp`, of an SCTP socket or association: its addresses.
        Sctp = "sctp",
        /// `mptcp`, of an MPTCP connection and of its subflows.
        Mptcp = "mptcp",
        /// `udp`, of a UDP socket that a watch follows; absent where nothing was counted.
        Udp = "udp",
        /// `netns`: the network namespace; null where its inode is unknown.
        Netns = "netns",
        /// `listen`: a listener's accept queue, else absent.
        Listen = "listen",
        /// `timer`; null when none runs.
        Timer = "timer",
        /// `memory`; null when unknown.
        Memory = "memory",
        /// The first of `owners`. In JSON the owners are a list of their own.
        Owner = "owners",
        /// `tcp`; null when there are no statistics.
        Tcp = "tcp",
        /// `rates`, between two looks; absent in a single one.
        Rates = "rates",
        /// The event itself, of a watch; absent in lists.
        Event = "",
        /// `quality`; null for what is not judged. In JSON it has an order of its own.
        Quality = "quality",
    }
}

/// What values are, and what numbers count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Unit {
    /// Texts, which may come from outside: nothing to count.
    Text,
    /// Words of ours: nothing to count.
    Word,
    /// Yes or no.
    Bool,
    /// Numbers that are names, or codes without words.
    Id,
    /// Numbers that stand for words: `choices`, from 0 on. Tables have the words.
    Code,
    /// Numbers whose bits stand for words: `choices`, the lowest bit first. Tables have those that are set.
    Flags,
    /// Numbers of 64 bits that are names. In JSON they are texts, since not every reader can hold them.
    LongId,
    /// IP addresses.
    Address,
    /// Things.
    Count,
    /// TCP segments.
    Segments,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    BytesPerSecond,
    /// Packets a second.
    PacketsPerSecond,
    /// Time; whole microseconds in machine formats.
    Microseconds,
    /// Time; whole milliseconds in machine formats.
    Milliseconds,
    /// Time since the Unix epoch; seconds with two decimals in machine formats.
    UnixTime,
    /// Time of day since the Unix epoch: in machine formats RFC 3339, UTC, with microseconds.
    Timestamp,
    /// A part of 1; per cent in tables, the fraction in machine formats.
    Share,
    /// A mark from 0 to 1.
    Score,
}

impl Unit {
    /// True for words and texts.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Word)
    }

    /// Columns of a terminal that most values take.
    fn width(self) -> usize {
        match self {
            Self::Bool => 3,
            Self::Share | Self::Score => 6,
            Self::Id
            | Self::LongId
            | Self::Count
            | Self::Segments
            | Self::PacketsPerSecond
            | Self::Microseconds
            | Self::Milliseconds => 7,
            Self::Bytes => 8,
            Self::BytesPerSecond => 10,
            Self::Text | Self::Word | Self::Code | Self::Flags => 12,
            Self::Address => 15,
            Self::UnixTime => 20,
            Self::Timestamp => 27,
        }
    }
}
