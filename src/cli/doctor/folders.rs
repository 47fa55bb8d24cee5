//! The folders that runs write to, and the locks in them.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::report::Report;
use crate::base::{Error, Project, Result, Settings, units};
use crate::host::Host;
use crate::ops::backup::ready;
use crate::ops::lock;

/// How deep below the state folder locks lie.
const DEPTH: usize = 4;

/// The folder of the project's state.
pub(super) fn state(report: &mut Report, project: &Project) {
    let folder = project.state();
    match writable_folder(&folder) {
        Ok(()) => report.ok("state", format!("{} is writable", folder.display())),
        Err(error) => report.failed("state", &error),
    }
}

/// Lock files that a run could not open, and locks that are held now.
pub(super) fn locks(report: &mut Report, project: &Project, settings: &Settings) {
    let walk = walkdir::WalkDir::new(project.state()).max_depth(DEPTH);
    let files = walk
        .into_iter()
        .filter_map(std::result::Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|end| end == "lock"));
    let backups = settings
        .get("BACKUP_DIR")
        .map(|folder| project.path(folder).join(".lock"))
        .filter(|path| path.is_file());
    let files: Vec<PathBuf> = files.chain(backups).collect();
    let mut is_well = true;
    for path in &files {
        let name = project.display(path);
        if let Err(error) = writable_file(path) {
            is_well = false;
            report.failed("locks", &error);
        } else if let Some(held) = lock::held(path, &name) {
            is_well = false;
            report.note(
                "locks",
                held.message(),
                held.hint_text().unwrap_or_default(),
            );
        }
    }
    if is_well {
        report.ok("locks", "none is held");
    }
}

/// The folder of backups, and whether one more fits.
pub(super) fn backups(report: &mut Report, host: &Host) {
    let looked = || -> Result<String> {
        let folder = host.settings().require("BACKUP_DIR")?;
        let folder = host.project().path(folder);
        writable_folder(&folder)?;
        let database = host.settings().get("DB_DATABASE").unwrap_or_default();
        let free = ready::room(&folder, database)?;
        let (folder, free) = (folder.display(), units::bytes(free));
        Ok(format!("{folder} is writable, {free} are free"))
    };
    match looked() {
        Ok(found) => report.ok("backups", found),
        Err(error) => report.failed("backups", &error),
    }
}

/// A folder that can be written to, or that can be made.
fn writable_folder(folder: &Path) -> Result<()> {
    let there = folder.ancestors().find(|folder| folder.exists());
    let there = there.unwrap_or(folder);
    let shown = there.display();
    if !there.is_dir() {
        let message = format!("`{shown}` is not a folder");
        return Err(Error::refused(message).hint("move it away, or name another folder"));
    }
    may(
        there,
        Access::WRITE_OK | Access::EXEC_OK,
        "write to",
        "u+rwx",
    )
}

fn writable_file(path: &Path) -> Result<()> {
    may(
        path,
        Access::READ_OK | Access::WRITE_OK,
        "open lock",
        "u+rw",
    )
}

fn may(path: &Path, wanted: Access, doing: &str, mode: &str) -> Result<()> {
    let shown = path.display();
    access(path, wanted).map_err(|e| {
        let user = crate::ops::who::user();
        Error::io(format!("{user} cannot {doing} `{shown}`"), e.into())
            .hint(format!("chown {user} {shown} && chmod {mode} {shown}"))
    })
}
