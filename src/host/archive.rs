//! The `archive` namespace: gzip and tar.
//!
//! Over 300 lines because the documentation of its functions is the manual.

use rhai::{Dynamic, Map, Module, NativeCallContext};

use super::bridge::{self, RhaiResultOf};
use super::program::Size;
use super::{Host, permit, strand};
use crate::base::{Error, Result};
use crate::ops::archive::{self, Compressed, Limits};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

/// Facts about a compressed file and the path it is about, as a script sees them.
fn facts(
    ctx: &NativeCallContext,
    name: &str,
    path: &str,
    facts: Compressed,
) -> RhaiResultOf<Dynamic> {
    let mut value = bridge::value(ctx, name, facts)?;
    if let Some(mut map) = value.write_lock::<Map>() {
        map.insert("path".into(), path.into());
    }
    Ok(value)
}

fn compress(ctx: &NativeCallContext, from: &str, to: &str, level: i64) -> RhaiResultOf<Dynamic> {
    let host = Host::of(ctx);
    let compressed = bridge::wait(ctx, "archive::compress", async {
        let (from, to) = (permit::read(&host, from)?, permit::write(&host, to)?);
        archive::compress(host.processes(), &from, &to, level_of(level)?).await
    })?;
    facts(ctx, "archive::compress", to, compressed)
}

fn level_of(level: i64) -> Result<u32> {
    match u32::try_from(level) {
        Ok(level @ 0..=9) => Ok(level),
        _ => Err(
            Error::invalid(format!("there is no compression level {level}"))
                .hint("levels go from 0 to 9"),
        ),
    }
}

fn decompress(ctx: &NativeCallContext, from: &str, to: &str) -> RhaiResultOf<Dynamic> {
    let host = Host::of(ctx);
    let decompressed = bridge::wait(ctx, "archive::decompress", async {
        let (from, to) = (permit::read(&host, from)?, permit::write(&host, to)?);
        archive::decompress(host.processes(), &from, &to).await
    })?;
    facts(ctx, "archive::decompress", to, decompressed)
}

/// Gzip and tar, in little memory whatever the size. What is written appears only when it is complete.
#[rhai::export_module]
pub mod api {
    use rhai::{Dynamic, Map, NativeCallContext};
    use serde::Deserialize;

    use super::{Limits, Size, archive, level_of, strand};
    use crate::base::Error;
    use crate::host::Host;
    use crate::host::bridge::{self, RhaiResultOf};

