//! Which backup is meant: `latest`, a name in the folder of backups, or a path.

use std::path::{Path, PathBuf};

use super::super::list::{Entry, list, newest_good};
use super::super::manifest::Manifest;
use super::safety::LABEL;
use crate::base::text::{count, did_you_mean};
use crate::base::{Error, Result};

/// The file that `what` means: `latest` is the newest verified backup of `database` that no restore made of what it was about
/// to replace. Else a second try after one that failed would bring back what the first was to mend.
pub fn pick(what: &str, folder: &Path, root: &Path, database: &str) -> Result<PathBuf> {
    let entries = list(folder)?;
    if what == "latest" {
        return entries
            .iter()
            .find(|entry| entry.manifest().is_some_and(|one| is_wanted(one, database)))
            .map(|entry| entry.path.clone())
            .ok_or_else(|| no_latest(&entries, folder, database));
    }
    let candidates = [root.join(what), folder.join(what)];
    if let Some(found) = candidates.iter().find(|path| path.is_file()) {
        return Ok(found.clone());
    }
    if let Some(found) = candidates
        .iter()
        .find(|path| path.join("toc.dat").is_file())
    {
        let path = found.display();
        return Err(Error::refused(format!(
            "`{path}` is a folder that pg_dump wrote, not plain SQL"
        ))
        .hint(format!(
            "make plain SQL of it first: `pg_restore -f {path}.sql {path}`"
        )));
    }
    let names: Vec<String> = entries.iter().map(|entry| entry.name.to_string()).collect();
    let hint = match did_you_mean(what, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "see what there is: `lexi run restore`".to_owned(),
    };
    Err(Error::not_found(format!("there is no backup `{what}`")).hint(hint))
}

fn is_wanted(manifest: &Manifest, database: &str) -> bool {
    manifest.database == database && manifest.label.as_deref() != Some(LABEL)
}

fn no_latest(entries: &[Entry], folder: &Path, database: &str) -> Error {
    let message = format!(
        "no verified backup of database `{database}` in `{}`",
        folder.display()
    );
    let others = entries
        .iter()
        .filter(|entry| entry.manifest().is_some())
        .count();
    let hint = if newest_good(entries, database).is_some() {
        "only those are there that restores made first: name one, see `lexi run restore --list`"
            .to_owned()
    } else if others > 0 {
        format!(
            "{} of other databases are there: name one",
            count("backup", others)
        )
    } else {
        "make one: `lexi run backup`".to_owned()
    };
    Error::not_found(message).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::super::super::manifest::tests::sample;
    use super::*;

    #[test]
    fn latest_is_the_newest_verified_one_of_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let names =
            ["20260103", "20260102", "20260101"].map(|day| format!("a_backup_{day}_000000.sql.gz"));
        for name in &names {
            std::fs::write(folder.path().join(name), "abc").unwrap();
        }
        for name in &names[1..] {
            sample(name).write(folder.path()).unwrap();
        }
        let pick = |what: &str| pick(what, folder.path(), folder.path(), "lexiflow_dev");

        assert_eq!(pick("latest").unwrap(), folder.path().join(&names[1]));
        assert_eq!(pick(&names[0]).unwrap(), folder.path().join(&names[0]));
        let error = pick("a_backup_20260101_000001.sql.gz").unwrap_err();
        assert!(
            error
                .hint_text()
                .unwrap()
                .starts_with("did you mean `a_backup_2026")
        );
    }

    #[test]
    fn a_safety_backup_is_not_the_latest() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["20260102", "20260101"].map(|day| format!("a_backup_{day}_000000.sql.gz"));
        for (name, label) in names.iter().zip([Some(LABEL), None]) {
            std::fs::write(folder.path().join(name), "abc").unwrap();
            let mut manifest = sample(name);
            manifest.label = label.map(str::to_owned);
            manifest.write(folder.path()).unwrap();
        }
        let pick = || pick("latest", folder.path(), folder.path(), "lexiflow_dev");

        assert_eq!(pick().unwrap(), folder.path().join(&names[1]));
        std::fs::remove_file(folder.path().join(&names[1])).unwrap();
        let error = pick().unwrap_err();
        assert!(error.hint_text().unwrap().contains("restores made first"));
    }

    #[test]
    fn a_backup_of_another_database_is_not_the_latest() {
        let folder = tempfile::tempdir().unwrap();
        let name = "a_backup_20260101_000000.sql.gz";
        std::fs::write(folder.path().join(name), "abc").unwrap();
        sample(name).write(folder.path()).unwrap();

        let error = pick("latest", folder.path(), folder.path(), "prod").unwrap_err();

        let hint = error.hint_text().unwrap();
        assert_eq!(hint, "1 backup of other databases are there: name one");
    }
}
