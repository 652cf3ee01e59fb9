//! Text to tokens. Spaces separate and mean nothing else. A word that is an operator is never anything else: in quotes
//! it is a text.

use super::FilterError;
use crate::model::Text;

/// How a key is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    /// `~`: contains.
    Contains,
    /// `!~`: does not contain.
    Lacks,
}

impl Op {
    /// The operator as it is printed.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Contains => "~",
            Self::Lacks => "!~",
        }
    }

    /// The operator of which this one is the opposite, if it is one.
    pub(super) fn opposite_of(self) -> Option<Self> {
        match self {
            Self::NotEqual => Some(Self::Equal),
            Self::Lacks => Some(Self::Contains),
            _ => None,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Anything that is nothing else: a key, a value, a word to search for.
    Word(String),
    /// Text with quotes in it, the escapes undone: any bytes.
    Quoted(Text),
    Op(Op),
    Not,
    And,
    Or,
    Open,
    Close,
    Comma,
}

/// A token and where it stands, in bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The tokens of a filter.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let start = text.len() - rest.len();
        if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (kind, length) =
            if let Some((symbol, kind)) = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol)) {
                (kind.clone(), symbol.len())
            } else {
                word(text, start)?
            };
        tokens.push(Token { kind, start, end: start + length });
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// Longer ones first: the first that fits counts.
const SYMBOLS: [(&str, Kind); 17] = [
    ("==", Kind::Op(Op::Equal)),
    ("!=", Kind::Op(Op::NotEqual)),
    ("!~", Kind::Op(Op::Lacks)),
    ("<=", Kind::Op(Op::AtMost)),
    (">=", Kind::Op(Op::AtLeast)),
    ("&&", Kind::And),
    ("||", Kind::Or),
    ("=", Kind::Op(Op::Equal)),
    ("<", Kind::Op(Op::Less)),
    (">", Kind::Op(Op::Greater)),
    ("~", Kind::Op(Op::Contains)),
    ("!", Kind::Not),
    ("&", Kind::And),
    ("|", Kind::Or),
    ("(", Kind::Open),
    (")", Kind::Close),
    (",", Kind::Comma),
];

fn ends_word(c: char) -> bool {
    c.is_whitespace() || "=!<>~&|(),\"'".contains(c)
}

/// Operators that are words: ss's, in either case.
const WORDS: [(&str, Kind); 12] = [
    ("and", Kind::And),
    ("or", Kind::Or),
    ("not", Kind::Not),
    ("eq", Kind::Op(Op::Equal)),
    ("ne", Kind::Op(Op::NotEqual)),
    ("neq", Kind::Op(Op::NotEqual)),
    ("lt", Kind::Op(Op::Less)),
    ("le", Kind::Op(Op::AtMost)),
    ("leq", Kind::Op(Op::AtMost)),
    ("gt", Kind::Op(Op::Greater)),
    ("ge", Kind::Op(Op::AtLeast)),
    ("geq", Kind::Op(Op::AtLeast)),
];

fn operator(word: &[u8]) -> Option<Kind> {
    WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(_, kind)| kind.clone())
}

/// True for a word that is an operator, in any case.
pub(super) fn is_operator(word: &[u8]) -> bool {
    operator(word).is_some()
}

/// True for text that is read back as one word.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(ends_word) && !is_operator(text.as_bytes())
}

/// A word: plain and quoted pieces with nothing between them, as in `@"a b"`.
fn word(text: &str, start: usize) -> Result<(Kind, usize), FilterError> {
    let mut bytes = Vec::new();
    let mut has_quotes = false;
    let mut at = start;
    loop {
        let rest = &text[at..];
        let plain = rest.find(ends_word).unwrap_or(rest.len());
        bytes.extend_from_slice(&rest.as_bytes()[..plain]);
        at += plain;
        let Some(quote @ ('"' | '\'')) = rest[plain..].chars().next() else { break };
        has_quotes = true;
        at += quoted(text, at, quote, &mut bytes)?;
    }
    let written = &text[start..at];
    let kind = if has_quotes {
        Kind::Quoted(Text::from(bytes))
    } else {
        operator(written.as_bytes()).unwrap_or_else(|| Kind::Word(written.to_owned()))
    };
    Ok((kind, at - start))
}

/// A command line as a table shows it, as arguments with NUL between; `None` where that says nothing new.
pub(super) fn arguments(shown: &[u8]) -> Option<Vec<u8>> {
    let mut rest = std::str::from_utf8(shown).ok().filter(|text| text.contains('"'))?;
    let mut arguments = Vec::new();
    while !rest.is_empty() {
        while let Some(c) = rest.chars().next().filter(|c| *c != ' ') {
            let length = match c {
                '"' => quoted(rest, 0, c, &mut arguments).ok()?,
                c => {
                    arguments.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    c.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        if let Some(after) = rest.strip_prefix(' ') {
            arguments.push(0);
            rest = after;
        }
    }
    Some(arguments)
}

/// Reads text in quotes; how much of the filter that was.
fn quoted(text: &str, start: usize, quote: char, bytes: &mut Vec<u8>) -> Result<usize, FilterError> {
    let mut rest = &text[start + 1..];
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == quote {
            return Ok(text.len() - rest.len() - start);
        }
        let Some(next) = rest.chars().next().filter(|_| c == '\\') else {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        };
        let Some((escaped, length)) = escape(rest) else {
            let at = text.len() - rest.len();
            let what = format!(
                "{next} after a backslash is no escape: n, r, t, x1b (a byte), u{{200b}} (a character) and quotes are, and a \
                 backslash is written twice"
            );
            return Err(FilterError::new(text, at - 1..at + next.len_utf8(), what));
        };
        bytes.extend_from_slice(&escaped);
        rest = &rest[length..];
    }
    Err(FilterError::new(text, start..text.len(), "the quote is never closed"))
}

/// What stands after a backslash, and its length: what outputs escape is written `n`, `r`, `t`, `x1b` for a byte,
/// `u{200b}` for a character; backslashes and quotes are themselves.
fn escape(text: &str) -> Option<(Vec<u8>, usize)> {
    let first = text.chars().next()?;
    let number = |digits: &str| {
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| hex)
    };
    let byte = || number(text.get(1..3)?);
    let character = || {
        let (digits, _) = text.strip_prefix("u{")?.split_once('}')?;
        Some((char::from_u32(number(digits)?)?, digits.len() + "u{}".len()))
    };
    Some(match first {
        'n' => (vec![b'\n'], 1),
        'r' => (vec![b'\r'], 1),
        't' => (vec![b'\t'], 1),
        'x' => (vec![byte()? as u8], 3),
        'u' => character().map(|(c, length)| (c.to_string().into_bytes(), length))?,
        '\\' | '"' | '\'' => (vec![first as u8], 1),
        _ => return None,
    })
}
