//! What a plain dump holds, learned while it streams by: rows of each table, extensions, roles, versions, its end mark.
//!
//! The rows are those of the dump's own snapshot, so they are exact and cost nothing. A dump is good only when
//! [`Facts::complete`] says so: a file that was cut at the end of a row looks fine to `gzip -t` and to `psql -1`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::lexer::{Ending, Lexer, Piece, Statement};
use super::needs::{self, Needs};
use crate::base::{Error, Result};

/// The comment that `pg_dump` ends with.
const END_MARK: &[u8] = b" PostgreSQL database dump complete";
/// How far from the end of the text it may stand: an `\unrestrict` line and blank lines may follow.
const END_WINDOW: u64 = 1024;

/// What a dump holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Rows of each table that has a `COPY`, by its name as the dump writes it.
    pub tables: BTreeMap<String, u64>,
    /// How many tables are created.
    pub created_tables: u64,
    /// How many large objects there are.
    pub large_objects: u64,
    /// The extensions that are created.
    pub extensions: BTreeSet<String>,
    /// The roles that own something or are given rights.
    pub roles: BTreeSet<String>,
    /// The version of the server that was dumped, such as `15.18`.
    pub server_version: Option<String>,
    /// The version of the `pg_dump` that made it.
    pub dump_version: Option<String>,
    /// Bytes of text.
    pub raw_bytes: u64,
    /// Why it cannot be replayed, if so.
    #[serde(skip)]
    pub obstacle: Option<String>,
    /// How many `INSERT` statements there are.
    #[serde(skip)]
    pub(super) inserts: u64,
    /// Whether its lines end as on Windows, or as a terminal makes them.
    #[serde(skip)]
    pub(super) has_crlf: bool,
    #[serde(skip)]
    pub(super) needs: Needs,
    #[serde(skip)]
    end: End,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct End {
    /// Where the end mark stands.
    mark: Option<u64>,
    /// Whether a statement follows the end mark.
    is_followed: bool,
    /// What is open where the text ends, in words.
    open: Option<String>,
    copying: Option<String>,
}

impl Facts {
    /// What a dump says of itself, in whatever pieces it comes.
    pub fn of<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Self {
        let mut scanner = Scanner::new();
        for piece in pieces {
            scanner.feed(piece);
        }
        scanner.finish()
    }

    /// Rows of all tables together.
    pub fn rows(&self) -> u64 {
        self.tables.values().sum()
    }

    /// Refuses a dump that ends early.
    pub fn complete(&self) -> Result<()> {
        if self.raw_bytes == 0 {
            return Err(Error::corrupt("the dump is empty"));
        }
        if let Some(open) = &self.end.open {
            return Err(Error::corrupt(format!("the dump ends {open}")));
        }
        if self.end.is_followed {
            return Err(Error::corrupt("statements follow the end of the dump"));
        }
        let marked = self
            .end
            .mark
            .is_some_and(|mark| self.raw_bytes - mark <= END_WINDOW);
        if !marked {
            return Err(Error::corrupt(
                "the dump has no end: the line `-- PostgreSQL database dump complete` is missing",
            ));
        }
        if self.created_tables == 0 {
            return Err(Error::corrupt("the dump holds no table"));
        }
        Ok(())
    }

    /// The major version of the server that was dumped.
    pub fn major(&self) -> Option<u32> {
        self.server_version
            .as_deref()?
            .split(|c: char| !c.is_ascii_digit())
            .next()?
            .parse()
            .ok()
    }

    fn see(&mut self, piece: &Piece<'_>) {
        match piece {
            Piece::Comment(note, at) => self.comment(note, *at),
            Piece::Command(command) => self.command(command),
            Piece::Statement(statement) => self.statement(statement),
            Piece::Copy(statement) => {
                self.end.is_followed |= self.end.mark.is_some();
                self.end.copying = Some(table_of(statement.head()));
            }
            Piece::DataEnd(rows) => {
                if let Some(table) = self.end.copying.take() {
                    *self.tables.entry(table).or_default() += rows;
                }
            }
            Piece::Sql(_) | Piece::Data(_) => {}
        }
    }

    fn comment(&mut self, note: &[u8], at: u64) {
        let version = |prefix: &[u8]| {
            let rest = String::from_utf8_lossy(note.strip_prefix(prefix)?).into_owned();
            rest.split_whitespace().next().map(str::to_owned)
        };
        if note == END_MARK {
            self.end.mark = Some(at);
        } else if note == b" PostgreSQL database cluster dump" {
            self.obstacle("it is a dump of a whole cluster (pg_dumpall), not of one database");
        } else if let Some(found) = version(b" Dumped from database version ") {
            self.server_version.get_or_insert(found);
        } else if let Some(found) = version(b" Dumped by pg_dump version ") {
            self.dump_version.get_or_insert(found);
        }
    }

