//! Makes a backup: it has its name only when it was read back from the disk whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

use super::dump::{Dump, Dumped};
use super::files::{self, Temporary};
use super::folder;
use super::list::{Entry, list, newest_good};
use super::manifest::{Manifest, Pin, Status};
use super::name::BackupName;
use super::progress::OnProgress;
use super::settings::DatabaseSettings;
use super::{password, space, tool, verify};
use crate::base::{Error, Result};
use crate::ops::database::error::running;
use crate::ops::database::{Target, connect};
use crate::ops::lock::Lock;
use crate::ops::measure;
use crate::ops::process::Registry;

/// A backup to make.
#[derive(Debug, Clone)]
pub struct Create<'a> {
    /// The database.
    pub target: &'a Target,
    /// The folder of backups.
    pub folder: &'a Path,
    /// A folder for what is only needed meanwhile.
    pub scratch: &'a Path,
    /// The project's name, which the files begin with.
    pub project: &'a str,
    /// The profile's name.
    pub profile: &'a str,
    /// The programs of this run.
    pub registry: &'a Arc<Registry>,
    /// What may be chosen.
    pub options: Options,
}

/// What may be chosen about a backup.
#[derive(Debug, Clone)]
pub struct Options {
    /// A word for the list.
    pub label: Option<String>,
    /// Whether retention leaves it alone.
    pub pin: Option<Pin>,
    /// How hard it is packed, from 1 to 9.
    pub level: u32,
    /// Tables whose rows are left out, as patterns of `pg_dump`.
    pub exclude_data: Vec<String>,
    /// How long to wait while another run works in the folder.
    pub wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            label: None,
            pin: None,
            level: 6,
            exclude_data: Vec::new(),
            wait: Duration::from_secs(30),
        }
    }
}

/// A backup that was made.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub manifest: Manifest,
    /// What `pg_dump` warned about, and what looks odd.
    pub warnings: Vec<String>,
}

/// What is asked of the database before it is dumped.
struct Before {
    settings: DatabaseSettings,
    version: u32,
    bytes: u64,
    migration: Option<i64>,
}

/// Makes a backup. On any failure there is no new file, and no old one was touched.
pub async fn create(request: &Create<'_>, on: OnProgress<'_>) -> Result<Artifact> {
    let started = Timestamp::now();
    password::check(request.target)?;
    let lock = folder::lock(request.folder, request.options.wait).await?;
    folder::sweep(request.folder, &lock)?;
    let before = before(request.target).await?;
    let entries = list(request.folder)?;
    let last = newest_good(&entries, &request.target.database).and_then(Entry::manifest);
    space::check(request.folder, last.map(|last| last.bytes), before.bytes)?;
    let tool = tool::find(before.version / 10_000, request.registry).await?;

    let name = free_name(request, &lock).await?;
    let partial = request.folder.join(name.partial());
    let guard = Temporary::new(partial.clone());
    let dump = Dump {
        target: request.target,
        tool: &tool,
        scratch: request.scratch,
        exclude_data: &request.options.exclude_data,
        level: request.options.level,
        registry: request.registry,
    };
    let total = last.map_or(before.bytes, |last| last.facts.raw_bytes);
    let dumped = dump.run(&partial, Some(total), on).await?;
    dumped.written.facts.complete()?;
    check_on_disk(&partial, &dumped, on).await?;

    measure::bytes(dumped.written.bytes);

    let finished = Timestamp::now();
    let mut warnings = dumped.warnings;
    warnings.extend(shrunk(last, dumped.written.bytes));
    let manifest = Manifest {
        format: Manifest::FORMAT,
        file: name.to_string(),
        status: Status::Verified,
        database: request.target.database.clone(),
        profile: request.profile.to_owned(),
        label: request.options.label.clone(),
        pin: request.options.pin,
        bytes: dumped.written.bytes,
        sha256: dumped.written.sha256,
        facts: dumped.written.facts,
        settings: before.settings,
        migration: before.migration,
        tool: tool.version,
        lexi_version: env!("CARGO_PKG_VERSION").to_owned(),
        started,
        finished,
        ms: u64::try_from(finished.duration_since(started).as_millis()).unwrap_or(0),
    };
    let path = publish(request.folder, &name, &manifest, guard)?;
    Ok(Artifact {
        path,
        manifest,
        warnings,
    })
}

