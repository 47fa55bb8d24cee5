//! Runs the statements of a file; what goes wrong is named by file, line, statement and SQLSTATE.

use futures_util::TryStreamExt;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Either, Executor};

use super::error::running;
use super::query::refuse_copy;
use super::split::{Statement, split};
use crate::base::{Error, Result};

/// How much of a statement is shown with an error.
const SHOWN: usize = 300;

/// SQL text and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct SqlText<'a> {
    /// The file, as people know it.
    pub file: &'a str,
    /// The line of the file that the text begins on, from 1.
    pub first_line: usize,
    /// The text.
    pub text: &'a str,
}

/// What a statement has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Rows that were changed.
    pub changed: u64,
    /// Rows that were answered.
    pub answered: u64,
}

impl<'a> SqlText<'a> {
    /// A whole file.
    pub const fn whole(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            first_line: 1,
            text,
        }
    }

    /// Its statements.
    pub fn statements(&self) -> Result<Vec<Statement<'a>>> {
        let statements = split(self.text).map_err(|e| {
            let line = line_field(&e).unwrap_or(1);
            let message = strip_line(e.message(), line).to_owned();
            self.placed(Error::new(e.kind(), message), line)
        })?;
        for statement in &statements {
            refuse_copy(statement.text).map_err(|e| self.placed(e, statement.line))?;
        }
        Ok(statements)
    }

    /// Runs one of its statements.
    pub async fn run_one(
        &self,
        connection: &mut PgConnection,
        statement: &Statement<'_>,
    ) -> Result<Done> {
        run(connection, statement.text)
            .await
            .map_err(|e| self.at(e, statement))
    }

    /// Runs all of its statements, in the transaction that is open, if one is.
    pub async fn run(&self, connection: &mut PgConnection) -> Result<Done> {
        let mut all = Done::default();
        for statement in self.statements()? {
            let done = self.run_one(connection, &statement).await?;
            all.changed += done.changed;
            all.answered += done.answered;
        }
        Ok(all)
    }

    /// An error of one of its statements, with the place.
    pub fn at(&self, error: Error, statement: &Statement<'_>) -> Error {
        let line = statement.line + line_field(&error).unwrap_or(1) - 1;
        let code = super::error::sqlstate(&error).map(|code| format!(" ({code})"));
        let error = error.field("statement", shortened(statement.text));
        self.placed(error, line).state(&code.unwrap_or_default())
    }

    /// An error of a line of the text, with the place in the file.
    pub fn placed(&self, error: Error, line: usize) -> Error {
        let line = self.first_line + line - 1;
        error
            .context(format!("{}:{line}", self.file))
            .field("file", self.file)
            .field("line", line)
    }
}

/// Runs one statement as it is, without preparing it: nothing about it is remembered.
pub async fn run(connection: &mut PgConnection, sql: &str) -> Result<Done> {
    let mut done = Done::default();
    let mut results = connection.fetch_many(sqlx::raw_sql(AssertSqlSafe(sql)));
    loop {
        match results.try_next().await.map_err(|e| running(sql, e))? {
            Some(Either::Left(result)) => done.changed += result.rows_affected(),
            Some(Either::Right(_row)) => done.answered += 1,
            None => return Ok(done),
        }
    }
}

fn line_field(error: &Error) -> Option<usize> {
    let line = error.fields().get("line")?.as_u64()?;
    usize::try_from(line).ok()
}

/// The splitter says the line in its message; here it stands in front, as the line of the file.
fn strip_line(message: &str, line: usize) -> &str {
    message
        .strip_prefix(&format!("line {line}: "))
        .unwrap_or(message)
}

fn shortened(statement: &str) -> String {
    match statement.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} ..", &statement[..end]),
        None => statement.to_owned(),
    }
}
