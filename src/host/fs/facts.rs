//! What is known about files.

/// More of `fs`.
#[rhai::export_module]
pub mod api {
    use rhai::{Dynamic, NativeCallContext};

    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::pipe::Pipe;
    use crate::host::{permit, strand};
    use crate::ops::files;
    use crate::ops::pipeline::Pipeline;

    /// What is known about a file or folder: `#{ size, modified, is_file, is_dir, is_link, mode }`.
    ///
    /// `size` is in bytes, `modified` in milliseconds since 1970, `mode` four octal digits. Of a link, everything but
    /// `is_link` is about what it leads to.
    ///
    /// # Parameters
    /// - `path`: the file or folder
    ///
    /// # Errors
    /// - `not_found`: there is nothing
    /// - `io`: it cannot be looked at
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "abc", #{ mode: "0640" });
    /// let stat = fs::stat("a.txt");
    /// ensure(stat.size == 3 && stat.is_file && stat.mode == "0640", "as it was written");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn stat(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Dynamic> {
        let stat = bridge::call(&ctx, "fs::stat", |host| {
            files::stat(&permit::read(host, path)?)
        })?;
        bridge::value(&ctx, "fs::stat", stat)
    }

    /// Whether there is a file or folder, or a link that leads to one.
    ///
    /// # Parameters
    /// - `path`: the file or folder
    ///
    /// # Example
    /// ```
    /// ensure(!fs::exists("a.txt"), "not yet");
    /// fs::write("a.txt", "");
    /// ensure(fs::exists("a.txt"), "now it is there");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn exists(ctx: NativeCallContext, path: &str) -> RhaiResultOf<bool> {
        bridge::call(&ctx, "fs::exists", |host| {
            Ok(permit::read(host, path)?.exists())
        })
    }

    /// Whether there is a file, or a link that leads to one.
    ///
    /// # Parameters
    /// - `path`: the file
    ///
    /// # Example
    /// ```
    /// ensure(!fs::is_file("."), "a folder is no file");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn is_file(ctx: NativeCallContext, path: &str) -> RhaiResultOf<bool> {
        bridge::call(&ctx, "fs::is_file", |host| {
            Ok(permit::read(host, path)?.is_file())
        })
    }

    /// Whether there is a folder, or a link that leads to one.
    ///
    /// # Parameters
    /// - `path`: the folder
    ///
    /// # Example
    /// ```
    /// ensure(fs::is_dir("."), "the project's folder");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn is_dir(ctx: NativeCallContext, path: &str) -> RhaiResultOf<bool> {
        bridge::call(&ctx, "fs::is_dir", |host| {
            Ok(permit::read(host, path)?.is_dir())
        })
    }

    /// The SHA-256 of a file as lower-case hexadecimal digits.
    ///
    /// # Parameters
    /// - `path`: the file, of any size
    ///
    /// # Errors
    /// - `not_found`: there is no such file
    /// - `io`: it cannot be read
    ///
    /// # Example
    /// ```
    /// fs::write("abc", "abc");
    /// ensure(fs::sha256("abc").starts_with("ba7816bf8f01cfea"), "the known hash");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn sha256(ctx: NativeCallContext, path: &str) -> RhaiResultOf<String> {
        bridge::call(&ctx, "fs::sha256", |host| {
            files::sha256(&permit::read(host, path)?, &strand::current().cancel)
        })
    }

    /// How much may still be written to the disk that holds a path, in bytes.
    ///
    /// # Parameters
    /// - `path`: a file or folder, which need not be there yet
    ///
    /// # Errors
    /// - `io`: the disk cannot be asked
    ///
    /// # Example
    /// ```
    /// ensure(fs::disk_free(".") > 0, "the disk is full");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn disk_free(ctx: NativeCallContext, path: &str) -> RhaiResultOf<i64> {
        bridge::call(&ctx, "fs::disk_free", |host| {
            let disk = files::disk(&permit::read(host, path)?)?;
            Ok(i64::try_from(disk.free).unwrap_or(i64::MAX))
        })
    }

    /// Adds up what a folder holds: `#{ bytes, disk_bytes, files, folders }`; links are not followed.
    ///
    /// # Parameters
    /// - `path`: the folder, or a file
    ///
    /// # Errors
    /// - `not_found`: there is nothing
    /// - `io`: something cannot be looked at
    ///
    /// # Example
    /// ```
    /// fs::make_dir("data");
    /// fs::write("data/a", "abc");
    /// fs::write("data/b", "de");
    /// let usage = fs::usage("data");
    /// ensure(usage.bytes == 5 && usage.files == 2, "two files, five bytes");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn usage(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Dynamic> {
        let usage = bridge::call(&ctx, "fs::usage", |host| {
            files::usage(&permit::read(host, path)?, &strand::current().cancel)
        })?;
        bridge::value(&ctx, "fs::usage", usage)
    }

    /// A file as the start of a pipeline: its bytes flow through stages to a sink without entering the script.
    ///
    /// Nothing is read before a sink (`write`, `text`, `into`, `verify`) is called.
    ///
    /// # Parameters
    /// - `path`: the file
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "abc");
    /// let facts = fs::stream("a.txt").gzip(6).sha256().write("a.txt.gz");
    /// ensure(facts.sha256 == fs::sha256("a.txt.gz"), "the hash of what was written");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn stream(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Pipe> {
        bridge::call(&ctx, "fs::stream", |host| {
            Ok(Pipe::of(Pipeline::from_file(permit::read(host, path)?)))
        })
    }
}
