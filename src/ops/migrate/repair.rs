//! Settles by a person's word what the history and the files do not agree about. Only the history is changed, never the
//! schema.

use std::time::Duration;

use super::files::Files;
use super::history::{self, Applied, Phase};
use super::lock;
use super::script::{Script, checksum};
use crate::base::{Error, Result};
use crate::ops::database::Target;

/// What a person says about a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is applied as its file is now: an edit that means nothing to the database, or a half-run file finished by hand.
    Applied,
    /// It is not applied, or was taken back by hand; a file that is gone is forgotten.
    Pending,
    /// The statement that was cut off had done its work: go on with the next one.
    Next,
    /// The statement that was cut off had not done its work: run it again.
    Again,
}

/// The words for them.
const VERDICTS: [(&str, Verdict); 4] = [
    ("applied", Verdict::Applied),
    ("pending", Verdict::Pending),
    ("next", Verdict::Next),
    ("again", Verdict::Again),
];

impl Verdict {
    /// The verdict with this word.
    pub fn from_word(word: &str) -> Result<Self> {
        let known = VERDICTS.iter().find(|(name, _)| *name == word);
        known.map(|(_, verdict)| *verdict).ok_or_else(|| {
            Error::invalid(format!("`{word}` says nothing about a migration"))
                .hint("there are `applied`, `pending`, `next` and `again`")
        })
    }
}

/// Writes a verdict down.
pub async fn repair(target: &Target, files: &Files, version: i64, verdict: Verdict) -> Result<()> {
    let mut held = lock::acquire(target, Duration::from_mins(1)).await?;
    let connection = &mut held.work.connection;
    history::ensure(connection).await?;
    let rows = history::rows(connection).await?;
    let Some(row) = rows.iter().find(|row| row.version == version) else {
        return Err(
            Error::not_found(format!("the history does not know migration {version}")).hint(
                "what was applied by hand is declared with `lexi run migrate-baseline NUMBER`",
            ),
        );
    };
    let sql = match verdict {
        Verdict::Pending => history::forget_sql(version),
        Verdict::Applied => {
            let migration = files.require(version)?;
            let statements = migration.up.sql().statements()?.len();
            let ms = row
                .ms
                .map_or_else(|| "null::bigint".to_owned(), |ms| ms.to_string());
            history::applied_sql(migration, statements, &ms)
        }
        Verdict::Next => next(files, row)?,
        Verdict::Again => {
            require_unsure(row)?;
            history::failed_sql(version)
        }
    };
    history::run(connection, &sql).await
}

fn require_unsure(row: &Applied) -> Result<()> {
    if row.is_unsure {
        return Ok(());
    }
    Err(Error::refused(format!(
        "no statement of migration {} was cut off",
        row.version
    ))
    .hint("say `applied` or `pending` about it"))
}

fn next(files: &Files, row: &Applied) -> Result<String> {
    require_unsure(row)?;
    let migration = files.require(row.version)?;
    let script: Option<&Script> = match row.phase {
        Phase::Reverting => migration.down.as_ref(),
        _ => Some(&migration.up),
    };
    let done = row.statements + 1;
    let statements = script.map(|script| script.sql().statements()).transpose()?;
    let Some(statements) = statements.filter(|all| all.len() >= done) else {
        return Err(Error::refused(format!(
            "the file of migration {} has fewer statements than have run",
            row.version
        ))
        .hint("put the file back as it was"));
    };
    let texts: Vec<&str> = statements[..done].iter().map(|s| s.text).collect();
    let checksum = checksum(&texts.join(";\n"));
    Ok(history::progress_sql(migration, row.phase, &checksum, done))
}
