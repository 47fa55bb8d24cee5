//! Cuts the bytes of a plain dump into statements, rows of `COPY` and comments while they stream by.
//!
//! It knows SQL as far as `psql` does when it looks for the end of a statement (quotes, dollar quotes, comments,
//! parentheses, `BEGIN ATOMIC`), so that text which only looks like `COPY` or like the end of a dump fools nobody. It keeps
//! the first and the last bytes of a statement and nothing of a row: a field of 200 MB passes through in pieces.

/// How much of a statement's beginning and end is kept; the longest name of a table is far shorter.
const HEAD: usize = 1024;
const TAIL: usize = 256;
/// How much of a comment or a `psql` command is kept.
const NOTE: usize = 256;

/// A part of a dump, as it goes by.
#[derive(Debug)]
pub(super) enum Piece<'a> {
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
pub(super) struct Statement {
    head: Vec<u8>,
    tail: Vec<u8>,
    len: usize,
    /// The line it begins on, from 1.
    pub(super) line: u64,
}

impl Statement {
    /// Its beginning.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Its end, `;` included.
    pub(super) fn tail(&self) -> &[u8] {
        if self.len <= HEAD {
            &self.head
        } else {
            &self.tail
        }
    }

    fn begin(&mut self, line: u64) {
        self.head.clear();
        self.tail.clear();
        self.len = 0;
        self.line = line;
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.tail
            .extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.len += bytes.len();
    }

    fn is_copy(&self) -> bool {
        let head = self.head.get(..5).unwrap_or_default();
        let tail = self.tail().to_ascii_lowercase();
        head.eq_ignore_ascii_case(b"copy ") && find(&tail, b" from stdin").is_some()
    }
}

/// Where a byte string first occurs.
pub(super) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}

/// Where the text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Between two statements.
    Clean,
    /// In a statement that began on this line.
    InStatement(u64),
    /// Among the rows of a `COPY` that began on this line.
    InData(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
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

/// How much of the line `\.` stands at the beginning of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Start,
    Backslash,
    Dot,
    Return,
    Inside,
}

/// The state between two pieces of input.
#[derive(Debug)]
pub(super) struct Lexer {
    state: State,
    statement: Statement,
    line: u64,
    /// How many bytes have gone by.
    offset: u64,
    note: Vec<u8>,
    tag: Vec<u8>,
    /// How many bytes of the closing dollar quote have matched.
    matched: usize,
    previous: u8,
    word: Vec<u8>,
    head_words: Vec<Vec<u8>>,
    last_word_begins: bool,
    /// Whether a string with backslash escapes may go on in the next quotes.
    escapes_go_on: bool,
    backslash: bool,
    parentheses: u32,
    blocks: u32,
    comment_depth: u32,
    mark: Mark,
    rows: u64,
}

impl Lexer {
    /// A lexer at the start of a dump.
    pub(super) fn new() -> Self {
        Self {
            state: State::Between,
            statement: Statement::default(),
            line: 1,
            offset: 0,
            note: Vec::new(),
            tag: Vec::new(),
            matched: 0,
            previous: 0,
            word: Vec::new(),
            head_words: Vec::new(),
            last_word_begins: false,
            escapes_go_on: false,
            backslash: false,
            parentheses: 0,
            blocks: 0,
            comment_depth: 0,
            mark: Mark::Start,
            rows: 0,
        }
    }

    /// Reads on, giving each piece to `out`.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut dyn FnMut(Piece<'_>)) {
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
    pub(super) fn ending(&self) -> Ending {
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
        self.word.clear();
        self.head_words.clear();
        self.last_word_begins = false;
        self.escapes_go_on = false;
        self.parentheses = 0;
        self.blocks = 0;
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
            self.mark = Mark::Start;
            self.rows = 0;
        }
        1
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
            if is_word(byte) && (byte != b'$' || !self.word.is_empty()) {
                self.word.push(byte.to_ascii_lowercase());
                self.escapes_go_on = false;
                continue;
            }
            let escapes = self.end_word(byte);
            let next = match (previous, byte) {
                (b'-', b'-') => State::Comment,
                (b'/', b'*') => State::Block,
                (_, b'\'') if escapes => State::Escapes,
                (_, b'\'') => State::Quote,
                (_, b'"') => State::Name,
                (_, b'$') => State::DollarTag,
                (_, b';') if self.parentheses == 0 && self.blocks == 0 => return (at + 1, true),
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

    /// Takes the word that `byte` ends into account; gives whether a quote here would know backslash escapes.
    fn end_word(&mut self, byte: u8) -> bool {
        let escapes = self.word == b"e" || self.escapes_go_on;
        if self.word.is_empty() {
            self.last_word_begins &= byte.is_ascii_whitespace();
        } else {
            self.take_word();
        }
        self.escapes_go_on &= byte.is_ascii_whitespace();
        match byte {
            b'(' => self.parentheses += 1,
            b')' => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        escapes
    }

    fn take_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if self.head_words.len() < 4 {
            self.head_words.push(word.clone());
        }
        if self.parentheses == 0 && self.is_routine() {
            match word.as_slice() {
                b"atomic" if self.blocks == 0 && self.last_word_begins => self.blocks = 1,
                b"case" if self.blocks > 0 => self.blocks += 1,
                b"end" => self.blocks = self.blocks.saturating_sub(1),
                _ => {}
            }
        }
        self.last_word_begins = word == b"begin";
        // The buffer is kept: words are many and short.
        self.word = word;
        self.word.clear();
    }

    fn is_routine(&self) -> bool {
        let words: Vec<&[u8]> = self.head_words.iter().map(Vec::as_slice).collect();
        matches!(
            words.as_slice(),
            [b"create", b"function" | b"procedure", ..]
                | [b"create", b"or", b"replace", b"function" | b"procedure"]
        )
    }

    fn comment(&mut self, bytes: &[u8]) -> usize {
        memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| {
            self.state = State::Plain;
            end + 1
        })
    }

