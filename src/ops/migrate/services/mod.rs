//! Tests of what only a real server can show.
#![expect(
    clippy::disallowed_methods,
    reason = "`#[tokio::test]` waits for the test"
)]

mod applying;
mod formats;
mod outside;
mod settling;

use std::path::Path;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor, Row};

use super::files::{Files, find};
use super::progress::{Event, Report};
use super::revert::{Back, revert};
use super::status::{State, status};
use super::up::{UpOptions, up};
use crate::base::Result;
use crate::ops::database::{Target, connect};
use crate::ops::testing;

/// A folder of migrations and an empty database.
struct Ground {
    folder: tempfile::TempDir,
    target: Target,
}

impl Ground {
    async fn new(files: &[(&str, &str)]) -> Self {
        let ground = Self {
            folder: tempfile::tempdir().unwrap(),
            target: testing::database().await,
        };
        std::fs::create_dir(ground.root().join("migrations")).unwrap();
        // The user of the test servers has the name of our schema, which `"$user"` would find.
        let name = &ground.target.database;
        ground
            .run(&format!("alter database {name} set search_path = public"))
            .await;
        for (name, text) in files {
            ground.write(name, text);
        }
        ground
    }

    /// Another folder on the same database, emptied: making a database takes longer than all that is done in it.
    async fn renewed(self, files: &[(&str, &str)]) -> Self {
        self.run(
            "drop schema public cascade; drop schema if exists lexi cascade; create schema public",
        )
        .await;
        for entry in std::fs::read_dir(self.root().join("migrations")).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, text) in files {
            self.write(name, text);
        }
        self
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.root().join("migrations").join(name), text).unwrap();
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.root().join("migrations").join(name)).unwrap();
    }

    fn files(&self) -> Files {
        find(&self.root().join("migrations"), "migrations").unwrap()
    }

    async fn up(&self) -> Result<Vec<Report>> {
        self.up_with(&UpOptions::default()).await
    }

    async fn up_with(&self, options: &UpOptions) -> Result<Vec<Report>> {
        up(&self.target, &self.files(), options, &quiet).await
    }

    async fn revert(&self, back: Back) -> Result<Vec<Report>> {
        revert(&self.target, &self.files(), back, &quiet).await
    }

    /// The states in order, each with its number.
    async fn states(&self) -> Vec<(i64, State)> {
        let all = status(&self.target, &self.files()).await.unwrap();
        all.iter()
            .map(|one| (one.version.unwrap_or_default(), one.state))
            .collect()
    }

    async fn connection(&self) -> PgConnection {
        connect(&self.target).await.unwrap()
    }

    async fn run(&self, sql: &str) {
        let mut connection = self.connection().await;
        connection
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await
            .unwrap();
    }

    /// The only value of the only row, as text.
    async fn ask(&self, sql: &str) -> String {
        let mut connection = self.connection().await;
        let sql = format!("select ({sql})::text");
        let row = connection
            .fetch_one(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await
            .unwrap();
        row.try_get::<Option<String>, _>(0)
            .unwrap()
            .unwrap_or_default()
    }

    async fn has(&self, name: &str) -> bool {
        self.ask(&format!("to_regclass('{name}') is not null"))
            .await
            == "true"
    }
}

fn quiet(_event: Event<'_>) {}
