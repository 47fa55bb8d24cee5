//! Compressed files and tar archives.

mod gzip;
mod pack;
mod unpack;

use std::path::Path;

pub use gzip::{Compressed, compress, decompress, verify};
pub use pack::{Packed, pack};
pub use unpack::{Limits, Listed, list, unpack};

/// Whether a tar archive is compressed, by its name.
fn is_compressed(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    [".gz", ".tgz"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whether_it_is_compressed() {
        for name in ["a.tar.gz", "a.tgz", "A.TAR.GZ"] {
            assert!(is_compressed(Path::new(name)), "{name}");
        }
        assert!(!is_compressed(Path::new("a.tar")));
    }
}
