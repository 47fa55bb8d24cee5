//! Reads tar archives, and trusts nothing in them.
//!
//! Names are relative and stay below the folder, links lead nowhere else, nor by way of each other, devices are refused, sizes have limits, and
//! the folder appears only when the whole archive was read.
//!
//! Over 300 lines because every way to put an entry is kept beside its guards.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tar::EntryType;

use super::is_compressed;
use crate::base::{Cancel, Error, Kind, Result, units};
use crate::ops::files::PartialFolder;
use crate::ops::pipeline::Gunzip;

/// How large an archive may become.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of all files together.
    pub bytes: u64,
    /// Files, folders and links.
    pub entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 16 << 30,
            entries: 1_000_000,
        }
    }
}

/// One entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its name in the archive.
    pub path: String,
    /// `file`, `dir`, `link` or `other`.
    pub kind: &'static str,
    /// Bytes, for a file.
    pub size: u64,
    /// Permissions as four octal digits.
    pub mode: String,
    /// When it was last changed, in milliseconds since 1970.
    pub modified: i64,
}

/// What an archive holds, read to its end.
pub fn list(path: &Path, cancel: &Cancel) -> Result<Vec<Listed>> {
    let mut listed = Vec::new();
    read(path, Limits::default(), cancel, |entry| {
        listed.push(Listed {
            path: entry.path.display().to_string(),
            kind: match entry.kind {
                EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => "file",
                EntryType::Directory => "dir",
                EntryType::Symlink | EntryType::Link => "link",
                _ => "other",
            },
            size: entry.size,
            mode: format!("{:04o}", entry.mode),
            modified: i64::try_from(entry.modified * 1000).unwrap_or(i64::MAX),
        });
        Ok(())
    })?;
    Ok(listed)
}

/// Unpacks an archive into a folder that must not be there, or be empty. Gives the number of entries.
pub fn unpack(path: &Path, to: &Path, limits: Limits, cancel: &Cancel) -> Result<u64> {
    refuse_filled(to)?;
    let partial = PartialFolder::create(to)?;
    let mut folders = Vec::new();
    let mut links = Vec::new();
    let mut written = 0;
    let mut count = 0;
    read(path, limits, cancel, |mut entry| {
        count += 1;
        let mut place = Place {
            root: partial.path(),
            left: limits.bytes - written,
            folders: &mut folders,
            links: &mut links,
        };
        written += place.put(&mut entry)?;
        Ok(())
    })?;
    refuse_links_out(path, partial.path(), &links, cancel)?;
    // A folder that may not be written to gets its permissions when nothing is written to it any more.
    for (folder, mode) in folders.into_iter().rev() {
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode))
            .map_err(|e| Error::io(format!("cannot unpack `{}`", folder.display()), e))?;
    }
    partial.commit()?;
    Ok(count)
}

fn refuse_filled(to: &Path) -> Result<()> {
    let is_free = match fs::symlink_metadata(to) {
        Err(_) => true,
        Ok(facts) => {
            facts.is_dir() && fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_none())
        }
    };
    if is_free {
        return Ok(());
    }
    let message = format!("`{}` is already there", to.display());
    Err(Error::new(Kind::Conflict, message).hint("unpack into a new folder"))
}

/// An entry with what is known about it.
struct Entry<'a> {
    path: PathBuf,
    link: Option<PathBuf>,
    kind: EntryType,
    size: u64,
    mode: u32,
    modified: u64,
    content: &'a mut dyn Read,
    archive: &'a Path,
}

/// Reads an archive entry by entry to its very end.
fn read(
    path: &Path,
    limits: Limits,
    cancel: &Cancel,
    mut each: impl FnMut(Entry<'_>) -> Result<()>,
) -> Result<()> {
    let file = File::open(path).map_err(|e| cannot_read(path, e))?;
    let file = BufReader::with_capacity(256 * 1024, file);
    let source: Box<dyn Read> = if is_compressed(path) {
        Box::new(Gunzip::new(file))
    } else {
        Box::new(file)
    };
    let damaged = |e: io::Error| cancel.check().err().unwrap_or_else(|| explain(path, e));
    let mut archive = tar::Archive::new(Watched {
        source,
        cancel,
        has_ended: false,
    });
    let mut count = 0;
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        count += 1;
        if count > limits.entries {
            let message = format!(
                "`{}` holds more than {} entries",
                path.display(),
                limits.entries
            );
            return Err(Error::refused(message));
        }
        if matches!(entry.header().entry_type(), EntryType::XGlobalHeader) {
            continue;
        }
        let header = entry.header();
        let known = Entry {
            kind: header.entry_type(),
            size: entry.size(),
            mode: header.mode().map_err(damaged)? & 0o7777,
            modified: header.mtime().map_err(damaged)?,
            path: entry.path().map_err(damaged)?.into_owned(),
            link: entry.link_name().map_err(damaged)?.map(Into::into),
            content: &mut entry,
            archive: path,
        };
        each(known).map_err(|error| cancel.check().err().unwrap_or(error))?;
    }
    let mut rest = archive.into_inner();
    if rest.has_ended {
        return Err(explain(path, io::ErrorKind::UnexpectedEof.into()));
    }
    // What follows is padding, but reading it checks the end of a compressed archive.
    io::copy(&mut rest, &mut io::sink())
        .map(|_| ())
        .map_err(damaged)
}

