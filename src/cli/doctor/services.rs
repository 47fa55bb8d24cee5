//! The servers of the profile: whether they answer, and whether a backup could be made of them.

use super::jobs::Jobs;
use super::report::Report;
use crate::base::Settings;
use crate::base::settings::Origin;
use crate::host::Host;
use crate::host::backup::ready;
use crate::ops::database::{connect, server_facts};

/// The database, and the `pg_dump` that fits it.
pub(super) fn database(report: &mut Report, host: &Host, jobs: &Jobs) {
    let is_used = jobs.call(&["backup::", "db::", "migrate::", "seed::"]);
    if !is_used && !is_set(host.settings(), "DB_DATABASE") {
        return report.ok("database", "none is set");
    }
    let found = host.database().and_then(|target| {
        let facts = host.runtime().wait(host.cancel(), async {
            server_facts(&mut connect(&target).await?).await
        })?;
        Ok(format!("{target} answers (PostgreSQL {})", facts.version))
    });
    match found {
        Ok(found) => report.ok("database", found),
        Err(error) => return report.failed("database", &error),
    }
    if jobs.call(&["backup::create", "migrate::generate"]) {
        match ready::tool(host) {
            Ok(tool) => report.ok("pg_dump", tool),
            Err(error) => report.failed("pg_dump", &error),
        }
    }
}

/// Redis.
pub(super) fn redis(report: &mut Report, host: &Host, jobs: &Jobs) {
    let is_used = jobs.call(&["redis::"]);
    let is_named = ["REDIS_HOST", "REDIS_PORT"];
    if !is_used && !is_named.iter().any(|name| is_set(host.settings(), name)) {
        return report.ok("redis", "none is set");
    }
    let answer = host.redis().and_then(|redis| {
        let ping = redis.command(&["PING"]);
        host.runtime().wait(host.cancel(), ping)?;
        Ok(format!("{} answers", redis.target()))
    });
    match answer {
        Ok(found) => report.ok("redis", found),
        Err(error) => report.failed("redis", &error),
    }
}

/// Whether somebody has given a setting a value.
fn is_set(settings: &Settings, name: &str) -> bool {
    let is_empty = settings.get(name).is_none_or(str::is_empty);
    let is_default = |known: &str, origin: &Origin| known == name && *origin == Origin::Default;
    let mut all = settings.iter();
    !is_empty && !all.any(|(known, setting)| is_default(known, &setting.origin))
}
