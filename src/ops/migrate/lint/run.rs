//! Which files are looked at: the pending ones, some, or all.

use std::path::Path;

use super::{Finding, Linter};
use crate::base::text::count;
use crate::base::{Error, Result};
use crate::ops::database::error::sqlstate;
use crate::ops::database::init::{read, sql_files};
use crate::ops::database::sqlfile::SqlText;
use crate::ops::database::{Target, connect};
use crate::ops::migrate::status;
use crate::ops::migrate::{Migration, State};

/// The files of a project: what initialises a database, and what changes it.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The folder whose files run before any migration.
    pub init: &'a Path,
    /// The migrations, in order.
    pub migrations: &'a [Migration],
}

impl Sources<'_> {
    /// What is dangerous in the migrations that a target still lacks, up to a number.
    pub async fn pending(&self, target: &Target, to: Option<i64>) -> Result<Vec<Finding>> {
        let applied = applied(target, self.migrations).await?;
        self.together(|migration| {
            !applied.contains(&migration.version) && to.is_none_or(|to| migration.version <= to)
        })
    }

    /// What is dangerous in some files, which run together.
    pub fn files(&self, files: &[String]) -> Result<Vec<Finding>> {
        let bare = |file: &str| file.trim_start_matches("./").to_owned();
        let files: Vec<String> = files.iter().map(|file| bare(file)).collect();
        let is_known = |file: &&String| self.migrations.iter().any(|m| m.up.file == **file);
        if let Some(other) = files.iter().find(|file| !is_known(file)) {
            return Err(Error::not_found(format!(
                "`{other}` is not a file that applies a migration"
            ))
            .hint("name files such as `migrations/20250106090000_create_people.up.sql`"));
        }
        self.together(|migration| files.contains(&migration.up.file))
    }

    /// What is dangerous in any file, if each ran on a database in use.
    pub fn all(&self) -> Result<Vec<Finding>> {
        let mut linter = self.begun()?;
        let mut findings = Vec::new();
        for migration in self.migrations {
            findings.extend(linter.check(&migration.up)?);
            linter.settle();
        }
        Ok(findings)
    }

    fn together(&self, is_meant: impl Fn(&Migration) -> bool) -> Result<Vec<Finding>> {
        let mut linter = self.begun()?;
        let (meant, there): (Vec<_>, Vec<_>) = self.migrations.iter().partition(|m| is_meant(m));
        for migration in there {
            linter.learn(migration.up.sql())?;
        }
        let mut findings = Vec::new();
        for migration in meant {
            findings.extend(linter.check(&migration.up)?);
        }
        Ok(findings)
    }

    fn begun(&self) -> Result<Linter> {
        let mut linter = Linter::default();
        for path in sql_files(self.init)? {
            let file = path.display().to_string();
            linter.learn(SqlText::whole(&file, &read(&path, &file)?))?;
        }
        Ok(linter)
    }
}

/// The numbers of what has run; nothing where there is no database yet.
async fn applied(target: &Target, migrations: &[Migration]) -> Result<Vec<i64>> {
    let mut connection = match connect(target).await {
        Err(e) if sqlstate(&e) == Some("3D000") => return Ok(Vec::new()),
        connection => connection?,
    };
    let all = status::of(&mut connection, migrations).await?;
    let is_there = |state| !matches!(state, State::Pending | State::HalfRun);
    let there = all.iter().filter(|one| is_there(one.state));
    Ok(there.map(|one| one.version).collect())
}

/// The refusal of a run, with everything that was found.
pub fn refusal(findings: &[Finding]) -> Error {
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let what = count("dangerous statement", findings.len());
    let message = format!(
        "{what} in pending migrations; none was applied\n  {}",
        list.join("\n  ")
    );
    let rules = findings.iter().map(|finding| serde_json::json!(finding));
    Error::refused(message)
        .field("findings", rules.collect::<Vec<_>>())
        .hint("take the safe way; or, when it is looked at and wanted, write `-- lexi:allow RULE` into the file")
}
