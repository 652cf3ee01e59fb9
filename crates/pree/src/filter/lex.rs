//! Text to tokens. Spaces separate and mean nothing else.

use super::FilterError;

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

    /// ss's words for operators; words only where an operator can stand.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Equal,
            "ne" | "neq" => Self::NotEqual,
            "lt" => Self::Less,
            "le" | "leq" => Self::AtMost,
            "gt" => Self::Greater,
            "ge" | "geq" => Self::AtLeast,
            _ => return None,
        })
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
    /// Text in quotes, the escapes undone.
    Quoted(String),
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
        let (kind, length) = if first == '"' || first == '\'' {
            quoted(text, start, first)?
        } else if let Some((symbol, kind)) = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol)) {
            (kind.clone(), symbol.len())
        } else {
            let length = rest.find(ends_word).unwrap_or(rest.len());
            (Kind::Word(rest[..length].to_owned()), length)
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

/// True for text that is read back as one word.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(ends_word)
}

/// Text in quotes; a backslash takes the next character as it is.
fn quoted(text: &str, start: usize, quote: char) -> Result<(Kind, usize), FilterError> {
    let mut value = String::new();
    let mut chars = text[start + 1..].char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok((Kind::Quoted(value), at + 2));
        }
        match (c, chars.clone().next()) {
            ('\\', Some((_, escaped))) => {
                value.push(escaped);
                chars.next();
            }
            _ => value.push(c),
        }
    }
    Err(FilterError::new(text, start..text.len(), "the quote is never closed"))
}
