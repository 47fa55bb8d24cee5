//! A file outside a transaction, statement by statement, so that a run that was cut off goes on where it stopped.
//!
//! What can run in a transaction does so together with the note that it is done: exactly once. Only what cannot is noted
//! before it begins; when its end is not known, the next run looks at what it has left.

use sqlx::postgres::PgConnection;

use super::apply::{self, Limit};
use super::files::Migration;
use super::history::{self, Applied, Phase};
use super::lock::Work;
use super::nature::Nature;
use super::progress::{Event, Listener};
use super::script::{Script, checksum};
use super::{indexes, recover};
use crate::base::{Error, Kind, Result};
use crate::ops::database::error::sqlstate;
use crate::ops::database::split::Statement;

/// Which way a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It is applied.
    Up,
    /// It is taken back.
    Down,
}

impl Way {
    const fn phase(self) -> Phase {
        match self {
            Self::Up => Phase::Running,
            Self::Down => Phase::Reverting,
        }
    }
}

/// One file on its way.
struct Run<'a> {
    migration: &'a Migration,
    script: &'a Script,
    way: Way,
    statements: Vec<Statement<'a>>,
    listener: Listener<'a>,
}

/// Runs a script outside a transaction; `row` is what an earlier run has left.
pub(super) async fn run(
    work: &mut Work,
    migration: &Migration,
    (script, way): (&Script, Way),
    row: Option<&Applied>,
    listener: Listener<'_>,
) -> Result<()> {
    let run = Run {
        migration,
        script,
        way,
        statements: script.sql().statements()?,
        listener,
    };
    let row = row.filter(|row| row.phase == way.phase());
    let outcome = run.all(&mut work.connection, row).await;
    // What a failure left in the session must not be met by what comes after it either.
    if outcome.is_err() {
        apply::roll_back(&mut work.connection).await;
        let _may_be_lost = work.clean().await;
        return outcome;
    }
    work.clean().await
}