fn cannot_read(path: &Path, e: io::Error) -> Error {
    Error::io(format!("cannot read `{}`", path.display()), e)
}

fn explain(path: &Path, e: io::Error) -> Error {
    if e.raw_os_error().is_some() {
        return cannot_read(path, e);
    }
    let message = format!("`{}` is not a whole archive", path.display());
    match e.kind() {
        io::ErrorKind::UnexpectedEof => Error::corrupt(format!("{message}: the end is missing")),
        _ => Error::corrupt(message).because(e),
    }
}

/// Looks at the request to stop with every read, and notes when the bytes end before the archive says so.
struct Watched<'a> {
    source: Box<dyn Read>,
    cancel: &'a Cancel,
    has_ended: bool,
}

impl Read for Watched<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("stopped"));
        }
        let count = self.source.read(into)?;
        self.has_ended |= count == 0 && !into.is_empty();
        Ok(count)
    }
}

/// Where entries are put.
struct Place<'a> {
    root: &'a Path,
    left: u64,
    folders: &'a mut Vec<(PathBuf, u32)>,
    links: &'a mut Vec<PathBuf>,
}

impl Place<'_> {
    /// Puts an entry in its place; gives the bytes it took.
    fn put(&mut self, entry: &mut Entry<'_>) -> Result<u64> {
        let below = safe(entry, &entry.path)?;
        if below.as_os_str().is_empty() {
            return Ok(0);
        }
        let target = self.root.join(&below);
        self.make_folders(entry, &below)?;
        match entry.kind {
            EntryType::Directory => self.put_folder(entry, target).map(|()| 0),
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                self.put_file(entry, &target)
            }
            EntryType::Symlink => {
                put_link(entry, &below, &target)?;
                self.links.push(below);
                Ok(0)
            }
            EntryType::Link => self.put_other_name(entry, &target).map(|()| 0),
            _ => Err(refused(
                entry,
                "is a device or something else that is no file",
            )),
        }
    }

    /// Makes the folders above an entry, none of which may be a link.
    fn make_folders(&self, entry: &Entry<'_>, below: &Path) -> Result<()> {
        let mut folder = self.root.to_owned();
        for part in below.parent().into_iter().flat_map(Path::components) {
            folder.push(part);
            match fs::symlink_metadata(&folder) {
                Ok(facts) if facts.is_dir() => {}
                Ok(_) => return Err(refused(entry, "lies below something that is no folder")),
                Err(_) => make_folder(&folder).map_err(|e| cannot_put(entry, e))?,
            }
        }
        Ok(())
    }

    fn put_folder(&mut self, entry: &Entry<'_>, target: PathBuf) -> Result<()> {
        match fs::symlink_metadata(&target) {
            Ok(facts) if facts.is_dir() => {}
            Ok(_) => {
                return Err(refused(
                    entry,
                    "has the name of something that is no folder",
                ));
            }
            Err(_) => make_folder(&target).map_err(|e| cannot_put(entry, e))?,
        }
        self.folders.push((target, entry.mode & 0o777));
        Ok(())
    }

    fn put_file(&self, entry: &mut Entry<'_>, target: &Path) -> Result<u64> {
        make_way(entry, target)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(target).map_err(|e| cannot_put(entry, e))?;
        let mut content = (&mut *entry.content).take(self.left.saturating_add(1));
        let copied = io::copy(&mut content, &mut file);
        let count = copied.map_err(|e| match e.raw_os_error() {
            Some(_) => cannot_put(entry, e),
            None => explain(entry.archive, e),
        })?;
        if count > self.left {
            let message = format!("`{}` is larger than allowed", entry.archive.display());
            let hint = format!(
                "{} were left at `{}`",
                units::bytes(self.left),
                entry.path.display()
            );
            return Err(Error::refused(message).hint(hint));
        }
        if count != entry.size {
            return Err(explain(entry.archive, io::ErrorKind::UnexpectedEof.into()));
        }
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(entry.modified.min(1 << 40));
        file.set_permissions(fs::Permissions::from_mode(entry.mode & 0o777))
            .and_then(|()| file.set_modified(modified))
            .map_err(|e| cannot_put(entry, e))?;
        Ok(count)
    }

    /// A second name of a file that was unpacked before.
    fn put_other_name(&self, entry: &Entry<'_>, target: &Path) -> Result<()> {
        let named = entry.link.as_deref().unwrap_or(Path::new(""));
        let first = safe(entry, named)?;
        self.make_folders(entry, &first)?;
        let first = self.root.join(first);
        if !fs::symlink_metadata(&first).is_ok_and(|facts| facts.is_file()) {
            return Err(refused(
                entry,
                "is another name of something that is no file",
            ));
        }
        make_way(entry, target)?;
        fs::hard_link(first, target).map_err(|e| cannot_put(entry, e))
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o755).create(path)
}

