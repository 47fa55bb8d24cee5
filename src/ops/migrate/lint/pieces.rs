//! SQL as pieces that a rule can ask about: words, names, strings and signs; blanks and comments are gone.

use crate::ops::database::token::{TokenKind, Tokens};

/// One piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'s> {
    /// A key word or a name without quotes, in lower case.
    Word(String),
    /// A name in quotes, without them.
    Name(String),
    /// A string, without its quotes, and where it begins in the statement.
    Text(&'s str, usize),
    /// `(`
    Open,
    /// `)`
    Close,
    /// Any other character.
    Sign(char),
}

/// The pieces of one statement.
pub(super) fn pieces(statement: &str) -> Vec<Piece<'_>> {
    let mut tokens = Tokens::new(statement);
    let mut pieces = Vec::new();
    // The splitter has read the text already, so nothing is unclosed here.
    while let Ok(Some(token)) = tokens.next_token() {
        let text = &statement[token.range.clone()];
        pieces.push(match token.kind {
            TokenKind::Word => Piece::Word(text.to_lowercase()),
            TokenKind::Quoted => quoted(text, token.range.start),
            TokenKind::Open => Piece::Open,
            TokenKind::Close => Piece::Close,
            TokenKind::Semicolon | TokenKind::Other => Piece::Sign(first_char(text)),
        });
    }
    pieces
}

fn first_char(text: &str) -> char {
    text.chars().next().unwrap_or(' ')
}

fn quoted(text: &str, at: usize) -> Piece<'_> {
    if let Some(name) = text.strip_prefix('"') {
        return Piece::Name(name.trim_end_matches('"').replace("\"\"", "\""));
    }
    let opening = match text.strip_prefix('$').and_then(|rest| rest.find('$')) {
        Some(tag) => tag + 2,
        None => text.find('\'').unwrap_or(0) + 1,
    };
    let closing = if text.starts_with('$') { opening } else { 1 };
    let inner = text.get(opening..text.len() - closing).unwrap_or_default();
    Piece::Text(inner, at + opening)
}

/// A place among pieces, from which it reads on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'p> {
    rest: &'p [Piece<'p>],
}

impl<'p> Cursor<'p> {
    /// Reads from the first piece on.
    pub(super) const fn new(pieces: &'p [Piece<'p>]) -> Self {
        Self { rest: pieces }
    }

    /// What has not been read.
    pub(super) const fn rest(&self) -> &'p [Piece<'p>] {
        self.rest
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> Option<&'p Piece<'p>> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    /// Whether these words come next.
    pub(super) fn starts(&self, words: &str) -> bool {
        starts(self.rest, words)
    }

    /// Reads these words, all or none, and tells whether they were there.
    pub(super) fn take(&mut self, words: &str) -> bool {
        let found = self.starts(words);
        if found {
            self.rest = &self.rest[words.split(' ').count()..];
        }
        found
    }

    /// Reads the first of these that comes next.
    pub(super) fn take_any(&mut self, choices: &[&str]) -> bool {
        choices.iter().any(|words| self.take(words))
    }

    /// A name with its schema; `public` is left out, and what has no quotes is in lower case.
    pub(super) fn name(&mut self) -> Option<String> {
        let mut parts = vec![self.identifier()?];
        while self.rest.first() == Some(&Piece::Sign('.')) {
            let mut after = Self::new(&self.rest[1..]);
            let Some(part) = after.identifier() else {
                break;
            };
            parts.push(part);
            *self = after;
        }
        if parts.len() > 1 && parts[0] == "public" {
            parts.remove(0);
        }
        Some(parts.join("."))
    }

    /// A name without a schema.
    pub(super) fn identifier(&mut self) -> Option<String> {
        match self.rest.first()? {
            Piece::Word(text) | Piece::Name(text) => {
                self.rest = &self.rest[1..];
                Some(text.clone())
            }
            _ => None,
        }
    }

    /// Names with commas between them.
    pub(super) fn names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(name) = self.name() {
            names.push(name);
            if self.rest.first() != Some(&Piece::Sign(',')) {
                break;
            }
            self.rest = &self.rest[1..];
        }
        names
    }

    /// What stands in the parentheses that come next.
    pub(super) fn group(&mut self) -> Option<&'p [Piece<'p>]> {
        if self.rest.first() != Some(&Piece::Open) {
            return None;
        }
        let length = self.rest.len();
        let end = closing(self.rest).unwrap_or(length - 1);
        let inner = &self.rest[1..end];
        self.rest = &self.rest[end + 1..];
        Some(inner)
    }

    /// Whether these words follow each other somewhere outside parentheses.
    pub(super) fn has(&self, words: &str) -> bool {
        self.find(words).is_some()
    }

    /// What follows these words, outside parentheses.
    pub(super) fn after(&self, words: &str) -> Option<Self> {
        let at = self.find(words)? + words.split(' ').count();
        Some(Self::new(&self.rest[at..]))
    }

    fn find(&self, words: &str) -> Option<usize> {
        outside(self.rest).find(|at| starts(&self.rest[*at..], words))
    }

    /// What comes before the first of these words, outside parentheses; it is read.
    pub(super) fn until(&mut self, words: &[&str]) -> &'p [Piece<'p>] {
        let is_end = |at: &usize| words.iter().any(|word| starts(&self.rest[*at..], word));
        let end = outside(self.rest).find(is_end).unwrap_or(self.rest.len());
        let (before, rest) = self.rest.split_at(end);
        self.rest = rest;
        before
    }
}

/// Whether these words come first.
pub(super) fn starts(pieces: &[Piece<'_>], words: &str) -> bool {
    let mut pieces = pieces.iter();
    words
        .split(' ')
        .all(|word| matches!(pieces.next(), Some(Piece::Word(text)) if text == word))
}

/// The parts between commas, outside parentheses.
pub(super) fn parts<'p>(pieces: &'p [Piece<'p>]) -> Vec<&'p [Piece<'p>]> {
    let mut parts = Vec::new();
    let mut from = 0;
    for at in outside(pieces) {
        if pieces[at] == Piece::Sign(',') {
            parts.push(&pieces[from..at]);
            from = at + 1;
        }
    }
    parts.push(&pieces[from..]);
    parts
}

/// The places outside parentheses and brackets.
fn outside<'p>(pieces: &'p [Piece<'p>]) -> impl Iterator<Item = usize> + 'p {
    let mut depth = 0_usize;
    pieces.iter().enumerate().filter_map(move |(at, piece)| {
        match piece {
            Piece::Open | Piece::Sign('[') => depth += 1,
            Piece::Close | Piece::Sign(']') => depth = depth.saturating_sub(1),
            _ if depth == 0 => return Some(at),
            _ => {}
        }
        None
    })
}

/// Where the parentheses that open first are closed.
fn closing(pieces: &[Piece<'_>]) -> Option<usize> {
    let mut depth = 0_usize;
    pieces.iter().position(|piece| {
        match piece {
            Piece::Open => depth += 1,
            Piece::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })
}
