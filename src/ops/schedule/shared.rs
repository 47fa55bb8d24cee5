//! Among several hosts: the lead, the starts and the notes as rows of the profile's database.
//!
//! Never an advisory lock: it outlives its holder for as long as the server does not notice that the holder is gone. The
//! lead is a row that runs out by the database's clock; a start is a row whose key is the time and the try.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::journal::Note;
use super::slot::Slot;
use crate::base::{Error, Result};
use crate::ops::database::error::running;
use crate::ops::database::{self, Target};

/// How long one statement may take, on the way too.
const PATIENCE: Duration = Duration::from_secs(3);

/// After a failure nobody is kept waiting for this long.
const RECOVER: Duration = Duration::from_secs(1);

const MAKE: &str = "create schema if not exists lexi; \
    create table if not exists lexi.schedule_lease ( \
        project text not null, profile text not null, owner text not null, epoch bigint not null, \
        expires_at timestamptz not null, primary key (project, profile)); \
    create table if not exists lexi.schedule_start ( \
        project text not null, profile text not null, entry text not null, slot timestamptz not null, \
        attempt integer not null, epoch bigint not null, started_at timestamptz not null default clock_timestamp(), \
        primary key (project, profile, entry, slot, attempt)); \
    create table if not exists lexi.schedule_note ( \
        id bigint generated always as identity primary key, project text not null, profile text not null, \
        entry text not null, note jsonb not null, at timestamptz not null default clock_timestamp()); \
    create index if not exists schedule_note_entry on lexi.schedule_note (project, profile, entry, id)";

/// A server that does not hear from us frees what we hold soon, and no statement of ours hangs.
const SESSION: &str = "set statement_timeout = '3s'; set lock_timeout = '3s'; set tcp_keepalives_idle = 5; \
    set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3";

/// The lead is held for ten seconds without being renewed, and every change of the leader has a number of its own.
const RENEW: &str = "insert into lexi.schedule_lease as held (project, profile, owner, epoch, expires_at) \
    values ($1, $2, $3, 1, clock_timestamp() + interval '10 s') \
    on conflict (project, profile) do update set \
        owner = excluded.owner, \
        epoch = held.epoch + case when held.owner = excluded.owner and held.expires_at > clock_timestamp() \
            then 0 else 1 end, \
        expires_at = excluded.expires_at \
    where held.owner = excluded.owner or held.expires_at <= clock_timestamp() \
    returning epoch";

const GIVE_UP: &str = "update lexi.schedule_lease set expires_at = clock_timestamp() \
    where project = $1 and profile = $2 and owner = $3";

const LEADER: &str = "select owner from lexi.schedule_lease where project = $1 and profile = $2";

const NOTES: &str = "select note::text from (select id, note from lexi.schedule_note \
    where project = $1 and profile = $2 and entry = $3 order by id desc limit 500) newest order by id";

const SWITCH: &str = "select note::text from lexi.schedule_note \
    where project = $1 and profile = $2 and entry = $3 and note->>'what' in ('on', 'off') order by id desc limit 1";

const IS_STARTED: &str = "select 1 from lexi.schedule_start where project = $1 and profile = $2 and entry = $3 \
    and slot = $4::text::timestamptz and attempt = $5";

const ADD: &str =
    "insert into lexi.schedule_note (project, profile, entry, note) values ($1, $2, $3, $4::jsonb)";

/// Only while the lead that started it is held, only for a time that was not left out, and only once.
const CLAIM: &str = "with lead as ( \
        select from lexi.schedule_lease \
        where project = $1 and profile = $2 and epoch = $4 and expires_at > clock_timestamp()), \
    start as ( \
        insert into lexi.schedule_start (project, profile, entry, slot, attempt, epoch) \
        select $1, $2, $3, $5::text::timestamptz, $6, $4 from lead \
        where $6 > 1 or not exists (select from lexi.schedule_note \
            where project = $1 and profile = $2 and entry = $3 and note->>'what' = 'skipped' \
                and $5::text::timestamptz between (note->>'from')::timestamptz and (note->>'to')::timestamptz) \
        on conflict do nothing returning 1) \
    insert into lexi.schedule_note (project, profile, entry, note) select $1, $2, $3, $7::jsonb from start";

