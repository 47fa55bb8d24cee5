//! A file as one transaction, together with its row in the history: all of it is sent at once, so that nothing but the
//! server's own work and one commit is waited for.

use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Either, Executor};

use super::lock::Work;
use super::progress::{Event, Listener};
use super::script::Script;
use crate::base::{Error, Kind, Result};
use crate::ops::database::error::{running, sqlstate};
use crate::ops::database::split::Statement;
use crate::ops::database::sqlfile::SqlText;

/// How long a statement waits for the lock of another session unless its file says otherwise.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a file is tried when locks are the reason that it fails.
const TRIES: u32 = 8;

/// Several statements in the order in which they are sent.
struct Sheet<'s> {
    text: String,
    /// How many statements stand before the file's own.
    before: usize,
    /// Where each of the file's own begins, in characters, and where what follows them does.
    starts: Vec<usize>,
    end: usize,
    statements: &'s [Statement<'s>],
}

impl<'s> Sheet<'s> {
    fn new(before: &[String], statements: &'s [Statement<'s>], after: &[&str]) -> Self {
        let mut text = String::new();
        let mut length = 0;
        let mut add = |part: &str| {
            let start = length;
            text.push_str(part);
            text.push_str(";\n");
            length += part.chars().count() + 2;
            start
        };
        for part in before {
            add(part);
        }
        let starts = statements.iter().map(|s| add(s.text)).collect();
        let end = add(after.first().copied().unwrap_or_default());
        for part in after.iter().skip(1) {
            add(part);
        }
        Self {
            text,
            before: before.len(),
            starts,
            end,
            statements,
        }
    }

    /// The statement of the file that an error belongs to, and where it begins.
    ///
    /// The server points at a place, or it has said of each statement before that it is done.
    fn blamed(&self, done: usize, error: &Error) -> Option<(&'s Statement<'s>, usize)> {
        let position = error
            .fields()
            .get("position")
            .and_then(serde_json::Value::as_u64);
        let by_count = done.checked_sub(self.before);
        let index = match position {
            Some(at) => {
                let at = usize::try_from(at).ok()?.checked_sub(1)?;
                let is_own = at < self.end;
                self.starts.iter().rposition(|start| *start <= at && is_own)
            }
            None => by_count,
        }?;
        Some((self.statements.get(index)?, *self.starts.get(index)?))
    }

    /// Names file, line and statement.
    fn place(&self, sql: &SqlText<'_>, error: Error, done: usize) -> Error {
        let Some((statement, start)) = self.blamed(done, &error) else {
            let code = sqlstate(&error)
                .map(|code| format!(" ({code})"))
                .unwrap_or_default();
            return error
                .context(format!("{}: at its end", sql.file))
                .state(&code);
        };
        sql.at(self.within(error, start), statement)
    }

    /// Positions count in the statement, as if it had been sent by itself.
    fn within(&self, error: Error, start: usize) -> Error {
        let Some(position) = error
            .fields()
            .get("position")
            .and_then(serde_json::Value::as_u64)
        else {
            return error;
        };
        let position = usize::try_from(position).unwrap_or_default();
        let before = self
            .text
            .chars()
            .skip(start)
            .take(position.saturating_sub(1 + start));
        let line = 1 + before.filter(|c| *c == '\n').count();
        error
            .field("position", position.saturating_sub(start))
            .field("line", line)
    }
}

/// Runs a script and `record` as one transaction; when a lock cannot be had it is tried again.
pub(super) async fn in_transaction(
    work: &mut Work,
    script: &Script,
    record: &str,
    listener: Listener<'_>,
) -> Result<()> {
    let sql = script.sql();
    let statements = sql.statements()?;
    refuse_transaction_words(&sql, &statements)?;
    let mut before = vec!["begin".to_owned()];
    before.extend(limits(script, "local"));
    let mut after = vec![
        "reset session authorization",
        "reset role",
        record,
        "commit",
    ];
    after.extend(work.clean.iter().map(String::as_str));
    let sheet = Sheet::new(&before, &statements, &after);
    patiently(
        &mut work.connection,
        &script.file,
        listener,
        async |connection| send(connection, &sheet, &sql).await,
    )
    .await
}

/// Runs one statement and what records it as one transaction, with the same patience.
pub(super) async fn one_in_transaction(
    connection: &mut PgConnection,
    script: &Script,
    statement: &Statement<'_>,
    record: &str,
    listener: Listener<'_>,
) -> Result<()> {
    let sql = script.sql();
    let mut before = vec!["begin".to_owned()];
    before.extend(limits(script, "local"));
    let statements = [statement.clone()];
    let sheet = Sheet::new(&before, &statements, &[record, "commit"]);
    patiently(connection, &script.file, listener, async |connection| {
        send(connection, &sheet, &sql).await
    })
    .await
}

