//! The kernel's description of its own types (BTF, `/sys/kernel/btf/vmlinux`): where a member of a structure lies in the
//! running kernel, by name.
//!
//! Format: Documentation/bpf/btf.rst, include/uapi/linux/btf.h. Nothing is indexed, because that would take memory: a
//! look-up by name or number goes through all types once, so those who need several ask for all with
//! [`Btf::find_all`].

use crate::bytes::Native;
use crate::malformed::Malformed;

/// First half-word of the file, in the byte order of the machine that wrote it.
const MAGIC: u16 = 0xeb9f;

/// Anonymous structures that are looked into for one member. The largest structures of the kernel have a dozen.
const MOST_ANONYMOUS: u32 = 64;

/// Arrays inside each other.
const DEEPEST: u32 = 8;

/// Names and modifiers between a type and what it is.
const LONGEST_CHAIN: u32 = 16;

/// The description, not yet read.
#[derive(Clone, Copy, Debug)]
pub struct Btf<'a> {
    types: &'a [u8],
    strings: &'a [u8],
}

/// What a type is: `BTF_KIND_*`. A number that is not here is kept too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind(pub u8);

impl Kind {
    /// A number: integer, character, boolean.
    pub const INT: Self = Self(1);
    /// A pointer.
    pub const PTR: Self = Self(2);
    /// An array.
    pub const ARRAY: Self = Self(3);
    /// A structure.
    pub const STRUCT: Self = Self(4);
    /// A union.
    pub const UNION: Self = Self(5);
    /// An enumeration of 32 bits.
    pub const ENUM: Self = Self(6);
    /// The name of a structure that is described elsewhere.
    pub const FWD: Self = Self(7);
    /// Another name of a type.
    pub const TYPEDEF: Self = Self(8);
    /// `volatile`
    pub const VOLATILE: Self = Self(9);
    /// `const`
    pub const CONST: Self = Self(10);
    /// `restrict`
    pub const RESTRICT: Self = Self(11);
    /// A function.
    pub const FUNC: Self = Self(12);
    /// Arguments and result of a function.
    pub const FUNC_PROTO: Self = Self(13);
    /// A variable.
    pub const VAR: Self = Self(14);
    /// A section of variables.
    pub const DATASEC: Self = Self(15);
    /// A floating-point number.
    pub const FLOAT: Self = Self(16);
    /// A remark on a declaration.
    pub const DECL_TAG: Self = Self(17);
    /// A remark on a type.
    pub const TYPE_TAG: Self = Self(18);
    /// An enumeration of 64 bits.
    pub const ENUM64: Self = Self(19);

    /// Bytes that follow the type's head, given its number of parts. `None` for a kind that we do not know: where the
    /// next type begins is unknown then.
    fn rest(self, parts: usize) -> Option<usize> {
        match self {
            Self::PTR
            | Self::FWD
            | Self::TYPEDEF
            | Self::VOLATILE
            | Self::CONST
            | Self::RESTRICT
            | Self::FUNC
            | Self::FLOAT
            | Self::TYPE_TAG => Some(0),
            Self::INT | Self::VAR | Self::DECL_TAG => Some(4),
            Self::ARRAY => Some(12),
            Self::ENUM | Self::FUNC_PROTO => parts.checked_mul(8),
            Self::STRUCT | Self::UNION | Self::DATASEC | Self::ENUM64 => parts.checked_mul(12),
            _ => None,
        }
    }
}

/// One type.
#[derive(Clone, Copy, Debug)]
pub struct Type<'a> {
    /// Its number: types refer to each other by it, and so does bpf(2).
    pub id: u32,
    /// What it is.
    pub kind: Kind,
    name: u32,
    /// `size` or `type`, as the kind has it.
    word: u32,
    flag: bool,
    /// Members, parameters, enumerators.
    rest: &'a [u8],
}

/// Where a member of a structure lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Bytes from the start of the outermost structure.
    pub offset: u32,
    /// Number of its type.
    pub type_id: u32,
}

