//! Cuts SQL into tokens the way PostgreSQL's own scanner does (src/backend/parser/scan.l), with strings and comments whole.
//!
//! Its job is to know where a token ends; what it means is the server's business. `standard_conforming_strings` is taken
//! to be on, as it has been by default since 9.1.

use std::ops::Range;

use crate::base::{Error, Result};

/// What a token is, as far as splitting needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A key word or a name without quotes.
    Word,
    /// A string, a name in quotes, or a dollar-quoted string.
    Quoted,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `;`
    Semicolon,
    /// Any other character.
    Other,
}

/// A token and where it stands in the text, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub range: Range<usize>,
}

/// Reads tokens one after the other; blanks and comments are passed over.
#[derive(Debug)]
pub struct Tokens<'sql> {
    sql: &'sql str,
    at: usize,
}

impl<'sql> Tokens<'sql> {
    /// The tokens of a text.
    pub const fn new(sql: &'sql str) -> Self {
        Self { sql, at: 0 }
    }

    /// The next token; an error when a string or comment is never closed.
    pub fn next_token(&mut self) -> Result<Option<Token>> {
        self.skip_blanks_and_comments()?;
        let start = self.at;
        let Some(byte) = self.peek(0) else {
            return Ok(None);
        };
        let kind = match byte {
            b'\'' => self.string(start, false)?,
            b'"' => self.until_quote(start, b'"', false)?,
            b'$' => self.dollar(start)?,
            b'(' => self.one(TokenKind::Open),
            b')' => self.one(TokenKind::Close),
            b';' => self.one(TokenKind::Semicolon),
            _ if starts_word(byte) => self.word(start)?,
            _ => self.one(TokenKind::Other),
        };
        let range = start..self.at;
        Ok(Some(Token { kind, range }))
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.sql.as_bytes().get(self.at + ahead).copied()
    }

    fn starts_with(&self, text: &str) -> bool {
        self.sql.as_bytes()[self.at..].starts_with(text.as_bytes())
    }

    const fn one(&mut self, kind: TokenKind) -> TokenKind {
        self.at += 1;
        kind
    }

    fn skip_blanks_and_comments(&mut self) -> Result<()> {
        if self.at == 0 && self.sql.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
        loop {
            match self.peek(0) {
                Some(byte) if is_blank(byte) => self.at += 1,
                Some(b'-') if self.starts_with("--") => self.skip_line(),
                Some(b'/') if self.starts_with("/*") => self.skip_block()?,
                _ => return Ok(()),
            }
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.sql.as_bytes()[self.at..];
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        self.at += end.unwrap_or(rest.len());
    }

    /// Block comments nest, other than in C.
    fn skip_block(&mut self) -> Result<()> {
        let start = self.at;
        let mut depth = 0_usize;
        while self.at < self.sql.len() {
            if self.starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if self.starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(());
                }
            } else {
                self.at += 1;
            }
        }
        Err(self.unclosed(start, "comment", "*/"))
    }

    /// A name; a lone `e` before a quote makes a string with backslash escapes.
    fn word(&mut self, start: usize) -> Result<TokenKind> {
        while self.peek(0).is_some_and(continues_word) {
            self.at += 1;
        }
        let is_escape_prefix = self.sql[start..self.at].eq_ignore_ascii_case("e");
        if is_escape_prefix && self.peek(0) == Some(b'\'') {
            return self.string(start, true);
        }
        Ok(TokenKind::Word)
    }

    /// A string; one that starts on a later line continues it, with the same rule for backslashes.
    fn string(&mut self, start: usize, escapes: bool) -> Result<TokenKind> {
        loop {
            self.until_quote(start, b'\'', escapes)?;
            let end = self.at;
            if !self.continues_string() {
                self.at = end;
                return Ok(TokenKind::Quoted);
            }
        }
    }

    fn continues_string(&mut self) -> bool {
        let mut has_newline = false;
        loop {
            match self.peek(0) {
                Some(byte) if is_blank(byte) => {
                    has_newline |= matches!(byte, b'\n' | b'\r');
                    self.at += 1;
                }
                Some(b'-') if self.starts_with("--") => self.skip_line(),
                other => return has_newline && other == Some(b'\''),
            }
        }
    }

    /// From an opening quote to its closing one; a doubled quote stands for itself.
    fn until_quote(&mut self, start: usize, quote: u8, escapes: bool) -> Result<TokenKind> {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            let doubled = byte == quote && self.peek(1) == Some(quote);
            let is_pair = escapes && byte == b'\\' && self.peek(1).is_some();
            self.at += if doubled || is_pair { 2 } else { 1 };
            if byte == quote && !doubled {
                return Ok(TokenKind::Quoted);
            }
        }
        Err(self.unclosed(start, "quote", &char::from(quote).to_string()))
    }

    /// `$tag$ .. $tag$`, or a lone `$` as in `$1`.
    fn dollar(&mut self, start: usize) -> Result<TokenKind> {
        let Some(tag) = dollar_tag(&self.sql[start..]) else {
            return Ok(self.one(TokenKind::Other));
        };
        let body = start + tag.len();
        match self.sql[body..].find(tag) {
            Some(length) => {
                self.at = body + length + tag.len();
                Ok(TokenKind::Quoted)
            }
            None => Err(self.unclosed(start, "dollar quote", tag)),
        }
    }

    fn unclosed(&self, start: usize, what: &str, closing: &str) -> Error {
        let line = line_of(self.sql, start);
        Error::invalid(format!(
            "line {line}: this {what} has no closing `{closing}`"
        ))
        .field("line", line)
    }
}

/// The opening of a dollar quote, both dollars included.
fn dollar_tag(text: &str) -> Option<&str> {
    let name = &text[1..];
    let length = name.find('$')?;
    let (tag, is_start) = (&name[..length], |byte: &u8| starts_word(*byte));
    let valid = tag.as_bytes().first().is_none_or(is_start)
        && tag.bytes().all(|byte| byte != b'$' && continues_word(byte));
    valid.then(|| &text[..length + 2])
}

/// The line of a byte, from 1.
pub fn line_of(sql: &str, at: usize) -> usize {
    sql.as_bytes()[..at].split(|byte| *byte == b'\n').count()
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

const fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

const fn continues_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
}