/// Runs one statement in a transaction that the file itself has opened, and what records it.
pub(super) async fn one_within(
    connection: &mut PgConnection,
    script: &Script,
    statement: &Statement<'_>,
    record: &str,
) -> Result<()> {
    let statements = [statement.clone()];
    let sheet = Sheet::new(&[], &statements, &[record]);
    let sent = send(connection, &sheet, &script.sql()).await;
    if sent.is_err() {
        roll_back(connection).await;
    }
    sent
}

/// What holds for the statements of a file: `local` to a transaction or for the `session`.
pub(super) fn limits(script: &Script, scope: &str) -> Vec<String> {
    let lock = match (script.lock_timeout, scope) {
        (None, "local") => Some(LOCK_TIMEOUT),
        (given, _) => given,
    };
    let limits = [
        ("lock_timeout", lock),
        ("statement_timeout", script.statement_timeout),
    ];
    limits
        .into_iter()
        .filter_map(|(name, limit)| Some(format!("set {scope} {name} = {}", limit?.as_millis())))
        .collect()
}

/// Sends all of it; the commit is the last thing that can fail.
async fn send(connection: &mut PgConnection, sheet: &Sheet<'_>, sql: &SqlText<'_>) -> Result<()> {
    let mut done = 0;
    let mut results = connection.fetch_many(sqlx::raw_sql(AssertSqlSafe(sheet.text.as_str())));
    loop {
        match results.try_next().await {
            Ok(Some(Either::Left(_))) => done += 1,
            Ok(Some(Either::Right(_row))) => {}
            Ok(None) => return Ok(()),
            Err(e) => {
                let error = running(&sheet.text, e);
                return Err(sheet.place(sql, error, done));
            }
        }
    }
}

async fn patiently(
    connection: &mut PgConnection,
    file: &str,
    listener: Listener<'_>,
    work: impl AsyncFn(&mut PgConnection) -> Result<()>,
) -> Result<()> {
    let mut tries = 1;
    loop {
        let Err(error) = work(connection).await else {
            return Ok(());
        };
        roll_back(connection).await;
        if !is_about_locks(&error) {
            return Err(error);
        }
        if tries == TRIES {
            return Err(error.hint(
                "another session holds a lock on it: `select pid, state, query from pg_stat_activity`; \
                `-- lexi:lock-timeout 10s` in the file waits longer",
            ));
        }
        let pause = Duration::from_millis(250 << tries.min(5));
        listener(Event::Waiting {
            file,
            why: error.message(),
            pause,
        });
        tokio::time::sleep(pause).await;
        tries += 1;
    }
}

/// Whether the same may succeed when others have gone on: a lock that was not given in time, or a deadlock.
fn is_about_locks(error: &Error) -> bool {
    matches!(sqlstate(error), Some("55P03" | "40P01"))
}

pub(super) async fn roll_back(connection: &mut PgConnection) {
    // The connection may be the very thing that failed, and the server may not have begun.
    let _nothing_to_undo = connection.execute(sqlx::raw_sql("rollback")).await;
}

/// A transaction has one beginning and one end, and they are not the file's. Savepoints are.
pub(super) fn refuse_transaction_words(
    sql: &SqlText<'_>,
    statements: &[Statement<'_>],
) -> Result<()> {
    for statement in statements {
        let words = statement.words(3);
        if matches!(Limit::of(&words), Some(Limit::Begin | Limit::End)) {
            let error = Error::new(
                Kind::Invalid,
                format!(
                    "`{}` in a file that runs as one transaction",
                    Limit::shown(&words)
                ),
            )
            .hint("remove it; or begin the file with `-- lexi:no-transaction`");
            return Err(sql.placed(error, statement.line));
        }
    }
    Ok(())
}

/// What a statement means for the transaction that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// It begins one.
    Begin,
    /// It ends one.
    End,
    /// It sets a mark in it, or goes back to one.
    Savepoint,
}

impl Limit {
    /// By the first three words of a statement.
    pub(super) fn of(words: &[String]) -> Option<Self> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Some(match words.as_slice() {
            ["SAVEPOINT" | "RELEASE", ..]
            | ["ROLLBACK", "TO", ..]
            | ["ROLLBACK", "WORK" | "TRANSACTION", "TO"] => Self::Savepoint,
            ["COMMIT" | "ROLLBACK", "PREPARED", ..] => return None,
            ["BEGIN", ..] | ["START", "TRANSACTION", ..] => Self::Begin,
            ["COMMIT" | "END" | "ROLLBACK" | "ABORT", ..] | ["PREPARE", "TRANSACTION", ..] => {
                Self::End
            }
            _ => return None,
        })
    }

    /// The words that say so.
    fn shown(words: &[String]) -> String {
        let count = if matches!(words[0].as_str(), "START" | "PREPARE") {
            2
        } else {
            1
        };
        words[..count].join(" ")
    }
}
