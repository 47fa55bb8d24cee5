//! The words of a statement, as far as they say where it ends and how its strings are read.

/// What is known about the words of the current statement.
#[derive(Debug, Default)]
pub(super) struct Words {
    word: Vec<u8>,
    head: Vec<Vec<u8>>,
    last_begins: bool,
    /// Whether a string with backslash escapes may go on in the next quotes.
    escapes_go_on: bool,
    parentheses: u32,
    /// How deep the body of a function in standard SQL nests: `BEGIN ATOMIC` and, within it, `CASE`.
    blocks: u32,
}

/// `CREATE OR REPLACE FUNCTION` is the longest head that matters.
const HEAD_WORDS: usize = 4;
/// Longer words are none that matter.
const LONGEST: usize = 64;

impl Words {
    /// Forgets the last statement.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes a byte that may belong to a word; `false` when it does not.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        if !is_word(byte) || (byte == b'$' && self.word.is_empty()) {
            return false;
        }
        if self.word.len() < LONGEST {
            self.word.push(byte.to_ascii_lowercase());
        }
        self.escapes_go_on = false;
        true
    }

    /// Takes a byte that ends a word; gives whether a quote here would know backslash escapes.
    pub(super) fn end(&mut self, byte: u8) -> bool {
        let escapes = self.word == b"e" || self.escapes_go_on;
        if self.word.is_empty() {
            self.last_begins &= byte.is_ascii_whitespace();
        } else {
            self.end_word();
        }
        self.escapes_go_on &= byte.is_ascii_whitespace();
        match byte {
            b'(' => self.parentheses += 1,
            b')' => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        escapes
    }

    /// A string with backslash escapes was closed.
    pub(super) fn end_of_escapes(&mut self) {
        self.escapes_go_on = true;
    }

    /// Whether a `;` ends the statement.
    pub(super) const fn may_end(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn end_word(&mut self) {
        if self.head.len() < HEAD_WORDS {
            self.head.push(self.word.clone());
        }
        if self.parentheses == 0 && self.is_routine() {
            match self.word.as_slice() {
                b"atomic" if self.blocks == 0 && self.last_begins => self.blocks = 1,
                b"case" if self.blocks > 0 => self.blocks += 1,
                b"end" => self.blocks = self.blocks.saturating_sub(1),
                _ => {}
            }
        }
        self.last_begins = self.word == b"begin";
        self.word.clear();
    }

    fn is_routine(&self) -> bool {
        let words: Vec<&[u8]> = self.head.iter().map(Vec::as_slice).collect();
        matches!(
            words.as_slice(),
            [b"create", b"function" | b"procedure", ..]
                | [b"create", b"or", b"replace", b"function" | b"procedure"]
        )
    }
}

/// Whether a byte may stand in a name; every byte of a character beyond ASCII may.
pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}
