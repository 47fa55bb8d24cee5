//! The functions of the `stack` namespace on the Docker driver.

use std::time::Duration;

use rhai::Map;

use super::prefix::Prefixes;
use super::read::UpOptions;
use super::show::Show;
use crate::base::Result;
use crate::host::docker;
use crate::host::{Host, Strand, strand};
use crate::ops::docker::exec::Exec;
use crate::ops::docker::logs::{self, LogOptions};
use crate::ops::stack::apply::How;
use crate::ops::stack::down::{Gone, Volumes};
use crate::ops::stack::engine::{Listener, Row};
use crate::ops::stack::plan::{Asked, Plan, Unchanged};
use crate::ops::stack::{DockerDriver, Service, risk};

/// What is asked for, by the options of `up`, `plan` and `restart`.
pub(super) fn asked(options: &UpOptions, declared: Vec<String>, unchanged: Unchanged) -> Asked {
    Asked {
        declared: declared.into_iter().collect(),
        build: options.build,
        unchanged: if options.recreate {
            Unchanged::Recreate
        } else {
            unchanged
        },
        named: options.only.iter().cloned().collect(),
        remove_orphans: options.remove_orphans,
    }
}

/// Brings services up and gives their rows; with `--dry-run` only shows the plan.
pub(super) async fn up(
    host: &Host,
    driver: &DockerDriver,
    services: Vec<Service>,
    asked: &Asked,
    how: How,
) -> Result<Vec<Row>> {
    let strand = strand::current();
    let show = Show::new(host, &strand);
    warn_exposed(host, driver, &services, &strand);
    if host.flags().dry_run {
        show.dry_run(&driver.plan(services, asked).await?);
        return Ok(Vec::new());
    }
    let listener = Listener {
        plan: &|plan: &Plan| show.plan(plan, asked.unchanged),
        progress: &|progress| show.progress(progress),
    };
    driver.up(services, asked, how, listener).await
}

/// Says what can be reached from other machines.
fn warn_exposed(host: &Host, driver: &DockerDriver, services: &[Service], strand: &Strand) {
    for one in risk::exposed(services, driver.place.bind) {
        let line = format!("{} can be reached from other machines: {one}", one.service);
        host.output().warn(&strand.mark(&line));
    }
}

/// How services are brought up.
pub(super) fn how(options: &UpOptions, limit: Duration) -> How {
    How {
        wait: options.wait,
        limit,
        no_cache: options.no_cache,
    }
}

pub(super) async fn down(
    host: &Host,
    driver: &DockerDriver,
    names: &[String],
    volumes: Volumes,
) -> Result<Gone> {
    let strand = strand::current();
    let show = Show::new(host, &strand);
    driver
        .down(names, volumes, &|progress| show.progress(progress))
        .await
}

/// Prints what services have said and, when following, what they say until the run is stopped.
pub(super) async fn print_logs(
    host: &Host,
    driver: &DockerDriver,
    names: &[String],
    options: &LogOptions,
) -> Result<()> {
    for name in names {
        driver.known(name).await?;
    }
    let strand = strand::current();
    let all = driver.list().await?.into_iter().map(|row| row.service);
    let shown = all.filter(|name| names.is_empty() || names.contains(name));
    let mut prefixes = Prefixes::new(host.output(), shown);
    let mut print = |line: &logs::Line| {
        let text = prefixes.line(&line.source, &line.text);
        host.output().data(&strand.mark(&text));
        true
    };
    let project = &driver.place.project;
    logs::of_project(&driver.engine, project, names, options, &mut print).await
}

/// Runs a program in a service's container.
pub(super) async fn exec(
    driver: &DockerDriver,
    service: &str,
    exec: &Exec,
    check: bool,
) -> Result<Map> {
    let container = driver.running(service).await?;
    docker::run_in(&driver.engine, &container, exec, check).await
}

/// Gives the terminal to a program in a service's container.
pub(super) async fn shell(
    host: &Host,
    driver: &DockerDriver,
    service: &str,
    exec: &Exec,
) -> Result<()> {
    let container = driver.running(service).await?;
    docker::hand_over(host, &driver.engine, &container, exec).await
}