    fn command(&mut self, command: &[u8]) {
        let known = [&b"\\restrict "[..], b"\\unrestrict "];
        if !known.iter().any(|known| command.starts_with(known)) {
            let command = String::from_utf8_lossy(command).into_owned();
            self.obstacle(&format!("it holds the psql command `{command}`"));
        }
    }

    fn obstacle(&mut self, why: &str) {
        self.obstacle.get_or_insert_with(|| why.to_owned());
    }

    fn statement(&mut self, statement: &Statement) {
        self.end.is_followed |= self.end.mark.is_some();
        let (head, tail) = (statement.head(), statement.tail());
        self.needs.see(head, tail);
        if let Some(why) = needs::obstacle(head) {
            self.obstacle(&why);
        }
        let is = |prefix: &str| starts_with(head, prefix);
        if is("CREATE ") {
            self.create(head);
        } else if is("INSERT INTO ") {
            self.inserts += 1;
        } else if is("SELECT pg_catalog.lo_create(") {
            self.large_objects += 1;
        } else if is("ALTER DEFAULT PRIVILEGES ") {
            self.roles.extend(role_after(head, b" FOR ROLE "));
            self.grantee(tail);
        } else if is("ALTER ") {
            self.roles.extend(owner_of(tail));
        } else if is("GRANT ") || is("REVOKE ") {
            self.grantee(tail);
        } else if is("SET client_encoding = ") && !is("SET client_encoding = 'UTF8'") {
            self.obstacle("it is not in UTF-8; make it again with `pg_dump --encoding UTF8`");
        } else if is("SET standard_conforming_strings = off") {
            self.obstacle("it was made with standard_conforming_strings off");
        } else if is("DROP ") {
            self.obstacle("it drops objects (pg_dump --clean); make it again without");
        }
    }

    fn create(&mut self, head: &[u8]) {
        let table = ["TABLE ", "UNLOGGED TABLE ", "FOREIGN TABLE "];
        let rest = head.get(7..).unwrap_or_default();
        if table.iter().any(|table| starts_with(rest, table)) {
            self.created_tables += 1;
        } else if starts_with(rest, "DATABASE ") {
            self.obstacle("it creates its database (pg_dump --create); make it again without");
        } else {
            self.extensions.extend(extension_of(head));
        }
    }

    fn grantee(&mut self, tail: &[u8]) {
        self.roles
            .extend(grantee_of(tail).filter(|role| role != "PUBLIC"));
    }
}

/// Reads a dump as it streams by.
#[derive(Debug)]
pub(super) struct Scanner {
    lexer: Lexer,
    facts: Facts,
    first_line: FirstLine,
}

/// How far the first line has come, which shows how all of them end.
#[derive(Debug, Clone, Copy)]
enum FirstLine {
    /// It goes on after this byte.
    Open(u8),
    Over,
}

impl Scanner {
    /// A scanner at the start of a dump.
    pub(super) fn new() -> Self {
        Self {
            lexer: Lexer::new(),
            facts: Facts::default(),
            first_line: FirstLine::Open(0),
        }
    }

    /// Reads on.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.feed_with(bytes, &mut |_| {});
    }

    /// Reads on, giving each piece to `also` as well.
    pub(super) fn feed_with(&mut self, bytes: &[u8], also: &mut dyn FnMut(&Piece<'_>)) {
        let Self {
            lexer,
            facts,
            first_line,
        } = self;
        // The first lines are comments of `pg_dump`.
        if let FirstLine::Open(before) = *first_line {
            let end = memchr::memchr(b'\n', bytes);
            let last = bytes[..end.unwrap_or(bytes.len())].last().copied();
            let last = last.unwrap_or(before);
            facts.has_crlf = end.is_some() && last == b'\r';
            *first_line = end.map_or(FirstLine::Open(last), |_| FirstLine::Over);
        }
        lexer.feed(bytes, &mut |piece| {
            facts.see(&piece);
            also(&piece);
        });
        facts.raw_bytes += bytes.len() as u64;
    }

    /// What was learned, when the text is at its end.
    pub(super) fn finish(self) -> Facts {
        let mut facts = self.facts;
        facts.end.open = match self.lexer.ending() {
            Ending::Clean => None,
            Ending::InStatement(line) => Some(format!("inside the statement of line {line}")),
            Ending::InData(line) => {
                let table = facts.end.copying.take().unwrap_or_default();
                Some(format!("among the rows of `{table}` (line {line})"))
            }
        };
        facts
    }
}

/// Whether text begins with this, whatever the case.
pub(super) fn starts_with(text: &[u8], prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

fn strip<'a>(text: &'a [u8], prefix: &str) -> &'a [u8] {
    if starts_with(text, prefix) {
        &text[prefix.len()..]
    } else {
        text
    }
}

