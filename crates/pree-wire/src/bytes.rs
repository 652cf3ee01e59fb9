//! Reading integers out of byte slices, checked. Owns nothing but the arithmetic; every other module builds on it.

/// A kernel integer: native-endian, of fixed width.
pub(crate) trait Native: Sized {
    /// The integer at `at`, or `None` where the slice does not hold all of it.
    fn at(bytes: &[u8], at: usize) -> Option<Self>;
}

macro_rules! native {
    ($($type:ident)*) => {$(
        impl Native for $type {
            #[inline]
            fn at(bytes: &[u8], at: usize) -> Option<Self> {
                array_at(bytes, at).map(Self::from_ne_bytes)
            }
        }
    )*};
}
native!(u8 u16 u32 u64 i32);

/// `N` bytes at `at`, or `None` where the slice ends before them.
#[inline]
pub(crate) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    // One comparison where `at` is a constant: the sum folds, and the length of the range is known.
    bytes.get(at..at.checked_add(N)?)?.first_chunk().copied()
}

/// `N` bytes at the constant `AT` of a block of known size: the bounds are checked when the program is built.
#[inline]
pub(crate) fn fixed<const AT: usize, const N: usize, const SIZE: usize>(block: &[u8; SIZE]) -> [u8; N] {
    const { assert!(AT + N <= SIZE, "the field lies outside the block") };
    let mut out = [0; N];
    out.copy_from_slice(&block[AT..AT + N]);
    out
}

/// `length` rounded up to the 4 bytes netlink aligns to; saturates, so that a hostile length stays out of range.
#[inline]
pub(crate) const fn align4(length: usize) -> usize {
    length.saturating_add(3) & !3
}

/// An unsigned decimal number of digits only. `None` for the empty string, signs, blanks and numbers beyond `u64`.
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    number(digits, 10)
}

/// An unsigned hexadecimal number of either case, without prefix.
pub(crate) fn hexadecimal(digits: &[u8]) -> Option<u64> {
    number(digits, 16)
}

fn number(digits: &[u8], radix: u32) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        value.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))
    })
}

/// The words of a line, separated by any number of blanks.
pub(crate) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let check = |text: &[u8], ten: Option<u64>, sixteen: Option<u64>| {
            assert_eq!((decimal(text), hexadecimal(text)), (ten, sixteen), "{text:?}");
        };
        check(b"0", Some(0), Some(0));
        check(b"0010", Some(10), Some(16));
        check(b"0A", None, Some(10));
        check(b"ff", None, Some(255));
        check(b"", None, None);
        check(b"-1", None, None);
        check(b" 1", None, None);
        check(b"18446744073709551615", Some(u64::MAX), None);
        check(b"18446744073709551616", None, None);
        check(b"FFFFFFFFFFFFFFFF", None, Some(u64::MAX));
        check(b"10000000000000000", Some(10_000_000_000_000_000), None);
    }

    #[test]
    fn reads_end_at_the_end() {
        let bytes = [1_u8, 2, 3, 4, 5];
        assert_eq!(u32::at(&bytes, 1), Some(u32::from_ne_bytes([2, 3, 4, 5])));
        assert_eq!(u32::at(&bytes, 2), None);
        assert_eq!(u64::at(&bytes, 0), None);
        assert_eq!(u8::at(&bytes, 5), None);
        assert_eq!(u8::at(&bytes, usize::MAX), None);
    }

    #[test]
    fn alignment_saturates() {
        for (length, aligned) in [(0, 0), (1, 4), (4, 4), (5, 8), (usize::MAX, usize::MAX & !3)] {
            assert_eq!(align4(length), aligned);
        }
    }
}
