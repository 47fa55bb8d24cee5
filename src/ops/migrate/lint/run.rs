//! Which files are looked at: the pending ones, some, or all.

use std::path::Path;

use super::{Finding, Linter};
use crate::base::text::count;
use crate::base::{Error, Result};
use crate::ops::database::Target;
use crate::ops::database::error::sqlstate;
use crate::ops::database::init::{read, sql_files};
use crate::ops::database::sqlfile::SqlText;
use crate::ops::migrate::State;
use crate::ops::migrate::files::{Files, Script};
use crate::ops::migrate::status;

/// The files of a project: what initialises a database, and what changes it.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The folder whose files run before any migration.
    pub init: &'a Path,
    /// The migrations.
    pub files: &'a Files,
}

impl Sources<'_> {
    /// What is dangerous in the migrations that a target still lacks, up to a number.
    pub async fn pending(&self, target: &Target, to: Option<i64>) -> Result<Vec<Finding>> {
        let applied = applied(target, self.files).await?;
        let is_meant = |version: Option<i64>| match version {
            Some(version) => !applied.contains(&version) && to.is_none_or(|to| version <= to),
            None => true,
        };
        self.together(|version, _| is_meant(version))
    }

    /// What is dangerous in some files, which run together.
    pub fn some(&self, files: &[String]) -> Result<Vec<Finding>> {
        let bare = |file: &String| file.trim_start_matches("./").to_owned();
        let files: Vec<String> = files.iter().map(bare).collect();
        let is_known = |file: &&String| self.scripts().any(|(_, script)| script.file == **file);
        if let Some(other) = files.iter().find(|file| !is_known(file)) {
            return Err(Error::not_found(format!(
                "`{other}` is not a file that applies a migration"
            ))
            .hint("name files such as `migrations/20250106090000_create_people.up.sql`"));
        }
        self.together(|_, script| files.contains(&script.file))
    }

    /// What is dangerous in any file, if each ran on a database in use.
    pub fn all(&self) -> Result<Vec<Finding>> {
        let mut linter = self.begun()?;
        let mut findings = Vec::new();
        for (_, script) in self.scripts() {
            findings.extend(linter.check(script)?);
            linter.settle();
        }
        Ok(findings)
    }

    /// What applies the files, in order, with the numbers of those that run once.
    fn scripts(&self) -> impl Iterator<Item = (Option<i64>, &Script)> {
        let migrations = &self.files.migrations;
        let numbered = migrations.iter().map(|one| (Some(one.version), &one.up));
        let repeatables = self.files.repeatables.iter();
        numbered.chain(repeatables.map(|one| (None, &one.script)))
    }

    fn together(&self, is_meant: impl Fn(Option<i64>, &Script) -> bool) -> Result<Vec<Finding>> {
        let mut linter = self.begun()?;
        let (meant, there): (Vec<_>, Vec<_>) = self
            .scripts()
            .partition(|(version, script)| is_meant(*version, script));
        for (_, script) in there {
            linter.learn(script.sql())?;
        }
        let mut findings = Vec::new();
        for (_, script) in meant {
            findings.extend(linter.check(script)?);
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
async fn applied(target: &Target, files: &Files) -> Result<Vec<i64>> {
    let all = match status::status(target, files).await {
        Err(e) if sqlstate(&e) == Some("3D000") => return Ok(Vec::new()),
        all => all?,
    };
    let is_there = |state| !matches!(state, State::Pending | State::OutOfOrder | State::HalfRun);
    let there = all.iter().filter(|one| is_there(one.state));
    Ok(there.filter_map(|one| one.version).collect())
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