const PRUNE: &str = "with notes as (delete from lexi.schedule_note where project = $1 and profile = $2 \
        and at < clock_timestamp() - interval '30 days' and id < (select max(id) - 100000 from lexi.schedule_note)) \
    delete from lexi.schedule_start where project = $1 and profile = $2 \
        and started_at < clock_timestamp() - interval '30 days'";

/// The rows of a project and profile.
#[derive(Debug)]
pub struct Shared {
    target: Target,
    project: String,
    profile: String,
    owner: String,
    line: Mutex<Line>,
}

/// A connection of our own, made when it is needed and again when it is lost.
#[derive(Debug, Default)]
struct Line {
    connection: Option<PgConnection>,
    failed_at: Option<Instant>,
}

impl Shared {
    /// The rows in this database; nothing is connected to yet.
    pub fn new(target: Target, project: String, profile: String) -> Self {
        let now = jiff::Timestamp::now().as_nanosecond();
        let owner = format!(
            "{} pid {} {now:x}",
            crate::ops::who::host(),
            std::process::id()
        );
        Self {
            target,
            project,
            profile,
            owner,
            line: Mutex::default(),
        }
    }

    /// Another connection to the same rows, under the same name.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            target: self.target.clone(),
            project: self.project.clone(),
            profile: self.profile.clone(),
            owner: self.owner.clone(),
            line: Mutex::default(),
        }
    }

    /// Makes the tables.
    pub async fn prepare(&self) -> Result<()> {
        let make = async |connection: &mut PgConnection| connection.execute(MAKE).await.map(drop);
        match self.with(MAKE, make).await {
            Ok(()) => Ok(()),
            // Two that make the same at once: one of them is told so, and finds all there the second time.
            Err(_other) => self.again(MAKE, make).await,
        }
    }

    /// Takes or renews the lead; gives its number, or none when somebody else has it.
    pub async fn renew(&self) -> Result<Option<i64>> {
        let renewed = self
            .with(RENEW, async |connection| {
                let query = sqlx::query(RENEW)
                    .bind(&self.project)
                    .bind(&self.profile)
                    .bind(&self.owner);
                connection.fetch_optional(query).await
            })
            .await?;
        renewed
            .map(|row| row.try_get(0).map_err(|e| running(RENEW, e)))
            .transpose()
    }

    /// Lets another daemon lead at once.
    pub async fn give_up(&self) -> Result<()> {
        self.with(GIVE_UP, async |connection| {
            let query = sqlx::query(GIVE_UP)
                .bind(&self.project)
                .bind(&self.profile)
                .bind(&self.owner);
            connection.execute(query).await.map(drop)
        })
        .await
    }

    /// Who leads, for people.
    pub async fn leader(&self) -> Result<String> {
        let row = self
            .with(LEADER, async |connection| {
                let query = sqlx::query(LEADER).bind(&self.project).bind(&self.profile);
                connection.fetch_optional(query).await
            })
            .await?;
        let name: Option<String> = row.and_then(|row| row.try_get(0).ok());
        let name = name.unwrap_or_default();
        Ok(name
            .rsplit_once(' ')
            .map_or_else(String::new, |(name, _)| name.to_owned()))
    }

    /// Throws away what is older than a month.
    pub async fn prune(&self) -> Result<()> {
        self.with(PRUNE, async |connection| {
            let query = sqlx::query(PRUNE).bind(&self.project).bind(&self.profile);
            connection.execute(query).await.map(drop)
        })
        .await
    }

    /// The newest notes of an entry.
    pub async fn notes(&self, entry: &str) -> Result<Vec<Note>> {
        self.read(NOTES, entry).await
    }

    /// The last note of whether an entry is on.
    pub async fn switch(&self, entry: &str) -> Result<Vec<Note>> {
        self.read(SWITCH, entry).await
    }

    async fn read(&self, sql: &'static str, entry: &str) -> Result<Vec<Note>> {
        let rows = self
            .with(sql, async |connection| {
                let query = sqlx::query(sql)
                    .bind(&self.project)
                    .bind(&self.profile)
                    .bind(entry);
                connection.fetch_all(query).await
            })
            .await?;
        let texts = rows
            .iter()
            .filter_map(|row| row.try_get::<String, _>(0).ok());
        Ok(texts
            .filter_map(|text| serde_json::from_str(&text).ok())
            .collect())
    }

    /// Whether a run began for a time.
    pub async fn is_started(&self, slot: &Slot) -> Result<bool> {
        let attempt = i32::try_from(slot.attempt).unwrap_or(i32::MAX);
        let row = self
            .with(IS_STARTED, async |connection| {
                let query = sqlx::query(IS_STARTED)
                    .bind(&self.project)
                    .bind(&self.profile)
                    .bind(&slot.entry)
                    .bind(slot.at.to_string())
                    .bind(attempt);
                connection.fetch_optional(query).await
            })
            .await?;
        Ok(row.is_some())
    }

    /// Adds notes.
    pub async fn add(&self, entry: &str, notes: &[Note]) -> Result<()> {
        for note in notes {
            let text = json(note)?;
            self.with(ADD, async |connection| {
                let query = sqlx::query(ADD)
                    .bind(&self.project)
                    .bind(&self.profile)
                    .bind(entry)
                    .bind(&text);
                connection.execute(query).await.map(drop)
            })
            .await?;
        }
        Ok(())
    }

    /// Notes that a run begins now, while the lead that started it is held; says whether it may begin.
    pub async fn claim(&self, slot: &Slot, run: Option<&str>) -> Result<bool> {
        let text = json(&super::journal::started(slot, run))?;
        let attempt = i32::try_from(slot.attempt).unwrap_or(i32::MAX);
        let added = self
            .with(CLAIM, async |connection| {
                let query = sqlx::query(CLAIM)
                    .bind(&self.project)
                    .bind(&self.profile)
                    .bind(&slot.entry)
                    .bind(slot.epoch)
                    .bind(slot.at.to_string())
                    .bind(attempt)
                    .bind(&text);
                connection.execute(query).await
            })
            .await?;
        Ok(added.rows_affected() == 1)
    }

    /// Does a piece of work on the connection; one that is lost is made anew once.
    async fn with<T>(
        &self,
        sql: &str,
        work: impl AsyncFn(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<T> {
        let had_one = {
            let line = self.line.lock().await;
            if let Some(failed) = line.failed_at
                && failed.elapsed() < RECOVER
            {
                return Err(Error::unavailable(format!(
                    "database {} does not answer",
                    self.target
                )));
            }
            line.connection.is_some()
        };
        match self.again(sql, &work).await {
            Err(error) if had_one && is_lost(&error) => self.again(sql, &work).await,
            done => done,
        }
    }

    async fn again<T>(
        &self,
        sql: &str,
        work: impl AsyncFn(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<T> {
        let mut line = self.line.lock().await;
        let connection = line.connection.take();
        let attempt = async {
            let mut connection = match connection {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            let done = work(&mut connection).await.map_err(|e| running(sql, e));
            Ok::<_, Error>((connection, done))
        };
        let done = timeout(PATIENCE, attempt).await.unwrap_or_else(|_elapsed| {
            Err(Error::unavailable(format!(
                "database {} does not answer",
                self.target
            )))
        });
        match done {
            Ok((connection, done)) => {
                let is_whole = !done.as_ref().is_err_and(is_lost);
                line.connection = is_whole.then_some(connection);
                line.failed_at = None;
                done
            }
            Err(error) => {
                line.failed_at = Some(Instant::now());
                Err(error)
            }
        }
    }

    async fn connect(&self) -> Result<PgConnection> {
        let mut connection = database::connect(&self.target).await?;
        connection
            .execute(SESSION)
            .await
            .map_err(|e| running(SESSION, e))?;
        Ok(connection)
    }
}

fn is_lost(error: &Error) -> bool {
    error.kind() == crate::base::Kind::Unavailable
}

fn json(note: &Note) -> Result<String> {
    serde_json::to_string(note)
        .map_err(|e| Error::internal("cannot write a note as JSON").because(e))
}