/// The extension that a statement creates, if it does.
pub(super) fn extension_of(head: &[u8]) -> Option<String> {
    const CREATE: &str = "CREATE EXTENSION ";
    let rest = starts_with(head, CREATE).then(|| &head[CREATE.len()..])?;
    name_at(strip(rest, "IF NOT EXISTS ")).map(|(name, _)| name)
}

/// The table of a `COPY`, written as the dump does: `public.users`, `public."Odd Name"`.
pub(super) fn table_of(head: &[u8]) -> String {
    let rest = head.get(5..).unwrap_or_default();
    let Some((_, first)) = name_at(rest) else {
        return String::from_utf8_lossy(rest).into_owned();
    };
    let mut end = first;
    if rest.get(end) == Some(&b'.')
        && let Some((_, second)) = name_at(&rest[end + 1..])
    {
        end += 1 + second;
    }
    String::from_utf8_lossy(&rest[..end]).into_owned()
}

/// The name at the start of a text, without its quotes, and how many bytes it takes as written.
pub(super) fn name_at(text: &[u8]) -> Option<(String, usize)> {
    if text.first() != Some(&b'"') {
        let end = text
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$') || *b >= 0x80))
            .unwrap_or(text.len());
        let name = String::from_utf8_lossy(&text[..end]).into_owned();
        return (end > 0).then_some((name, end));
    }
    let mut name = Vec::new();
    let mut at = 1;
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            (b'"', Some(b'"')) => at += 1,
            (b'"', _) => return Some((String::from_utf8_lossy(&name).into_owned(), at + 1)),
            _ => {}
        }
        name.push(text[at]);
        at += 1;
    }
    None
}

/// The role named after the last occurrence of a word.
pub(super) fn role_after(text: &[u8], word: &[u8]) -> Option<String> {
    let at = memchr::memmem::rfind(text, word)?;
    name_at(&text[at + word.len()..]).map(|(name, _)| name)
}

/// The role that an `ALTER .. OWNER TO role;` ends with. The same words may stand in a default or a check.
pub(super) fn owner_of(tail: &[u8]) -> Option<String> {
    const WORD: &[u8] = b" OWNER TO ";
    let at = memchr::memmem::rfind(tail, WORD)?;
    let rest = &tail[at + WORD.len()..];
    let (name, used) = name_at(rest)?;
    (&rest[used..] == b";").then_some(name)
}

