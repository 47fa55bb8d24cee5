//! An archive writes nothing beside its folder, nothing at all where it is refused, and no link that leads out.
#![no_main]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lexi::base::Cancel;
use lexi::ops::archive::{self, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, &[u8])| {
    let (is_compressed, bytes) = input;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("a/b");
    fs::create_dir_all(&root).unwrap();
    let name = if is_compressed { "x.tgz" } else { "x.tar" };
    fs::write(root.join(name), bytes).unwrap();

    let limits = Limits {
        bytes: 1 << 20,
        ..Limits::default()
    };
    let outcome = archive::unpack(&root.join(name), &root.join("out"), limits, &Cancel::root());

    let mut expected = BTreeSet::from([name.to_owned()]);
    if outcome.is_ok() {
        expected.insert("out".to_owned());
    }
    assert_eq!(names(dir.path()), BTreeSet::from(["a".to_owned()]));
    assert_eq!(
        names(&dir.path().join("a")),
        BTreeSet::from(["b".to_owned()])
    );
    assert_eq!(names(&root), expected);
    assert_no_link_leads_out(&root.join("out"), &root);
});

/// Where a link leads to nothing, the last part that is there counts.
fn assert_no_link_leads_out(folder: &Path, root: &Path) {
    let out = root.join("out");
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (kind, path) = (entry.file_type().unwrap(), entry.path());
        if kind.is_dir() {
            assert_no_link_leads_out(&path, root);
        }
        if let Ok(leads) = fs::read_link(&path) {
            let leads = folder.join(leads);
            let place = leads.ancestors().find_map(|part| part.canonicalize().ok());
            let inside = out.canonicalize().unwrap();
            assert!(place.unwrap().starts_with(inside), "{}", path.display());
        }
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
