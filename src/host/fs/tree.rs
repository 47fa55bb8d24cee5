//! Finding, copying, moving and removing.
//!
//! Over 300 lines because the documentation of its functions is the manual.

/// More of `fs`.
#[rhai::export_module]
pub mod api {
    use rhai::{Array, Map, NativeCallContext};
    use serde::Deserialize;

    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::fs::shown;
    use crate::host::{permit, strand};
    use crate::ops::files::{self, Existing, Kinds};

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct WalkOptions {
        glob: Option<String>,
        kind: Kind,
        hidden: bool,
        follow: bool,
        max_depth: Option<usize>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        #[default]
        File,
        Dir,
        All,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct CopyOptions {
        overwrite: bool,
    }

    impl CopyOptions {
        fn existing(&self) -> Existing {
            if self.overwrite {
                Existing::Replace
            } else {
                Existing::Keep
            }
        }
    }

    /// Finds all files below a folder, sorted by name; hidden ones are left out.
    ///
    /// # Parameters
    /// - `path`: the folder
    ///
    /// # Errors
    /// - `not_found`: there is no such folder
    /// - `io`: a folder cannot be read
    ///
    /// # Example
    /// ```
    /// fs::make_dir("sql/old");
    /// fs::write("sql/a.sql", "");
    /// fs::write("sql/old/b.sql", "");
    /// ensure(fs::walk("sql") == ["sql/a.sql", "sql/old/b.sql"], "both files");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn walk(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Array> {
        walk_with(ctx, path, Map::new())
    }

    /// Finds what is below a folder, sorted by name.
    ///
    /// # Parameters
    /// - `path`: the folder
    /// - `options`: see below
    ///
    /// # Options
    /// - `glob`: a pattern for the path below the folder, such as `"**/*.sql"` (default: everything)
    /// - `kind`: `"file"`, `"dir"` or `"all"` (default `"file"`)
    /// - `hidden`: also what begins with a dot (default false)
    /// - `follow`: enter folders that links lead to (default false)
    /// - `max_depth`: how deep to go; 1 is the folder itself (default: no limit)
    ///
    /// # Errors
    /// - `not_found`: there is no such folder
    /// - `invalid`: the pattern cannot be read, or a followed link leads back
    /// - `io`: a folder cannot be read
    ///
    /// # Example
    /// ```
    /// fs::make_dir("sql/old");
    /// fs::write("sql/a.sql", "");
    /// fs::write("sql/a.txt", "");
    /// ensure(fs::walk("sql", #{ glob: "*.sql" }) == ["sql/a.sql"], "one file matches");
    /// ensure(fs::walk("sql", #{ kind: "dir" }) == ["sql/old"], "one folder");
    /// ```
    #[rhai_fn(name = "walk", return_raw)]
    pub fn walk_with(ctx: NativeCallContext, path: &str, options: Map) -> RhaiResultOf<Array> {
        let options: WalkOptions = bridge::options(&ctx, "fs::walk", options)?;
        let options = files::WalkOptions {
            pattern: options.glob,
            kinds: match options.kind {
                Kind::File => Kinds::Files,
                Kind::Dir => Kinds::Folders,
                Kind::All => Kinds::All,
            },
            hidden: options.hidden,
            follow: options.follow,
            max_depth: options.max_depth,
        };
        bridge::call(&ctx, "fs::walk", |host| {
            let cancel = strand::current().cancel;
            permit::follow(options.follow)?;
            let found = files::walk(&permit::read(host, path)?, &options, &cancel)?;
            Ok(shown(host, found))
        })
    }