impl Run<'_> {
    async fn all(&self, connection: &mut PgConnection, row: Option<&Applied>) -> Result<()> {
        let start = self.start(row)?;
        for limit in apply::limits(self.script, "session") {
            history::run(connection, &limit).await?;
        }
        let mut unsure = row.filter(|row| row.is_unsure || row.known_indexes.is_some());
        let mut is_open = false;
        if row.is_some() {
            is_open = self.replay(connection, start).await?;
        } else {
            history::run(connection, &self.progress(0)).await?;
        }
        for (number, statement) in self.statements.iter().enumerate().skip(start) {
            let step = self.step(connection, (number, statement), unsure.take(), &mut is_open);
            step.await.map_err(|e| self.stopped(e, number))?;
        }
        if is_open {
            return Err(self.never_committed());
        }
        let end = match self.way {
            Way::Up => history::applied_sql(self.migration, self.statements.len(), &self.elapsed()),
            Way::Down => history::forget_sql(self.migration.version),
        };
        history::run(connection, &end).await
    }

    /// The time since the first statement, as the history knows it.
    fn elapsed(&self) -> String {
        format!(
            "(select (extract(epoch from clock_timestamp() - started_at) * 1000)::bigint \
            from lexi.migrations where version = {})",
            self.migration.version
        )
    }

    /// How many statements have run already; they must be the same as then.
    fn start(&self, row: Option<&Applied>) -> Result<usize> {
        let Some(row) = row else { return Ok(0) };
        let done = row.statements;
        if done > self.statements.len() || self.checksum(done) != row.checksum {
            let message = format!(
                "{}: the {done} statements that have run already were edited",
                self.script.file
            );
            return Err(Error::refused(message).hint(format!(
                "put them back as they were; only what has not run yet may be changed. \
                `lexi run migrate-repair {}` shows the other ways out",
                self.migration.version
            )));
        }
        if done < self.statements.len() {
            (self.listener)(Event::Resumed {
                file: &self.script.file,
                statement: done + 1,
            });
        }
        Ok(done)
    }

    fn checksum(&self, done: usize) -> String {
        let texts: Vec<&str> = self.statements[..done].iter().map(|s| s.text).collect();
        checksum(&texts.join(";\n"))
    }

    fn progress(&self, done: usize) -> String {
        history::progress_sql(self.migration, self.way.phase(), &self.checksum(done), done)
    }

    /// What the statements before have set for their session holds again; tells whether a transaction is open.
    async fn replay(&self, connection: &mut PgConnection, start: usize) -> Result<bool> {
        let mut is_open = false;
        for statement in &self.statements[..start] {
            let words = statement.words(3);
            match Limit::of(&words) {
                Some(Limit::Begin) => is_open = true,
                Some(Limit::End) => is_open = false,
                _ => {}
            }
            let sets = matches!(words.first().map(String::as_str), Some("SET" | "RESET"));
            let is_short = words
                .get(1)
                .is_some_and(|w| matches!(w.as_str(), "LOCAL" | "CONSTRAINTS" | "TRANSACTION"));
            if sets && !is_short && !is_open {
                self.script.sql().run_one(connection, statement).await?;
            }
        }
        Ok(is_open)
    }

    async fn step(
        &self,
        connection: &mut PgConnection,
        (number, statement): (usize, &Statement<'_>),
        row: Option<&Applied>,
        is_open: &mut bool,
    ) -> Result<()> {
        let words = statement.words(3);
        let progress = self.progress(number + 1);
        match Limit::of(&words) {
            Some(Limit::End) => {
                self.script.sql().run_one(connection, statement).await?;
                *is_open = false;
                return history::run(connection, &progress).await;
            }
            Some(Limit::Begin) => *is_open = true,
            _ => {}
        }
        if *is_open {
            return apply::one_within(connection, self.script, statement, &progress).await;
        }
        let nature = Nature::of(statement);
        if nature == Nature::Ordinary {
            let one = apply::one_in_transaction(
                connection,
                self.script,
                statement,
                &progress,
                self.listener,
            );
            match one.await {
                // It was refused before it did anything, or all that it did was taken back.
                Err(e) if matches!(sqlstate(&e), Some("25001" | "2D000")) => {}
                outcome => return outcome,
            }
        }
        if let Some(row) = row
            && recover::is_done(connection, (&nature, statement), row, self.listener).await?
        {
            return history::run(connection, &progress).await;
        }
        let is_repeated = row.is_some_and(|row| row.is_unsure);
        self.alone(connection, statement, (&nature, is_repeated))
            .await?;
        history::run(connection, &progress).await
    }

    /// Outside a transaction: noted before it begins.
    async fn alone(
        &self,
        connection: &mut PgConnection,
        statement: &Statement<'_>,
        (nature, is_repeated): (&Nature, bool),
    ) -> Result<()> {
        let version = self.migration.version;
        history::run(connection, &history::unsure_sql(version)).await?;
        let Err(error) = self.script.sql().run_one(connection, statement).await else {
            return Ok(());
        };
        if is_repeated && nature.is_done_according_to(&error) {
            (self.listener)(Event::Mended(
                "the statement that was cut off had run to its end",
            ));
            return Ok(());
        }
        if error.kind() == Kind::Unavailable {
            return Err(error);
        }
        history::run(connection, &history::failed_sql(version)).await?;
        Err(indexes::with_leftovers(connection, version, error).await)
    }

    fn stopped(&self, error: Error, done: usize) -> Error {
        let verb = match self.way {
            Way::Up => "stopped",
            Way::Down => "was being taken back and stopped",
        };
        let message = format!(
            "migration {} {verb} after {done} of {} statements",
            self.migration.version,
            self.statements.len()
        );
        let has_hint = error.hint_text().is_some();
        let error = error.context(message);
        if has_hint {
            return error;
        }
        error.hint("mend the rest of the file and run it again; it goes on there")
    }

    fn never_committed(&self) -> Error {
        Error::invalid(format!(
            "{}: a transaction of this file is never committed",
            self.script.file
        ))
        .hint("end it with `COMMIT;` at the end of the file, and run it again")
    }
}
