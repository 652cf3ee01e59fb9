//! SPDX licence expressions, evaluated against the licences we accept.
//!
//! `AND`, `OR`, `WITH`, parentheses, and the `MIT/Apache-2.0` that older crates write for `OR`.

/// Whether `expression` can be met with licences of `allowed` alone; an error says what cannot be read.
pub(crate) fn permits(expression: &str, allowed: &[&str]) -> Result<bool, String> {
    let tokens = tokens(expression);
    let mut parser = Parser { tokens: &tokens, allowed };
    let answer = parser.any()?;
    match parser.tokens.first() {
        None => Ok(answer),
        Some(token) => Err(format!("unexpected {token:?}")),
    }
}

fn tokens(expression: &str) -> Vec<String> {
    let mut spaced = String::new();
    for c in expression.chars() {
        match c {
            '(' | ')' => spaced.extend([' ', c, ' ']),
            '/' => spaced.push_str(" OR "),
            _ => spaced.push(c),
        }
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

struct Parser<'a> {
    tokens: &'a [String],
    allowed: &'a [&'a str],
}

impl Parser<'_> {
    /// any = all {"OR" all}
    fn any(&mut self) -> Result<bool, String> {
        let mut answer = self.all()?;
        while self.accept("OR") {
            answer |= self.all()?;
        }
        Ok(answer)
    }

    /// all = one {"AND" one}
    fn all(&mut self) -> Result<bool, String> {
        let mut answer = self.one()?;
        while self.accept("AND") {
            answer &= self.one()?;
        }
        Ok(answer)
    }

    /// one = "(" any ")" | licence ["WITH" exception]
    fn one(&mut self) -> Result<bool, String> {
        if self.accept("(") {
            let answer = self.any()?;
            return if self.accept(")") { Ok(answer) } else { Err("a parenthesis is not closed".into()) };
        }
        let mut licence = self.name()?.to_owned();
        if self.accept("WITH") {
            licence = format!("{licence} WITH {}", self.name()?);
        }
        Ok(self.allowed.iter().any(|name| name.eq_ignore_ascii_case(&licence)))
    }

    fn name(&mut self) -> Result<&str, String> {
        match self.tokens.split_first() {
            Some((name, rest)) if !["AND", "OR", "WITH", "(", ")"].contains(&name.as_str()) => {
                self.tokens = rest;
                Ok(name)
            }
            Some((token, _)) => Err(format!("a licence is missing before {token:?}")),
            None => Err("a licence is missing at the end".into()),
        }
    }

    fn accept(&mut self, word: &str) -> bool {
        match self.tokens.split_first() {
            Some((token, rest)) if token == word => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::permits;

    #[test]
    fn expressions_are_evaluated() {
        let check = |expression: &str, expected: Option<bool>| {
            let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Zlib"];
            assert_eq!(permits(expression, &allowed).ok(), expected, "{expression:?}");
        };
        check("MIT", Some(true));
        check("mit", Some(true));
        check("GPL-3.0", Some(false));
        check("MIT OR GPL-3.0", Some(true));
        check("GPL-3.0 OR MIT", Some(true));
        check("MIT AND GPL-3.0", Some(false));
        check("MIT AND Zlib", Some(true));
        check("MIT/Apache-2.0", Some(true));
        check("GPL-2.0 / MIT", Some(true));
        check("GPL-2.0/GPL-3.0", Some(false));
        check("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", Some(true));
        check("Apache-2.0 WITH LLVM-exception", Some(true));
        check("Apache-2.0 WITH Classpath-exception-2.0", Some(false));
        check("MIT WITH LLVM-exception", Some(false));
        // AND binds tighter than OR.
        check("MIT OR GPL-3.0 AND GPL-2.0", Some(true));
        check("GPL-2.0 AND GPL-3.0 OR MIT", Some(true));
        check("(MIT OR GPL-3.0) AND GPL-2.0", Some(false));
        check("(MIT OR Apache-2.0) AND Zlib", Some(true));
        check("((MIT))", Some(true));
        check("", None);
        check("MIT OR", None);
        check("OR MIT", None);
        check("(MIT", None);
        check("MIT)", None);
        check("MIT Zlib", None);
        check("MIT WITH", None);
    }
}