impl<'a> Btf<'a> {
    /// Looks at the head of the file.
    ///
    /// # Errors
    /// It is no BTF, is of the other byte order, or its parts lie outside of it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let broken = |what, at| Malformed::new(what, at);
        if u16::at(bytes, 0) != Some(MAGIC) {
            return Err(broken("BTF magic number", 0));
        }
        let word = |at| u32::at(bytes, at).ok_or(broken("BTF header", at));
        let header = word(4)? as usize;
        let part = |offset: u32, length: u32, what| {
            let start = header.checked_add(offset as usize).ok_or(broken(what, header))?;
            let end = start.checked_add(length as usize).ok_or(broken(what, header))?;
            bytes.get(start..end).ok_or(broken(what, start))
        };
        Ok(Self {
            types: part(word(8)?, word(12)?, "BTF types")?,
            strings: part(word(16)?, word(20)?, "BTF strings")?,
        })
    }

    /// Every type, in the order of their numbers. After a [`Malformed`] there is no more.
    pub fn types(self) -> Types<'a> {
        Types { rest: self.types, id: 1, offset: 0 }
    }

    /// The type's name; empty for those that have none.
    pub fn name(self, of: &Type<'_>) -> &'a [u8] {
        self.string(of.name)
    }

    fn string(self, offset: u32) -> &'a [u8] {
        let text = self.strings.get(offset as usize..).unwrap_or_default();
        text.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    fn is_named(self, offset: u32, name: &[u8]) -> bool {
        let text = self.strings.get(offset as usize..).unwrap_or_default();
        text.strip_prefix(name).is_some_and(|rest| rest.first() == Some(&0))
    }

    /// The first type of this kind and name.
    pub fn find(self, kind: Kind, name: &str) -> Option<Type<'a>> {
        let [found] = self.find_all([(kind, name)]);
        found
    }

    /// [`find`](Self::find) for several at once, in one pass.
    pub fn find_all<const N: usize>(self, wanted: [(Kind, &str); N]) -> [Option<Type<'a>>; N] {
        let mut found = [None; N];
        let mut missing = N;
        for one in self.types().map_while(Result::ok) {
            for ((kind, name), place) in wanted.iter().zip(&mut found) {
                if one.kind == *kind && place.is_none() && self.is_named(one.name, name.as_bytes()) {
                    *place = Some(one);
                    missing -= 1;
                }
            }
            if missing == 0 {
                break;
            }
        }
        found
    }

    /// The type of this number.
    pub fn get(self, id: u32) -> Option<Type<'a>> {
        // 0 is void, which is not in the file.
        let before = usize::try_from(id.checked_sub(1)?).ok()?;
        self.types().map_while(Result::ok).nth(before)
    }

    /// A member of a structure or union, also of an anonymous one inside it. `None` for bit fields too: they lie at
    /// no byte.
    pub fn member(self, of: &Type<'a>, name: &str) -> Option<Member> {
        let mut looks = MOST_ANONYMOUS;
        // Without a name are the anonymous ones.
        if name.is_empty() { None } else { self.member_below(of, name.as_bytes(), &mut looks) }
    }

    /// A member of a member, and so on: `sk_lock.owned`. Of an array it is the first element.
    pub fn member_at(self, of: &Type<'a>, path: &str) -> Option<Member> {
        let mut names = path.split('.');
        let mut found = self.member(of, names.next()?)?;
        for name in names {
            let mut inside = self.resolve(found.type_id)?;
            if inside.kind == Kind::ARRAY {
                inside = self.resolve(u32::at(inside.rest, 0)?)?;
            }
            let inner = self.member(&inside, name)?;
            found = Member { offset: found.offset.checked_add(inner.offset)?, ..inner };
        }
        Some(found)
    }

    fn member_below(self, of: &Type<'a>, name: &[u8], looks: &mut u32) -> Option<Member> {
        if !matches!(of.kind, Kind::STRUCT | Kind::UNION) {
            return None;
        }
        // By its own name first: the anonymous ones take a pass through all types each.
        if let Some((_, member)) = of.members().find(|(text, _)| self.is_named(*text, name)) {
            return member;
        }
        for (_, outer) in of.members().filter(|(text, _)| self.string(*text).is_empty()) {
            *looks = looks.checked_sub(1)?;
            let Some((outer, inside)) = outer.and_then(|outer| Some((outer, self.resolve(outer.type_id)?)))
            else {
                continue;
            };
            if let Some(inner) = self.member_below(&inside, name, looks) {
                return Some(Member { offset: outer.offset.checked_add(inner.offset)?, ..inner });
            }
        }
        None
    }

    /// The type behind typedefs and qualifiers.
    fn resolve(self, id: u32) -> Option<Type<'a>> {
        let mut found = self.get(id)?;
        for _ in 0..LONGEST_CHAIN {
            match found.kind {
                Kind::TYPEDEF | Kind::CONST | Kind::VOLATILE | Kind::RESTRICT | Kind::TYPE_TAG => {
                    found = self.get(found.word)?;
                }
                _ => return Some(found),
            }
        }
        None
    }

    /// Bytes of a value of this type, where it has a size of its own: pointers and functions have none here.
    pub fn size(self, id: u32) -> Option<u32> {
        self.size_below(id, DEEPEST)
    }

    fn size_below(self, id: u32, depth: u32) -> Option<u32> {
        let found = self.resolve(id)?;
        match found.kind {
            Kind::INT | Kind::STRUCT | Kind::UNION | Kind::ENUM | Kind::ENUM64 | Kind::FLOAT => {
                Some(found.word)
            }
            Kind::ARRAY => {
                let (element, count) = (u32::at(found.rest, 0)?, u32::at(found.rest, 8)?);
                self.size_below(element, depth.checked_sub(1)?)?.checked_mul(count)
            }
            _ => None,
        }
    }

    /// The value of an enumerator.
    pub fn enumerator(self, of: &Type<'_>, name: &str) -> Option<i64> {
        let width = match of.kind {
            Kind::ENUM => 8,
            Kind::ENUM64 => 12,
            _ => return None,
        };
        let entry = of
            .rest
            .chunks_exact(width)
            .find(|entry| u32::at(entry, 0).is_some_and(|offset| self.is_named(offset, name.as_bytes())))?;
        let low = u32::at(entry, 4)?;
        // The flag says that the values have a sign.
        match u32::at(entry, 8) {
            Some(high) => Some((i64::from(signed(high)) << 32) | i64::from(low)),
            None if of.flag => Some(i64::from(signed(low))),
            None => Some(i64::from(low)),
        }
    }

    /// How many arguments a function (or a prototype) takes.
    pub fn parameters(self, of: &Type<'a>) -> Option<usize> {
        let prototype = if of.kind == Kind::FUNC { self.get(of.word)? } else { *of };
        (prototype.kind == Kind::FUNC_PROTO).then_some(prototype.rest.len() / 8)
    }
}