/// Reads the file back: it must be what was written, to the byte.
async fn check_on_disk(partial: &Path, dumped: &Dumped, on: OnProgress<'_>) -> Result<()> {
    let read = verify::read(partial, on).await?;
    let written = &dumped.written;
    if read.bytes == written.bytes && read.sha256 == written.sha256 && read.facts == written.facts {
        return Ok(());
    }
    Err(
        Error::corrupt("the backup reads back from the disk differently than it was written")
            .hint("look at the disk's health: `dmesg --level err`"),
    )
}

/// Gives the files their names; the manifest is the last, and makes the backup one.
fn publish(
    folder: &Path,
    name: &BackupName,
    manifest: &Manifest,
    guard: Temporary,
) -> Result<PathBuf> {
    let path = folder.join(name.to_string());
    let doing = |e| Error::io(format!("cannot name `{}`", path.display()), e);
    let half = manifest.write_partial(folder)?;
    std::fs::rename(folder.join(name.partial()), &path).map_err(doing)?;
    guard.keep();
    std::fs::rename(half, folder.join(name.manifest())).map_err(doing)?;
    files::sync_folder(folder)?;
    Ok(path)
}

/// A name that nobody has; two backups in one second are told apart by waiting for the next.
async fn free_name(request: &Create<'_>, _lock: &Lock) -> Result<BackupName> {
    for _second in 0..10 {
        let name = BackupName::new(request.project, Timestamp::now());
        let taken = [name.to_string(), name.manifest(), name.partial()]
            .iter()
            .any(|file| request.folder.join(file).exists());
        if !taken {
            return Ok(name);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    Err(Error::internal("no free name for a backup within 3 s"))
}

async fn before(target: &Target) -> Result<Before> {
    const SIZE: &str = "select pg_database_size(current_database())";
    let mut connection = connect(target).await?;
    let version = connection.server_version_num().unwrap_or_default();
    let settings = DatabaseSettings::read(&mut connection, &target.database).await?;
    let size = connection.fetch_one(SIZE).await;
    let size: i64 = size
        .and_then(|row| row.try_get(0))
        .map_err(|e| running(SIZE, e))?;
    Ok(Before {
        settings: settings.unwrap_or_default(),
        version,
        bytes: u64::try_from(size).unwrap_or(0),
        migration: migration_head(&mut connection).await?,
    })
}

/// The newest migration that is applied, when there is a history.
async fn migration_head(connection: &mut PgConnection) -> Result<Option<i64>> {
    const THERE: &str = "select to_regclass('lexi.migrations') is not null";
    const HEAD: &str = "select max(version) from lexi.migrations where state = 'applied'";
    let there = connection.fetch_one(THERE).await;
    let there: bool = there
        .and_then(|row| row.try_get(0))
        .map_err(|e| running(THERE, e))?;
    if !there {
        return Ok(None);
    }
    let head = connection.fetch_one(HEAD).await;
    head.and_then(|row| row.try_get(0))
        .map_err(|e| running(HEAD, e))
}

/// Something to look at: a backup of half the size has often lost half the data.
fn shrunk(last: Option<&Manifest>, bytes: u64) -> Option<String> {
    let last = last?;
    (bytes < last.bytes / 2).then(|| {
        format!(
            "this backup is {}, the one before ({}) was {}: look whether rows are missing",
            crate::base::units::bytes(bytes),
            last.file,
            crate::base::units::bytes(last.bytes)
        )
    })
}
