//! Whether a file can only have been written by the user who runs it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Write permission of the group and of everybody else.
const OTHERS_WRITE: u32 = 0o022;

/// Why somebody else could have written this file or folder, and the command that mends it; none when nobody could.
pub fn doubt(path: &Path) -> Option<(String, String)> {
    let shown = path.display();
    let facts = path.metadata().ok()?;
    let own = rustix::process::geteuid().as_raw();
    // What root owns, root could change anyway.
    if facts.uid() != own && facts.uid() != 0 {
        let message = format!("`{shown}` belongs to another user");
        return Some((message, format!("chown {own} {shown}")));
    }
    if facts.mode() & OTHERS_WRITE != 0 {
        let message = format!("others may write to `{shown}`");
        return Some((message, format!("chmod go-w {shown}")));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_others_may_write_is_doubted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "").unwrap();
        for (mode, is_doubted) in [(0o600, false), (0o644, false), (0o664, true), (0o646, true)] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(doubt(&path).is_some(), is_doubted, "{mode:o}");
        }
        assert_eq!(doubt(&dir.path().join("gone")), None);
    }
}
