//! The parts that a dump is cut into.

/// How much of a statement's beginning and end is kept; the longest name of a table is far shorter.
const HEAD: usize = 1024;
const TAIL: usize = 256;
/// How much of a comment or a `psql` command is kept.
pub(super) const NOTE: usize = 256;

/// A part of a dump, as it goes by.
#[derive(Debug)]
pub(in crate::ops::backup) enum Piece<'a> {
    /// A comment outside of statements, without its line end, cut when it is long; and about where it stands, in bytes.
    Comment(&'a [u8], u64),
    /// A command of `psql`, such as `\restrict`, without its line end.
    Command(&'a [u8]),
    /// Text of the current statement.
    Sql(&'a [u8]),
    /// The current statement ended.
    Statement(&'a Statement),
    /// The current statement ended and is a `COPY .. FROM stdin`: rows follow.
    Copy(&'a Statement),
    /// Rows, line ends included; a piece may begin and end anywhere.
    Data(&'a [u8]),
    /// The line `\.` after the last row; the number is how many rows there were.
    DataEnd(u64),
}

/// What is kept of a statement.
#[derive(Debug, Default)]
pub(in crate::ops::backup) struct Statement {
    head: Vec<u8>,
    tail: Vec<u8>,
    len: usize,
    /// The line it begins on, from 1.
    pub(in crate::ops::backup) line: u64,
}

impl Statement {
    /// Its beginning.
    pub(in crate::ops::backup) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Its end, `;` included.
    pub(in crate::ops::backup) fn tail(&self) -> &[u8] {
        if self.len <= HEAD {
            &self.head
        } else {
            &self.tail
        }
    }

    pub(super) fn begin(&mut self, line: u64) {
        self.head.clear();
        self.tail.clear();
        self.len = 0;
        self.line = line;
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.tail
            .extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.len += bytes.len();
    }

    pub(super) fn is_copy(&self) -> bool {
        let head = self.head.get(..5).unwrap_or_default();
        let tail = self.tail().to_ascii_lowercase();
        head.eq_ignore_ascii_case(b"copy ") && find(&tail, b" from stdin").is_some()
    }
}

/// Where a byte string first occurs.
pub(in crate::ops::backup) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}

/// Where the text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops::backup) enum Ending {
    /// Between two statements.
    Clean,
    /// In a statement that began on this line.
    InStatement(u64),
    /// Among the rows of a `COPY` that began on this line.
    InData(u64),
}
