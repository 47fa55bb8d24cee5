//! Makes a backup: it has its name only when it was read back from the disk whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::before::Before;
use super::container::Container;
use super::dump::{Dump, Dumped};
use super::files::{self, Temporary};
use super::folder;
use super::list::{Entry, list, newest_good};
use super::manifest::{Manifest, Pin, Sidecar, Status, Times};
use super::name::BackupName;
use super::progress::OnProgress;
use super::reader::hash;
use super::redis::{self, RedisSource, Saved};
use super::tool::{self, Tool};
use super::{password, restore, sidecar, space, verify};
use crate::base::{Error, Result, units};
use crate::ops::database::Target;
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
    /// The container that the server runs in, when it runs in one of ours.
    pub container: Option<&'a Container>,
    /// Redis, when its data are backed up too.
    pub redis: Option<RedisSource<'a>>,
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
    /// Whether the roles of the server are written beside.
    pub roles: bool,
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
            roles: false,
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

/// Makes a backup. On any failure there is no new file, and no old one was touched.
pub async fn create(request: &Create<'_>, on: OnProgress<'_>) -> Result<Artifact> {
    let started = Timestamp::now();
    password::check(request.target)?;
    let lock = folder::lock(request.folder, request.options.wait).await?;
    folder::sweep(request.folder, &lock)?;
    let before = Before::ask(request.target, &request.options.exclude_data).await?;
    let swept = restore::sweep(request.target).await?;
    let entries = list(request.folder)?;
    let last = newest_good(&entries, &request.target.database).and_then(Entry::manifest);
    space::check(request.folder, last.map(|last| last.bytes), before.bytes)?;
    let container = request.container;
    let (tool, note) =
        tool::find(&before.server, request.target, container, request.registry).await?;
    let left = |name| format!("dropped `{name}`, which a killed run had left");
    let mut warnings: Vec<String> = swept.into_iter().map(left).chain(note).collect();

    let name = free_name(request, &lock).await?;
    let parts = parts(request, &name, &tool).await.map_err(none_made)?;
    let total = guess(last, before.bytes);
    let written = write(request, &name, &tool, total, on).await;
    let written = written.map_err(none_made)?;
    measure::bytes(written.dumped.written.bytes);
    warnings.extend(written.dumped.warnings.iter().cloned());
    warnings.extend(shrunk(last, written.dumped.written.bytes));

    let known = Known {
        before,
        tool,
        started,
    };
    let manifest = known.manifest(request, &name, &parts, &written);
    let path = publish(request.folder, &name, &manifest, &parts, written)?;
    Ok(Artifact {
        path,
        manifest,
        warnings,
    })
}

/// Says of an error what is left.
fn none_made(error: Error) -> Error {
    error.state("; no backup was made, the old ones were not touched")
}

/// What is made besides the dump.
struct Parts {
    roles: Option<Vec<u8>>,
    redis: Option<Saved>,
    /// Takes the file of Redis' data away unless it was given its name.
    _rdb: Temporary,
}

async fn parts(request: &Create<'_>, name: &BackupName, tool: &Tool) -> Result<Parts> {
    let roles = if request.options.roles {
        Some(dump(request, tool).roles().await?)
    } else {
        None
    };
    let rdb = sidecar::partial_of(&sidecar::redis_of(&name.to_string()));
    let rdb = Temporary::new(request.folder.join(rdb));
    let redis = match request.redis {
        Some(source) => Some(redis::save(source, rdb.path()).await?),
        None => None,
    };
    Ok(Parts {
        roles,
        redis,
        _rdb: rdb,
    })
}

fn dump<'a>(request: &'a Create<'_>, tool: &'a Tool) -> Dump<'a> {
    Dump {
        target: request.target,
        tool,
        scratch: request.scratch,
        exclude_data: &request.options.exclude_data,
        level: request.options.level,
        registry: request.registry,
    }
}

/// A dump that was written and read back.
struct Checked {
    dumped: Dumped,
    guard: Temporary,
    times: Times,
}