fn put_link(entry: &Entry<'_>, below: &Path, target: &Path) -> Result<()> {
    let leads = entry.link.as_deref().unwrap_or(Path::new(""));
    let mut depth = below.components().count() - 1;
    for part in leads.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return Err(refused(entry, "is a link that leads out of the folder")),
        }
    }
    make_way(entry, target)?;
    symlink(leads, target).map_err(|e| cannot_put(entry, e))
}

/// Refuses links that lead out by way of other links, which shows only when all of them are there.
fn refuse_links_out(archive: &Path, root: &Path, links: &[PathBuf], cancel: &Cancel) -> Result<()> {
    for link in links {
        cancel.check()?;
        if leads_out(root, link) {
            let (archive, link) = (archive.display(), link.display());
            let why = "is a link that leads out of the folder by way of other links";
            return Err(Error::refused(format!(
                "`{archive}` is not unpacked: `{link}` {why}"
            )));
        }
    }
    Ok(())
}

/// No system follows more links than Linux does, see `path_resolution(7)`: a path over more of them leads nowhere.
const MOST_LINKS: usize = 40;

/// Whether a path below the root leads above it. What is not there counts as a folder that somebody may make later.
fn leads_out(root: &Path, below: &Path) -> bool {
    let mut ahead = vec![below.to_owned()];
    let mut place = PathBuf::new();
    let mut followed = 0;
    while let Some(path) = ahead.pop() {
        let mut parts = path.components();
        let Some(part) = parts.next() else { continue };
        ahead.push(parts.as_path().to_owned());
        match part {
            Component::CurDir => {}
            Component::ParentDir if place.pop() => {}
            Component::Normal(name) => {
                place.push(name);
                if let Ok(leads) = fs::read_link(root.join(&place)) {
                    followed += 1;
                    if followed > MOST_LINKS {
                        return false;
                    }
                    place.pop();
                    ahead.push(leads);
                }
            }
            _ => return true,
        }
    }
    false
}

/// A later entry of the same name counts, as with `tar`.
fn make_way(entry: &Entry<'_>, target: &Path) -> Result<()> {
    match fs::symlink_metadata(target) {
        Err(_) => Ok(()),
        Ok(facts) if facts.is_dir() => Err(refused(entry, "has the name of a folder")),
        Ok(_) => fs::remove_file(target).map_err(|e| cannot_put(entry, e)),
    }
}

/// A name of the archive as a path below the folder.
fn safe(entry: &Entry<'_>, name: &Path) -> Result<PathBuf> {
    let mut below = PathBuf::new();
    for part in name.components() {
        match part {
            Component::Normal(part) => below.push(part),
            Component::CurDir => {}
            _ => return Err(refused(entry, "names a place outside of the folder")),
        }
    }
    Ok(below)
}

fn refused(entry: &Entry<'_>, why: &str) -> Error {
    let (archive, path) = (entry.archive.display(), entry.path.display());
    Error::refused(format!("`{archive}` is not unpacked: `{path}` {why}"))
}

fn cannot_put(entry: &Entry<'_>, e: io::Error) -> Error {
    Error::io(format!("cannot unpack `{}`", entry.path.display()), e)
}

#[cfg(test)]
#[path = "unpack_tests.rs"]
mod tests;
