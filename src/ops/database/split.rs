//! Cuts a text into its SQL statements, as a server without `psql` needs them: one by one.
//!
//! A `;` ends a statement unless it stands in a string, a comment, parentheses or a `BEGIN ATOMIC` body.

use std::ops::Range;

use super::token::{TokenKind, Tokens, line_of};
use crate::base::{Error, Result};

/// One statement, without its `;` and without comments around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'sql> {
    /// The statement as it is written.
    pub text: &'sql str,
    /// Where it stands in the whole text, in bytes.
    pub range: Range<usize>,
    /// The line of its first word, from 1.
    pub line: usize,
}

impl Statement<'_> {
    /// The first words in upper case, such as `["CREATE", "INDEX", "CONCURRENTLY"]`; fewer when something else comes first.
    pub fn words(&self, count: usize) -> Vec<String> {
        let mut tokens = Tokens::new(self.text);
        let mut words = Vec::new();
        while let Ok(Some(token)) = tokens.next_token()
            && token.kind == TokenKind::Word
            && words.len() < count
        {
            words.push(self.text[token.range].to_ascii_uppercase());
        }
        words
    }
}

/// The statements of a text in their order; an error with its line for a quote that is never closed or a `psql` command.
pub fn split(sql: &str) -> Result<Vec<Statement<'_>>> {
    let mut tokens = Tokens::new(sql);
    let mut statements = Vec::new();
    let mut open: Option<Open> = None;
    while let Some(token) = tokens.next_token()? {
        let text = &sql[token.range.clone()];
        if open.is_none() && text == "\\" {
            return Err(psql_command(sql, token.range.start));
        }
        let ends = token.kind == TokenKind::Semicolon && open.as_ref().is_none_or(Open::may_end);
        if ends {
            statements.extend(open.take().map(|open| open.statement(sql)));
        } else {
            let open = open.get_or_insert_with(|| Open::at(token.range.start));
            open.take(token.kind, text);
            open.end = token.range.end;
        }
    }
    statements.extend(open.map(|open| open.statement(sql)));
    Ok(statements)
}

fn psql_command(sql: &str, at: usize) -> Error {
    let word = sql[at..].split_whitespace().next().unwrap_or("\\");
    let line = line_of(sql, at);
    Error::invalid(format!(
        "line {line}: `{word}` is a command of psql, not SQL"
    ))
    .hint("remove it; only SQL statements are understood here")
    .field("line", line)
}

/// A statement that has begun.
struct Open {
    start: usize,
    end: usize,
    parentheses: usize,
    /// How deep the body of a function in standard SQL nests: `BEGIN ATOMIC` and, within it, `CASE`.
    blocks: usize,
    head: Vec<String>,
    last_word: String,
}

/// `CREATE OR REPLACE FUNCTION` is the longest head that matters.
const HEAD_WORDS: usize = 4;

impl Open {
    const fn at(start: usize) -> Self {
        Self {
            start,
            end: start,
            parentheses: 0,
            blocks: 0,
            head: Vec::new(),
            last_word: String::new(),
        }
    }

