//! File systems that tell nothing about changes made on their other side.

use std::path::Path;

/// Kinds of file systems without events: network, and what virtual machines and Windows share.
const KINDS: [&str; 9] = [
    "9p", "drvfs", "nfs", "nfs4", "cifs", "smb3", "virtiofs", "vboxsf", "fuse",
];

/// The kind of the file system a folder is on, when changes there may not be told.
pub fn without_events(folder: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = kind_of(&mounts, folder)?;
    let is_one = KINDS.contains(&kind) || kind.starts_with("fuse.");
    is_one.then(|| kind.to_owned())
}

/// The kind of the deepest mount that holds a folder; proc(5) has the fields.
fn kind_of<'m>(mounts: &'m str, folder: &Path) -> Option<&'m str> {
    let lines = mounts.lines().filter_map(|line| {
        let (first, last) = line.split_once(" - ")?;
        Some((first.split(' ').nth(4)?, last.split(' ').next()?))
    });
    let holding = lines.filter(|(at, _)| folder.starts_with(at.replace("\\040", " ")));
    // Of two mounts at one place, the later one hides the other.
    holding.max_by_key(|(at, _)| at.len()).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_decides() {
        let mounts = "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 21 0:33 / /mnt/c rw - 9p drvfs rw\n41 21 0:34 / /mnt/my\\040share rw - fuse.sshfs x rw\n";

        assert_eq!(kind_of(mounts, Path::new("/home/a")), Some("ext4"));
        assert_eq!(kind_of(mounts, Path::new("/mnt/c/project")), Some("9p"));
        assert_eq!(
            kind_of(mounts, Path::new("/mnt/my share/x")),
            Some("fuse.sshfs")
        );
    }
}