    /// Finds what matches a pattern, sorted by name; nothing found is an empty array.
    ///
    /// # Parameters
    /// - `pattern`: a path with `*` (within a name), `**` (any folders), `?`, `[a-z]` or `{one,other}`; a name that begins
    ///   with a dot matches only where the pattern has the dot
    ///
    /// # Errors
    /// - `invalid`: the pattern cannot be read
    /// - `io`: a folder cannot be read
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "");
    /// fs::write("b.txt", "");
    /// ensure(fs::glob("*.txt") == ["a.txt", "b.txt"], "both match");
    /// ensure(fs::glob("*.gz") == [], "nothing matches");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn glob(ctx: NativeCallContext, pattern: &str) -> RhaiResultOf<Array> {
        bridge::call(&ctx, "fs::glob", |host| {
            let cancel = strand::current().cancel;
            let _start = permit::read(host, files::split_pattern(pattern).0)?;
            let found = files::glob(host.project().root(), pattern, &cancel)?;
            Ok(shown(host, found))
        })
    }

    /// Copies a file, or a folder with all it holds. The copy appears when it is complete; links are copied as links.
    ///
    /// # Parameters
    /// - `from`: the file or folder
    /// - `to`: the new name itself, not the folder to put it in
    ///
    /// # Errors
    /// - `not_found`: there is no such file, or no folder for the copy
    /// - `conflict`: the new name is taken
    /// - `invalid`: a folder would be copied into itself
    /// - `io`: something cannot be read or written
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "abc");
    /// fs::copy("a.txt", "b.txt");
    /// ensure(fs::read("b.txt") == "abc", "the same content");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn copy(ctx: NativeCallContext, from: &str, to: &str) -> RhaiResultOf<()> {
        copy_with(ctx, from, to, Map::new())
    }

    /// Copies a file, or a folder with all it holds, and may replace what has the new name.
    ///
    /// # Parameters
    /// - `from`: the file or folder
    /// - `to`: the new name itself, not the folder to put it in
    /// - `options`: see below
    ///
    /// # Options
    /// - `overwrite`: replace what has the new name (default false)
    ///
    /// # Errors
    /// - `not_found`: there is no such file, or no folder for the copy
    /// - `conflict`: the new name is taken
    /// - `invalid`: a folder would be copied into itself
    /// - `io`: something cannot be read or written
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "abc");
    /// fs::write("b.txt", "");
    /// fs::copy("a.txt", "b.txt", #{ overwrite: true });
    /// ensure(fs::read("b.txt") == "abc", "replaced");
    /// ```
    #[rhai_fn(name = "copy", return_raw)]
    pub fn copy_with(
        ctx: NativeCallContext,
        from: &str,
        to: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        let options: CopyOptions = bridge::options(&ctx, "fs::copy", options)?;
        bridge::call(&ctx, "fs::copy", |host| {
            let (from, to) = (permit::read(host, from)?, permit::write(host, to)?);
            files::copy(&from, &to, options.existing(), &strand::current().cancel)
        })
    }

    /// Gives a file or folder another name or place, also on another disk.
    ///
    /// # Parameters
    /// - `from`: the file or folder
    /// - `to`: the new name itself, not the folder to put it in
    ///
    /// # Errors
    /// - `not_found`: there is no such file, or no folder for it
    /// - `conflict`: the new name is taken
    /// - `invalid`: a folder would be moved into itself
    /// - `io`: it cannot be moved
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "abc");
    /// fs::move("a.txt", "b.txt");
    /// ensure(fs::exists("b.txt") && !fs::exists("a.txt"), "it has the new name only");
    /// ```
    #[rhai_fn(name = "move", return_raw)]
    pub fn move_plain(ctx: NativeCallContext, from: &str, to: &str) -> RhaiResultOf<()> {
        move_with(ctx, from, to, Map::new())
    }

    /// Gives a file or folder another name or place, and may replace what has it.
    ///
    /// # Parameters
    /// - `from`: the file or folder
    /// - `to`: the new name itself, not the folder to put it in
    /// - `options`: see below
    ///
    /// # Options
    /// - `overwrite`: replace what has the new name (default false)
    ///
    /// # Errors
    /// - `not_found`: there is no such file, or no folder for it
    /// - `conflict`: the new name is taken
    /// - `invalid`: a folder would be moved into itself
    /// - `io`: it cannot be moved
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "abc");
    /// fs::write("b.txt", "");
    /// fs::move("a.txt", "b.txt", #{ overwrite: true });
    /// ensure(fs::read("b.txt") == "abc", "replaced");
    /// ```
    #[rhai_fn(name = "move", return_raw)]
    pub fn move_with(
        ctx: NativeCallContext,
        from: &str,
        to: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        let options: CopyOptions = bridge::options(&ctx, "fs::move", options)?;
        bridge::call(&ctx, "fs::move", |host| {
            // What is moved can be read where it goes.
            let _read = permit::read(host, from)?;
            let (from, to) = (permit::write(host, from)?, permit::write(host, to)?);
            files::rename(&from, &to, options.existing(), &strand::current().cancel)
        })
    }

    /// Removes a file, a link (not what it leads to) or a folder with all it holds; gives whether there was anything.
    ///
    /// # Parameters
    /// - `path`: what to remove; never the project's folder or one that holds it
    ///
    /// # Errors
    /// - `refused`: the path is the project or holds it
    /// - `io`: it cannot be removed
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "");
    /// ensure(fs::remove("a.txt"), "it was there");
    /// ensure(!fs::remove("a.txt"), "it is gone");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn remove(ctx: NativeCallContext, path: &str) -> RhaiResultOf<bool> {
        bridge::call(&ctx, "fs::remove", |host| {
            files::remove(&permit::write(host, path)?, host.project().root())
        })
    }

    /// Makes a folder and those above it; one that is there already is fine.
    ///
    /// # Parameters
    /// - `path`: the folder
    ///
    /// # Errors
    /// - `io`: it cannot be made, for example because a file has its name
    ///
    /// # Example
    /// ```
    /// fs::make_dir("a/b/c");
    /// ensure(fs::stat("a/b/c").is_dir, "it is there");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn make_dir(ctx: NativeCallContext, path: &str) -> RhaiResultOf<()> {
        bridge::call(&ctx, "fs::make_dir", |host| {
            files::make_dir(&permit::write(host, path)?)
        })
    }

    /// Makes an empty folder outside the project that only we may enter and that goes when the run ends.
    ///
    /// # Errors
    /// - `io`: it cannot be made
    ///
    /// # Example
    /// ```
    /// let dir = fs::temp_dir();
    /// fs::write(fs::join(dir, "part"), "abc");
    /// ensure(fs::usage(dir).files == 1, "it holds one file");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn temp_dir(ctx: NativeCallContext) -> RhaiResultOf<String> {
        bridge::call(&ctx, "fs::temp_dir", |host| {
            Ok(host.temps().folder()?.display().to_string())
        })
    }

    /// Makes an empty file outside the project that only we may read and that goes when the run ends.
    ///
    /// # Errors
    /// - `io`: it cannot be made
    ///
    /// # Example
    /// ```
    /// let file = fs::temp_file();
    /// fs::write(file, "abc");
    /// ensure(fs::stat(file).mode == "0600", "only its owner may read it");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn temp_file(ctx: NativeCallContext) -> RhaiResultOf<String> {
        temp_file_with(ctx, "")
    }

    /// Makes an empty file, with a name that ends as wanted, that goes when the run ends.
    ///
    /// # Parameters
    /// - `suffix`: the end of the name, such as `".sql"`
    ///
    /// # Errors
    /// - `invalid`: the suffix has a slash
    /// - `io`: it cannot be made
    ///
    /// # Example
    /// ```
    /// ensure(fs::temp_file(".sql").ends_with(".sql"), "the end of the name");
    /// ```
    #[rhai_fn(name = "temp_file", return_raw)]
    pub fn temp_file_with(ctx: NativeCallContext, suffix: &str) -> RhaiResultOf<String> {
        bridge::call(&ctx, "fs::temp_file", |host| {
            Ok(host.temps().file(suffix)?.display().to_string())
        })
    }
}
