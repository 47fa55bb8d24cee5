//! Archives that mean harm, are broken, or come from the real `tar`.

use std::io::Write;

use super::*;
use crate::ops::archive::pack;

struct Dir(tempfile::TempDir);

impl Dir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn unpack(&self, archive: &str) -> Result<u64> {
        let (from, to) = (self.path(archive), self.path("out"));
        unpack(&from, &to, Limits::default(), &Cancel::root())
    }

    /// An archive with one entry whose name and link are written as they are, whatever they are.
    fn evil(&self, kind: EntryType, name: &str, link: &str) -> Result<u64> {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_size(0);
        header.set_cksum();
        let mut builder = tar::Builder::new(Vec::new());
        builder.append(&header, io::empty()).unwrap();
        fs::write(self.path("evil.tar"), builder.into_inner().unwrap()).unwrap();
        self.unpack("evil.tar")
    }

    fn tree(&self) -> PathBuf {
        let from = self.path("from");
        fs::create_dir_all(from.join("sub/empty")).unwrap();
        fs::write(from.join("a"), vec![7; 100_000]).unwrap();
        fs::write(from.join("sub/run"), "#!").unwrap();
        fs::set_permissions(from.join("sub/run"), fs::Permissions::from_mode(0o750)).unwrap();
        symlink("../a", from.join("sub/link")).unwrap();
        let long = "long/".repeat(60);
        fs::create_dir_all(from.join(&long)).unwrap();
        fs::write(from.join(long).join("é"), "deep").unwrap();
        from
    }
}

fn sha(path: &Path) -> String {
    crate::ops::files::sha256(path, &Cancel::root()).unwrap()
}

#[test]
fn a_tree_comes_back_as_it_was() {
    for name in ["a.tar", "a.tar.gz"] {
        let dir = Dir::new();
        let from = dir.tree();

        let packed = pack(&from, &dir.path(name), 6, &Cancel::root()).unwrap();
        assert_eq!(dir.unpack(name).unwrap(), packed.entries);

        let out = dir.path("out");
        assert_eq!(sha(&out.join("a")), sha(&from.join("a")));
        assert!(out.join("sub/empty").is_dir());
        assert_eq!(
            fs::read_link(out.join("sub/link")).unwrap(),
            Path::new("../a")
        );
        let mode = out.join("sub/run").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o750);
        let long = out.join("long/".repeat(60)).join("é");
        assert_eq!(fs::read(long).unwrap(), b"deep");
    }
}

#[test]
fn the_real_tar_and_we_read_each_other() {
    let dir = Dir::new();
    let from = dir.tree();
    pack(&from, &dir.path("ours.tar.gz"), 1, &Cancel::root()).unwrap();
    let tar = |args: &[&str]| {
        let mut command = crate::ops::process::command("tar");
        let status = command.args(args).current_dir(dir.0.path()).status();
        assert!(status.unwrap().success());
    };
    fs::create_dir(dir.path("theirs")).unwrap();

    tar(&["-xzf", "ours.tar.gz", "-C", "theirs"]);
    tar(&["-czf", "theirs.tar.gz", "-C", "from", "."]);
    dir.unpack("theirs.tar.gz").unwrap();

    for root in ["theirs", "out"] {
        assert_eq!(sha(&dir.path(root).join("a")), sha(&from.join("a")));
    }
    let listed = list(&dir.path("ours.tar.gz"), &Cancel::root()).unwrap();
    assert_eq!(
        (listed[0].path.as_str(), listed[0].kind, listed[0].size),
        ("a", "file", 100_000)
    );
}

#[test]
fn what_leads_out_is_refused_and_leaves_nothing() {
    let cases = [
        (EntryType::Regular, "/abs", ""),
        (EntryType::Regular, "../up", ""),
        (EntryType::Regular, "a/../../up", ""),
        (EntryType::Directory, "/abs", ""),
        (EntryType::Symlink, "link", "/etc/passwd"),
        (EntryType::Symlink, "link", "../x"),
        (EntryType::Symlink, "a/link", "../../x"),
        (EntryType::Link, "hard", "/etc/passwd"),
        (EntryType::Link, "hard", "../x"),
        (EntryType::Char, "dev", ""),
        (EntryType::Block, "dev", ""),
        (EntryType::Fifo, "fifo", ""),
    ];
    for (kind, name, link) in cases {
        let dir = Dir::new();

        let error = dir.evil(kind, name, link).unwrap_err();

        assert_eq!(error.kind(), Kind::Refused, "{kind:?} {name} {link}");
        let left = fs::read_dir(dir.0.path()).unwrap().count();
        assert_eq!(left, 1, "{kind:?} {name} {link}");
    }
}

/// An archive of symbolic links, by name and where they lead.
fn links(dir: &Dir, links: &[(&str, &str)]) -> Result<u64> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, leads) in links {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        builder.append_link(&mut header, name, leads).unwrap();
    }
    fs::write(dir.path("links.tar"), builder.into_inner().unwrap()).unwrap();
    dir.unpack("links.tar")
}