    #[derive(Debug, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct LevelOptions {
        level: i64,
    }

    impl Default for LevelOptions {
        fn default() -> Self {
            Self { level: 6 }
        }
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct ExtractOptions {
        max_bytes: Option<Size>,
        max_entries: Option<u64>,
    }

    /// Compresses a file into one beside it with `.gz` added to its name: `#{ path, bytes, raw_bytes }`.
    ///
    /// # Parameters
    /// - `path`: the file, which stays
    ///
    /// # Errors
    /// - `not_found`: there is no such file
    /// - `io`: it cannot be read or written
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "hello");
    /// let facts = archive::compress("a.txt");
    /// ensure(facts.path == "a.txt.gz" && facts.raw_bytes == 5, "five bytes went in");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn compress(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Dynamic> {
        super::compress(&ctx, path, &format!("{path}.gz"), 6)
    }

    /// Compresses a file into another one: `#{ path, bytes, raw_bytes }`.
    ///
    /// # Parameters
    /// - `path`: the file, which stays
    /// - `to`: the compressed file, which is replaced if it is there
    ///
    /// # Errors
    /// - `not_found`: there is no such file or folder
    /// - `conflict`: both are the same file
    /// - `io`: it cannot be read or written
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "hello");
    /// archive::compress("a.txt", "b.gz");
    /// ensure(archive::verify("b.gz").raw_bytes == 5, "five bytes went in");
    /// ```
    #[rhai_fn(name = "compress", return_raw)]
    pub fn compress_to(ctx: NativeCallContext, path: &str, to: &str) -> RhaiResultOf<Dynamic> {
        super::compress(&ctx, path, to, 6)
    }

    /// Compresses a file into another one at a level: `#{ path, bytes, raw_bytes }`.
    ///
    /// # Parameters
    /// - `path`: the file, which stays
    /// - `to`: the compressed file, which is replaced if it is there
    /// - `options`: see below
    ///
    /// # Options
    /// - `level`: 0 stores, 1 is fastest, 9 is smallest (default 6)
    ///
    /// # Errors
    /// - `not_found`: there is no such file or folder
    /// - `conflict`: both are the same file
    /// - `invalid`: there is no such level
    /// - `io`: it cannot be read or written
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "hello");
    /// archive::compress("a.txt", "a.gz", #{ level: 9 });
    /// ensure(archive::verify("a.gz").raw_bytes == 5, "five bytes went in");
    /// ```
    #[rhai_fn(name = "compress", return_raw)]
    pub fn compress_with(
        ctx: NativeCallContext,
        path: &str,
        to: &str,
        options: Map,
    ) -> RhaiResultOf<Dynamic> {
        let options: LevelOptions = bridge::options(&ctx, "archive::compress", options)?;
        super::compress(&ctx, path, to, options.level)
    }

    /// Decompresses a file that ends in `.gz` into one of the name without it: `#{ path, bytes, raw_bytes }`.
    ///
    /// # Parameters
    /// - `path`: the compressed file, which stays
    ///
    /// # Errors
    /// - `not_found`: there is no such file
    /// - `corrupt`: it is not whole gzip; nothing is left
    /// - `invalid`: its name does not end in `.gz`
    /// - `io`: it cannot be read or written
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "hello");
    /// archive::compress("a.txt");
    /// fs::remove("a.txt");
    /// archive::decompress("a.txt.gz");
    /// ensure(fs::read("a.txt") == "hello", "the text comes back");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn decompress(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Dynamic> {
        let Some(to) = path.strip_suffix(".gz") else {
            let message = format!("`{path}` does not end in `.gz`");
            let error =
                Error::invalid(message).hint("say where it goes: `archive::decompress(path, to)`");
            return Err(bridge::throw(&ctx, "archive::decompress", error));
        };
        super::decompress(&ctx, path, to)
    }

    /// Decompresses a file into another one: `#{ path, bytes, raw_bytes }`.
    ///
    /// # Parameters
    /// - `path`: the compressed file, which stays
    /// - `to`: the file, which is replaced if it is there
    ///
    /// # Errors
    /// - `not_found`: there is no such file or folder
    /// - `corrupt`: it is not whole gzip; nothing is left
    /// - `conflict`: both are the same file
    /// - `io`: it cannot be read or written
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "hello");
    /// archive::compress("a.txt");
    /// archive::decompress("a.txt.gz", "b.txt");
    /// ensure(fs::read("b.txt") == "hello", "the text comes back");
    /// ```
    #[rhai_fn(name = "decompress", return_raw)]
    pub fn decompress_to(ctx: NativeCallContext, path: &str, to: &str) -> RhaiResultOf<Dynamic> {
        super::decompress(&ctx, path, to)
    }

    /// Reads a compressed file to its end: the checksum and length of every member, and nothing after the last one.
    ///
    /// Gives `#{ path, bytes, raw_bytes }`.
    ///
    /// # Parameters
    /// - `path`: the compressed file
    ///
    /// # Errors
    /// - `not_found`: there is no such file
    /// - `corrupt`: it is damaged, cut off, or followed by something else
    /// - `io`: it cannot be read
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "hello");
    /// archive::compress("a.txt");
    /// fs::append("a.txt.gz", "x");
    /// let outcome = attempt(|| archive::verify("a.txt.gz"));
    /// ensure(outcome.error.kind == "corrupt", "something follows");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn verify(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Dynamic> {
        let host = Host::of(&ctx);
        let verified = bridge::wait(&ctx, "archive::verify", async {
            let file = permit::read(&host, path)?;
            archive::verify(host.processes(), &file).await
        })?;
        super::facts(&ctx, "archive::verify", path, verified)
    }

    /// Packs what a folder holds, or one file, into a tar archive: `#{ entries, raw_bytes }`.
    ///
    /// # Parameters
    /// - `from`: the folder, whose own name is not part of the archive, or a file
    /// - `to`: the archive, compressed when its name ends in `.gz` or `.tgz`
    ///
    /// # Errors
    /// - `not_found`: there is no such folder
    /// - `conflict`: a file became shorter while it was read
    /// - `invalid`: something is no file, folder or link
    /// - `io`: something cannot be read or written
    ///
    /// # Example
    /// ```
    /// fs::make_dir("data");
    /// fs::write("data/a.txt", "hello");
    /// ensure(archive::create("data", "data.tar.gz").entries == 1, "one file");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn create(ctx: NativeCallContext, from: &str, to: &str) -> RhaiResultOf<Dynamic> {
        create_with(ctx, from, to, Map::new())
    }

    /// Packs what a folder holds, or one file, into a tar archive at a level: `#{ entries, raw_bytes }`.
    ///
    /// # Parameters
    /// - `from`: the folder, whose own name is not part of the archive, or a file
    /// - `to`: the archive, compressed when its name ends in `.gz` or `.tgz`
    /// - `options`: see below
    ///
    /// # Options
    /// - `level`: 0 stores, 1 is fastest, 9 is smallest (default 6)
    ///
    /// # Errors
    /// - `not_found`: there is no such folder
    /// - `conflict`: a file became shorter while it was read
    /// - `invalid`: there is no such level, or something is no file, folder or link
    /// - `io`: something cannot be read or written
    ///
    /// # Example
    /// ```
    /// fs::make_dir("data");
    /// fs::write("data/a.txt", "hello");
    /// archive::create("data", "data.tgz", #{ level: 1 });
    /// ensure(archive::list("data.tgz")[0].path == "a.txt", "without the folder's name");
    /// ```
    #[rhai_fn(name = "create", return_raw)]
    pub fn create_with(
        ctx: NativeCallContext,
        from: &str,
        to: &str,
        options: Map,
    ) -> RhaiResultOf<Dynamic> {
        let options: LevelOptions = bridge::options(&ctx, "archive::create", options)?;
        let packed = bridge::call(&ctx, "archive::create", |host| {
            let (from, to) = (permit::read(host, from)?, permit::write(host, to)?);
            archive::pack(
                &from,
                &to,
                level_of(options.level)?,
                &strand::current().cancel,
            )
        })?;
        bridge::value(&ctx, "archive::create", packed)
    }

    /// Unpacks a tar archive into a new folder, which appears when all of it was read; gives the number of entries.
    ///
    /// Nothing in the archive is trusted: a name or link that leads out of the folder, a device, or more than 16 GB or a
    /// million entries are refused.
    ///
    /// # Parameters
    /// - `path`: the archive, compressed when its name ends in `.gz` or `.tgz`
    /// - `to`: the folder, which is not there yet or empty
    ///
    /// # Errors
    /// - `not_found`: there is no such archive
    /// - `corrupt`: it is not a whole archive
    /// - `refused`: something in it is not safe, or it is too large
    /// - `conflict`: the folder is there and not empty
    /// - `io`: something cannot be read or written
    ///
    /// # Example
    /// ```
    /// fs::make_dir("data");
    /// fs::write("data/a.txt", "hello");
    /// archive::create("data", "data.tar");
    /// archive::extract("data.tar", "copy");
    /// ensure(fs::read("copy/a.txt") == "hello", "the file comes back");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn extract(ctx: NativeCallContext, path: &str, to: &str) -> RhaiResultOf<i64> {
        extract_with(ctx, path, to, Map::new())
    }

    /// Unpacks a tar archive into a new folder, with limits; gives the number of entries.
    ///
    /// # Parameters
    /// - `path`: the archive, compressed when its name ends in `.gz` or `.tgz`
    /// - `to`: the folder, which is not there yet or empty
    /// - `options`: see below
    ///
    /// # Options
    /// - `max_bytes`: how large all files may be together, in bytes or such as `"1g"` (default `"16g"`)
    /// - `max_entries`: how many files, folders and links it may hold (default 1000000)
    ///
    /// # Errors
    /// - `not_found`: there is no such archive
    /// - `corrupt`: it is not a whole archive
    /// - `refused`: something in it is not safe, or it is too large
    /// - `conflict`: the folder is there and not empty
    /// - `io`: something cannot be read or written
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "hello");
    /// archive::create("a.txt", "a.tar");
    /// let outcome = attempt(|| archive::extract("a.tar", "copy", #{ max_bytes: 4 }));
    /// ensure(outcome.error.kind == "refused" && !fs::exists("copy"), "five bytes are too many");
    /// ```
    #[rhai_fn(name = "extract", return_raw)]
    pub fn extract_with(
        ctx: NativeCallContext,
        path: &str,
        to: &str,
        options: Map,
    ) -> RhaiResultOf<i64> {
        let options: ExtractOptions = bridge::options(&ctx, "archive::extract", options)?;
        let usual = Limits::default();
        let limits = Limits {
            bytes: options.max_bytes.map_or(usual.bytes, |Size(bytes)| bytes),
            entries: options.max_entries.unwrap_or(usual.entries),
        };
        bridge::call(&ctx, "archive::extract", |host| {
            let (from, to) = (permit::read(host, path)?, permit::write(host, to)?);
            let count = archive::unpack(&from, &to, limits, &strand::current().cancel)?;
            Ok(i64::try_from(count).unwrap_or(i64::MAX))
        })
    }

    /// What a tar archive holds: an array of `#{ path, kind, size, mode, modified }`; it is read to its end.
    ///
    /// `kind` is `"file"`, `"dir"`, `"link"` or `"other"`, `modified` in milliseconds since 1970.
    ///
    /// # Parameters
    /// - `path`: the archive, compressed when its name ends in `.gz` or `.tgz`
    ///
    /// # Errors
    /// - `not_found`: there is no such archive
    /// - `corrupt`: it is not a whole archive
    /// - `io`: it cannot be read
    ///
    /// # Example
    /// ```
    /// fs::write("a.txt", "hello");
    /// archive::create("a.txt", "a.tar");
    /// let entry = archive::list("a.tar")[0];
    /// ensure(entry.path == "a.txt" && entry.size == 5, "one file of five bytes");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn list(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Dynamic> {
        let listed = bridge::call(&ctx, "archive::list", |host| {
            archive::list(&permit::read(host, path)?, &strand::current().cancel)
        })?;
        bridge::value(&ctx, "archive::list", listed)
    }
}