    fn block(&mut self, bytes: &[u8], after: State) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            match (std::mem::replace(&mut self.previous, byte), byte) {
                (b'/', b'*') => self.comment_depth += 1,
                (b'*', b'/') => self.comment_depth -= 1,
                _ => continue,
            }
            self.previous = 0;
            if self.comment_depth == 0 {
                self.state = after;
                return at + 1;
            }
        }
        bytes.len()
    }

    /// A doubled quote closes and opens again, which comes to the same.
    fn until(&mut self, bytes: &[u8], quote: u8) -> usize {
        memchr::memchr(quote, bytes).map_or(bytes.len(), |end| {
            self.state = State::Plain;
            end + 1
        })
    }

    fn escapes(&mut self, bytes: &[u8]) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            let escaped = std::mem::replace(&mut self.backslash, false);
            match byte {
                b'\\' => self.backslash = !escaped,
                b'\'' if !escaped => {
                    self.state = State::Plain;
                    self.escapes_go_on = true;
                    return at + 1;
                }
                _ => {}
            }
        }
        bytes.len()
    }

    fn dollar_tag(&mut self, byte: u8) -> usize {
        let fits = is_word(byte) && !(self.tag.len() == 1 && byte.is_ascii_digit());
        if byte == b'$' {
            self.tag.push(byte);
            self.state = State::Dollar;
            self.matched = 0;
        } else if fits {
            self.tag.push(byte);
        } else {
            // A parameter such as `$1`, not a quote.
            self.state = State::Plain;
            return 0;
        }
        1
    }

    fn dollar(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            if self.matched == 0 {
                let Some(next) = memchr::memchr(b'$', &bytes[at..]) else {
                    return bytes.len();
                };
                at += next + 1;
                self.matched = 1;
                continue;
            }
            if bytes[at] == self.tag[self.matched] {
                self.matched += 1;
            } else {
                self.matched = usize::from(bytes[at] == b'$');
            }
            at += 1;
            if self.matched == self.tag.len() {
                self.state = State::Plain;
                return at;
            }
        }
        at
    }

    fn data(&mut self, bytes: &[u8], out: &mut dyn FnMut(Piece<'_>)) -> usize {
        let held: &[u8] = match (self.mark, bytes[0]) {
            (Mark::Start, b'\\') => return self.hold(Mark::Backslash),
            (Mark::Backslash, b'.') => return self.hold(Mark::Dot),
            (Mark::Dot, b'\r') => return self.hold(Mark::Return),
            (Mark::Dot | Mark::Return, b'\n') => {
                self.line += self.rows + 1;
                self.state = State::Between;
                out(Piece::DataEnd(self.rows));
                return 1;
            }
            (Mark::Backslash, _) => b"\\",
            (Mark::Dot, _) => b"\\.",
            (Mark::Return, _) => b"\\.\r",
            (Mark::Start | Mark::Inside, _) => b"",
        };
        self.mark = Mark::Inside;
        if !held.is_empty() {
            out(Piece::Data(held));
        }
        let used = self.rows_of(bytes);
        out(Piece::Data(&bytes[..used]));
        used
    }

    fn hold(&mut self, mark: Mark) -> usize {
        self.mark = mark;
        1
    }

    /// Counts rows up to the end of `bytes`, or to a line that may be `\.`.
    fn rows_of(&mut self, bytes: &[u8]) -> usize {
        for end in memchr::memchr_iter(b'\n', bytes) {
            self.rows += 1;
            let next = &bytes[end + 1..];
            if matches!(next, [] | [b'\\'] | [b'\\', b'.', ..]) {
                self.mark = Mark::Start;
                return end + 1;
            }
        }
        bytes.len()
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

fn count(bytes: &[u8], used: usize) -> u64 {
    memchr::memchr_iter(b'\n', &bytes[..used]).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a dump consists of, read in pieces of `step` bytes.
    fn read(text: &str, step: usize) -> (Vec<String>, Ending) {
        let mut lexer = Lexer::new();
        let mut seen = Vec::new();
        let (mut sql, mut data) = (String::new(), String::new());
        for part in text.as_bytes().chunks(step) {
            lexer.feed(part, &mut |piece| {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                match piece {
                    Piece::Comment(note, _) => seen.push(format!("note {}", text(note))),
                    Piece::Command(note) => seen.push(format!("command {}", text(note))),
                    Piece::Sql(part) => sql.push_str(&text(part)),
                    Piece::Statement(s) => {
                        seen.push(format!("{}: {}", s.line, std::mem::take(&mut sql)));
                    }
                    Piece::Copy(s) => {
                        seen.push(format!("{}: copy {}", s.line, std::mem::take(&mut sql)));
                    }
                    Piece::Data(part) => data.push_str(&text(part)),
                    Piece::DataEnd(rows) => {
                        seen.push(format!("{rows} rows {:?}", std::mem::take(&mut data)));
                    }
                }
            });
        }
        (seen, lexer.ending())
    }

    fn pieces(text: &str) -> Vec<String> {
        let whole = read(text, text.len());
        for step in 1..9 {
            assert_eq!(read(text, step), whole, "in pieces of {step}");
        }
        assert_eq!(whole.1, Ending::Clean, "{text}");
        whole.0
    }

    #[test]
    fn a_statement_ends_only_where_sql_says_so() {
        let whole = [
            "SELECT ';';",
            "SELECT 'it''s; fine';",
            r"SELECT E'a\';b', 1;",
            r"SELECT e'a\\';",
            "SELECT E'a'\n 'b\\';c';",
            r"SELECT 'a\', 1;",
            r"SELECT name'a\';",
            "SELECT \"a;\"\"b\";",
            "SELECT $$a;b$$;",
            "SELECT $x$ $y$; $$; $x$;",
            "SELECT $$ $x$;$$;",
            "SELECT a$b, c$d;",
            "SELECT $1 + 1, '$';",
            "SELECT 1 /* a; /* b; */ c; */ + 2;",
            "SELECT 1 -- a; b 'c\n + 2;",
            "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;",
            "CREATE FUNCTION begin() RETURNS int LANGUAGE sql RETURN 1;",
            "-5;",
            "/ 2;",
        ];
        for sql in whole {
            assert_eq!(pieces(sql), [format!("1: {sql}")], "{sql}");
        }
    }

    #[test]
    fn rows_are_counted_and_passed_on_as_they_are() {
        let text = "COPY public.a (b) FROM stdin;\n1\n\\N\n\\\\.\n\\.x\n\\.\nSELECT 1;\n";

        assert_eq!(
            pieces(text),
            [
                "1: copy COPY public.a (b) FROM stdin;",
                "4 rows \"1\\n\\\\N\\n\\\\\\\\.\\n\\\\.x\\n\"",
                "7: SELECT 1;"
            ]
        );
        assert_eq!(
            pieces("COPY a FROM stdin;\n\\.\n")[1],
            "0 rows \"\"".to_owned()
        );
        assert_eq!(
            pieces("COPY a FROM stdin;\r\n1\r\n\\.\r\n")[1],
            "1 rows \"1\\r\\n\""
        );
    }

    #[test]
    fn text_that_looks_like_copy_is_not_copy() {
        let cases = [
            "SELECT '\nCOPY t (a) FROM stdin;\n1\n';",
            "DO $_$\nCOPY t (a) FROM stdin;\n\\.\n$_$;",
            "SELECT 1 /*\nCOPY t (a) FROM stdin;\n*/;",
            "COMMENT ON TABLE t IS 'COPY t FROM stdin;';",
        ];
        for sql in cases {
            assert_eq!(pieces(sql), [format!("1: {sql}")], "{sql}");
        }
        let inside = "COPY a FROM stdin;\nCOPY b FROM stdin;\n-- note\n\\.\n";
        assert_eq!(
            pieces(inside)[1],
            "2 rows \"COPY b FROM stdin;\\n-- note\\n\""
        );
    }

    #[test]
    fn comments_and_commands_stand_between_statements() {
        let text = "--\n-- Name: x\n--\n\\restrict abc\n/* a; */\nSET a = 1;\n-- end\n";

        assert_eq!(
            pieces(text),
            [
                "note ",
                "note  Name: x",
                "note ",
                "command \\restrict abc",
                "6: SET a = 1;",
                "note  end"
            ]
        );
    }

    #[test]
    fn an_early_end_is_told_with_its_place() {
        let cases = [
            ("SELECT 1;\nSELECT 'a", Ending::InStatement(2)),
            ("SELECT 1", Ending::InStatement(1)),
            ("SELECT 1;\n\nCOPY a FROM stdin;\n1\n", Ending::InData(3)),
            ("COPY a FROM stdin;\n1\n\\.", Ending::InData(1)),
            ("COPY a FROM stdin;", Ending::InData(1)),
        ];
        for (text, ending) in cases {
            assert_eq!(read(text, 3).1, ending, "{text}");
        }
    }

    #[test]
    fn a_copy_of_many_columns_is_still_a_copy() {
        let columns: Vec<String> = (0..1600).map(|n| format!("column_{n}")).collect();
        let text = format!("COPY wide ({}) FROM stdin;\n1\n\\.\n", columns.join(", "));

        assert_eq!(pieces(&text).last().unwrap(), "1 rows \"1\\n\"");
    }
}