#[test]
fn links_that_lead_out_by_way_of_each_other_are_refused() {
    let up = "../".repeat(12);
    let deep = format!("{}s", "d/".repeat(12));
    let out = format!("{deep}/{}etc/passwd", "../".repeat(8));
    let cases: [&[(&str, &str)]; 5] = [
        &[(&deep, &up), ("etc", &out)],
        // In this order the first link leads nowhere while it is written.
        &[("etc", &out), (&deep, &up)],
        // What it leads to is not there.
        &[("a/b/s", "../.."), ("x", "a/b/s/../none")],
        &[("a/b/s", "../.."), ("a/b/t", "s/c"), ("x", "a/b/t/../..")],
        // An earlier link changes its meaning when another one is replaced.
        &[("a/b/s", "c"), ("x", "a/b/s/../.."), ("a/b/s", "../..")],
    ];
    for case in cases {
        let dir = Dir::new();

        let error = links(&dir, case).unwrap_err();

        assert_eq!(error.kind(), Kind::Refused, "{case:?}");
        assert!(error.message().contains("leads out"), "{case:?}: {error}");
        assert!(!dir.path("out").exists(), "{case:?}");
    }
}

#[test]
fn links_that_stay_inside_are_kept() {
    let dir = Dir::new();
    let inside = [
        ("a/b/s", "../.."),
        ("root", "a/b/s"),
        ("up", "a/b/../../root/./a"),
        ("round", "round"),
        ("none", "a/none/../x"),
    ];

    assert_eq!(links(&dir, &inside).unwrap(), 5);

    for (name, leads) in inside {
        let read = fs::read_link(dir.path("out").join(name)).unwrap();
        assert_eq!(read, Path::new(leads));
    }
}

#[test]
fn nothing_is_written_through_a_link() {
    let dir = Dir::new();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(EntryType::Symlink);
    header.set_size(0);
    header.set_mode(0o777);
    builder.append_link(&mut header, "here", ".").unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o644);
    builder
        .append_data(&mut header, "here/file", &b"x"[..])
        .unwrap();
    fs::write(dir.path("evil.tar"), builder.into_inner().unwrap()).unwrap();

    assert_eq!(dir.unpack("evil.tar").unwrap_err().kind(), Kind::Refused);
}

#[test]
fn limits_hold() {
    let dir = Dir::new();
    pack(&dir.tree(), &dir.path("a.tar.gz"), 6, &Cancel::root()).unwrap();
    for limits in [
        Limits {
            bytes: 99_999,
            entries: 1000,
        },
        Limits {
            bytes: 1 << 30,
            entries: 2,
        },
    ] {
        let error = unpack(
            &dir.path("a.tar.gz"),
            &dir.path("out"),
            limits,
            &Cancel::root(),
        );

        assert_eq!(error.unwrap_err().kind(), Kind::Refused);
        assert!(!dir.path("out").exists());
    }
}

#[test]
fn a_cut_archive_is_noticed_wherever_it_is_cut() {
    for name in ["a.tar", "a.tar.gz"] {
        let dir = Dir::new();
        pack(&dir.tree(), &dir.path(name), 6, &Cancel::root()).unwrap();
        let whole = fs::read(dir.path(name)).unwrap();
        let cuts =
            (0..whole.len().saturating_sub(1025)).step_by(whole.len() / 40 / 512 * 512 + 512);
        for length in cuts.chain([whole.len() / 2 + 1]) {
            fs::write(dir.path(name), &whole[..length]).unwrap();

            let error = dir.unpack(name).unwrap_err();

            assert_eq!(
                error.kind(),
                Kind::Corrupt,
                "{name} cut at {length}: {error}"
            );
            assert!(list(&dir.path(name), &Cancel::root()).is_err());
        }
        let mut file = File::create(dir.path(name)).unwrap();
        file.write_all(&whole).unwrap();
        if name == "a.tar.gz" {
            file.write_all(b"extra").unwrap();
            assert_eq!(dir.unpack(name).unwrap_err().kind(), Kind::Corrupt);
        }
    }
}

#[test]
fn a_filled_folder_is_not_touched() {
    let dir = Dir::new();
    pack(&dir.tree(), &dir.path("a.tar"), 6, &Cancel::root()).unwrap();
    fs::create_dir(dir.path("out")).unwrap();
    fs::write(dir.path("out/mine"), "").unwrap();

    assert_eq!(dir.unpack("a.tar").unwrap_err().kind(), Kind::Conflict);
    assert!(dir.path("out/mine").exists());
}

#[test]
fn an_archive_inside_its_own_folder_does_not_hold_itself() {
    let dir = Dir::new();
    let from = dir.tree();

    let first = pack(&from, &from.join("own.tar"), 6, &Cancel::root()).unwrap();
    let second = pack(&from, &from.join("own.tar"), 6, &Cancel::root()).unwrap();

    assert_eq!(first, second);
}
