//! An error number, and the macro that names some.

/// An error number and the system whose it is. An open set: numbers without a name here stay what they are.
///
/// Linux's have their names as constants of this type, those of the others stand in [`super::apple`] and [`super::windows`].
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Errno {
    pub(super) numbering: Numbering,
    pub(super) number: i32,
}

/// Whose numbers they are.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Numbering {
    Linux,
    Apple,
    Windows,
}

impl Errno {
    /// One of Linux, positive.
    pub const fn linux(number: i32) -> Self {
        Self { numbering: Numbering::Linux, number }
    }

    /// One of macOS and its kin, positive.
    pub const fn apple(number: i32) -> Self {
        Self { numbering: Numbering::Apple, number }
    }

    /// A Win32 error code, `ERROR_*`.
    pub const fn windows(code: u32) -> Self {
        Self { numbering: Numbering::Windows, number: i32::from_ne_bytes(code.to_ne_bytes()) }
    }

    /// The number; of a Windows code its 32 bits.
    pub const fn number(self) -> i32 {
        self.number
    }

    /// A Windows code is not a signed number.
    pub(super) const fn code(self) -> u32 {
        u32::from_ne_bytes(self.number.to_ne_bytes())
    }

    /// True when both numbers are of one system.
    pub const fn is_numbered_as(self, other: Self) -> bool {
        self.numbering as u8 == other.numbering as u8
    }
}

/// Constants, made by the function `$of` of [`Errno`], and the names of their numbers.
macro_rules! named_numbers {
    ($of:ident($type:ty): $($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        $($(#[$doc])* pub const $name: $crate::errno::Errno = $crate::errno::Errno::$of($number);)*

        pub(super) const fn name(number: $type) -> Option<&'static str> {
            match number {
                $($number => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}
pub(super) use named_numbers;
