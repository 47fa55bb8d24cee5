//! What files hold.

/// Files and folders. Paths are relative to the project's folder; what is written appears only when it is complete.
#[rhai::export_module]
pub mod api {
    use rhai::{Array, Blob, Dynamic, Map, NativeCallContext};

    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::fs::{WriteOptions, bytes_of};
    use crate::host::permit;
    use crate::ops::files;

    /// Reads a text file.
    ///
    /// # Parameters
    /// - `path`: the file, at most 64 MB of UTF-8
    ///
    /// # Errors
    /// - `not_found`: there is no such file
    /// - `invalid`: it is a folder, larger than 64 MB, or not UTF-8
    /// - `io`: it cannot be read
    ///
    /// # Example
    /// ```
    /// fs::write("greeting.txt", "hello");
    /// ensure(fs::read("greeting.txt") == "hello", "the text comes back");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn read(ctx: NativeCallContext, path: &str) -> RhaiResultOf<String> {
        bridge::call(&ctx, "fs::read", |host| {
            files::read_text(&permit::read(host, path)?)
        })
    }

    /// Reads the lines of a text file, without their line ends.
    ///
    /// # Parameters
    /// - `path`: the file, at most 64 MB of UTF-8
    ///
    /// # Errors
    /// - `not_found`: there is no such file
    /// - `invalid`: it is a folder, larger than 64 MB, or not UTF-8
    /// - `io`: it cannot be read
    ///
    /// # Example
    /// ```
    /// fs::write("names.txt", "Ann\nBob\n");
    /// ensure(fs::read_lines("names.txt") == ["Ann", "Bob"], "two lines");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn read_lines(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Array> {
        bridge::call(&ctx, "fs::read_lines", |host| {
            let text = files::read_text(&permit::read(host, path)?)?;
            Ok(text.lines().map(Into::into).collect())
        })
    }

    /// Reads the bytes of a file.
    ///
    /// # Parameters
    /// - `path`: the file, at most 64 MB
    ///
    /// # Errors
    /// - `not_found`: there is no such file
    /// - `invalid`: it is a folder or larger than 64 MB
    /// - `io`: it cannot be read
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "abc");
    /// ensure(fs::read_bytes("a.txt").len() == 3, "three bytes");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn read_bytes(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Blob> {
        bridge::call(&ctx, "fs::read_bytes", |host| {
            files::read_bytes(&permit::read(host, path)?)
        })
    }

    /// Replaces a file, all or nothing: nobody ever sees half of it, and it is on the disk when this returns.
    ///
    /// # Parameters
    /// - `path`: the file; its folder must be there
    /// - `content`: a string or a blob
    ///
    /// # Errors
    /// - `not_found`: its folder is not there
    /// - `invalid`: the content is something else, or the path is a folder
    /// - `io`: it cannot be written
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "first");
    /// fs::write("a.txt", "second");
    /// ensure(fs::read("a.txt") == "second", "the earlier content is replaced");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn write(ctx: NativeCallContext, path: &str, content: Dynamic) -> RhaiResultOf<()> {
        write_with(ctx, path, content, Map::new())
    }

    /// Replaces a file, all or nothing, with the permissions it shall have.
    ///
    /// # Parameters
    /// - `path`: the file; its folder must be there
    /// - `content`: a string or a blob
    /// - `options`: see below
    ///
    /// # Options
    /// - `mode`: permissions as octal digits such as `"0600"` (default: those of the file that is replaced, else the umask's)
    ///
    /// # Errors
    /// - `not_found`: its folder is not there
    /// - `invalid`: the content or an option is something else, or the path is a folder
    /// - `io`: it cannot be written
    ///
    /// # Example
    /// ```
    /// fs::write("key", "abc", #{ mode: "0600" });
    /// ensure(fs::stat("key").mode == "0600", "only its owner may read it");
    /// ```
    #[rhai_fn(name = "write", return_raw)]
    pub fn write_with(
        ctx: NativeCallContext,
        path: &str,
        content: Dynamic,
        options: Map,
    ) -> RhaiResultOf<()> {
        let options: WriteOptions = bridge::options(&ctx, "fs::write", options)?;
        bridge::call(&ctx, "fs::write", |host| {
            let mode = options.bits();
            files::write(&permit::write(host, path)?, &bytes_of(content)?, mode)
        })
    }

    /// Adds to the end of a file; makes the file when it is not there.
    ///
    /// # Parameters
    /// - `path`: the file; its folder must be there
    /// - `content`: a string or a blob
    ///
    /// # Errors
    /// - `not_found`: its folder is not there
    /// - `invalid`: the content is something else
    /// - `io`: it cannot be written
    ///
    /// # Example
    /// ```
    /// fs::append("log.txt", "one\n");
    /// fs::append("log.txt", "two\n");
    /// ensure(fs::read_lines("log.txt").len() == 2, "both are there");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn append(ctx: NativeCallContext, path: &str, content: Dynamic) -> RhaiResultOf<()> {
        append_with(ctx, path, content, Map::new())
    }

    /// Adds to the end of a file; makes the file, with the permissions it shall have, when it is not there.
    ///
    /// # Parameters
    /// - `path`: the file; its folder must be there
    /// - `content`: a string or a blob
    /// - `options`: see below
    ///
    /// # Options
    /// - `mode`: permissions of a new file as octal digits such as `"0600"` (default: the umask's)
    ///
    /// # Errors
    /// - `not_found`: its folder is not there
    /// - `invalid`: the content or an option is something else
    /// - `io`: it cannot be written
    ///
    /// # Example
    /// ```
    /// fs::append("audit.log", "started\n", #{ mode: "0600" });
    /// ensure(fs::stat("audit.log").mode == "0600", "only its owner may read it");
    /// ```
    #[rhai_fn(name = "append", return_raw)]
    pub fn append_with(
        ctx: NativeCallContext,
        path: &str,
        content: Dynamic,
        options: Map,
    ) -> RhaiResultOf<()> {
        let options: WriteOptions = bridge::options(&ctx, "fs::append", options)?;
        bridge::call(&ctx, "fs::append", |host| {
            let mode = options.bits();
            files::append(&permit::write(host, path)?, &bytes_of(content)?, mode)
        })
    }
}
