//! Finds statements that lock a table for long, rewrite it, lose data or cannot be restored, before they run.
//!
//! Each file is read as the lexer sees it; nothing is asked of a server. What earlier files and `sql/init` have made is
//! known, so that a table of the same run, which is empty, raises no alarm.

mod allow;
mod check;
mod column;
mod known;
mod pieces;
pub mod rule;
mod run;
mod shape;
#[cfg(test)]
mod tests;

pub use self::run::{Sources, refusal};

use serde::Serialize;

use self::check::{Hit, Place, Runs, check};
use self::known::Known;
use self::pieces::{Cursor, Piece, pieces};
use self::shape::Shape;
use super::Script;
use crate::base::Result;
use crate::ops::database::split::{Statement, split};
use crate::ops::database::sqlfile::SqlText;
use crate::ops::database::token::Tokens;

/// How much of a statement is shown.
const SHOWN: usize = 72;

/// A statement that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// The file as people know it.
    pub file: String,
    /// The line of the statement.
    pub line: usize,
    /// How the statement begins.
    pub statement: String,
    /// What is dangerous about it.
    pub why: String,
    /// The safe way.
    pub advice: &'static str,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            rule,
            file,
            line,
            statement,
            why,
            advice,
        } = self;
        write!(
            f,
            "{file}:{line}: {rule}: {why}\n    {statement}\n    safe: {advice}"
        )
    }
}

/// Reads files in their order and finds what is dangerous in them.
#[derive(Debug, Default)]
pub struct Linter {
    known: Known,
}

impl Linter {
    /// Reads what has run already.
    pub fn learn(&mut self, sql: SqlText<'_>) -> Result<()> {
        for statement in sql.statements()? {
            for part in parts(&statement) {
                self.known.learn(&Shape::of(&pieces(part.text)));
            }
        }
        self.known.settle();
        Ok(())
    }

    /// From here on a run begins: what earlier files have made may hold rows.
    pub fn settle(&mut self) {
        self.known.settle();
    }

    /// Reads a file of the run and gives what is dangerous in it and not allowed by it.
    pub fn check(&mut self, script: &Script) -> Result<Vec<Finding>> {
        let sql = script.sql();
        let statements = sql.statements()?;
        let allowed = allow::allowed(sql, &statements)?;
        let runs = runs(script, &statements);
        self.known.begin_file();
        let mut findings = Vec::new();
        for part in statements.iter().flat_map(parts) {
            for hit in self.check_part(&part, runs) {
                if !allowed.contains(&hit.rule) {
                    findings.push(finding(&hit, script, &part));
                }
            }
        }
        Ok(findings)
    }

    fn check_part(&mut self, part: &Part<'_>, runs: Runs) -> Vec<Hit> {
        let pieces = pieces(part.text);
        let shape = Shape::of(&pieces);
        let place = Place {
            known: &self.known,
            runs,
        };
        let mut hits = check(&pieces, &shape, place);
        if part.is_body {
            hits.retain(|hit| hit.rule != &rule::TRANSACTION_WORD);
        }
        self.known.learn(&shape);
        hits
    }
}

fn runs(script: &Script, statements: &[Statement<'_>]) -> Runs {
    if !script.no_transaction {
        return Runs::AsTransaction;
    }
    let is_concurrent = |one: &Statement<'_>| check::is_concurrent(one.text);
    if statements.iter().any(is_concurrent) {
        Runs::Concurrently
    } else {
        Runs::OneByOne
    }
}

fn finding(hit: &Hit, script: &Script, part: &Part<'_>) -> Finding {
    let words: Vec<&str> = part.text.split_whitespace().collect();
    let mut statement = words.join(" ");
    if let Some((end, _)) = statement.char_indices().nth(SHOWN) {
        statement.truncate(end);
        statement.push_str(" ..");
    }
    Finding {
        rule: hit.rule.id,
        file: script.file.clone(),
        line: script.first_line + part.line - 1,
        statement,
        why: hit.rule.why.replace("{}", &hit.subject),
        advice: hit.rule.advice,
    }
}

/// A statement, or one of those in the body of a `DO`.
#[derive(Debug)]
struct Part<'s> {
    text: &'s str,
    line: usize,
    is_body: bool,
}

/// Words of PL/pgSQL that stand before a statement of a body, and what ends each.
const BEFORE: [(&str, &str); 10] = [
    ("begin", "begin"),
    ("if", "then"),
    ("elsif", "then"),
    ("elseif", "then"),
    ("else", "else"),
    ("for", "loop"),
    ("foreach", "loop"),
    ("while", "loop"),
    ("loop", "loop"),
    ("exception", "then"),
];

/// Where the statement of a body begins, behind the words before it.
fn begins(text: &str) -> usize {
    let all = pieces(text);
    let mut at = Cursor::new(&all);
    while let Some((_, end)) = BEFORE.iter().find(|(first, _)| at.starts(first)) {
        let Some(after) = at.after(end) else { break };
        at = after;
    }
    let skipped = all.len() - at.rest().len();
    let mut tokens = Tokens::new(text);
    let mut start = 0;
    for _ in 0..=skipped {
        if let Ok(Some(token)) = tokens.next_token() {
            start = token.range.start;
        }
    }
    start
}

fn parts<'s>(statement: &Statement<'s>) -> Vec<Part<'s>> {
    body(statement).unwrap_or_else(|| {
        vec![Part {
            text: statement.text,
            line: statement.line,
            is_body: false,
        }]
    })
}

fn body<'s>(statement: &Statement<'s>) -> Option<Vec<Part<'s>>> {
    let text: &'s str = statement.text;
    let (at, length) = {
        let pieces = pieces(text);
        let mut after = Cursor::new(&pieces);
        if !after.take("do") {
            return None;
        }
        pieces.iter().find_map(|piece| match piece {
            Piece::Text(inner, at) => Some((*at, inner.len())),
            _ => None,
        })?
    };
    let inner = &text[at..at + length];
    let above = statement.line - 1 + text[..at].matches('\n').count();
    let part = |one: Statement<'s>| {
        let start = begins(one.text);
        Part {
            text: &one.text[start..],
            line: above + one.line + one.text[..start].matches('\n').count(),
            is_body: true,
        }
    };
    // A body that the lexer of SQL cannot read is the server's business.
    let statements = split(inner).ok()?;
    Some(statements.into_iter().map(part).collect())
}
