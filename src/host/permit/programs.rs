//! Programs: which file one is, and whether that very file was granted.

use std::path::{Path, PathBuf};

use super::refusal::Wanted;
use super::{Access, Permit, current, paths};
use crate::base::Result;
use crate::host::Host;
use crate::ops::process::Program;

impl Permit {
    fn program(&self, host: &Host, name: &str, dir: &Path) -> Result<String> {
        let found = locate(host, name, dir);
        let is_granted = |found: &PathBuf| {
            let mut grants = self.allow.run.iter();
            grants.any(|grant| locate(host, grant, host.project().root()).as_ref() == Some(found))
        };
        let Some(file) = found.filter(is_granted) else {
            return Err(self.refuse(Wanted::Run(name)));
        };
        // Whoever may write a program may make it another one.
        let real = file.canonicalize().unwrap_or_else(|_| file.clone());
        if self.covers(host, Access::Write, &real) || self.covers(host, Access::Write, &file) {
            return Err(self.refuse(Wanted::Writable(&file.display().to_string())));
        }
        Ok(file.display().to_string())
    }

    /// A program works in the project's folder, or in one that the script may read or write.
    fn workplace(&self, host: &Host, dir: &Path) -> Result<()> {
        let place = paths::resolve(dir);
        let is_root = place.as_deref() == Some(host.project().root());
        let is_granted = |place: &PathBuf| {
            self.covers(host, Access::Read, place) || self.covers(host, Access::Write, place)
        };
        if is_root || place.as_ref().is_some_and(is_granted) {
            return Ok(());
        }
        let shown = host.project().display(dir);
        Err(self.refuse(Wanted::Path(Access::Read, &shown)))
    }
}

/// The file of a program: its folder with links followed, under its own name. Of many programs in one file (busybox), the
/// name says which.
fn locate(host: &Host, name: &str, dir: &Path) -> Option<PathBuf> {
    let found = Program::new(name).dir(dir).find(host.processes()).ok()?;
    let folder = found.parent()?.canonicalize().ok()?;
    Some(folder.join(found.file_name()?))
}

/// The name under which to start a program that the running script wants: the file itself when it is held to a permit.
pub(in crate::host) fn granted(host: &Host, name: &str, dir: &Path) -> Result<String> {
    let Some(permit) = current() else {
        return Ok(name.to_owned());
    };
    permit.workplace(host, dir)?;
    permit.program(host, name, dir)
}
