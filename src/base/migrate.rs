//! `[migrate]` of `lexi.toml`: whether the files of `migrations/` change the schema, or a program of the application's own.

use serde::{Deserialize, Serialize};

use super::{Error, Result};

/// Who migrates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MigrateConfig {
    /// The files or a program.
    pub driver: MigrateDriver,
    /// What applies the pending migrations, such as `npm run migration:run`; the shell runs it.
    pub command: Option<String>,
    /// What takes the last one back, such as `npm run migration:revert`.
    pub revert: Option<String>,
    /// What shows how they stand, such as `npm run migration:show`.
    pub status: Option<String>,
    /// The folder that the commands start in; the project's without it.
    pub dir: Option<String>,
}

/// The files or a program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MigrateDriver {
    /// The files of `migrations/`.
    #[default]
    Sql,
    /// The commands.
    Command,
}

impl MigrateConfig {
    /// Itself, when it can be worked with.
    pub fn checked(&self) -> Result<&Self> {
        if self.driver == MigrateDriver::Command && self.command.is_none() {
            return Err(Error::usage(
                "`[migrate]` in lexi.toml has driver `command` and no command",
            )
            .hint("add `command = \"npm run migration:run\"`, or what applies migrations here"));
        }
        Ok(self)
    }
}