async fn write(
    request: &Create<'_>,
    name: &BackupName,
    tool: &Tool,
    total: u64,
    on: OnProgress<'_>,
) -> Result<Checked> {
    let partial = request.folder.join(name.partial());
    let guard = Temporary::new(partial.clone());
    let begun = Instant::now();
    let dumped = dump(request, tool).run(&partial, Some(total), on).await?;
    dumped.written.facts.complete()?;
    let dump = milliseconds(begun.elapsed());
    let begun = Instant::now();
    check_on_disk(&partial, &dumped, on).await?;
    let times = Times {
        dump,
        verify: milliseconds(begun.elapsed()),
        restore: None,
    };
    Ok(Checked {
        dumped,
        guard,
        times,
    })
}

/// What was known before the dump began.
struct Known {
    before: Before,
    tool: Tool,
    started: Timestamp,
}

impl Known {
    fn manifest(
        self,
        request: &Create<'_>,
        name: &BackupName,
        parts: &Parts,
        checked: &Checked,
    ) -> Manifest {
        let Self {
            before,
            tool,
            started,
        } = self;
        let finished = Timestamp::now();
        let (options, written) = (&request.options, &checked.dumped.written);
        Manifest {
            format: Manifest::FORMAT,
            file: name.to_string(),
            status: Status::Verified,
            database: request.target.database.clone(),
            profile: request.profile.to_owned(),
            label: options.label.clone(),
            pin: options.pin,
            bytes: written.bytes,
            sha256: written.sha256.clone(),
            facts: written.facts.clone(),
            settings: before.settings,
            migration: before.migration,
            tool_service: tool.service(),
            database_bytes: Some(before.bytes),
            tool: tool.version,
            lexi_version: env!("CARGO_PKG_VERSION").to_owned(),
            started,
            finished,
            ms: milliseconds(finished.duration_since(started).unsigned_abs()),
            times: checked.times,
            excluded: options.exclude_data.clone(),
            roles: parts.roles.as_deref().map(|text| Sidecar {
                bytes: text.len() as u64,
                sha256: hash(text),
            }),
            redis: parts.redis.clone(),
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
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
    parts: &Parts,
    checked: Checked,
) -> Result<PathBuf> {
    let path = folder.join(name.to_string());
    let doing = |e| Error::io(format!("cannot name `{}`", path.display()), e);
    let line = sidecar::checksum_line(&manifest.file, &manifest.sha256);
    let _checksum = sidecar::write_partial(
        folder,
        &sidecar::checksum_of(&manifest.file),
        line.as_bytes(),
    )?;
    let _roles = parts
        .roles
        .as_deref()
        .map(|text| sidecar::write_partial(folder, &sidecar::roles_of(&manifest.file), text))
        .transpose()?;
    let half = Temporary::new(manifest.write_partial(folder)?);
    std::fs::rename(folder.join(name.partial()), &path).map_err(doing)?;
    checked.guard.keep();
    // From here on a run that is killed has made a backup; the next run gives the rest its names.
    sidecar::publish(folder, &manifest.file)?;
    std::fs::rename(half.path(), folder.join(name.manifest())).map_err(doing)?;
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

/// How much text there will be: as much of the database as the last time. A first dump is about as large as its database.
fn guess(last: Option<&Manifest>, database: u64) -> u64 {
    let Some(last) = last else {
        return database;
    };
    let raw = last.facts.raw_bytes;
    match last.database_bytes {
        // Most of a small database is the server's own tables, which grow with nothing.
        Some(before) if before > 0 && database > before => raw + (database - before),
        _ => raw,
    }
}

/// Something to look at: a backup of half the size has often lost half the data.
fn shrunk(last: Option<&Manifest>, bytes: u64) -> Option<String> {
    let last = last?;
    (bytes < last.bytes / 2).then(|| {
        format!(
            "this backup is {}, the one before ({}) was {}: look whether rows are missing",
            units::bytes(bytes),
            last.file,
            units::bytes(last.bytes)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::sample;
    use super::*;

    #[test]
    fn a_database_that_has_grown_makes_a_larger_dump() {
        let mut last = sample("a_backup_20260101_000000.sql.gz");
        last.facts.raw_bytes = 100;
        assert_eq!(guess(None, 7), 7);
        assert_eq!(guess(Some(&last), 900), 100);
        last.database_bytes = Some(800);
        assert_eq!(guess(Some(&last), 900), 200);
        assert_eq!(guess(Some(&last), 700), 100);
    }
}
