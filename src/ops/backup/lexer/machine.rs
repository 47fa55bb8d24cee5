//! Finds the ends of statements the way `psql` does.

use super::piece::{Ending, NOTE, Piece, Statement};
use super::rows::Rows;
use super::words::Words;

/// Where in the text the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Between,
    /// A `-` or `/` between statements: a comment or the first byte of a statement.
    Maybe(u8),
    TopComment,
    TopBlock,
    Command,
    Plain,
    Comment,
    Block,
    Quote,
    Escapes,
    Name,
    DollarTag,
    Dollar,
    /// After `COPY .. FROM stdin;`, up to the end of the line.
    CopyLine,
    Data,
}

/// The state between two pieces of input.
#[derive(Debug)]
pub(in crate::ops::backup) struct Lexer {
    pub(super) state: State,
    statement: Statement,
    line: u64,
    /// How many bytes have gone by.
    offset: u64,
    note: Vec<u8>,
    pub(super) tag: Vec<u8>,
    /// How many bytes of the closing dollar quote have matched.
    pub(super) matched: usize,
    pub(super) previous: u8,
    pub(super) words: Words,
    pub(super) backslash: bool,
    pub(super) comment_depth: u32,
    rows: Rows,
}

impl Lexer {
    /// A lexer at the start of a dump.
    pub(in crate::ops::backup) fn new() -> Self {
        Self {
            state: State::Between,
            statement: Statement::default(),
            line: 1,
            offset: 0,
            note: Vec::new(),
            tag: Vec::new(),
            matched: 0,
            previous: 0,
            words: Words::default(),
            backslash: false,
            comment_depth: 0,
            rows: Rows::new(),
        }
    }

    /// Reads on, giving each piece to `out`.
    pub(in crate::ops::backup) fn feed(&mut self, bytes: &[u8], out: &mut dyn FnMut(Piece<'_>)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let used = match self.state {
                State::Between => self.between(rest),
                State::Maybe(first) => self.maybe(first, rest[0], out),
                State::TopComment | State::Command => self.note(rest, out),
                State::TopBlock => self.top_block(rest),
                State::CopyLine => self.copy_line(rest),
                State::Data => self.data(rest, out),
                _ => self.in_statement(rest, out),
            };
            rest = &rest[used..];
            self.offset += used as u64;
        }
    }

    /// Where the text ends, when nothing follows.
    pub(in crate::ops::backup) fn ending(&self) -> Ending {
        match self.state {
            State::Between
            | State::Maybe(_)
            | State::TopComment
            | State::Command
            | State::TopBlock => Ending::Clean,
            State::Data | State::CopyLine => Ending::InData(self.statement.line),
            _ => Ending::InStatement(self.statement.line),
        }
    }

    fn between(&mut self, bytes: &[u8]) -> usize {
        match bytes[0] {
            b'\n' => self.line += 1,
            b' ' | b'\t' | b'\r' => {}
            b'\\' => self.begin_note(State::Command),
            first @ (b'-' | b'/') => self.state = State::Maybe(first),
            _ => {
                self.begin_statement();
                return 0;
            }
        }
        1
    }

    fn begin_note(&mut self, state: State) {
        self.note.clear();
        if state == State::Command {
            self.note.push(b'\\');
        }
        self.state = state;
    }

    fn begin_statement(&mut self) {
        self.statement.begin(self.line);
        self.state = State::Plain;
        self.previous = 0;
        self.words.clear();
    }

    fn maybe(&mut self, first: u8, next: u8, out: &mut dyn FnMut(Piece<'_>)) -> usize {
        match (first, next) {
            (b'-', b'-') => self.begin_note(State::TopComment),
            (b'/', b'*') => {
                self.comment_depth = 1;
                self.previous = 0;
                self.state = State::TopBlock;
            }
            _ => {
                self.begin_statement();
                self.statement.add(&[first]);
                self.previous = first;
                out(Piece::Sql(&[first]));
                return 0;
            }
        }
        1
    }

    fn note(&mut self, bytes: &[u8], out: &mut dyn FnMut(Piece<'_>)) -> usize {
        let end = memchr::memchr(b'\n', bytes);
        let text = &bytes[..end.unwrap_or(bytes.len())];
        let room = NOTE.saturating_sub(self.note.len());
        self.note.extend_from_slice(&text[..text.len().min(room)]);
        let Some(end) = end else {
            return bytes.len();
        };
        let note = self.note.strip_suffix(b"\r").unwrap_or(&self.note);
        out(match self.state {
            State::Command => Piece::Command(note),
            _ => Piece::Comment(note, self.offset),
        });
        self.line += 1;
        self.state = State::Between;
        end + 1
    }

    fn top_block(&mut self, bytes: &[u8]) -> usize {
        let used = self.block(bytes, State::Between);
        self.line += count(bytes, used);
        used
    }

    fn copy_line(&mut self, bytes: &[u8]) -> usize {
        if bytes[0] == b'\n' {
            self.line += 1;
            self.state = State::Data;
            self.rows = Rows::new();
        }
        1
    }

    fn data(&mut self, bytes: &[u8], out: &mut dyn FnMut(Piece<'_>)) -> usize {
        let (used, is_end) = self.rows.take(bytes, out);
        if is_end {
            self.line += self.rows.count() + 1;
            self.state = State::Between;
        }
        used
    }

    fn in_statement(&mut self, bytes: &[u8], out: &mut dyn FnMut(Piece<'_>)) -> usize {
        let (used, ended) = match self.state {
            State::Comment => (self.comment(bytes), false),
            State::Block => (self.block(bytes, State::Plain), false),
            State::Quote => (self.until(bytes, b'\''), false),
            State::Name => (self.until(bytes, b'"'), false),
            State::Escapes => (self.escapes(bytes), false),
            State::DollarTag => (self.dollar_tag(bytes[0]), false),
            State::Dollar => (self.dollar(bytes), false),
            _ => self.plain(bytes),
        };
        let text = &bytes[..used];
        self.statement.add(text);
        self.line += count(text, used);
        if used > 0 {
            out(Piece::Sql(text));
        }
        if ended && self.statement.is_copy() {
            self.state = State::CopyLine;
            out(Piece::Copy(&self.statement));
        } else if ended {
            self.state = State::Between;
            out(Piece::Statement(&self.statement));
        }
        used
    }

    /// Text outside of quotes and comments; gives how many bytes it took and whether the statement ended.
    fn plain(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, &byte) in bytes.iter().enumerate() {
            let previous = std::mem::replace(&mut self.previous, byte);
            if self.words.take(byte) {
                continue;
            }
            let escapes = self.words.end(byte);
            let next = match (previous, byte) {
                (b'-', b'-') => State::Comment,
                (b'/', b'*') => State::Block,
                (_, b'\'') if escapes => State::Escapes,
                (_, b'\'') => State::Quote,
                (_, b'"') => State::Name,
                (_, b'$') => State::DollarTag,
                (_, b';') if self.words.may_end() => return (at + 1, true),
                _ => continue,
            };
            self.enter(next);
            return (at + 1, false);
        }
        (bytes.len(), false)
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.previous = 0;
        self.comment_depth = 1;
        self.backslash = false;
        if state == State::DollarTag {
            self.tag.clear();
            self.tag.push(b'$');
        }
    }
}

fn count(bytes: &[u8], used: usize) -> u64 {
    memchr::memchr_iter(b'\n', &bytes[..used]).count() as u64
}