/// The role of a `GRANT .. TO role` or `REVOKE .. FROM role`. A table may be called `a TO b`, so the last word counts.
pub(super) fn grantee_of(tail: &[u8]) -> Option<String> {
    let last = |word: &[u8]| memchr::memmem::rfind(tail, word);
    if last(b" TO ") > last(b" FROM ") {
        role_after(tail, b" TO ")
    } else {
        role_after(tail, b" FROM ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict k\n\n\
        -- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)\n\
        -- Dumped by pg_dump version 15.18 (Debian)\n\n\
        SET client_encoding = 'UTF8';\n\
        CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;\n\
        CREATE TABLE public.a (b integer);\n\
        ALTER TABLE public.a OWNER TO \"Odd Role\";\n\
        CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $$\n\
        -- PostgreSQL database dump complete\nCOPY public.x (y) FROM stdin;\n$$;\n\
        COPY public.a (b) FROM stdin;\n1\n2\n\\N\n\\.\n\n\
        COPY public.\"Odd \"\"Name\" (b) FROM stdin;\n\\.\n\
        SELECT pg_catalog.lo_create('1');\n\
        GRANT ALL ON TABLE public.a TO reader WITH GRANT OPTION;\n\
        REVOKE ALL ON SCHEMA public FROM PUBLIC;\n\
        ALTER DEFAULT PRIVILEGES FOR ROLE boss IN SCHEMA public GRANT ALL ON TABLES TO clerk;\n\n\
        --\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict k\n\n";

    fn scan(text: &str) -> Facts {
        let mut scanner = Scanner::new();
        scanner.feed(text.as_bytes());
        scanner.finish()
    }

    #[test]
    fn a_dump_tells_what_it_holds() {
        let facts = scan(DUMP);

        facts.complete().unwrap();
        assert_eq!(facts.obstacle, None);
        let tables: Vec<_> = facts.tables.iter().map(|(t, n)| (t.as_str(), *n)).collect();
        assert_eq!(tables, [("public.\"Odd \"\"Name\"", 0), ("public.a", 3)]);
        assert_eq!((facts.created_tables, facts.large_objects), (1, 1));
        assert_eq!(facts.extensions, ["uuid-ossp".to_owned()].into());
        let roles: Vec<_> = facts.roles.iter().map(String::as_str).collect();
        assert_eq!(roles, ["Odd Role", "boss", "clerk", "reader"]);
        assert_eq!(facts.major(), Some(15));
        assert_eq!(facts.dump_version.as_deref(), Some("15.18"));
    }

    #[test]
    fn a_dump_cut_anywhere_is_not_complete() {
        let end = DUMP.find("dump complete\n--\n\n\\unrestrict").unwrap() + "dump complete\n".len();
        for cut in 0..end {
            if DUMP.is_char_boundary(cut) {
                assert!(scan(&DUMP[..cut]).complete().is_err(), "cut at {cut}");
            }
        }
        for cut in end..DUMP.len() {
            scan(&DUMP[..cut]).complete().unwrap();
        }
    }

    #[test]
    fn a_cut_is_named_with_its_place() {
        let at = |text: &str| DUMP.find(text).unwrap() + text.len();
        let cases = [
            (
                at("1\n2\n"),
                "the dump ends among the rows of `public.a` (line 18)",
            ),
            (
                at("ALTER TABLE"),
                "the dump ends inside the statement of line 13",
            ),
            (at("\\.\n\n"), "the dump has no end"),
        ];
        for (cut, message) in cases {
            let error = scan(&DUMP[..cut]).complete().unwrap_err();
            assert!(error.message().starts_with(message), "{}", error.message());
        }
    }

    #[test]
    fn an_end_mark_with_statements_after_it_is_none() {
        let more = format!("{DUMP}SELECT 1;\n");
        assert!(scan(&more).complete().is_err());

        let far = format!("{DUMP}{}", "\n".repeat(3_000));
        assert!(scan(&far).complete().is_err());
    }

    #[test]
    fn roles_are_not_read_out_of_names_and_texts() {
        let owner = |text: &str| owner_of(text.as_bytes());
        assert_eq!(owner("ALTER TABLE a OWNER TO \"B c\";").unwrap(), "B c");
        assert_eq!(
            owner("ALTER TABLE a ADD CHECK ((b <> ' OWNER TO c;'::text));"),
            None
        );
        let grantee = |text: &str| grantee_of(text.as_bytes()).unwrap();
        assert_eq!(grantee("REVOKE ALL ON TABLE \"a TO b\" FROM c;"), "c");
        assert_eq!(
            grantee("GRANT ALL ON TABLE \"a FROM b\" TO c WITH GRANT OPTION;"),
            "c"
        );
    }

    #[test]
    fn what_cannot_be_replayed_is_told() {
        let cases = [
            ("\\connect other\n", "psql command `\\connect other`"),
            ("CREATE DATABASE x;\n", "creates its database"),
            ("SET client_encoding = 'LATIN1';\n", "not in UTF-8"),
            ("DROP TABLE a;\n", "drops objects"),
            ("-- PostgreSQL database cluster dump\n", "whole cluster"),
        ];
        for (text, why) in cases {
            let obstacle = scan(text).obstacle.unwrap();
            assert!(obstacle.contains(why), "{obstacle}");
        }
    }

    fn facts_in(chunks: &[&[u8]]) -> Facts {
        let mut facts = Facts::of(chunks.iter().copied());
        // Where the mark stands is only known about.
        facts.end.mark = facts.end.mark.map(|_| 0);
        facts
    }

    proptest::proptest! {
        #![proptest_config(crate::ops::testing::random(300))]

        #[test]
        fn a_dump_says_the_same_however_it_comes(
            words in proptest::collection::vec(proptest::sample::select(vec![
                "-- PostgreSQL database dump\n", "-- Dumped from database version 15.8\r\n", "\n", "\r\n", ";", "'", "\"", "$$", "$x$",
                "COPY public.a (b) FROM stdin;\n", "1\t2\n", "\\.\n", "\\N\n", "CREATE TABLE public.a (b int);\n", "/*", "*/", "--",
                "ALTER TABLE public.a OWNER TO bob;\n", "CREATE EXTENSION IF NOT EXISTS x;\n", "INSERT INTO a VALUES ('", "');\n", "\\connect x\n",
                "SELECT pg_catalog.lo_create('1');\n", "-- PostgreSQL database dump complete\n", "BEGIN ATOMIC ", "END;\n", "é", "\\", "(", ")",
            ]), 0..40),
            cuts in proptest::collection::vec(0_usize..2000, 0..12),
        ) {
            let text = words.concat();
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(bytes.len())).collect();
            cuts.sort_unstable();
            cuts.push(bytes.len());
            let mut start = 0;
            let chunks: Vec<&[u8]> = cuts.iter().map(|end| &bytes[std::mem::replace(&mut start, *end)..*end]).collect();

            proptest::prop_assert_eq!(facts_in(&chunks), facts_in(&[bytes]));
        }
    }
}
