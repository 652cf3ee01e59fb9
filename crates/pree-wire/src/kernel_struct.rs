//! One table a kernel structure: from its lines come the accessors, the description and the compile-time checks.
//!
//! Owns the vocabulary of these tables ([`FieldSpec`], [`Unit`]) and the macro that reads them. The tables themselves
//! stand in the modules of their structures.

use core::fmt;

/// What a field of a kernel structure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Events or things, as the field's documentation says.
    Count,
    /// TCP segments of at most one MSS each.
    Segments,
    /// Bytes.
    Bytes,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Bytes per second.
    BytesPerSecond,
    /// A set of independent bits.
    Flags,
    /// A power of two: shift by this.
    Scale,
    /// Several small fields packed into one word.
    Bits,
    /// A number out of an enumeration of the kernel.
    Code,
    /// A name for something, without order or size.
    Identifier,
    /// A position in a sequence of bytes.
    Position,
}

impl Unit {
    /// The tag the tables use: `us`, `bytes_per_s`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Segments => "segments",
            Self::Bytes => "bytes",
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::BytesPerSecond => "bytes_per_s",
            Self::Flags => "flags",
            Self::Scale => "scale",
            Self::Bits => "bits",
            Self::Code => "code",
            Self::Identifier => "identifier",
            Self::Position => "position",
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One field of a kernel structure, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// The kernel's name without the prefix of its structure: `rtt` for `tcpi_rtt`.
    pub name: &'static str,
    /// Bytes from the start of the structure.
    pub offset: usize,
    /// Bytes: 1, 2, 4 or 8.
    pub width: usize,
    /// What the number counts.
    pub unit: Unit,
    /// The first kernel that has the field: "4.9".
    pub since: &'static str,
    /// What it means and what to beware of.
    pub doc: &'static str,
}

impl FieldSpec {
    /// Bytes from the start of the structure to the first byte after the field.
    pub const fn end(&self) -> usize {
        self.offset + self.width
    }
}

/// Whether a table can be believed: ascending, without overlap, every field aligned to its width, the last one ending
/// at `size`. Meant for `const { assert!(…) }`.
#[allow(dead_code, reason = "Rust 1.85 overlooks uses in `const _`")]
pub(crate) const fn is_sound(fields: &[FieldSpec], size: usize) -> bool {
    let mut end = 0;
    let mut i = 0;
    while i < fields.len() {
        let field = &fields[i];
        if field.offset < end || field.offset % field.width != 0 {
            return false;
        }
        end = field.end();
        i += 1;
    }
    end == size
}

/// Whether a structure of `length` bytes ends where a field ends.
#[allow(dead_code, reason = "Rust 1.85 overlooks uses in `const _`")]
pub(crate) const fn ends_on_a_field(fields: &[FieldSpec], length: usize) -> bool {
    let mut i = 0;
    while i < fields.len() {
        if fields[i].end() == length {
            return true;
        }
        i += 1;
    }
    false
}

macro_rules! unit {
    (count) => {
        $crate::Unit::Count
    };
    (segments) => {
        $crate::Unit::Segments
    };
    (bytes) => {
        $crate::Unit::Bytes
    };
    (us) => {
        $crate::Unit::Microseconds
    };
    (ms) => {
        $crate::Unit::Milliseconds
    };
    (bytes_per_s) => {
        $crate::Unit::BytesPerSecond
    };
    (flags) => {
        $crate::Unit::Flags
    };
    (scale) => {
        $crate::Unit::Scale
    };
    (bits) => {
        $crate::Unit::Bits
    };
    (code) => {
        $crate::Unit::Code
    };
    (identifier) => {
        $crate::Unit::Identifier
    };
    (position) => {
        $crate::Unit::Position
    };
}

/// `View; doc lines, name: type, offset, unit, "since"; …` → accessors on `View(&[u8])` and the constant `FIELDS`.
macro_rules! kernel_struct {
    ($view:ident; $(
        $(#[doc = $doc:literal])+
        $name:ident: $type:ident, $offset:literal, $unit:ident, $since:literal;
    )*) => {
        impl $view<'_> {
            /// Every field of the table, in the order of the structure.
            pub const FIELDS: &'static [$crate::FieldSpec] = FIELDS;

            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\nUnit: ", stringify!($unit), "; since Linux ", $since, "; `", stringify!($type), "` at byte ", stringify!($offset), ".")]
                #[inline]
                pub fn $name(self) -> Option<$type> {
                    $crate::bytes::Native::at(self.bytes, $offset)
                }
            )*
        }

        /// The table as data: every field of the structure, in its order.
        pub const FIELDS: &[$crate::FieldSpec] = &[$(
            $crate::FieldSpec {
                name: stringify!($name),
                offset: $offset,
                width: size_of::<$type>(),
                unit: unit!($unit),
                since: $since,
                doc: concat!($($doc),+).trim_ascii(),
            },
        )*];
    };
}
