//! Initialises a database: makes it when there is none, then runs the files of `sql/init`, each as one transaction.
//!
//! The files are idempotent, so running this again changes nothing.

use std::path::{Path, PathBuf};

use sqlx::Executor;
use sqlx::postgres::PgConnection;

use super::sqlfile::SqlText;
use super::{Target, admin, connect, error, notices};
use crate::base::{Error, Result};

/// One file at a time per database; freed at the end of its transaction.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7811887330422)";

/// What initialising has done.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Initialised {
    /// Whether the database was made.
    pub created: bool,
    /// The files that were run.
    pub files: Vec<String>,
}

/// Initialises the database of a target with the files of a folder, in the order of their names.
pub async fn init(
    target: &Target,
    folder: &Path,
    shown: &str,
    on_warning: &(dyn Fn(&str) + Sync),
) -> Result<Initialised> {
    let files = sql_files(folder)?;
    let created = ensure_database(target).await?;
    let mut done = Initialised {
        created,
        files: Vec::new(),
    };
    // A connection for each file: settings such as ALTER DATABASE .. SET hold for new sessions only.
    for path in &files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let file = format!("{shown}/{name}");
        let text = read(path, &file)?;
        let mut connection = connect(target).await?;
        let run = run_file(&mut connection, SqlText::whole(&file, &text));
        let (result, warnings) = notices::hearing(run).await;
        for warning in &warnings {
            on_warning(&format!("{file}: {warning}"));
        }
        result?;
        done.files.push(file);
    }
    Ok(done)
}

/// Makes the database of a target unless it is there; tells whether it was made.
pub async fn ensure_database(target: &Target) -> Result<bool> {
    match connect(target).await {
        Ok(_there) => return Ok(false),
        Err(e) if error::sqlstate(&e) == Some("3D000") => {}
        Err(e) => return Err(e),
    }
    let mut connection = admin::maintenance(target).await?;
    let options = admin::CreateOptions {
        template: Some("template0".to_owned()),
        encoding: Some("UTF8".to_owned()),
        ..admin::CreateOptions::default()
    };
    match admin::create(&mut connection, &target.database, &options).await {
        // Another run made it at the same moment.
        Err(e) if matches!(error::sqlstate(&e), Some("42P04" | "23505")) => Ok(false),
        Err(e) if error::sqlstate(&e) == Some("42501") => Err(e.hint(format!(
            "as a superuser: `CREATE DATABASE {} OWNER {}`",
            admin::quote_ident(&target.database),
            admin::quote_ident(&target.user)
        ))),
        made => made.map(|()| true),
    }
}

async fn run_file(connection: &mut PgConnection, file: SqlText<'_>) -> Result<()> {
    // `IF NOT EXISTS` is no help against a run at the same moment: the second one waits here.
    for sql in ["BEGIN", LOCK] {
        let done = connection.execute(sql).await;
        done.map_err(|e| error::running(sql, e))?;
    }
    file.run(connection).await?;
    let commit = connection.execute("COMMIT").await;
    commit
        .map(drop)
        .map_err(|e| error::running("COMMIT", e).context(file.file))
}

/// The `.sql` files of a folder by name; none when there is no folder.
pub fn sql_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let doing = |e| Error::io(format!("cannot list `{}`", folder.display()), e);
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(doing)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(doing)?.path();
        let is_sql = path.extension().is_some_and(|extension| extension == "sql");
        if is_sql && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads a file of SQL; without the mark that some editors put at the beginning.
pub fn read(path: &Path, shown: &str) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(format!("cannot read `{shown}`"), e))?;
    let text = String::from_utf8(bytes)
        .map_err(|e| Error::invalid(format!("`{shown}` is not UTF-8")).because(e))?;
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}