    const fn may_end(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn take(&mut self, kind: TokenKind, text: &str) {
        match kind {
            TokenKind::Open => self.parentheses += 1,
            TokenKind::Close => self.parentheses = self.parentheses.saturating_sub(1),
            TokenKind::Word => return self.take_word(text.to_ascii_uppercase()),
            _ => {}
        }
        self.last_word.clear();
    }

    fn take_word(&mut self, word: String) {
        if self.head.len() < HEAD_WORDS {
            self.head.push(word.clone());
        }
        if self.parentheses == 0 && self.is_routine() {
            match word.as_str() {
                "ATOMIC" if self.blocks == 0 && self.last_word == "BEGIN" => self.blocks = 1,
                "CASE" if self.blocks > 0 => self.blocks += 1,
                "END" => self.blocks = self.blocks.saturating_sub(1),
                _ => {}
            }
        }
        self.last_word = word;
    }

    fn is_routine(&self) -> bool {
        let head: Vec<&str> = self.head.iter().map(String::as_str).collect();
        matches!(
            head.as_slice(),
            ["CREATE", "FUNCTION" | "PROCEDURE", ..]
                | ["CREATE", "OR", "REPLACE", "FUNCTION" | "PROCEDURE"]
        )
    }

    fn statement(self, sql: &str) -> Statement<'_> {
        Statement {
            text: &sql[self.start..self.end],
            range: self.start..self.end,
            line: line_of(sql, self.start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        split(sql).unwrap().iter().map(|s| s.text).collect()
    }

    #[test]
    fn a_semicolon_ends_a_statement_only_where_sql_says_so() {
        let whole = [
            "select ';'",
            "select 'it''s; fine'",
            r"select E'a\';b', 1",
            r"select e'a\\'",
            "select E'a'\n  -- note; 'quote'\n 'b\\';c'",
            r"select 'a\', 1",
            r"select name'a\'",
            "select \"a;\"\"b\"",
            "select U&'d\\0061t;a'",
            "select $$a;b$$",
            "select $x$ $y$; $$; $x$",
            "select $_t1$;$_t1$",
            "select $ä$;$ä$",
            "select a$b, c$d",
            "select 1 /* a; /* b; */ c; */ + 2",
            "select 1 -- a; b 'c\n + 2",
            "create rule r as on insert to t do (select 1; select 2)",
            "create function f() returns int begin atomic select 1; select case when true then 2 end; end",
            "create or replace procedure p() language sql begin atomic insert into t values (1); end",
            "create function begin() returns int language sql return 1",
            "create function f(case_end int) returns int language sql as 'select 1; select 2'",
            "do $$ begin perform 1; end $$",
            "select 1 as \"unclosed ' quote\"",
            "select $1::text, '$2$', 3",
            "select 'größe; ünïcode'",
        ];
        for sql in whole {
            assert_eq!(texts(sql), [sql], "{sql}");
            let twice = format!("{sql};\n{sql} ;");
            assert_eq!(texts(&twice), [sql, sql], "{twice}");
        }
    }

    #[test]
    fn plain_blocks_are_not_bodies() {
        assert_eq!(texts("begin; select 1; end;"), ["begin", "select 1", "end"]);
        assert_eq!(
            texts("create table t(a int); begin; commit"),
            ["create table t(a int)", "begin", "commit"]
        );
        assert_eq!(texts("select 1); select 2"), ["select 1)", "select 2"]);
        assert_eq!(
            texts("select a$b$;select c$b$"),
            ["select a$b$", "select c$b$"]
        );
    }

    #[test]
    fn empty_statements_and_comments_are_left_out() {
        for sql in ["", " \n\t", ";;", "-- only", "/* a */;-- b\n;", "\u{feff}"] {
            assert_eq!(texts(sql), [""; 0], "{sql:?}");
        }
        assert_eq!(
            texts("\u{feff}-- head\nselect 1 /* in */ ; -- tail"),
            ["select 1"]
        );
    }

    #[test]
    fn places_are_those_of_the_whole_text() {
        let sql = "-- a\n\nselect 'x\ny';\n  /* c\n */ select 2";

        let statements = split(sql).unwrap();

        let lines: Vec<_> = statements.iter().map(|s| s.line).collect();
        assert_eq!(lines, [3, 6]);
        assert!(statements.iter().all(|s| &sql[s.range.clone()] == s.text));
    }

    #[test]
    fn words_are_those_before_anything_else() {
        let statements = split("create /* x */ index concurrently i on t(a)").unwrap();

        assert_eq!(statements[0].words(3), ["CREATE", "INDEX", "CONCURRENTLY"]);
        assert_eq!(split("select 1, a").unwrap()[0].words(3), ["SELECT"]);
    }

    #[test]
    fn what_is_never_closed_is_named_with_its_line() {
        let cases = [
            (
                "select 1;\nselect 'a",
                "line 2: this quote has no closing `'`",
            ),
            ("select \"a", "line 1: this quote has no closing `\"`"),
            (
                "\n\n/* a /* b */",
                "line 3: this comment has no closing `*/`",
            ),
            (
                "select $a$ $b$",
                "line 1: this dollar quote has no closing `$a$`",
            ),
            (
                "select 1;\n\\connect x",
                "line 2: `\\connect` is a command of psql, not SQL",
            ),
        ];
        for (sql, message) in cases {
            assert_eq!(split(sql).unwrap_err().message(), message, "{sql}");
        }
    }

    /// Random, but the same on every run (xorshift).
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % limit as u64).unwrap()
        }

        fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
            items[self.below(items.len())]
        }
    }

    #[test]
    fn statements_put_together_at_random_come_apart_again() {
        let parts = [
            "a",
            "'x;y'",
            "''",
            "'it''s'",
            r"E'\';'",
            r"e'\\'",
            "\"q;\"",
            "$$;'$$",
            "$t$;$$\"$t$",
            "/* ; ' */",
            "-- ; '\n",
            "(;)",
            "1.5e3",
            "$1",
            "::",
            "ü",
            "case",
            "end",
            "begin",
            "a$b$c",
        ];
        let gaps = [";", " ; ", ";\n-- ' ; $$\n", ";/* $$ ; /* ' */ */", ";;\n"];
        let mut random = Random(0x5eed);
        for _ in 0..2_000 {
            let wanted: Vec<String> = (0..=random.below(6))
                .map(|_| {
                    let middle: Vec<&str> =
                        (0..random.below(8)).map(|_| random.pick(&parts)).collect();
                    format!("select {} z", middle.join(" "))
                })
                .collect();
            let mut sql = String::new();
            for statement in &wanted {
                sql.push_str(statement);
                sql.push_str(random.pick(&gaps));
            }

            assert_eq!(texts(&sql), wanted, "{sql}");
        }
    }

    #[test]
    fn any_text_is_split_without_losing_a_part_or_refused() {
        let alphabet = [
            "'",
            "\"",
            "$",
            "$$",
            "$a$",
            "\\",
            ";",
            "(",
            ")",
            "/*",
            "*/",
            "--",
            "\n",
            " ",
            "e",
            "E'",
            "begin",
            "atomic",
            "end",
            "create function ",
            "ü",
            "1",
            "\r",
            "\0",
        ];
        let mut random = Random(42);
        for _ in 0..20_000 {
            let sql: String = (0..random.below(24))
                .map(|_| random.pick(&alphabet))
                .collect();
            let Ok(statements) = split(&sql) else {
                continue;
            };

            let mut end = 0;
            for statement in &statements {
                assert!(end <= statement.range.start, "{sql:?}");
                assert_eq!(&sql[statement.range.clone()], statement.text);
                let between = split(&sql[end..statement.range.start]);
                assert_eq!(between.unwrap(), [], "{sql:?}");
                end = statement.range.end;
            }
        }
    }
}
