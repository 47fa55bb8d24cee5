//! Makes the new database, fills it and looks at it.

use std::time::Instant;

use sqlx::Connection;
use sqlx::postgres::PgConnection;

use super::super::progress::{OnProgress, Progress, Step};
use super::super::settings::DatabaseSettings;
use super::plan::Live;
use super::run::Work;
use super::{check, replay, side};
use crate::base::Result;
use crate::ops::database::connect;
use crate::ops::database::error::sqlstate;
use crate::ops::database::sqlfile::run as run_sql;

impl Work<'_> {
    /// Makes the new database, fills it and looks at it.
    pub(super) async fn fill(
        &mut self,
        admin: &mut PgConnection,
        side: &str,
        on: OnProgress<'_>,
    ) -> Result<()> {
        let like = self.settings();
        let owner = like.as_ref().map(|like| like.owner.clone());
        let owner = owner.filter(|owner| self.plan.own_roles.contains(owner));
        let warning = side::make(admin, side, like.as_ref(), owner.as_deref()).await?;
        self.warnings.extend(warning);
        let target = self.target().with_database(side);
        let mut connection = connect(&target).await?;
        let start = Instant::now();
        replay::replay(&mut connection, &self.plan.source, &self.plan.omit, on)
            .await
            .map_err(|e| e.context("the backup cannot be replayed"))?;
        self.replay = start.elapsed();
        close(connection).await;
        if let Some(like) = &like {
            self.apply(admin, side, like).await?;
        }
        on(Progress::of(Step::Check, 0, None));
        // A new session: it has the settings that the database was given just now.
        let mut connection = connect(&target).await?;
        let found = check::check(&mut connection, self.options.checks).await?;
        self.warnings.extend(found);
        close(connection).await;
        Ok(())
    }

    /// Who may use it stays as it is here; how its sessions behave comes from the backup, when it says so.
    pub(super) fn settings(&self) -> Option<DatabaseSettings> {
        let live = self.plan.live.as_ref().map(Live::settings);
        let dumped = self
            .plan
            .source
            .manifest
            .as_ref()
            .map(|manifest| &manifest.settings);
        let mut settings = live.or(dumped)?.clone();
        if let Some(dumped) = dumped {
            settings.config.clone_from(&dumped.config);
        }
        Some(settings)
    }

    async fn apply(
        &mut self,
        admin: &mut PgConnection,
        side: &str,
        like: &DatabaseSettings,
    ) -> Result<()> {
        let exists = |role: &str| self.plan.known_roles.contains(role);
        for sql in like.statements(side, &exists) {
            match run_sql(admin, &sql).await {
                // Another user may have set what this one may not, or a server knows what this one does not.
                Err(e) if matches!(sqlstate(&e), Some("42501" | "42704" | "22023")) => {
                    self.warnings
                        .push(format!("left out `{sql}`: {}", e.message()));
                }
                done => drop(done?),
            }
        }
        Ok(())
    }
}

/// Ends a session before its database is renamed; the server ends it anyway when this does not.
async fn close(connection: PgConnection) {
    let _already_gone = connection.close().await;
}
