//! Reads whole files into memory, up to a limit.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::base::{Error, Result, units};
use crate::ops::measure;

/// The largest file that is read into memory: 64 MB. What is larger goes through a pipeline.
pub const READ_LIMIT: u64 = 64 * 1024 * 1024;

/// The bytes of a file of at most [`READ_LIMIT`].
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let fail = |e| Error::io(format!("cannot read `{}`", path.display()), e);
    let facts = path.metadata().map_err(fail)?;
    let kind = facts.file_type();
    if kind.is_dir() || kind.is_fifo() || kind.is_socket() {
        let what = if kind.is_dir() { "a folder" } else { "a pipe" };
        let message = format!("cannot read `{}`: it is {what}", path.display());
        return Err(Error::invalid(message));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(fail)?;
    // One byte more tells a file of the limit's size from a larger one, also where sizes are not known (`/proc`).
    let read = file
        .take(READ_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    if u64::try_from(read).is_ok_and(|read| read > READ_LIMIT) {
        let limit = units::bytes(READ_LIMIT);
        let message = format!("`{}` is larger than {limit}", path.display());
        return Err(Error::invalid(message).hint(
            "let it flow instead: `fs::stream(path)` with `.gunzip()`, `.sha256()`, `.write(path)`",
        ));
    }
    measure::bytes(bytes.len() as u64);
    Ok(bytes)
}

/// The text of a file; what is not UTF-8 is an error.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read_bytes(path)?).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let message = format!("`{}` is not text: byte {at} is not UTF-8", path.display());
        Error::invalid(message).hint("read it as bytes with `fs::read_bytes`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Kind;

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large");
        File::create(&path).unwrap().set_len(READ_LIMIT).unwrap();
        assert_eq!(read_bytes(&path).unwrap().len(), 64 << 20);

        File::create(&path)
            .unwrap()
            .set_len(READ_LIMIT + 1)
            .unwrap();
        assert_eq!(read_bytes(&path).unwrap_err().kind(), Kind::Invalid);
        assert!(read_bytes(Path::new("/dev/zero")).is_err());
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_their_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bin");
        std::fs::write(&path, b"ab\xff").unwrap();

        let error = read_text(&path).unwrap_err();

        assert!(error.message().ends_with("byte 2 is not UTF-8"));
        assert_eq!(read_text(dir.path()).unwrap_err().kind(), Kind::Invalid);
    }
}
