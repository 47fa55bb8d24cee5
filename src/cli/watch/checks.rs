//! `lexi watch` without a task: keeps the catalog loaded and checks what is saved.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use super::desk::{Desk, Own};
use super::keys::Key;
use crate::base::Result;
use crate::cli::context::Context;
use crate::cli::{args, check};
use crate::script::Catalog;
use crate::script::diagnostic::Severity;
use crate::script::watch::Next;

/// Checks all scripts now and whenever one is saved.
pub(super) fn run(args: &args::Watch, ctx: &Context) -> Result<ExitCode> {
    let project = ctx.project()?;
    let mut desk = Desk::open(args, project.clone(), ctx.output())?;
    desk.follow(None, &BTreeMap::new())?;
    let mut catalog = Catalog::load(project)?;
    check::show(&crate::script::check::project(&catalog), &catalog, ctx);
    ctx.output().say("watching all scripts");
    if let Some(keys) = &mut desk.keys {
        keys.listen();
    }
    while let Some(next) = desk.inbox.receive() {
        match next {
            Next::Other(Own::Key(Key::Quit)) => break,
            Next::Other(Own::Signal(number)) => {
                return Ok(ExitCode::from(u8::try_from(128 + number).unwrap_or(130)));
            }
            Next::Other(Own::Key(_)) => {
                catalog = catalog.renewed()?;
                check::show(&crate::script::check::project(&catalog), &catalog, ctx);
            }
            Next::Other(Own::Done(_)) => {}
            Next::Files {
                paths,
                all,
                folders,
            } => look(&mut desk, &mut catalog, (paths, all || folders), ctx)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks what has changed. What looks wrong is believed when it stays so: it may be half written.
fn look(
    desk: &mut Desk,
    catalog: &mut Catalog,
    (paths, all): (BTreeSet<PathBuf>, bool),
    ctx: &Context,
) -> Result<()> {
    let all = all || desk.has_folder(&paths);
    if all {
        desk.watch(None)?;
    }
    let Some(changed) = desk.changed(paths, all, None) else {
        return Ok(());
    };
    if changed.is_empty() || !desk.is_whole(&changed) {
        return Ok(());
    }
    let before = desk.hold(&changed);
    let renewed = catalog.renewed()?;
    let found = crate::script::check::project(&renewed);
    let is_broken = found.iter().any(|found| found.severity == Severity::Error);
    if is_broken && !desk.is_settled(&changed) {
        desk.hold_again(before);
        return Ok(());
    }
    desk.take(&changed);
    check::show(&found, &renewed, ctx);
    *catalog = renewed;
    Ok(())
}
