//! Paths as text; nothing here looks at the disk.

use std::path::Path;

/// A part of a path as text; empty when there is none.
fn text(part: Option<&std::ffi::OsStr>) -> String {
    part.map(|part| part.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// More of `fs`.
#[rhai::export_module]
pub mod api {
    use rhai::NativeCallContext;

    use crate::host::Host;

    /// The last part of a path.
    ///
    /// # Parameters
    /// - `path`: a path; nothing is looked at
    ///
    /// # Example
    /// ```
    /// ensure(fs::name("backups/a.sql.gz") == "a.sql.gz", "the last part");
    /// ```
    pub fn name(path: &str) -> String {
        super::text(super::Path::new(path).file_name())
    }

    /// The path without its last part; empty for a bare name.
    ///
    /// # Parameters
    /// - `path`: a path; nothing is looked at
    ///
    /// # Example
    /// ```
    /// ensure(fs::parent("backups/a.sql.gz") == "backups", "the folder");
    /// ensure(fs::parent("a.sql.gz") == "", "a bare name has none");
    /// ```
    pub fn parent(path: &str) -> String {
        super::text(super::Path::new(path).parent().map(AsRef::as_ref))
    }

    /// The end of a name after its last dot, without the dot; empty when there is none.
    ///
    /// # Parameters
    /// - `path`: a path; nothing is looked at
    ///
    /// # Example
    /// ```
    /// ensure(fs::extension("backups/a.sql.gz") == "gz", "after the last dot");
    /// ensure(fs::extension(".env") == "", "a leading dot starts no extension");
    /// ```
    pub fn extension(path: &str) -> String {
        super::text(super::Path::new(path).extension())
    }

    /// The last part of a path without its extension.
    ///
    /// # Parameters
    /// - `path`: a path; nothing is looked at
    ///
    /// # Example
    /// ```
    /// ensure(fs::stem("backups/a.sql.gz") == "a.sql", "without `.gz`");
    /// ```
    pub fn stem(path: &str) -> String {
        super::text(super::Path::new(path).file_stem())
    }

    /// Puts a path below a folder; an absolute path replaces the folder.
    ///
    /// # Parameters
    /// - `folder`: the folder
    /// - `path`: what is in it
    ///
    /// # Example
    /// ```
    /// ensure(fs::join("backups", "a.gz") == "backups/a.gz", "with one slash");
    /// ensure(fs::join("backups/", "a.gz") == "backups/a.gz", "and not two");
    /// ```
    pub fn join(folder: &str, path: &str) -> String {
        super::Path::new(folder).join(path).display().to_string()
    }

    /// The whole path, from the root of the file system, of a path relative to the project.
    ///
    /// # Parameters
    /// - `path`: a path; nothing is looked at
    ///
    /// # Example
    /// ```
    /// ensure(fs::absolute("a.txt").starts_with("/"), "from the root");
    /// ```
    pub fn absolute(ctx: NativeCallContext, path: &str) -> String {
        let path = Host::of(&ctx).project().path(path);
        crate::ops::files::normal(&path).display().to_string()
    }
}