impl Type<'_> {
    /// Bytes of a structure, union, enumeration or number.
    pub fn size(&self) -> Option<u32> {
        let sized = matches!(
            self.kind,
            Kind::INT | Kind::STRUCT | Kind::UNION | Kind::ENUM | Kind::ENUM64 | Kind::FLOAT
        );
        sized.then_some(self.word)
    }

    /// Each member: where its name is, and where it lies (`None` for a bit field).
    fn members(&self) -> impl Iterator<Item = (u32, Option<Member>)> {
        let flag = self.flag;
        self.rest.chunks_exact(12).filter_map(move |entry| {
            let (name, type_id, place) = (u32::at(entry, 0)?, u32::at(entry, 4)?, u32::at(entry, 8)?);
            // With the flag the upper byte is the width of a bit field, 0 for what is none.
            let (width, bits) = if flag { (place >> 24, place & 0x00ff_ffff) } else { (0, place) };
            let is_whole = width == 0 && bits % 8 == 0;
            Some((name, is_whole.then_some(Member { offset: bits / 8, type_id })))
        })
    }
}

/// Iterator over the types; see [`Btf::types`].
#[derive(Clone, Debug)]
pub struct Types<'a> {
    rest: &'a [u8],
    id: u32,
    offset: usize,
}

impl<'a> Iterator for Types<'a> {
    type Item = Result<Type<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((one, length)) = head(self.rest, self.id) else {
            self.rest = &[];
            return Some(Err(Malformed::new("BTF type", self.offset)));
        };
        self.rest = self.rest.get(length..).unwrap_or_default();
        self.offset += length;
        self.id = self.id.saturating_add(1);
        Some(Ok(one))
    }
}

/// The same bits with a sign.
fn signed(bits: u32) -> i32 {
    i32::from_ne_bytes(bits.to_ne_bytes())
}

/// The first type of `bytes` and its length.
#[inline]
fn head(bytes: &[u8], id: u32) -> Option<(Type<'_>, usize)> {
    let (name, info, word) = (u32::at(bytes, 0)?, u32::at(bytes, 4)?, u32::at(bytes, 8)?);
    let kind = Kind((info >> 24 & 0x1f) as u8);
    let parts = (info & 0xffff) as usize;
    let length = 12_usize.checked_add(kind.rest(parts)?)?;
    let rest = bytes.get(12..length)?;
    Some((Type { id, kind, name, word, flag: info >> 31 != 0, rest }, length))
}

#[cfg(test)]
mod tests;
