//! Who has a file open for writing: asked before a text that looks broken is believed, as it may be half written.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Whether another process that we may look at has this file open for writing.
pub fn is_open_for_writing(path: &Path) -> bool {
    let Ok(file) = fs::metadata(path) else {
        return false;
    };
    let wanted = (file.dev(), file.ino());
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut others = processes.filter(|entry| {
        let name = entry.file_name();
        let is_process = name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
        is_process && name.as_encoded_bytes() != own.as_bytes()
    });
    others.any(|process| has_open(&process.path(), wanted))
}

fn has_open(process: &Path, wanted: (u64, u64)) -> bool {
    let open = fs::read_dir(process.join("fd")).into_iter().flatten();
    open.flatten().any(|entry| {
        // Following the entry gives the open file itself, under whatever name it was opened.
        let is_it =
            fs::metadata(entry.path()).is_ok_and(|found| (found.dev(), found.ino()) == wanted);
        is_it && is_for_writing(&process.join("fdinfo").join(entry.file_name()))
    })
}

/// The flags that a file was opened with, in octal as proc(5) has them; the last two bits say what for.
fn is_for_writing(info: &Path) -> bool {
    let text = fs::read_to_string(info).unwrap_or_default();
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| flags & 0o3 != 0)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the test needs another process that holds a file"
    )]
    fn a_file_is_open_for_writing_until_its_writer_ends() {
        let dir = tempfile::tempdir().unwrap();
        let (written, read) = (dir.path().join("written"), dir.path().join("read"));
        fs::write(&read, "").unwrap();
        let mut writer = Command::new("cat")
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(fs::File::create(&written).unwrap())
            .spawn()
            .unwrap();
        let mut reader = Command::new("cat")
            .stdin(fs::File::open(&read).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();

        assert!(is_open_for_writing(&written));
        assert!(!is_open_for_writing(&read));
        drop(writer.stdin.take());
        writer.wait().unwrap();
        reader.wait().unwrap();
        assert!(!is_open_for_writing(&written));
    }
}
