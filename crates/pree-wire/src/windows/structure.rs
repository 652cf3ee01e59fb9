//! One table a structure of Windows: accessors, description and compile-time checks come from its lines.

use crate::FieldSpec;

/// A structure, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The system's own name: `TCP_ESTATS_PATH_ROD_v0`.
    pub name: &'static str,
    /// Its bytes, what is unused at its end included.
    pub size: usize,
    /// The members that are described, by the system's names, in order.
    pub fields: &'static [FieldSpec],
}

/// A number, or bytes, at a place of a structure.
pub(super) trait Little: Sized {
    /// `None` where the slice does not hold all of it.
    fn at(bytes: &[u8], at: usize) -> Option<Self>;
}

macro_rules! little {
    ($($type:ident)*) => {$(
        impl Little for $type {
            #[inline]
            fn at(bytes: &[u8], at: usize) -> Option<Self> {
                crate::bytes::array_at(bytes, at).map(Self::from_le_bytes)
            }
        }
    )*};
}
little!(u8 u32 u64);

impl<const N: usize> Little for [u8; N] {
    #[inline]
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        crate::bytes::array_at(bytes, at)
    }
}

/// Whether a table can be believed: ascending, without overlap, and no more behind the last member than alignment.
#[allow(dead_code, reason = "Rust 1.85 overlooks uses in `const _`")]
pub(super) const fn is_sound(fields: &[FieldSpec], size: usize) -> bool {
    let mut end = 0;
    let mut i = 0;
    while i < fields.len() {
        if fields[i].offset < end {
            return false;
        }
        end = fields[i].end();
        i += 1;
    }
    end <= size && size - end < 8
}

/// `View = "NAME", size, "since"; doc lines, name "Member": type, offset, unit; …` → a view of bytes with an accessor a
/// member, [`Layout`] and checks.
macro_rules! windows_struct {
    (
        $(#[doc = $view_doc:literal])+
        $view:ident = $c_name:literal, $size:literal, $since:literal;
        $( $(#[doc = $doc:literal])+ $name:ident $member:literal: $type:ty, $offset:literal, $unit:ident; )*
    ) => {
        $(#[doc = $view_doc])+
        #[doc = concat!("\n\n`", $c_name, "`, ", stringify!($size), " bytes; since ", $since, ".")]
        #[derive(Clone, Copy, Debug)]
        pub struct $view<'b> {
            bytes: &'b [u8],
        }

        impl<'b> $view<'b> {
            /// Bytes of the whole structure.
            pub const SIZE: usize = $size;

            /// The structure as data.
            pub const LAYOUT: $crate::windows::Layout = $crate::windows::Layout {
                name: $c_name,
                size: $size,
                fields: &[$(
                    $crate::FieldSpec {
                        name: $member,
                        offset: $offset,
                        width: size_of::<$type>(),
                        unit: unit!($unit),
                        since: $since,
                        doc: concat!($($doc),+).trim_ascii(),
                    },
                )*],
            };

            /// A look at these bytes. A member that lies beyond them is `None`.
            pub const fn new(bytes: &'b [u8]) -> Self {
                Self { bytes }
            }

            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\n`", $member, "`, unit: ", stringify!($unit), ".")]
                #[inline]
                pub fn $name(self) -> Option<$type> {
                    $crate::windows::structure::Little::at(self.bytes, $offset)
                }
            )*
        }

        const _: () =
            assert!($crate::windows::structure::is_sound($view::LAYOUT.fields, $size), $c_name);
    };
}
